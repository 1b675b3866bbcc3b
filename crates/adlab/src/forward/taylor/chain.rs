//! The chain rule of Taylor series: y = y₀ + ∫ rule·x′, as the elementary functions take it.

use super::Taylor;
use crate::record::Op;
use crate::rules;
use crate::scalar::{Scalar, Slopes};

impl<const N: usize> Taylor<N> {
    // The chain rule is compiled once for each N, and not into each function: that keeps cells quick to compile.

    /// A function whose slope is computed from its argument: y = y₀ + ∫ rule(x)·x′
    #[inline(never)]
    fn chain_x(self, value: f64, rule: impl Fn(Taylor<N>) -> Taylor<N>) -> Taylor<N> {
        if self.known == 1 {
            return self.value_only(value);
        }
        rule(self.shorter()).times(self.slope()).integral(value)
    }

    /// A function whose slope is computed from its value: y = y₀ + ∫ rule(y)·x′. Each round gets one more coefficient
    /// right, and with it the next one.
    #[inline(never)]
    fn chain_y(self, value: f64, rule: impl Fn(Taylor<N>) -> Taylor<N>) -> Taylor<N> {
        let mut y = self.value_only(value);
        while y.known < self.known {
            y = rule(y).times(self.slope()).integral(value);
        }
        y
    }

    /// A function of two arguments: y = y₀ + ∫ (by_a·a′ + by_b·b′), where the slopes may be computed from y as well. An
    /// argument that is constant has no term.
    #[inline(never)]
    fn chain2_y(
        self,
        other: Taylor<N>,
        value: f64,
        slopes: impl Fn(Taylor<N>, Taylor<N>, Taylor<N>) -> (Taylor<N>, Taylor<N>),
    ) -> Taylor<N> {
        let known = self.known.min(other.known);
        let mut y = self.value_only(value);
        while y.known < known {
            let (by_self, by_other) = slopes(self.first(y.known), other.first(y.known), y);
            let (a, b) = (self.slope().first(y.known), other.slope().first(y.known));
            let sum = match (a.is_zero(), b.is_zero()) {
                (true, true) => a,
                (false, true) => by_self.times(a),
                (true, false) => by_other.times(b),
                (false, false) => by_self * a + by_other.times(b),
            };
            y = sum.integral(value);
        }
        y
    }

    /// The derivative by t, which is known to one term less.
    fn slope(self) -> Taylor<N> {
        let mut slope = self.shorter();
        for k in 0..slope.known {
            slope.coefficients[k] = self.coefficients[k + 1] * (k + 1) as f64;
        }
        slope
    }

    /// The integral by t from this value on, which is known to one term more.
    fn integral(self, value: f64) -> Taylor<N> {
        let mut integral = self.with_value(value);
        integral.known = N.min(self.known + 1);
        for k in 1..integral.known {
            integral.coefficients[k] = self.coefficients[k - 1] / k as f64;
        }
        integral
    }
}

impl<const N: usize> Scalar for Taylor<N> {
    #[inline]
    fn value(self) -> f64 {
        self.coefficients[0]
    }

    fn is_zero(self) -> bool {
        self.coefficients.iter().all(|&c| c == 0.0)
    }

    fn times(self, other: Taylor<N>) -> Taylor<N> {
        let product = self * other;
        if product.coefficients.iter().all(|c| c.is_finite()) {
            return product;
        }
        let (a, b) = (self.coefficients, other.coefficients);
        let is_absent = |series: &[f64; N], k: usize| k > 0 && series[k] == 0.0;
        let mut product = product;
        for k in 0..product.known {
            let terms = (0..=k).filter(|&j| !is_absent(&a, j) && !is_absent(&b, k - j));
            product.coefficients[k] = terms.map(|j| a[j] * b[k - j]).sum::<f64>() + 0.0;
        }
        product
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
    fn one_minus_square(self) -> Taylor<N> {
        // One product, where the rule takes one more.
        (-(self * self)).with_value(self.value().one_minus_square())
    }

    #[inline]
    fn recip(self) -> Taylor<N> {
        // As a quotient: one pass over the coefficients, where the rule −y² takes a product for each. But the quotient of an
        // infinite one is computed with the 0 of all that is not there.
        let quotient = 1.0 / self;
        if self.value() != 0.0 && quotient.value().is_finite() {
            return quotient;
        }
        self.chain_y(quotient.value(), rules::d_recip)
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
