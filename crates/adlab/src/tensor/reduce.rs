//! Sums, means, maxima, and the cross-entropy.

use super::Tensor;
use super::array::Array;
use super::graph::Saved;
use crate::error::{Error, expect};

impl Tensor {
    /// The sum of all numbers. Its gradient is 1 everywhere.
    #[track_caller]
    pub fn sum(&self) -> Tensor {
        let array = self.array();
        let shape = array.shape.clone();
        let result = Tensor::from(array.data.iter().sum::<f64>());
        expect(Tensor::record("sum", &[self], result, |_, _| Box::new(move |g| Ok(vec![Some(g.broadcast_to(&shape))]))))
    }

    /// The mean of all numbers. Its gradient is 1/n everywhere.
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        self.sum() / self.numel() as f64
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
        let array = self.array();
        let shape = array.shape.clone();
        if axis >= shape.len() {
            return Err(Error::Index { what: "axis", index: axis, shape });
        }
        let mut kept = shape.clone();
        kept[axis] = 1;
        let mut without = shape.clone();
        without.remove(axis);
        let sums = array.sum_to(&kept);
        let result = Tensor::plain(Array::new(&without, sums.data));
        Tensor::record("sum_axis", &[self], result, |_, _| {
            Box::new(move |g| Ok(vec![Some(Array::new(&kept, g.data.clone()).broadcast_to(&shape))]))
        })
    }

    /// The means along an axis, which goes away.
    #[track_caller]
    pub fn mean_axis(&self, axis: usize) -> Tensor {
        let sums = self.sum_axis(axis);
        sums / self.inner.layout.shape[axis] as f64
    }

    /// The position of the greatest number in each row of a matrix; the first of several.
    ///
    /// # Panics
    /// If this is not a matrix with at least one column.
    #[track_caller]
    pub fn argmax_rows(&self) -> Vec<usize> {
        let array = self.array();
        match array.shape[..] {
            [_, columns] if columns > 0 => array.data.chunks(columns).map(argmax).collect(),
            _ => expect(Err(Error::NotOneNumber { op: "argmax_rows (it wants a matrix)", shape: array.shape })),
        }
    }

    /// The mean cross-entropy of rows of scores (logits) and the classes that are right: the mean of
    /// −ln softmax(row)\[class\].
    ///
    /// Done in one step, with the greatest score taken off first, so that no exponential overflows. The gradient of a
    /// row is (softmax(row) − one-hot(class))/n.
    ///
    /// # Panics
    /// If there is not one class for each row, or a class has no column.
    #[track_caller]
    pub fn cross_entropy(&self, classes: &[usize]) -> Tensor {
        expect(self.try_cross_entropy(classes))
    }

    /// [`cross_entropy`](Tensor::cross_entropy) with a `Result`.
    pub fn try_cross_entropy(&self, classes: &[usize]) -> Result<Tensor, Error> {
        let logits = self.array();
        let [rows, columns] = logits.shape[..] else {
            return Err(Error::Shapes { op: "cross_entropy", left: self.shape(), right: vec![classes.len()] });
        };
        if rows != classes.len() || rows == 0 {
            return Err(Error::Shapes { op: "cross_entropy", left: self.shape(), right: vec![classes.len()] });
        }
        if let Some(&wrong) = classes.iter().find(|&&class| class >= columns) {
            return Err(Error::Index { what: "class", index: wrong, shape: self.shape() });
        }
        let loss = |(row, &class): (&[f64], &usize)| logsumexp(row) - row[class];
        let total: f64 = logits.data.chunks(columns).zip(classes).map(loss).sum();
        let result = Tensor::from(total / rows as f64);
        Tensor::record("cross_entropy", &[self], result, |_, _| {
            let saved = Saved::of(self, "cross_entropy");
            let classes = classes.to_vec();
            Box::new(move |g| {
                let mut gradient = saved.get()?;
                let scale = g.data[0] / rows as f64;
                for (row, &class) in gradient.data.chunks_mut(columns).zip(&classes) {
                    let total = logsumexp(row);
                    for x in row.iter_mut() {
                        *x = scale * (*x - total).exp();
                    }
                    row[class] -= scale;
                }
                Ok(vec![Some(gradient)])
            })
        })
    }
}

/// ln Σ eˣ, with the greatest taken off first.
fn logsumexp(row: &[f64]) -> f64 {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + row.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
}

fn argmax(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}
