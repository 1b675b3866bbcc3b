//! The chain rule, as the elementary functions take it; as for [`Dual`](crate::Dual).

use super::DualVec;
use crate::record::Op;
use crate::rules;
use crate::scalar::{Scalar, Slopes};

impl<const N: usize, T: Scalar> Scalar for DualVec<N, T> {
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }

    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.derivatives.iter().all(|derivative| derivative.is_zero())
    }

    type Value = T;
    type Slope = T;

    #[inline]
    fn by_argument(self, _: Op, f: fn(T) -> T, rule: fn(T) -> T) -> DualVec<N, T> {
        self.chain(f(self.value), rule(self.value))
    }

    #[inline]
    fn by_value(self, _: Op, f: fn(T) -> T, rule: fn(T) -> T) -> DualVec<N, T> {
        let y = f(self.value);
        self.chain(y, rule(y))
    }

    #[inline]
    fn by_constant<C: Copy>(self, constant: C, _: Op, f: fn(T, C) -> T, rule: fn(T, C) -> T) -> DualVec<N, T> {
        self.chain(f(self.value, constant), rule(self.value, constant))
    }

    #[inline]
    fn by_both(self, other: DualVec<N, T>, _: Op, f: fn(T, T) -> T, rules: Slopes<T>) -> DualVec<N, T> {
        let y = f(self.value, other.value);
        self.chain2(other, y, rules(self.value, other.value, y))
    }

    #[inline]
    fn atan2(self, x: DualVec<N, T>) -> DualVec<N, T> {
        let r = self.value.hypot(x.value);
        self.chain2(x, self.value.atan2(x.value), rules::d_atan2(self.value, x.value, r))
    }

    /// The value is rounded once, the derivative is that of a product and a sum.
    #[inline]
    fn mul_add(self, a: DualVec<N, T>, b: DualVec<N, T>) -> DualVec<N, T> {
        DualVec { value: self.value.mul_add(a.value, b.value), ..self * a + b }
    }
}
