//! The logarithm of a sum of exponentials, by forward steps that do not overflow; its gradient by tensors.

use adlab::Tensor;
use serde::Deserialize;

use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] =
    &[("primal", |input| timed(input, primal)), ("gradient", |input| timed(input, gradient))];

#[derive(Deserialize)]
struct Input {
    x: Vec<f64>,
}

fn primal(input: &Input) -> f64 {
    let greatest = input.x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    input.x.iter().map(|x| (x - greatest).exp()).sum::<f64>().ln() + greatest
}

fn gradient(input: &Input) -> Vec<f64> {
    let x = Tensor::from(&input.x[..]).requires_grad();
    let greatest = x.max();
    let value = (&x - &greatest).exp().sum().ln() + &greatest;
    value.gradients(&[&x])[0].to_vec()
}
