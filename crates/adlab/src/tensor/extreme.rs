//! The greatest and the smallest.
//!
//! NaN counts as the most extreme of all, so it is not overlooked. The gradient is split evenly over all that are equal.

use super::data::{Rule, Tensor};
use crate::error::{Error, expect};

/// Is the first further out than the second?
type Beats = fn(f64, f64) -> bool;

const GREATER: Beats = |a, b| a > b || a.is_nan() && !b.is_nan();
const LESS: Beats = |a, b| a < b || a.is_nan() && !b.is_nan();

impl Tensor {
    /// The greatest of all numbers. Several that are equal share the gradient.
    ///
    /// # Panics
    /// If there are no numbers.
    #[track_caller]
    pub fn max(&self) -> Tensor {
        expect(self.try_max())
    }

    /// [`max`](Tensor::max) with a `Result`.
    pub fn try_max(&self) -> Result<Tensor, Error> {
        self.extreme("max", GREATER)
    }

    /// The smallest of all numbers. Several that are equal share the gradient.
    ///
    /// # Panics
    /// If there are no numbers.
    #[track_caller]
    pub fn min(&self) -> Tensor {
        expect(self.try_min())
    }

    /// [`min`](Tensor::min) with a `Result`.
    pub fn try_min(&self) -> Result<Tensor, Error> {
        self.extreme("min", LESS)
    }

    /// The greatest along an axis, which goes away. Several that are equal share the gradient.
    ///
    /// # Panics
    /// If there is no such axis, or there are no numbers along it.
    #[track_caller]
    pub fn max_axis(&self, axis: usize) -> Tensor {
        expect(self.try_max_axis(axis))
    }

    /// [`max_axis`](Tensor::max_axis) with a `Result`.
    pub fn try_max_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.extreme_axis("max_axis", axis, GREATER)
    }

    /// The smallest along an axis, which goes away. Several that are equal share the gradient.
    ///
    /// # Panics
    /// If there is no such axis, or there are no numbers along it.
    #[track_caller]
    pub fn min_axis(&self, axis: usize) -> Tensor {
        expect(self.try_min_axis(axis))
    }

    /// [`min_axis`](Tensor::min_axis) with a `Result`.
    pub fn try_min_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.extreme_axis("min_axis", axis, LESS)
    }

    /// Where the greatest number stands, in row-major order; the first of several.
    ///
    /// # Panics
    /// If there are no numbers.
    #[track_caller]
    pub fn argmax(&self) -> usize {
        expect(self.try_argmax())
    }

    /// [`argmax`](Tensor::argmax) with a `Result`.
    pub fn try_argmax(&self) -> Result<usize, Error> {
        Ok(self.reshape(&[self.numel()]).position("argmax", 0, GREATER, self)?[0])
    }

    /// Where the smallest number stands, in row-major order; the first of several.
    ///
    /// # Panics
    /// If there are no numbers.
    #[track_caller]
    pub fn argmin(&self) -> usize {
        expect(self.try_argmin())
    }

    /// [`argmin`](Tensor::argmin) with a `Result`.
    pub fn try_argmin(&self) -> Result<usize, Error> {
        Ok(self.reshape(&[self.numel()]).position("argmin", 0, LESS, self)?[0])
    }

    /// The positions of the greatest numbers along an axis, for each place of the others in row-major order; the first of
    /// several.
    ///
    /// # Panics
    /// If there is no such axis, or there are no numbers along it.
    #[track_caller]
    pub fn argmax_axis(&self, axis: usize) -> Vec<usize> {
        expect(self.try_argmax_axis(axis))
    }

    /// [`argmax_axis`](Tensor::argmax_axis) with a `Result`.
    pub fn try_argmax_axis(&self, axis: usize) -> Result<Vec<usize>, Error> {
        self.position("argmax_axis", axis, GREATER, self)
    }

    /// The positions of the smallest numbers along an axis, like [`argmax_axis`](Tensor::argmax_axis).
    #[track_caller]
    pub fn argmin_axis(&self, axis: usize) -> Vec<usize> {
        expect(self.try_argmin_axis(axis))
    }

    /// [`argmin_axis`](Tensor::argmin_axis) with a `Result`.
    pub fn try_argmin_axis(&self, axis: usize) -> Result<Vec<usize>, Error> {
        self.position("argmin_axis", axis, LESS, self)
    }

    /// The position of the greatest number in each row of a matrix; the first of several.
    ///
    /// # Panics
    /// If this is not a matrix with at least one column.
    #[track_caller]
    pub fn argmax_rows(&self) -> Vec<usize> {
        if self.ndim() != 2 {
            return expect(Err(Error::Dimensions { op: "argmax_rows", wanted: 2, shape: self.shape() }));
        }
        expect(self.position("argmax_rows", 1, GREATER, self))
    }

    fn extreme(&self, op: &'static str, beats: Beats) -> Result<Tensor, Error> {
        if self.numel() == 0 {
            return Err(Error::Empty { op, shape: self.shape() });
        }
        self.try_reshape(&[self.numel()])?.extreme_axis(op, 0, beats)
    }

    fn extreme_axis(&self, op: &'static str, axis: usize, beats: Beats) -> Result<Tensor, Error> {
        self.check_not_empty(op, axis)?;
        let places = self.position(op, axis, beats, self)?;
        let numbers = self.numbers();
        let (_, size, inner) = self.around(axis);
        let place = |(line, i): (usize, &usize)| (line / inner * size + i) * inner + line % inner;
        let found = places.iter().enumerate().map(|line| numbers[place(line)]).collect();
        let result = Tensor::new(&self.without(axis), found);
        Tensor::record(op, &[self], result, |recorder| {
            recorder.keep(0);
            recorder.keep_result();
            Rule::of_one(move |g, node| {
                let equal = node.input(0)?.equal(node.result()?.try_unsqueeze(axis)?);
                let share = g / equal.try_sum_axis(axis)?;
                Ok(share.try_unsqueeze(axis)? * equal)
            })
        })
    }

    /// `whole` is what an error is about.
    fn position(&self, op: &'static str, axis: usize, beats: Beats, whole: &Tensor) -> Result<Vec<usize>, Error> {
        whole.check_axis(op, axis).or_else(|error| if self.ndim() == whole.ndim() { Err(error) } else { Ok(()) })?;
        let (outer, size, inner) = self.around(axis);
        if size == 0 {
            return Err(Error::Empty { op, shape: whole.shape() });
        }
        let numbers = self.numbers();
        let at = |o: usize, i: usize, k: usize| numbers[(o * size + i) * inner + k];
        let first =
            |o: usize, k: usize| (1..size).fold(0, |best, i| if beats(at(o, i, k), at(o, best, k)) { i } else { best });
        Ok((0..outer).flat_map(|o| (0..inner).map(move |k| (o, k))).map(|(o, k)| first(o, k)).collect())
    }

    fn check_not_empty(&self, op: &'static str, axis: usize) -> Result<(), Error> {
        self.check_axis(op, axis)?;
        match self.inner.layout.shape[axis] {
            0 => Err(Error::Empty { op, shape: self.shape() }),
            _ => Ok(()),
        }
    }
}
