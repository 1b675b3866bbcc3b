//! Sums, means, variances, norms.

use super::axes::Axes;
use super::buffers::Buffer;
use super::data::{Numbers, Rule, Tensor};
use super::layout::{self, Layout};
use super::sums::{self, sum, sum_lines};
use crate::error::{Error, expect};

impl Tensor {
    /// The sum of all numbers, added up in pairs: its error grows with log n, not with n. Its gradient is 1 everywhere. Of no
    /// numbers, it is 0.
    #[track_caller]
    pub fn sum(&self) -> Tensor {
        let result = Tensor::from(sum(&self.numbers()));
        expect(Tensor::record("sum", &[self], result, |_| Rule::linear(|g, shape| g.try_expand(shape))))
    }

    /// The mean of all numbers. Its gradient is 1/n everywhere. Of no numbers, it is NaN.
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        self.sum() / self.numel() as f64
    }

    /// The unbiased variance of all n numbers: Σ(x − mean)²/(n − 1), as in PyTorch. Of fewer than two numbers, it is NaN.
    #[track_caller]
    pub fn var(&self) -> Tensor {
        (self - self.mean()).square().sum() / freedom(self.numel())
    }

    /// The standard deviation, which is the root of the [variance](Tensor::var). Where all numbers are equal, its gradient is
    /// 0, as that of the norm: the root of the variance alone would have an infinite slope there. The second derivatives are
    /// NaN there, where PyTorch has 0: it is the tip of a cone.
    #[track_caller]
    pub fn std(&self) -> Tensor {
        (self - self.mean()).norm() / freedom(self.numel()).sqrt()
    }

    /// The Euclidean norm √(Σx²) of all numbers, without overflow, and NaN if one of them is: ∂/∂x = x/norm, and 0 for the
    /// zero vector. The second derivatives are NaN there, as in PyTorch: it is the tip of a cone.
    #[track_caller]
    pub fn norm(&self) -> Tensor {
        expect(self.reshape(&[self.numel()]).try_norm_axis(0))
    }

    /// The sums along an axis, which goes away: (m × n) along axis 0 gives n sums.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn sum_axis(&self, axis: usize) -> Tensor {
        expect(self.try_sum_axis(axis))
    }

    /// [`sum_axis`](Tensor::sum_axis) with a `Result`.
    pub fn try_sum_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("sum_axis", axis)?;
        let result = self.sum_along(axis);
        Tensor::record("sum_axis", &[self], result, |_| {
            Rule::linear(move |g, shape| g.try_unsqueeze(axis)?.try_expand(shape))
        })
    }

    /// The means along an axis, which goes away.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn mean_axis(&self, axis: usize) -> Tensor {
        expect(self.try_mean_axis(axis))
    }

    /// [`mean_axis`](Tensor::mean_axis) with a `Result`.
    pub fn try_mean_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("mean_axis", axis)?;
        Ok(self.try_sum_axis(axis)? / self.inner.layout.shape[axis] as f64)
    }

    /// The unbiased variances along an axis, which goes away: Σ(x − mean)²/(n − 1).
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn var_axis(&self, axis: usize) -> Tensor {
        expect(self.try_var_axis(axis))
    }

    /// [`var_axis`](Tensor::var_axis) with a `Result`.
    pub fn try_var_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("var_axis", axis)?;
        let deviation = self - self.try_mean_axis(axis)?.try_unsqueeze(axis)?;
        Ok(deviation.square().try_sum_axis(axis)? / freedom(self.inner.layout.shape[axis]))
    }

    /// The Euclidean norms along an axis, which goes away: ∂/∂x = x/norm, and 0 for a zero vector; see [`norm`](Tensor::norm).
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn norm_axis(&self, axis: usize) -> Tensor {
        expect(self.try_norm_axis(axis))
    }

    /// [`norm_axis`](Tensor::norm_axis) with a `Result`.
    pub fn try_norm_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("norm_axis", axis)?;
        let result = self.lengths_along(axis);
        Tensor::record("norm_axis", &[self], result, |recorder| {
            recorder.keep(0);
            recorder.keep_result();
            Rule::of_one(move |g, node| {
                let direction = node.input(0)?.direction(&node.result()?.try_unsqueeze(axis)?);
                Ok(direction * g.try_unsqueeze(axis)?)
            })
        })
    }

    /// The sums along an axis, which goes away; without history.
    pub(super) fn sum_along(&self, axis: usize) -> Tensor {
        let (_, size, inner) = self.around(axis);
        let numbers = self.numbers();
        let shape = self.without(axis);
        if size * inner == 0 {
            return Tensor::zeros(&shape);
        }
        let parts = numbers.chunks_exact(size * inner);
        if inner == 1 {
            return Tensor::collect(&shape, parts.map(sum));
        }
        Tensor::filled(&shape, |sums| {
            parts.zip(sums.chunks_exact_mut(inner)).for_each(|(part, sums)| sum_lines(part, sums));
        })
    }

    /// The Euclidean lengths along an axis, which goes away; without history.
    fn lengths_along(&self, axis: usize) -> Tensor {
        let (_, size, _) = self.around(axis);
        let shape = self.without(axis);
        if size == 0 {
            return Tensor::zeros(&shape);
        }
        Tensor::collect(&shape, self.lines(axis).chunks_exact(size).map(sums::length))
    }

    /// Combines the numbers along an axis, which goes away; without history.
    pub(super) fn fold_axis(&self, axis: usize, start: f64, f: impl Fn(f64, f64) -> f64) -> Tensor {
        let (outer, size, inner) = self.around(axis);
        let numbers = self.numbers();
        Tensor::filled(&self.without(axis), |folded| {
            folded.fill(start);
            for o in 0..outer {
                let folded = &mut folded[o * inner..][..inner];
                for i in 0..size {
                    let line = &numbers[(o * size + i) * inner..][..inner];
                    folded.iter_mut().zip(line).for_each(|(sum, &x)| *sum = f(*sum, x));
                }
            }
        })
    }

    /// True if the numbers of each line along an axis follow each other in row-major order.
    pub(super) fn has_whole_lines(&self, axis: usize) -> bool {
        let (_, size, inner) = self.around(axis);
        size == 1 || inner == 1
    }

    /// Changes each line along an axis that has whole ones, beside that of another tensor of the same shape; without history.
    pub(super) fn by_line(&self, axis: usize, other: Option<&Tensor>, change: impl Fn(&mut [f64], &[f64])) -> Tensor {
        assert!(self.has_whole_lines(axis), "the lines along this axis do not stand together");
        let size = self.sizes()[axis].max(1);
        let mut result = self.copy();
        let lines = result.own_numbers().chunks_exact_mut(size);
        match other {
            None => lines.for_each(|line| change(line, &[])),
            Some(other) => lines.zip(other.numbers().chunks_exact(size)).for_each(|(line, other)| change(line, other)),
        }
        result
    }

    /// The numbers in an order in which each line along an axis stands together.
    fn lines(&self, axis: usize) -> Numbers<'_> {
        if self.has_whole_lines(axis) {
            return self.numbers();
        }
        let mut axes: Vec<usize> = (0..self.ndim()).filter(|&other| other != axis).collect();
        axes.push(axis);
        Numbers::Copied(Buffer(self.inner.layout.permuted(&axes).read(&self.inner.storage.borrow())))
    }

    /// Sums over what broadcasting from `shape` has repeated: its adjoint.
    pub(super) fn sum_to(&self, shape: &Axes) -> Tensor {
        if self.sizes() == shape {
            return self.clone();
        }
        let before = self.sizes();
        assert!(layout::broadcast(shape, before).as_ref() == Some(before), "a gradient has the shape of its result");
        let result = if shape.iter().product::<usize>() == 1 {
            Tensor::full(shape, sum(&self.numbers()))
        } else {
            let places = Layout::contiguous(shape).expanded(before);
            Tensor::filled(shape, |sums| places.add_to(sums, &self.numbers()))
        };
        let recorded = Tensor::record("sum_to", &[self], result, |_| Rule::linear(|g, shape| g.try_expand(shape)));
        recorded.expect("a gradient has no stale history")
    }
}

/// What the squares of n deviations from their mean are divided by; NaN makes the variance of fewer than two numbers NaN.
fn freedom(n: usize) -> f64 {
    if n < 2 { f64::NAN } else { (n - 1) as f64 }
}
