//! The record of a computation, as an object.

use std::fmt;

use super::gather;
use super::gradient::Gradient;
use super::values::{Plain, values};
use super::var::Var;
use crate::display::{in_full, tabular};
use crate::record::{Kind, NONE, Node, Notes, Op, Slot, sweep};
use crate::scalar::Scalar;

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
/// tape that was cleared or dropped is refused with a clear message. Plain numbers are not recorded: they are constants.
///
/// A tape that is dropped gives its memory back, but for at most 16 MiB that the next one may use.
///
/// # Higher derivatives
/// A tape can record other numbers than f64. On dual numbers it gives a gradient and its derivative along the seeded
/// direction: a product of the Hessian with a vector, forward mode over reverse mode. [`hvp`](crate::hvp) does this.
///
/// ```
/// use adlab::{Dual, Scalar, Tape};
///
/// let tape = Tape::<Dual>::over();
/// let x = tape.var(Dual::variable(2.0));
/// let gradient = (x * x * x).backward().wrt(x);
/// assert_eq!(gradient.value, 12.0); // 3x²
/// assert_eq!(gradient.derivative, 12.0); // 6x
/// ```
pub struct Tape<T: Scalar = f64> {
    slot: &'static Slot<T>,
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

impl Tape {
    /// An empty tape.
    pub fn new() -> Tape {
        Tape::over()
    }
}

impl<T: Scalar> Tape<T> {
    /// An empty tape over any kind of numbers: `Tape::<Dual>::over()`.
    pub fn over() -> Tape<T> {
        Tape { slot: T::take_slot(Kind::Whole) }
    }

    /// An empty tape that nobody looks at, and so gathers: see `gather.rs`.
    pub(crate) fn unseen() -> Tape<T> {
        Tape { slot: T::take_slot(Kind::Gathers) }
    }

    /// An empty tape that also writes down what is found out about its numbers: see `compare.rs`.
    pub(crate) fn guarded() -> Tape<T> {
        Tape { slot: T::take_slot(Kind::Guarded) }
    }

    /// A new input.
    #[track_caller]
    pub fn var(&self, value: T) -> Var<T> {
        let index = T::write(self.slot, Node::input(value));
        self.slot.count_inputs(index, 1);
        Var::at(self.slot, self.slot.generation.get(), index, value)
    }

    /// Several new inputs, in their order.
    ///
    /// ```
    /// let tape = adlab::Tape::new();
    /// let x = tape.vars(&[2.0, 3.0]);
    /// assert_eq!((x[0] * x[1]).backward().wrt(x[0]), 3.0);
    /// ```
    #[track_caller]
    pub fn vars(&self, values: &[T]) -> Vec<Var<T>> {
        let generation = self.slot.generation.get();
        let first = self.slot.write_all(values.iter().map(|&value| Node::input(value)));
        self.slot.count_inputs(first, values.len());
        values.iter().zip(first..).map(|(&value, index)| Var::at(self.slot, generation, index, value)).collect()
    }

    /// A new input with a name, which tables and pictures show.
    #[track_caller]
    pub fn named(&self, name: &str, value: T) -> Var<T> {
        let var = self.var(value);
        self.slot.notes.add_name(var.index, name);
        var
    }

    /// How many operations are recorded, inputs included.
    pub fn len(&self) -> usize {
        self.slot.read(|nodes| nodes.len())
    }

    /// True if nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything, and keeps the memory for what comes. The variables so far are no longer valid.
    pub fn clear(&self) {
        self.slot.clear();
    }

    /// The record, line by line, with the plain values of all numbers.
    pub fn records(&self) -> Vec<Record> {
        let mut nodes = Vec::with_capacity(self.len());
        self.slot.read(|record| {
            for node in record {
                nodes.push(Plain::of(node));
            }
        });
        records(nodes, &self.slot.notes)
    }

    /// The derivatives of a weighted sum of results, in one pass backwards. Results that are constants have none.
    #[track_caller]
    pub(crate) fn backward(&self, results: &[Var<T>], weights: &[T]) -> Gradient<T> {
        // A loop, and no closure: a result of another tape is refused at the line of the caller.
        let mut seeds = Vec::with_capacity(results.len());
        for (&result, &weight) in results.iter().zip(weights) {
            if self.place(result).is_some() {
                seeds.push(result.seed(weight));
            }
        }
        Gradient::new(self.slot, self.slot.generation.get(), &seeds)
    }

    /// The derivatives of the results by one input, in one pass forwards.
    #[track_caller]
    pub(crate) fn forward(&self, input: Var<T>, results: &[Var<T>]) -> Vec<T> {
        let seed = self.place(input).map(|index| (index, T::from(1.0)));
        let tangents = self.slot.read(|nodes| sweep::tangents(nodes, seed.as_slice(), T::times));
        let mut derivatives = Vec::with_capacity(results.len());
        for &result in results {
            derivatives.push(self.place(result).map_or(T::from(0.0), |_| result.tangent(&tangents)));
        }
        derivatives
    }

    /// The nodes, and what is known besides.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&[Node<T>], &Notes) -> R) -> R {
        self.slot.read(|nodes| read(nodes, &self.slot.notes))
    }

    /// Where a variable stands on this tape; nowhere, if it is a constant.
    #[track_caller]
    pub(crate) fn place(&self, var: Var<T>) -> Option<usize> {
        let slot = var.slot()?;
        assert!(
            std::ptr::eq(slot, self.slot),
            "the result is on another tape than the function's arguments: compute it from the arguments, and from \
             plain numbers"
        );
        Some(gather::place(var.index) as usize)
    }
}

impl Tape {
    /// The derivatives of several results by the first n nodes, in one pass backwards.
    #[track_caller]
    pub(crate) fn rows<const L: usize>(&self, results: [Var; L], n: usize) -> [Vec<f64>; L] {
        let mut seeds = Vec::with_capacity(L);
        for (lane, result) in results.into_iter().enumerate() {
            if self.place(result).is_some() {
                let (index, weight) = result.seed(1.0);
                seeds.push((index, lane, weight));
            }
        }
        let memory = self.slot.take_adjoints(L * self.len());
        let (inputs, seeds) = (self.slot.inputs(), seeds.iter().copied());
        let adjoints = self.slot.read(|nodes| sweep::plain_adjoints::<L>(nodes, inputs, seeds, memory));
        let rows = sweep::by_first(&adjoints, n);
        self.slot.give_adjoints_back(adjoints);
        rows
    }
}

impl<T: Scalar> Default for Tape<T> {
    fn default() -> Tape<T> {
        Tape::over()
    }
}

impl<T: Scalar> Drop for Tape<T> {
    fn drop(&mut self) {
        T::give_slot_back(self.slot);
    }
}

/// A table: index, operation, operands with local derivatives, value.
impl<T: Scalar> fmt::Display for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(f, self.records())
    }
}

fn records(nodes: Vec<Plain>, notes: &Notes) -> Vec<Record> {
    let values = values(&nodes, notes);
    let record = |(index, (node, value)): (usize, (Plain, f64))| Record {
        index,
        op: if node.op == Op::Powi { Op::Pow } else { node.op },
        operands: (0..node.op.operands())
            .map(|i| match (node.inputs[i], node.partials[i]) {
                (NONE, constant) => Operand::Constant(constant),
                (input, partial) => Operand::Node { index: input as usize, partial },
            })
            .collect(),
        value,
        name: notes.name(index),
    };
    nodes.into_iter().zip(values).enumerate().map(record).collect()
}

fn table(f: &mut fmt::Formatter<'_>, records: Vec<Record>) -> fmt::Result {
    writeln!(f, "{:>5}  {:<8} {:<40} value", "index", "op", "operands (local derivative)")?;
    for record in records {
        let operands: Vec<String> = record
            .operands
            .iter()
            .map(|operand| match operand {
                Operand::Node { index, partial } => format!("#{index} ({})", tabular(*partial, 4)),
                Operand::Constant(constant) => in_full(*constant),
            })
            .collect();
        let operands = record.name.unwrap_or_else(|| operands.join(", "));
        writeln!(f, "{:>5}  {:<8} {operands:<40} {}", record.index, record.op.symbol(), in_full(record.value))?;
    }
    Ok(())
}

impl<T: Scalar> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sentence(f, self.len())
    }
}

fn sentence(f: &mut fmt::Formatter<'_>, operations: usize) -> fmt::Result {
    write!(f, "Tape with {operations} operations")
}
