//! The machine: where the project and the toolchain are, files, processes.
//!
//! On the map, `docs/architecture.md`: below the table.

pub mod files;
pub mod filter;
pub mod parts;
pub mod poll;
pub mod processes;
pub mod project;
pub mod sockets;
pub mod toolchain;
pub mod user_cache;
