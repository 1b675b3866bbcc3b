//! Reverse mode: the record of a computation.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::var::Var;

/// Stands in a node where an operand is a constant, or where there is none.
pub(crate) const NONE: u32 = u32::MAX;

/// A record of every operation, in the order in which they happened (a Wengert list).
///
/// Variables come from the tape, and each result that is computed from them is written down with its inputs and its
/// local derivatives. Going through the record backwards gives the derivative of one result by everything before it:
///
/// ```
/// use adlab::{Scalar, Tape};
///
/// let tape = Tape::new();
/// let x = tape.named("x", 0.5);
/// let y = tape.named("y", 4.2);
/// let z = x * y + x.sin();
/// let gradient = z.backward();
/// assert_eq!(gradient.wrt(x), 5.077582561890373);
/// assert_eq!(tape.len(), 5); // x, y, x·y, sin x, the sum
/// println!("{tape}");
/// ```
///
/// A tape is an object: it can be printed, counted and cleared. Variables are plain copies that know their tape; one of a
/// tape that was cleared or dropped is refused with a clear message.
pub struct Tape {
    pub(crate) slot: &'static Slot,
}

/// The storage of a tape. Slots live for ever and are used again, so that variables need no lifetime; the generation
/// tells the variables of the present tape from those of earlier ones.
pub(crate) struct Slot {
    pub(crate) generation: Cell<u64>,
    pub(crate) nodes: RefCell<Vec<Node>>,
    names: RefCell<Vec<(u32, String)>>,
}

/// One operation: 40 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) op: Op,
    /// Where the operands stand; [`NONE`] for a constant.
    pub(crate) inputs: [u32; 2],
    /// The local derivatives. A constant needs none: its place keeps the constant itself.
    pub(crate) partials: [f64; 2],
    pub(crate) value: f64,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Input,
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    Pow,
    Sin,
    Cos,
    Tan,
    Exp,
    Ln,
    Sqrt,
    Tanh,
    Abs,
    Relu,
    Sigmoid,
}

impl Op {
    /// How the operation is written: `×`, `sin`.
    pub fn symbol(self) -> &'static str {
        match self {
            Op::Input => "input",
            Op::Add => "+",
            Op::Sub | Op::Neg => "−",
            Op::Mul => "×",
            Op::Div => "÷",
            Op::Pow => "^",
            Op::Sin => "sin",
            Op::Cos => "cos",
            Op::Tan => "tan",
            Op::Exp => "exp",
            Op::Ln => "ln",
            Op::Sqrt => "√",
            Op::Tanh => "tanh",
            Op::Abs => "abs",
            Op::Relu => "relu",
            Op::Sigmoid => "σ",
        }
    }

    fn operands(self) -> usize {
        match self {
            Op::Input => 0,
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow => 2,
            _ => 1,
        }
    }
}

/// An operand of a recorded operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The result of an earlier node, and the local derivative of this one by it.
    Node {
        /// Its index on the tape.
        index: usize,
        /// ∂(this)/∂(operand)
        partial: f64,
    },
    /// A plain number.
    Constant(f64),
}

/// One line of the record, for tables and pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Position on the tape.
    pub index: usize,
    /// What was done.
    pub op: Op,
    /// With what.
    pub operands: Vec<Operand>,
    /// What came out.
    pub value: f64,
    /// The name that an input was given.
    pub name: Option<String>,
}

thread_local! {
    /// Slots whose tapes are gone.
    static FREE: RefCell<Vec<&'static Slot>> = const { RefCell::new(Vec::new()) };
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Tape {
        let used = FREE.with_borrow_mut(Vec::pop);
        let slot = used.unwrap_or_else(|| {
            Box::leak(Box::new(Slot { generation: Cell::new(0), nodes: RefCell::default(), names: RefCell::default() }))
        });
        Tape { slot }
    }

    /// A new input.
    #[track_caller]
    pub fn var(&self, value: f64) -> Var {
        let node = Node { op: Op::Input, inputs: [NONE; 2], partials: [0.0; 2], value };
        self.slot.push(node, self.slot.generation.get())
    }

    /// A new input with a name, which tables and pictures show.
    #[track_caller]
    pub fn named(&self, name: &str, value: f64) -> Var {
        let var = self.var(value);
        self.slot.names.borrow_mut().push((var.index, name.to_owned()));
        var
    }

    /// How many operations are recorded, inputs included.
    pub fn len(&self) -> usize {
        self.slot.nodes.borrow().len()
    }

    /// True if nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything, and keeps the memory for what comes. The variables so far are no longer valid.
    pub fn clear(&self) {
        self.slot.clear();
    }

    /// The record, line by line.
    pub fn records(&self) -> Vec<Record> {
        let names = self.slot.names.borrow();
        let nodes = self.slot.nodes.borrow();
        let record = |(index, node): (usize, &Node)| Record {
            index,
            op: node.op,
            operands: (0..node.op.operands())
                .map(|i| match node.inputs[i] {
                    NONE => Operand::Constant(node.partials[i]),
                    input => Operand::Node { index: input as usize, partial: node.partials[i] },
                })
                .collect(),
            value: node.value,
            name: names.iter().find(|(i, _)| *i as usize == index).map(|(_, name)| name.clone()),
        };
        nodes.iter().enumerate().map(record).collect()
    }
}

impl Default for Tape {
    fn default() -> Tape {
        Tape::new()
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.slot.clear();
        // At the thread's end the list may be gone before the tape: then the slot is not used again.
        let _ = FREE.try_with(|free| free.borrow_mut().push(self.slot));
    }
}

impl Slot {
    #[inline]
    #[track_caller]
    pub(crate) fn push(&'static self, node: Node, generation: u64) -> Var {
        let mut nodes = self.nodes.borrow_mut();
        let index = nodes.len() as u32;
        assert!(index != NONE, "the tape is full: it holds 2³² − 1 operations; clear it, or use several");
        nodes.push(node);
        Var { tape: Some(self), generation, index, value: node.value }
    }

    fn clear(&self) {
        self.generation.set(self.generation.get() + 1);
        self.nodes.borrow_mut().clear();
        self.names.borrow_mut().clear();
    }
}

/// A table: index, operation, operands with local derivatives, value.
impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>5}  {:<7} {:<40} value", "index", "op", "operands (local derivative)")?;
        for record in self.records() {
            let operands: Vec<String> = record
                .operands
                .iter()
                .map(|operand| match operand {
                    Operand::Node { index, partial } => format!("#{index} ({partial:.4})"),
                    Operand::Constant(constant) => format!("{constant}"),
                })
                .collect();
            let operands = record.name.unwrap_or_else(|| operands.join(", "));
            writeln!(f, "{:>5}  {:<7} {operands:<40} {}", record.index, record.op.symbol(), record.value)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape with {} operations", self.len())
    }
}
