//! Tensors: arrays that remember how they were computed, in the style of PyTorch.
//!
//! | file | |
//! |---|---|
//! | `array.rs` | plain arrays, broadcasting, strides |
//! | `graph.rs` | the record, and the pass backwards over it |
//! | `elementwise.rs` | functions of each number, with their derivatives as a table |
//! | `linalg.rs` | matrix product |
//! | `reduce.rs` | sums, means, maxima, cross-entropy |
//! | `view.rs` | indexing, slices, transposes: views that share storage |
//! | `in_place.rs` | changes in place, and which of them are refused |
//! | `operators.rs`, `display.rs` | `+ − × ÷`, and how a tensor is written |

mod array;
mod display;
mod elementwise;
mod graph;
mod in_place;
mod linalg;
mod operators;
mod reduce;
mod view;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use graph::no_grad;

use crate::error::{Error, expect};
use array::{Array, Layout};
use graph::{Edge, Input, Node, Rule};

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
    inner: Rc<Inner>,
}

struct Inner {
    /// Shared with views and `detach()`.
    storage: Rc<RefCell<Vec<f64>>>,
    layout: Layout,
    /// Counts the changes in place; shared with views and `detach()`, not with `data()`.
    version: Rc<Cell<u64>>,
    requires_grad: bool,
    grad: RefCell<Option<Array>>,
    /// The operation that this is the result of.
    history: RefCell<Option<Rc<Node>>>,
    /// What a view is a view of, and the version it had then.
    base: Option<(Tensor, u64)>,
}

/// A tensor from a number, an array, an array of arrays, or vectors.
///
/// ```
/// use adlab::tensor;
///
/// assert_eq!(tensor([[2.0], [1.0], [10.0]]).shape(), [3, 1]);
/// ```
#[track_caller]
pub fn tensor(data: impl Into<Tensor>) -> Tensor {
    data.into()
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
        Ok(Tensor::plain(Array::new(shape, data)))
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
        Tensor::plain(Array::full(shape, value))
    }

    /// A copy of the numbers as a new leaf, whose gradient [`backward`](Tensor::backward) computes. What was recorded
    /// before is not part of it: make leaves of inputs, not of results.
    pub fn requires_grad(&self) -> Tensor {
        let array = self.array();
        Tensor::build(Layout::contiguous(&array.shape), Rc::new(RefCell::new(array.data)), Rc::default(), true)
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
        self.inner.layout.shape.iter().product()
    }

    /// The number of a tensor that has one only.
    #[track_caller]
    pub fn item(&self) -> f64 {
        let array = self.array();
        match array.data.as_slice() {
            [number] => *number,
            _ => expect(Err(Error::NotOneNumber { op: "item", shape: self.shape() })),
        }
    }

    /// The number at an index, one position for each axis.
    #[track_caller]
    pub fn get(&self, index: &[usize]) -> f64 {
        let layout = &self.inner.layout;
        assert!(
            index.len() == layout.shape.len() && index.iter().zip(&layout.shape).all(|(i, n)| i < n),
            "there is no number at {index:?} in a tensor of shape {:?}; counting starts at 0",
            layout.shape
        );
        let place: usize = index.iter().zip(&layout.strides).map(|(i, stride)| i * stride).sum();
        self.inner.storage.borrow()[layout.offset + place]
    }

    /// The numbers in row-major order.
    pub fn to_vec(&self) -> Vec<f64> {
        self.array().data
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
            Some(gradient) => Ok(Tensor::plain(gradient.clone())),
            None => Err(Error::NoGradient { tracked: self.tracks_grad(), leaf: self.is_leaf() }),
        }
    }

    /// Forgets the gradient. Gradients add up, so do this before the next pass.
    pub fn zero_grad(&self) {
        self.inner.grad.take();
    }

    /// Computes the gradient of this single number by every leaf that requires one, and adds it to theirs.
    ///
    /// # Panics
    /// If this is not a single number, has no history, was passed already, or if a value that is needed was changed in
    /// place.
    #[track_caller]
    pub fn backward(&self) {
        expect(self.try_backward());
    }

    /// [`backward`](Tensor::backward) with a `Result`. Nothing is changed when it fails.
    pub fn try_backward(&self) -> Result<(), Error> {
        if self.numel() != 1 {
            return Err(Error::NotScalar { shape: self.shape() });
        }
        self.run_backward(Array::full(&self.inner.layout.shape, 1.0))
    }

    /// The vector–Jacobian product: like [`backward`](Tensor::backward), with a seed for each number of this tensor.
    #[track_caller]
    pub fn backward_with(&self, seed: &Tensor) {
        expect(self.try_backward_with(seed));
    }

    /// [`backward_with`](Tensor::backward_with) with a `Result`.
    pub fn try_backward_with(&self, seed: &Tensor) -> Result<(), Error> {
        if seed.shape() != self.shape() {
            return Err(Error::Seed { seed: seed.shape(), result: self.shape() });
        }
        self.run_backward(seed.array())
    }

    fn run_backward(&self, seed: Array) -> Result<(), Error> {
        graph::backward(self.source()?.ok_or(Error::NoHistory)?, seed)
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
        self.overwrite(&data.array());
        Ok(())
    }

    // What the operations are made of.

    fn build(layout: Layout, storage: Rc<RefCell<Vec<f64>>>, version: Rc<Cell<u64>>, requires_grad: bool) -> Tensor {
        let inner = Inner {
            storage,
            layout,
            version,
            requires_grad,
            grad: RefCell::default(),
            history: RefCell::default(),
            base: None,
        };
        Tensor { inner: Rc::new(inner) }
    }

    /// A tensor without history.
    fn plain(array: Array) -> Tensor {
        Tensor::build(Layout::contiguous(&array.shape), Rc::new(RefCell::new(array.data)), Rc::default(), false)
    }

    /// A copy of the numbers.
    fn array(&self) -> Array {
        gather(&self.inner.storage, &self.inner.layout)
    }

    fn overwrite(&self, array: &Array) {
        let mut storage = self.inner.storage.borrow_mut();
        for (offset, x) in self.inner.layout.offsets().zip(&array.data) {
            storage[offset] = *x;
        }
        self.inner.version.set(self.inner.version.get() + 1);
    }

    /// Where a gradient of this tensor goes, while operations are recorded.
    fn edge(&self) -> Result<Option<Edge>, Error> {
        if graph::is_recording() { self.source() } else { Ok(None) }
    }

    /// What this tensor came from: an operation, itself if it is a leaf that requires a gradient, or nothing that counts.
    fn source(&self) -> Result<Option<Edge>, Error> {
        let history = self.inner.history.borrow().clone();
        if let Some((base, expected)) = &self.inner.base {
            let (version, expected) = (self.inner.version.get(), *expected);
            // Our history, or its absence, is that of the numbers before the change.
            if version != expected && (history.is_some() || !base.is_leaf()) {
                return Err(Error::StaleView { version, expected });
            }
        }
        Ok(match history {
            Some(node) => Some(Edge::Node(node)),
            None => self.inner.requires_grad.then(|| Edge::Leaf(self.clone())),
        })
    }

    /// The result of an operation, with its history where one of the inputs tracks gradients. `rule` gets the result, so
    /// that it can keep it, and for each input whether its gradient is wanted.
    fn record(
        op: &'static str,
        inputs: &[&Tensor],
        result: Tensor,
        rule: impl FnOnce(&Tensor, &[bool]) -> Rule,
    ) -> Result<Tensor, Error> {
        let inputs: Vec<Option<Input>> = inputs.iter().map(|input| Input::of(input)).collect::<Result<_, _>>()?;
        let wanted: Vec<bool> = inputs.iter().map(Option::is_some).collect();
        if wanted.contains(&true) {
            let rule = rule(&result, &wanted);
            result.inner.history.replace(Some(Node::new(op, inputs, rule)));
        }
        Ok(result)
    }
}

fn gather(storage: &RefCell<Vec<f64>>, layout: &Layout) -> Array {
    let storage = storage.borrow();
    if layout.is_contiguous() {
        let count: usize = layout.shape.iter().product();
        return Array::new(&layout.shape, storage[layout.offset..layout.offset + count].to_vec());
    }
    Array::new(&layout.shape, layout.offsets().map(|i| storage[i]).collect())
}

impl From<f64> for Tensor {
    fn from(number: f64) -> Tensor {
        Tensor::full(&[], number)
    }
}

impl<const N: usize> From<[f64; N]> for Tensor {
    fn from(numbers: [f64; N]) -> Tensor {
        Tensor::plain(Array::new(&[N], numbers.to_vec()))
    }
}

impl<const N: usize, const M: usize> From<[[f64; M]; N]> for Tensor {
    fn from(rows: [[f64; M]; N]) -> Tensor {
        Tensor::plain(Array::new(&[N, M], rows.as_flattened().to_vec()))
    }
}

impl From<&[f64]> for Tensor {
    fn from(numbers: &[f64]) -> Tensor {
        Tensor::plain(Array::new(&[numbers.len()], numbers.to_vec()))
    }
}

impl From<Vec<f64>> for Tensor {
    fn from(numbers: Vec<f64>) -> Tensor {
        Tensor::plain(Array::new(&[numbers.len()], numbers))
    }
}

/// # Panics
/// If the rows differ in length.
impl From<Vec<Vec<f64>>> for Tensor {
    #[track_caller]
    fn from(rows: Vec<Vec<f64>>) -> Tensor {
        let columns = rows.first().map_or(0, Vec::len);
        assert!(rows.iter().all(|row| row.len() == columns), "the rows of a tensor must be equally long");
        Tensor::from_vec(rows.concat(), &[rows.len(), columns])
    }
}

/// The same tensor under another name.
impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Tensor {
        tensor.clone()
    }
}
