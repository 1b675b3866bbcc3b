//! Compiles the next cells before they are run.
//!
//! The kernel is idle while a student reads, and mostly knows what comes next ([`following`]). The engine rehearses it
//! (`engine/rehearsal.rs`), which leaves jobs ([`crate::compile::ahead`]); here they are done, by as many compilers as the
//! [`rule`] allows ([`pool`]), and what came of it is counted ([`tally`]).
//!
//! On the map, `docs/architecture.md`: *The next cell is compiled before it is run*.

pub mod following;
mod pool;
pub mod rule;
pub mod tally;

pub use pool::{Pool, TOGETHER, Urgency};

/// A cell that may be run next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The front end's name for it.
    pub id: Option<String>,
    pub code: String,
}
