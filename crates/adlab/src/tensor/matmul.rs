//! Matrix products.

use std::borrow::Cow;
use std::cell::Ref;

use super::axes::Axes;
use super::buffers::Buffer;
use super::data::{Rule, Tensor};
use super::layout::{self, Layout};
use super::small;
#[cfg(target_arch = "x86_64")]
use super::wide;
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
        let (left, right) = (self.sizes(), other.sizes());
        let misfit = || Error::Shapes { op: "matmul", left: self.shape(), right: other.shape() };
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
        let (batch_a, [m, k]) = batch_and_matrix(self.sizes());
        let (batch_b, [l, n]) = batch_and_matrix(other.sizes());
        let batch = match layout::broadcast(batch_a, batch_b) {
            Some(batch) if k == l => batch,
            _ => return Ok(None),
        };
        let in_order = self.inner.layout.is_contiguous() && other.inner.layout.is_contiguous();
        let shape: Axes = batch.iter().copied().chain([m, n]).collect();
        let result = Tensor::filled(&shape, |c| {
            if batch.is_empty() && is_small([m, k, n], in_order) {
                return small::multiply([m, k, n], &self.numbers(), &other.numbers(), c);
            }
            let (a, b) = (Matrices::of(self, &batch, [m, k]), Matrices::of(other, &batch, [k, n]));
            // Without numbers there is nothing to do, and no chunks to make.
            for ((i, j), c) in a.starts().zip(b.starts()).zip(c.chunks_mut((m * n).max(1))) {
                multiply([m, k, n], &a.at(i), &b.at(j), c);
            }
        });
        Tensor::record("matmul", &[self, other], result, |recorder| {
            recorder.keep_for(0, 1);
            recorder.keep_for(1, 0);
            Rule::map(|g, node| {
                let by_a = node.wanted(0, || g.try_matmul(&node.input(1)?.try_mt()?))?;
                let by_b = node.wanted(1, || node.input(0)?.try_mt()?.try_matmul(g))?;
                Ok([by_a, by_b].into())
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

/// The matrices of a tensor, as often as they are repeated in a batch.
struct Matrices<'a> {
    numbers: Ref<'a, Buffer>,
    layout: Layout,
    /// The batch alone.
    batch: Layout,
}

/// A matrix among numbers: the one at (i, j) stands at `start + i·strides[0] + j·strides[1]`.
struct Matrix<'a> {
    numbers: &'a [f64],
    start: usize,
    strides: [usize; 2],
}

impl Matrices<'_> {
    fn of<'a>(tensor: &'a Tensor, batch: &[usize], matrix: [usize; 2]) -> Matrices<'a> {
        let layout = tensor.inner.layout.expanded(&[batch, &matrix].concat());
        let strides = layout.strides[..batch.len()].into();
        let batch = Layout { shape: batch.into(), strides, offset: layout.offset };
        Matrices { numbers: tensor.inner.storage.borrow(), layout, batch }
    }

    /// Where each begins.
    fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        self.batch.places()
    }

    fn at(&self, start: usize) -> Matrix<'_> {
        let last = self.layout.strides.len() - 2;
        let strides = [self.layout.strides[last], self.layout.strides[last + 1]];
        Matrix { numbers: &self.numbers, start, strides }
    }
}

impl Matrix<'_> {
    /// True if rows of n numbers stand one after the other.
    fn is_in_order(&self, n: usize) -> bool {
        self.strides == [n, 1]
    }

    /// Its numbers row by row, of which there are m·n.
    fn rows(&self, m: usize, n: usize) -> Cow<'_, [f64]> {
        if m * n == 0 {
            // They may begin beyond the end.
            return Cow::Borrowed(&[]);
        }
        if self.is_in_order(n) {
            return Cow::Borrowed(&self.numbers[self.start..][..m * n]);
        }
        let number = |i: usize, j: usize| self.numbers[self.start + i * self.strides[0] + j * self.strides[1]];
        Cow::Owned((0..m).flat_map(|i| (0..n).map(move |j| number(i, j))).collect())
    }

    #[cfg(target_arch = "x86_64")]
    fn strided(&self) -> wide::Strided<'_> {
        wide::Strided { numbers: &self.numbers[self.start..], strides: self.strides }
    }

    /// True if all numbers of an m × n matrix are there.
    fn is_inside(&self, m: usize, n: usize) -> bool {
        self.start + (m - 1) * self.strides[0] + (n - 1) * self.strides[1] < self.numbers.len()
    }
}

/// True if a product is not worth the preparations of matrixmultiply, which takes matrices in any order.
fn is_small([m, k, n]: [usize; 3], in_order: bool) -> bool {
    m * k * n < if in_order { 8192 } else { 4096 }
}

/// C = A·B, where C is contiguous and 0.
fn multiply([m, k, n]: [usize; 3], a: &Matrix, b: &Matrix, c: &mut [f64]) {
    if is_small([m, k, n], a.is_in_order(k) && b.is_in_order(n)) {
        return small::multiply([m, k, n], &a.rows(m, k), &b.rows(k, n), c);
    }
    assert!(a.is_inside(m, k) && b.is_inside(k, n) && c.len() == m * n);
    #[cfg(target_arch = "x86_64")]
    if wide::multiply([m, k, n], a.strided(), b.strided(), c) {
        return;
    }
    let [rows_a, columns_a] = a.strides.map(|stride| stride as isize);
    let [rows_b, columns_b] = b.strides.map(|stride| stride as isize);
    // SAFETY: all numbers of the three matrices are there, by the line above, and those of C are ours alone.
    unsafe {
        let (a, b) = (a.numbers.as_ptr().add(a.start), b.numbers.as_ptr().add(b.start));
        matrixmultiply::dgemm(
            m,
            k,
            n,
            1.0,
            a,
            rows_a,
            columns_a,
            b,
            rows_b,
            columns_b,
            0.0,
            c.as_mut_ptr(),
            n as isize,
            1,
        );
    }
}
