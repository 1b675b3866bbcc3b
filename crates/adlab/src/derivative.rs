//! Derivatives of functions, in one call.

use crate::dual::Dual;
use crate::tape::Tape;
use crate::var::Var;

/// The derivative of `f` at `x`, by forward mode: one run of `f` on a dual number.
///
/// ```
/// use adlab::{Scalar, derivative};
///
/// assert_eq!(derivative(|x| x * x + x.sin(), 0.0), 1.0);
/// ```
pub fn derivative(f: impl FnOnce(Dual) -> Dual, x: f64) -> f64 {
    f(Dual::variable(x)).derivative
}

/// The gradient of `f` at `x`, by reverse mode: one run of `f` and one backward pass, however many inputs there are.
///
/// ```
/// use adlab::{Scalar, gradient};
///
/// let g = gradient(|x| x[0] * x[1] + x[0].sin(), &[0.5, 4.2]);
/// assert_eq!(g, [5.077582561890373, 0.5]);
/// ```
pub fn gradient(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> Vec<f64> {
    let tape = Tape::new();
    let inputs: Vec<Var> = x.iter().map(|&x| tape.var(x)).collect();
    let gradient = f(&inputs).backward();
    inputs.iter().map(|&input| gradient.wrt(input)).collect()
}
