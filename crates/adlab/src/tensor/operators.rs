//! `+ − × ÷` between tensors and numbers, by value and by reference.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Tensor;
use super::binary::{ADD, DIV, MUL, SUB};

/// Plumbing only: what each operator computes stands in `binary.rs`.
macro_rules! operator {
    ($trait:ident, $method:ident, $op:ident) => {
        impl<R: Into<Tensor>> $trait<R> for &Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                $op.of(self, &other.into())
            }
        }

        impl<R: Into<Tensor>> $trait<R> for Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                $op.of(&self, &other.into())
            }
        }

        impl $trait<Tensor> for f64 {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                $op.of(&self.into(), &other)
            }
        }

        impl $trait<&Tensor> for f64 {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                $op.of(&self.into(), other)
            }
        }
    };
}

operator!(Add, add, ADD);
operator!(Sub, sub, SUB);
operator!(Mul, mul, MUL);
operator!(Div, div, DIV);

impl Neg for &Tensor {
    type Output = Tensor;

    #[track_caller]
    fn neg(self) -> Tensor {
        self * -1.0
    }
}

impl Neg for Tensor {
    type Output = Tensor;

    #[track_caller]
    fn neg(self) -> Tensor {
        &self * -1.0
    }
}
