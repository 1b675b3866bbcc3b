//! The matrix product.

use super::Tensor;
use super::array::Array;
use super::graph::Saved;
use crate::error::{Error, expect};

impl Tensor {
    /// The matrix product C = A·B of (m × k) and (k × n): ∂A = ∂C·Bᵀ, ∂B = Aᵀ·∂C.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        expect(self.try_matmul(other))
    }

    /// [`matmul`](Tensor::matmul) with a `Result`.
    pub fn try_matmul(&self, other: &Tensor) -> Result<Tensor, Error> {
        match (&*self.shape(), &*other.shape()) {
            ([_, k], [l, _]) if k == l => {}
            (left, right) => {
                return Err(Error::Shapes { op: "matmul", left: left.to_vec(), right: right.to_vec() });
            }
        }
        let result = Tensor::plain(product(&self.array(), &other.array()));
        Tensor::record("matmul", &[self, other], result, |_, wanted| {
            let b = wanted[0].then(|| Saved::of(other, "matmul"));
            let a = wanted[1].then(|| Saved::of(self, "matmul"));
            Box::new(move |g| {
                let by_a = b.as_ref().map(|b| Ok(product(g, &transposed(&b.get()?)))).transpose()?;
                let by_b = a.as_ref().map(|a| Ok(product(&transposed(&a.get()?), g))).transpose()?;
                Ok(vec![by_a, by_b])
            })
        })
    }
}

/// Row by row, so that both matrices are read in the order in which they are stored.
fn product(a: &Array, b: &Array) -> Array {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
    let mut c = Array::full(&[m, n], 0.0);
    for i in 0..m {
        let row = &mut c.data[i * n..(i + 1) * n];
        for l in 0..k {
            let x = a.data[i * k + l];
            for (sum, y) in row.iter_mut().zip(&b.data[l * n..(l + 1) * n]) {
                *sum += x * y;
            }
        }
    }
    c
}

fn transposed(a: &Array) -> Array {
    let (m, n) = (a.shape[0], a.shape[1]);
    let data = (0..n).flat_map(|j| (0..m).map(move |i| a.data[i * n + j])).collect();
    Array::new(&[n, m], data)
}
