//! The record behind tensors: which operation made a tensor, from what, and how its gradient goes back.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::array::{Inner, Tensor};
use super::layout::{Layout, Places};
use crate::error::Error;

/// How the gradient of an operation's result becomes that of its inputs.
pub enum Rule {
    /// A function from the one to the others; None where an input needs no gradient. It is written with tensor operations,
    /// so it can be recorded and differentiated itself. What it has kept it takes out with the help of the node.
    Map(Box<Map>),
    /// The result shows some of its one input's numbers: the gradient goes there, and the others have none.
    Put(Places),
}

type Map = dyn Fn(&Tensor, &Rc<Node>) -> Result<Vec<Option<Tensor>>, Error>;

impl Rule {
    /// From a function that is given the gradient and the node.
    pub fn map(f: impl Fn(&Tensor, &Rc<Node>) -> Result<Vec<Option<Tensor>>, Error> + 'static) -> Rule {
        Rule::Map(Box::new(f))
    }

    /// For an operation with one input, of which nothing needs to be kept.
    pub fn linear(f: impl Fn(&Tensor) -> Result<Tensor, Error> + 'static) -> Rule {
        Rule::map(move |g, _| Ok(vec![Some(f(g)?)]))
    }
}

/// An operation that was recorded. It does not hold its result: that would be a cycle.
pub struct Node {
    /// Later operations have greater numbers, so that going down in them is a topological order.
    pub id: u64,
    pub op: &'static str,
    pub inputs: RefCell<Vec<Option<Input>>>,
    /// Gone after a backward pass, if it keeps numbers.
    pub rule: RefCell<Option<Rule>>,
    pub keeps: bool,
    /// Who watches the gradient of the result.
    pub hooks: RefCell<Vec<Hook>>,
    /// The result, where it is to have its gradient.
    pub retained: RefCell<Option<Weak<Inner>>>,
}

/// What is called with a gradient.
pub type Hook = Rc<dyn Fn(&Tensor)>;

/// Where a gradient goes, and the shape it must have there.
pub struct Input {
    pub edge: Edge,
    pub shape: Vec<usize>,
}

#[derive(Clone)]
pub enum Edge {
    /// A leaf. It is not held: a leaf's own gradient may have a history, which leads back to the leaf. What nobody holds
    /// any more needs no gradient.
    Leaf(Weak<Inner>),
    Node(Rc<Node>),
}

impl Input {
    pub fn of(tensor: &Tensor) -> Result<Option<Input>, Error> {
        let edge = if is_recording() { tensor.source()? } else { None };
        Ok(edge.map(|edge| Input { edge, shape: tensor.shape() }))
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
    inputs: &'a [Option<Input>],
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
            storage: Rc::clone(&inner.storage),
            layout: inner.layout.clone(),
            version: Rc::clone(&inner.version),
            expected: inner.version.get(),
            origin,
        }
    }
}

/// Numbers kept for a derivative. They share the tensor's storage, and know when that was changed in place. Its history
/// they don't hold: the node does.
pub struct Saved {
    op: &'static str,
    storage: Rc<RefCell<Vec<f64>>>,
    layout: Layout,
    version: Rc<Cell<u64>>,
    expected: u64,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    Input(usize),
    Result,
}

impl Saved {
    /// The tensor that was kept; with its history, where the pass is recorded.
    pub fn get(&self, node: &Rc<Node>) -> Result<Tensor, Error> {
        let version = self.version.get();
        if version != self.expected {
            return Err(Error::Modified { op: self.op, version, expected: self.expected });
        }
        let edge = match self.origin {
            _ if !is_recording() => None,
            Origin::Result => Some(Edge::Node(Rc::clone(node))),
            Origin::Input(input) => node.inputs.borrow()[input].as_ref().map(|input| input.edge.clone()),
        };
        let history = match edge {
            Some(Edge::Leaf(leaf)) => match leaf.upgrade() {
                Some(inner) => return Ok(Tensor { inner }),
                None => None,
            },
            Some(Edge::Node(node)) => Some(node),
            None => None,
        };
        let tensor = Tensor::build(self.layout.clone(), Rc::clone(&self.storage), Rc::clone(&self.version), false);
        tensor.inner.history.replace(history);
        Ok(tensor)
    }
}

impl Node {
    /// Records an operation on `tensors`; `inputs` says where their gradients go.
    pub fn new(
        op: &'static str,
        tensors: &[&Tensor],
        inputs: Vec<Option<Input>>,
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
