//! Plots of numbers that are there already.

use adlab::Tensor;

use super::chart::{Chart, Layer, Pair, WIDTH};

/// Draws lines of data over their index, 0, 1, 2 and so on, such as a loss over the steps of a training.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let training = [2.1, 1.2, 0.7, 0.5];
/// let validation = [2.2, 1.4, 1.0, 0.9];
/// curves(&[("training", &training), ("validation", &validation)]).labels("epoch", "loss").show();
/// ```
///
/// # Panics
/// If no value is finite.
#[track_caller]
pub fn curves<Y: AsRef<[f64]>>(lines: &[(&str, Y)]) -> Chart {
    let lines: Vec<(&str, &[f64])> = lines.iter().map(|(name, y)| (*name, y.as_ref())).collect();
    indexed(&lines)
}

#[inline(never)]
#[track_caller]
fn indexed(lines: &[(&str, &[f64])]) -> Chart {
    let line = |&(name, y): &(&str, &[f64])| {
        let points = y.iter().enumerate().map(|(i, &y)| (i as f64, y)).collect();
        Layer::Line { name: name.to_owned(), width: WIDTH, points }
    };
    chart("Line chart", lines.iter().map(line).collect())
}

/// Draws a line through the points (x, y). Of very many that can't be told apart, some are left out, and the picture says
/// so.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let x = [0.0, 0.5, 1.0, 2.0];
/// curve(&x, &x.map(|x| x * x)).labels("x", "x²").show();
/// ```
///
/// # Panics
/// If there are not as many x as y, or if no point is finite.
#[track_caller]
pub fn curve(x: &[f64], y: &[f64]) -> Chart {
    assert!(x.len() == y.len(), "a curve needs as many x as y: here are {} x and {} y", x.len(), y.len());
    let points = x.iter().copied().zip(y.iter().copied()).collect();
    chart("Line chart", vec![Layer::Line { name: String::new(), width: WIDTH, points }])
}

/// Draws points. Of many thousands, those that others cover are left out, and the picture says so.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// scatter(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.5)]).labels("time", "height").show();
/// ```
///
/// # Panics
/// If no point is finite.
#[track_caller]
pub fn scatter(points: &[(f64, f64)]) -> Chart {
    chart("Scatter plot", vec![Layer::Points { name: String::new(), points: points.to_vec() }])
}

/// Draws points of several classes, each in a colour and shape of its own. The class of `points[i]` is `names[classes[i]]`.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let iris = iris();
/// let petals = columns(&iris.features, 2, 3);
/// scatter_classes(&petals, &iris.species, &iris.names).labels("petal length", "petal width").show();
/// ```
///
/// # Panics
/// If there are not as many classes as points, if a class has no name, or if no point is finite.
#[track_caller]
pub fn scatter_classes(points: &[(f64, f64)], classes: &[usize], names: &[&str]) -> Chart {
    let (n, m) = (points.len(), classes.len());
    assert!(n == m, "each point needs a class: here are {n} points and {m} classes");
    if let Some(class) = classes.iter().find(|&&class| class >= names.len()) {
        panic!("class {class} has no name: there are {} names, for classes from 0", names.len());
    }
    let layer = |(class, name): (usize, &&str)| {
        let members = points.iter().zip(classes).filter(|(_, c)| **c == class).map(|(point, _)| *point).collect();
        Layer::Points { name: (*name).to_owned(), points: members }
    };
    chart("Scatter plot", names.iter().enumerate().map(layer).collect())
}

/// Two columns of a matrix as points to draw.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// assert_eq!(columns(&tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 0, 2), [(1.0, 3.0), (4.0, 6.0)]);
/// ```
///
/// # Panics
/// If the tensor is no matrix or has no such columns.
#[track_caller]
pub fn columns(matrix: &Tensor, x: usize, y: usize) -> Vec<(f64, f64)> {
    let [_, count] = matrix.shape()[..] else {
        panic!("columns are taken from a matrix, a tensor of two axes: the shape of this one is {:?}", matrix.shape());
    };
    assert!(x < count && y < count, "there is no column {}: the matrix has {count}, counted from 0", x.max(y));
    matrix.to_vec().chunks(count).map(|row| (row[x], row[y])).collect()
}

#[track_caller]
fn chart(kind: &'static str, layers: Vec<Layer>) -> Chart {
    let finite = |&(x, y): &Pair| x.is_finite() && y.is_finite();
    let something = layers.iter().any(|layer| match layer {
        Layer::Line { points, .. } | Layer::Points { points, .. } => points.iter().any(finite),
        _ => true,
    });
    assert!(something, "there is nothing to plot: no data, or every value is infinite or not a number (NaN)");
    Chart { layers, ..Chart::new(kind, "", "") }
}
