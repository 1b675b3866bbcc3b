//! Steps of Runge and Kutta for y₀′ = x₀, yᵢ′ = xᵢ·yᵢ₋₁ from 0 to 2; the gradient is that of the last y, step by step.

use adlab::Scalar;
use serde::Deserialize;

use crate::pieces::{Loop, gradient_of_loop};
use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] =
    &[("primal", |input| timed(input, primal)), ("gradient", |input| timed(input, gradient))];

#[derive(Deserialize)]
struct Input {
    x: Vec<f64>,
    s: usize,
}

struct RungeKutta {
    /// How long a step is.
    h: f64,
}

impl Loop for RungeKutta {
    /// All four stages of one y, then those of the next, which need no more than the stages of the one before.
    fn step<T: Scalar>(&self, _: usize, x: &[T], y: &mut [T]) {
        let h = self.h;
        // What a stage takes y to be; of y₀′, nothing is asked.
        let mut before: Option<[T; 4]> = None;
        for (&x, y) in x.iter().zip(y) {
            let k = match before {
                Some(stages) => stages.map(|y| x * y),
                None => [x; 4],
            };
            before = Some([*y, *y + k[0] * h / 2.0, *y + k[1] * h / 2.0, *y + k[2] * h]);
            *y += (k[0] + k[1] * 2.0 + k[2] * 2.0 + k[3]) * h / 6.0;
        }
    }
}

impl Input {
    fn runge_kutta(&self) -> RungeKutta {
        RungeKutta { h: 2.0 / self.s as f64 }
    }
}

fn primal(input: &Input) -> Vec<f64> {
    let mut y = vec![0.0; input.x.len()];
    for i in 0..input.s {
        input.runge_kutta().step(i, &input.x, &mut y);
    }
    y
}

/// So many numbers of y are recorded in one piece, which is a tape of some hundred thousand operations.
const PIECE: usize = 10_000;

fn gradient(input: &Input) -> Vec<f64> {
    let n = input.x.len();
    let piece = (PIECE / n.max(1)).max(1);
    gradient_of_loop(&input.runge_kutta(), input.s, piece, &input.x, &vec![0.0; n])
}
