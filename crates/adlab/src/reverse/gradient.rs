//! What the pass backwards gives: the derivatives of a result.

use std::fmt;
use std::ops::Index;

use super::gather::is_function;
use super::var::Var;
use crate::record::Slot;
use crate::scalar::Scalar;

impl<T: Scalar> Var<T> {
    /// The derivatives of this result by everything that it was computed from, in one pass backwards over the tape.
    ///
    /// # Panics
    /// If this is a constant, or its tape was cleared or dropped.
    #[track_caller]
    pub fn backward(self) -> Gradient<T> {
        self.backward_with(T::from(1.0))
    }

    /// Like [`backward`](Var::backward), with another seed than 1: every derivative is multiplied by it.
    #[track_caller]
    pub fn backward_with(self, seed: T) -> Gradient<T> {
        let Some(slot) = self.slot() else {
            panic!("this is a constant: nothing was recorded that it depends on; make the inputs with tape.var(…)");
        };
        Gradient::new(slot, self.generation, &[self.seed(seed)])
    }
}

/// The derivatives of one result by everything on its tape (the adjoints).
#[derive(Clone)]
pub struct Gradient<T: Scalar = f64> {
    slot: &'static Slot<T>,
    generation: u64,
    adjoints: Vec<T>,
}

impl<T: Scalar> Gradient<T> {
    pub(super) fn new(slot: &'static Slot<T>, generation: u64, seeds: &[(usize, T)]) -> Gradient<T> {
        Gradient { slot, generation, adjoints: T::adjoints(slot, seeds) }
    }

    /// The derivatives by the first n nodes, which are the inputs; a copy, as the others may be many more.
    pub(crate) fn by_first(self, n: usize) -> Vec<T> {
        let mut by_inputs = self.adjoints[..n.min(self.adjoints.len())].to_vec();
        by_inputs.resize(n, T::from(0.0));
        by_inputs
    }

    /// The derivative with respect to `var`; 0 where the result does not depend on it.
    ///
    /// # Panics
    /// If `var` is a constant or on another tape.
    #[track_caller]
    pub fn wrt(&self, var: Var<T>) -> T {
        let Some(slot) = var.tape else {
            panic!("a constant has no derivative: ask for that of a variable made with tape.var(…)");
        };
        assert!(
            std::ptr::eq(slot, self.slot) && var.generation == self.generation,
            "this variable is not on the tape of this gradient: it is of another tape, or the tape was cleared between"
        );
        assert!(
            !is_function(var.index),
            "gradient(…) and its kin keep derivatives by inputs, and not by what is computed from them: for those, record on \
             a tape of your own, made with Tape::new()"
        );
        // What was recorded after the result does not influence it.
        self.adjoints.get(var.index as usize).copied().unwrap_or(T::from(0.0))
    }
}

/// The next pass over this record uses the memory.
impl<T: Scalar> Drop for Gradient<T> {
    fn drop(&mut self) {
        if self.slot.generation.get() == self.generation {
            T::give_adjoints_back(self.slot, std::mem::take(&mut self.adjoints));
        }
    }
}

/// `gradient[x]` is `gradient.wrt(x)`.
impl Index<Var> for Gradient {
    type Output = f64;

    #[track_caller]
    fn index(&self, var: Var) -> &f64 {
        // Checks that it is one of ours.
        self.wrt(var);
        self.adjoints.get(var.index as usize).unwrap_or(&0.0)
    }
}

impl<T: Scalar> fmt::Debug for Gradient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gradient").field(&self.adjoints).finish()
    }
}
