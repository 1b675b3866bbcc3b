//! The values of a record, computed again. Nodes keep what the derivatives need, and that is not their values.

use crate::record::{NONE, Node, Notes, Op};
use crate::scalar::Scalar;

/// A node with plain numbers.
pub struct Plain {
    pub op: Op,
    pub inputs: [u32; 2],
    pub partials: [f64; 2],
}

impl Plain {
    pub fn of<T: Scalar>(node: &Node<T>) -> Plain {
        Plain { op: node.op(), inputs: node.inputs(), partials: [node.partials[0].value(), node.partials[1].value()] }
    }
}

/// The value of each node; `notes` has those that operation and operands do not give.
pub fn values(nodes: &[Plain], notes: &Notes) -> Vec<f64> {
    let mut values = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let operand = |i: usize| match node.inputs[i] {
            NONE => node.partials[i],
            input => values[input as usize],
        };
        values.push(notes.value(index).unwrap_or_else(|| apply(node.op, operand(0), operand(1))));
    }
    values
}

/// What an operation makes of its operands, for any numbers; an operand that it has not is ignored. An input is its own.
pub fn apply<T: Scalar>(op: Op, a: T, b: T) -> T {
    match op {
        Op::Input => a,
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Pow => a.pow(b),
        Op::Powi => a.powi(b.value() as i32),
        Op::Neg => -a,
        Op::Sin => a.sin(),
        Op::Cos => a.cos(),
        Op::Tan => a.tan(),
        Op::Asin => a.asin(),
        Op::Acos => a.acos(),
        Op::Atan => a.atan(),
        Op::Atan2 => a.atan2(b),
        Op::Sinh => a.sinh(),
        Op::Cosh => a.cosh(),
        Op::Tanh => a.tanh(),
        Op::Asinh => a.asinh(),
        Op::Acosh => a.acosh(),
        Op::Atanh => a.atanh(),
        Op::Exp => a.exp(),
        Op::Exp2 => a.exp2(),
        Op::ExpM1 => a.exp_m1(),
        Op::Ln => a.ln(),
        Op::Log2 => a.log2(),
        Op::Log10 => a.log10(),
        Op::Ln1p => a.ln_1p(),
        Op::Sqrt => a.sqrt(),
        Op::Cbrt => a.cbrt(),
        Op::Recip => a.recip(),
        Op::Hypot => a.hypot(b),
        Op::Abs => a.abs(),
        Op::Signum => a.signum(),
        Op::Floor => a.floor(),
        Op::Min => a.min(b),
        Op::Max => a.max(b),
        Op::Relu => a.relu(),
        Op::Sigmoid => a.sigmoid(),
        Op::Softplus => a.softplus(),
        Op::Erf => a.erf(),
    }
}
