//! Why a cell's process died, and where a cell panicked.

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};

use super::render::renderer;
use crate::event::{Death, PanicInfo};
use crate::runtime::memory;
use crate::scope::sources::Sources;

pub fn describe(death: Death, last_words: &str) -> String {
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
pub fn place(panic: &PanicInfo, sources: &Sources, generated: &str) -> Vec<String> {
    if !panic.file.ends_with("lib.rs") || panic.file.starts_with('/') {
        return Vec::new();
    }
    let Some((source, line)) = sources.locate(generated, panic.line) else {
        return Vec::new();
    };
    let generated = generated.lines().nth(panic.line - 1).unwrap_or_default();
    let title = source.title();
    let text = source.code.lines().nth(line - 1).unwrap_or_default();
    let column = source.column(line, generated, panic.column).filter(|column| *column <= text.chars().count());
    // Without a column, the whole line is shown with no mark.
    let start = source.byte(line, column.unwrap_or(1));
    let length = source.code[start..].chars().next().map_or(0, char::len_utf8);
    let kind = if column.is_some() { AnnotationKind::Primary } else { AnnotationKind::Visible };
    let snippet = Snippet::source(source.code.as_str()).path(&title).annotation(kind.span(start..start + length));
    let text = renderer().render(&[Group::with_level(Level::ERROR).element(snippet)]);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // A student counts lines, not columns.
    if let Some(first) = lines.first_mut()
        && let Some(at) = first.find(&title)
    {
        first.replace_range(at.., &format!("{title}, line {line}"));
    }
    lines
}
