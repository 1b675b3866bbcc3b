//! The kernel's side of the process that runs cells: what a cell prints and shows, when it begins and ends, whether it is
//! committed or undone, and how it is interrupted.
//!
//! On the map, `docs/architecture.md`: steps 11 and 12.

mod batch;
mod event_loop;
mod handle;
mod io;
mod parser;
mod state;

pub use handle::Supervisor;
