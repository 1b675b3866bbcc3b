//! The kernel's side of the process that runs cells: what a cell prints and shows, when it begins and ends, whether it is
//! committed or undone, and how it is interrupted.
//!
//! On the map, `docs/architecture.md`: steps 11 and 12.

mod batch;
mod event_loop;
mod fit;
mod flood;
mod handle;
mod io;
mod note;
mod parser;
mod state;
mod tail;
mod whole;

pub use handle::Supervisor;
pub use io::whole_text;
