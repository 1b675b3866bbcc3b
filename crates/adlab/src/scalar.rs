//! What a differentiable function may do with its numbers.

use std::fmt::{Debug, Display};
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::rules;

/// A real number, or something that computes like one and differentiates on the way: [`f64`], [`Dual`](crate::Dual) and
/// [`Var`](crate::Var).
///
/// A function written once for every `Scalar` gives values with `f64`, derivatives in forward mode with `Dual`, and
/// gradients in reverse mode with `Var`:
///
/// ```
/// use adlab::{Dual, Scalar, Tape};
///
/// fn f<T: Scalar>(x: T, y: T) -> T {
///     x * y + x.sin()
/// }
///
/// assert_eq!(f(0.5, 4.2), 2.579425538604203);
///
/// let forward = f(Dual::variable(0.5), Dual::constant(4.2));
/// assert_eq!(forward.derivative, 5.077582561890373);
///
/// let tape = Tape::new();
/// let (x, y) = (tape.var(0.5), tape.var(4.2));
/// let gradient = f(x, y).backward();
/// assert_eq!(gradient.wrt(x), 5.077582561890373);
/// assert_eq!(gradient.wrt(y), 0.5);
/// ```
///
/// In such a function, write plain numbers on the right: `x * 2.0`, not `2.0 * x`. (With a concrete type, both work.)
pub trait Scalar:
    Copy
    + Debug
    + Display
    + PartialOrd
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
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + Product
    + 'static
{
    /// The plain number (the primal).
    fn value(self) -> f64;

    /// d/dx sin x = cos x
    fn sin(self) -> Self;

    /// d/dx cos x = −sin x
    fn cos(self) -> Self;

    /// d/dx tan x = 1 + tan² x
    fn tan(self) -> Self;

    /// d/dx eˣ = eˣ
    fn exp(self) -> Self;

    /// Natural logarithm: d/dx ln x = 1/x, and ∞ at 0.
    fn ln(self) -> Self;

    /// d/dx √x = 1/(2√x), and ∞ at 0.
    fn sqrt(self) -> Self;

    /// d/dx tanh x = 1 − tanh² x
    fn tanh(self) -> Self;

    /// d/dx |x| = sign x, and 0 at the kink.
    fn abs(self) -> Self;

    /// max(x, 0), with derivative 0 at the kink.
    fn relu(self) -> Self;

    /// 1/(1 + e⁻ˣ): d/dx σ = σ(1 − σ)
    fn sigmoid(self) -> Self;

    /// Power with an integer: d/dx xⁿ = n·xⁿ⁻¹, and 0 for n = 0.
    fn powi(self, n: i32) -> Self;

    /// Power with a constant: d/dx xᵖ = p·xᵖ⁻¹, and 0 for p = 0.
    fn powf(self, p: f64) -> Self;

    /// Power where both may vary: ∂/∂a aᵇ = b·aᵇ⁻¹ and ∂/∂b aᵇ = aᵇ·ln a, the latter 0 at a = 0 with b ≥ 0.
    fn pow(self, exponent: Self) -> Self;
}

impl Scalar for f64 {
    fn value(self) -> f64 {
        self
    }

    fn sin(self) -> f64 {
        f64::sin(self)
    }

    fn cos(self) -> f64 {
        f64::cos(self)
    }

    fn tan(self) -> f64 {
        f64::tan(self)
    }

    fn exp(self) -> f64 {
        f64::exp(self)
    }

    fn ln(self) -> f64 {
        f64::ln(self)
    }

    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    fn tanh(self) -> f64 {
        f64::tanh(self)
    }

    fn abs(self) -> f64 {
        f64::abs(self)
    }

    fn relu(self) -> f64 {
        rules::relu(self)
    }

    fn sigmoid(self) -> f64 {
        rules::sigmoid(self)
    }

    fn powi(self, n: i32) -> f64 {
        f64::powi(self, n)
    }

    fn powf(self, p: f64) -> f64 {
        f64::powf(self, p)
    }

    fn pow(self, exponent: f64) -> f64 {
        f64::powf(self, exponent)
    }
}
