//! Forward mode: numbers that carry their derivative along.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::rules;
use crate::scalar::Scalar;

/// A dual number `a + bε` with ε² = 0: a value (the primal) and a derivative (the tangent).
///
/// Computing with dual numbers is computing with values, and with the rules of differentiation beside them. Start with
/// derivative 1 (the seed) in the input that you differentiate by, and with 0 in all others:
///
/// ```
/// use adlab::{Dual, Scalar};
///
/// let x = Dual::variable(0.5);
/// let y = Dual::constant(4.2);
/// let z = x * y + x.sin();
/// assert_eq!(format!("{z:.4}"), "2.5794 + 5.0776ε");
/// assert_eq!(z.derivative, 4.2 + 0.5f64.cos());
/// ```
///
/// Comparisons look at the value alone, so that `if x > 0.0 { … }` takes the branch that the plain program takes.
#[derive(Clone, Copy)]
pub struct Dual {
    /// The number itself.
    pub value: f64,
    /// Its derivative by the input that was seeded.
    pub derivative: f64,
}

impl Dual {
    /// `value + derivative ε`
    #[inline]
    pub const fn new(value: f64, derivative: f64) -> Dual {
        Dual { value, derivative }
    }

    /// The input that we differentiate by: `value + 1ε`.
    #[inline]
    pub const fn variable(value: f64) -> Dual {
        Dual::new(value, 1.0)
    }

    /// A number that does not depend on the input: `value + 0ε`.
    #[inline]
    pub const fn constant(value: f64) -> Dual {
        Dual::new(value, 0.0)
    }

    /// The chain rule: a function's value at `self`, and its slope there times our derivative.
    #[inline]
    fn chain(self, value: f64, slope: f64) -> Dual {
        Dual::new(value, slope * self.derivative)
    }
}

impl Scalar for Dual {
    #[inline]
    fn value(self) -> f64 {
        self.value
    }

    #[inline]
    fn sin(self) -> Dual {
        self.chain(self.value.sin(), rules::d_sin(self.value))
    }

    #[inline]
    fn cos(self) -> Dual {
        self.chain(self.value.cos(), rules::d_cos(self.value))
    }

    #[inline]
    fn tan(self) -> Dual {
        let y = self.value.tan();
        self.chain(y, rules::d_tan(y))
    }

    #[inline]
    fn exp(self) -> Dual {
        let y = self.value.exp();
        self.chain(y, rules::d_exp(y))
    }

    #[inline]
    fn ln(self) -> Dual {
        self.chain(self.value.ln(), rules::d_ln(self.value))
    }

    #[inline]
    fn sqrt(self) -> Dual {
        let y = self.value.sqrt();
        self.chain(y, rules::d_sqrt(y))
    }

    #[inline]
    fn tanh(self) -> Dual {
        let y = self.value.tanh();
        self.chain(y, rules::d_tanh(y))
    }

    #[inline]
    fn abs(self) -> Dual {
        self.chain(self.value.abs(), rules::d_abs(self.value))
    }

    #[inline]
    fn relu(self) -> Dual {
        let y = rules::relu(self.value);
        self.chain(y, rules::d_relu(y))
    }

    #[inline]
    fn sigmoid(self) -> Dual {
        let y = rules::sigmoid(self.value);
        self.chain(y, rules::d_sigmoid(y))
    }

    #[inline]
    fn powi(self, n: i32) -> Dual {
        self.chain(self.value.powi(n), rules::d_powi(self.value, n))
    }

    #[inline]
    fn powf(self, p: f64) -> Dual {
        self.chain(self.value.powf(p), rules::d_powf(self.value, p))
    }

    /// A base or an exponent with derivative 0 is a constant, whose rule is left out: so a constant exponent allows a
    /// negative base, and a constant base 0 makes no 0·∞.
    #[inline]
    fn pow(self, exponent: Dual) -> Dual {
        if exponent.derivative == 0.0 {
            return self.powf(exponent.value);
        }
        let (a, b) = (self.value, exponent.value);
        let y = a.powf(b);
        let by_exponent = rules::d_pow_exponent(a, b, y) * exponent.derivative;
        if self.derivative == 0.0 {
            return Dual::new(y, by_exponent);
        }
        Dual::new(y, rules::d_powf(a, b) * self.derivative + by_exponent)
    }
}

/// (a + b)′ = a′ + b′
impl Add for Dual {
    type Output = Dual;

    #[inline]
    fn add(self, other: Dual) -> Dual {
        Dual::new(self.value + other.value, self.derivative + other.derivative)
    }
}

/// (a − b)′ = a′ − b′
impl Sub for Dual {
    type Output = Dual;

    #[inline]
    fn sub(self, other: Dual) -> Dual {
        Dual::new(self.value - other.value, self.derivative - other.derivative)
    }
}

/// (a·b)′ = a′·b + a·b′
impl Mul for Dual {
    type Output = Dual;

    #[inline]
    fn mul(self, other: Dual) -> Dual {
        let derivative = self.derivative * other.value + self.value * other.derivative;
        Dual::new(self.value * other.value, derivative)
    }
}

/// (a/b)′ = (a′ − (a/b)·b′)/b
impl Div for Dual {
    type Output = Dual;

    #[inline]
    fn div(self, other: Dual) -> Dual {
        let value = self.value / other.value;
        Dual::new(value, (self.derivative - value * other.derivative) / other.value)
    }
}

impl Neg for Dual {
    type Output = Dual;

    #[inline]
    fn neg(self) -> Dual {
        Dual::new(-self.value, -self.derivative)
    }
}

// Plain numbers on either side are constants.

impl Add<f64> for Dual {
    type Output = Dual;

    #[inline]
    fn add(self, other: f64) -> Dual {
        Dual::new(self.value + other, self.derivative)
    }
}

impl Sub<f64> for Dual {
    type Output = Dual;

    #[inline]
    fn sub(self, other: f64) -> Dual {
        Dual::new(self.value - other, self.derivative)
    }
}

impl Mul<f64> for Dual {
    type Output = Dual;

    #[inline]
    fn mul(self, other: f64) -> Dual {
        Dual::new(self.value * other, self.derivative * other)
    }
}

impl Div<f64> for Dual {
    type Output = Dual;

    #[inline]
    fn div(self, other: f64) -> Dual {
        Dual::new(self.value / other, self.derivative / other)
    }
}

impl Add<Dual> for f64 {
    type Output = Dual;

    #[inline]
    fn add(self, other: Dual) -> Dual {
        other + self
    }
}

impl Sub<Dual> for f64 {
    type Output = Dual;

    #[inline]
    fn sub(self, other: Dual) -> Dual {
        Dual::new(self - other.value, -other.derivative)
    }
}

impl Mul<Dual> for f64 {
    type Output = Dual;

    #[inline]
    fn mul(self, other: Dual) -> Dual {
        other * self
    }
}

impl Div<Dual> for f64 {
    type Output = Dual;

    #[inline]
    fn div(self, other: Dual) -> Dual {
        Dual::constant(self) / other
    }
}

impl<T> AddAssign<T> for Dual
where
    Dual: Add<T, Output = Dual>,
{
    #[inline]
    fn add_assign(&mut self, other: T) {
        *self = *self + other;
    }
}

impl<T> SubAssign<T> for Dual
where
    Dual: Sub<T, Output = Dual>,
{
    #[inline]
    fn sub_assign(&mut self, other: T) {
        *self = *self - other;
    }
}

impl<T> MulAssign<T> for Dual
where
    Dual: Mul<T, Output = Dual>,
{
    #[inline]
    fn mul_assign(&mut self, other: T) {
        *self = *self * other;
    }
}

impl<T> DivAssign<T> for Dual
where
    Dual: Div<T, Output = Dual>,
{
    #[inline]
    fn div_assign(&mut self, other: T) {
        *self = *self / other;
    }
}

impl Sum for Dual {
    fn sum<I: Iterator<Item = Dual>>(numbers: I) -> Dual {
        numbers.fold(Dual::constant(0.0), Dual::add)
    }
}

impl Product for Dual {
    fn product<I: Iterator<Item = Dual>>(numbers: I) -> Dual {
        numbers.fold(Dual::constant(1.0), Dual::mul)
    }
}

/// A plain number is a constant.
impl From<f64> for Dual {
    #[inline]
    fn from(value: f64) -> Dual {
        Dual::constant(value)
    }
}

impl PartialEq for Dual {
    #[inline]
    fn eq(&self, other: &Dual) -> bool {
        self.value == other.value
    }
}

impl PartialEq<f64> for Dual {
    #[inline]
    fn eq(&self, other: &f64) -> bool {
        self.value == *other
    }
}

impl PartialOrd for Dual {
    #[inline]
    fn partial_cmp(&self, other: &Dual) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl PartialOrd<f64> for Dual {
    #[inline]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.value.partial_cmp(other)
    }
}

/// `2.5 + 5.07ε`, in full, or with as many decimals as the format asks for.
impl fmt::Display for Dual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)?;
        let negative = self.derivative.is_sign_negative() && self.derivative != 0.0;
        f.write_str(if negative { " - " } else { " + " })?;
        fmt::Display::fmt(&self.derivative.abs(), f)?;
        f.write_str("ε")
    }
}

impl fmt::Debug for Dual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
