//! Plain numbers: the functions of the standard library, and those that it lacks.

use super::{Scalar, Slopes};
use crate::record::{Kind, Node, Op, Slot, sweep};

/// Not generic, so that no cell has to compile it.
#[cold]
#[track_caller]
fn make_room(slot: &Slot<f64>) {
    slot.make_room(1);
}

/// A plain number is a constant: it has values only.
impl Scalar for f64 {
    #[inline]
    fn value(self) -> f64 {
        self
    }

    #[inline]
    fn is_zero(self) -> bool {
        self == 0.0
    }

    // No chain rule: plain numbers have every function below, where there is nothing else to be computed.

    type Value = f64;
    type Slope = f64;

    fn by_argument(self, op: Op, _: fn(f64) -> f64, _: fn(f64) -> f64) -> f64 {
        missing(op)
    }

    fn by_value(self, op: Op, _: fn(f64) -> f64, _: fn(f64) -> f64) -> f64 {
        missing(op)
    }

    fn by_constant<C>(self, _: C, op: Op, _: fn(f64, C) -> f64, _: fn(f64, C) -> f64) -> f64 {
        missing(op)
    }

    fn by_both(self, _: f64, op: Op, _: fn(f64, f64) -> f64, _: Slopes<f64>) -> f64 {
        missing(op)
    }

    #[inline]
    fn sigmoid(self) -> f64 {
        // The exponential of a negative number never overflows.
        if self >= 0.0 {
            1.0 / (1.0 + f64::exp(-self))
        } else {
            let e = f64::exp(self);
            e / (1.0 + e)
        }
    }

    #[inline]
    fn softplus(self) -> f64 {
        f64::max(self, 0.0) + f64::ln_1p(f64::exp(-f64::abs(self)))
    }

    #[inline]
    fn one_minus_square(self) -> f64 {
        (1.0 - self) * (1.0 + self)
    }

    #[inline]
    fn relu(self) -> f64 {
        if self <= 0.0 { 0.0 } else { self }
    }

    #[inline]
    fn erf(self) -> f64 {
        libm::erf(self)
    }

    // The standard library's lose digits: atanh near −1, acosh near 1, and asinh and acosh of 1e308 are ∞.

    #[inline]
    fn asinh(self) -> f64 {
        libm::asinh(self)
    }

    #[inline]
    fn acosh(self) -> f64 {
        libm::acosh(self)
    }

    #[inline]
    fn atanh(self) -> f64 {
        libm::atanh(self)
    }

    #[inline]
    fn pow(self, exponent: f64) -> f64 {
        f64::powf(self, exponent)
    }

    /// Times the reciprocal, which does not wait for the derivative, and is the same for all derivatives: a division takes as
    /// long as four products. Where it would be infinite or short of digits, both are scaled first, which is exact.
    #[inline]
    fn over(self, divisor: f64) -> f64 {
        const LARGE: f64 = 1.0 / f64::MIN_POSITIVE;
        let scale = match divisor.abs() {
            ..f64::MIN_POSITIVE => (1u64 << 60) as f64,
            LARGE.. => 0.0625,
            _ => 1.0,
        };
        self * scale * (divisor * scale).recip()
    }

    const GATHERS: bool = true;

    fn take_slot(kind: Kind) -> &'static Slot<f64> {
        Slot::take(kind)
    }

    fn give_slot_back(slot: &'static Slot<f64>) {
        slot.give_back();
    }

    #[inline]
    #[track_caller]
    fn write(slot: &Slot<f64>, node: Node<f64>) -> u32 {
        if slot.is_full() {
            make_room(slot);
        }
        slot.append(node)
    }

    fn adjoints(slot: &Slot<f64>, seeds: &[(usize, f64)]) -> Vec<f64> {
        let count = seeds.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
        let seeds = seeds.iter().map(|&(index, seed)| (index, 0, seed));
        slot.read(|nodes| sweep::plain_adjoints::<1>(nodes, slot.inputs(), seeds, slot.take_adjoints(count)))
    }

    fn give_adjoints_back(slot: &Slot<f64>, adjoints: Vec<f64>) {
        slot.give_adjoints_back(adjoints);
    }

    // The rest is what the standard library has under the same name.

    #[inline]
    fn sin(self) -> f64 {
        f64::sin(self)
    }

    #[inline]
    fn cos(self) -> f64 {
        f64::cos(self)
    }

    #[inline]
    fn tan(self) -> f64 {
        f64::tan(self)
    }

    #[inline]
    fn asin(self) -> f64 {
        f64::asin(self)
    }

    #[inline]
    fn acos(self) -> f64 {
        f64::acos(self)
    }

    #[inline]
    fn atan(self) -> f64 {
        f64::atan(self)
    }

    #[inline]
    fn sinh(self) -> f64 {
        f64::sinh(self)
    }

    #[inline]
    fn cosh(self) -> f64 {
        f64::cosh(self)
    }

    #[inline]
    fn tanh(self) -> f64 {
        f64::tanh(self)
    }

    #[inline]
    fn exp(self) -> f64 {
        f64::exp(self)
    }

    #[inline]
    fn exp2(self) -> f64 {
        f64::exp2(self)
    }

    #[inline]
    fn exp_m1(self) -> f64 {
        f64::exp_m1(self)
    }

    #[inline]
    fn ln(self) -> f64 {
        f64::ln(self)
    }

    #[inline]
    fn log2(self) -> f64 {
        f64::log2(self)
    }

    #[inline]
    fn log10(self) -> f64 {
        f64::log10(self)
    }

    #[inline]
    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }

    #[inline]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    #[inline]
    fn cbrt(self) -> f64 {
        f64::cbrt(self)
    }

    #[inline]
    fn recip(self) -> f64 {
        f64::recip(self)
    }

    #[inline]
    fn abs(self) -> f64 {
        f64::abs(self)
    }

    #[inline]
    fn signum(self) -> f64 {
        f64::signum(self)
    }

    #[inline]
    fn floor(self) -> f64 {
        f64::floor(self)
    }

    #[inline]
    fn atan2(self, x: f64) -> f64 {
        f64::atan2(self, x)
    }

    #[inline]
    fn powi(self, n: i32) -> f64 {
        f64::powi(self, n)
    }

    #[inline]
    fn powf(self, p: f64) -> f64 {
        f64::powf(self, p)
    }

    #[inline]
    fn hypot(self, other: f64) -> f64 {
        f64::hypot(self, other)
    }

    #[inline]
    fn min(self, other: f64) -> f64 {
        f64::min(self, other)
    }

    #[inline]
    fn max(self, other: f64) -> f64 {
        f64::max(self, other)
    }

    #[inline]
    fn mul_add(self, a: f64, b: f64) -> f64 {
        f64::mul_add(self, a, b)
    }
}

/// A function that is new in [`Scalar`] is to be written here as well.
fn missing(op: Op) -> ! {
    unreachable!("{op:?} is not written for f64")
}
