//! Forward and reverse mode over a graph, step by step: what is known after each.

use std::fmt::Write;

use adlab::{Op, Operand, Record};

use super::formula::name;
use crate::number::{pretty, short};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Forward,
    Backward,
}

impl Mode {
    /// What the nodes get.
    pub(super) fn word(self) -> &'static str {
        match self {
            Mode::Forward => "derivative",
            Mode::Backward => "adjoint",
        }
    }
}

/// A pass over the records, as far as it has come.
#[derive(Clone)]
pub(super) struct Pass {
    pub(super) mode: Mode,
    step: usize,
    last: usize,
    known: Vec<Option<f64>>,
    /// When all is done: what a picture must have room for.
    in_the_end: Vec<Option<f64>>,
    /// The node of this step, and whether anything flows along its arrows in it.
    at: Option<usize>,
    flows: bool,
}

impl Pass {
    /// From the inputs, of which this one has the seed 1; then each step is an operation.
    pub(super) fn forward(records: &[Record], input: usize, steps: usize) -> Pass {
        let mut known: Vec<Option<f64>> = vec![None; records.len()];
        for record in records.iter().filter(|record| record.op == Op::Input) {
            known[record.index] = Some(if record.index == input { 1.0 } else { 0.0 });
        }
        let operations: Vec<usize> = operations(records).collect();
        let mut pass = Pass::new(Mode::Forward, known, operations.len(), steps);
        for (i, &node) in operations.iter().enumerate() {
            let terms = nodes(&records[node]).map(|(from, partial)| partial * pass.in_the_end[from].unwrap_or(0.0));
            let sum = Some(terms.sum());
            pass.in_the_end[node] = sum;
            if i < pass.step {
                pass.known[node] = sum;
                (pass.at, pass.flows) = (Some(node), true);
            }
        }
        pass
    }

    /// The first step seeds the last node with 1; in each of the others an operation passes on what it has, the last one first.
    pub(super) fn backward(records: &[Record], steps: usize) -> Pass {
        let seeded = records.len() - 1;
        let leads_there = leading_to(records, seeded);
        let operations: Vec<usize> = operations(records).rev().filter(|&node| leads_there[node]).collect();
        let mut pass = Pass::new(Mode::Backward, vec![None; records.len()], operations.len() + 1, steps);
        pass.in_the_end[seeded] = Some(1.0);
        if pass.step > 0 {
            pass.known[seeded] = Some(1.0);
            pass.at = Some(seeded);
        }
        for (i, &node) in operations.iter().enumerate() {
            let adjoint = pass.in_the_end[node].unwrap_or(0.0);
            let is_done = i + 1 < pass.step;
            for (from, partial) in nodes(&records[node]) {
                *pass.in_the_end[from].get_or_insert(0.0) += partial * adjoint;
                if is_done {
                    *pass.known[from].get_or_insert(0.0) += partial * adjoint;
                }
            }
            if is_done {
                (pass.at, pass.flows) = (Some(node), true);
            }
        }
        pass
    }

    fn new(mode: Mode, known: Vec<Option<f64>>, last: usize, steps: usize) -> Pass {
        Pass { mode, step: steps.min(last), last, in_the_end: known.clone(), known, at: None, flows: false }
    }

    /// What a node has got so far.
    pub(super) fn of(&self, node: usize) -> Option<f64> {
        self.known[node]
    }

    /// The widest that its line may become.
    pub(super) fn line_in_the_end(&self, node: usize) -> Option<String> {
        self.in_the_end[node].map(|value| self.line(value))
    }

    pub(super) fn line(&self, value: f64) -> String {
        format!("{} {}", self.mode.word(), pretty(value))
    }

    pub(super) fn is_at(&self, node: usize) -> bool {
        self.at == Some(node)
    }

    /// Whether something flows along the arrows to this node, in this step.
    pub(super) fn flows_at(&self, node: usize) -> bool {
        self.flows && self.is_at(node)
    }

    /// What stands at an arrow when it flows: local derivative times what it is multiplied with.
    pub(super) fn product(&self, from: usize, to: usize, partial: f64) -> String {
        let factor = self.in_the_end[match self.mode {
            Mode::Forward => from,
            Mode::Backward => to,
        }];
        format!("{} · {}", pretty(partial), pretty(factor.unwrap_or(0.0)))
    }

    /// In words, for who can't see the picture.
    pub(super) fn sentence(&self, records: &[Record]) -> String {
        let mode = match self.mode {
            Mode::Forward => "Forward",
            Mode::Backward => "Reverse",
        };
        let mut text = format!(" {mode} mode, step {} of {}:", self.step, self.last);
        let known = records.iter().filter_map(|record| Some((name(record), self.of(record.index)?)));
        for (i, (name, value)) in known.enumerate() {
            let lead = if i == 0 { format!(" the {}", self.mode.word()) } else { ",".into() };
            let _ = write!(text, "{lead} of {name} is {}", short(value));
        }
        if self.known.iter().all(Option::is_none) {
            let _ = write!(text, " no {} is known", self.mode.word());
        }
        if let Some(at) = self.at.filter(|_| self.flows) {
            for (from, partial) in nodes(&records[at]) {
                let (giver, taker) = match self.mode {
                    Mode::Forward => (from, at),
                    Mode::Backward => (at, from),
                };
                let (giver, taker) = (name(&records[giver]), name(&records[taker]));
                let _ = write!(text, "; {giver} gives {} to {taker}", self.product(from, at, partial));
            }
        }
        text.push('.');
        text
    }
}

fn operations(records: &[Record]) -> impl DoubleEndedIterator<Item = usize> + '_ {
    records.iter().filter(|record| record.op != Op::Input).map(|record| record.index)
}

/// What a node is computed from, with the local derivatives.
fn nodes(record: &Record) -> impl Iterator<Item = (usize, f64)> + '_ {
    record.operands.iter().filter_map(|operand| match *operand {
        Operand::Node { index, partial } => Some((index, partial)),
        Operand::Constant(_) => None,
    })
}

/// Which nodes a node is computed from, itself among them.
fn leading_to(records: &[Record], node: usize) -> Vec<bool> {
    let mut leads = vec![false; records.len()];
    leads[node] = true;
    for record in records[..=node].iter().rev() {
        if leads[record.index] {
            nodes(record).for_each(|(from, _)| leads[from] = true);
        }
    }
    leads
}

#[cfg(test)]
mod tests {
    use super::*;
    use adlab::{Scalar, Tape};

    /// z = x·y + sin x at (0.5, 4.2): x, y, x·y, sin x, z.
    fn records() -> Vec<Record> {
        let tape = Tape::new();
        let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
        let _ = x * y + x.sin();
        tape.records()
    }

    fn rounded(pass: &Pass) -> Vec<Option<f64>> {
        pass.known.iter().map(|value| value.map(|value| (value * 1e4).round() / 1e4)).collect()
    }

    #[test]
    fn adjoints_come_one_after_the_other_and_add_up() {
        let records = records();
        let steps: [[Option<f64>; 5]; 5] = [
            [None, None, None, None, None],
            [None, None, None, None, Some(1.0)],
            [None, None, Some(1.0), Some(1.0), Some(1.0)],
            [Some(0.8776), None, Some(1.0), Some(1.0), Some(1.0)],
            [Some(5.0776), Some(0.5), Some(1.0), Some(1.0), Some(1.0)],
        ];
        for (step, expected) in steps.iter().enumerate() {
            assert_eq!(rounded(&Pass::backward(&records, step)), expected, "step {step}");
        }
        assert_eq!(rounded(&Pass::backward(&records, 99)), steps[4]);
        let said = Pass::backward(&records, 3).sentence(&records);
        assert!(said.starts_with(" Reverse mode, step 3 of 4: the adjoint of x is 0.8776, of v2 is 1"), "{said}");
        assert!(said.ends_with("; v3 gives 0.8776 · 1 to x."), "{said}");
        assert!(Pass::backward(&records, 0).sentence(&records).ends_with("no adjoint is known."));
    }

    #[test]
    fn derivatives_come_from_the_seed() {
        let records = records();
        let known = |input, step| rounded(&Pass::forward(&records, input, step));
        assert_eq!(known(0, 0), [Some(1.0), Some(0.0), None, None, None]);
        assert_eq!(known(0, 2), [Some(1.0), Some(0.0), Some(4.2), Some(0.8776), None]);
        assert_eq!(known(0, 3)[4], Some(5.0776));
        assert_eq!(known(1, 9)[4], Some(0.5));
    }

    #[test]
    fn what_does_not_lead_to_the_result_gets_nothing() {
        let tape = Tape::new();
        let x = tape.named("x", 3.0);
        let _ = x.sin();
        let _ = x * x;
        let pass = Pass::backward(&tape.records(), 2);
        assert_eq!((pass.last, pass.known.clone()), (2, vec![Some(6.0), None, Some(1.0)]));
    }

    #[test]
    fn both_modes_agree_with_the_library() {
        let tape = Tape::new();
        let (x, y) = (tape.named("x", 0.7), tape.named("y", 1.3));
        let z = (x * y + 2.0).ln() * x / y - (x - y).exp();
        let adjoints = z.backward();
        let records = tape.records();
        let end = records.len() - 1;
        for (input, right) in [(0, adjoints.wrt(x)), (1, adjoints.wrt(y))] {
            let forward = Pass::forward(&records, input, 99).known[end].unwrap();
            let reverse = Pass::backward(&records, 99).known[input].unwrap();
            assert!((forward - right).abs() < 1e-12 && (reverse - right).abs() < 1e-12);
        }
    }
}
