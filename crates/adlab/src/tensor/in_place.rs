//! Changes in place. Their names end in `_`, as in PyTorch.
//!
//! A derivative may need a value that an operation saw; overwriting it would give wrong gradients. So each tensor counts
//! its changes, and a change where it would be wrong is refused: at once for leaves and views, and otherwise in the
//! backward pass, if a value that was kept there is no longer what it was.

use super::Tensor;
use super::elementwise::{ADD, Binary, DIV, MUL, SUB};
use super::graph::{Input, Node, is_recording};
use crate::error::{Error, expect};

impl Tensor {
    /// Adds in place. Returns the tensor itself.
    ///
    /// # Panics
    /// On a leaf that requires a gradient, on a view of one, and where the shapes do not fit.
    #[track_caller]
    pub fn add_(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_add_(other))
    }

    /// Subtracts in place.
    #[track_caller]
    pub fn sub_(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_sub_(other))
    }

    /// Multiplies in place.
    #[track_caller]
    pub fn mul_(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_mul_(other))
    }

    /// Divides in place.
    #[track_caller]
    pub fn div_(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_div_(other))
    }

    /// [`add_`](Tensor::add_) with a `Result`. Nothing is changed when it fails.
    pub fn try_add_(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.change("add_", &ADD, &other.into())
    }

    /// [`sub_`](Tensor::sub_) with a `Result`.
    pub fn try_sub_(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.change("sub_", &SUB, &other.into())
    }

    /// [`mul_`](Tensor::mul_) with a `Result`.
    pub fn try_mul_(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.change("mul_", &MUL, &other.into())
    }

    /// [`div_`](Tensor::div_) with a `Result`.
    pub fn try_div_(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.change("div_", &DIV, &other.into())
    }

    fn change(&self, name: &'static str, op: &Binary, other: &Tensor) -> Result<Tensor, Error> {
        if is_recording() {
            self.check_change(name, other)?;
        }
        let (before, by) = (self.array(), other.array());
        if super::array::broadcast(&before.shape, &by.shape).as_ref() != Some(&before.shape) {
            return Err(Error::Shapes { op: name, left: before.shape, right: by.shape });
        }
        let inputs = vec![Input::of(self)?, Input::of(other)?];
        let wanted: Vec<bool> = inputs.iter().map(Option::is_some).collect();
        let node = wanted.contains(&true).then(|| {
            // The rule keeps copies: what we had is overwritten now, and `other` may be ourselves.
            let rule = op.rule(&Tensor::plain(before.clone()), &Tensor::plain(by.clone()), &wanted);
            Node::new(name, inputs, rule)
        });
        self.overwrite(&before.zip(&by, op.f));
        if let Some(node) = node {
            self.inner.history.replace(Some(node));
        }
        Ok(self.clone())
    }

    fn check_change(&self, op: &'static str, other: &Tensor) -> Result<(), Error> {
        if self.inner.requires_grad {
            return Err(Error::InPlaceOnLeaf { op });
        }
        let Some((base, _)) = &self.inner.base else {
            return Ok(());
        };
        if base.inner.requires_grad {
            return Err(Error::InPlaceOnViewOfLeaf { op });
        }
        if base.tracks_grad() || self.tracks_grad() || other.tracks_grad() {
            return Err(Error::InPlaceOnTrackedView { op });
        }
        Ok(())
    }
}
