//! The posterior of a mixture of Gaussians with a Wishart prior, as a logarithm; its gradient by tensors.

use std::f64::consts::{LN_2, PI};

use adlab::{Tensor, no_grad};
use serde::{Deserialize, Serialize};

use crate::timed::{Function, timed_and_shown};

pub const FUNCTIONS: &[(&str, Function)] = &[
    ("objective", |input| {
        timed_and_shown(input, |input| no_grad(|| value(input, &parameters(input))).item(), |_, y| y)
    }),
    ("jacobian", |input| timed_and_shown(input, gradient, shown)),
];

#[derive(Deserialize)]
struct Input {
    /// Dimensions.
    d: usize,
    /// Components.
    k: usize,
    /// Points.
    n: usize,
    x: Vec<Vec<f64>>,
    m: i32,
    gamma: f64,
    /// Of each component: weight, mean, and the triangular factor of its precision, whose diagonal is exp q and whose
    /// columns below are l.
    alpha: Vec<f64>,
    mu: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
}

/// alpha, mu, q and l.
type Parameters = [Tensor; 4];

fn parameters(input: &Input) -> Parameters {
    let rows = |rows: &[Vec<f64>], length: usize| Tensor::from_vec(rows.concat(), &[input.k, length]).requires_grad();
    let d = input.d;
    let alpha = Tensor::from(&input.alpha[..]).requires_grad();
    [alpha, rows(&input.mu, d), rows(&input.q, d), rows(&input.l, d * (d - 1) / 2)]
}

fn value(input: &Input, [alpha, mu, q, l]: &Parameters) -> Tensor {
    let (d, n) = (input.d, input.n as f64);
    let x = Tensor::from_vec(input.x.concat(), &[input.n, d]);
    let (diagonals, sums, zero) = (q.exp(), q.sum_axis(1), Tensor::zeros(&[1]));
    let places = places(d);
    let term = |k: usize| {
        let numbers = Tensor::concat(&[&diagonals.at(k), &l.at(k), &zero], 0);
        let factor = numbers.index_select(0, &places).reshape(&[d, d]);
        let squares = (&x - mu.at(k)).matmul(&factor).square().sum_axis(1);
        squares * -0.5 + (alpha.at(k) + sums.at(k))
    };
    let terms: Vec<Tensor> = (0..input.k).map(term).collect();
    let terms = Tensor::stack(&terms.iter().collect::<Vec<_>>(), 0);
    let likelihood = terms.logsumexp_axis(0).sum() - alpha.logsumexp() * n - 0.5 * n * d as f64 * (2.0 * PI).ln();
    likelihood + log_prior(input, &diagonals, &sums, l)
}

/// Where the transposed factor of a component has its numbers from: the diagonal, what is below it, and a 0.
fn places(d: usize) -> Vec<usize> {
    let zero = d + d * (d - 1) / 2;
    let mut places = vec![zero; d * d];
    let mut below = d..;
    for column in 0..d {
        places[column * d + column] = column;
        for (row, place) in (column + 1..d).zip(&mut below) {
            places[column * d + row] = place;
        }
    }
    places
}

fn log_prior(input: &Input, diagonals: &Tensor, sums: &Tensor, l: &Tensor) -> Tensor {
    let (d, freedom) = (input.d as f64, f64::from(input.m) + input.d as f64 + 1.0);
    let constant = freedom * d * (input.gamma.ln() - 0.5 * LN_2) - log_gamma(0.5 * freedom, input.d);
    let squares = diagonals.square().sum() + l.square().sum();
    sums.sum() * f64::from(input.m) - squares * (0.5 * input.gamma * input.gamma) + constant * input.k as f64
}

/// The logarithm of the gamma function of so many dimensions.
fn log_gamma(x: f64, dimensions: usize) -> f64 {
    let d = dimensions as f64;
    let sum: f64 = (0..dimensions).map(|i| libm::lgamma(x - 0.5 * i as f64)).sum();
    0.25 * d * (d - 1.0) * PI.ln() + sum
}

fn gradient(input: &Input) -> Vec<Vec<f64>> {
    let parameters = parameters(input);
    let gradients = value(input, &parameters).gradients(&parameters.each_ref());
    gradients.iter().map(Tensor::to_vec).collect()
}

#[derive(Serialize)]
struct Shown {
    alpha: Vec<f64>,
    mu: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
}

fn shown(input: &Input, mut gradients: Vec<Vec<f64>>) -> Shown {
    let mut rows = |which: usize| {
        let numbers = std::mem::take(&mut gradients[which]);
        let length = numbers.len() / input.k;
        (0..input.k).map(|k| numbers[k * length..][..length].to_vec()).collect()
    };
    Shown { mu: rows(1), q: rows(2), l: rows(3), alpha: gradients.swap_remove(0) }
}
