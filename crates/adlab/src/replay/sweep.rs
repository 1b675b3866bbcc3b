//! A replay. It goes forwards over all steps: values, and how steep each is by its root. Where roots meet, it fills in a node,
//! over which the pass backwards is that of every tape.

use super::program::{Known, Operation, Program, Roots, What};
use crate::forward::DualVec;
use crate::record::sweep::{by_first, plain_adjoints};
use crate::record::{Inputs, NONE, Op};
use crate::reverse::apply;

/// What is known of the last replay, by place. Its memory is used again.
#[derive(Clone, Default)]
pub struct Memory {
    pub values: Vec<f64>,
    /// How steep each is by its root. Beside the values, and not with them: what was written in two parts is read slowly as
    /// one.
    slopes: Vec<f64>,
    adjoints: Vec<f64>,
}

impl Memory {
    /// Computes all values at these inputs.
    pub fn run(&mut self, program: &mut Program, inputs: &[f64]) {
        let before_steps = inputs.len() + program.constants.len();
        let count = before_steps + program.steps.len();
        self.values.resize(count, 0.0);
        self.slopes.resize(count, 1.0);
        // As slices, whose ends stay where they are.
        let (values, slopes) = (&mut self.values[..count], &mut self.slopes[..count]);
        values[..inputs.len()].copy_from_slice(inputs);
        values[inputs.len()..before_steps].copy_from_slice(&program.constants);
        let mut nodes = program.nodes[inputs.len()..].iter_mut();
        let steps = &program.steps[..];
        for (index, step) in steps.iter().enumerate() {
            let [a, b] = step.operands.map(|place| place as usize);
            let ((x, slope_x), (y, slope_y)) = ((values[a], slopes[a]), (values[b], slopes[b]));
            let mut meet = |by_x: f64, by_y: f64| {
                if let Some(node) = nodes.next() {
                    node.partials = [by_x, by_y];
                }
                1.0
            };
            let (value, slope) = match step.what {
                What::AddConstant => (x + y, slope_x),
                What::MulConstant => (x * y, slope_x * y),
                What::Square => (x * x, slope_x * (x + x)),
                What::Add => (x + y, meet(slope_x, slope_y)),
                What::Sub => (x - y, meet(slope_x, -slope_y)),
                What::Mul => (x * y, meet(slope_x * y, slope_y * x)),
                What::Exp => {
                    let value = x.exp();
                    (value, slope_x * value)
                }
                What::Ln => (x.ln(), slope_x * x.recip()),
                What::Else(operation, roots) => {
                    let (value, by_x, by_y) = match operation {
                        Operation::Of(Op::Div) => (x / y, y.recip(), -(x / y) / y),
                        Operation::Of(Op::Sub) => (x - y, 1.0, -1.0),
                        Operation::Of(op) => any(op, x, y),
                        Operation::OneMinusSquare => ((1.0 - x) * (1.0 + x), -2.0 * x, 0.0),
                        Operation::MulAdd => {
                            let [c, d] = steps[a - before_steps].operands.map(|place| values[place as usize]);
                            (c.mul_add(d, y), 1.0, 1.0)
                        }
                    };
                    let (by_x, by_y) = (slope_x * by_x, slope_y * by_y);
                    let slope = match roots {
                        Roots::First => by_x,
                        Roots::Second => by_y,
                        Roots::Same => by_x + by_y,
                        Roots::Meet => meet(by_x, by_y),
                    };
                    (value, slope)
                }
            };
            values[before_steps + index] = value;
            slopes[before_steps + index] = slope;
        }
    }

    /// The derivatives, by the inputs, of L results, after [`run`](Memory::run).
    pub fn adjoints<const L: usize>(&mut self, program: &Program, results: [Known; L]) -> [Vec<f64>; L] {
        let memory = std::mem::take(&mut self.adjoints);
        let seeds = results
            .iter()
            .enumerate()
            .filter(|(_, result)| result.root != NONE)
            .map(|(lane, result)| (result.root as usize, lane, self.slopes[result.place as usize]));
        let inputs = Inputs { first: program.inputs, all: program.inputs };
        self.adjoints = plain_adjoints::<L>(&program.nodes, inputs, seeds, memory);
        by_first(&self.adjoints, program.inputs)
    }
}

/// The value of an operation, and its derivatives by both operands.
fn any(op: Op, a: f64, b: f64) -> (f64, f64, f64) {
    let [a, b] = DualVec::variables([a, b]);
    let y = apply(op, a, b);
    (y.value, y.derivatives[0], y.derivatives[1])
}
