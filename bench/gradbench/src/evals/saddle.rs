//! The saddle of x₁² + x₂² − y₁² − y₂²: a descent by x, each of whose values is that of an ascent by y.

use std::marker::PhantomData;

use adlab::Scalar;
use serde::Deserialize;

use crate::descent::{argmax, argmin};
use crate::modes::{self, Forward, Mode, Reverse};
use crate::timed::{Function, timed};

/// The first letter is the mode of the descent, the second that of the ascent within.
pub const FUNCTIONS: &[(&str, Function)] = &[
    ("ff", |input| timed(input, saddle::<Forward, Forward>)),
    ("fr", |input| timed(input, saddle::<Forward, Reverse>)),
    ("rf", |input| timed(input, saddle::<Reverse, Forward>)),
    ("rr", |input| timed(input, saddle::<Reverse, Reverse>)),
];

#[derive(Deserialize)]
struct Input {
    start: [f64; 2],
}

fn saddle<Descent: Mode, Ascent: Mode>(input: &Input) -> [f64; 4] {
    let highest = Highest::<Ascent> { start: input.start, mode: PhantomData };
    let value = |&x: &[f64; 2]| modes::Function::at(&highest, x, |x| x);
    let x = argmin(value, |&x| Descent::gradient(&highest, x), input.start);
    let [y0, y1] = climbed::<Descent, f64>(&ByY { x }, input.start);
    [x[0], x[1], y0, y1]
}

/// The function of y, at an x of the outer differentiation.
struct ByY<T> {
    x: [T; 2],
}

impl<T: Scalar> modes::Function<2, T> for ByY<T> {
    fn at<U: Scalar>(&self, y: [U; 2], lift: impl Fn(T) -> U) -> U {
        let x = self.x.map(lift);
        (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])
    }
}

fn climbed<Ascent: Mode, T: Scalar>(f: &ByY<T>, start: [f64; 2]) -> [T; 2] {
    argmax(|&y| modes::Function::at(f, y, |x| x), |&y| Ascent::gradient(f, y), start.map(T::from))
}

/// The greatest value by y.
struct Highest<Ascent> {
    start: [f64; 2],
    mode: PhantomData<Ascent>,
}

impl<Ascent: Mode> modes::Function<2, f64> for Highest<Ascent> {
    fn at<U: Scalar>(&self, x: [U; 2], _: impl Fn(f64) -> U) -> U {
        let f = ByY { x };
        let y = climbed::<Ascent, U>(&f, self.start);
        modes::Function::at(&f, y, |x| x)
    }
}
