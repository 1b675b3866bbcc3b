//! Gradients, by reverse mode.

use crate::reverse::{Tape, Var};

/// The gradient of `f` at `x`, by reverse mode: one run of `f` and one backward pass, however many inputs there are.
///
/// ```
/// use adlab::{Scalar, gradient};
///
/// let g = gradient(|x| x[0] * x[1] + x[0].sin(), &[0.5, 4.2]);
/// assert_eq!(g, [5.077582561890373, 0.5]);
/// ```
///
/// # Panics
/// If the result is a variable of another tape than the one that `x` is on.
#[track_caller]
pub fn gradient(mut f: impl FnMut(&[Var]) -> Var, x: &[f64]) -> Vec<f64> {
    reverse(&mut f, x).1
}

/// The value of `f` at `x` and its gradient, by reverse mode: one run of `f` and one backward pass.
///
/// ```
/// use adlab::value_and_gradient;
///
/// assert_eq!(value_and_gradient(|x| x[0] * x[1], &[2.0, 3.0]), (6.0, vec![3.0, 2.0]));
/// ```
///
/// # Panics
/// As [`gradient`].
#[track_caller]
pub fn value_and_gradient(mut f: impl FnMut(&[Var]) -> Var, x: &[f64]) -> (f64, Vec<f64>) {
    reverse(&mut f, x)
}

#[track_caller]
fn reverse(f: &mut dyn FnMut(&[Var]) -> Var, x: &[f64]) -> (f64, Vec<f64>) {
    let tape = Tape::unseen();
    let inputs = tape.vars(x);
    let y = f(&inputs);
    let gradient = tape.backward(&[y], &[1.0]);
    (y.primal(), gradient.by_first(x.len()))
}
