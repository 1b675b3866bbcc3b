//! What went wrong, in the student's terms.
//!
//! On the map, `docs/architecture.md`: step 14.

mod compile;
mod crash;
mod diagnostic;
mod hints;
mod kept;
mod render;
pub mod silent;
mod syntax;

use evcxr::Error;

pub use self::compile::Context;
pub use self::syntax::fault as no_rust;
use crate::assumptions::{HAS_NO_NAME, IS_CLOSURE};
use crate::cell::commands::Refusal;
use crate::event::Report;
use crate::fault::{Fault, UNCHANGED};
use crate::scope::sources::Sources;

const IN_SANDBOX: &str = "This notebook runs in a sandbox: its cells reach no network, start no programs, and find no files but those that lay \
     beside it.";

const LOST: &str = "Functions and types are still there; run the cells that make your variables again.";

/// From evcxr's word on a cell that did not run.
pub fn refused_by_evcxr(error: &Error, context: &Context) -> Fault {
    match error {
        Error::CompilationErrors(errors) => compile::fault(errors, context),
        Error::Message(message) if message.contains(IS_CLOSURE) => {
            kept::not_kept(context.cell, &context.scope.definitions)
        }
        Error::Message(message) if message.contains(HAS_NO_NAME) => kept::nameless(message),
        Error::TypeRedefinedVariablesLost(names) => Fault::new(
            "CompileError",
            &format!("these variables had a type that was redefined, and are gone: {}", names.join(", ")),
            &["Run the cells that make them again.".into()],
        ),
        Error::Message(message) => Fault::new("CompileError", message, &[]),
        Error::SubprocessTerminated(message) => Fault::kernel(message),
    }
}

/// A command that there is not, or not here.
pub fn refused_command(refusal: &Refusal) -> Fault {
    Fault::new("CompileError", &refusal.reason, &[])
}

/// A cell that is marked defines what checks go by.
pub fn reserved_name(name: &str) -> Fault {
    let message = format!("`{name}` is what checks go by: where cells are marked, it keeps its meaning");
    Fault::new("CompileError", &message, &["Give yours another name.".into()])
}

/// A command that does what no cell may do.
pub fn not_in_sandbox() -> Fault {
    let message =
        "this notebook runs in a sandbox: no cell adds crates, starts programs, or sets what the compiler knows";
    Fault::new("CompileError", message, &["What is preloaded is there without `:dep`.".into()])
}

/// Where the system has refused something, why it may have.
pub fn add_sandbox(fault: &mut Fault) {
    let refused = ["(os error 1)", "(os error 13)", "code: 1,", "code: 13,"];
    if refused.iter().any(|words| fault.evalue.contains(words)) {
        fault.traceback.push(IN_SANDBOX.into());
    }
}

/// The process that runs cells is gone, and could not be brought back.
pub fn lost(interrupted: bool) -> Fault {
    let (ename, message) = match interrupted {
        true => ("Interrupted", "the cell was interrupted, and all variables are lost"),
        false => ("Crash", "the process that runs the cells ended, and all variables are lost"),
    };
    Fault::new(ename, message, &[LOST.into()])
}

/// A control was moved, and the process that ran its cell has ended since.
pub fn gone() -> Fault {
    Fault::new("Crash", "the process that ran this cell is gone: run the cell again", &[])
}

/// From what was seen while a cell ran. `lost` says that its process could not be brought back.
pub fn failed(report: &Report, lost: bool, sources: &Sources, generated: &str) -> Option<Fault> {
    if lost {
        return Some(self::lost(report.interrupted));
    }
    if report.interrupted && (report.death.is_some() || report.panic.is_none()) {
        return Some(Fault::interrupted());
    }
    if let Some(reason) = &report.broken {
        return Some(Fault::new("KernelError", reason, &[UNCHANGED.into()]));
    }
    if let Some(overrun) = &report.overrun {
        return Some(Fault::new("Crash", overrun, &[UNCHANGED.into()]));
    }
    if let Some(death) = report.death {
        return Some(Fault::new("Crash", &crash::describe(death, &report.last_words), &[UNCHANGED.into()]));
    }
    if let Some(panic) = &report.panic {
        return Some(Fault::new("Panic", &panic.message, &crash::place(panic, sources, generated)));
    }
    let error = report.error.as_ref()?;
    Some(Fault::new("Err", error, &["The `?` of this cell met an error.".into()]))
}
