//! Contour plots of functions of two variables.

use std::ops::Range;

use adlab::{Dual, derivative, value_and_derivative};

use super::chart::{Chart, Layer, Level, Pair, Slope};
use super::isolines::{Grid, isolines};
use super::range::checked;

/// Cells of the grid on which the function is computed.
const COLUMNS: usize = 180;
const ROWS: usize = 120;
/// How many contours to draw.
const LEVELS: usize = 10;
/// Arrows of the gradient, across and down.
const ARROWS: (usize, usize) = (13, 9);

/// Draws a function of two variables as a map: each line joins the points where it has one value, from dark (low) to light
/// (high). The levels are chosen so that the lines lie evenly, round numbers all.
///
/// [`arrows`](Chart::arrows) adds the gradient, found by forward-mode differentiation, and [`path`](Chart::path) the steps of a descent.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let mut at = (-1.5, 1.0);
/// let mut steps = vec![at];
/// for _ in 0..10 {
///     at = (at.0 - 0.1 * 2.0 * at.0, at.1 - 0.1 * 8.0 * at.1);
///     steps.push(at);
/// }
/// contour(|x, y| x * x + 4.0 * y * y, -2.0..2.0, -1.5..1.5).arrows().path(&steps).show();
/// ```
///
/// # Panics
/// If a range is empty, reversed or not finite, or if the function has no finite value in them.
#[track_caller]
pub fn contour<F: Fn(Dual, Dual) -> Dual>(f: F, x: Range<f64>, y: Range<f64>) -> Chart {
    contour_of(&f, x, y)
}

#[inline(never)]
#[track_caller]
fn contour_of(f: &dyn Fn(Dual, Dual) -> Dual, x: Range<f64>, y: Range<f64>) -> Chart {
    let (x, y) = (checked(&x, "x"), checked(&y, "y"));
    let grid = Grid::new(x, y, COLUMNS, ROWS, &|x, y| f(Dual::constant(x), Dual::constant(y)).value);
    let (Some(lowest), Some(highest)) = (grid.lowest(), grid.highest()) else {
        panic!("there is nothing to draw: the function is infinite or not a number (NaN) everywhere in {x:?} × {y:?}");
    };
    let levels = levels(grid.values()).into_iter().map(|value| Level { value, lines: isolines(&grid, value) });
    Chart {
        x: Some(x),
        y: Some(y),
        layers: vec![Layer::Isolines { levels: levels.collect(), lowest, highest }],
        gradient: gradient_on(f, x, y),
        ..Chart::new("Contour plot", "x", "y")
    }
}

/// Values between which there is equally much area, as round numbers. For a bowl they are evenly spaced; a narrow valley
/// between high walls gets most of them.
fn levels(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let quantiles: Vec<f64> = (0..LEVELS).map(|i| at((i as f64 + 0.5) / LEVELS as f64)).collect();
    let mut levels = Vec::new();
    for (i, &q) in quantiles.iter().enumerate() {
        // Rounded as finely as the distance to the next level needs.
        let half = |i: usize| quantiles[i] / 2.0;
        let gap = if i + 1 < LEVELS { half(i + 1) - half(i) } else { half(i) - half(i - 1) };
        let power = 10f64.powf(gap.log10().floor());
        let step = [5.0, 2.0, 1.0].into_iter().find(|f| f * power <= gap).unwrap_or(1.0) * power;
        let level = if step.is_finite() && step > 0.0 { (q / step).round() * step } else { q };
        if level > sorted[0] && level < sorted[sorted.len() - 1] && !levels.contains(&level) {
            levels.push(level);
        }
    }
    levels.sort_by(f64::total_cmp);
    levels
}

/// The gradient at the centres of a coarse grid: one pass for each variable.
fn gradient_on(f: &dyn Fn(Dual, Dual) -> Dual, x: Pair, y: Pair) -> Vec<Slope> {
    let place = |range: Pair, i: usize, n: usize| {
        let t = (i as f64 + 0.5) / n as f64;
        range.0 * (1.0 - t) + range.1 * t
    };
    let (across, down) = ARROWS;
    let places = (0..down).flat_map(|j| (0..across).map(move |i| (i, j)));
    places
        .filter_map(|(i, j)| {
            let (x, y) = (place(x, i, across), place(y, j, down));
            let (value, by_x) = value_and_derivative(|x| f(x, Dual::constant(y)), x);
            let by_y = derivative(|y| f(Dual::constant(x), y), y);
            let finite = [value, by_x, by_y].iter().all(|v| v.is_finite());
            finite.then_some(Slope { at: (x, y), gradient: (by_x, by_y) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_round_rising_and_inside() {
        let bowl: Vec<f64> = (0..100).flat_map(|i| (0..100).map(move |j| f64::from(i * i + j * j) / 1e3)).collect();
        let levels = levels(&bowl);
        assert!(levels.len() >= 8 && levels.is_sorted(), "{levels:?}");
        assert!(levels.iter().all(|l| format!("{l}").len() <= 5), "{levels:?}");
    }

    #[test]
    fn a_flat_function_has_no_levels() {
        assert!(levels(&[2.0; 50]).is_empty());
    }
}
