//! What a differentiable function may do with its numbers.
//!
//! Each elementary function is written here once: its value, and the rule of its derivative from `rules.rs`. How the two
//! become one number is the chain rule, and each kind of number brings its own. `plain.rs` has the values: the functions of
//! f64. `real.rs` lets the rules compute with every scalar.
//!
//! A new function has its rule in `rules.rs`, its name in [`Op`], its value in `plain.rs`, and a line here.

mod plain;
mod real;

use std::fmt::{Debug, Display};
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::record::{Kind, Node, Op, Slot, sweep};
use crate::rules;

/// The slopes of a function of two arguments, from these and from its value.
pub type Slopes<T> = fn(T, T, T) -> (T, T);

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
/// Every function has the value that [`f64`]'s function of the same name has, at every argument; but asinh, acosh and atanh
/// have digits that the standard library's lose near −1 and 1, and far out. Where a function has no
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

    // The chain rule of these numbers, in the forms that the functions below need: a function `f` of values, and the rule of
    // its slope. `op` is its name on a tape. Both are pointers, so that a cell compiles the chain rule once for its numbers,
    // and not once for each function; where it is optimised, they cost nothing.

    /// What `f` computes with: the numbers that this one is made of.
    #[doc(hidden)]
    type Value: Scalar;

    /// What a rule computes with.
    #[doc(hidden)]
    type Slope: Scalar;

    /// A function whose slope follows from its argument.
    #[doc(hidden)]
    #[track_caller]
    fn by_argument(self, op: Op, f: fn(Self::Value) -> Self::Value, rule: fn(Self::Slope) -> Self::Slope) -> Self;

    /// A function whose slope follows from its value.
    #[doc(hidden)]
    #[track_caller]
    fn by_value(self, op: Op, f: fn(Self::Value) -> Self::Value, rule: fn(Self::Slope) -> Self::Slope) -> Self;

    /// A function of an argument and a constant, whose slope follows from these.
    #[doc(hidden)]
    #[track_caller]
    fn by_constant<C: Copy + Into<f64>>(
        self,
        constant: C,
        op: Op,
        f: fn(Self::Value, C) -> Self::Value,
        rule: fn(Self::Slope, C) -> Self::Slope,
    ) -> Self;

    /// A function of two arguments, whose slopes follow from these and from its value.
    #[doc(hidden)]
    #[track_caller]
    fn by_both(
        self,
        other: Self,
        op: Op,
        f: fn(Self::Value, Self::Value) -> Self::Value,
        rules: Slopes<Self::Slope>,
    ) -> Self;

    /// A slope times a derivative, in the chain rule. Both may have derivatives themselves: one of them that is 0 is that of
    /// a constant, as the 1 that a derivative begins with, and its term is left out even where the other is infinite.
    #[doc(hidden)]
    #[inline]
    fn times(self, derivative: Self) -> Self {
        self * derivative
    }

    /// A derivative divided by a number, in the quotient rule.
    #[doc(hidden)]
    #[inline]
    fn over(self, divisor: Self) -> Self {
        self / divisor
    }

    /// 1 − x², for the rules: with all its digits near ±1, and those of its derivative near 0.
    #[doc(hidden)]
    #[inline]
    fn one_minus_square(self) -> Self {
        self.by_argument(Op::Sub, Scalar::one_minus_square, |x| x * -2.0)
    }

    // Trigonometric functions and their inverses, in radians.

    /// d sin x = cos x
    #[inline]
    #[track_caller]
    fn sin(self) -> Self {
        self.by_argument(Op::Sin, Scalar::sin, rules::d_sin)
    }

    /// d cos x = −sin x
    #[inline]
    #[track_caller]
    fn cos(self) -> Self {
        self.by_argument(Op::Cos, Scalar::cos, rules::d_cos)
    }

    /// d tan x = 1 + tan² x
    #[inline]
    #[track_caller]
    fn tan(self) -> Self {
        self.by_value(Op::Tan, Scalar::tan, rules::d_tan)
    }

    /// d asin x = 1/√(1 − x²), and ∞ at ±1.
    #[inline]
    #[track_caller]
    fn asin(self) -> Self {
        self.by_argument(Op::Asin, Scalar::asin, rules::d_asin)
    }

    /// d acos x = −1/√(1 − x²), and −∞ at ±1.
    #[inline]
    #[track_caller]
    fn acos(self) -> Self {
        self.by_argument(Op::Acos, Scalar::acos, rules::d_acos)
    }

    /// d atan x = 1/(1 + x²)
    #[inline]
    #[track_caller]
    fn atan(self) -> Self {
        self.by_argument(Op::Atan, Scalar::atan, rules::d_atan)
    }

    /// The angle of the point (x, y), as `y.atan2(x)`: ∂/∂y = x/(x² + y²) and ∂/∂x = −y/(x² + y²). At the origin, both are
    /// 0, and the second derivatives NaN.
    fn atan2(self, x: Self) -> Self;

    // Hyperbolic functions and their inverses.

    /// d sinh x = cosh x
    #[inline]
    #[track_caller]
    fn sinh(self) -> Self {
        self.by_argument(Op::Sinh, Scalar::sinh, rules::d_sinh)
    }

    /// d cosh x = sinh x
    #[inline]
    #[track_caller]
    fn cosh(self) -> Self {
        self.by_argument(Op::Cosh, Scalar::cosh, rules::d_cosh)
    }

    /// d tanh x = 1 − tanh² x
    #[inline]
    #[track_caller]
    fn tanh(self) -> Self {
        self.by_value(Op::Tanh, Scalar::tanh, rules::d_tanh)
    }

    /// d asinh x = 1/√(x² + 1)
    #[inline]
    #[track_caller]
    fn asinh(self) -> Self {
        self.by_argument(Op::Asinh, Scalar::asinh, rules::d_asinh)
    }

    /// d acosh x = 1/√(x² − 1), and ∞ at 1.
    #[inline]
    #[track_caller]
    fn acosh(self) -> Self {
        self.by_argument(Op::Acosh, Scalar::acosh, rules::d_acosh)
    }

    /// d atanh x = 1/(1 − x²), and ∞ at ±1.
    #[inline]
    #[track_caller]
    fn atanh(self) -> Self {
        self.by_argument(Op::Atanh, Scalar::atanh, rules::d_atanh)
    }

    // Exponentials and logarithms.

    /// d eˣ = eˣ
    #[inline]
    #[track_caller]
    fn exp(self) -> Self {
        self.by_value(Op::Exp, Scalar::exp, rules::d_exp)
    }

    /// d 2ˣ = 2ˣ·ln 2
    #[inline]
    #[track_caller]
    fn exp2(self) -> Self {
        self.by_value(Op::Exp2, Scalar::exp2, rules::d_exp2)
    }

    /// eˣ − 1, with all its digits near 0: d (eˣ − 1) = eˣ
    #[inline]
    #[track_caller]
    fn exp_m1(self) -> Self {
        self.by_argument(Op::ExpM1, Scalar::exp_m1, rules::d_exp_m1)
    }

    /// Natural logarithm: d ln x = 1/x, and ∞ at 0.
    #[inline]
    #[track_caller]
    fn ln(self) -> Self {
        self.by_argument(Op::Ln, Scalar::ln, rules::d_ln)
    }

    /// d log₂ x = 1/(x·ln 2), and ∞ at 0.
    #[inline]
    #[track_caller]
    fn log2(self) -> Self {
        self.by_argument(Op::Log2, Scalar::log2, rules::d_log2)
    }

    /// d log₁₀ x = 1/(x·ln 10), and ∞ at 0.
    #[inline]
    #[track_caller]
    fn log10(self) -> Self {
        self.by_argument(Op::Log10, Scalar::log10, rules::d_log10)
    }

    /// ln(1 + x), with all its digits near 0: d ln(1 + x) = 1/(1 + x)
    #[inline]
    #[track_caller]
    fn ln_1p(self) -> Self {
        self.by_argument(Op::Ln1p, Scalar::ln_1p, rules::d_ln_1p)
    }

    // Roots and powers.

    /// d √x = 1/(2√x), and ∞ at 0.
    #[inline]
    #[track_caller]
    fn sqrt(self) -> Self {
        self.by_value(Op::Sqrt, Scalar::sqrt, rules::d_sqrt)
    }

    /// d ∛x = 1/(3∛x²), and ∞ at 0.
    #[inline]
    #[track_caller]
    fn cbrt(self) -> Self {
        self.by_value(Op::Cbrt, Scalar::cbrt, rules::d_cbrt)
    }

    /// d (1/x) = −1/x²
    #[inline]
    #[track_caller]
    fn recip(self) -> Self {
        self.by_value(Op::Recip, Scalar::recip, rules::d_recip)
    }

    /// Power with an integer: d xⁿ = n·xⁿ⁻¹, and 0 for n = 0.
    #[inline]
    #[track_caller]
    fn powi(self, n: i32) -> Self {
        self.by_constant(n, Op::Powi, Scalar::powi, rules::d_powi)
    }

    /// Power with a constant: d xᵖ = p·xᵖ⁻¹, and 0 for p = 0.
    #[inline]
    #[track_caller]
    fn powf(self, p: f64) -> Self {
        self.by_constant(p, Op::Pow, Scalar::powf, rules::d_powf)
    }

    /// Power where both may vary: ∂/∂a aᵇ = b·aᵇ⁻¹ and ∂/∂b aᵇ = aᵇ·ln a, the latter 0 at a = 0 with b ≥ 0.
    /// For a = 0 and b ≤ 1, the mixed second derivatives are infinite; they are given as NaN.
    ///
    /// Of this and all functions of two arguments, an argument whose derivative is 0 counts as a constant, and its term is
    /// left out, even where the slope is infinite or NaN: so a constant exponent allows a negative base.
    #[inline]
    #[track_caller]
    fn pow(self, exponent: Self) -> Self {
        self.by_both(exponent, Op::Pow, Scalar::pow, |a, b, y| {
            (rules::d_pow_base(a, b), rules::d_pow_exponent(a, b, y))
        })
    }

    /// √(x² + y²), without overflow on the way: ∂/∂x = x/√(x² + y²), and 0 at the origin, as for |x|. The
    /// second derivatives are NaN there, as it is the tip of a cone.
    #[inline]
    #[track_caller]
    fn hypot(self, other: Self) -> Self {
        self.by_both(other, Op::Hypot, Scalar::hypot, rules::d_hypot)
    }

    // Functions with kinks and steps.

    /// d |x| = −1 or 1, the sign of x, and 0 at the kink. The second derivative is 0 everywhere, at the kink as well.
    #[inline]
    #[track_caller]
    fn abs(self) -> Self {
        self.by_argument(Op::Abs, Scalar::abs, rules::d_abs)
    }

    /// The sign of x, −1 or 1, as [`f64::signum`]: of 0 it is 1, of −0 it is −1. The derivative is 0 everywhere.
    #[inline]
    #[track_caller]
    fn signum(self) -> Self {
        self.by_argument(Op::Signum, Scalar::signum, rules::d_step)
    }

    /// The greatest integer that is not above x. The derivative is 0 everywhere, at the steps as well.
    #[inline]
    #[track_caller]
    fn floor(self) -> Self {
        self.by_argument(Op::Floor, Scalar::floor, rules::d_step)
    }

    /// The smaller one, and its derivative; on a tie, half of each. One that is NaN is ignored, as by [`f64::min`].
    #[inline]
    #[track_caller]
    fn min(self, other: Self) -> Self {
        self.by_both(other, Op::Min, Scalar::min, rules::d_choice)
    }

    /// The greater one, and its derivative; on a tie, half of each. One that is NaN is ignored, as by [`f64::max`].
    #[inline]
    #[track_caller]
    fn max(self, other: Self) -> Self {
        self.by_both(other, Op::Max, Scalar::max, rules::d_choice)
    }

    /// max(x, 0), with derivative 0 at the kink; NaN stays NaN.
    #[inline]
    #[track_caller]
    fn relu(self) -> Self {
        self.by_value(Op::Relu, Scalar::relu, rules::d_relu)
    }

    // Products and functions of statistics and learning.

    /// `self·a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// The logistic function σ(x) = 1/(1 + e⁻ˣ): d σ = σ(1 − σ)
    #[inline]
    #[track_caller]
    fn sigmoid(self) -> Self {
        self.by_value(Op::Sigmoid, Scalar::sigmoid, rules::d_sigmoid)
    }

    /// ln(1 + eˣ), without overflow: d ln(1 + eˣ) = σ(x)
    #[inline]
    #[track_caller]
    fn softplus(self) -> Self {
        self.by_argument(Op::Softplus, Scalar::softplus, rules::d_softplus)
    }

    /// The error function 2/√π · ∫₀ˣ e^(−t²) dt: d erf x = 2/√π · e^(−x²)
    #[inline]
    #[track_caller]
    fn erf(self) -> Self {
        self.by_argument(Op::Erf, Scalar::erf, rules::d_erf)
    }

    // What tapes of these numbers do. All do the same; f64 repeats it so that it is compiled in this crate, once, and not
    // in each notebook cell that uses a tape.

    /// Whether tapes that nobody looks at may gather: for plain numbers only, so that there is one way for all others.
    #[doc(hidden)]
    const GATHERS: bool = false;

    #[doc(hidden)]
    fn take_slot(kind: Kind) -> &'static Slot<Self> {
        Slot::take(kind)
    }

    #[doc(hidden)]
    fn give_slot_back(slot: &'static Slot<Self>) {
        slot.give_back();
    }

    #[doc(hidden)]
    #[track_caller]
    fn write(slot: &Slot<Self>, node: Node<Self>) -> u32 {
        if slot.is_full() {
            slot.make_room(1);
        }
        slot.append(node)
    }

    #[doc(hidden)]
    fn adjoints(slot: &Slot<Self>, seeds: &[(usize, Self)]) -> Vec<Self> {
        slot.read(|nodes| sweep::adjoints(nodes, seeds, Self::times))
    }

    /// Only f64 uses their memory again.
    #[doc(hidden)]
    fn give_adjoints_back(_slot: &Slot<Self>, _adjoints: Vec<Self>) {}
}
