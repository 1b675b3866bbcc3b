//! Each elementary function on the tape: what is recorded is its value, and its derivative from the table of rules.

use super::var::Var;
use crate::record::Op;
use crate::rules;
use crate::scalar::Scalar;

impl<T: Scalar> Scalar for Var<T> {
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }

    /// A variable is not zero for good: only a constant can be left out.
    #[inline]
    fn is_zero(self) -> bool {
        self.is_constant() && self.value.is_zero()
    }

    // Trigonometric functions and their inverses.

    #[inline]
    #[track_caller]
    fn sin(self) -> Var<T> {
        self.unary(Op::Sin, self.value.sin(), rules::d_sin(self.value))
    }

    #[inline]
    #[track_caller]
    fn cos(self) -> Var<T> {
        self.unary(Op::Cos, self.value.cos(), rules::d_cos(self.value))
    }

    #[inline]
    #[track_caller]
    fn tan(self) -> Var<T> {
        let y = self.value.tan();
        self.unary(Op::Tan, y, rules::d_tan(y))
    }

    #[inline]
    #[track_caller]
    fn asin(self) -> Var<T> {
        self.unary(Op::Asin, self.value.asin(), rules::d_asin(self.value))
    }

    #[inline]
    #[track_caller]
    fn acos(self) -> Var<T> {
        self.unary(Op::Acos, self.value.acos(), rules::d_acos(self.value))
    }

    #[inline]
    #[track_caller]
    fn atan(self) -> Var<T> {
        self.unary(Op::Atan, self.value.atan(), rules::d_atan(self.value))
    }

    #[inline]
    #[track_caller]
    fn atan2(self, x: Var<T>) -> Var<T> {
        let r = self.value.hypot(x.value);
        self.binary(x, Op::Atan2, self.value.atan2(x.value), rules::d_atan2(self.value, x.value, r))
    }

    // Hyperbolic functions and their inverses.

    #[inline]
    #[track_caller]
    fn sinh(self) -> Var<T> {
        self.unary(Op::Sinh, self.value.sinh(), rules::d_sinh(self.value))
    }

    #[inline]
    #[track_caller]
    fn cosh(self) -> Var<T> {
        self.unary(Op::Cosh, self.value.cosh(), rules::d_cosh(self.value))
    }

    #[inline]
    #[track_caller]
    fn tanh(self) -> Var<T> {
        let y = self.value.tanh();
        self.unary(Op::Tanh, y, rules::d_tanh(y))
    }

    #[inline]
    #[track_caller]
    fn asinh(self) -> Var<T> {
        self.unary(Op::Asinh, self.value.asinh(), rules::d_asinh(self.value))
    }

    #[inline]
    #[track_caller]
    fn acosh(self) -> Var<T> {
        self.unary(Op::Acosh, self.value.acosh(), rules::d_acosh(self.value))
    }

    #[inline]
    #[track_caller]
    fn atanh(self) -> Var<T> {
        self.unary(Op::Atanh, self.value.atanh(), rules::d_atanh(self.value))
    }

    // Exponentials and logarithms.

    #[inline]
    #[track_caller]
    fn exp(self) -> Var<T> {
        let y = self.value.exp();
        self.unary(Op::Exp, y, rules::d_exp(y))
    }

    #[inline]
    #[track_caller]
    fn exp2(self) -> Var<T> {
        let y = self.value.exp2();
        self.unary(Op::Exp2, y, rules::d_exp2(y))
    }

    #[inline]
    #[track_caller]
    fn exp_m1(self) -> Var<T> {
        self.unary(Op::ExpM1, self.value.exp_m1(), rules::d_exp_m1(self.value))
    }

    #[inline]
    #[track_caller]
    fn ln(self) -> Var<T> {
        self.unary(Op::Ln, self.value.ln(), rules::d_ln(self.value))
    }

    #[inline]
    #[track_caller]
    fn log2(self) -> Var<T> {
        self.unary(Op::Log2, self.value.log2(), rules::d_log2(self.value))
    }

    #[inline]
    #[track_caller]
    fn log10(self) -> Var<T> {
        self.unary(Op::Log10, self.value.log10(), rules::d_log10(self.value))
    }

    #[inline]
    #[track_caller]
    fn ln_1p(self) -> Var<T> {
        self.unary(Op::Ln1p, self.value.ln_1p(), rules::d_ln_1p(self.value))
    }

    // Roots and powers.

    #[inline]
    #[track_caller]
    fn sqrt(self) -> Var<T> {
        let y = self.value.sqrt();
        self.unary(Op::Sqrt, y, rules::d_sqrt(y))
    }

    #[inline]
    #[track_caller]
    fn cbrt(self) -> Var<T> {
        let y = self.value.cbrt();
        self.unary(Op::Cbrt, y, rules::d_cbrt(y))
    }

    #[inline]
    #[track_caller]
    fn recip(self) -> Var<T> {
        let y = self.value.recip();
        self.unary(Op::Recip, y, rules::d_recip(y))
    }

    #[inline]
    #[track_caller]
    fn powi(self, n: i32) -> Var<T> {
        let exponent = Var::from(f64::from(n));
        self.binary(exponent, Op::Pow, self.value.powi(n), (rules::d_powi(self.value, n), T::from(0.0)))
    }

    #[inline]
    #[track_caller]
    fn powf(self, p: f64) -> Var<T> {
        self.binary(Var::from(p), Op::Pow, self.value.powf(p), (rules::d_powf(self.value, p), T::from(0.0)))
    }

    #[inline]
    #[track_caller]
    fn pow(self, exponent: Var<T>) -> Var<T> {
        let (a, b) = (self.value, exponent.value);
        let y = a.pow(b);
        self.binary(exponent, Op::Pow, y, (rules::d_pow_base(a, b), rules::d_pow_exponent(a, b, y)))
    }

    #[inline]
    #[track_caller]
    fn hypot(self, other: Var<T>) -> Var<T> {
        let r = self.value.hypot(other.value);
        self.binary(other, Op::Hypot, r, rules::d_hypot(self.value, other.value, r))
    }

    // Functions with kinks and steps.

    #[inline]
    #[track_caller]
    fn abs(self) -> Var<T> {
        self.unary(Op::Abs, self.value.abs(), rules::d_abs(self.value))
    }

    #[inline]
    #[track_caller]
    fn signum(self) -> Var<T> {
        self.unary(Op::Signum, self.value.signum(), rules::d_step(self.value))
    }

    #[inline]
    #[track_caller]
    fn floor(self) -> Var<T> {
        self.unary(Op::Floor, self.value.floor(), rules::d_step(self.value))
    }

    #[inline]
    #[track_caller]
    fn min(self, other: Var<T>) -> Var<T> {
        let y = self.value.min(other.value);
        self.binary(other, Op::Min, y, rules::d_choice(self.value, other.value, y))
    }

    #[inline]
    #[track_caller]
    fn max(self, other: Var<T>) -> Var<T> {
        let y = self.value.max(other.value);
        self.binary(other, Op::Max, y, rules::d_choice(self.value, other.value, y))
    }

    #[inline]
    #[track_caller]
    fn relu(self) -> Var<T> {
        let y = self.value.relu();
        self.unary(Op::Relu, y, rules::d_relu(y))
    }

    // Products and functions of statistics and learning.

    /// Recorded as a product and a sum, whose value is rounded once.
    #[inline]
    #[track_caller]
    fn mul_add(self, a: Var<T>, b: Var<T>) -> Var<T> {
        let value = self.value.mul_add(a.value, b.value);
        (self * a).binary(b, Op::Add, value, (T::from(1.0), T::from(1.0)))
    }

    #[inline]
    #[track_caller]
    fn sigmoid(self) -> Var<T> {
        let y = self.value.sigmoid();
        self.unary(Op::Sigmoid, y, rules::d_sigmoid(y))
    }

    #[inline]
    #[track_caller]
    fn softplus(self) -> Var<T> {
        self.unary(Op::Softplus, self.value.softplus(), rules::d_softplus(self.value))
    }

    #[inline]
    #[track_caller]
    fn erf(self) -> Var<T> {
        self.unary(Op::Erf, self.value.erf(), rules::d_erf(self.value))
    }
}
