//! The tangent of a function that is plotted with its derivative.

use super::chart::{Chart, Layer, Pair};

impl Chart {
    /// Draws the tangent of a function that [`plot`](super::plot()) has drawn: the line y = f(x₀) + f′(x₀) (x − x₀), and the
    /// point in which it touches. The value and the slope are those of the plot, which are exact at its 401 places; between
    /// two of them, a curve of degree 3 is drawn through both. Where the function has a kink, the nearest place counts.
    ///
    /// ```
    /// use adlab_notebook::prelude::*;
    ///
    /// plot(|x| x * x, -3.0..3.0).tangent(1.0).show(); // y = 1 + 2 (x − 1)
    /// ```
    ///
    /// # Panics
    /// If the chart is not of one function and its derivative, if `x` lies outside of it, or if the function has no finite
    /// value and derivative there.
    #[must_use]
    #[track_caller]
    pub fn tangent(mut self, x: f64) -> Chart {
        let (Some(values), Some(slopes), Some((start, end))) = (self.line("f(x)"), self.line("f′(x)"), self.x) else {
            panic!(
                "a tangent needs the derivative: it belongs to the plot of one function, plot(f, -3.0..3.0).tangent(1.0)"
            )
        };
        assert!(start <= x && x <= end, "there is no tangent at x = {x:?}: the plot goes from {start:?} to {end:?}");
        let Some((at, slope)) = touch(values, slopes, x) else {
            panic!(
                "there is no tangent at x = {x:?}: the function or its derivative is infinite there, or not a number (NaN)"
            )
        };
        self.layers.push(Layer::Tangent { at, slope });
        self
    }

    fn line(&self, wanted: &str) -> Option<&[Pair]> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Line { name, points, .. } if name == wanted => Some(&points[..]),
            _ => None,
        })
    }
}

/// A place of the plot, with the function's value and slope.
type Sample = (f64, f64, f64);

/// Where a tangent touches, and its slope.
fn touch(values: &[Pair], slopes: &[Pair], x: f64) -> Option<(Pair, f64)> {
    let slope_at = |x: f64| slopes.iter().find(|slope| slope.0 == x && !slope.1.is_nan()).map(|slope| slope.1);
    let sample = |point: &Pair| Some((point.0, point.1, slope_at(point.0)?));
    let is_sound = |sample: &Sample| sample.1.is_finite() && sample.2.is_finite();
    // What breaks a line has the place of its neighbour.
    let drawn = || values.iter().filter(|point| !point.1.is_nan());
    let before = drawn().rev().find(|point| point.0 <= x).and_then(sample).filter(is_sound);
    let after = drawn().find(|point| point.0 >= x).and_then(sample).filter(is_sound);
    let ((x0, y0, m0), (x1, y1, m1)) = (before?, after?);
    // A neighbour that is not a number lies between these two.
    let is_gap = values.iter().any(|point| point.1.is_nan() && x0 < point.0 && point.0 < x1);
    let length = x1 - x0;
    if length == 0.0 {
        return Some(((x0, y0), m0));
    }
    let (secant, bend) = ((y1 - y0) / length, (m1 - m0).abs());
    let is_smooth = (secant - (m0 + m1) / 2.0).abs() <= 0.05 * bend + 1e-6 * (m0.abs() + m1.abs()) + f64::MIN_POSITIVE;
    if is_gap {
        return None;
    }
    if !is_smooth {
        return Some(if x - x0 <= x1 - x { ((x0, y0), m0) } else { ((x1, y1), m1) });
    }
    let t = (x - x0) / length;
    let (a, b) = (m0 * length - (y1 - y0), (y1 - y0) - m1 * length);
    let y = (1.0 - t) * y0 + t * y1 + t * (1.0 - t) * ((1.0 - t) * a + t * b);
    let slope = secant + ((1.0 - 2.0 * t) * ((1.0 - t) * a + t * b) + t * (1.0 - t) * (b - a)) / length;
    Some(((x, y), slope))
}

#[cfg(test)]
mod tests {
    use super::super::plot;
    use super::*;
    use adlab::{Dual, Scalar};

    fn tangent(f: impl Fn(Dual) -> Dual, x: f64) -> (Pair, f64) {
        match plot(f, -3.0..3.0).tangent(x).layers.last() {
            Some(Layer::Tangent { at, slope }) => (*at, *slope),
            _ => panic!("no tangent"),
        }
    }

    #[test]
    fn it_is_that_of_the_function() {
        for x in [-3.0, -1.7, -0.123456, 0.0, 0.5, 1.0, 2.9999, 3.0] {
            let ((at, y), slope) = tangent(|x| x * 4.2 + x.sin(), x);
            let exact = (x * 4.2 + x.sin(), 4.2 + x.cos());
            assert!(at == x && (y - exact.0).abs() < 1e-9 && (slope - exact.1).abs() < 1e-6, "{x}: {y} {slope}");
            assert_eq!(tangent(|x| x * 2.0 - 1.0, x).1, 2.0);
        }
        assert_eq!(tangent(|x| x * x, 1.5).1, 3.0);
    }

    #[test]
    fn a_kink_has_no_slope_between_two() {
        for x in [-0.007, -0.001, 0.0, 0.001, 0.0074] {
            let ((_, y), slope) = tangent(|x| x.relu(), x);
            assert!((slope == 0.0 || slope == 1.0) && y.abs() < 0.02, "{x}: {y} {slope}");
        }
    }

    #[test]
    fn where_there_is_none_it_says_so() {
        let refusal = |make: &dyn Fn() -> Chart| match std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)) {
            Ok(_) => panic!("a tangent"),
            Err(panic) => panic
                .downcast_ref::<String>()
                .cloned()
                .unwrap_or_else(|| panic.downcast_ref::<&str>().map_or(String::new(), |text| (*text).to_owned())),
        };
        let said = refusal(&|| plot(|x| x, -1.0..1.0).tangent(2.0));
        assert!(said.contains("the plot goes from -1.0 to 1.0"), "{said}");
        assert!(refusal(&|| plot(|x| x, -1.0..1.0).tangent(f64::NAN)).contains("at x = NaN"));
        let said = refusal(&|| plot(|x| x.ln(), -1.0..1.0).tangent(-0.5));
        assert!(said.contains("not a number"), "{said}");
        assert!(refusal(&|| plot(|x| x.recip(), -1.0..1.0).tangent(0.0)).contains("infinite"));
        let said = refusal(&|| crate::scatter(&[(0.0, 1.0)]).tangent(0.0));
        assert!(said.contains("needs the derivative"), "{said}");
    }
}
