//! Gradient descent and its relatives: what to do with gradients, once they are there.
//!
//! Each holds the tensors that are trained, and `step()` moves them against their gradients. A tensor without a gradient
//! stays where it is. The update is not recorded, and the tensors remain leaves.

mod adam;
mod sgd;

pub use adam::Adam;
pub use sgd::Sgd;

use crate::tensor::Tensor;

/// The tensors' own numbers, changed by `update` where they have a gradient; `update` gets the tensor's position as well.
fn step(parameters: &[Tensor], mut update: impl FnMut(usize, &mut [f64], &[f64])) {
    for (i, parameter) in parameters.iter().enumerate() {
        if let Ok(gradient) = parameter.try_grad() {
            parameter.change_numbers(&gradient, |x, g| update(i, x, g));
        }
    }
}

/// Leaves that require a gradient, as anything else would never move, and each once, as it would be moved twice.
#[track_caller]
fn trainable(parameters: &[&Tensor]) -> Vec<Tensor> {
    for (i, parameter) in parameters.iter().enumerate() {
        assert!(
            parameter.is_leaf() && parameter.tracks_grad(),
            "parameter {i} of shape {:?} is no leaf that requires a gradient; make it with tensor(…).requires_grad()",
            parameter.shape()
        );
        if let Some(first) = parameters[..i].iter().position(|other| other.is_same(parameter)) {
            panic!(
                "parameter {i} of shape {:?} is the same tensor as parameter {first}, and would be moved twice in each step: \
                 name each tensor once",
                parameter.shape()
            );
        }
    }
    parameters.iter().map(|&parameter| parameter.clone()).collect()
}
