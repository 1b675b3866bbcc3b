//! What stands between evcxr and cargo.
//!
//! For each cell evcxr runs `cargo build`, and cargo takes 40 ms to find out that nothing but the cell has changed. The
//! first time, cargo does it, and its call of rustc is written down ([`recorded_call`]). From then on, as long as nothing
//! else changes ([`key`]), rustc is called as it says, and cargo is left out. What evcxr and rust-analyzer ask cargo is
//! kept in the same way ([`metadata`]). Both live in the session's folder, and come with the warm build: a new session has
//! every call from the start. The libraries of cells are kept for all sessions ([`cache`]).
//!
//! This program plays the parts: a folder on the PATH has it under the names of `rustup`, `cargo` and `rustc`
//! ([`stand_ins`]), each a process of its own.
//!
//! On the map, `docs/architecture.md`: step 9.

pub mod ahead;
mod cache;
mod confined;
mod generated;
mod key;
mod level;
pub mod linker;
mod metadata;
pub mod parser;
pub mod preloaded;
mod reach;
mod recorded_call;
mod rustc;
pub mod stand_ins;
pub mod statics;
mod together;
pub mod tools;
pub mod variable_store;

pub use cache::{FOLDER_VAR as CELLS_VAR, folder as cells_folder};
pub use confined::begin_cell;
pub use key::has_async_runtime;
pub use reach::hash;
pub use recorded_call::FIXED_LEVEL;

// It is compiled for cells, not for the kernel, which uses none of it.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../variable-store/lib.rs"]
mod store_library;
