//! The singular value decomposition. It is not differentiated.

use super::Tensor;
use crate::error::{Error, expect};

/// A matrix as A = U·diag(s)·Vᵀ, made by [`Tensor::svd`].
#[derive(Clone, Debug)]
pub struct Svd {
    /// The left singular vectors as columns: m × r with r = min(m, n).
    pub u: Tensor,
    /// The r singular values, the greatest first.
    pub s: Tensor,
    /// The right singular vectors as columns: n × r.
    pub v: Tensor,
}

/// When columns count as orthogonal, and for how many rounds to go on at most. It takes about ten.
const TOLERANCE: f64 = 1e-15;
const ROUNDS: usize = 60;

impl Tensor {
    /// The singular value decomposition of an (m × n) matrix, by one-sided rotations (Hestenes 1958; Golub and Van Loan,
    /// Matrix Computations, 8.6.3). A vector is determined up to its sign: the entry of v with the greatest magnitude is
    /// made positive.
    ///
    /// The best approximation of rank k in the sense of least squares has the first k columns and values (Eckart and Young
    /// 1936), and the principal components of data, centred, are the columns of v:
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let svd = tensor([[3.0, 0.0], [4.0, 5.0]]).svd();
    /// assert!((svd.s.get(&[0]) - 45f64.sqrt()).abs() < 1e-14);
    /// let again = (&svd.u * &svd.s).matmul(&svd.v.t());
    /// assert!((again.get(&[1, 0]) - 4.0).abs() < 1e-14);
    /// ```
    ///
    /// # Panics
    /// If this is not a matrix of finite numbers, or if it tracks gradients: the decomposition is not differentiated, so say
    /// `detach()` first.
    #[track_caller]
    pub fn svd(&self) -> Svd {
        expect(self.try_svd())
    }

    /// [`svd`](Tensor::svd) with a `Result`.
    pub fn try_svd(&self) -> Result<Svd, Error> {
        if self.ndim() != 2 {
            return Err(Error::Dimensions { op: "svd", wanted: 2, shape: self.shape() });
        }
        if self.tracks_grad() {
            return Err(Error::NotDifferentiated { op: "svd" });
        }
        let (m, n) = (self.inner.layout.shape[0], self.inner.layout.shape[1]);
        if m < n {
            // Of the transpose, with the sides exchanged.
            let Svd { u, s, v } = self.try_t()?.try_svd()?;
            return Ok(oriented(v, s, u));
        }
        if self.numbers().iter().any(|x| !x.is_finite()) {
            return Err(Error::NotFinite { op: "svd" });
        }
        let (mut a, mut v) = (self.columns(), identity(n));
        orthogonalise(&mut a, &mut v);
        let mut order: Vec<(f64, usize)> = a.iter().map(|column| norm(column)).zip(0..n).collect();
        order.sort_by(|(x, _), (y, _)| y.total_cmp(x));
        let unit = |&(s, i): &(f64, usize)| a[i].iter().map(move |x| if s > 0.0 { x / s } else { 0.0 }).collect();
        let mut u: Vec<Vec<f64>> = order.iter().map(unit).collect();
        complete(&mut u, m);
        let v: Vec<Vec<f64>> = order.iter().map(|&(_, i)| v[i].clone()).collect();
        let s = order.iter().map(|&(s, _)| s).collect::<Vec<f64>>();
        Ok(oriented(from_columns(&u, m), s.into(), from_columns(&v, n)))
    }

    fn columns(&self) -> Vec<Vec<f64>> {
        let (n, numbers) = (self.inner.layout.shape[1], self.numbers());
        (0..n).map(|j| numbers.iter().skip(j).step_by(n).copied().collect()).collect()
    }
}

/// Rotates pairs of columns until all are orthogonal, and the same columns of `v` with them.
fn orthogonalise(a: &mut [Vec<f64>], v: &mut [Vec<f64>]) {
    for _ in 0..ROUNDS {
        let mut done = true;
        for i in 1..a.len() {
            for j in 0..i {
                let (alpha, beta, gamma) = (dot(&a[i], &a[i]), dot(&a[j], &a[j]), dot(&a[i], &a[j]));
                if gamma.abs() <= TOLERANCE * (alpha * beta).sqrt() {
                    continue;
                }
                done = false;
                let zeta = (beta - alpha) / (2.0 * gamma);
                let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                rotate(a, i, j, cosine, cosine * tangent);
                rotate(v, i, j, cosine, cosine * tangent);
            }
        }
        if done {
            return;
        }
    }
}

fn rotate(columns: &mut [Vec<f64>], i: usize, j: usize, cosine: f64, sine: f64) {
    let (before, from_i) = columns.split_at_mut(i);
    for (x, y) in from_i[0].iter_mut().zip(&mut before[j]) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

/// Where a singular value is 0, any unit vector that is orthogonal to the others will do.
fn complete(u: &mut [Vec<f64>], m: usize) {
    for i in 0..u.len() {
        if norm(&u[i]) > 0.5 {
            continue;
        }
        let candidates = (0..m).map(|k| {
            let mut candidate = vec![0.0; m];
            candidate[k] = 1.0;
            for other in u.iter() {
                let along = dot(&candidate, other);
                candidate.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
            candidate
        });
        let longest = candidates.max_by(|x, y| norm(x).total_cmp(&norm(y))).unwrap_or_default();
        let length = norm(&longest);
        u[i] = longest.iter().map(|x| x / length).collect();
    }
}

/// With the signs that are agreed on.
fn oriented(u: Tensor, s: Tensor, v: Tensor) -> Svd {
    let signs: Vec<f64> = v
        .columns()
        .iter()
        .map(|column| column.iter().copied().max_by(|x, y| x.abs().total_cmp(&y.abs())).unwrap_or(1.0).signum())
        .collect();
    let signs = Tensor::from(signs);
    Svd { u: u * &signs, s, v: v * signs }
}

fn from_columns(columns: &[Vec<f64>], rows: usize) -> Tensor {
    let numbers = (0..rows).flat_map(|i| columns.iter().map(move |column| column[i])).collect();
    Tensor::new(&[rows, columns.len()], numbers)
}

fn identity(n: usize) -> Vec<Vec<f64>> {
    (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
