//! Views: other ways to look at the same numbers.

use std::ops::Range;
use std::rc::Rc;

use super::array::{Array, Layout};
use super::graph::Rule;
use super::{Inner, Tensor};
use crate::error::{Error, expect};

impl Tensor {
    /// The part at `index` along the first axis, as a view: `matrix.at(0)` is the first row.
    ///
    /// A view shares its numbers with the tensor: a change in place of one shows in the other.
    ///
    /// # Panics
    /// If there is no such part.
    #[track_caller]
    pub fn at(&self, index: usize) -> Tensor {
        expect(self.try_select(0, index))
    }

    /// The part at `index` along `axis`, as a view; the axis goes away.
    #[track_caller]
    pub fn select(&self, axis: usize, index: usize) -> Tensor {
        expect(self.try_select(axis, index))
    }

    /// [`select`](Tensor::select) with a `Result`.
    pub fn try_select(&self, axis: usize, index: usize) -> Result<Tensor, Error> {
        self.check_range(axis, &(index..index + 1))?;
        let mut layout = self.inner.layout.clone();
        layout.offset += index * layout.strides[axis];
        layout.shape.remove(axis);
        layout.strides.remove(axis);
        self.view("select", layout)
    }

    /// The part in `range` along `axis`, as a view.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Tensor {
        expect(self.try_slice(axis, range))
    }

    /// [`slice`](Tensor::slice) with a `Result`.
    pub fn try_slice(&self, axis: usize, range: Range<usize>) -> Result<Tensor, Error> {
        self.check_range(axis, &range)?;
        let mut layout = self.inner.layout.clone();
        layout.offset += range.start * layout.strides[axis];
        layout.shape[axis] = range.len();
        self.view("slice", layout)
    }

    /// A matrix with rows and columns exchanged, as a view.
    ///
    /// # Panics
    /// If this is not a matrix.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        assert!(self.ndim() == 2, "t() wants a matrix, and this has the shape {:?}", self.shape());
        self.transpose(0, 1)
    }

    /// Two axes exchanged, as a view.
    #[track_caller]
    pub fn transpose(&self, a: usize, b: usize) -> Tensor {
        expect(self.try_transpose(a, b))
    }

    /// [`transpose`](Tensor::transpose) with a `Result`.
    pub fn try_transpose(&self, a: usize, b: usize) -> Result<Tensor, Error> {
        if let Some(&index) = [a, b].iter().find(|&&axis| axis >= self.ndim()) {
            return Err(Error::Index { what: "axis", index, shape: self.shape() });
        }
        let mut layout = self.inner.layout.clone();
        layout.shape.swap(a, b);
        layout.strides.swap(a, b);
        self.view("transpose", layout)
    }

    /// The same numbers in row-major order under another shape: a view where they are stored in this order, else a copy.
    ///
    /// # Panics
    /// If the shape holds another number of numbers.
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Tensor {
        expect(self.try_reshape(shape))
    }

    /// [`reshape`](Tensor::reshape) with a `Result`.
    pub fn try_reshape(&self, shape: &[usize]) -> Result<Tensor, Error> {
        if self.numel() != shape.iter().product() {
            return Err(Error::Fill { numbers: self.numel(), shape: shape.to_vec() });
        }
        if self.inner.layout.is_contiguous() {
            let layout = Layout { offset: self.inner.layout.offset, ..Layout::contiguous(shape) };
            return self.view("reshape", layout);
        }
        let before = self.shape();
        let result = Tensor::plain(Array::new(shape, self.array().data));
        Tensor::record("reshape", &[self], result, |_, _| {
            Box::new(move |g| Ok(vec![Some(Array::new(&before, g.data.clone()))]))
        })
    }

    fn check_range(&self, axis: usize, range: &Range<usize>) -> Result<(), Error> {
        let shape = self.shape();
        match shape.get(axis) {
            None => Err(Error::Index { what: "axis", index: axis, shape }),
            Some(&size) if range.start > range.end || range.end > size => {
                let index = range.end.max(range.start).saturating_sub(1);
                Err(Error::Index { what: "index", index, shape })
            }
            Some(_) => Ok(()),
        }
    }

    fn view(&self, op: &'static str, layout: Layout) -> Result<Tensor, Error> {
        let base = match &self.inner.base {
            Some((base, _)) => base.clone(),
            None => self.clone(),
        };
        let inner = Inner {
            storage: Rc::clone(&self.inner.storage),
            layout,
            version: Rc::clone(&self.inner.version),
            requires_grad: false,
            grad: Default::default(),
            history: Default::default(),
            base: Some((base, self.inner.version.get())),
        };
        Tensor::record(op, &[self], Tensor { inner: Rc::new(inner) }, |view, _| self.scatter_rule(view))
    }

    /// The gradient of a view goes to the places that it shows, and is 0 elsewhere.
    fn scatter_rule(&self, view: &Tensor) -> Rule {
        let (ours, shown) = (self.inner.layout.clone(), view.inner.layout.clone());
        Box::new(move |g| {
            let end = ours.offsets().max().map_or(0, |last| last + 1);
            let mut storage = vec![0.0; end];
            for (offset, g) in shown.offsets().zip(&g.data) {
                storage[offset] += g;
            }
            Ok(vec![Some(Array::new(&ours.shape, ours.offsets().map(|i| storage[i]).collect()))])
        })
    }
}
