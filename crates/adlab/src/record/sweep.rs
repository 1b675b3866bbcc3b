//! The pass backwards over the record, which is reverse mode, and the one forwards.
//!
//! Each node knows its local derivatives. Backwards, a node hands its adjoint (the derivative of the result by it) on to
//! its inputs, multiplied by them, and where several meet they add up. Forwards, a node gathers the tangents of its inputs
//! in the same way. Both are the chain rule; they differ in the end from which it is summed up.

use std::array::from_fn;
use std::ops::Add;

use super::storage::{Inputs, NONE, Node};

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
            for (input, partial) in node.inputs().into_iter().zip(node.partials) {
                if input != NONE {
                    adjoints.add(input as usize, times(adjoint, partial));
                }
            }
        }
    }
    adjoints.sums
}

/// A result's place, which of several results it is, and its weight.
pub type Seed = (usize, usize, f64);

/// [`adjoints`] of plain numbers, which is what all wait for: the same, but it does not note what came to a node. And for L
/// results at once, since reading the record is most of the work: each node has as many adjoints. What was in `memory` is
/// forgotten, and its room used.
pub fn plain_adjoints<const L: usize>(
    nodes: &[Node<f64>],
    inputs: Inputs,
    seeds: impl Iterator<Item = Seed> + Clone,
    mut memory: Vec<f64>,
) -> Vec<f64> {
    let count = seeds.clone().map(|(index, ..)| index + 1).max().unwrap_or(0);
    memory.clear();
    memory.resize(count * L, 0.0);
    let (sums, nodes) = (&mut memory.as_chunks_mut::<L>().0[..count], &nodes[..count]);
    for (index, lane, weight) in seeds.clone() {
        sums[index][lane] += weight;
    }
    // Inputs hand nothing on, and are often half of a record: those that it begins with are left out.
    let first = inputs.first.min(count);
    let mut adjoint = sums.last().copied().unwrap_or([0.0; L]);
    // A record begins with an input, so that there is a node before.
    for index in (first.max(1)..count).rev() {
        let (node, before) = (&nodes[index], index - 1);
        sums[index] = adjoint;
        // It is often an operand. Its sum is kept at hand: to write it and to read it again takes longer than to compute it,
        // and all that follows waits for it.
        let mut next = sums[before];
        for (input, partial) in node.inputs().into_iter().zip(node.partials) {
            // What stands nowhere is a constant.
            match input as usize {
                input if input < before => add_terms(&mut sums[input], adjoint, partial),
                input if input == before => add_terms(&mut next, adjoint, partial),
                _ => (),
            }
        }
        adjoint = next;
    }
    if let Some(last) = sums[..first].last_mut() {
        *last = adjoint;
    }
    // Where nothing has come, 0·∞ has made NaN. That stays NaN in each product and sum, and each node but an input has an operand
    // that is a node: so it has come down to some input.
    let ends = if first == inputs.all { first } else { count };
    if sums[..ends].as_flattened().iter().fold(false, |some, adjoint| some | adjoint.is_nan()) {
        return noted_adjoints::<L>(nodes, seeds);
    }
    memory
}

/// Adds adjoints times a slope to sums, for each result.
#[inline(always)]
fn add_terms<const L: usize>(sums: &mut [f64; L], adjoint: [f64; L], slope: f64) {
    sums.iter_mut().zip(adjoint).for_each(|(sum, adjoint)| *sum += adjoint * slope);
}

/// The same by way of [`adjoints`], for each result.
#[cold]
fn noted_adjoints<const L: usize>(nodes: &[Node<f64>], seeds: impl Iterator<Item = Seed> + Clone) -> Vec<f64> {
    let mut all = vec![[0.0; L]; nodes.len()];
    for lane in 0..L {
        let of_lane = seeds.clone().filter(|seed| seed.1 == lane).map(|(index, _, weight)| (index, weight));
        let of_lane: Vec<(usize, f64)> = of_lane.collect();
        let by_node = adjoints(nodes, &of_lane, |a, b| a * b);
        // 0 and no −0, as in sums that begin with 0.
        all.iter_mut().zip(by_node).for_each(|(all, adjoint)| all[lane] += adjoint);
    }
    all.into_flattened()
}

/// The adjoints of the first n nodes, for each result.
pub fn by_first<const L: usize>(adjoints: &[f64], n: usize) -> [Vec<f64>; L] {
    let (adjoints, _) = adjoints.as_chunks::<L>();
    // What was recorded after the results does not influence them.
    let by = |lane: usize, node: usize| adjoints.get(node).map_or(0.0, |adjoints| adjoints[lane]);
    from_fn(|lane| (0..n).map(|node| by(lane, node)).collect())
}

/// The derivative of each node along one direction. The seeds are the inputs' tangents.
pub fn tangents<T>(nodes: &[Node<T>], seeds: &[(usize, T)], times: impl Fn(T, T) -> T) -> Sums<T>
where
    T: Copy + From<f64> + Add<Output = T>,
{
    let mut tangents = Sums::new(nodes.len());
    for &(index, seed) in seeds {
        tangents.add(index, seed);
    }
    for (index, node) in nodes.iter().enumerate() {
        for (input, partial) in node.inputs().into_iter().zip(node.partials) {
            if input != NONE
                && let Some(tangent) = tangents.get(input as usize)
            {
                tangents.add(index, times(partial, tangent));
            }
        }
    }
    tangents
}

/// A sum for each node, and whether anything was added to it. What a result does not depend on is left out, and not
/// multiplied by 0: an infinite slope there would make 0·∞ = NaN.
pub struct Sums<T> {
    sums: Vec<T>,
    reached: Vec<bool>,
}

impl<T: Copy + From<f64> + Add<Output = T>> Sums<T> {
    fn new(length: usize) -> Sums<T> {
        Sums { sums: vec![T::from(0.0); length], reached: vec![false; length] }
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<T> {
        self.reached[index].then(|| self.sums[index])
    }

    #[inline]
    fn add(&mut self, index: usize, number: T) {
        self.sums[index] = if self.reached[index] { self.sums[index] + number } else { number };
        self.reached[index] = true;
    }
}
