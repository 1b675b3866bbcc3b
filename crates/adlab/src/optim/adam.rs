//! Adam: steps of a size of their own for each number.

use super::{step, trainable};
use crate::tensor::Tensor;

/// Adam (Kingma and Ba 2015): with running means of the gradient and of its square,
/// m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², x ← x − rate·m̂/(√v̂ + ε), where m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) in
/// step t. β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as in PyTorch.
///
/// ```
/// use adlab::{Adam, tensor};
///
/// let x = tensor([2.0, 1.0]).requires_grad();
/// let mut adam = Adam::new(&[&x], 0.1);
/// for _ in 0..500 {
///     adam.zero_grad();
///     (&x * &x).sum().backward();
///     adam.step();
/// }
/// assert!(x.norm().item() < 1e-3);
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    parameters: Vec<Tensor>,
    rate: f64,
    betas: (f64, f64),
    epsilon: f64,
    states: Vec<State>,
}

/// The running means for one tensor, and how many steps they are of.
#[derive(Clone, Debug, Default)]
struct State {
    steps: i32,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Adam {
    /// For these tensors, at this rate of learning; 0.001 is usual.
    ///
    /// # Panics
    /// If one of them is not a leaf that requires a gradient, or is named twice.
    #[track_caller]
    pub fn new(parameters: &[&Tensor], rate: f64) -> Adam {
        let parameters = trainable(parameters);
        let states = vec![State::default(); parameters.len()];
        Adam { parameters, rate, betas: (0.9, 0.999), epsilon: 1e-8, states }
    }

    /// With other decay rates β₁ and β₂ of the running means.
    #[must_use]
    pub fn betas(self, first: f64, second: f64) -> Adam {
        Adam { betas: (first, second), ..self }
    }

    /// Moves each tensor that has a gradient.
    pub fn step(&mut self) {
        let Adam { parameters, rate, betas: (beta1, beta2), epsilon, states } = self;
        step(parameters, |i, x, g| {
            let State { steps, mean, square } = &mut states[i];
            *steps += 1;
            mean.resize(g.len(), 0.0);
            square.resize(g.len(), 0.0);
            let (unbias1, unbias2) = (1.0 - beta1.powi(*steps), 1.0 - beta2.powi(*steps));
            x.iter_mut().zip(g).zip(mean.iter_mut().zip(square)).for_each(|((x, g), (m, v))| {
                *m = *beta1 * *m + (1.0 - *beta1) * g;
                *v = *beta2 * *v + (1.0 - *beta2) * g * g;
                *x -= *rate * (*m / unbias1) / ((*v / unbias2).sqrt() + *epsilon);
            });
        });
    }

    /// Forgets the gradients of all tensors: before each pass.
    pub fn zero_grad(&self) {
        self.parameters.iter().for_each(Tensor::zero_grad);
    }
}
