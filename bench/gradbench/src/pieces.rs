//! Gradients of long computations, piece by piece: a tape that stays in the cache is faster than one that does not, and one
//! that has to end somewhere can't be too long.

use adlab::{Scalar, Var, gradient, vjp};

/// The gradient of Σ term(i, x) for i below `count`: the sum of those of its terms, each recorded by itself.
pub fn gradient_of_sum(count: usize, term: impl Fn(usize, &[Var]) -> Var, x: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; x.len()];
    for i in 0..count {
        for (sum, derivative) in sum.iter_mut().zip(gradient(|x| term(i, x), x)) {
            *sum += derivative;
        }
    }
    sum
}

/// A loop that changes its state step by step, by parameters x that stay.
pub trait Loop {
    fn step<T: Scalar>(&self, i: usize, x: &[T], state: &mut [T]);
}

/// The gradient, by the parameters, of what is last in the state when all steps are done. The state is kept before every
/// piece of so many steps; then, from the last to the first, each is done again and recorded.
pub fn gradient_of_loop(body: &impl Loop, steps: usize, piece: usize, x: &[f64], start: &[f64]) -> Vec<f64> {
    let (n, mut state, mut kept) = (x.len(), start.to_vec(), Vec::new());
    for i in 0..steps {
        if i % piece == 0 {
            kept.push(state.clone());
        }
        // The last piece is done again anyhow.
        if i / piece < (steps - 1) / piece {
            body.step(i, x, &mut state);
        }
    }
    let (mut by_x, mut by_state) = (vec![0.0; n], vec![0.0; start.len()]);
    *by_state.last_mut().expect("a state") = 1.0;
    for (number, state) in kept.iter().enumerate().rev() {
        let run = |inputs: &[Var]| {
            let (x, state) = inputs.split_at(n);
            let mut state = state.to_vec();
            for i in number * piece..((number + 1) * piece).min(steps) {
                body.step(i, x, &mut state);
            }
            state
        };
        let pulled = vjp(run, &[x, state].concat(), &by_state);
        for (sum, derivative) in by_x.iter_mut().zip(&pulled) {
            *sum += derivative;
        }
        by_state.copy_from_slice(&pulled[n..]);
    }
    by_x
}
