//! x², and its derivative.

use adlab::{Scalar, derivative};

use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] = &[
    ("square", |input| timed(input, |&x: &f64| square(x))),
    ("double", |input| timed(input, |&x: &f64| derivative(square, x))),
];

fn square<T: Scalar>(x: T) -> T {
    x * x
}
