//! The machine: where the project and the toolchain are, files, processes.
//!
//! On the map, `docs/architecture.md`: what the other rooms stand on.

pub mod files;
pub mod poll;
pub mod processes;
pub mod project;
pub mod toolchain;
