//! Some of a tensor's numbers: picked by index, and the gradient put back where they came from.
//!
//! Taking numbers from places and putting them there are each other's adjoints, so each is the other's derivative.

use super::axes::Axes;
use super::data::{Rule, Tensor};
use super::layout::Places;
use crate::error::{Error, expect};

impl Tensor {
    /// The parts at these indices along an axis, as a copy; an index may come several times. The gradient of a part that
    /// is picked k times is the sum of k.
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let rows = tensor([[1.0, 2.0], [3.0, 4.0]]).index_select(0, &[1, 1]);
    /// assert_eq!(rows.to_vec(), [3.0, 4.0, 3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis or index.
    #[track_caller]
    pub fn index_select(&self, axis: usize, index: &[usize]) -> Tensor {
        expect(self.try_index_select(axis, index))
    }

    /// [`index_select`](Tensor::index_select) with a `Result`.
    pub fn try_index_select(&self, axis: usize, index: &[usize]) -> Result<Tensor, Error> {
        self.check_indices("index_select", axis, index)?;
        let (outer, size, inner) = self.around(axis);
        let place = |o: usize, i: usize, k: usize| (o * size + i) * inner + k;
        let places = (0..outer).flat_map(|o| index.iter().flat_map(move |&i| (0..inner).map(move |k| place(o, i, k))));
        let mut shape = self.sizes().clone();
        shape[axis] = index.len();
        self.take("index_select", Places::List(places.collect()), &shape)
    }

    /// From each line along an axis, the numbers at its own indices. `index` has, in row-major order, the indices for a
    /// result of this tensor's shape, with k numbers along the axis: y\[i, j\] = x\[i, index\[i, j\]\] for the last of two.
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.gather(1, &[2, 0]).to_string(), "[[3], [4]]");
    /// ```
    ///
    /// # Panics
    /// If there is no such axis or index, or the number of indices is no multiple of the number of lines.
    #[track_caller]
    pub fn gather(&self, axis: usize, index: &[usize]) -> Tensor {
        expect(self.try_gather(axis, index))
    }

    /// [`gather`](Tensor::gather) with a `Result`.
    pub fn try_gather(&self, axis: usize, index: &[usize]) -> Result<Tensor, Error> {
        self.check_indices("gather", axis, index)?;
        let (outer, size, inner) = self.around(axis);
        let lines = outer * inner;
        if lines == 0 || !index.len().is_multiple_of(lines) {
            return Err(Error::Fill { numbers: index.len(), shape: self.without(axis).to_vec() });
        }
        let k = index.len() / lines;
        let place = |n: usize| (n / (k * inner) * size + index[n]) * inner + n % inner;
        let mut shape = self.sizes().clone();
        shape[axis] = k;
        self.take("gather", Places::List((0..index.len()).map(place).collect()), &shape)
    }

    fn check_indices(&self, op: &'static str, axis: usize, index: &[usize]) -> Result<(), Error> {
        self.check_axis(op, axis)?;
        match index.iter().find(|&&index| index >= self.sizes()[axis]) {
            Some(&index) => Err(Error::Index { what: "index", index, shape: self.shape() }),
            None => Ok(()),
        }
    }

    /// The numbers at these places, as a copy of this shape.
    pub(super) fn take(&self, op: &'static str, places: Places, shape: &[usize]) -> Result<Tensor, Error> {
        self.take_of(&self.numbers(), op, places, shape)
    }

    /// The same, given this tensor's numbers in row-major order.
    fn take_of(&self, numbers: &[f64], op: &'static str, places: Places, shape: &[usize]) -> Result<Tensor, Error> {
        let result = Tensor::new(shape, places.pick(numbers));
        Tensor::record(op, &[self], result, |_| Rule::Put(places))
    }

    /// Numbers, added up at their places of a tensor of 0 of this shape.
    pub(super) fn put(parts: &[(Places, Tensor)], shape: &[usize]) -> Tensor {
        let add = |sums: &mut [f64]| parts.iter().for_each(|(places, part)| places.add_to(sums, &part.numbers()));
        let result = Tensor::filled(shape, add);
        let back: Vec<(Places, Axes)> =
            parts.iter().map(|(places, part)| (places.clone(), part.sizes().clone())).collect();
        let rule = Rule::map(move |g, _| {
            let numbers = g.numbers();
            back.iter().map(|(places, from)| g.take_of(&numbers, "take", places.clone(), from).map(Some)).collect()
        });
        let parts: Vec<&Tensor> = parts.iter().map(|(_, part)| part).collect();
        Tensor::record("put", &parts, result, |_| rule).expect("a gradient has no stale history")
    }
}
