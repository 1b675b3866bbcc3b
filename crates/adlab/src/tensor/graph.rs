//! The record behind tensors: how an operation becomes the history of its result, and what it keeps for its derivative.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use super::data::{Edge, Input, Node, Operation, Rule, Tensor};
use super::each::Each;
use super::kept::{self, Saved};
use crate::error::Error;

impl Input {
    pub fn of(tensor: &Tensor) -> Result<Option<Input>, Error> {
        let edge = if is_recording() { tensor.source()? } else { None };
        Ok(edge.map(|edge| Input { edge, shape: tensor.sizes().clone() }))
    }
}

thread_local! {
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

/// What a rule is made with: it says what is wanted, and what the rule will need.
pub struct Recorder<'a> {
    tensors: &'a [&'a Tensor],
    result: &'a Tensor,
    operation: &'a mut Operation,
}

impl Recorder<'_> {
    /// Keeps an input, one of the first two.
    pub fn keep(&mut self, input: usize) {
        self.save(input, self.tensors[input]);
    }

    /// Keeps an input that another one's gradient needs, if that is wanted.
    pub fn keep_for(&mut self, wanted: usize, input: usize) {
        if self.operation.inputs[wanted].is_some() {
            self.keep(input);
        }
    }

    /// Keeps the result.
    pub fn keep_result(&mut self) {
        self.save(kept::RESULT, self.result);
    }

    fn save(&mut self, place: usize, tensor: &Tensor) {
        let (storage, layout) = (tensor.inner.storage.clone(), tensor.inner.layout.clone());
        let expected = storage.version();
        self.operation.kept.get_mut().put(place, Saved { storage, layout, expected });
    }
}

/// What a rule asks.
impl Node {
    /// The gradient of an input, where that is wanted.
    pub fn wanted(
        &self,
        input: usize,
        gradient: impl FnOnce() -> Result<Tensor, Error>,
    ) -> Result<Option<Tensor>, Error> {
        self.inputs[input].as_ref().map(|_| gradient()).transpose()
    }

    /// An input that was kept; with its history, where the pass is recorded.
    pub fn input(&self, input: usize) -> Result<Tensor, Error> {
        let edge = self.inputs[input].as_ref().map(|input| &input.edge);
        if let Some(Edge::Leaf(leaf)) = edge
            && let Some(inner) =
                leaf.upgrade().filter(|leaf| leaf.storage.is_same(&self.kept.borrow().at(input).storage))
        {
            self.unchanged(input)?;
            return Ok(Tensor::from_inner(inner));
        }
        let history = |tensor: &Tensor| match edge? {
            Edge::Node(node) => Some(node.clone()),
            // That of a leaf's numbers as they were is a copy: it may have others now.
            leaf => {
                let input = Input { edge: leaf.clone(), shape: tensor.sizes().clone() };
                let rule = |_: &mut Recorder| Rule::linear(|g, _| Ok(g.clone()));
                Some(Node::new("copy", &[], [Some(input)].into(), tensor, rule))
            }
        };
        self.saved(input, history)
    }

    /// The result, if it was kept; with its history, where the pass is recorded.
    pub fn result(&self) -> Result<Tensor, Error> {
        self.saved(kept::RESULT, |_| Some(self.clone()))
    }

    fn saved(&self, place: usize, history: impl FnOnce(&Tensor) -> Option<Node>) -> Result<Tensor, Error> {
        self.unchanged(place)?;
        let tensor = {
            let kept = self.kept.borrow();
            let saved = kept.at(place);
            Tensor::build(saved.layout.clone(), saved.storage.clone(), false)
        };
        if is_recording() {
            tensor.inner.history.replace(history(&tensor));
        }
        Ok(tensor)
    }

    fn unchanged(&self, place: usize) -> Result<(), Error> {
        let kept = self.kept.borrow();
        let (version, expected) = (kept.at(place).storage.version(), kept.at(place).expected);
        if version == expected { Ok(()) } else { Err(Error::Modified { op: self.op, version, expected }) }
    }

    /// Records an operation on `tensors`; `inputs` says where their gradients go.
    pub fn new(
        op: &'static str,
        tensors: &[&Tensor],
        inputs: Each<Input>,
        result: &Tensor,
        rule: impl FnOnce(&mut Recorder) -> Rule,
    ) -> Node {
        Node::begun(op, inputs, |operation| rule(&mut Recorder { tensors, result, operation }))
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
        let mut next: Vec<Node> = self.inner.history.borrow().iter().cloned().collect();
        let mut seen = HashSet::new();
        while let Some(node) = next.pop() {
            if !seen.insert(node.id) {
                continue;
            }
            for input in node.inputs.iter().flatten() {
                match &input.edge {
                    Edge::Node(node) => next.push(node.clone()),
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
