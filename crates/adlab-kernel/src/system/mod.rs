//! The machine: where the project and the toolchain are, files, processes.

pub mod files;
pub mod poll;
pub mod processes;
pub mod project;
pub mod toolchain;
