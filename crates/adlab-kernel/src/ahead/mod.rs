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
#[derive(Debug, Clone)]
pub struct Next {
    /// The front end's name for it.
    pub id: Option<String>,
    pub code: String,
    /// It is there to show an error, and so changes nothing.
    pub fails: bool,
}

impl Next {
    pub fn new(id: Option<String>, code: String) -> Self {
        Next { id, code, fails: false }
    }

    pub fn fails(self, fails: bool) -> Self {
        Next { fails, ..self }
    }
}

/// Not every front end says what is expected of a cell.
impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.code) == (&other.id, &other.code)
    }
}
