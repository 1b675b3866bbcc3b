//! The record of a computation, and the passes over it: what a tape is made of, for any numbers that add and multiply.
//!
//! | file | |
//! |---|---|
//! | `op.rs` | the names of the operations |
//! | `storage.rs` | where the record is kept, so that variables need no lifetime |
//! | `sweep.rs` | the pass backwards over the record: the heart of reverse mode |

mod op;
mod storage;
pub mod sweep;

pub use op::Op;
pub use storage::{NONE, Node, Notes, Slot};
