//! Reverse mode: a record of the computation, and the pass backwards over it.
//!
//! | file | |
//! |---|---|
//! | `var.rs` | variables, and what `+ − × ÷` record |
//! | `functions.rs` | what each elementary function records |
//! | `sweep.rs` | the pass backwards over the record: the heart of reverse mode |
//! | `gradient.rs` | what that pass gives |
//! | `tape.rs` | the record as an object: counted, cleared, printed |
//! | `op.rs` | the names of the operations |
//! | `storage.rs` | where the record is kept, so that variables need no lifetime |

mod functions;
mod gradient;
mod op;
mod storage;
pub(crate) mod sweep;
mod tape;
mod var;

pub use gradient::Gradient;
pub use op::Op;
pub(crate) use storage::{Node, Slot};
pub use tape::{Operand, Record, Tape};
pub use var::Var;
