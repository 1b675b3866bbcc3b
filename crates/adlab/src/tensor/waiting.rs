//! Gradients that are not complete yet, in a pass backwards: by the operation, or the leaf, that they wait for.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::axes::Axes;
use super::data::{Edge, Node, Tensor};
use super::graph::is_recording;
use super::layout::Places;

thread_local! {
    /// The lists of the pass before, without anything in them.
    static BEFORE: Cell<Waiting> = const { Cell::new(Waiting::nothing()) };
}

/// The room for so many that a list keeps for the next pass.
const KEPT: usize = 64;

/// What has come so far.
#[derive(Default)]
pub struct Waiting {
    /// By their numbers.
    nodes: Ordered<(Node, Incomplete)>,
    /// By their addresses.
    leaves: Ordered<(Tensor, Incomplete)>,
    /// Operations that have had their turn, and keep what no other pass will need.
    spent: Vec<Node>,
}

/// What has come so far of one: a sum, and numbers that belong at some places of it.
struct Incomplete {
    sum: Option<Tensor>,
    parts: Vec<(Places, Tensor)>,
    shape: Axes,
}

impl Incomplete {
    /// All together. Nothing is left here.
    fn complete(&mut self) -> Tensor {
        let parts = std::mem::take(&mut self.parts);
        match (self.sum.take(), &parts[..]) {
            (Some(sum), []) => sum,
            (None, parts) => Tensor::put(parts, &self.shape),
            (Some(sum), parts) => sum + Tensor::put(parts, &self.shape),
        }
    }
}

impl Waiting {
    const fn nothing() -> Waiting {
        Waiting { nodes: Ordered::nothing(), leaves: Ordered::nothing(), spent: Vec::new() }
    }

    /// Without anything, but with room for some.
    pub fn begin() -> Waiting {
        // At the thread's end the lists may be gone before the last pass.
        BEFORE.try_with(Cell::take).unwrap_or_default()
    }

    /// The latest operation, whose gradient is complete: all that its result went into has been.
    pub fn next(&mut self) -> Option<(Node, Tensor)> {
        self.nodes.pop_last().map(|(node, mut gradient)| (node, gradient.complete()))
    }

    /// What this operation keeps goes when the pass is finished.
    pub fn spend(&mut self, node: Node) {
        self.spent.push(node);
    }

    /// When no operation waits any more, and nothing can fail: the gradients of the leaves are complete, and what no other pass
    /// will need is thrown away.
    pub fn finish(&mut self) {
        self.spent.drain(..).for_each(|node| node.kept.borrow_mut().spend());
        self.spent.shrink_to(KEPT);
        for (_, gradient) in self.leaves.values_mut() {
            gradient.sum = Some(gradient.complete());
        }
    }

    /// The leaves that something came to, and their gradients.
    pub fn leaves(&self) -> impl Iterator<Item = (&Tensor, &Tensor)> {
        self.leaves.values().map(|(leaf, gradient)| (leaf, gradient.sum.as_ref().expect("a finished pass")))
    }

    /// The same by value, at last. The lists are left to the next pass.
    pub fn end(mut self, mut each: impl FnMut(Tensor, Tensor)) {
        self.leaves.drain().for_each(|(leaf, mut gradient)| each(leaf, gradient.complete()));
        let _ = BEFORE.try_with(|before| before.set(self));
    }

    /// Adds to what waits for `edge`. Here, and nowhere else, broadcasting is undone.
    pub fn add(&mut self, edge: &Edge, gradient: Tensor, shape: &Axes) {
        let gradient = gradient.sum_to(shape);
        let Some(incomplete) = self.at(edge, shape) else { return };
        match &mut incomplete.sum {
            Some(sum) => sum.accumulate(&gradient),
            None => incomplete.sum = Some(gradient),
        }
    }

    /// Adds at some places only. It takes as long as there are places, however large the rest is: where the pass is recorded,
    /// nothing can be changed in place, and so all parts are put together at the end.
    pub fn put(&mut self, edge: &Edge, gradient: &Tensor, places: &Places, shape: &Axes) {
        let Some(incomplete) = self.at(edge, shape) else { return };
        if is_recording() {
            incomplete.parts.push((places.clone(), gradient.clone()));
        } else {
            let sum = incomplete.sum.get_or_insert_with(|| Tensor::zeros(shape));
            places.add_to(sum.own_numbers(), &gradient.numbers());
        }
    }

    /// What waits for `edge`; nothing for a leaf that is gone.
    fn at(&mut self, edge: &Edge, shape: &Axes) -> Option<&mut Incomplete> {
        let none = || Incomplete { sum: None, parts: Vec::new(), shape: shape.clone() };
        match edge {
            Edge::Leaf(leaf) => {
                let inner = leaf.upgrade()?;
                Some(&mut self.leaves.at(leaf.as_ptr() as u64, || (Tensor::from_inner(inner), none())).1)
            }
            Edge::Node(node) => Some(&mut self.nodes.at(node.id, || (node.clone(), none())).1),
        }
    }
}

impl Tensor {
    /// Adds to a gradient that is not complete yet: a new tensor where that is recorded, else in place.
    fn accumulate(&mut self, gradient: &Tensor) {
        if is_recording() {
            *self = &*self + gradient;
        } else {
            self.own_numbers().iter_mut().zip(gradient.numbers().iter()).for_each(|(sum, g)| *sum += g);
        }
    }
}

/// So many are looked through one by one.
const FEW: usize = 16;

/// A map in the order of its keys. There are hardly ever more than a few: for these, a list is faster than a tree.
struct Ordered<V> {
    /// The least comes first.
    few: Vec<(u64, V)>,
    many: BTreeMap<u64, V>,
}

impl<V> Default for Ordered<V> {
    fn default() -> Ordered<V> {
        Ordered::nothing()
    }
}

impl<V> Ordered<V> {
    const fn nothing() -> Ordered<V> {
        Ordered { few: Vec::new(), many: BTreeMap::new() }
    }

    /// The value of this key, a new one if there is none.
    fn at(&mut self, key: u64, new: impl FnOnce() -> V) -> &mut V {
        if self.many.contains_key(&key) || self.few.len() == FEW && self.few.iter().all(|(other, _)| *other != key) {
            self.many.extend(self.few.drain(..));
            return self.many.entry(key).or_insert_with(new);
        }
        let place = self.few.partition_point(|(other, _)| *other < key);
        if self.few.get(place).is_none_or(|(other, _)| *other != key) {
            self.few.insert(place, (key, new()));
        }
        &mut self.few[place].1
    }

    /// The value of the greatest key.
    fn pop_last(&mut self) -> Option<V> {
        let of_few = self.few.last().map(|(key, _)| *key);
        match self.many.last_entry() {
            Some(entry) if Some(*entry.key()) > of_few => Some(entry.remove()),
            _ => self.few.pop().map(|(_, value)| value),
        }
    }

    /// All of them, in no order.
    fn values(&self) -> impl Iterator<Item = &V> {
        self.many.values().chain(self.few.iter().map(|(_, value)| value))
    }

    /// The same, to be changed.
    fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.many.values_mut().chain(self.few.iter_mut().map(|(_, value)| value))
    }

    /// The same by value.
    fn drain(&mut self) -> impl Iterator<Item = V> {
        std::mem::take(&mut self.many).into_values().chain(self.few.drain(..).map(|(_, value)| value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_in_order() {
        let mut ordered = Ordered::default();
        let keys: Vec<u64> = (0..1000).map(|i| i * 7919 % 101).collect();
        for &key in &keys {
            *ordered.at(key, || 0) += key;
        }
        let times = |key| keys.iter().filter(|&&other| other == key).count() as u64;
        for key in (0..101).rev() {
            assert_eq!(ordered.pop_last(), Some(key * times(key)), "{key}");
            // Two that come later, and are less.
            if key > 50 {
                *ordered.at(key - 50, || 0) += 0;
                assert_eq!(*ordered.at(key - 50, || 0), (key - 50) * times(key - 50));
            }
        }
        assert_eq!(ordered.pop_last(), None);
        for key in [3, 1, 2] {
            ordered.at(key, || key);
        }
        assert_eq!(ordered.drain().collect::<Vec<_>>(), [1, 2, 3]);
    }
}
