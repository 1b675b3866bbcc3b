//! Everything that can go wrong in a cell, as one kind of Jupyter error in the student's own terms.

use evcxr::Error;

use super::compile;
use crate::explain::compile::Context;
use crate::supervisor::handle::{Death, Report};
use crate::runtime::memory;
use crate::supervisor::parser::PanicInfo;
use crate::scope::sources::Sources;

/// The content of a Jupyter `error` message.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// `CompileError`, `Panic`, `Err`, `Interrupted`, `Crash`, `KernelError` or `NoDocumentation`.
    pub ename: &'static str,
    /// One line.
    pub evalue: String,
    /// What is shown, with terminal colours.
    pub traceback: Vec<String>,
}

const UNCHANGED: &str = "Every variable is as it was before the cell.";
const LOST: &str = "Functions and types are still there; run the cells that make your variables again.";

const RED: &str = "\x1b[1;31m";
const BLUE: &str = "\x1b[1;34m";
const RESET: &str = "\x1b[0m";

impl Fault {
    pub fn new(ename: &'static str, message: &str, details: &[String]) -> Self {
        let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
        let mut traceback = vec![format!("{RED}{ename}{RESET}: {first}")];
        traceback.extend(rest.lines().map(str::to_owned));
        traceback.extend_from_slice(details);
        Fault { ename, evalue: first.to_owned(), traceback }
    }

    /// The kernel itself failed.
    pub fn kernel(message: &str) -> Self {
        Fault::new("KernelError", message, &[])
    }

    /// From evcxr's word on a cell that did not run.
    pub fn from_evcxr(error: &Error, context: &Context) -> Self {
        match error {
            Error::CompilationErrors(errors) => compile::fault(errors, context),
            Error::Message(message) if message.contains("is a closure") => compile::not_kept(context.cell),
            Error::Message(message) if message.contains("cannot be persisted") => compile::nameless(message),
            Error::TypeRedefinedVariablesLost(names) => Fault::new(
                "CompileError",
                &format!("these variables had a type that was redefined, and are gone: {}", names.join(", ")),
                &["Run the cells that make them again.".into()],
            ),
            Error::Message(message) => Fault::new("CompileError", message, &[]),
            Error::SubprocessTerminated(message) => Fault::kernel(message),
        }
    }

    pub fn no_documentation(name: &str) -> Self {
        Fault::new("NoDocumentation", &format!("nothing is documented under the name `{name}`"), &[])
    }

    /// The student stopped it.
    pub fn interrupted() -> Self {
        Fault::new("Interrupted", "the cell was interrupted", &[UNCHANGED.into()])
    }

    /// From what was seen while a cell ran. `lost` says that its process could not be brought back.
    pub fn from_report(report: &Report, lost: bool, sources: &Sources, generated: &str) -> Option<Self> {
        if lost {
            let (ename, message) = match report.interrupted {
                true => ("Interrupted", "the cell was interrupted, and all variables are lost"),
                false => ("Crash", "the process that runs the cells ended, and all variables are lost"),
            };
            return Some(Fault::new(ename, message, &[LOST.into()]));
        }
        if report.interrupted && (report.death.is_some() || report.panic.is_none()) {
            return Some(Fault::interrupted());
        }
        if let Some(reason) = &report.broken {
            return Some(Fault::new("KernelError", reason, &[UNCHANGED.into()]));
        }
        if let Some(death) = report.death {
            return Some(Fault::new("Crash", &describe(death, &report.last_words), &[UNCHANGED.into()]));
        }
        if let Some(panic) = &report.panic {
            return Some(Fault::new("Panic", &panic.message, &place(panic, sources, generated)));
        }
        let error = report.error.as_ref()?;
        Some(Fault::new("Err", error, &["The `?` of this cell met an error.".into()]))
    }
}

fn describe(death: Death, last_words: &str) -> String {
    match death {
        Death::Signal(libc::SIGABRT) if last_words.contains("overflowed its stack") => {
            "the stack overflowed: a function calls itself without end, or keeps too much in local variables".into()
        }
        Death::Signal(libc::SIGABRT) if last_words.contains("memory allocation of") => match memory::limit() {
            Some(limit) => format!(
                "the cell wanted more memory than it may have ({}; {} sets it)",
                memory::describe(limit),
                memory::VARIABLE
            ),
            None => "the cell wanted more memory than there is".into(),
        },
        Death::Signal(libc::SIGSEGV) => "the cell touched memory that isn't its own (segmentation fault)".into(),
        Death::Signal(libc::SIGABRT) => "the cell aborted".into(),
        Death::Signal(libc::SIGKILL) => "the cell was killed from outside, perhaps for want of memory".into(),
        Death::Signal(n) => format!("the cell was ended by signal {n}"),
        Death::Exit(code) => format!("the cell ended its process with exit code {code}"),
        Death::Unknown => "the cell ended its process".into(),
    }
}

/// The line that panicked, as a compiler would show it.
fn place(panic: &PanicInfo, sources: &Sources, generated: &str) -> Vec<String> {
    if !panic.file.ends_with("lib.rs") || panic.file.starts_with('/') {
        return Vec::new();
    }
    let Some((cell, line)) = sources.locate(generated, panic.line) else {
        return Vec::new();
    };
    let text = cell.code.lines().nth(line - 1).unwrap_or_default();
    let width = line.to_string().len();
    let mut shown = vec![
        format!("{BLUE}{:width$}-->{RESET} {}, line {line}", "", cell.title()),
        format!("{BLUE}{:width$} |{RESET}", ""),
        format!("{BLUE}{line} |{RESET} {text}"),
    ];
    let generated = generated.lines().nth(panic.line - 1).unwrap_or_default();
    if let Some(column) = cell.column(line, generated, panic.column).filter(|column| *column <= text.chars().count()) {
        // What is not a tab may be as wide as a space, or not: nothing better is known.
        let before: String = text.chars().take(column - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
        shown.push(format!("{BLUE}{:width$} |{RESET} {before}{RED}^{RESET}", ""));
    }
    shown
}
