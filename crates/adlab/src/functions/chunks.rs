//! Gradients by forward mode, some inputs at a time.

use super::confusion::Call;
use super::derivative::tangent;
use crate::forward::DualVec;

/// The gradient of `f` at `x`, by forward mode: for n inputs ⌈n/N⌉ runs of `f`, each on numbers that carry the derivatives by
/// N of them (a chunk). No tape is recorded; reverse mode ([`gradient`](crate::gradient)) needs one run however many inputs
/// there are.
///
/// 8 to 16 are a good N: so many derivatives are kept in registers and the innermost cache. (Revels, Lubin and Papamarkou,
/// Forward-mode automatic differentiation in Julia, 2016.)
///
/// ```
/// use adlab::{Scalar, forward_gradient};
///
/// let g = forward_gradient::<8>(|x| x[0] * x[1] + x[0].sin(), &[0.5, 4.2]);
/// assert_eq!(g, [5.077582561890373, 0.5]);
/// ```
///
/// # Panics
/// As [`derivative`](crate::derivative).
#[track_caller]
pub fn forward_gradient<const N: usize>(mut f: impl FnMut(&[DualVec<N>]) -> DualVec<N>, x: &[f64]) -> Vec<f64> {
    let size = size_of_val(&f);
    in_chunks(&mut f, size, x)
}

#[track_caller]
fn in_chunks<const N: usize>(f: &mut dyn FnMut(&[DualVec<N>]) -> DualVec<N>, size: usize, x: &[f64]) -> Vec<f64> {
    const { assert!(N > 0, "a chunk has one input at least") };
    let _call = Call::begin(size, &mut |step| {
        let constants: Vec<DualVec<N>> = x.iter().map(|&x| DualVec::constant(x + step)).collect();
        f(&constants).derivatives.into_iter().any(tangent)
    });
    let mut inputs: Vec<DualVec<N>> = x.iter().map(|&x| DualVec::constant(x)).collect();
    let mut gradient = Vec::with_capacity(x.len());
    for first in (0..x.len()).step_by(N) {
        let chunk = first..x.len().min(first + N);
        let seed = |inputs: &mut [DualVec<N>], seed| {
            inputs[chunk.clone()].iter_mut().enumerate().for_each(|(lane, input)| input.derivatives[lane] = seed);
        };
        seed(&mut inputs, 1.0);
        gradient.extend_from_slice(&f(&inputs).derivatives[..chunk.len()]);
        seed(&mut inputs, 0.0);
    }
    gradient
}
