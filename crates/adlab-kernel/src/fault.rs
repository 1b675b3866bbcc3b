//! What went wrong in a cell, as Jupyter shows it: the one kind of error that a student sees.

/// Not bold: Jupyter makes bold red so dark that it can't be read on the dark red of an error.
pub const RED: &str = "\x1b[31m";
pub const RESET: &str = "\x1b[0m";

/// The content of a Jupyter `error` message.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// `CompileError`, `Panic`, `Err`, `Interrupted`, `Crash`, `Shell`, `KernelError` or `NoDocumentation`.
    pub ename: &'static str,
    /// One line.
    pub evalue: String,
    /// What is shown, with terminal colours.
    pub traceback: Vec<String>,
}

/// What is to be said wherever a cell has failed and was undone.
pub const UNCHANGED: &str = "Every variable is as it was before the cell.";

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

    pub fn no_documentation(name: &str) -> Self {
        Fault::new("NoDocumentation", &format!("nothing is documented under the name `{name}`"), &[])
    }

    /// The student stopped it.
    pub fn interrupted() -> Self {
        Fault::new("Interrupted", "the cell was interrupted", &[UNCHANGED.into()])
    }
}
