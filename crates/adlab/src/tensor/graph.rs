//! The record behind tensors: how an operation becomes the history of its result, and what it keeps for its derivative.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use super::data::{Edge, Input, Node, Rule, Tensor};
use super::each::Each;
use super::layout::Layout;
use super::storage::Storage;
use crate::error::Error;

impl Input {
    pub fn of(tensor: &Tensor) -> Result<Option<Input>, Error> {
        let edge = if is_recording() { tensor.source()? } else { None };
        Ok(edge.map(|edge| Input { edge, shape: tensor.sizes().clone() }))
    }
}

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
    static RECORDING: Cell<bool> = const { Cell::new(true) };
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
    recording(false, f)
}

/// Runs `f` with or without recording.
pub fn recording<T>(on: bool, f: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _before = Before(RECORDING.replace(on));
    f()
}

pub fn is_recording() -> bool {
    RECORDING.get()
}

/// What a rule is made with: it says what is wanted, and keeps what the rule will need.
pub struct Recorder<'a> {
    op: &'static str,
    tensors: &'a [&'a Tensor],
    inputs: &'a Each<Input>,
    result: &'a Tensor,
    keeps: bool,
}

impl Recorder<'_> {
    /// True if the gradient of this input is wanted.
    pub fn wants(&self, input: usize) -> bool {
        self.inputs[input].is_some()
    }

    /// Keeps an input.
    pub fn keep(&mut self, input: usize) -> Saved {
        self.save(self.tensors[input], Origin::Input(input))
    }

    /// Keeps an input that another one's gradient needs, if that is wanted.
    pub fn keep_for(&mut self, wanted: usize, input: usize) -> Option<Saved> {
        self.wants(wanted).then(|| self.keep(input))
    }

    /// Keeps the result.
    pub fn keep_result(&mut self) -> Saved {
        self.save(self.result, Origin::Result)
    }

    fn save(&mut self, tensor: &Tensor, origin: Origin) -> Saved {
        self.keeps = true;
        let inner = &tensor.inner;
        Saved {
            op: self.op,
            storage: inner.storage.clone(),
            layout: inner.layout.clone(),
            expected: inner.storage.version(),
            origin,
        }
    }
}

/// Numbers kept for a derivative. They share the tensor's storage, and know when that was changed in place. Its history
/// they don't hold: the node does.
pub struct Saved {
    op: &'static str,
    storage: Storage,
    layout: Layout,
    expected: u64,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    Input(usize),
    Result,
}

impl Saved {
    /// What was kept; with its history, where the pass is recorded.
    pub fn get(&self, node: &Rc<Node>) -> Result<Tensor, Error> {
        let version = self.storage.version();
        if version != self.expected {
            return Err(Error::Modified { op: self.op, version, expected: self.expected });
        }
        let inputs = node.inputs.borrow();
        let edge = match self.origin {
            Origin::Result => None,
            Origin::Input(input) => inputs[input].as_ref().map(|input| &input.edge),
        };
        if let Some(Edge::Leaf(leaf)) = edge
            && let Some(inner) = leaf.upgrade().filter(|leaf| leaf.storage.is_same(&self.storage))
        {
            return Ok(Tensor::from_inner(inner));
        }
        let tensor = Tensor::build(self.layout.clone(), self.storage.clone(), false);
        if is_recording() {
            tensor.inner.history.replace(match self.origin {
                Origin::Result => Some(Rc::clone(node)),
                Origin::Input(_) => edge.map(|edge| self.history(edge, &tensor)),
            });
        }
        Ok(tensor)
    }

    /// That of a leaf's numbers as they were is a copy: it may have others now.
    fn history(&self, edge: &Edge, tensor: &Tensor) -> Rc<Node> {
        match edge {
            Edge::Node(node) => Rc::clone(node),
            Edge::Leaf(_) => {
                let input = [Some(Input { edge: edge.clone(), shape: self.layout.shape.clone() })].into();
                Node::new("copy", &[], input, tensor, |_| Rule::linear(|g, _| Ok(g.clone())))
            }
        }
    }
}

impl Node {
    /// Records an operation on `tensors`; `inputs` says where their gradients go.
    pub fn new(
        op: &'static str,
        tensors: &[&Tensor],
        inputs: Each<Input>,
        result: &Tensor,
        rule: impl FnOnce(&mut Recorder) -> Rule,
    ) -> Rc<Node> {
        let mut recorder = Recorder { op, tensors, inputs: &inputs, result, keeps: false };
        let rule = rule(&mut recorder);
        let keeps = recorder.keeps;
        let id = NEXT_ID.replace(NEXT_ID.get() + 1);
        Rc::new(Node {
            id,
            op,
            inputs: RefCell::new(inputs),
            rule: RefCell::new(Some(rule)),
            keeps,
            hooks: RefCell::default(),
            retained: RefCell::default(),
        })
    }
}

impl Tensor {
    /// What this tensor came from: an operation, itself if it is a leaf that requires a gradient, or nothing that counts.
    pub(super) fn source(&self) -> Result<Option<Edge>, Error> {
        let history = self.inner.history.borrow().clone();
        if let Some((base, expected)) = &self.inner.base {
            let (version, expected) = (self.inner.storage.version(), expected.get());
            // Our history, or its absence, is that of the numbers before the change.
            if version != expected && (history.is_some() || !base.is_leaf()) {
                return Err(Error::StaleView { version, expected });
            }
        }
        Ok(match history {
            Some(node) => Some(Edge::Node(node)),
            None => self.inner.requires_grad.then(|| Edge::Leaf(Rc::downgrade(&self.inner))),
        })
    }

    /// Notes in the leaves that this was computed from that gradients of a copy won't come to them.
    pub(super) fn mark_cut_off(&self) {
        let mut next: Vec<Rc<Node>> = self.inner.history.borrow().iter().cloned().collect();
        let mut seen = HashSet::new();
        while let Some(node) = next.pop() {
            if !seen.insert(node.id) {
                continue;
            }
            for input in node.inputs.borrow().iter().flatten() {
                match &input.edge {
                    Edge::Node(node) => next.push(Rc::clone(node)),
                    Edge::Leaf(leaf) => drop(leaf.upgrade().map(|leaf| leaf.is_cut_off.set(true))),
                }
            }
        }
    }

    /// Why this has no gradient.
    pub(super) fn no_gradient(&self) -> Error {
        Error::NoGradient { tracked: self.tracks_grad(), leaf: self.is_leaf(), cut: self.inner.is_cut_off.get() }
    }

    /// The result of an operation, with its history where one of the inputs tracks gradients.
    pub(super) fn record(
        op: &'static str,
        inputs: &[&Tensor],
        result: Tensor,
        rule: impl FnOnce(&mut Recorder) -> Rule,
    ) -> Result<Tensor, Error> {
        // A view without history may be one of numbers that have been changed, which is an error.
        let counts = |input: &&Tensor| input.tracks_grad() || input.inner.base.is_some();
        if !is_recording() || !inputs.iter().any(counts) {
            return Ok(result);
        }
        let edges: Each<Input> = match inputs {
            [a] => [Input::of(a)?].into(),
            [a, b] => [Input::of(a)?, Input::of(b)?].into(),
            _ => inputs.iter().map(|input| Input::of(input)).collect::<Result<_, _>>()?,
        };
        if edges.iter().any(Option::is_some) {
            let node = Node::new(op, inputs, edges, &result, rule);
            result.inner.history.replace(Some(node));
        }
        Ok(result)
    }
}
