//! A cell's text: read once, into one value that all others ask; and what the kernel writes into it.
//!
//! On the map, `docs/architecture.md`: steps 3, 4 and 7.

pub mod annotated;
pub mod brackets;
pub mod commands;
pub mod completeness;
pub mod insertions;
pub mod nesting;
pub mod syntax;
mod text;

pub use text::{Cell, Outline};
