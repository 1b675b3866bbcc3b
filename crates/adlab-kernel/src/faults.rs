//! Everything that can go wrong in a cell, as one kind of Jupyter error in the student's own terms.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use evcxr::{CompilationError, Error};

use crate::items::{self, Marked};
use crate::link::{Death, Report};
use crate::outputs::PanicInfo;
use crate::source::{CellSource, Sources};

/// The content of a Jupyter `error` message.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// `CompileError`, `Panic`, `Err`, `Interrupted`, `Crash` or `KernelError`.
    pub ename: &'static str,
    /// One line.
    pub evalue: String,
    /// What is shown, with terminal colours.
    pub traceback: Vec<String>,
}

const RED: &str = "\x1b[1;31m";
const BLUE: &str = "\x1b[1;34m";
const RESET: &str = "\x1b[0m";

impl Fault {
    fn new(ename: &'static str, message: &str, details: &[String]) -> Self {
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
    pub fn from_evcxr(error: &Error, cell: &CellSource, marked: &Marked) -> Self {
        match error {
            Error::CompilationErrors(errors) => match relevant(errors).as_slice() {
                [] => not_kept(cell),
                errors => compile_error(errors, cell, marked),
            },
            Error::Message(message) if message.contains("is a closure") => not_kept(cell),
            Error::SubprocessTerminated(_) => Fault::new(
                "Crash",
                "the process that runs the cells ended, and all variables are lost",
                &["Functions and types are still there; run the cells that make your variables again.".into()],
            ),
            Error::TypeRedefinedVariablesLost(names) => Fault::new(
                "CompileError",
                &format!("these variables had a type that was redefined, and are gone: {}", names.join(", ")),
                &["Run the cells that make them again.".into()],
            ),
            Error::Message(message) => Fault::new("CompileError", message, &[]),
        }
    }

    /// From what was seen while a cell ran.
    pub fn from_report(report: &Report, sources: &Sources, generated: &str) -> Option<Self> {
        if report.interrupted && (report.death.is_some() || report.panic.is_none()) {
            return Some(Fault::new(
                "Interrupted",
                "the cell was interrupted",
                &["Every variable is as it was before the cell.".into()],
            ));
        }
        if let Some(reason) = &report.broken {
            return Some(Fault::new("KernelError", reason, &["Every variable is as it was before the cell.".into()]));
        }
        if let Some(death) = report.death {
            return Some(Fault::new(
                "Crash",
                &describe(death),
                &["Every variable is as it was before the cell.".into()],
            ));
        }
        if let Some(panic) = &report.panic {
            return Some(Fault::new("Panic", &panic.message, &place(panic, sources, generated)));
        }
        let error = report.error.as_ref()?;
        Some(Fault::new("Err", error, &["The `?` of this cell met an error.".into()]))
    }
}

fn describe(death: Death) -> String {
    match death {
        Death::Signal(libc::SIGSEGV) => "the cell touched memory that isn't its own (segmentation fault)".into(),
        Death::Signal(libc::SIGABRT) => "the cell aborted: a stack overflow, or a call of `abort`".into(),
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
    vec![
        format!("{BLUE}{:width$}-->{RESET} {}, line {line}", "", cell.title()),
        format!("{BLUE}{:width$} |{RESET}", ""),
        format!("{BLUE}{line} |{RESET} {text}"),
    ]
}

/// The errors that say something. When a type can't be inferred, evcxr checks code in which variables are parameters, and
/// rustc then complains of every `&str` among them.
fn relevant(errors: &[CompilationError]) -> Vec<&CompilationError> {
    let outside = |e: &CompilationError| e.spanned_messages().iter().all(|message| message.span.is_none());
    let artefact = |e: &CompilationError| e.code() == Some("E0521") && outside(e);
    errors.iter().filter(|e| e.level() == "error" && !artefact(e)).collect()
}

/// A variable outlives its cell, so its type must have a name.
fn not_kept(cell: &CellSource) -> Fault {
    match items::closures(&cell.code).first() {
        Some(name) => Fault::new(
            "CompileError",
            &format!("the variable `{name}` is a closure, and a closure can't be kept for later cells"),
            &[
                format!(
                    "Make it a function, fn {name}(…), or put the cell's code in braces {{ … }} to use it there only."
                ),
                format!("Or box it: let {name}: Box<dyn Fn(f64) -> f64> = Box::new(|x| …);"),
            ],
        ),
        None => Fault::new(
            "CompileError",
            "the type of a variable can't be inferred",
            &["Give it a type: let name: Type = …;".into()],
        ),
    }
}

fn compile_error(errors: &[&CompilationError], cell: &CellSource, marked: &Marked) -> Fault {
    let evalue = match errors {
        [] => String::new(),
        [one] => one.message(),
        [first, ..] => format!("{} (and {} more)", first.message(), errors.len() - 1),
    };
    let mut traceback: Vec<String> = Vec::new();
    for error in errors {
        traceback.extend(render(error, cell, marked).lines().map(str::to_owned));
        traceback.push(String::new());
    }
    traceback.pop();
    Fault { ename: "CompileError", evalue: evalue.lines().next().unwrap_or_default().to_owned(), traceback }
}

/// One of rustc's errors, on the student's own lines.
fn render(error: &CompilationError, cell: &CellSource, marked: &Marked) -> String {
    let message = error.message();
    let mut title = Level::ERROR.primary_title(message.as_str());
    if let Some(code) = error.code() {
        title = title.id(code);
    }
    let annotations: Vec<_> = error
        .spanned_messages()
        .iter()
        .filter_map(|spanned| {
            let span = spanned.span?;
            let byte = |line, column| cell.byte(line, marked.original_column(line, column));
            let range = byte(span.start_line, span.start_column)..byte(span.end_line, span.end_column);
            let kind = if spanned.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range.start..range.end.max(range.start));
            // evcxr repeats the message where rustc has no label.
            Some(if spanned.label.is_empty() || spanned.label.ends_with(&message) {
                annotation
            } else {
                annotation.label(spanned.label.as_str())
            })
        })
        .collect();
    let mut group: Group = if annotations.is_empty() {
        Group::with_title(title)
    } else {
        let snippet = Snippet::source(cell.code.as_str()).path(cell.title());
        title.element(snippet.annotations(annotations))
    };
    for note in notes(error) {
        group = group.element(note);
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// rustc's notes and helps that speak of the student's code, and evcxr's.
fn notes(error: &CompilationError) -> Vec<annotate_snippets::Message<'static>> {
    let mut notes: Vec<_> = error.help().into_iter().map(|text| Level::HELP.message(text)).collect();
    let children = error.json["children"].as_array().into_iter().flatten();
    notes.extend(
        children
            .filter(|child| child["level"] == "note" && child["spans"].as_array().is_none_or(Vec::is_empty))
            .filter_map(|child| child["message"].as_str())
            .filter(|text| !text.contains("on by default") && !text.contains("full name for the type"))
            .map(|text| Level::NOTE.message(text.to_owned())),
    );
    notes.extend(error.evcxr_extra_hint().map(|hint| Level::HELP.message(hint)));
    notes
}
