//! The pass backwards over the record.
//!
//! From the result, gradients are handed down to what it was computed from, the latest operation first: when an
//! operation's turn comes, all that its result went into has been, and its gradient is complete. Gradients that arrive at a
//! leaf are its own.

use std::cell::RefCell;
use std::rc::Rc;

use super::data::{Edge, Hook, Node, Rule, Tensor};
use super::graph::recording;
use super::waiting::Waiting;
use crate::error::{Error, expect};

impl Tensor {
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
        Backward::of(self).try_run()
    }

    /// The vector-Jacobian product: like [`backward`](Tensor::backward), with a seed for each number of this tensor.
    #[track_caller]
    pub fn backward_with(&self, seed: &Tensor) {
        expect(self.try_backward_with(seed));
    }

    /// [`backward_with`](Tensor::backward_with) with a `Result`.
    pub fn try_backward_with(&self, seed: &Tensor) -> Result<(), Error> {
        Backward::of(self).seed(seed).try_run()
    }

    /// The gradients of this single number by some tensors, leaves or not, which keep none: a function of them, as
    /// `torch.autograd.grad` is. More can be asked of [`Backward`].
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let x = tensor([1.0, 2.0]).requires_grad();
    /// let y = &x * &x;
    /// let gradients = y.sum().gradients(&[&x, &y]);
    /// assert_eq!(gradients[0].to_vec(), [2.0, 4.0]);
    /// assert_eq!(gradients[1].to_vec(), [1.0, 1.0]);
    /// assert!(x.try_grad().is_err());
    /// ```
    ///
    /// # Panics
    /// As [`backward`](Tensor::backward), and if one of the tensors does not track gradients.
    #[track_caller]
    pub fn gradients(&self, by: &[&Tensor]) -> Vec<Tensor> {
        Backward::of(self).gradients(by)
    }
}

/// A backward pass with options.
///
/// ```
/// use adlab::{Backward, tensor};
///
/// // The gradient of a gradient: (x³)′ = 3x², (3x²)′ = 6x.
/// let x = tensor(2.0).requires_grad();
/// let first = Backward::of(&x.powi(3)).create_graph().gradients(&[&x]);
/// let second = first[0].gradients(&[&x]);
/// assert_eq!((first[0].item(), second[0].item()), (12.0, 12.0));
/// ```
#[must_use = "nothing happens until run() or gradients()"]
pub struct Backward<'a> {
    root: &'a Tensor,
    seed: Option<&'a Tensor>,
    retain: bool,
    create: bool,
}

impl<'a> Backward<'a> {
    /// Of this result.
    pub fn of(root: &'a Tensor) -> Backward<'a> {
        Backward { root, seed: None, retain: false, create: false }
    }

    /// Starts with these gradients of the result's numbers, in place of a single 1.
    pub fn seed(self, seed: &'a Tensor) -> Backward<'a> {
        Backward { seed: Some(seed), ..self }
    }

    /// Keeps what was kept for the derivatives, so that a second pass over the same computation can follow.
    pub fn retain_graph(self) -> Backward<'a> {
        Backward { retain: true, ..self }
    }

    /// Records the pass itself, so that the gradients can be differentiated. It retains the graph as well.
    pub fn create_graph(self) -> Backward<'a> {
        Backward { retain: true, create: true, ..self }
    }

    /// Adds the gradients to those of the leaves.
    #[track_caller]
    pub fn run(self) {
        expect(self.try_run());
    }

    /// [`run`](Backward::run) with a `Result`. Nothing is changed when it fails.
    pub fn try_run(self) -> Result<(), Error> {
        let create = self.create;
        let gradients = self.pass(&[])?;
        if create {
            // What a gradient is added to may have a history, and that may be one of numbers that were changed.
            gradients.waiting.leaves().try_for_each(|(leaf, _)| match &*leaf.inner.grad.borrow() {
                Some(before) => before.source().map(drop),
                None => Ok(()),
            })?;
        }
        for (node, gradient) in gradients.retained {
            if let Some(inner) = node.retained.borrow().as_ref().and_then(|result| result.upgrade()) {
                inner.grad.replace(Some(gradient.alone(create)));
            }
        }
        recording(create, || {
            gradients.waiting.end(|leaf, gradient| {
                leaf.inner.is_cut_off.set(false);
                let before = leaf.inner.grad.take();
                leaf.inner.grad.replace(Some(match before {
                    Some(before) => before + gradient,
                    None => gradient.alone(create),
                }));
            });
        });
        Ok(())
    }

    /// The gradients by these tensors, leaves or not, and 0 for one that the result does not depend on. The leaves' own
    /// gradients stay as they are.
    #[track_caller]
    pub fn gradients(self, by: &[&Tensor]) -> Vec<Tensor> {
        expect(self.try_gradients(by))
    }

    /// [`gradients`](Backward::gradients) with a `Result`.
    pub fn try_gradients(self, by: &[&Tensor]) -> Result<Vec<Tensor>, Error> {
        let edge = |tensor: &&Tensor| tensor.source()?.ok_or_else(|| tensor.no_gradient());
        let targets: Vec<Edge> = by.iter().map(edge).collect::<Result<_, _>>()?;
        let create = self.create;
        let mut gradients = self.pass(&targets)?;
        gradients.waiting.end(|found, gradient| {
            for (target, place) in targets.iter().zip(&mut gradients.targets) {
                if matches!(target, Edge::Leaf(leaf) if leaf.as_ptr() == Rc::as_ptr(&found.inner)) {
                    *place = Some(gradient.clone());
                }
            }
        });
        let zero = |by: &Tensor| Tensor::zeros(by.sizes());
        let found = gradients.targets.into_iter().zip(by);
        Ok(found.map(|(gradient, by)| gradient.map_or_else(|| zero(by), |g| g.alone(create))).collect())
    }

    fn pass(&self, targets: &[Edge]) -> Result<Gradients, Error> {
        let shape = self.root.sizes();
        let seed = match self.seed {
            Some(seed) if seed.sizes() != shape => {
                return Err(Error::Seed { seed: seed.shape(), result: shape.to_vec() });
            }
            Some(seed) => seed.clone(),
            None if self.root.numel() != 1 => return Err(Error::NotScalar { shape: shape.to_vec() }),
            None => Tensor::ones(shape),
        };
        let root = self.root.source()?.ok_or(Error::NoHistory)?;
        recording(self.create, || pass(root, seed, targets, self.retain))
    }
}

/// What a pass has found.
struct Gradients {
    /// By the leaves.
    waiting: Waiting,
    retained: Vec<(Node, Tensor)>,
    /// By the targets that are no leaves.
    targets: Vec<Option<Tensor>>,
}

/// Follows the record from `root` down to the leaves. Changes nothing when it fails.
fn pass(root: Edge, seed: Tensor, targets: &[Edge], retain: bool) -> Result<Gradients, Error> {
    let mut found = Gradients { waiting: Waiting::begin(), retained: Vec::new(), targets: vec![None; targets.len()] };
    let waiting = &mut found.waiting;
    let shape = seed.sizes().clone();
    waiting.add(&root, seed, &shape);
    while let Some((node, gradient)) = waiting.next() {
        for (target, place) in targets.iter().zip(&mut found.targets) {
            if matches!(target, Edge::Node(target) if target.is(&node)) {
                *place = Some(gradient.clone());
            }
        }
        call(&node.hooks, &gradient);
        if node.retained.borrow().is_some() {
            found.retained.push((node.clone(), gradient.clone()));
        }
        if node.kept.borrow().is_spent() {
            return Err(Error::BackwardTwice { op: node.op });
        }
        match &node.rule {
            Rule::Put(places) => {
                if let Some(input) = &node.inputs[0] {
                    waiting.put(&input.edge, &gradient, places, &input.shape);
                }
            }
            Rule::Of(function) => {
                if let Some(input) = &node.inputs[0] {
                    waiting.add(&input.edge, function.pull_back(&gradient, &node)?, &input.shape);
                }
            }
            Rule::Map(rule) => rule(&gradient, &node)?.for_each(|i, gradient| {
                if let Some(input) = &node.inputs[i] {
                    waiting.add(&input.edge, gradient, &input.shape);
                }
            }),
        }
        if !retain && node.kept.borrow().is_something() {
            waiting.spend(node);
        }
    }
    waiting.finish();
    waiting.leaves().for_each(|(leaf, gradient)| call(&leaf.inner.hooks, gradient));
    Ok(found)
}

impl Tensor {
    /// A gradient as it is given out. On the way, several may have shared their numbers, also with the seed; from now on, a
    /// change in place of one must not show in another. One with a history stays as it is.
    fn alone(mut self, recorded: bool) -> Tensor {
        if !recorded {
            self.own_numbers();
        }
        self
    }
}

/// A hook may do as it likes: it gets a copy, and may register another, as the list is not borrowed meanwhile.
fn call(hooks: &RefCell<Vec<Hook>>, gradient: &Tensor) {
    let hooks = hooks.borrow().clone();
    hooks.iter().for_each(|hook| hook(&(gradient * 1.0)));
}
