//! Reverse mode: variables that record what is done with them, and the derivatives that the record gives.
//!
//! | file | |
//! |---|---|
//! | `var.rs` | variables, and what `+ − × ÷` record |
//! | `chain.rs` | what elementary functions record: the chain rule, put off |
//! | `compare.rs` | comparisons, written down where a record is to be replayed |
//! | `gather.rs` | a faster record, where nobody looks |
//! | `gradient.rs` | what the pass backwards over the record gives |
//! | `tape.rs` | the record as an object: counted, cleared, printed |
//! | `values.rs` | the values of a record, computed again where it is shown |
//!
//! The record itself, and the passes over it, are in `record/`.

mod chain;
mod compare;
mod gather;
mod gradient;
mod tape;
mod values;
mod var;

pub use gradient::Gradient;
pub use tape::{Operand, Record, Tape};
pub use values::apply;
pub use var::Var;
