//! The chain rule, as the elementary functions take it: each gives its value at the centre, and the rule of its slope.

use super::Taylor;
use crate::record::Op;
use crate::rules;
use crate::scalar::{Scalar, Slopes};

impl<const N: usize> Scalar for Taylor<N> {
    #[inline]
    fn value(self) -> f64 {
        self.coefficients[0]
    }

    fn is_zero(self) -> bool {
        self.coefficients.iter().all(|&c| c == 0.0)
    }

    type Value = f64;
    type Slope = Taylor<N>;

    #[inline]
    fn by_argument(self, _: Op, f: fn(f64) -> f64, rule: fn(Taylor<N>) -> Taylor<N>) -> Taylor<N> {
        self.chain_x(f(self.value()), rule)
    }

    #[inline]
    fn by_value(self, _: Op, f: fn(f64) -> f64, rule: fn(Taylor<N>) -> Taylor<N>) -> Taylor<N> {
        self.chain_y(f(self.value()), rule)
    }

    #[inline]
    fn by_constant<C: Copy>(
        self,
        constant: C,
        _: Op,
        f: fn(f64, C) -> f64,
        rule: fn(Taylor<N>, C) -> Taylor<N>,
    ) -> Taylor<N> {
        self.chain_x(f(self.value(), constant), |x| rule(x, constant))
    }

    #[inline]
    fn by_both(self, other: Taylor<N>, _: Op, f: fn(f64, f64) -> f64, rules: Slopes<Taylor<N>>) -> Taylor<N> {
        self.chain2_y(other, f(self.value(), other.value()), rules)
    }

    #[inline]
    fn atan2(self, x: Taylor<N>) -> Taylor<N> {
        let r = self.shorter().hypot(x.shorter());
        self.chain2_y(x, self.value().atan2(x.value()), |y, x, _| rules::d_atan2(y, x, r))
    }

    #[inline]
    fn recip(self) -> Taylor<N> {
        // As a quotient: one pass over the coefficients, where the rule −y² takes a product for each.
        1.0 / self
    }

    #[inline]
    fn pow(self, exponent: Taylor<N>) -> Taylor<N> {
        let value = self.value().powf(exponent.value());
        if self.known.min(exponent.known) == 1 {
            return self.value_only(value);
        }
        // The slope by the base does not need the result; computed once, and not in each round.
        let by_base = rules::d_pow_base(self.shorter(), exponent.shorter());
        self.chain2_y(exponent, value, |a, b, y| (by_base, rules::d_pow_exponent(a, b, y)))
    }

    #[inline]
    fn mul_add(self, a: Taylor<N>, b: Taylor<N>) -> Taylor<N> {
        (self * a + b).with_value(self.value().mul_add(a.value(), b.value()))
    }
}
