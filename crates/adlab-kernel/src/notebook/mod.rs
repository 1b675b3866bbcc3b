//! Notebook files: what is in them, and a cell's outputs as they keep them.

pub mod file;
pub mod outputs;
