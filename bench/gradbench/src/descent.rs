//! Steepest descent with a step that adapts itself, as Pearlmutter and Siskind (2008) have it for `particle` and `saddle`: it
//! doubles after ten steps that went down, and halves after one that did not. For all numbers, so that it can itself be
//! differentiated.

use adlab::Scalar;

/// A gradient or a step that is no longer than this ends it.
const SMALL: f64 = 1e-5;

/// Where the least value is, or one that no such step leads away from.
pub fn argmin<T: Scalar, const N: usize>(
    f: impl Fn(&[T; N]) -> T,
    gradient: impl Fn(&[T; N]) -> [T; N],
    start: [T; N],
) -> [T; N] {
    let (mut x, mut rate, mut successes) = (start, 1e-5, 0);
    let (mut value, mut slope) = (f(&x), gradient(&x));
    loop {
        if length(&slope) <= SMALL {
            return x;
        }
        if successes == 10 {
            (rate, successes) = (rate * 2.0, 0);
            continue;
        }
        let next: [T; N] = std::array::from_fn(|i| x[i] - slope[i] * rate);
        let step: [T; N] = std::array::from_fn(|i| x[i] - next[i]);
        if length(&step) <= SMALL {
            return x;
        }
        let below = f(&next);
        if below < value {
            (x, value, slope, successes) = (next, below, gradient(&next), successes + 1);
        } else {
            (rate, successes) = (rate / 2.0, 0);
        }
    }
}

/// Only compared, so that its derivative is of no use.
fn length<T: Scalar, const N: usize>(x: &[T; N]) -> f64 {
    x.iter().map(|x| x.value() * x.value()).sum::<f64>().sqrt()
}

pub fn argmax<T: Scalar, const N: usize>(
    f: impl Fn(&[T; N]) -> T,
    gradient: impl Fn(&[T; N]) -> [T; N],
    start: [T; N],
) -> [T; N] {
    argmin(|x| -f(x), |x| gradient(x).map(|slope| -slope), start)
}
