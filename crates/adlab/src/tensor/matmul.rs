//! Matrix products.

use super::data::{Rule, Tensor};
use super::layout::{self, Layout};
use crate::error::{Error, expect};

impl Tensor {
    /// The matrix product C = A·B of (m × k) and (k × n): ∂A = ∂C·Bᵀ, ∂B = Aᵀ·∂C.
    ///
    /// More than two axes are batches of matrices in the last two; the others are broadcast. With one axis, this tensor is a
    /// row and the other a column: two vectors give their inner product, a matrix and a vector a vector.
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let a = tensor([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(&tensor([1.0, 10.0])).to_vec(), [21.0, 43.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        expect(self.try_matmul(other))
    }

    /// [`matmul`](Tensor::matmul) with a `Result`.
    pub fn try_matmul(&self, other: &Tensor) -> Result<Tensor, Error> {
        let (left, right) = (self.shape(), other.shape());
        let misfit = || Error::Shapes { op: "matmul", left: left.clone(), right: right.clone() };
        if left.is_empty() || right.is_empty() {
            return Err(misfit());
        }
        // Vectors as matrices of one row or column, which goes away again.
        let (row, column) = (left.len() == 1, right.len() == 1);
        let a = if row { self.try_unsqueeze(0)? } else { self.clone() };
        let b = if column { other.try_unsqueeze(1)? } else { other.clone() };
        let product = a.product(&b)?.ok_or_else(misfit)?;
        let last = product.ndim() - 1;
        let product = if column { product.try_squeeze(last)? } else { product };
        let last = product.ndim() - 1;
        if row { product.try_squeeze(if column { last } else { last - 1 }) } else { Ok(product) }
    }

    /// Of matrices, or batches of them; none if the shapes do not fit.
    fn product(&self, other: &Tensor) -> Result<Option<Tensor>, Error> {
        let (left, right) = (self.shape(), other.shape());
        let (batch_a, [m, k]) = batch_and_matrix(&left);
        let (batch_b, [l, n]) = batch_and_matrix(&right);
        let batch = match layout::broadcast(batch_a, batch_b) {
            Some(batch) if k == l => batch,
            _ => return Ok(None),
        };
        let (a, b) = (self.numbers(), other.numbers());
        let mut c = vec![0.0; batch.iter().product::<usize>() * m * n];
        let (places_a, places_b) =
            (Layout::contiguous(batch_a).expanded(&batch), Layout::contiguous(batch_b).expanded(&batch));
        // Without numbers there is nothing to do, and no chunks to make.
        for ((i, j), c) in places_a.places().zip(places_b.places()).zip(c.chunks_mut((m * n).max(1))) {
            multiply([m, k, n], &a[i * m * k..][..m * k], &b[j * k * n..][..k * n], c);
        }
        let result = Tensor::new(&[&batch[..], &[m, n]].concat(), c);
        Tensor::record("matmul", &[self, other], result, |recorder| {
            let (b, a) = (recorder.keep_for(0, 1), recorder.keep_for(1, 0));
            Rule::map(move |g, node| {
                let by_a = b.as_ref().map(|b| g.try_matmul(&b.get(node)?.try_mt()?)).transpose()?;
                let by_b = a.as_ref().map(|a| a.get(node)?.try_mt()?.try_matmul(g)).transpose()?;
                Ok(vec![by_a, by_b])
            })
        })
        .map(Some)
    }

    /// The last two axes exchanged.
    fn try_mt(&self) -> Result<Tensor, Error> {
        self.try_transpose(self.ndim() - 2, self.ndim() - 1)
    }
}

fn batch_and_matrix(shape: &[usize]) -> (&[usize], [usize; 2]) {
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    (batch, [matrix[0], matrix[1]])
}

/// Row by row, so that both matrices are read in the order in which they are stored; four rows of `b` at a time, so that a
/// row of `c` is loaded and stored a quarter as often.
fn multiply([m, k, n]: [usize; 3], a: &[f64], b: &[f64], c: &mut [f64]) {
    for i in 0..m {
        let (a, c) = (&a[i * k..][..k], &mut c[i * n..][..n]);
        let mut l = 0;
        while l + 4 <= k {
            let [x0, x1, x2, x3] = [a[l], a[l + 1], a[l + 2], a[l + 3]];
            let (b0, b1) = (&b[l * n..][..n], &b[(l + 1) * n..][..n]);
            let (b2, b3) = (&b[(l + 2) * n..][..n], &b[(l + 3) * n..][..n]);
            for j in 0..n {
                c[j] += (x0 * b0[j] + x1 * b1[j]) + (x2 * b2[j] + x3 * b3[j]);
            }
            l += 4;
        }
        for l in l..k {
            let (x, b) = (a[l], &b[l * n..][..n]);
            for (sum, b) in c.iter_mut().zip(b) {
                *sum += x * b;
            }
        }
    }
}
