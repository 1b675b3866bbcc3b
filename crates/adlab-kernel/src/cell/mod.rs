//! A cell's text: read once, into one value that all others ask; and what the kernel writes into it.
//!
//! On the map, `docs/architecture.md`: steps 3, 4 and 7.

pub mod annotated;
mod awaits;
pub mod brackets;
pub mod calls;
pub mod commands;
pub mod completeness;
pub mod debug;
pub mod expansions;
mod files;
pub mod insertions;
mod made;
pub mod methods;
pub mod nesting;
pub mod reserved;
pub mod statics;
pub mod syntax;
mod text;

pub use text::{Cell, Outline};

/// What all cells are linked with; its source is `variable-store/lib.rs`.
pub const LIBRARY: &str = "adlab_store";
