//! The singular value decomposition: what defines it, known values, and the principal components of the Iris data.

mod common;

use adlab::{Svd, Tensor, Uniform, tensor};
use common::assert_close;

#[track_caller]
fn assert_all_close(a: &Tensor, b: &Tensor, tolerance: f64) {
    assert_eq!(a.shape(), b.shape());
    a.to_vec().into_iter().zip(b.to_vec()).for_each(|(a, b)| assert_close(a, b, tolerance, "a number"));
}

fn identity(n: usize) -> Tensor {
    Tensor::from_vec((0..n * n).map(|i| if i % (n + 1) == 0 { 1.0 } else { 0.0 }).collect(), &[n, n])
}

/// A = U·diag(s)·Vᵀ, with orthonormal columns, and singular values that fall.
fn check(a: &Tensor) -> Svd {
    let svd = a.svd();
    let r = a.shape().into_iter().min().unwrap();
    assert_all_close(&(&svd.u * &svd.s).matmul(&svd.v.t()), a, 1e-13);
    assert_all_close(&svd.u.t().matmul(&svd.u), &identity(r), 1e-13);
    assert_all_close(&svd.v.t().matmul(&svd.v), &identity(r), 1e-13);
    assert!(svd.s.to_vec().is_sorted_by(|a, b| a >= b && *b >= 0.0));
    svd
}

#[test]
fn what_defines_it_holds_for_random_matrices() {
    let mut random = Uniform::seeded(7);
    for (m, n) in [(1, 1), (3, 3), (5, 2), (2, 5), (40, 6), (150, 4), (4, 1), (1, 4)] {
        check(&(random.tensor(&[m, n]) - 0.5));
    }
}

#[test]
fn matrices_without_full_rank() {
    let svd = check(&tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]));
    assert_close(svd.s.get(&[0]), 84f64.sqrt(), 1e-14, "the only singular value");
    check(&Tensor::zeros(&[3, 2]));
    check(&Tensor::ones(&[2, 3]));
    assert_eq!(Tensor::zeros(&[3, 0]).svd().s.numel(), 0);
}

/// Known in closed form: the Hilbert matrix of order 2 has the eigenvalues (4 ± √13)/6.
#[test]
fn a_hilbert_matrix() {
    let s = check(&tensor([[1.0, 1.0 / 2.0], [1.0 / 2.0, 1.0 / 3.0]])).s;
    assert_close(s.get(&[0]), (4.0 + 13f64.sqrt()) / 6.0, 1e-15, "the greater");
    assert_close(s.get(&[1]), (4.0 - 13f64.sqrt()) / 6.0, 1e-15, "the smaller");
}

/// Eckart and Young: what a truncation leaves out is the sum of the squares of the other singular values.
#[test]
fn a_truncation_is_the_best_approximation() {
    let a = Uniform::seeded(3).tensor(&[30, 5]);
    let Svd { u, s, v } = a.svd();
    let rank = 2;
    let best = (u.slice(1, 0..rank) * s.slice(0, 0..rank)).matmul(&v.slice(1, 0..rank).t());
    let left = (a - best).square().sum().item();
    assert_close(left, s.slice(0, rank..5).square().sum().item(), 1e-13, "what is left");
}
