//! The pass backwards over the record, which is reverse mode, and the one forwards.
//!
//! Each node knows its local derivatives. Backwards, a node hands its adjoint (the derivative of the result by it) on to
//! its inputs, multiplied by them, and where several meet they add up. Forwards, a node gathers the tangents of its inputs
//! in the same way. Both are the chain rule; they differ in the end from which it is summed up.

use std::ops::Add;

use super::storage::{NONE, Node};

/// The derivative of one result, or of a weighted sum of several, by each node. The seeds are the results' weights, and
/// `times` is how these numbers multiply in the chain rule.
pub fn adjoints<T>(nodes: &[Node<T>], seeds: &[(usize, T)], times: impl Fn(T, T) -> T) -> Vec<T>
where
    T: Copy + From<f64> + Add<Output = T>,
{
    let mut adjoints = Sums::new(seeds.iter().map(|(index, _)| index + 1).max().unwrap_or(0));
    for &(index, seed) in seeds {
        adjoints.add(index, seed);
    }
    for index in (0..adjoints.sums.len()).rev() {
        if let Some(adjoint) = adjoints.get(index) {
            let node = &nodes[index];
            for (input, partial) in node.inputs.into_iter().zip(node.partials) {
                if input != NONE {
                    adjoints.add(input as usize, times(adjoint, partial));
                }
            }
        }
    }
    adjoints.sums
}

/// The derivative of each node along one direction. The seeds are the inputs' tangents.
pub fn tangents<T>(nodes: &[Node<T>], seeds: &[(usize, T)], times: impl Fn(T, T) -> T) -> Vec<T>
where
    T: Copy + From<f64> + Add<Output = T>,
{
    let mut tangents = Sums::new(nodes.len());
    for &(index, seed) in seeds {
        tangents.add(index, seed);
    }
    for (index, node) in nodes.iter().enumerate() {
        for (input, partial) in node.inputs.into_iter().zip(node.partials) {
            if input != NONE
                && let Some(tangent) = tangents.get(input as usize)
            {
                tangents.add(index, times(partial, tangent));
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

impl<T: Copy + From<f64> + Add<Output = T>> Sums<T> {
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
