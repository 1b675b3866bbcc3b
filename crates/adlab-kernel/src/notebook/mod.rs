//! Notebook files: what is in them, and a cell's outputs as they keep them.
//!
//! On the map, `docs/architecture.md`: `adlab run`, below the table.

pub mod compare;
pub mod file;
mod json;
pub mod markers;
pub mod names;
pub mod outputs;
