//! Forward and reverse mode by the same name, of functions that may be part of an outer differentiation.

use std::array::from_fn;

use adlab::{DualVec, Scalar, Tape, Var};

/// A function of N numbers. What it refers to besides are numbers T of the outer differentiation; `lift` makes constants of
/// them.
pub trait Function<const N: usize, T: Scalar> {
    fn at<U: Scalar>(&self, x: [U; N], lift: impl Fn(T) -> U) -> U;
}

pub trait Mode {
    fn gradient<T: Scalar, const N: usize>(f: &impl Function<N, T>, x: [T; N]) -> [T; N];
}

pub struct Forward;

impl Mode for Forward {
    fn gradient<T: Scalar, const N: usize>(f: &impl Function<N, T>, x: [T; N]) -> [T; N] {
        let constant = |value| DualVec { value, derivatives: [T::from(0.0); N] };
        let mut inputs = x.map(constant);
        for (i, input) in inputs.iter_mut().enumerate() {
            input.derivatives[i] = T::from(1.0);
        }
        f.at(inputs, constant).derivatives
    }
}

pub struct Reverse;

impl Mode for Reverse {
    fn gradient<T: Scalar, const N: usize>(f: &impl Function<N, T>, x: [T; N]) -> [T; N] {
        let tape = Tape::over();
        let inputs = x.map(|x| tape.var(x));
        let gradient = f.at(inputs, Var::lifted).backward();
        from_fn(|i| gradient.wrt(inputs[i]))
    }
}
