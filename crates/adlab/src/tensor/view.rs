//! Views: other ways to look at the same numbers.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use super::data::{Inner, Rule, Tensor};
use super::layout::{self, Layout, Places};
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
        self.check_axis("select", axis)?;
        if index >= self.sizes()[axis] {
            return Err(Error::Index { what: "index", index, shape: self.shape() });
        }
        self.part("select", |layout| layout.select(axis, index))
    }

    /// The part in `range` along `axis`, as a view.
    ///
    /// # Panics
    /// If there is no such axis, or the range ends before it begins or beyond the axis.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Tensor {
        expect(self.try_slice(axis, range))
    }

    /// [`slice`](Tensor::slice) with a `Result`.
    pub fn try_slice(&self, axis: usize, range: Range<usize>) -> Result<Tensor, Error> {
        self.check_axis("slice", axis)?;
        if range.start > range.end || range.end > self.sizes()[axis] {
            return Err(Error::Range { start: range.start, end: range.end, axis, shape: self.shape() });
        }
        self.part("slice", |layout| layout.slice(axis, &range))
    }

    /// A matrix with rows and columns exchanged, as a view.
    ///
    /// # Panics
    /// If this is not a matrix.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        expect(self.try_t())
    }

    /// [`t`](Tensor::t) with a `Result`.
    pub fn try_t(&self) -> Result<Tensor, Error> {
        match self.ndim() {
            2 => self.try_transpose(0, 1),
            _ => Err(Error::Dimensions { op: "t", wanted: 2, shape: self.shape() }),
        }
    }

    /// Two axes exchanged, as a view.
    ///
    /// # Panics
    /// If there are no such axes.
    #[track_caller]
    pub fn transpose(&self, a: usize, b: usize) -> Tensor {
        expect(self.try_transpose(a, b))
    }

    /// [`transpose`](Tensor::transpose) with a `Result`.
    pub fn try_transpose(&self, a: usize, b: usize) -> Result<Tensor, Error> {
        self.check_axis("transpose", a)?;
        self.check_axis("transpose", b)?;
        let mut layout = self.inner.layout.clone();
        layout.shape.swap(a, b);
        layout.strides.swap(a, b);
        self.view("transpose", layout, || Rule::linear(move |g, _| g.try_transpose(a, b)))
    }

    /// The axes in another order, as a view: the first of the result is `axes[0]` of this, and so on.
    ///
    /// # Panics
    /// If `axes` does not name each axis once.
    #[track_caller]
    pub fn permute(&self, axes: &[usize]) -> Tensor {
        expect(self.try_permute(axes))
    }

    /// [`permute`](Tensor::permute) with a `Result`.
    pub fn try_permute(&self, axes: &[usize]) -> Result<Tensor, Error> {
        let mut back = vec![usize::MAX; self.ndim()];
        let known = axes.iter().all(|&axis| axis < back.len());
        if known {
            axes.iter().enumerate().for_each(|(i, &axis)| back[axis] = i);
        }
        if !known || axes.len() != back.len() || back.contains(&usize::MAX) {
            return Err(Error::Permutation { axes: axes.to_vec(), shape: self.shape() });
        }
        let layout = self.inner.layout.permuted(axes);
        self.view("permute", layout, || Rule::linear(move |g, _| g.try_permute(&back)))
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
        let rule = || Rule::linear(|g, shape| g.try_reshape(shape));
        match self.inner.layout.reshaped(shape) {
            Some(layout) => self.view("reshape", layout, rule),
            None => {
                Tensor::record("reshape", &[self], Tensor::collect(shape, self.numbers().iter().copied()), |_| rule())
            }
        }
    }

    /// All numbers along one axis, in row-major order; a view or a copy, as [`reshape`](Tensor::reshape).
    #[track_caller]
    pub fn flatten(&self) -> Tensor {
        self.reshape(&[self.numel()])
    }

    /// A new axis of size 1 at this position, as a view.
    ///
    /// # Panics
    /// If the position is beyond the end.
    #[track_caller]
    pub fn unsqueeze(&self, axis: usize) -> Tensor {
        expect(self.try_unsqueeze(axis))
    }

    /// [`unsqueeze`](Tensor::unsqueeze) with a `Result`.
    pub fn try_unsqueeze(&self, axis: usize) -> Result<Tensor, Error> {
        let before = &self.inner.layout;
        if axis > before.shape.len() {
            return Err(Error::Axis { op: "unsqueeze", axis, shape: self.shape() });
        }
        let layout =
            Layout { shape: before.shape.with(axis, 1), strides: before.strides.with(axis, 0), offset: before.offset };
        self.view("unsqueeze", layout, || Rule::linear(move |g, _| g.try_squeeze(axis)))
    }

    /// Without an axis of size 1, as a view.
    ///
    /// # Panics
    /// If there is no such axis, or its size is not 1.
    #[track_caller]
    pub fn squeeze(&self, axis: usize) -> Tensor {
        expect(self.try_squeeze(axis))
    }

    /// [`squeeze`](Tensor::squeeze) with a `Result`.
    pub fn try_squeeze(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("squeeze", axis)?;
        if self.sizes()[axis] != 1 {
            return Err(Error::Squeeze { axis, shape: self.shape() });
        }
        let layout = self.inner.layout.select(axis, 0);
        self.view("squeeze", layout, || Rule::linear(move |g, _| g.try_unsqueeze(axis)))
    }

    /// The numbers repeated to fill a shape by the rules of broadcasting, as a view that takes no memory. The gradients of
    /// the repetitions add up.
    ///
    /// # Panics
    /// If the shape is not one that this one can be broadcast to.
    #[track_caller]
    pub fn expand(&self, shape: &[usize]) -> Tensor {
        expect(self.try_expand(shape))
    }

    /// [`expand`](Tensor::expand) with a `Result`.
    pub fn try_expand(&self, shape: &[usize]) -> Result<Tensor, Error> {
        if layout::broadcast(self.sizes(), shape).as_deref() != Some(shape) {
            return Err(Error::Shapes { op: "expand", left: self.shape(), right: shape.to_vec() });
        }
        // The gradient is added up where it arrives, as for all that is broadcast.
        self.view("expand", self.inner.layout.expanded(shape), || Rule::linear(|g, _| Ok(g.clone())))
    }

    /// Some of the numbers. The gradient goes to the places that the view shows.
    fn part(&self, op: &'static str, show: impl Fn(&Layout) -> Layout) -> Result<Tensor, Error> {
        let places = || show(&Layout::contiguous(&self.inner.layout.shape));
        self.view(op, show(&self.inner.layout), || Rule::Put(Places::Layout(Rc::new(places()))))
    }

    fn view(&self, op: &'static str, layout: Layout, rule: impl FnOnce() -> Rule) -> Result<Tensor, Error> {
        let base = match &self.inner.base {
            Some((base, _)) => base.clone(),
            None => self.clone(),
        };
        let inner = Inner {
            storage: self.inner.storage.clone(),
            layout,
            requires_grad: false,
            is_cut_off: Cell::new(false),
            grad: Default::default(),
            hooks: Default::default(),
            history: Default::default(),
            base: Some((base, Cell::new(self.inner.storage.version()))),
        };
        Tensor::record(op, &[self], Tensor::from_inner(Rc::new(inner)), |_| rule())
    }
}
