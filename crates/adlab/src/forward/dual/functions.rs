//! The chain rule for each elementary function: its value, and its derivative from the table of rules.

use super::Dual;
use crate::rules;
use crate::scalar::Scalar;

impl<T: Scalar> Scalar for Dual<T> {
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }

    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.derivative.is_zero()
    }

    // Trigonometric functions and their inverses.

    #[inline]
    fn sin(self) -> Dual<T> {
        self.chain(self.value.sin(), rules::d_sin(self.value))
    }

    #[inline]
    fn cos(self) -> Dual<T> {
        self.chain(self.value.cos(), rules::d_cos(self.value))
    }

    #[inline]
    fn tan(self) -> Dual<T> {
        let y = self.value.tan();
        self.chain(y, rules::d_tan(y))
    }

    #[inline]
    fn asin(self) -> Dual<T> {
        self.chain(self.value.asin(), rules::d_asin(self.value))
    }

    #[inline]
    fn acos(self) -> Dual<T> {
        self.chain(self.value.acos(), rules::d_acos(self.value))
    }

    #[inline]
    fn atan(self) -> Dual<T> {
        self.chain(self.value.atan(), rules::d_atan(self.value))
    }

    #[inline]
    fn atan2(self, x: Dual<T>) -> Dual<T> {
        let r = self.value.hypot(x.value);
        self.chain2(x, self.value.atan2(x.value), rules::d_atan2(self.value, x.value, r))
    }

    // Hyperbolic functions and their inverses.

    #[inline]
    fn sinh(self) -> Dual<T> {
        self.chain(self.value.sinh(), rules::d_sinh(self.value))
    }

    #[inline]
    fn cosh(self) -> Dual<T> {
        self.chain(self.value.cosh(), rules::d_cosh(self.value))
    }

    #[inline]
    fn tanh(self) -> Dual<T> {
        let y = self.value.tanh();
        self.chain(y, rules::d_tanh(y))
    }

    #[inline]
    fn asinh(self) -> Dual<T> {
        self.chain(self.value.asinh(), rules::d_asinh(self.value))
    }

    #[inline]
    fn acosh(self) -> Dual<T> {
        self.chain(self.value.acosh(), rules::d_acosh(self.value))
    }

    #[inline]
    fn atanh(self) -> Dual<T> {
        self.chain(self.value.atanh(), rules::d_atanh(self.value))
    }

    // Exponentials and logarithms.

    #[inline]
    fn exp(self) -> Dual<T> {
        let y = self.value.exp();
        self.chain(y, rules::d_exp(y))
    }

    #[inline]
    fn exp2(self) -> Dual<T> {
        let y = self.value.exp2();
        self.chain(y, rules::d_exp2(y))
    }

    #[inline]
    fn exp_m1(self) -> Dual<T> {
        self.chain(self.value.exp_m1(), rules::d_exp_m1(self.value))
    }

    #[inline]
    fn ln(self) -> Dual<T> {
        self.chain(self.value.ln(), rules::d_ln(self.value))
    }

    #[inline]
    fn log2(self) -> Dual<T> {
        self.chain(self.value.log2(), rules::d_log2(self.value))
    }

    #[inline]
    fn log10(self) -> Dual<T> {
        self.chain(self.value.log10(), rules::d_log10(self.value))
    }

    #[inline]
    fn ln_1p(self) -> Dual<T> {
        self.chain(self.value.ln_1p(), rules::d_ln_1p(self.value))
    }

    // Roots and powers.

    #[inline]
    fn sqrt(self) -> Dual<T> {
        let y = self.value.sqrt();
        self.chain(y, rules::d_sqrt(y))
    }

    #[inline]
    fn cbrt(self) -> Dual<T> {
        let y = self.value.cbrt();
        self.chain(y, rules::d_cbrt(y))
    }

    #[inline]
    fn recip(self) -> Dual<T> {
        let y = self.value.recip();
        self.chain(y, rules::d_recip(y))
    }

    #[inline]
    fn powi(self, n: i32) -> Dual<T> {
        self.chain(self.value.powi(n), rules::d_powi(self.value, n))
    }

    #[inline]
    fn powf(self, p: f64) -> Dual<T> {
        self.chain(self.value.powf(p), rules::d_powf(self.value, p))
    }

    #[inline]
    fn pow(self, exponent: Dual<T>) -> Dual<T> {
        let (a, b) = (self.value, exponent.value);
        let y = a.pow(b);
        self.chain2(exponent, y, (rules::d_pow_base(a, b), rules::d_pow_exponent(a, b, y)))
    }

    #[inline]
    fn hypot(self, other: Dual<T>) -> Dual<T> {
        let r = self.value.hypot(other.value);
        self.chain2(other, r, rules::d_hypot(self.value, other.value, r))
    }

    // Functions with kinks and steps.

    #[inline]
    fn abs(self) -> Dual<T> {
        self.chain(self.value.abs(), rules::d_abs(self.value))
    }

    #[inline]
    fn signum(self) -> Dual<T> {
        self.chain(self.value.signum(), rules::d_step(self.value))
    }

    #[inline]
    fn floor(self) -> Dual<T> {
        self.chain(self.value.floor(), rules::d_step(self.value))
    }

    #[inline]
    fn min(self, other: Dual<T>) -> Dual<T> {
        let y = self.value.min(other.value);
        self.chain2(other, y, rules::d_choice(self.value, other.value, y))
    }

    #[inline]
    fn max(self, other: Dual<T>) -> Dual<T> {
        let y = self.value.max(other.value);
        self.chain2(other, y, rules::d_choice(self.value, other.value, y))
    }

    #[inline]
    fn relu(self) -> Dual<T> {
        let y = self.value.relu();
        self.chain(y, rules::d_relu(y))
    }

    // Products and functions of statistics and learning.

    /// The value is rounded once, the derivative is that of a product and a sum.
    #[inline]
    fn mul_add(self, a: Dual<T>, b: Dual<T>) -> Dual<T> {
        Dual { value: self.value.mul_add(a.value, b.value), ..self * a + b }
    }

    #[inline]
    fn sigmoid(self) -> Dual<T> {
        let y = self.value.sigmoid();
        self.chain(y, rules::d_sigmoid(y))
    }

    #[inline]
    fn softplus(self) -> Dual<T> {
        self.chain(self.value.softplus(), rules::d_softplus(self.value))
    }

    #[inline]
    fn erf(self) -> Dual<T> {
        self.chain(self.value.erf(), rules::d_erf(self.value))
    }
}
