//! What went wrong in a cell, as Jupyter shows it: the one kind of error that a student sees.

/// Not red: what Jupyter has of it has too little contrast on an error's light red (2.8 to 1) and on its dark red.
pub const BOLD: &str = "\x1b[1m";
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
        let mut traceback = vec![format!("{BOLD}{ename}{RESET}: {first}")];
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
