//! Tensors themselves: what they are made of, and what every one of them can be asked.

use std::cell::{Cell, Ref, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use super::graph::{Edge, Hook, Input, Node, Recorder, Rule, is_recording};
use super::layout::Layout;
use crate::error::{Error, expect};

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
    pub(super) inner: Rc<Inner>,
}

pub struct Inner {
    /// Shared with views and `detach()`.
    pub(super) storage: Rc<RefCell<Vec<f64>>>,
    pub(super) layout: Layout,
    /// Counts the changes in place; shared with views and `detach()`, not with `data()`.
    pub(super) version: Rc<Cell<u64>>,
    pub(super) requires_grad: bool,
    pub(super) grad: RefCell<Option<Tensor>>,
    /// Who watches the gradient, if this is a leaf.
    pub(super) hooks: RefCell<Vec<Hook>>,
    /// The operation that this is the result of.
    pub(super) history: RefCell<Option<Rc<Node>>>,
    /// What a view is a view of, and the version it had then.
    pub(super) base: Option<(Tensor, Cell<u64>)>,
}

impl Tensor {
    /// From numbers in row-major order.
    ///
    /// # Panics
    /// If they do not fill the shape.
    #[track_caller]
    pub fn from_vec(data: Vec<f64>, shape: &[usize]) -> Tensor {
        expect(Tensor::try_from_vec(data, shape))
    }

    /// [`from_vec`](Tensor::from_vec) with a `Result`.
    pub fn try_from_vec(data: Vec<f64>, shape: &[usize]) -> Result<Tensor, Error> {
        if data.len() != shape.iter().product() {
            return Err(Error::Fill { numbers: data.len(), shape: shape.to_vec() });
        }
        Ok(Tensor::new(shape, data))
    }

    /// All zeros.
    pub fn zeros(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 0.0)
    }

    /// All ones.
    pub fn ones(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 1.0)
    }

    /// All the same number.
    pub fn full(shape: &[usize], value: f64) -> Tensor {
        Tensor::new(shape, vec![value; shape.iter().product()])
    }

    /// A copy of the numbers as a new leaf, whose gradient [`backward`](Tensor::backward) computes. What was recorded
    /// before is not part of it: make leaves of inputs, not of results.
    pub fn requires_grad(&self) -> Tensor {
        let storage = Rc::new(RefCell::new(self.to_vec()));
        Tensor::build(Layout::contiguous(&self.inner.layout.shape), storage, Rc::default(), true)
    }

    /// The size along each axis; empty for a single number.
    pub fn shape(&self) -> Vec<usize> {
        self.inner.layout.shape.clone()
    }

    /// How many axes there are.
    pub fn ndim(&self) -> usize {
        self.inner.layout.shape.len()
    }

    /// How many numbers there are.
    pub fn numel(&self) -> usize {
        self.inner.layout.count()
    }

    /// The number of a tensor that has one only.
    ///
    /// # Panics
    /// If it has several, or none.
    #[track_caller]
    pub fn item(&self) -> f64 {
        expect(self.try_item())
    }

    /// [`item`](Tensor::item) with a `Result`.
    pub fn try_item(&self) -> Result<f64, Error> {
        match self.numbers()[..] {
            [number] => Ok(number),
            _ => Err(Error::NotOneNumber { op: "item", shape: self.shape() }),
        }
    }

    /// The number at an index, one position for each axis.
    ///
    /// # Panics
    /// If there is no such number.
    #[track_caller]
    pub fn get(&self, index: &[usize]) -> f64 {
        expect(self.try_get(index))
    }

    /// [`get`](Tensor::get) with a `Result`.
    pub fn try_get(&self, index: &[usize]) -> Result<f64, Error> {
        let layout = &self.inner.layout;
        if index.len() != layout.shape.len() || index.iter().zip(&layout.shape).any(|(i, n)| i >= n) {
            return Err(Error::Place { index: index.to_vec(), shape: self.shape() });
        }
        let place: usize = index.iter().zip(&layout.strides).map(|(i, stride)| i * stride).sum();
        Ok(self.inner.storage.borrow()[layout.offset + place])
    }

    /// The numbers in row-major order.
    pub fn to_vec(&self) -> Vec<f64> {
        self.numbers().to_vec()
    }

    /// True if operations on this tensor are recorded.
    pub fn tracks_grad(&self) -> bool {
        self.inner.requires_grad || self.inner.history.borrow().is_some()
    }

    /// True if this tensor is not the result of a recorded operation.
    pub fn is_leaf(&self) -> bool {
        self.inner.history.borrow().is_none()
    }

    /// The gradient that the backward passes so far have added up in this leaf.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn grad(&self) -> Tensor {
        expect(self.try_grad())
    }

    /// [`grad`](Tensor::grad) with a `Result`.
    pub fn try_grad(&self) -> Result<Tensor, Error> {
        match &*self.inner.grad.borrow() {
            Some(gradient) => Ok(gradient.clone()),
            None => Err(Error::NoGradient { tracked: self.tracks_grad(), leaf: self.is_leaf() }),
        }
    }

    /// Forgets the gradient. Gradients add up, so do this before the next pass.
    pub fn zero_grad(&self) {
        self.inner.grad.take();
    }

    /// The same numbers without history; a change in place of either is noticed by the other's history.
    pub fn detach(&self) -> Tensor {
        let inner = &self.inner;
        Tensor::build(inner.layout.clone(), Rc::clone(&inner.storage), Rc::clone(&inner.version), false)
    }

    /// The same numbers without history, to be changed behind the history's back.
    pub fn data(&self) -> Tensor {
        Tensor::build(self.inner.layout.clone(), Rc::clone(&self.inner.storage), Rc::default(), false)
    }

    /// Gives a leaf new numbers. This is not recorded: the tensor stays a leaf, and its gradient is about the new numbers.
    ///
    /// # Panics
    /// If the shapes differ, or this is not a leaf.
    #[track_caller]
    pub fn set_data(&self, data: impl Into<Tensor>) {
        expect(self.try_set_data(data));
    }

    /// [`set_data`](Tensor::set_data) with a `Result`.
    pub fn try_set_data(&self, data: impl Into<Tensor>) -> Result<(), Error> {
        let data = data.into();
        if !self.is_leaf() {
            return Err(Error::NotLeaf { op: "set_data" });
        }
        if data.shape() != self.shape() {
            return Err(Error::Shapes { op: "set_data", left: self.shape(), right: data.shape() });
        }
        let numbers = data.to_vec();
        self.overwrite(&numbers);
        Ok(())
    }

    // What the operations are made of.

    pub(super) fn build(
        layout: Layout,
        storage: Rc<RefCell<Vec<f64>>>,
        version: Rc<Cell<u64>>,
        requires_grad: bool,
    ) -> Tensor {
        let inner = Inner {
            storage,
            layout,
            version,
            requires_grad,
            grad: RefCell::default(),
            hooks: RefCell::default(),
            history: RefCell::default(),
            base: None,
        };
        Tensor { inner: Rc::new(inner) }
    }

    /// A tensor without history, from numbers in row-major order that fill its shape.
    pub(super) fn new(shape: &[usize], numbers: Vec<f64>) -> Tensor {
        debug_assert_eq!(shape.iter().product::<usize>(), numbers.len());
        Tensor::build(Layout::contiguous(shape), Rc::new(RefCell::new(numbers)), Rc::default(), false)
    }

    /// The numbers in row-major order; copied only where they do not stand like that.
    pub(super) fn numbers(&self) -> Numbers<'_> {
        let (storage, layout) = (self.inner.storage.borrow(), &self.inner.layout);
        if layout.is_contiguous() {
            let range = layout.offset..layout.offset + layout.count();
            return Numbers::Shared(Ref::map(storage, |numbers| numbers.get(range).unwrap_or(&[])));
        }
        Numbers::Copied(layout.read(&storage))
    }

    pub(super) fn overwrite(&self, numbers: &[f64]) {
        let mut storage = self.inner.storage.borrow_mut();
        for (place, x) in self.inner.layout.places().zip(numbers) {
            storage[place] = *x;
        }
        self.inner.version.set(self.inner.version.get() + 1);
    }

    /// The numbers to be changed in this tensor alone, which has no other name: a copy, where others share them.
    pub(super) fn own_numbers(&mut self) -> &mut Vec<f64> {
        let layout = &self.inner.layout;
        let whole = layout.is_contiguous() && layout.count() == self.inner.storage.borrow().len();
        let alone = Rc::strong_count(&self.inner) == 1 && Rc::strong_count(&self.inner.storage) == 1;
        if !whole || !alone {
            *self = Tensor::new(&self.inner.layout.shape, self.to_vec());
        }
        let inner = Rc::get_mut(&mut self.inner).expect("no other name");
        Rc::get_mut(&mut inner.storage).expect("not shared").get_mut()
    }

    /// Adds to a gradient that is not complete yet: a new tensor where that is recorded, else in place.
    pub(super) fn accumulate(&mut self, gradient: &Tensor) {
        if is_recording() {
            *self = &*self + gradient;
        } else {
            self.own_numbers().iter_mut().zip(gradient.numbers().iter()).for_each(|(sum, g)| *sum += g);
        }
    }

    /// What this tensor came from: an operation, itself if it is a leaf that requires a gradient, or nothing that counts.
    pub(super) fn source(&self) -> Result<Option<Edge>, Error> {
        let history = self.inner.history.borrow().clone();
        if let Some((base, expected)) = &self.inner.base {
            let (version, expected) = (self.inner.version.get(), expected.get());
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

    /// The result of an operation, with its history where one of the inputs tracks gradients.
    pub(super) fn record(
        op: &'static str,
        inputs: &[&Tensor],
        result: Tensor,
        rule: impl FnOnce(&mut Recorder) -> Rule,
    ) -> Result<Tensor, Error> {
        let edges: Vec<Option<Input>> = inputs.iter().map(|input| Input::of(input)).collect::<Result<_, _>>()?;
        if edges.iter().any(Option::is_some) {
            let node = Node::new(op, inputs, edges, &result, rule);
            result.inner.history.replace(Some(node));
        }
        Ok(result)
    }

    pub(super) fn check_axis(&self, op: &'static str, axis: usize) -> Result<(), Error> {
        match axis < self.ndim() {
            true => Ok(()),
            false => Err(Error::Axis { op, axis, shape: self.shape() }),
        }
    }

    /// How many numbers there are before, along, and behind an axis.
    pub(super) fn around(&self, axis: usize) -> (usize, usize, usize) {
        let shape = &self.inner.layout.shape;
        (shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product())
    }

    /// The shape without an axis.
    pub(super) fn without(&self, axis: usize) -> Vec<usize> {
        let mut shape = self.shape();
        shape.remove(axis);
        shape
    }
}

/// A tensor's numbers, to be read.
pub enum Numbers<'a> {
    Shared(Ref<'a, [f64]>),
    Copied(Vec<f64>),
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
