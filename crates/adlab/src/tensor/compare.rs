//! Comparisons, which make tensors of 0 and 1, and choices by them.

use super::axes::Axes;
use super::data::{Rule, Tensor};
use super::layout;
use crate::error::{Error, expect};

impl Tensor {
    /// 1 where this is greater, else 0. The result is a constant.
    #[track_caller]
    pub fn greater(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_greater(other))
    }

    /// [`greater`](Tensor::greater) with a `Result`.
    pub fn try_greater(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.compare("greater", &other.into(), |a, b| a > b)
    }

    /// 1 where this is greater or equal, else 0. The result is a constant.
    #[track_caller]
    pub fn greater_equal(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_greater_equal(other))
    }

    /// [`greater_equal`](Tensor::greater_equal) with a `Result`.
    pub fn try_greater_equal(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.compare("greater_equal", &other.into(), |a, b| a >= b)
    }

    /// 1 where this is less, else 0. The result is a constant.
    #[track_caller]
    pub fn less(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_less(other))
    }

    /// [`less`](Tensor::less) with a `Result`.
    pub fn try_less(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.compare("less", &other.into(), |a, b| a < b)
    }

    /// 1 where this is less or equal, else 0. The result is a constant.
    #[track_caller]
    pub fn less_equal(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_less_equal(other))
    }

    /// [`less_equal`](Tensor::less_equal) with a `Result`.
    pub fn try_less_equal(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.compare("less_equal", &other.into(), |a, b| a <= b)
    }

    /// 1 where both are equal, else 0. The result is a constant. NaN equals nothing.
    #[track_caller]
    pub fn equal(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_equal(other))
    }

    /// [`equal`](Tensor::equal) with a `Result`.
    pub fn try_equal(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        self.compare("equal", &other.into(), |a, b| a == b)
    }

    fn compare(&self, op: &'static str, other: &Tensor, f: fn(f64, f64) -> bool) -> Result<Tensor, Error> {
        fit(op, self, other)?;
        Ok(self.zip(other, |a, b| f64::from(u8::from(f(a, b)))))
    }

    /// From `a` where the condition is not 0, and from `b` where it is; all three are broadcast. The gradient goes to the one
    /// that was taken.
    ///
    /// Both are computed everywhere. Where the one that is not taken has an infinite slope, that makes 0·∞ = NaN further
    /// back: make its argument harmless first, as in `where_(&x.greater(0.0), where_(&x.greater(0.0), &x, 1.0).ln(), 0.0)`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn where_(condition: &Tensor, a: impl Into<Tensor>, b: impl Into<Tensor>) -> Tensor {
        expect(Tensor::try_where_(condition, a, b))
    }

    /// [`where_`](Tensor::where_) with a `Result`.
    pub fn try_where_(condition: &Tensor, a: impl Into<Tensor>, b: impl Into<Tensor>) -> Result<Tensor, Error> {
        let (a, b) = (a.into(), b.into());
        let shape = fit("where_", &a, &b)?;
        let Some(shape) = layout::broadcast(&shape, condition.sizes()) else {
            return Err(Error::Shapes { op: "where_", left: condition.shape(), right: shape.to_vec() });
        };
        let condition = Tensor::new(&shape, condition.numbers_as(&shape));
        let both = a.numbers_as(&shape).into_iter().zip(b.numbers_as(&shape));
        let chosen = condition.numbers().iter().zip(both).map(|(&c, (a, b))| if c != 0.0 { a } else { b }).collect();
        Tensor::record("where_", &[&a, &b], Tensor::new(&shape, chosen), |_| {
            Rule::map(move |g, _| {
                Ok([Some(Tensor::where_(&condition, g, 0.0)), Some(Tensor::where_(&condition, 0.0, g))].into())
            })
        })
    }

    /// The numbers, repeated to fill a shape.
    fn numbers_as(&self, shape: &[usize]) -> Vec<f64> {
        let storage = self.inner.storage.borrow();
        self.inner.layout.expanded(shape).read(&storage)
    }

    /// Between `low` and `high`: what is beyond becomes the limit. Between the limits, the derivative is 1, at them and beyond
    /// it is 0, as in PyTorch.
    ///
    /// # Panics
    /// If `low` is above `high`.
    #[track_caller]
    pub fn clamp(&self, low: f64, high: f64) -> Tensor {
        assert!(low <= high, "clamp: the lower limit {low} is above the upper limit {high}");
        let inside = self.map(|x| f64::from(u8::from(low < x && x < high)));
        expect(Tensor::record("clamp", &[self], self.map(|x| x.clamp(low, high)), |_| {
            Rule::linear(move |g, _| Ok(g * &inside))
        }))
    }
}

fn fit(op: &'static str, a: &Tensor, b: &Tensor) -> Result<Axes, Error> {
    layout::broadcast(a.sizes(), b.sizes()).ok_or_else(|| Error::Shapes { op, left: a.shape(), right: b.shape() })
}
