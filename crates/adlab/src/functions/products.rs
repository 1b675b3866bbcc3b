//! Derivatives along one direction: products of Jacobians and Hessians with vectors, without the matrices.

use super::confusion::Call;
use super::derivative::tangent;
use crate::forward::Dual;
use crate::reverse::{Tape, Var};

/// The Jacobian-vector product J·v of `f` at `x`: how the outputs change along `tangent` v. By forward mode: one run of
/// `f` on dual numbers that are seeded with v.
///
/// ```
/// use adlab::{Scalar, jvp};
///
/// let along = jvp(|x| vec![x[0] * x[1], x[0].sin()], &[0.0, 2.0], &[1.0, 0.5]);
/// assert_eq!(along, [2.0, 1.0]);
/// ```
///
/// # Panics
/// If `x` and `tangent` differ in length; and as [`derivative`](crate::derivative).
#[track_caller]
pub fn jvp<F: FnMut(&[Dual]) -> Vec<Dual>>(mut f: F, x: &[f64], tangent: &[f64]) -> Vec<f64> {
    forward(&mut f, size_of::<F>(), x, tangent)
}

/// The derivative of a function with one output along a direction: ∇f·v. By forward mode: one run of `f`. The direction
/// counts with its length; divide it by that for the slope per unit.
///
/// ```
/// use adlab::directional_derivative;
///
/// assert_eq!(directional_derivative(|x| x[0] * x[1], &[2.0, 3.0], &[0.6, 0.8]), 3.0 * 0.6 + 2.0 * 0.8);
/// ```
///
/// # Panics
/// As [`jvp`].
#[track_caller]
pub fn directional_derivative<F: FnMut(&[Dual]) -> Dual>(mut f: F, x: &[f64], direction: &[f64]) -> f64 {
    forward(&mut |x| vec![f(x)], size_of::<F>(), x, direction)[0]
}

#[track_caller]
fn forward(f: &mut dyn FnMut(&[Dual]) -> Vec<Dual>, size: usize, x: &[f64], v: &[f64]) -> Vec<f64> {
    same_length(x.len(), "inputs", v.len(), "tangent");
    let _call = Call::begin(size, &mut |step| {
        let constants: Vec<Dual> = x.iter().map(|&x| Dual::constant(x + step)).collect();
        f(&constants).iter().any(|y| tangent(y.derivative))
    });
    let inputs: Vec<Dual> = x.iter().zip(v).map(|(&x, &v)| Dual::new(x, v)).collect();
    f(&inputs).iter().map(|y| y.derivative).collect()
}

/// The vector-Jacobian product wᵀ·J of `f` at `x`: the gradient of the sum of the outputs, weighted with `cotangent` w. By
/// reverse mode: one run of `f` and one backward pass.
///
/// ```
/// use adlab::{Scalar, vjp};
///
/// let pulled = vjp(|x| vec![x[0] * x[1], x[0].sin()], &[0.0, 2.0], &[1.0, 0.5]);
/// assert_eq!(pulled, [2.5, 0.0]);
/// ```
///
/// # Panics
/// If there are more or fewer outputs than numbers in `cotangent`; and as [`gradient`](crate::gradient).
#[track_caller]
pub fn vjp(mut f: impl FnMut(&[Var]) -> Vec<Var>, x: &[f64], cotangent: &[f64]) -> Vec<f64> {
    reverse(&mut f, x, cotangent)
}

#[track_caller]
fn reverse(f: &mut dyn FnMut(&[Var]) -> Vec<Var>, x: &[f64], w: &[f64]) -> Vec<f64> {
    let tape = Tape::unseen();
    let inputs = tape.vars(x);
    let outputs = f(&inputs);
    same_length(outputs.len(), "outputs", w.len(), "cotangent");
    tape.backward(&outputs, w).by_first(x.len())
}

/// The Hessian-vector product H·v of `f` at `x`: how the gradient changes along `direction` v. By forward mode over
/// reverse mode: one run of `f` on a tape of dual numbers, and one backward pass. The Hessian itself is never made.
///
/// ```
/// use adlab::hvp;
///
/// // f = x²y, H = [[2y, 2x], [2x, 0]]
/// assert_eq!(hvp(|x| x[0] * x[0] * x[1], &[1.0, 2.0], &[1.0, 10.0]), [4.0 + 20.0, 2.0]);
/// ```
///
/// # Panics
/// If `x` and `direction` differ in length; and as [`gradient`](crate::gradient) and [`derivative`](crate::derivative).
#[track_caller]
pub fn hvp<F: FnMut(&[Var<Dual>]) -> Var<Dual>>(mut f: F, x: &[f64], direction: &[f64]) -> Vec<f64> {
    forward_over_reverse(&mut f, size_of::<F>(), x, direction)
}

#[track_caller]
pub(super) fn forward_over_reverse(
    f: &mut dyn FnMut(&[Var<Dual>]) -> Var<Dual>,
    size: usize,
    x: &[f64],
    v: &[f64],
) -> Vec<f64> {
    same_length(x.len(), "inputs", v.len(), "direction");
    let _call = Call::begin(size, &mut |step| {
        let constants: Vec<Dual> = x.iter().map(|&x| Dual::constant(x + step)).collect();
        gradient_of_duals(f, &constants).iter().any(|by_input| tangent(by_input.derivative))
    });
    let inputs: Vec<Dual> = x.iter().zip(v).map(|(&x, &v)| Dual::new(x, v)).collect();
    gradient_of_duals(f, &inputs).iter().map(|by_input| by_input.derivative).collect()
}

/// The gradient, which on dual numbers brings its own derivative along.
#[track_caller]
fn gradient_of_duals(f: &mut dyn FnMut(&[Var<Dual>]) -> Var<Dual>, x: &[Dual]) -> Vec<Dual> {
    let tape = Tape::<Dual>::over();
    let inputs = tape.vars(x);
    tape.backward(&[f(&inputs)], &[Dual::constant(1.0)]).by_first(x.len())
}

#[track_caller]
fn same_length(numbers: usize, what: &str, given: usize, name: &str) {
    assert!(
        numbers == given,
        "the function has {numbers} {what}, and the {name} {given} numbers: it needs one for each"
    );
}
