//! The pass backwards over the record, which is reverse mode, and the one forwards.
//!
//! Each node knows its local derivatives. Backwards, a node hands its adjoint (the derivative of the result by it) on to
//! its inputs, multiplied by them, and where several meet they add up. Forwards, a node gathers the tangents of its inputs
//! in the same way. Both are the chain rule; they differ in the end from which it is summed up.

use std::array::from_fn;
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
            for (input, partial) in node.inputs().into_iter().zip(node.partials) {
                if input != NONE {
                    adjoints.add(input as usize, times(adjoint, partial));
                }
            }
        }
    }
    adjoints.sums
}

/// What stands for a node that nothing has come to: −0, so that the first term is added as all others are. No sum of terms
/// is −0, as none of them is: see [`reached`].
pub const UNREACHED: f64 = -0.0;

/// [`adjoints`] of plain numbers, which is what all wait for: the same, but whether anything came to a node is written in
/// its sum, and not beside it. And for L results at once, since reading the record is most of the work: each node has as many
/// adjoints. What was in `memory` is forgotten, and its room used.
pub fn plain_adjoints<const L: usize>(
    nodes: &[Node<f64>],
    seeds: impl Iterator<Item = (usize, [f64; L])> + Clone,
    mut memory: Vec<f64>,
) -> Vec<f64> {
    let count = seeds.clone().map(|(index, _)| index + 1).max().unwrap_or(0);
    memory.clear();
    memory.resize(count * L, UNREACHED);
    let (sums, _) = memory.as_chunks_mut::<L>();
    for (index, seed) in seeds {
        add_terms(&mut sums[index], seed, 1.0);
    }
    // Inputs hand nothing on, and are often half of a record: those that it begins with are left out.
    let inputs = nodes[..count].iter().take_while(|node| node.is_input()).count();
    let (sums, nodes) = (&mut sums[..count], &nodes[..count]);
    let mut adjoint = sums.last().copied().unwrap_or([UNREACHED; L]);
    // A record begins with an input, so that there is a node before.
    for index in (inputs.max(1)..count).rev() {
        let (node, before) = (&nodes[index], index - 1);
        sums[index] = adjoint.map(reached);
        // It is often an operand. Its sum is kept at hand: to write it and to read it again takes longer than to compute it,
        // and all that follows waits for it.
        let mut next = sums[before];
        if !adjoint.into_iter().all(is_unreached) {
            for (input, partial) in node.inputs().into_iter().zip(node.partials) {
                // What stands nowhere is a constant.
                match input as usize {
                    input if input < before => add_terms(&mut sums[input], adjoint, partial),
                    input if input == before => add_terms(&mut next, adjoint, partial),
                    _ => (),
                }
            }
        }
        adjoint = next;
    }
    let sums_of_inputs = &mut sums[..inputs];
    if let Some(last) = sums_of_inputs.last_mut() {
        *last = adjoint;
    }
    sums_of_inputs.as_flattened_mut().iter_mut().for_each(|sum| *sum = reached(*sum));
    memory
}

/// The adjoints of the first n nodes, for each result.
pub fn by_first<const L: usize>(adjoints: &[f64], n: usize) -> [Vec<f64>; L] {
    let (adjoints, _) = adjoints.as_chunks::<L>();
    // What was recorded after the results does not influence them.
    let by = |lane: usize, node: usize| adjoints.get(node).map_or(0.0, |adjoints| adjoints[lane]);
    from_fn(|lane| (0..n).map(|node| by(lane, node)).collect())
}

/// A number that came to a node: 0 in place of −0.
#[inline(always)]
pub fn reached(number: f64) -> f64 {
    number + 0.0
}

#[inline(always)]
fn is_unreached(sum: f64) -> bool {
    // Its bits say it as well, but who asks for them gets all sums in registers that can't add.
    sum == 0.0 && sum.recip() < 0.0
}

/// Adds adjoints times a slope to sums, for each result; nothing where nothing came, even if the slope is infinite.
#[inline(always)]
fn add_terms<const L: usize>(sums: &mut [f64; L], adjoint: [f64; L], slope: f64) {
    for (sum, adjoint) in sums.iter_mut().zip(adjoint) {
        // What was there is made 0, and not the term, which is computed later.
        // Of one, something came; of several, perhaps not to each.
        if L == 1 || !is_unreached(adjoint) {
            *sum = reached(*sum) + adjoint * slope;
        }
    }
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
