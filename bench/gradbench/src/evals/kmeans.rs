//! The squared distances of points from the nearest of some centroids, and the step of Newton's method by these. Each
//! coordinate stands in terms of its own, so that the matrix of second derivatives is diagonal: one direction gives it all.

use adlab::{Dual, Scalar, Tape, Var};
use serde::Deserialize;

use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] = &[("cost", |input| timed(input, cost)), ("dir", |input| timed(input, step))];

#[derive(Deserialize)]
struct Input {
    points: Vec<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
}

fn squared_distance<T: Scalar>(centroid: &[T], point: &[f64]) -> T {
    let square = |(&x, &p): (&T, &f64)| {
        let rest = x - p;
        rest * rest
    };
    centroid.iter().zip(point).map(square).sum()
}

/// Which centroid is nearest to a point, and the square of how near.
fn nearest(input: &Input, point: &[f64]) -> (usize, f64) {
    let distances = input.centroids.iter().map(|centroid| squared_distance(centroid, point)).enumerate();
    distances.reduce(|best, next| if next.1 < best.1 { next } else { best }).expect("a centroid")
}

fn cost(input: &Input) -> f64 {
    input.points.iter().map(|point| nearest(input, point).1).sum()
}

/// Gradient over second derivatives. A point adds to those of its nearest centroid alone.
fn step(input: &Input) -> Vec<Vec<f64>> {
    let mut by: Vec<Vec<Dual>> =
        input.centroids.iter().map(|centroid| vec![Dual::constant(0.0); centroid.len()]).collect();
    let tape = Tape::<Dual>::over();
    let mut x: Vec<Var<Dual>> = Vec::new();
    for point in &input.points {
        let (index, _) = nearest(input, point);
        tape.clear();
        x.clear();
        x.extend(input.centroids[index].iter().map(|&x| tape.var(Dual::variable(x))));
        let gradient = squared_distance(&x, point).backward();
        for (sum, &x) in by[index].iter_mut().zip(&x) {
            *sum += gradient.wrt(x);
        }
    }
    by.iter().map(|by| by.iter().map(|by| by.value / by.derivative).collect()).collect()
}
