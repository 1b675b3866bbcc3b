//! Every scalar in the rules of differentiation.

use super::Scalar;
use crate::rules::{Number, Real};

impl<T: Scalar> Real for T {
    #[inline]
    fn sin(self) -> T {
        Scalar::sin(self)
    }

    #[inline]
    fn cos(self) -> T {
        Scalar::cos(self)
    }

    #[inline]
    fn sinh(self) -> T {
        Scalar::sinh(self)
    }

    #[inline]
    fn cosh(self) -> T {
        Scalar::cosh(self)
    }

    #[inline]
    fn exp(self) -> T {
        Scalar::exp(self)
    }

    #[inline]
    fn ln(self) -> T {
        Scalar::ln(self)
    }

    #[inline]
    fn sqrt(self) -> T {
        Scalar::sqrt(self)
    }

    #[inline]
    fn recip(self) -> T {
        Scalar::recip(self)
    }

    #[inline]
    fn hypot(self, other: T) -> T {
        Scalar::hypot(self, other)
    }

    #[inline]
    fn one_minus_square(self) -> T {
        Scalar::one_minus_square(self)
    }

    #[inline]
    fn sigmoid(self) -> T {
        Scalar::sigmoid(self)
    }

    #[inline]
    fn powi(self, n: i32) -> T {
        Scalar::powi(self, n)
    }

    #[inline]
    fn powf(self, p: f64) -> T {
        Scalar::powf(self, p)
    }

    #[inline]
    fn step(self) -> T {
        T::from(if self <= 0.0 { 0.0 } else { 1.0 })
    }

    #[inline]
    fn sign(self) -> T {
        let x = self.value();
        T::from(if x == 0.0 { 0.0 } else { x.signum() })
    }

    #[inline]
    fn equals(self, y: T) -> T {
        T::from(if self == y { 1.0 } else { 0.0 })
    }
}

impl<T: Scalar> Number for T {
    #[inline]
    fn value(self) -> f64 {
        Scalar::value(self)
    }

    #[inline]
    fn is_zero(self) -> bool {
        Scalar::is_zero(self)
    }

    #[inline]
    fn pow(self, exponent: T) -> T {
        Scalar::pow(self, exponent)
    }

    #[inline]
    fn times(self, derivative: T) -> T {
        Scalar::times(self, derivative)
    }
}
