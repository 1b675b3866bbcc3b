//! Comparisons, by value. On a tape that is to be replayed they are written down: other inputs may come out otherwise, and
//! then the record is that of another branch.

use std::cmp::Ordering;

use super::gather;
use super::var::Var;
use crate::record::{Guard, Kind, NONE, Seen, Slot, Test};
use crate::scalar::Scalar;

/// True for the variables of a tape that writes down comparisons.
#[inline(always)]
fn is_guarded<T: Scalar>(generation: u64) -> bool {
    // As for those that gather, for plain numbers only.
    T::GATHERS && generation & Kind::Guarded as u64 != 0
}

impl<T: Scalar> Var<T> {
    /// What the program makes of its value, which is asked here and in no other place.
    #[inline]
    pub(super) fn looked_at(self) -> T {
        if is_guarded::<T>(self.generation) {
            note(self, Var::lifted(T::from(0.0)), Test::Value);
        }
        self.value
    }

    /// The value, where nothing hangs on it that is to be replayed.
    pub(crate) fn known(self) -> T {
        self.value
    }

    #[inline]
    fn compared(self, other: Var<T>, test: Test) {
        if is_guarded::<T>(self.generation | other.generation) {
            note(self, other, test);
        }
    }

    #[inline]
    fn compared_to(self, number: f64, test: Test) {
        if is_guarded::<T>(self.generation) {
            note(self, Var::from(number), test);
        }
    }

    /// The tape, if it writes down what was compared, and is not gone.
    fn guarded(self) -> Option<&'static Slot<T>> {
        self.tape.filter(|slot| is_guarded::<T>(self.generation) && slot.generation.get() == self.generation)
    }

    /// For a tape, variables of others are constants.
    fn seen(self, slot: &Slot<T>) -> Seen {
        let is_here = self.guarded().is_some_and(|own| std::ptr::eq(own, slot));
        (if is_here { gather::place(self.index) } else { NONE }, self.value.value())
    }
}

/// On the tape of either, or of both.
#[cold]
fn note<T: Scalar>(a: Var<T>, b: Var<T>, test: Test) {
    let outcome = test.of(a.value.value(), b.value.value());
    let slots = [a.guarded(), b.guarded().filter(|slot| a.guarded().is_none_or(|other| !std::ptr::eq(*slot, other)))];
    for slot in slots.into_iter().flatten() {
        slot.notes.add_guard(Guard { test, operands: [a.seen(slot), b.seen(slot)], outcome });
    }
}

impl<T: Scalar> PartialEq for Var<T> {
    #[inline]
    fn eq(&self, other: &Var<T>) -> bool {
        self.compared(*other, Test::Equal);
        self.value == other.value
    }
}

impl<T: Scalar> PartialEq<f64> for Var<T> {
    #[inline]
    fn eq(&self, other: &f64) -> bool {
        self.compared_to(*other, Test::Equal);
        self.value == *other
    }
}

/// Each way to compare is written down as what it asks: `x < y` stays as it is when x moves, but not beyond y.
impl<T: Scalar> PartialOrd for Var<T> {
    #[inline]
    fn partial_cmp(&self, other: &Var<T>) -> Option<Ordering> {
        self.compared(*other, Test::Order);
        self.value.partial_cmp(&other.value)
    }

    #[inline]
    fn lt(&self, other: &Var<T>) -> bool {
        self.compared(*other, Test::Less);
        self.value < other.value
    }

    #[inline]
    fn le(&self, other: &Var<T>) -> bool {
        self.compared(*other, Test::LessOrEqual);
        self.value <= other.value
    }

    #[inline]
    fn gt(&self, other: &Var<T>) -> bool {
        self.compared(*other, Test::Greater);
        self.value > other.value
    }

    #[inline]
    fn ge(&self, other: &Var<T>) -> bool {
        self.compared(*other, Test::GreaterOrEqual);
        self.value >= other.value
    }
}

impl<T: Scalar> PartialOrd<f64> for Var<T> {
    #[inline]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.compared_to(*other, Test::Order);
        self.value.partial_cmp(other)
    }

    #[inline]
    fn lt(&self, other: &f64) -> bool {
        self.compared_to(*other, Test::Less);
        self.value < *other
    }

    #[inline]
    fn le(&self, other: &f64) -> bool {
        self.compared_to(*other, Test::LessOrEqual);
        self.value <= *other
    }

    #[inline]
    fn gt(&self, other: &f64) -> bool {
        self.compared_to(*other, Test::Greater);
        self.value > *other
    }

    #[inline]
    fn ge(&self, other: &f64) -> bool {
        self.compared_to(*other, Test::GreaterOrEqual);
        self.value >= *other
    }
}
