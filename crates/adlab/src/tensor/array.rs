//! Tensors as arrays: made from numbers, asked for them, given new ones; with gradients or without.

use std::iter::repeat_n;
use std::rc::Rc;

use super::axes::Axes;
use super::buffers::KEPT;
use super::data::Tensor;
use super::layout::Layout;
use super::storage::Storage;
use crate::error::{Error, expect};

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
        let count = shape.iter().product();
        if count > KEPT {
            // Memory that the system gives is 0 already.
            return Tensor::new(shape, vec![value; count]);
        }
        Tensor::collect(shape, repeat_n(value, count))
    }

    /// A copy of the numbers as a new leaf, whose gradient [`backward`](Tensor::backward) computes. What was recorded
    /// before is not part of it: make leaves of inputs, not of results. (In PyTorch, `requires_grad_` leaves a result as it
    /// is; here, that is [`retain_grad`](Tensor::retain_grad).)
    pub fn requires_grad(&self) -> Tensor {
        self.mark_cut_off();
        Tensor::build(Layout::contiguous(self.sizes()), Storage::new(self.to_vec()), true)
    }

    /// True for two names of one tensor.
    pub(crate) fn is_same(&self, other: &Tensor) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    /// The size along each axis; empty for a single number.
    pub fn shape(&self) -> Vec<usize> {
        self.sizes().to_vec()
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
        if index.len() != layout.shape.len() || index.iter().zip(&layout.shape[..]).any(|(i, n)| i >= n) {
            return Err(Error::Place { index: index.to_vec(), shape: self.shape() });
        }
        let place: usize = index.iter().zip(&layout.strides[..]).map(|(i, stride)| i * stride).sum();
        Ok(self.inner.storage.borrow()[layout.offset + place])
    }

    /// The numbers in row-major order.
    pub fn to_vec(&self) -> Vec<f64> {
        self.numbers().into_vec()
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
            None => Err(self.no_gradient()),
        }
    }

    /// Forgets the gradient. Gradients add up, so do this before the next pass.
    pub fn zero_grad(&self) {
        self.inner.grad.take();
    }

    /// The same numbers without history; a change in place of either is noticed by the other's history.
    pub fn detach(&self) -> Tensor {
        Tensor::build(self.inner.layout.clone(), self.inner.storage.clone(), false)
    }

    /// The same numbers without history, to be changed behind the history's back.
    pub fn data(&self) -> Tensor {
        Tensor::build(self.inner.layout.clone(), self.inner.storage.counted_apart(), false)
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
        if data.sizes() != self.sizes() {
            return Err(Error::Shapes { op: "set_data", left: self.shape(), right: data.shape() });
        }
        if data.inner.storage.is_same(&self.inner.storage) {
            self.overwrite(&data.to_vec());
        } else {
            self.overwrite(&data.numbers());
        }
        Ok(())
    }

    // What the operations ask.

    /// The shape, without a copy.
    pub(super) fn sizes(&self) -> &Axes {
        &self.inner.layout.shape
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
    pub(super) fn without(&self, axis: usize) -> Axes {
        self.sizes().without(axis)
    }
}
