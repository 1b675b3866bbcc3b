//! Half the squared distance of a polynomial from the sign, at n places between −1 and 1; its gradient by tensors.

use adlab::Tensor;
use serde::Deserialize;

use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] =
    &[("primal", |input| timed(input, primal)), ("gradient", |input| timed(input, gradient))];

#[derive(Deserialize)]
struct Input {
    /// The polynomial's coefficients.
    x: Vec<f64>,
    n: usize,
}

impl Input {
    fn places(&self) -> impl Iterator<Item = f64> {
        let n = self.n as f64;
        (0..self.n).map(move |i| -1.0 + i as f64 * 2.0 / (n - 1.0))
    }
}

/// Unlike [`f64::signum`], 0 at 0.
fn sign(t: f64) -> f64 {
    if t == 0.0 { 0.0 } else { t.signum() }
}

fn primal(input: &Input) -> f64 {
    let squares = input.places().map(|t| {
        let (mut rest, mut power) = (sign(t), 1.0);
        for x in &input.x {
            rest -= x * power;
            power *= t;
        }
        rest * rest
    });
    squares.sum::<f64>() / 2.0
}

fn gradient(input: &Input) -> Vec<f64> {
    let (n, m) = (input.n, input.x.len());
    let mut powers = Vec::with_capacity(n * m);
    for t in input.places() {
        let mut power = 1.0;
        for _ in 0..m {
            powers.push(power);
            power *= t;
        }
    }
    let (powers, signs) =
        (Tensor::from_vec(powers, &[n, m]), Tensor::from(input.places().map(sign).collect::<Vec<_>>()));
    let x = Tensor::from(&input.x[..]).requires_grad();
    let value = (signs - powers.matmul(&x)).square().sum() / 2.0;
    value.gradients(&[&x])[0].to_vec()
}
