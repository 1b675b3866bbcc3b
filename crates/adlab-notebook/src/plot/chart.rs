//! What is in a chart, and how it is adjusted.

use super::range::checked;

/// A plot that is shown when it is a cell's last expression, or at once by [`show`](Chart::show). Until then it can be
/// adjusted, one method after the other:
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let chart = plot(|x| x * x.sin(), -3.0..3.0).title("A wave that grows").labels("x", "y");
/// chart.show();
/// ```
#[derive(Clone)]
pub struct Chart {
    /// What it is, for its description: "Plot".
    pub(super) kind: &'static str,
    pub(super) title: Option<String>,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) log_y: bool,
    /// Ranges that are given, not found from the data.
    pub(super) x: Option<(f64, f64)>,
    pub(super) y: Option<(f64, f64)>,
    pub(super) layers: Vec<Layer>,
    /// The gradient at some places, in case that arrows are asked for.
    pub(super) gradient: Vec<Slope>,
}

/// A place or a direction.
pub(super) type Pair = (f64, f64);

/// What is drawn on top of each other.
#[derive(Clone)]
pub(super) enum Layer {
    /// A line, broken where a value is NaN.
    Line { name: String, width: f64, points: Vec<Pair> },
    /// Single points of one class.
    Points { name: String, points: Vec<Pair> },
    /// The isolines of a function, from low to high, and the function's lowest and highest point on the grid.
    Isolines { levels: Vec<Level>, lowest: (Pair, f64), highest: (Pair, f64) },
    /// Where a gradient points.
    Arrows(Vec<Slope>),
    /// Steps from one place to the next.
    Path(Vec<Pair>),
    /// A line that touches another.
    Tangent { at: Pair, slope: f64 },
}

/// All lines on which a function has one value.
#[derive(Clone)]
pub(super) struct Level {
    pub(super) value: f64,
    pub(super) lines: Vec<Vec<Pair>>,
}

/// How wide a line is, unless there is a reason.
pub(super) const WIDTH: f64 = 2.0;

/// A gradient at a place.
#[derive(Clone, Copy)]
pub(super) struct Slope {
    pub(super) at: Pair,
    pub(super) gradient: Pair,
}

impl Chart {
    pub(super) fn new(kind: &'static str, x_label: &str, y_label: &str) -> Chart {
        Chart {
            kind,
            title: None,
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            log_y: false,
            x: None,
            y: None,
            layers: Vec::new(),
            gradient: Vec::new(),
        }
    }

    /// Puts a title above the chart; an empty one is none.
    #[must_use]
    pub fn title(mut self, title: &str) -> Chart {
        self.title = (!title.trim().is_empty()).then(|| title.to_owned());
        self
    }

    /// Names the two axes.
    #[must_use]
    pub fn labels(mut self, x: &str, y: &str) -> Chart {
        self.x_label = x.to_owned();
        self.y_label = y.to_owned();
        self
    }

    /// Makes the vertical axis logarithmic: what falls by the same factor at each step, falls in a straight line. Values
    /// that are not positive have no place there, and are left out.
    ///
    /// ```
    /// use adlab_notebook::prelude::*;
    ///
    /// let losses: Vec<f64> = (0..100).map(|step| 105.0 * 0.64f64.powi(step)).collect();
    /// curves(&[("loss", &losses)]).labels("step", "loss").log_y().show();
    /// ```
    ///
    /// # Panics
    /// If no value is positive, or if the chart is a contour plot, whose vertical axis is a variable.
    #[must_use]
    #[track_caller]
    pub fn log_y(mut self) -> Chart {
        assert!(
            !self.is_contour(),
            "a contour plot has no logarithmic axis: plot the logarithm of the function, f.ln()"
        );
        let positive = self.points().any(|p| p.1 > 0.0 && p.1.is_finite());
        assert!(positive, "a logarithmic axis shows positive numbers only, and there is none: leave out .log_y()");
        self.log_y = true;
        self.y = None;
        self
    }

    /// Shows the vertical axis from `low` to `high` only.
    ///
    /// # Panics
    /// If `low` is not less than `high`, or not positive on a logarithmic axis.
    #[must_use]
    #[track_caller]
    pub fn y_range(mut self, range: std::ops::Range<f64>) -> Chart {
        let (low, high) = checked(&range, "y");
        assert!(
            !self.log_y || low > 0.0,
            "a logarithmic axis shows positive numbers only: let the range begin above 0"
        );
        self.y = Some((low, high));
        self
    }

    /// Draws the gradient of a [`contour`](super::contour()) plot as arrows. They point to where the function rises fastest, across the
    /// contours, and are longer where it is steeper.
    ///
    /// # Panics
    /// If the chart is no contour plot.
    #[must_use]
    #[track_caller]
    pub fn arrows(mut self) -> Chart {
        assert!(
            self.is_contour(),
            "arrows show a gradient: they belong to a contour plot, contour(|x, y| …, …, …).arrows()"
        );
        self.layers.push(Layer::Arrows(std::mem::take(&mut self.gradient)));
        self
    }

    /// Draws a path from place to place, such as the steps of gradient descent; a ring marks its start and a disc its end.
    #[must_use]
    pub fn path(mut self, points: &[(f64, f64)]) -> Chart {
        self.layers.push(Layer::Path(points.to_vec()));
        self
    }

    fn is_contour(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Isolines { .. }))
    }

    /// All points of lines, classes and paths.
    pub(super) fn points(&self) -> impl Iterator<Item = Pair> + '_ {
        let layers = self.layers.iter().flat_map(|layer| match layer {
            Layer::Line { points, .. } | Layer::Points { points, .. } | Layer::Path(points) => &points[..],
            Layer::Isolines { .. } | Layer::Arrows(_) | Layer::Tangent { .. } => &[],
        });
        layers.copied()
    }
}
