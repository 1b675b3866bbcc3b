//! The elementary functions of Taylor series, each from its value at the centre and the rule of its derivative.

use super::Taylor;
use crate::rules;
use crate::scalar::Scalar;

impl<const N: usize> Scalar for Taylor<N> {
    #[inline]
    fn value(self) -> f64 {
        self.coefficients[0]
    }

    fn is_zero(self) -> bool {
        self.coefficients.iter().all(|&c| c == 0.0)
    }

    // Trigonometric functions and their inverses.

    #[inline]
    fn sin(self) -> Taylor<N> {
        self.chain_x(self.value().sin(), rules::d_sin)
    }

    #[inline]
    fn cos(self) -> Taylor<N> {
        self.chain_x(self.value().cos(), rules::d_cos)
    }

    #[inline]
    fn tan(self) -> Taylor<N> {
        self.chain_y(self.value().tan(), rules::d_tan)
    }

    #[inline]
    fn asin(self) -> Taylor<N> {
        self.chain_x(self.value().asin(), rules::d_asin)
    }

    #[inline]
    fn acos(self) -> Taylor<N> {
        self.chain_x(self.value().acos(), rules::d_acos)
    }

    #[inline]
    fn atan(self) -> Taylor<N> {
        self.chain_x(self.value().atan(), rules::d_atan)
    }

    #[inline]
    fn atan2(self, x: Taylor<N>) -> Taylor<N> {
        let r = self.shorter().hypot(x.shorter());
        self.chain2_y(x, self.value().atan2(x.value()), |y, x, _| rules::d_atan2(y, x, r))
    }

    // Hyperbolic functions and their inverses.

    #[inline]
    fn sinh(self) -> Taylor<N> {
        self.chain_x(self.value().sinh(), rules::d_sinh)
    }

    #[inline]
    fn cosh(self) -> Taylor<N> {
        self.chain_x(self.value().cosh(), rules::d_cosh)
    }

    #[inline]
    fn tanh(self) -> Taylor<N> {
        self.chain_y(self.value().tanh(), rules::d_tanh)
    }

    #[inline]
    fn asinh(self) -> Taylor<N> {
        self.chain_x(self.value().asinh(), rules::d_asinh)
    }

    #[inline]
    fn acosh(self) -> Taylor<N> {
        self.chain_x(self.value().acosh(), rules::d_acosh)
    }

    #[inline]
    fn atanh(self) -> Taylor<N> {
        self.chain_x(self.value().atanh(), rules::d_atanh)
    }

    // Exponentials and logarithms.

    #[inline]
    fn exp(self) -> Taylor<N> {
        self.chain_y(self.value().exp(), rules::d_exp)
    }

    #[inline]
    fn exp2(self) -> Taylor<N> {
        self.chain_y(self.value().exp2(), rules::d_exp2)
    }

    #[inline]
    fn exp_m1(self) -> Taylor<N> {
        self.chain_x(self.value().exp_m1(), rules::d_exp_m1)
    }

    #[inline]
    fn ln(self) -> Taylor<N> {
        self.chain_x(self.value().ln(), rules::d_ln)
    }

    #[inline]
    fn log2(self) -> Taylor<N> {
        self.chain_x(self.value().log2(), rules::d_log2)
    }

    #[inline]
    fn log10(self) -> Taylor<N> {
        self.chain_x(self.value().log10(), rules::d_log10)
    }

    #[inline]
    fn ln_1p(self) -> Taylor<N> {
        self.chain_x(self.value().ln_1p(), rules::d_ln_1p)
    }

    // Roots and powers.

    #[inline]
    fn sqrt(self) -> Taylor<N> {
        self.chain_y(self.value().sqrt(), rules::d_sqrt)
    }

    #[inline]
    fn cbrt(self) -> Taylor<N> {
        self.chain_y(self.value().cbrt(), rules::d_cbrt)
    }

    #[inline]
    fn recip(self) -> Taylor<N> {
        // As a quotient: one pass over the coefficients, where the rule −y² takes a product for each.
        1.0 / self
    }

    #[inline]
    fn powi(self, n: i32) -> Taylor<N> {
        self.chain_x(self.value().powi(n), |x| rules::d_powi(x, n))
    }

    #[inline]
    fn powf(self, p: f64) -> Taylor<N> {
        self.chain_x(self.value().powf(p), |x| rules::d_powf(x, p))
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
    fn hypot(self, other: Taylor<N>) -> Taylor<N> {
        self.chain2_y(other, self.value().hypot(other.value()), rules::d_hypot)
    }

    // Functions with kinks and steps.

    #[inline]
    fn abs(self) -> Taylor<N> {
        self.chain_x(self.value().abs(), rules::d_abs)
    }

    #[inline]
    fn signum(self) -> Taylor<N> {
        self.chain_x(self.value().signum(), rules::d_step)
    }

    #[inline]
    fn floor(self) -> Taylor<N> {
        self.chain_x(self.value().floor(), rules::d_step)
    }

    #[inline]
    fn min(self, other: Taylor<N>) -> Taylor<N> {
        let value = self.value().min(other.value());
        self.chain2_y(other, value, |a, b, _| rules::d_choice(a, b, Taylor::from(value)))
    }

    #[inline]
    fn max(self, other: Taylor<N>) -> Taylor<N> {
        let value = self.value().max(other.value());
        self.chain2_y(other, value, |a, b, _| rules::d_choice(a, b, Taylor::from(value)))
    }

    #[inline]
    fn relu(self) -> Taylor<N> {
        self.chain_y(self.value().relu(), rules::d_relu)
    }

    // Products and functions of statistics and learning.

    #[inline]
    fn mul_add(self, a: Taylor<N>, b: Taylor<N>) -> Taylor<N> {
        (self * a + b).with_value(self.value().mul_add(a.value(), b.value()))
    }

    #[inline]
    fn sigmoid(self) -> Taylor<N> {
        self.chain_y(self.value().sigmoid(), rules::d_sigmoid)
    }

    #[inline]
    fn softplus(self) -> Taylor<N> {
        self.chain_x(self.value().softplus(), rules::d_softplus)
    }

    #[inline]
    fn erf(self) -> Taylor<N> {
        self.chain_x(Scalar::erf(self.value()), rules::d_erf)
    }
}
