//! The chain rule, as the elementary functions take it: each gives its value, and the rule of its slope.

use super::Dual;
use crate::record::Op;
use crate::rules;
use crate::scalar::{Scalar, Slopes};

impl<T: Scalar> Scalar for Dual<T> {
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }

    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.derivative.is_zero()
    }

    type Value = T;
    type Slope = T;

    #[inline]
    fn by_argument(self, _: Op, f: fn(T) -> T, rule: fn(T) -> T) -> Dual<T> {
        self.chain(f(self.value), rule(self.value))
    }

    #[inline]
    fn by_value(self, _: Op, f: fn(T) -> T, rule: fn(T) -> T) -> Dual<T> {
        let y = f(self.value);
        self.chain(y, rule(y))
    }

    #[inline]
    fn by_constant<C: Copy>(self, constant: C, _: Op, f: fn(T, C) -> T, rule: fn(T, C) -> T) -> Dual<T> {
        self.chain(f(self.value, constant), rule(self.value, constant))
    }

    #[inline]
    fn by_both(self, other: Dual<T>, _: Op, f: fn(T, T) -> T, rules: Slopes<T>) -> Dual<T> {
        let y = f(self.value, other.value);
        self.chain2(other, y, rules(self.value, other.value, y))
    }

    #[inline]
    fn atan2(self, x: Dual<T>) -> Dual<T> {
        let r = self.value.hypot(x.value);
        self.chain2(x, self.value.atan2(x.value), rules::d_atan2(self.value, x.value, r))
    }

    /// The value is rounded once, the derivative is that of a product and a sum.
    #[inline]
    fn mul_add(self, a: Dual<T>, b: Dual<T>) -> Dual<T> {
        Dual { value: self.value.mul_add(a.value, b.value), ..self * a + b }
    }
}
