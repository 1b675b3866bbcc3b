//! Forward mode: numbers that carry their derivative along.
//!
//! The mathematics of dual numbers is on this page: the rules of sum, product, quotient and chain. The elementary functions
//! are in `scalar/`, once for all numbers, and their derivatives in `rules.rs`.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::display;
use crate::operators::{comparisons, left_operators, number_operators};
use crate::record::Op;
use crate::rules::{self, term};
use crate::scalar::{Scalar, Slopes};

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
///
/// A plain number is a better constant than `Dual::constant`, whose derivative is a 0 that is computed with: where a slope
/// is infinite, 0·∞ = NaN. A plain number has no derivative at all.
///
/// # Higher derivatives
/// The parts may be dual numbers themselves. The derivative of the derivative is then the second derivative:
///
/// ```
/// use adlab::{Dual, Scalar};
///
/// let x = Dual::seeded(Dual::variable(2.0)); // a Dual<Dual>, seeded at both levels
/// let z = x * x * x;
/// assert_eq!(z.value.value, 8.0); // x³
/// assert_eq!(z.derivative.value, 12.0); // 3x²
/// assert_eq!(z.derivative.derivative, 12.0); // 6x
/// ```
#[derive(Clone, Copy)]
pub struct Dual<T = f64> {
    /// The number itself.
    pub value: T,
    /// Its derivative by the input that was seeded.
    pub derivative: T,
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
        Dual { value, derivative: 1.0 }
    }

    /// A number that does not depend on the input: `value + 0ε`.
    #[inline]
    pub const fn constant(value: f64) -> Dual {
        Dual { value, derivative: 0.0 }
    }
}

impl<T: Scalar> Dual<T> {
    /// [`variable`](Dual::variable) for nested dual numbers: `value + 1ε`, where the value may be a dual number itself.
    #[inline]
    pub fn seeded(value: T) -> Dual<T> {
        Dual { value, derivative: T::from(1.0) }
    }

    /// [`constant`](Dual::constant) for nested dual numbers: `value + 0ε`. It lifts a number of an outer differentiation
    /// into an inner one, which does not differentiate by it.
    #[inline]
    pub fn lifted(value: T) -> Dual<T> {
        Dual { value, derivative: T::from(0.0) }
    }

    /// The chain rule: a function's value at `self`, and its slope there times our derivative.
    #[inline]
    fn chain(self, value: T, slope: T) -> Dual<T> {
        Dual { value, derivative: slope.times(self.derivative) }
    }

    /// The chain rule for two arguments: each slope times its argument's derivative, and the sum of both. An argument
    /// whose derivative is 0 counts as a constant.
    #[inline]
    fn chain2(self, other: Dual<T>, value: T, (by_self, by_other): (T, T)) -> Dual<T> {
        Dual { value, derivative: term(by_self, self.derivative) + term(by_other, other.derivative) }
    }
}

/// The sum rule: (a + b)′ = a′ + b′
impl<T: Scalar> Add for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn add(self, other: Dual<T>) -> Dual<T> {
        Dual { value: self.value + other.value, derivative: self.derivative + other.derivative }
    }
}

/// (a − b)′ = a′ − b′
impl<T: Scalar> Sub for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn sub(self, other: Dual<T>) -> Dual<T> {
        Dual { value: self.value - other.value, derivative: self.derivative - other.derivative }
    }
}

/// The product rule: (a·b)′ = a′·b + a·b′
impl<T: Scalar> Mul for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn mul(self, other: Dual<T>) -> Dual<T> {
        let derivative = self.derivative * other.value + self.value * other.derivative;
        Dual { value: self.value * other.value, derivative }
    }
}

/// The quotient rule: (a/b)′ = (a′ − (a/b)·b′)/b
impl<T: Scalar> Div for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn div(self, other: Dual<T>) -> Dual<T> {
        let value = self.value / other.value;
        Dual { value, derivative: (self.derivative - value * other.derivative).over(other.value) }
    }
}

/// (−a)′ = −a′
impl<T: Scalar> Neg for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn neg(self) -> Dual<T> {
        Dual { value: -self.value, derivative: -self.derivative }
    }
}

// Plain numbers are constants: their derivative is not 0 but absent.

/// (a + c)′ = a′
impl<T: Scalar> Add<f64> for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn add(self, constant: f64) -> Dual<T> {
        Dual { value: self.value + constant, derivative: self.derivative }
    }
}

/// (a − c)′ = a′
impl<T: Scalar> Sub<f64> for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn sub(self, constant: f64) -> Dual<T> {
        Dual { value: self.value - constant, derivative: self.derivative }
    }
}

/// (a·c)′ = a′·c
impl<T: Scalar> Mul<f64> for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn mul(self, constant: f64) -> Dual<T> {
        Dual { value: self.value * constant, derivative: self.derivative * constant }
    }
}

/// (a/c)′ = a′/c
impl<T: Scalar> Div<f64> for Dual<T> {
    type Output = Dual<T>;

    #[inline]
    fn div(self, constant: f64) -> Dual<T> {
        Dual { value: self.value / constant, derivative: self.derivative / constant }
    }
}

/// The elementary functions: each gives its value and the rule of its slope, and the chain rule makes one number of them.
impl<T: Scalar> Scalar for Dual<T> {
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }

    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.derivative.is_zero()
    }

    #[inline]
    fn times(self, other: Dual<T>) -> Dual<T> {
        let derivative = term(other.value, self.derivative) + term(self.value, other.derivative);
        Dual { value: self.value.times(other.value), derivative }
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

left_operators!([T: Scalar] Dual<T>);
number_operators!([T: Scalar] Dual<T>);
comparisons!([T: Scalar] Dual<T>, |x| x.value);

/// A plain number is a constant.
impl<T: Scalar> From<f64> for Dual<T> {
    #[inline]
    fn from(value: f64) -> Dual<T> {
        Dual::lifted(T::from(value))
    }
}

/// `2.5 + 5.07ε`, in full, or with as many decimals as the format asks for; nested ones `(4 + 4ε) + (4 + 2ε)ε`.
impl<T: Scalar> fmt::Display for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::first(f, &self.value)?;
        display::term(f, &self.derivative, "ε")
    }
}
