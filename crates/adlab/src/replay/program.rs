//! What a recording does, step by step.
//!
//! All numbers have a place in one row: first the inputs, then the constants, then what the steps give, in their order. So a
//! step is what it does, and where its two operands stand.
//!
//! As in `reverse/gather.rs`, a function of one number is no node of the pass backwards: what it refers to, its root, and where
//! different roots meet, is known once for all; how steep it is by its root is computed with its value.

use crate::error::Error;
use crate::record::{Guard, NONE, Node, Notes, Op, Outcome, Seen, Test};

#[derive(Clone)]
pub struct Program {
    /// How many there are.
    pub inputs: usize,
    pub constants: Vec<f64>,
    pub steps: Vec<Step>,
    /// Where the inputs are, and where roots meet. Their local derivatives are filled in by each replay.
    pub nodes: Vec<Node<f64>>,
    pub results: Vec<Known>,
    pub guards: Vec<Check>,
}

/// Where a number stands, and the node that is its root; [`NONE`] for a constant.
#[derive(Clone, Copy)]
pub struct Known {
    pub place: u32,
    pub root: u32,
}

/// An operation, and the places of its operands. One that has but one operand names it twice.
#[derive(Clone, Copy)]
pub struct Step {
    pub what: What,
    pub operands: [u32; 2],
}

/// What most programs do most has a form of its own, so that it is decided once what to do.
#[derive(Clone, Copy)]
pub enum What {
    AddConstant,
    MulConstant,
    Square,
    Add,
    Sub,
    Mul,
    Exp,
    Ln,
    /// All others.
    Else(Operation, Roots),
}

#[derive(Clone, Copy, PartialEq)]
pub enum Operation {
    Of(Op),
    /// The sum of a product, which the first operand is, and another number, rounded once.
    MulAdd,
    OneMinusSquare,
}

/// What the operands refer to.
#[derive(Clone, Copy, PartialEq)]
pub enum Roots {
    /// The first one has a root, the other is a constant, or the same operand.
    First,
    Second,
    /// Both have the same.
    Same,
    /// Each its own: here is a node.
    Meet,
}

impl What {
    /// And the operands, a constant as the second one where that has a form of its own.
    fn of(operation: Operation, roots: Roots, [a, b]: [u32; 2]) -> (What, [u32; 2]) {
        let Operation::Of(op) = operation else { return (What::Else(operation, roots), [a, b]) };
        match (op, roots) {
            (Op::Add, Roots::First) => (What::AddConstant, [a, b]),
            (Op::Add, Roots::Second) => (What::AddConstant, [b, a]),
            (Op::Mul, Roots::First) => (What::MulConstant, [a, b]),
            (Op::Mul, Roots::Second) => (What::MulConstant, [b, a]),
            (Op::Mul, Roots::Same) if a == b => (What::Square, [a, b]),
            (Op::Add, Roots::Meet) => (What::Add, [a, b]),
            (Op::Sub, Roots::Meet) => (What::Sub, [a, b]),
            (Op::Mul, Roots::Meet) => (What::Mul, [a, b]),
            (Op::Exp, _) => (What::Exp, [a, b]),
            (Op::Ln, _) => (What::Ln, [a, b]),
            _ => (What::Else(operation, roots), [a, b]),
        }
    }
}

/// Something that was found out, and is to be the same again.
#[derive(Clone)]
pub struct Check {
    test: Test,
    /// Where they stand.
    operands: [u32; 2],
    /// What they were, and what the test said.
    then: [f64; 2],
    outcome: Outcome,
}

impl Check {
    pub fn check(&self, values: &[f64]) -> Result<(), Error> {
        let now = self.operands.map(|place| values[place as usize]);
        let [then, _] = self.then;
        match self.test {
            // 0 and −0 are two: something may have been divided by them.
            Test::Value if now[0].to_bits() == then.to_bits() || now[0].is_nan() && then.is_nan() => Ok(()),
            Test::Value => Err(Error::OtherValue { then, now: now[0] }),
            test if test.of(now[0], now[1]) == self.outcome => Ok(()),
            test => Err(Error::OtherBranch { test: symbol(test), then: self.then, now }),
        }
    }
}

fn symbol(test: Test) -> &'static str {
    match test {
        Test::Less => "<",
        Test::LessOrEqual => "<=",
        Test::Greater => ">",
        Test::GreaterOrEqual => ">=",
        Test::Equal => "==",
        Test::Order | Test::Value => "partial_cmp",
    }
}

impl Program {
    /// Of a tape that begins with so many inputs. A result is a node, or a constant.
    pub fn new(nodes: &[Node<f64>], notes: &Notes, inputs: usize, results: &[Operand]) -> Program {
        let guards = notes.guards();
        let needed = needed(nodes, results, &guards);
        let mut making = Making::new(inputs);
        for (index, node) in nodes.iter().enumerate().skip(inputs) {
            let place = if needed[index] { making.step(node, notes.value(index).is_some()) } else { NOWHERE };
            making.places.push(place);
        }
        let results = results.iter().map(|&result| making.place(result)).collect();
        let check = |guard: &Guard| Check {
            test: guard.test,
            operands: guard.operands.map(|seen| making.place(seen).place),
            then: guard.operands.map(|(_, value)| value),
            outcome: guard.outcome,
        };
        let guards = guards.iter().map(check).collect();
        making.finish(results, guards)
    }
}

/// Where a number stands on the tape, or [`NONE`] and the constant that it is.
type Operand = Seen;

/// The nodes that a result depends on, or a guard.
fn needed(nodes: &[Node<f64>], results: &[Operand], guards: &[Guard]) -> Vec<bool> {
    let mut needed = vec![false; nodes.len()];
    let wanted = results.iter().chain(guards.iter().flat_map(|guard| &guard.operands));
    wanted.filter(|(place, _)| *place != NONE).for_each(|&(place, _)| needed[place as usize] = true);
    for (index, node) in nodes.iter().enumerate().rev() {
        if needed[index] {
            node.inputs().into_iter().filter(|&input| input != NONE).for_each(|input| needed[input as usize] = true);
        }
    }
    needed
}

/// A program that is being made. How many constants there are is known at the end, so that steps are counted by themselves,
/// with a bit that says so.
struct Making {
    inputs: usize,
    constants: Vec<f64>,
    steps: Vec<Step>,
    nodes: Vec<Node<f64>>,
    /// Of each node of the tape.
    places: Vec<Known>,
}

const STEP: u32 = 1 << 31;

/// Of what is left out.
const NOWHERE: Known = Known { place: NONE, root: NONE };

impl Making {
    fn new(inputs: usize) -> Making {
        let input = |index| Known { place: index, root: index };
        let nodes = vec![Node::input(0.0); inputs];
        let places = (0..inputs as u32).map(input).collect();
        Making { inputs, constants: Vec::new(), steps: Vec::new(), nodes, places }
    }

    fn place(&mut self, (place, value): Operand) -> Known {
        if place != NONE {
            return self.places[place as usize];
        }
        self.constants.push(value);
        Known { place: (self.inputs + self.constants.len() - 1) as u32, root: NONE }
    }

    /// Adds what a node does, and says where its result stands. Those whose value is noted do not do what their name says.
    fn step(&mut self, node: &Node<f64>, is_noted: bool) -> Known {
        let [a, b] = node.inputs();
        let [a, b] = [(a, node.partials[0]), (b, node.partials[1])];
        let op = node.op();
        // A difference of a number and a constant is a sum.
        let (op, b) = match (op, b) {
            (Op::Sub, (NONE, constant)) if !is_noted => (Op::Add, (NONE, -constant)),
            other => other,
        };
        let operation = match op {
            // A product of constants is one itself, and rounded as it was.
            Op::Add if is_noted && a.0 != NONE => Operation::MulAdd,
            Op::Sub if is_noted => Operation::OneMinusSquare,
            op => Operation::Of(op),
        };
        let has_two = op.operands() == 2 && operation != Operation::OneMinusSquare;
        let a = self.place(a);
        let b = if has_two { self.place(b) } else { a };
        let (roots, root) = match (a.root, b.root) {
            (root, _) if !has_two => (Roots::First, root),
            (root, NONE) => (Roots::First, root),
            (NONE, root) => (Roots::Second, root),
            (root, other) if root == other => (Roots::Same, root),
            (root, other) => {
                self.nodes.push(Node::new(Op::Input, [root, other], [0.0; 2]));
                (Roots::Meet, (self.nodes.len() - 1) as u32)
            }
        };
        let (what, operands) = What::of(operation, roots, [a.place, b.place]);
        self.steps.push(Step { what, operands });
        Known { place: STEP | (self.steps.len() - 1) as u32, root }
    }

    fn finish(mut self, mut results: Vec<Known>, mut guards: Vec<Check>) -> Program {
        let before_steps = (self.inputs + self.constants.len()) as u32;
        let of_steps = self.steps.iter_mut().flat_map(|step| &mut step.operands);
        let of_guards = guards.iter_mut().flat_map(|guard| &mut guard.operands);
        let of_results = results.iter_mut().map(|result| &mut result.place);
        for place in of_steps.chain(of_guards).chain(of_results).filter(|place| **place & STEP != 0) {
            *place = before_steps + (*place & !STEP);
        }
        let Making { inputs, constants, steps, nodes, .. } = self;
        Program { inputs, constants, steps, nodes, results, guards }
    }
}
