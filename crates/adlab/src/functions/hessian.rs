//! Hessian matrices, by forward mode over reverse mode.

use super::products::forward_over_reverse;
use crate::forward::Dual;
use crate::reverse::Var;
use crate::tensor::Tensor;

/// The Hessian matrix of `f` at `x`: H_ij = ∂²f/∂xᵢ∂xⱼ, n × n for n inputs. By forward mode over reverse mode: one run of `f`
/// and one backward pass for each input, a column each.
///
/// ```
/// use adlab::hessian;
///
/// let h = hessian(|x| x[0] * x[0] * x[1], &[1.0, 2.0]);
/// assert_eq!(h.to_string(), "[[4, 2], [2, 0]]");
/// ```
///
/// For many inputs, ask whether the product with a vector is enough: [`hvp`](crate::hvp) needs one pass.
///
/// # Panics
/// As [`gradient`](crate::gradient) and [`derivative`](crate::derivative).
#[track_caller]
pub fn hessian<F: FnMut(&[Var<Dual>]) -> Var<Dual>>(mut f: F, x: &[f64]) -> Tensor {
    columns(&mut f, size_of::<F>(), x)
}

#[track_caller]
fn columns(f: &mut dyn FnMut(&[Var<Dual>]) -> Var<Dual>, size: usize, x: &[f64]) -> Tensor {
    let n = x.len();
    let mut matrix = vec![0.0; n * n];
    let mut direction = vec![0.0; n];
    for j in 0..n {
        direction[j] = 1.0;
        for (i, derivative) in forward_over_reverse(f, size, x, &direction).into_iter().enumerate() {
            matrix[i * n + j] = derivative;
        }
        direction[j] = 0.0;
    }
    Tensor::from_vec(matrix, &[n, n])
}
