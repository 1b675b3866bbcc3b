//! A recurrent network of long short-term memory, whose matrices are diagonal, that is to foretell the next sign of a text.

use adlab::Scalar;
use serde::Deserialize;

use crate::pieces::{Loop, gradient_of_loop};
use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] =
    &[("objective", |input| timed(input, objective)), ("jacobian", |input| timed(input, gradient))];

#[derive(Deserialize)]
struct Rows {
    /// Of each layer, the weights and the biases of its gates.
    main_params: Vec<Vec<f64>>,
    /// The weights of what goes in, the weights and the biases of what comes out.
    extra_params: Vec<Vec<f64>>,
    /// Of each layer, what is shown and what is kept.
    state: Vec<Vec<f64>>,
    /// The text, a row of bits for each sign.
    sequence: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(from = "Rows")]
struct Input {
    /// All parameters, those of the layers first.
    parameters: Vec<f64>,
    /// And, last, the loss so far.
    state: Vec<f64>,
    network: Network,
}

struct Network {
    bits: usize,
    sequence: Vec<Vec<f64>>,
}

impl From<Rows> for Input {
    fn from(rows: Rows) -> Input {
        Input {
            parameters: [rows.main_params.concat(), rows.extra_params.concat()].concat(),
            state: [rows.state.concat(), vec![0.0]].concat(),
            network: Network { bits: rows.extra_params[0].len(), sequence: rows.sequence },
        }
    }
}

impl Network {
    /// How many signs are to be foretold: all but the first.
    fn steps(&self) -> usize {
        self.sequence.len() - 1
    }
}

impl Loop for Network {
    fn step<T: Scalar>(&self, t: usize, parameters: &[T], state: &mut [T]) {
        let bits = self.bits;
        let (layers, extra) = parameters.split_at(parameters.len() - 3 * bits);
        let (loss, states) = state.split_last_mut().expect("the loss");
        let mut signal: Vec<T> = self.sequence[t].iter().zip(extra).map(|(&bit, &weight)| weight * bit).collect();
        for (layer, state) in layers.chunks(8 * bits).zip(states.chunks_mut(2 * bits)) {
            let (shown, kept) = state.split_at_mut(bits);
            for i in 0..bits {
                // Of the gate of this number, before it is bent.
                let gate = |number: usize, x: T| x * layer[number * bits + i] + layer[(4 + number) * bits + i];
                let forget = gate(0, signal[i]).sigmoid();
                let let_in = gate(1, shown[i]).sigmoid();
                let let_out = gate(2, signal[i]).sigmoid();
                let change = gate(3, shown[i]).tanh();
                kept[i] = kept[i] * forget + let_in * change;
                shown[i] = let_out * kept[i].tanh();
                signal[i] = shown[i];
            }
        }
        let (weights, biases) = (&extra[bits..2 * bits], &extra[2 * bits..]);
        for i in 0..bits {
            signal[i] = signal[i] * weights[i] + biases[i];
        }
        let total = (signal.iter().map(|x| x.exp()).sum::<T>() + 2.0).ln();
        let count = (self.steps() * bits) as f64;
        for (&x, &bit) in signal.iter().zip(&self.sequence[t + 1]) {
            *loss -= (x - total) * (bit / count);
        }
    }
}

fn objective(input: &Input) -> f64 {
    let mut state = input.state.clone();
    for t in 0..input.network.steps() {
        input.network.step(t, &input.parameters, &mut state);
    }
    *state.last().expect("the loss")
}

fn gradient(input: &Input) -> Vec<f64> {
    // Exponentials cost more than memory: so long a piece that nothing is done twice.
    let steps = input.network.steps();
    gradient_of_loop(&input.network, steps, steps, &input.parameters, &input.state)
}
