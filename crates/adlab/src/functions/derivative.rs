//! Derivatives of functions of one number, by forward mode.

use super::confusion::Call;
use crate::forward::{Dual, Taylor};
use crate::scalar::Scalar;

/// The derivative of `f` at `x`, by forward mode: one run of `f` on a dual number.
///
/// ```
/// use adlab::{Scalar, derivative};
///
/// assert_eq!(derivative(|x| x * x + x.sin(), 0.0), 1.0);
/// ```
///
/// # Panics
/// If it is called inside another derivative and uses the variable of that one, which would mix up the two. (It takes two
/// more runs of `f` to find out. Dual numbers that you seed yourself are not watched.) For derivatives of derivatives see
/// [`nested_derivative`] and [`derivatives`].
#[inline]
#[track_caller]
pub fn derivative<F: FnMut(Dual) -> Dual>(mut f: F, x: f64) -> f64 {
    let _call = Call::begin(size_of::<F>(), &mut |step| tangent(f(Dual::lifted(x + step)).derivative));
    f(Dual::variable(x)).derivative
}

/// The value of `f` at `x` and its derivative, by forward mode: one run of `f` on a dual number.
///
/// ```
/// use adlab::value_and_derivative;
///
/// assert_eq!(value_and_derivative(|x| x * x, 3.0), (9.0, 6.0));
/// ```
///
/// # Panics
/// As [`derivative`].
#[track_caller]
pub fn value_and_derivative<F: FnMut(Dual) -> Dual>(mut f: F, x: f64) -> (f64, f64) {
    let y = forward(&mut f, size_of::<F>(), x);
    (y.value, y.derivative)
}

#[inline(never)]
#[track_caller]
fn forward(f: &mut dyn FnMut(Dual) -> Dual, size: usize, x: f64) -> Dual {
    run(f, size, x)
}

/// The derivative of `f` at `x`, where `x` may be a number of an outer differentiation: the result is differentiated by it
/// as well. By forward mode on nested dual numbers.
///
/// Numbers of the outer differentiation that the inner function uses are lifted into it:
///
/// ```
/// use adlab::{Dual, derivative, nested_derivative};
///
/// // g(x) = x · ∂/∂y (x + y) = x, so g′ = 1.
/// let g = |x| x * nested_derivative(|y| Dual::lifted(x) + y, Dual::constant(1.0));
/// assert_eq!(derivative(g, 1.0), 1.0);
///
/// // The second derivative of x³, as the derivative of the derivative.
/// assert_eq!(derivative(|x| nested_derivative(|x| x * x * x, x), 2.0), 12.0);
/// ```
///
/// # Panics
/// If `f` uses a variable of an outer differentiation that is not lifted, as far as the types let it.
#[track_caller]
pub fn nested_derivative<T: Scalar, F: FnMut(Dual<T>) -> Dual<T>>(mut f: F, x: T) -> T {
    run(&mut f, size_of::<F>(), x).derivative
}

#[track_caller]
fn run<T: Scalar>(f: &mut dyn FnMut(Dual<T>) -> Dual<T>, size: usize, x: T) -> Dual<T> {
    let _call = Call::begin(size, &mut |step| tangent(f(Dual::lifted(x + step)).derivative));
    f(Dual::seeded(x))
}

/// True if a derivative is there that should not be. NaN is no sign of one: it comes from 0·∞.
pub(super) fn tangent<T: Scalar>(derivative: T) -> bool {
    !derivative.is_zero() && !derivative.value().is_nan()
}

/// The value of `f` at `x` and its first N − 1 derivatives f, f′, f″, …, by forward mode of higher order: one run of `f` on
/// a Taylor series.
///
/// ```
/// use adlab::{Scalar, derivatives};
///
/// let [f, first, second, third] = derivatives(|x| x * x * x, 2.0);
/// assert_eq!((f, first, second, third), (8.0, 12.0, 12.0, 6.0));
/// assert_eq!(derivatives::<5>(|x| (x * 2.0).exp(), 0.0), [1.0, 2.0, 4.0, 8.0, 16.0]);
/// ```
///
/// # Panics
/// As [`derivative`].
#[track_caller]
pub fn derivatives<const N: usize>(f: impl FnMut(Taylor<N>) -> Taylor<N>, x: f64) -> [f64; N] {
    series(f, x).derivatives()
}

#[track_caller]
fn series<const N: usize, F: FnMut(Taylor<N>) -> Taylor<N>>(mut f: F, x: f64) -> Taylor<N> {
    let _call = Call::begin(size_of::<F>(), &mut |step| {
        f(Taylor::constant(x + step)).coefficients().iter().skip(1).any(|&coefficient| tangent(coefficient))
    });
    f(Taylor::variable(x))
}
