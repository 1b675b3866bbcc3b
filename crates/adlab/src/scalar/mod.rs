//! What a differentiable function may do with its numbers. `plain.rs` has it for f64, `real.rs` lets
//! the rules of differentiation compute with it.

mod plain;
mod real;

use std::fmt::{Debug, Display};
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::record::{Node, Slot, sweep};

/// A real number, or something that computes like one and differentiates on the way: [`f64`], [`Dual`](crate::Dual),
/// [`DualVec`](crate::DualVec), [`Taylor`](crate::Taylor) and [`Var`](crate::Var).
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
/// Plain numbers are exact constants, and have no derivative at all.
///
/// Every function has the value that [`f64`]'s function of the same name has, at every argument. Where it has no
/// derivative, at a kink or a step, a convention gives one; it stands beside the function below. Outside a function's
/// domain, value and derivative are those of its formula, which is mostly NaN. Nothing is patched: 0·∞ in a chain is
/// NaN, and stays NaN.
///
/// Comparisons look at the value alone, so that `if x > 0.0 { … }` takes the branch that the plain program takes.
pub trait Scalar:
    Copy
    + Debug
    + Display
    + PartialOrd
    + PartialOrd<f64>
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
    + AddAssign<f64>
    + SubAssign<f64>
    + MulAssign<f64>
    + DivAssign<f64>
    + Sum
    + Product
    + 'static
{
    /// The plain number (the primal).
    fn value(self) -> f64;

    /// True if this is 0 and all its derivatives are 0, so that it can be left out of a sum.
    fn is_zero(self) -> bool;

    // Trigonometric functions and their inverses, in radians.

    /// d sin x = cos x
    fn sin(self) -> Self;

    /// d cos x = −sin x
    fn cos(self) -> Self;

    /// d tan x = 1 + tan² x
    fn tan(self) -> Self;

    /// d asin x = 1/√(1 − x²), and ∞ at ±1.
    fn asin(self) -> Self;

    /// d acos x = −1/√(1 − x²), and −∞ at ±1.
    fn acos(self) -> Self;

    /// d atan x = 1/(1 + x²)
    fn atan(self) -> Self;

    /// The angle of the point (x, y), as `y.atan2(x)`: ∂/∂y = x/(x² + y²) and ∂/∂x = −y/(x² + y²).
    fn atan2(self, x: Self) -> Self;

    // Hyperbolic functions and their inverses.

    /// d sinh x = cosh x
    fn sinh(self) -> Self;

    /// d cosh x = sinh x
    fn cosh(self) -> Self;

    /// d tanh x = 1 − tanh² x
    fn tanh(self) -> Self;

    /// d asinh x = 1/√(x² + 1)
    fn asinh(self) -> Self;

    /// d acosh x = 1/√(x² − 1), and ∞ at 1.
    fn acosh(self) -> Self;

    /// d atanh x = 1/(1 − x²), and ∞ at ±1.
    fn atanh(self) -> Self;

    // Exponentials and logarithms.

    /// d eˣ = eˣ
    fn exp(self) -> Self;

    /// d 2ˣ = 2ˣ·ln 2
    fn exp2(self) -> Self;

    /// eˣ − 1, with all its digits near 0: d (eˣ − 1) = eˣ
    fn exp_m1(self) -> Self;

    /// Natural logarithm: d ln x = 1/x, and ∞ at 0.
    fn ln(self) -> Self;

    /// d log₂ x = 1/(x·ln 2), and ∞ at 0.
    fn log2(self) -> Self;

    /// d log₁₀ x = 1/(x·ln 10), and ∞ at 0.
    fn log10(self) -> Self;

    /// ln(1 + x), with all its digits near 0: d ln(1 + x) = 1/(1 + x)
    fn ln_1p(self) -> Self;

    // Roots and powers.

    /// d √x = 1/(2√x), and ∞ at 0.
    fn sqrt(self) -> Self;

    /// d ∛x = 1/(3∛x²), and ∞ at 0.
    fn cbrt(self) -> Self;

    /// d (1/x) = −1/x²
    fn recip(self) -> Self;

    /// Power with an integer: d xⁿ = n·xⁿ⁻¹, and 0 for n = 0.
    fn powi(self, n: i32) -> Self;

    /// Power with a constant: d xᵖ = p·xᵖ⁻¹, and 0 for p = 0.
    fn powf(self, p: f64) -> Self;

    /// Power where both may vary: ∂/∂a aᵇ = b·aᵇ⁻¹ and ∂/∂b aᵇ = aᵇ·ln a, the latter 0 at a = 0 with b ≥ 0.
    ///
    /// Of this and all functions of two arguments, an argument whose derivative is 0 counts as a constant, and its term is
    /// left out, even where the slope is infinite or NaN: so a constant exponent allows a negative base.
    fn pow(self, exponent: Self) -> Self;

    /// √(x² + y²), without overflow on the way: ∂/∂x = x/√(x² + y²), and 0 at the origin, as for |x|.
    fn hypot(self, other: Self) -> Self;

    // Functions with kinks and steps.

    /// d |x| = −1 or 1, the sign of x, and 0 at the kink.
    fn abs(self) -> Self;

    /// The sign of x, −1 or 1, as [`f64::signum`]: of 0 it is 1, of −0 it is −1. The derivative is 0 everywhere.
    fn signum(self) -> Self;

    /// The greatest integer that is not above x. The derivative is 0 everywhere, at the steps as well.
    fn floor(self) -> Self;

    /// The smaller one, and its derivative; on a tie, half of each. One that is NaN is ignored, as by [`f64::min`].
    fn min(self, other: Self) -> Self;

    /// The greater one, and its derivative; on a tie, half of each. One that is NaN is ignored, as by [`f64::max`].
    fn max(self, other: Self) -> Self;

    /// max(x, 0), with derivative 0 at the kink; NaN stays NaN.
    fn relu(self) -> Self;

    // Products and functions of statistics and learning.

    /// `self·a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// The logistic function σ(x) = 1/(1 + e⁻ˣ): d σ = σ(1 − σ)
    fn sigmoid(self) -> Self;

    /// ln(1 + eˣ), without overflow: d ln(1 + eˣ) = σ(x)
    fn softplus(self) -> Self;

    /// The error function 2/√π · ∫₀ˣ e^(−t²) dt: d erf x = 2/√π · e^(−x²)
    fn erf(self) -> Self;

    // What tapes of these numbers do. All do the same; f64 repeats it so that it is compiled in this crate, once, and not
    // in each notebook cell that uses a tape.

    #[doc(hidden)]
    fn take_slot() -> &'static Slot<Self> {
        Slot::take()
    }

    #[doc(hidden)]
    fn give_slot_back(slot: &'static Slot<Self>) {
        slot.give_back();
    }

    #[doc(hidden)]
    #[track_caller]
    fn write(slot: &Slot<Self>, node: Node<Self>) -> u32 {
        slot.write(node)
    }

    #[doc(hidden)]
    fn adjoints(nodes: &[Node<Self>], seeds: &[(usize, Self)]) -> Vec<Self> {
        sweep::adjoints(nodes, seeds)
    }
}
