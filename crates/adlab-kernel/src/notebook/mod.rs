//! Notebook files: what is in them, and a cell's outputs as they keep them.
//!
//! On the map, `docs/architecture.md`: what `adlab run` needs beside steps 3 to 14.

pub mod file;
pub mod outputs;
