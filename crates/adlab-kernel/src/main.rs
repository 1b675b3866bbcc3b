//! `adlab`: a Jupyter kernel for Rust notebooks, their runner, and what installs them.
//!
//! This program plays several roles, each in a process of its own; here it finds out which. `docs/architecture.md` is the
//! map: the life of a cell, who says what to whom, and where a new thing belongs.
//!
//! Rooms, each using only those below it: `cli`, `server`, `lesson`, `marking`, `engine`, `ahead`, `session`, `explain`, `scope`, `analysis`, `compile`,
//! `supervisor`, `runtime`, `sandbox`, `cell`, `notebook`, `system`, `fault`, `event`, `assumptions`.

mod ahead;
mod analysis;
mod assumptions;
mod cell;
mod cli;
mod compile;
mod engine;
mod event;
mod explain;
mod fault;
mod lesson;
mod marking;
mod notebook;
mod runtime;
mod sandbox;
mod scope;
mod server;
mod session;
mod supervisor;
mod system;

use std::process::ExitCode;

/// Chosen here, as evcxr_jupyter chooses it for itself: with the system's, the analyzer is slower.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // This program starts itself in other roles: first of all, find out whether it is in one.
    compile::stand_ins::hook();
    runtime::hook();
    session::janitor::hook();
    evcxr::runtime_hook();
    #[cfg(feature = "stock")]
    cli::stock::hook();
    cli::obey()
}
