//! The record of a computation, and the passes over it: what a tape is made of, for any numbers that add and multiply.
//!
//! | file | |
//! |---|---|
//! | `op.rs` | the names of the operations |
//! | `guard.rs` | what a program found out on its way, for a record that is to be replayed |
//! | `storage.rs` | where the record is kept, so that variables need no lifetime |
//! | `sweep.rs` | the pass backwards over the record: the heart of reverse mode |

mod guard;
mod op;
mod storage;
pub mod sweep;

pub use guard::{Guard, Outcome, Seen, Test};
pub use op::Op;
pub use storage::{Inputs, Kind, NONE, Node, Notes, Slot};
