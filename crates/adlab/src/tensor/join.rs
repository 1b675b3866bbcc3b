//! Tensors put together.

use super::data::{Rule, Tensor};
use crate::error::{Error, expect};

impl Tensor {
    /// Tensors one behind the other along an axis; along all others, they have the same sizes. Each gets its part of the
    /// gradient.
    ///
    /// ```
    /// use adlab::{Tensor, tensor};
    ///
    /// let a = tensor([[1.0, 2.0]]);
    /// let b = tensor([[3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(Tensor::concat(&[&a, &b], 0).to_string(), "[[1, 2], [3, 4], [5, 6]]");
    /// ```
    ///
    /// # Panics
    /// If there are no tensors, or the sizes differ, or there is no such axis.
    #[track_caller]
    pub fn concat(tensors: &[&Tensor], axis: usize) -> Tensor {
        expect(Tensor::try_concat(tensors, axis))
    }

    /// [`concat`](Tensor::concat) with a `Result`.
    pub fn try_concat(tensors: &[&Tensor], axis: usize) -> Result<Tensor, Error> {
        let Some(first) = tensors.first() else {
            return Err(Error::Nothing { op: "concat" });
        };
        first.check_axis("concat", axis)?;
        let mut shape = first.shape();
        shape[axis] = 0;
        for tensor in tensors {
            let mut other = tensor.shape();
            let size = if other.len() == shape.len() { std::mem::replace(&mut other[axis], shape[axis]) } else { 0 };
            if other != shape {
                return Err(Error::Join { op: "concat", axis, left: first.shape(), right: tensor.shape() });
            }
            shape[axis] += size;
        }
        let outer: usize = shape[..axis].iter().product();
        let parts: Vec<_> = tensors.iter().map(|tensor| tensor.numbers()).collect();
        let mut numbers = Vec::with_capacity(shape.iter().product());
        for o in 0..outer {
            for part in &parts {
                let length = part.len() / outer;
                numbers.extend_from_slice(&part[o * length..][..length]);
            }
        }
        let sizes: Vec<usize> = tensors.iter().map(|tensor| tensor.inner.layout.shape[axis]).collect();
        Tensor::record("concat", tensors, Tensor::new(&shape, numbers), |_| {
            Rule::map(move |g, _| {
                let mut start = 0;
                let part = |&size: &usize| {
                    start += size;
                    g.try_slice(axis, start - size..start).map(Some)
                };
                sizes.iter().map(part).collect()
            })
        })
    }

    /// Tensors of the same shape side by side along a new axis.
    ///
    /// ```
    /// use adlab::{Tensor, tensor};
    ///
    /// let rows = Tensor::stack(&[&tensor([1.0, 2.0]), &tensor([3.0, 4.0])], 0);
    /// assert_eq!(rows.shape(), [2, 2]);
    /// ```
    ///
    /// # Panics
    /// If there are no tensors, or the shapes differ, or the axis is more than one beyond the last.
    #[track_caller]
    pub fn stack(tensors: &[&Tensor], axis: usize) -> Tensor {
        expect(Tensor::try_stack(tensors, axis))
    }

    /// [`stack`](Tensor::stack) with a `Result`.
    pub fn try_stack(tensors: &[&Tensor], axis: usize) -> Result<Tensor, Error> {
        let Some(first) = tensors.first() else {
            return Err(Error::Nothing { op: "stack" });
        };
        if let Some(other) = tensors.iter().find(|tensor| tensor.sizes() != first.sizes()) {
            return Err(Error::Differ { op: "stack", left: first.shape(), right: other.shape() });
        }
        let longer: Vec<Tensor> = tensors.iter().map(|tensor| tensor.try_unsqueeze(axis)).collect::<Result<_, _>>()?;
        Tensor::try_concat(&longer.iter().collect::<Vec<_>>(), axis)
    }
}
