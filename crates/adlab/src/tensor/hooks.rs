//! Gradients, watched on their way back.

use std::rc::Rc;

use super::data::{Edge, Tensor};
use crate::error::{Error, expect};

impl Tensor {
    /// Calls `watch` with the gradient by this tensor in each backward pass to come, when it is complete. It works for leaves
    /// and for results alike, and the gradient goes on as it is.
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let x = tensor(3.0).requires_grad();
    /// let y = &x * &x;
    /// y.register_hook(|gradient| println!("∂z/∂y = {gradient}")); // ∂z/∂y = 5
    /// (&y * 5.0).backward();
    /// ```
    ///
    /// # Panics
    /// If this tensor does not track gradients.
    #[track_caller]
    pub fn register_hook(&self, watch: impl Fn(&Tensor) + 'static) {
        expect(self.try_register_hook(watch));
    }

    /// [`register_hook`](Tensor::register_hook) with a `Result`.
    pub fn try_register_hook(&self, watch: impl Fn(&Tensor) + 'static) -> Result<(), Error> {
        match self.tracked()? {
            Edge::Leaf(_) => self.inner.hooks.borrow_mut().push(Rc::new(watch)),
            Edge::Node(node) => node.hooks.borrow_mut().push(Rc::new(watch)),
        }
        Ok(())
    }

    /// Lets a result keep its gradient as leaves do, so that [`grad`](Tensor::grad) tells it after the next pass. It is that of
    /// the last pass, not a sum.
    ///
    /// # Panics
    /// If this tensor does not track gradients.
    #[track_caller]
    pub fn retain_grad(&self) {
        expect(self.try_retain_grad());
    }

    /// [`retain_grad`](Tensor::retain_grad) with a `Result`.
    pub fn try_retain_grad(&self) -> Result<(), Error> {
        if let Edge::Node(node) = self.tracked()? {
            node.retained.replace(Some(Rc::downgrade(&self.inner)));
        }
        Ok(())
    }

    fn tracked(&self) -> Result<Edge, Error> {
        self.source()?.ok_or_else(|| self.no_gradient())
    }
}
