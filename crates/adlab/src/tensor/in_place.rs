//! Changes in place. Their names end in `_`, as in PyTorch.
//!
//! A derivative may need a value that an operation saw; overwriting it would give wrong gradients. So each tensor counts
//! its changes, and a change where it would be wrong is refused: at once for leaves and views, and otherwise in the
//! backward pass, if a value that was kept there is no longer what it was.

use std::rc::Rc;

use super::binary::{ADD, Binary, DIV, MUL, SUB};
use super::data::{Edge, Input, Node, Rule, Tensor};
use super::each::Each;
use super::graph::is_recording;
use super::layout::{self, Places};
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
        let (left, right) = (self.sizes(), other.sizes());
        if layout::broadcast(left, right).as_ref() != Some(left) {
            return Err(Error::Shapes { op: name, left: self.shape(), right: other.shape() });
        }
        if self.inner.layout.repeats() {
            return Err(Error::InPlaceOnExpanded { op: name, shape: self.shape() });
        }
        let inputs = Each::from([Input::of(self)?, Input::of(other)?]);
        // The rule keeps copies: what we had is overwritten now, and `other` may be ourselves.
        let (before, by) = (self.copy(), other.copy());
        let node = inputs.iter().any(Option::is_some).then(|| Node::new(name, &[&before, &by], inputs, self, op.rule));
        let whole = match (&node, &self.inner.base) {
            (Some(_), Some((base, _))) => Some((base, Input::of(base)?)),
            _ => None,
        };
        self.overwrite(&(op.f)(&before, &by).numbers());
        match (node, whole) {
            (Some(node), None) => drop(self.inner.history.replace(Some(node))),
            (Some(node), Some((base, input))) => self.replace_part(base, name, input, node),
            (None, _) => {}
        }
        Ok(self.clone())
    }

    /// A part of `base`, which is this view, is now the result of `node`: the gradient of that part goes there, and that of
    /// the rest to what `base` was before.
    fn replace_part(&self, base: &Tensor, name: &'static str, before: Option<Input>, node: Node) {
        let shape = base.sizes().clone();
        let places = Places::Layout(Rc::new(self.inner.layout.clone()));
        let is_part = Tensor::put(&[(places.clone(), Tensor::ones(self.sizes()))], &shape);
        let part = Input { edge: Edge::Node(node), shape: self.sizes().clone() };
        let (picked, of_part) = (places.clone(), self.sizes().clone());
        let whole = Node::new(name, &[], [before, Some(part)].into(), base, |_| {
            Rule::map(move |g, _| {
                let rest = Tensor::where_(&is_part, 0.0, g);
                Ok([Some(rest), Some(g.take("take", picked.clone(), &of_part)?)].into())
            })
        });
        base.inner.history.replace(Some(whole.clone()));
        let view = [Some(Input { edge: Edge::Node(whole), shape })].into();
        self.inner.history.replace(Some(Node::new("view", &[], view, self, |_| Rule::Put(places))));
        if let Some((_, version)) = &self.inner.base {
            version.set(self.inner.storage.version());
        }
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
        let tracked = base.tracks_grad() || self.tracks_grad() || other.tracks_grad();
        if tracked && !base.inner.layout.is_whole() {
            return Err(Error::InPlaceOnTrackedView { op });
        }
        Ok(())
    }
}
