//! The chain rule, put off: an elementary function gives its value and the rule of its slope, and both are recorded.

use super::var::Var;
use crate::record::Op;
use crate::rules;
use crate::scalar::{Scalar, Slopes};

impl<T: Scalar> Scalar for Var<T> {
    #[inline]
    fn value(self) -> f64 {
        self.looked_at().value()
    }

    /// A variable is not zero for good: only a constant can be left out.
    #[inline]
    fn is_zero(self) -> bool {
        self.is_constant() && self.value.is_zero()
    }

    type Value = T;
    type Slope = T;

    #[inline]
    #[track_caller]
    fn by_argument(self, op: Op, f: fn(T) -> T, rule: fn(T) -> T) -> Var<T> {
        self.unary(op, f(self.value), rule(self.value))
    }

    #[inline]
    #[track_caller]
    fn by_value(self, op: Op, f: fn(T) -> T, rule: fn(T) -> T) -> Var<T> {
        let y = f(self.value);
        self.unary(op, y, rule(y))
    }

    #[inline]
    #[track_caller]
    fn by_constant<C: Copy + Into<f64>>(self, constant: C, op: Op, f: fn(T, C) -> T, rule: fn(T, C) -> T) -> Var<T> {
        let y = f(self.value, constant);
        let power = self.beside(op, y, [rule(self.value, constant), T::from(constant.into())]);
        // A compiler that knows the exponent may multiply in another order.
        if op == Op::Powi && constant.into().abs() > 4.0 { power.noted() } else { power }
    }

    #[inline]
    #[track_caller]
    fn by_both(self, other: Var<T>, op: Op, f: fn(T, T) -> T, rules: Slopes<T>) -> Var<T> {
        let y = f(self.value, other.value);
        self.binary(other, op, y, rules(self.value, other.value, y))
    }

    #[inline]
    #[track_caller]
    fn atan2(self, x: Var<T>) -> Var<T> {
        let r = self.value.hypot(x.value);
        self.binary(x, Op::Atan2, self.value.atan2(x.value), rules::d_atan2(self.value, x.value, r))
    }

    /// Recorded as a product and a sum, whose value is rounded once.
    #[inline]
    #[track_caller]
    fn mul_add(self, a: Var<T>, b: Var<T>) -> Var<T> {
        let value = self.value.mul_add(a.value, b.value);
        (self * a).binary(b, Op::Add, value, (T::from(1.0), T::from(1.0))).noted()
    }

    #[inline]
    #[track_caller]
    fn one_minus_square(self) -> Var<T> {
        self.by_argument(Op::Sub, Scalar::one_minus_square, |x| x * -2.0).noted()
    }
}
