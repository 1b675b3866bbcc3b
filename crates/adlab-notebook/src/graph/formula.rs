//! The nodes of a computation in words: what they are called, and what they compute.

use adlab::{Operand, Record};

use crate::number::short;

/// What a node is called: by its name, or `v3` by its place.
pub(crate) fn name(record: &Record) -> String {
    record.name.clone().unwrap_or_else(|| format!("v{}", record.index))
}

/// What a node computes from which others: `x × v3`, `sin x`, `max(x, v3)`.
pub(crate) fn formula(record: &Record, records: &[Record]) -> String {
    let operand = |operand: &Operand| match operand {
        Operand::Node { index, .. } => records.get(*index).map_or_else(|| format!("v{index}"), name),
        Operand::Constant(value) => short(*value),
    };
    let symbol = record.op.symbol();
    match &record.operands[..] {
        [] => symbol.to_owned(),
        [one] => format!("{symbol} {}", operand(one)),
        [first, second, ..] if record.op.is_infix() => format!("{} {symbol} {}", operand(first), operand(second)),
        [first, second, ..] => format!("{symbol}({}, {})", operand(first), operand(second)),
    }
}
