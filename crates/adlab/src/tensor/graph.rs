//! The record behind tensors, and the pass backwards over it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Tensor;
use super::array::{Array, Layout};
use crate::error::Error;

/// From the gradient of an operation's result to the gradients of its inputs; None where one needs no gradient.
pub type Rule = Box<dyn Fn(&Array) -> Result<Vec<Option<Array>>, Error>>;

/// An operation that was recorded. It does not hold its result: that would be a cycle.
pub struct Node {
    /// Later operations have greater numbers, so that going down in them is a topological order.
    id: u64,
    op: &'static str,
    inputs: RefCell<Vec<Option<Input>>>,
    /// Gone after a backward pass.
    rule: RefCell<Option<Rule>>,
}

/// Where a gradient goes, and the shape it must have there.
pub struct Input {
    edge: Edge,
    shape: Vec<usize>,
}

#[derive(Clone)]
pub enum Edge {
    Leaf(Tensor),
    Node(Rc<Node>),
}

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
    static NO_GRAD: Cell<usize> = const { Cell::new(0) };
}

/// Runs `f` without recording: for updates that must not be part of the computation.
///
/// ```
/// use adlab::{no_grad, tensor};
///
/// let x = tensor([1.0, 2.0]).requires_grad();
/// let y = no_grad(|| &x * 2.0);
/// assert!(!y.tracks_grad());
/// ```
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            NO_GRAD.set(NO_GRAD.get() - 1);
        }
    }
    NO_GRAD.set(NO_GRAD.get() + 1);
    let _guard = Guard;
    f()
}

pub fn is_recording() -> bool {
    NO_GRAD.get() == 0
}

impl Node {
    pub fn new(op: &'static str, inputs: Vec<Option<Input>>, rule: Rule) -> Rc<Node> {
        let id = NEXT_ID.get();
        NEXT_ID.set(id + 1);
        Rc::new(Node { id, op, inputs: RefCell::new(inputs), rule: RefCell::new(Some(rule)) })
    }
}

impl Input {
    pub fn of(tensor: &Tensor) -> Result<Option<Input>, Error> {
        let shape = tensor.shape();
        Ok(tensor.edge()?.map(|edge| Input { edge, shape }))
    }
}

/// A long chain of operations is taken apart in a loop: one call for each would overflow the stack.
impl Drop for Node {
    fn drop(&mut self) {
        let mut chain = std::mem::take(self.inputs.get_mut());
        while let Some(input) = chain.pop() {
            if let Some(Input { edge: Edge::Node(node), .. }) = input
                && let Some(mut node) = Rc::into_inner(node)
            {
                chain.append(node.inputs.get_mut());
            }
        }
    }
}

/// A value kept for a derivative. It shares the tensor's storage, and knows when that was changed in place.
pub struct Saved {
    storage: Rc<RefCell<Vec<f64>>>,
    layout: Layout,
    version: Rc<Cell<u64>>,
    expected: u64,
    op: &'static str,
}

impl Saved {
    pub fn of(tensor: &Tensor, op: &'static str) -> Saved {
        let inner = &tensor.inner;
        Saved {
            storage: Rc::clone(&inner.storage),
            layout: inner.layout.clone(),
            version: Rc::clone(&inner.version),
            expected: inner.version.get(),
            op,
        }
    }

    pub fn get(&self) -> Result<Array, Error> {
        let version = self.version.get();
        if version != self.expected {
            return Err(Error::Modified { op: self.op, version, expected: self.expected });
        }
        Ok(super::gather(&self.storage, &self.layout))
    }
}

/// Follows the record from `root` down to the leaves, and adds to their gradients. Changes nothing when it fails.
pub fn backward(root: Edge, seed: Array) -> Result<(), Error> {
    let mut leaves: Vec<(Tensor, Array)> = Vec::new();
    // Gradients that wait for their operation; the one with the greatest number has them all.
    let mut waiting: BTreeMap<u64, (Rc<Node>, Array)> = BTreeMap::new();
    let mut visited = Vec::new();
    let mut send = |edge: &Edge, gradient: Array, waiting: &mut BTreeMap<u64, (Rc<Node>, Array)>| match edge {
        Edge::Leaf(leaf) => leaves.push((leaf.clone(), gradient)),
        Edge::Node(node) => match waiting.get_mut(&node.id) {
            Some((_, sum)) => sum.add_assign(&gradient),
            None => {
                waiting.insert(node.id, (Rc::clone(node), gradient));
            }
        },
    };
    send(&root, seed, &mut waiting);
    while let Some((_, (node, gradient))) = waiting.pop_last() {
        let gradients = match &*node.rule.borrow() {
            Some(rule) => rule(&gradient)?,
            None => return Err(Error::BackwardTwice { op: node.op }),
        };
        for (input, gradient) in node.inputs.borrow().iter().zip(gradients) {
            if let (Some(input), Some(gradient)) = (input, gradient) {
                // Here, and nowhere else, broadcasting is undone.
                send(&input.edge, gradient.sum_to(&input.shape), &mut waiting);
            }
        }
        visited.push(node);
    }
    for node in visited {
        node.rule.take();
    }
    for (leaf, gradient) in leaves {
        match &mut *leaf.inner.grad.borrow_mut() {
            Some(sum) => sum.add_assign(&gradient),
            none => *none = Some(gradient),
        }
    }
    Ok(())
}
