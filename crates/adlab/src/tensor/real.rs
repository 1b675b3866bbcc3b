//! Tensors in the rules of differentiation: number by number.

use super::Tensor;
use crate::rules::Real;

/// The rules of differentiation compute with tensors number by number.
impl Real for Tensor {
    fn sin(self) -> Tensor {
        Tensor::sin(&self)
    }

    fn cos(self) -> Tensor {
        Tensor::cos(&self)
    }

    fn sinh(self) -> Tensor {
        Tensor::sinh(&self)
    }

    fn cosh(self) -> Tensor {
        Tensor::cosh(&self)
    }

    fn exp(self) -> Tensor {
        Tensor::exp(&self)
    }

    fn ln(self) -> Tensor {
        Tensor::ln(&self)
    }

    fn sqrt(self) -> Tensor {
        Tensor::sqrt(&self)
    }

    fn recip(self) -> Tensor {
        Tensor::recip(&self)
    }

    fn hypot(self, other: Tensor) -> Tensor {
        Tensor::hypot(&self, other)
    }

    fn one_minus_square(self) -> Tensor {
        Tensor::one_minus_square(&self)
    }

    fn sigmoid(self) -> Tensor {
        Tensor::sigmoid(&self)
    }

    fn powi(self, n: i32) -> Tensor {
        Tensor::powi(&self, n)
    }

    fn powf(self, p: f64) -> Tensor {
        Tensor::powf(&self, p)
    }

    fn step(self) -> Tensor {
        self.map(Real::step)
    }

    fn sign(self) -> Tensor {
        self.map(Real::sign)
    }

    fn equals(self, y: Tensor) -> Tensor {
        self.equal(y)
    }
}
