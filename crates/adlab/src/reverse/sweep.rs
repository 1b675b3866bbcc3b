//! The pass backwards over the record, which is reverse mode, and the one forwards.
//!
//! Each node knows its local derivatives. Backwards, a node hands its adjoint (the derivative of the result by it) on to
//! its inputs, multiplied by them, and where several meet they add up. Forwards, a node gathers the tangents of its inputs
//! in the same way. Both are the chain rule; they differ in the end from which it is summed up.

use std::fmt;
use std::ops::Index;

use super::storage::{NONE, Node, Slot};
use super::var::Var;
use crate::scalar::Scalar;

/// The derivative of one result, or of a weighted sum of several, by each node. The seeds are the results' weights.
pub fn adjoints<T: Scalar>(nodes: &[Node<T>], seeds: &[(usize, T)]) -> Vec<T> {
    let mut adjoints = Sums::new(seeds.iter().map(|(index, _)| index + 1).max().unwrap_or(0));
    for &(index, seed) in seeds {
        adjoints.add(index, seed);
    }
    for index in (0..adjoints.sums.len()).rev() {
        if let Some(adjoint) = adjoints.get(index) {
            let node = &nodes[index];
            for (input, partial) in node.inputs.into_iter().zip(node.partials) {
                if input != NONE {
                    adjoints.add(input as usize, adjoint * partial);
                }
            }
        }
    }
    adjoints.sums
}

/// The derivative of each node along one direction. The seeds are the inputs' tangents.
pub fn tangents<T: Scalar>(nodes: &[Node<T>], seeds: &[(usize, T)]) -> Vec<T> {
    let mut tangents = Sums::new(nodes.len());
    for &(index, seed) in seeds {
        tangents.add(index, seed);
    }
    for (index, node) in nodes.iter().enumerate() {
        for (input, partial) in node.inputs.into_iter().zip(node.partials) {
            if input != NONE
                && let Some(tangent) = tangents.get(input as usize)
            {
                tangents.add(index, partial * tangent);
            }
        }
    }
    tangents.sums
}

/// A sum for each node, and whether anything was added to it. What a result does not depend on is left out, and not
/// multiplied by 0: an infinite slope there would make 0·∞ = NaN.
struct Sums<T> {
    sums: Vec<T>,
    reached: Vec<bool>,
}

impl<T: Scalar> Sums<T> {
    fn new(length: usize) -> Sums<T> {
        Sums { sums: vec![T::from(0.0); length], reached: vec![false; length] }
    }

    #[inline]
    fn get(&self, index: usize) -> Option<T> {
        self.reached[index].then(|| self.sums[index])
    }

    #[inline]
    fn add(&mut self, index: usize, number: T) {
        self.sums[index] = if self.reached[index] { self.sums[index] + number } else { number };
        self.reached[index] = true;
    }
}

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
        Gradient::new(slot, self.generation, &[(self.index as usize, seed)])
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
        Gradient { slot, generation, adjoints: T::adjoints(&slot.nodes.borrow(), seeds) }
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
        // What was recorded after the result does not influence it.
        self.adjoints.get(var.index as usize).copied().unwrap_or(T::from(0.0))
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
