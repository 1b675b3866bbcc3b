//! Plots of functions with their derivatives.

use std::ops::Range;

use adlab::{Dual, value_and_derivative};

use super::chart::{Chart, Layer, Pair, WIDTH};
use super::range::checked;

/// Steps from one end of the range to the other: one for every pixel and a half. Even, so that the middle is met.
const STEPS: usize = 400;

/// Plots a function and its derivative, which forward-mode differentiation gives.
///
/// The function takes a dual number: at each place x it is called with x + 1ε, and the result's value and derivative are
/// drawn. Where either is infinite or not a number, its line is broken; where a function runs off to infinity, the picture is cut.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// plot(|x| x * x.sin(), -3.0..3.0).title("x sin x").show();
/// ```
///
/// # Panics
/// If the range is empty, reversed or not finite, or if the function has no finite value in it.
#[track_caller]
pub fn plot<F: Fn(Dual) -> Dual>(f: F, x: Range<f64>) -> Chart {
    plot_with_derivative(&f, x)
}

/// Not generic, so that it is compiled here and not in each cell.
#[inline(never)]
#[track_caller]
fn plot_with_derivative(f: &dyn Fn(Dual) -> Dual, x: Range<f64>) -> Chart {
    let (start, end) = checked(&x, "x");
    let samples: Vec<(f64, (f64, f64))> = places(start, end).map(|x| (x, value_and_derivative(f, x))).collect();
    let values = samples.iter().map(|&(x, (value, _))| (x, value)).collect();
    // A rule may give a number where there is no function: ln has the derivative 1/x, but not for negative x.
    let slope = |(value, derivative): (f64, f64)| if value.is_finite() { derivative } else { f64::NAN };
    let derivatives = samples.iter().map(|&(x, y)| (x, slope(y))).collect();
    // The function wider, so that it can be seen even where its derivative lies upon it, as with exp.
    chart(start, end, vec![("f(x)".to_owned(), 3.2, values), ("f′(x)".to_owned(), 1.6, derivatives)])
}

/// Plots several functions together, without their derivatives.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// plot_functions(&[("sin x", &|x| x.sin()), ("tanh x", &|x| x.tanh())], -3.0..3.0).show();
/// ```
///
/// # Panics
/// As [`plot`].
#[inline(never)]
#[track_caller]
pub fn plot_functions(functions: &[(&str, &dyn Fn(Dual) -> Dual)], x: Range<f64>) -> Chart {
    let (start, end) = checked(&x, "x");
    let line = |f: &dyn Fn(Dual) -> Dual| places(start, end).map(|x| (x, f(Dual::constant(x)).value)).collect();
    chart(start, end, functions.iter().map(|(name, f)| ((*name).to_owned(), WIDTH, line(*f))).collect())
}

fn places(start: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..=STEPS).map(move |i| {
        let t = i as f64 / STEPS as f64;
        start * (1.0 - t) + end * t
    })
}

#[track_caller]
fn chart(start: f64, end: f64, lines: Vec<(String, f64, Vec<Pair>)>) -> Chart {
    let mut chart = Chart::new("Plot", "x", "");
    chart.x = Some((start, end));
    let finite = || lines.iter().flat_map(|(_, _, points)| points).map(|p| p.1).filter(|y| y.is_finite());
    assert!(
        finite().next().is_some(),
        "there is nothing to plot: the function is infinite or not a number (NaN) everywhere from {start:?} to {end:?}"
    );
    chart.y = reasonable_range(finite().collect());
    for (name, width, mut points) in lines {
        if let Some(range) = chart.y {
            break_at_poles(&mut points, range);
        }
        chart.layers.push(Layer::Line { name, width, points });
    }
    chart
}

/// Where a few values lie far away from all others (1/x near 0), a range that shows the others; `None` where all can be shown.
fn reasonable_range(mut values: Vec<f64>) -> Option<Pair> {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let (low, high) = (at(0.05), at(0.95));
    let middle = high - low;
    let (lowest, highest) = (at(0.0), at(1.0));
    let fits = |ends: f64| ends <= 8.0 * middle || middle == 0.0;
    if fits(highest - lowest) {
        return None;
    }
    Some(((low - 0.5 * middle).max(lowest), (high + 0.5 * middle).min(highest)))
}

/// A line that leaves at the top and comes back from the bottom has not been in between.
fn break_at_poles(points: &mut Vec<Pair>, (low, high): Pair) {
    let mut i = 1;
    while i < points.len() {
        let (a, b) = (points[i - 1], points[i]);
        if a.1 > high && b.1 < low || a.1 < low && b.1 > high {
            points.insert(i, (a.0, f64::NAN));
            i += 1;
        }
        i += 1;
    }
}
