//! What a tensor is made of: numbers, and the operation that they come from.
//!
//! A tensor holds the operation, and that, by way of its inputs, other tensors: so both are here.

use std::cell::{Cell, Ref, RefCell};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::rc::{Rc, Weak};

use super::axes::Axes;
use super::buffers::{self, Buffer};
use super::each::Each;
use super::kept::Kept;
use super::layout::{Layout, Places};
use super::storage::Storage;
use crate::error::Error;

/// An array of numbers (f64, any number of axes) that can track gradients.
///
/// A clone is the same tensor under another name. Operations take tensors by value or by reference, and plain numbers.
///
/// ```
/// use adlab::tensor;
///
/// let x = tensor(0.5).requires_grad();
/// let y = tensor(4.2).requires_grad();
/// let z = &x * &y + x.sin();
/// z.backward();
/// assert_eq!(z.item(), 2.579425538604203);
/// assert_eq!(x.grad().item(), 5.077582561890373);
/// assert_eq!(y.grad().item(), 0.5);
/// ```
#[derive(Clone)]
pub struct Tensor {
    pub(super) inner: ManuallyDrop<Rc<Inner>>,
}

/// What all names of a tensor share.
pub struct Inner {
    /// Shared with views and `detach()`, with `data()` the numbers alone.
    pub(super) storage: Storage,
    pub(super) layout: Layout,
    pub(super) requires_grad: bool,
    /// A leaf of which a result was made a leaf.
    pub(super) is_cut_off: Cell<bool>,
    pub(super) grad: RefCell<Option<Tensor>>,
    /// Who watches the gradient, if this is a leaf.
    pub(super) hooks: RefCell<Vec<Hook>>,
    /// The operation that this is the result of.
    pub(super) history: RefCell<Option<Node>>,
    /// What a view is a view of, and the version it had then.
    pub(super) base: Option<(Tensor, Cell<u64>)>,
}

/// An operation that was recorded, or a name of it: a clone is the same one.
#[derive(Clone)]
pub struct Node {
    /// Always there, until this is dropped.
    pub(super) operation: Option<Rc<Operation>>,
}

/// What all names of a node share. It does not hold its result: that would be a cycle.
pub struct Operation {
    /// Later operations have greater numbers, so that going down in them is a topological order.
    pub id: u64,
    pub op: &'static str,
    pub inputs: Each<Input>,
    pub rule: Rule,
    /// The numbers that the rule needs.
    pub kept: RefCell<Kept>,
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
    pub shape: Axes,
}

#[derive(Clone)]
pub enum Edge {
    /// A leaf. It is not held: a leaf's own gradient may have a history, which leads back to the leaf. What nobody holds
    /// any more needs no gradient.
    Leaf(Weak<Inner>),
    Node(Node),
}

/// How the gradient of an operation's result becomes that of its inputs.
pub enum Rule {
    /// A function from the one to the others; None where an input needs no gradient. It is written with tensor operations,
    /// so it can be recorded and differentiated itself. What was kept for it, the node has.
    Map(Box<Map>),
    /// The same for one input, of a function that stands in a table.
    Of(&'static dyn Pullback),
    /// The result shows some of its one input's numbers: the gradient goes there, and the others have none.
    Put(Places),
}

type Map = dyn Fn(&Tensor, &Node) -> Result<Each<Tensor>, Error>;

/// A function of one tensor that can be differentiated: what stands in the table of `elementwise.rs`, which knows this file.
pub trait Pullback {
    /// The gradient by the argument, from that by the value.
    fn pull_back(&self, gradient: &Tensor, node: &Node) -> Result<Tensor, Error>;
}

impl Rule {
    /// What stands where there is none yet.
    pub fn nothing() -> Rule {
        Rule::map(|_, _| unreachable!("an operation has a rule"))
    }

    /// From a function that is given the gradient and the node.
    pub fn map(f: impl Fn(&Tensor, &Node) -> Result<Each<Tensor>, Error> + 'static) -> Rule {
        Rule::Map(Box::new(f))
    }

    /// For an operation with one input.
    pub fn of_one(f: impl Fn(&Tensor, &Node) -> Result<Tensor, Error> + 'static) -> Rule {
        Rule::map(move |g, node| Ok([Some(f(g, node)?)].into()))
    }

    /// The same, of a function that is linear: given the gradient and the input's shape.
    pub fn linear(f: impl Fn(&Tensor, &Axes) -> Result<Tensor, Error> + 'static) -> Rule {
        Rule::of_one(move |g, node| f(g, &node.inputs[0].as_ref().expect("an input that tracks").shape))
    }
}

impl Tensor {
    /// All numbers of a tensor whose layout is whole.
    pub(super) fn whole_numbers(&self) -> Ref<'_, [f64]> {
        Ref::map(self.inner.storage.borrow(), |numbers| &numbers[..self.inner.layout.count()])
    }

    /// The numbers in row-major order; copied only where they do not stand like that.
    pub(super) fn numbers(&self) -> Numbers<'_> {
        let (storage, layout) = (self.inner.storage.borrow(), &self.inner.layout);
        if layout.is_contiguous() {
            let range = layout.offset..layout.offset + layout.count();
            return Numbers::Shared(Ref::map(storage, |numbers| numbers.get(range).unwrap_or(&[])));
        }
        Numbers::Copied(Buffer(layout.read(&storage)))
    }

    pub(super) fn overwrite(&self, numbers: &[f64]) {
        let (mut storage, layout) = (self.inner.storage.borrow_mut(), &self.inner.layout);
        // A view of no numbers may begin beyond the end.
        if layout.is_contiguous() && !numbers.is_empty() {
            storage[layout.offset..][..layout.count()].copy_from_slice(numbers);
        } else {
            layout.places().zip(numbers).for_each(|(place, x)| storage[place] = *x);
        }
    }

    /// Changes the numbers of a leaf by those of another tensor, which does not share them.
    pub(crate) fn change_numbers(&self, by: &Tensor, change: impl FnOnce(&mut [f64], &[f64])) {
        let layout = &self.inner.layout;
        if layout.is_contiguous() && layout.count() > 0 && !self.inner.storage.is_same(&by.inner.storage) {
            let mut storage = self.inner.storage.borrow_mut();
            return change(&mut storage[layout.offset..][..layout.count()], &by.numbers());
        }
        let mut numbers = self.to_vec();
        change(&mut numbers, &by.to_vec());
        self.overwrite(&numbers);
    }
}

/// A tensor's numbers, to be read.
pub enum Numbers<'a> {
    Shared(Ref<'a, [f64]>),
    Copied(Buffer),
}

impl Numbers<'_> {
    pub fn into_vec(self) -> Vec<f64> {
        match self {
            Numbers::Shared(numbers) => buffers::collect(numbers.iter().copied()),
            Numbers::Copied(mut numbers) => std::mem::take(&mut numbers.0),
        }
    }
}

impl Deref for Numbers<'_> {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match self {
            Numbers::Shared(numbers) => numbers,
            Numbers::Copied(numbers) => numbers,
        }
    }
}
