//! The derivatives of the elementary functions, each once: dual numbers, Taylor series, the tape and tensors use these.
//!
//! A rule is named after its function. Where the derivative is cheaper from the function's value `y` than from its
//! argument `x`, the rule takes `y`, and its parameter says so. A rule is written for every [`Real`], so that it can be
//! differentiated itself: that is what higher derivatives are. The rule of a function of two arguments gives both partial
//! derivatives.
//!
//! A new function has its rule here; what else it needs stands at the head of `scalar/mod.rs`, and for tensors it has a line
//! in the table of `tensor/elementwise.rs` and a method there.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E, LOG10_E};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What the rules compute with: every [`Scalar`](crate::Scalar), and [`Tensor`](crate::Tensor)s, number by number.
pub trait Real:
    Clone
    + From<f64>
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn recip(self) -> Self;
    fn hypot(self, other: Self) -> Self;
    fn sigmoid(self) -> Self;
    fn powi(self, n: i32) -> Self;
    fn powf(self, p: f64) -> Self;

    /// 1 − x², computed as (1 − x)(1 + x), which loses no digits near ±1, with −2x as its derivative, which loses none near 0.
    fn one_minus_square(self) -> Self;

    /// 0 where x ≤ 0, else 1; a constant.
    fn step(self) -> Self;

    /// −1, 0 or 1, as x is; a constant. Unlike [`f64::signum`], 0 at 0.
    fn sign(self) -> Self;

    /// 1 where x equals y, else 0; a constant.
    fn equals(self, y: Self) -> Self {
        let sign = (self - y).sign();
        -(sign.clone() * sign) + 1.0
    }
}

/// A [`Real`] that is one number, so that a rule can look at its value: every `Scalar`, and no tensor.
pub trait Number: Real + Copy {
    fn value(self) -> f64;
    fn is_zero(self) -> bool;
    fn pow(self, exponent: Self) -> Self;
    fn times(self, derivative: Self) -> Self;

    /// 0, and nothing else is known of it: its derivatives are NaN, those of a slope at a kink that is no number.
    fn zero_at_a_kink() -> Self {
        // √ has the slope ∞ at 0, and that times the 0 of a constant is NaN.
        Self::from(0.0).sqrt()
    }
}

/// A term of a function of two arguments: slope times derivative. A derivative of 0 is that of a constant, whose term is
/// left out even where the slope is infinite or NaN.
#[inline]
pub fn term<T: Number>(slope: T, derivative: T) -> T {
    if derivative.is_zero() { T::from(0.0) } else { slope.times(derivative) }
}

// Trigonometric functions and their inverses.

/// d sin x = cos x
#[inline]
pub fn d_sin<T: Real>(x: T) -> T {
    x.cos()
}

/// d cos x = −sin x
#[inline]
pub fn d_cos<T: Real>(x: T) -> T {
    -x.sin()
}

/// d tan x = 1 + y²
#[inline]
pub fn d_tan<T: Real>(y: T) -> T {
    y.clone() * y + 1.0
}

/// d asin x = 1/√(1 − x²)
#[inline]
pub fn d_asin<T: Real>(x: T) -> T {
    x.one_minus_square().sqrt().recip()
}

/// d acos x = −1/√(1 − x²)
#[inline]
pub fn d_acos<T: Real>(x: T) -> T {
    -d_asin(x)
}

/// d atan x = 1/(1 + x²), as the square of 1/√(x² + 1), where x² does not overflow.
#[inline]
pub fn d_atan<T: Real>(x: T) -> T {
    let cosine = d_asinh(x);
    cosine.clone() * cosine
}

// Hyperbolic functions and their inverses.

/// d sinh x = cosh x
#[inline]
pub fn d_sinh<T: Real>(x: T) -> T {
    x.cosh()
}

/// d cosh x = sinh x
#[inline]
pub fn d_cosh<T: Real>(x: T) -> T {
    x.sinh()
}

/// d tanh x = 1 − y²
#[inline]
pub fn d_tanh<T: Real>(y: T) -> T {
    y.one_minus_square()
}

/// d asinh x = 1/√(x² + 1), where x² does not overflow.
#[inline]
pub fn d_asinh<T: Real>(x: T) -> T {
    x.hypot(T::from(1.0)).recip()
}

/// d acosh x = 1/√(x² − 1)
#[inline]
pub fn d_acosh<T: Real>(x: T) -> T {
    ((x.clone() - 1.0).sqrt() * (x + 1.0).sqrt()).recip()
}

/// d atanh x = 1/(1 − x²)
#[inline]
pub fn d_atanh<T: Real>(x: T) -> T {
    x.one_minus_square().recip()
}

// Exponentials and logarithms.

/// d eˣ = y
#[inline]
pub fn d_exp<T: Real>(y: T) -> T {
    y
}

/// d 2ˣ = y·ln 2
#[inline]
pub fn d_exp2<T: Real>(y: T) -> T {
    y * LN_2
}

/// d (eˣ − 1) = eˣ, from x: y + 1 would lose the digits of a small eˣ.
#[inline]
pub fn d_exp_m1<T: Real>(x: T) -> T {
    x.exp()
}

/// d ln x = 1/x
#[inline]
pub fn d_ln<T: Real>(x: T) -> T {
    x.recip()
}

/// d log₂ x = log₂ e/x
#[inline]
pub fn d_log2<T: Real>(x: T) -> T {
    x.recip() * LOG2_E
}

/// d log₁₀ x = log₁₀ e/x
#[inline]
pub fn d_log10<T: Real>(x: T) -> T {
    x.recip() * LOG10_E
}

/// d ln(1 + x) = 1/(1 + x)
#[inline]
pub fn d_ln_1p<T: Real>(x: T) -> T {
    (x + 1.0).recip()
}

// Roots and powers.

/// d √x = 1/(2y)
#[inline]
pub fn d_sqrt<T: Real>(y: T) -> T {
    y.recip() * 0.5
}

/// d ∛x = 1/(3y²)
#[inline]
pub fn d_cbrt<T: Real>(y: T) -> T {
    (y.clone() * y * 3.0).recip()
}

/// d (1/x) = −y²
#[inline]
pub fn d_recip<T: Real>(y: T) -> T {
    -(y.clone() * y)
}

/// d xⁿ = n·xⁿ⁻¹, and 0 for n = 0 even where x⁻¹ is infinite.
#[inline]
pub fn d_powi<T: Real>(x: T, n: i32) -> T {
    if n == 0 { T::from(0.0) } else { x.powi(n.saturating_sub(1)) * f64::from(n) }
}

/// d xᵖ = p·xᵖ⁻¹, and 0 for p = 0.
#[inline]
pub fn d_powf<T: Real>(x: T, p: f64) -> T {
    if p == 0.0 { T::from(0.0) } else { x.powf(p - 1.0) * p }
}

/// ∂aᵇ/∂a = b·aᵇ⁻¹, and 0 for b = 0 even where a⁻¹ is infinite. At a = 0, it jumps where b passes 1.
#[inline]
pub fn d_pow_base<T: Number>(a: T, b: T) -> T {
    let power = a.pow(b - 1.0);
    if b.value() == 0.0 && !power.value().is_finite() {
        T::from(0.0)
    } else if a.value() == 0.0 && b.value() == 1.0 && !(b - 1.0).is_zero() {
        T::zero_at_a_kink() + 1.0
    } else {
        power * b
    }
}

/// ∂aᵇ/∂b = y·ln a, and 0 at a = 0 with b ≥ 0, its limit for b > 0. There its own derivatives are 0 for b > 1; for a
/// smaller b that by a is infinite, and here NaN.
#[inline]
pub fn d_pow_exponent<T: Number>(a: T, b: T, y: T) -> T {
    match (a.value(), b.value()) {
        (0.0, exponent) if exponent >= 0.0 => {
            let stays = exponent > 1.0 || a.is_zero() && (exponent > 0.0 || b.is_zero());
            if stays { T::from(0.0) } else { T::zero_at_a_kink() }
        }
        _ => y * a.ln(),
    }
}

/// d √(x² + y²) = (x/r, y/r), where r is the function's value; (0, 0) at the origin, the middle of all slopes there. The
/// slopes jump there, so that their derivatives, the second ones of the function, are NaN.
#[inline]
pub fn d_hypot<T: Number>(x: T, y: T, r: T) -> (T, T) {
    if r.value() == 0.0 { at_the_origin(x, y) } else { (x / r, y / r) }
}

/// d atan2(y, x) = (x/r², −y/r²) by y and by x, where r = √(x² + y²); (0, 0) at the origin, where there is no angle, as in
/// PyTorch, and NaN for their derivatives. Dividing twice, r² does not overflow.
#[inline]
pub fn d_atan2<T: Number>(y: T, x: T, r: T) -> (T, T) {
    if r.value() == 0.0 { at_the_origin(y, x) } else { (x / r / r, -y / r / r) }
}

/// Slopes of 0 that jump, but where neither argument moves.
#[cold]
fn at_the_origin<T: Number>(x: T, y: T) -> (T, T) {
    let slope = if x.is_zero() && y.is_zero() { T::from(0.0) } else { T::zero_at_a_kink() };
    (slope, slope)
}

// Functions with kinks and steps.

/// The derivatives of the greater or the smaller of a and b, which is y: 1 for the one that was taken, ½ each on a tie.
#[inline]
pub fn d_choice<T: Real>(a: T, b: T, y: T) -> (T, T) {
    let (a, b) = (a.equals(y.clone()), b.equals(y));
    let taken = a.clone() + b.clone();
    (a / taken.clone(), b / taken)
}

/// d |x| = sign x; 0 at the kink, the middle of all slopes that fit there, and constant, as in PyTorch: d² |x| = 0.
#[inline]
pub fn d_abs<T: Real>(x: T) -> T {
    x.sign()
}

/// d relu = 1 where y > 0, else 0, as in PyTorch.
#[inline]
pub fn d_relu<T: Real>(y: T) -> T {
    y.step()
}

/// d sign x = d ⌊x⌋ = 0: the steps between are not seen.
#[inline]
pub fn d_step<T: Real>(_x: T) -> T {
    T::from(0.0)
}

// Functions of statistics and learning.

/// d σ = y(1 − y)
#[inline]
pub fn d_sigmoid<T: Real>(y: T) -> T {
    y.clone() * (-y + 1.0)
}

/// d ln(1 + eˣ) = σ(x)
#[inline]
pub fn d_softplus<T: Real>(x: T) -> T {
    x.sigmoid()
}

/// d erf x = 2/√π · e^(−x²)
#[inline]
pub fn d_erf<T: Real>(x: T) -> T {
    (-(x.clone() * x)).exp() * FRAC_2_SQRT_PI
}
