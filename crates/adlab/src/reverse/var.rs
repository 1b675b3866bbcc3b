//! Numbers that write down what is done with them.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::gather::{self, gathers};
use crate::operators::number_operators;
use crate::record::sweep::Sums;
use crate::record::{NONE, Node, Op, Slot};
use crate::scalar::Scalar;

/// A number on a [`Tape`](crate::Tape): a value, and where the record says how it came about.
///
/// It is a plain copy without a lifetime, so that formulas read as they should, and a notebook can keep it. Made by
/// [`Tape::var`](crate::Tape::var); a `Var` made from a plain number is a constant, and belongs to no tape.
///
/// # Panics
/// Every operation panics on a variable of a tape that was cleared or dropped, and on two variables of different tapes.
#[derive(Clone, Copy)]
pub struct Var<T: 'static = f64> {
    pub(super) tape: Option<&'static Slot<T>>,
    pub(super) generation: u64,
    /// Where the record says it; on a tape that gathers, of what it is a function, and whether it is that itself.
    pub(super) index: u32,
    pub(super) value: T,
    /// On a tape that gathers, the derivative by what is recorded; else 1.
    pub(super) slope: T,
}

impl Var {
    /// A number that does not depend on any input.
    #[inline]
    pub const fn constant(value: f64) -> Var {
        Var { tape: None, generation: 0, index: NONE, value, slope: 1.0 }
    }
}

impl<T: Scalar> Var<T> {
    /// [`constant`](Var::constant) for a tape over other numbers than f64.
    #[inline]
    pub fn lifted(value: T) -> Var<T> {
        Var { tape: None, generation: 0, index: NONE, value, slope: T::from(1.0) }
    }

    /// The number itself, which on a tape over dual numbers is a dual number.
    #[inline]
    pub fn primal(self) -> T {
        self.looked_at()
    }

    #[inline]
    pub(super) fn is_constant(self) -> bool {
        self.tape.is_none()
    }

    /// The storage of the tape, if there is one. A variable whose tape is no more is refused.
    #[inline]
    #[track_caller]
    pub(super) fn slot(self) -> Option<&'static Slot<T>> {
        if let Some(slot) = self.tape
            && slot.generation.get() != self.generation
        {
            refuse_stale();
        }
        self.tape
    }

    /// What stands there on the tape.
    #[inline]
    pub(super) fn at(slot: &'static Slot<T>, generation: u64, index: u32, value: T) -> Var<T> {
        Var { tape: Some(slot), generation, index, value, slope: T::from(1.0) }
    }

    /// Where a pass backwards begins, and with what.
    pub(super) fn seed(self, weight: T) -> (usize, T) {
        let weight = if gathers::<T>(self.generation) { weight.times(self.slope) } else { weight };
        (gather::place(self.index) as usize, weight)
    }

    /// What a pass forwards brings here; 0 if nothing comes, however steep the function is.
    pub(super) fn tangent(self, tangents: &Sums<T>) -> T {
        let tangent = tangents.get(gather::place(self.index) as usize);
        let here = |tangent: T| if gathers::<T>(self.generation) { tangent.times(self.slope) } else { tangent };
        tangent.map_or(T::from(0.0), here)
    }

    /// Notes the value of what was just recorded, where it is not quite that of the operation.
    #[inline]
    pub(super) fn noted(self) -> Var<T> {
        if let Some(slot) = self.tape
            && !gathers::<T>(self.generation)
        {
            slot.notes.add_value(self.index, self.value.value());
        }
        self
    }

    /// Records a function of one variable.
    #[inline]
    #[track_caller]
    pub(super) fn unary(self, op: Op, value: T, partial: T) -> Var<T> {
        self.beside(op, value, [partial, T::from(0.0)])
    }

    /// Records a function of one variable and a constant, or nothing, that stands beside the partial derivative.
    #[inline]
    #[track_caller]
    pub(super) fn beside(self, op: Op, value: T, partials: [T; 2]) -> Var<T> {
        // What does not change is said so, and stays in its registers: a constant remains one, and a slope of 1 as well.
        let (index, slope) = match self.slot() {
            None => (self.index, self.slope),
            Some(_) if gathers::<T>(self.generation) => return self.function(value, partials[0]),
            Some(slot) => (T::write(slot, Node::new(op, [self.index, NONE], partials)), self.slope),
        };
        Var { index, value, slope, ..self }
    }

    /// A function of this one, on a tape that gathers.
    #[inline(always)]
    fn function(self, value: T, partial: T) -> Var<T> {
        Var { index: gather::function_of(self.index), value, slope: self.slope.times(partial), ..self }
    }

    /// Records a function of two, of which either may be a constant. In a loop, variables must be kept in registers, or all
    /// takes twice as long: so it is always inlined, and calls nothing with a whole variable.
    #[inline(always)]
    #[track_caller]
    pub(super) fn binary(self, other: Var<T>, op: Op, value: T, partials: (T, T)) -> Var<T> {
        // No two tapes have the same generation, so that one comparison tells of both.
        let (index, slope) = match (self.slot(), other.tape) {
            (None, None) => (self.index, self.slope),
            (Some(_), None) => return self.beside(op, value, [partials.0, other.value]),
            (Some(slot), Some(_)) if self.generation == other.generation => {
                if gathers::<T>(self.generation) {
                    let slopes = [self.slope.times(partials.0), other.slope.times(partials.1)];
                    gather::function_of_both(slot, [self.index, other.index], slopes)
                } else {
                    let node = Node::new(op, [self.index, other.index], [partials.0, partials.1]);
                    (T::write(slot, node), self.slope)
                }
            }
            (own, Some(slot)) => {
                // A variable whose tape is no more is told so first.
                other.slot();
                if own.is_some() {
                    refuse_other_tape();
                }
                if gathers::<T>(other.generation) {
                    return other.function(value, partials.1);
                }
                let node = Node::new(op, [self.index, other.index], [self.value, partials.1]);
                return Var { index: T::write(slot, node), value, ..other };
            }
        };
        Var { index, value, slope, ..self }
    }
}

#[cold]
#[track_caller]
fn refuse_stale() -> ! {
    panic!(
        "this variable's tape was cleared or dropped: make the tape and its variables again, and keep the tape in a \
         variable of its own as long as they are used"
    );
}

#[cold]
#[track_caller]
fn refuse_other_tape() -> ! {
    panic!("these two variables are on different tapes: make both with the same tape.var(…)");
}

/// ∂(a + b) = (1, 1)
impl<T: Scalar> Add for Var<T> {
    type Output = Var<T>;

    #[inline(always)]
    #[track_caller]
    fn add(self, other: Var<T>) -> Var<T> {
        self.binary(other, Op::Add, self.value + other.value, (T::from(1.0), T::from(1.0)))
    }
}

/// ∂(a − b) = (1, −1)
impl<T: Scalar> Sub for Var<T> {
    type Output = Var<T>;

    #[inline(always)]
    #[track_caller]
    fn sub(self, other: Var<T>) -> Var<T> {
        self.binary(other, Op::Sub, self.value - other.value, (T::from(1.0), T::from(-1.0)))
    }
}

/// ∂(a·b) = (b, a)
impl<T: Scalar> Mul for Var<T> {
    type Output = Var<T>;

    #[inline(always)]
    #[track_caller]
    fn mul(self, other: Var<T>) -> Var<T> {
        self.binary(other, Op::Mul, self.value * other.value, (other.value, self.value))
    }
}

/// ∂(a/b) = (1/b, −(a/b)/b)
impl<T: Scalar> Div for Var<T> {
    type Output = Var<T>;

    #[inline(always)]
    #[track_caller]
    fn div(self, other: Var<T>) -> Var<T> {
        let value = self.value / other.value;
        self.binary(other, Op::Div, value, (other.value.recip(), -value / other.value))
    }
}

/// ∂(−a) = −1
impl<T: Scalar> Neg for Var<T> {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn neg(self) -> Var<T> {
        self.unary(Op::Neg, -self.value, T::from(-1.0))
    }
}

// Plain numbers on either side are constants.

impl<T: Scalar> Add<f64> for Var<T> {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn add(self, other: f64) -> Var<T> {
        self.beside(Op::Add, self.value + other, [T::from(1.0), T::from(other)])
    }
}

impl<T: Scalar> Sub<f64> for Var<T> {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn sub(self, other: f64) -> Var<T> {
        self.beside(Op::Sub, self.value - other, [T::from(1.0), T::from(other)])
    }
}

impl<T: Scalar> Mul<f64> for Var<T> {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn mul(self, other: f64) -> Var<T> {
        self.beside(Op::Mul, self.value * other, [T::from(other); 2])
    }
}

impl<T: Scalar> Div<f64> for Var<T> {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn div(self, other: f64) -> Var<T> {
        self.beside(Op::Div, self.value / other, [T::from(other).recip(), T::from(other)])
    }
}

impl<T: Scalar> Add<Var<T>> for f64 {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn add(self, other: Var<T>) -> Var<T> {
        Var::from(self).binary(other, Op::Add, other.value + self, (T::from(1.0), T::from(1.0)))
    }
}

impl<T: Scalar> Sub<Var<T>> for f64 {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn sub(self, other: Var<T>) -> Var<T> {
        Var::from(self).binary(other, Op::Sub, -other.value + self, (T::from(1.0), T::from(-1.0)))
    }
}

impl<T: Scalar> Mul<Var<T>> for f64 {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn mul(self, other: Var<T>) -> Var<T> {
        Var::from(self).binary(other, Op::Mul, other.value * self, (other.value, T::from(self)))
    }
}

impl<T: Scalar> Div<Var<T>> for f64 {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn div(self, other: Var<T>) -> Var<T> {
        Var::from(self) / other
    }
}

number_operators!([T: Scalar] Var<T>);

/// A plain number is a constant.
impl<T: Scalar> From<f64> for Var<T> {
    #[inline]
    fn from(value: f64) -> Var<T> {
        Var::lifted(T::from(value))
    }
}

impl<T: Scalar> fmt::Display for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}
