//! Gradient descent, plain and with momentum.

use super::{step, trainable};
use crate::tensor::Tensor;

/// Gradient descent: x ← x − rate·g, or with momentum m: b ← m·b + g, x ← x − rate·b, as in PyTorch (Sutskever et al. 2013
/// with the rate outside).
///
/// ```
/// use adlab::{Sgd, tensor};
///
/// let x = tensor([2.0, 1.0]).requires_grad();
/// let mut descent = Sgd::new(&[&x], 0.1);
/// for _ in 0..100 {
///     descent.zero_grad();
///     (&x * &x).sum().backward();
///     descent.step();
/// }
/// assert!(x.norm().item() < 1e-9);
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    parameters: Vec<Tensor>,
    rate: f64,
    momentum: f64,
    /// b of each parameter, once there is a gradient.
    buffers: Vec<Vec<f64>>,
}

impl Sgd {
    /// For these tensors, at this rate of learning.
    ///
    /// # Panics
    /// If one of them is not a leaf that requires a gradient, or is named twice.
    #[track_caller]
    pub fn new(parameters: &[&Tensor], rate: f64) -> Sgd {
        let parameters = trainable(parameters);
        Sgd { rate, momentum: 0.0, buffers: vec![Vec::new(); parameters.len()], parameters }
    }

    /// With momentum: how much of the last step goes into the next, from 0 to below 1; 0.9 is usual.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Sgd {
        Sgd { momentum, ..self }
    }

    /// Moves each tensor that has a gradient.
    pub fn step(&mut self) {
        let Sgd { parameters, rate, momentum, buffers } = self;
        step(parameters, |i, x, g| {
            let buffer = &mut buffers[i];
            if *momentum == 0.0 {
                return x.iter_mut().zip(g).for_each(|(x, g)| *x -= *rate * *g);
            }
            if buffer.is_empty() {
                *buffer = g.to_vec();
            } else {
                buffer.iter_mut().zip(g).for_each(|(b, g)| *b = *momentum * *b + g);
            }
            x.iter_mut().zip(buffer).for_each(|(x, b)| *x -= *rate * *b);
        });
    }

    /// Forgets the gradients of all tensors: before each pass.
    pub fn zero_grad(&self) {
        self.parameters.iter().for_each(Tensor::zero_grad);
    }
}
