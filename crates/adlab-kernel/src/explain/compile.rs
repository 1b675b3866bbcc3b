//! rustc's errors, and what to do about them.

use std::ops::Range;

use evcxr::CompilationError;
use serde_json::Value;

use super::diagnostic::{Diagnostic, Label, Place};
use super::hints::{self, Case};
use super::kept;
use super::render;
use crate::cell::Cell;
use crate::fault::Fault;
use crate::scope::Scope;
use crate::scope::sources::CellSource;

/// What is known of the cell and of what came before it.
pub struct Context<'a> {
    pub source: &'a CellSource,
    pub cell: &'a Cell,
    pub scope: &'a Scope,
    /// The source that evcxr has made of it.
    pub generated: &'a str,
}

/// All errors of a cell as one.
pub fn fault(errors: &[CompilationError], context: &Context) -> Fault {
    let relevant = relevant(errors);
    if relevant.iter().any(|error| error.code() == Some("E0005"))
        && let Some(fault) = kept::taken_name(context.cell, &context.scope.definitions)
    {
        return fault;
    }
    if !relevant.is_empty() {
        let place = |span: &Value| in_a_cell(span, context);
        let diagnostics = relevant.into_iter().map(|error| match error.json.is_null() {
            true => evcxrs_own(error, context.source),
            false => Diagnostic::read(&error.json, &place),
        });
        return of_diagnostics(diagnostics.collect(), context.source, context.cell, context.scope);
    }
    match errors.iter().find_map(removed_name) {
        Some(name) => no_longer_defined(&name, context),
        None => kept::not_kept(context.cell, &context.scope.definitions),
    }
}

/// Each with its advice; what says the same again is left out.
pub fn of_diagnostics<'a>(
    diagnostics: Vec<Diagnostic<'a>>,
    source: &'a CellSource,
    cell: &Cell,
    scope: &Scope,
) -> Fault {
    let mut shown: Vec<Diagnostic> = Vec::new();
    let mut hints = Vec::new();
    for mut diagnostic in merged(diagnostics) {
        let mut explains_all = false;
        if let Some(mut advice) = hints::advice(&Case { diagnostic: &diagnostic, cell, scope }) {
            explains_all = advice.explains_all;
            // The same advice twice is no better.
            advice.hint.take_if(|hint| hints.contains(hint));
            hints.extend(advice.hint.clone());
            advice.give(&mut diagnostic, source);
        }
        if explains_all {
            shown = vec![diagnostic];
            break;
        }
        shown.push(diagnostic);
    }
    let first = shown.first().map_or("", |first| first.message.lines().next().unwrap_or_default());
    let evalue = match shown.len() {
        0 | 1 => first.to_owned(),
        count => format!("{first} (and {} more)", count - 1),
    };
    let traceback: Vec<Vec<String>> = shown.iter().map(render::lines).collect();
    Fault { ename: "CompileError", evalue, traceback: traceback.join(&String::new()) }
}

/// A name that is missing in several places is missing once, and of what is said of one place, the first is what counts.
fn merged(diagnostics: Vec<Diagnostic<'_>>) -> Vec<Diagnostic<'_>> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        let again = |known: &&mut Diagnostic| known.code == diagnostic.code && known.message == diagnostic.message;
        if let Some(known) = found.iter_mut().find(again).filter(|_| is_of_a_name(&diagnostic)) {
            known.labels.extend(diagnostic.labels.into_iter().map(|label| Label { text: String::new(), ..label }));
            for (all, more) in known.corrections.iter_mut().zip(diagnostic.corrections) {
                if all.message == more.message && std::ptr::eq(all.source, more.source) {
                    all.edits.extend(more.edits);
                }
            }
            continue;
        }
        let place = |one: &Diagnostic| one.primary().map(|label| label.range.clone());
        if place(&diagnostic).is_none() || found.iter().all(|known| place(known) != place(&diagnostic)) {
            found.push(diagnostic);
        }
    }
    found
}

fn is_of_a_name(diagnostic: &Diagnostic) -> bool {
    diagnostic.message.starts_with("cannot find") || diagnostic.message.starts_with("unresolved import")
}

/// Where a span of rustc's stands in a student's cell; of a macro, where it is called.
fn in_a_cell<'a>(span: &Value, context: &Context<'a>) -> Option<Place<'a>> {
    let number = |name: &str| span[name].as_u64().map(|number| number as usize);
    let is_generated =
        span["file_name"].as_str().is_some_and(|file| file.ends_with("src/lib.rs") && !file.starts_with('/'));
    let found = is_generated.then(|| {
        let position = |line, column| context.scope.sources.position(context.generated, line, column);
        let (source, start, is_own) = position(number("line_start")?, number("column_start")?)?;
        let (same, end, ends_own) = position(number("line_end")?, number("column_end")?)?;
        std::ptr::eq(source, same).then_some((source, start..end.max(start), is_own && ends_own))
    });
    found.flatten().or_else(|| {
        let outer = &span["expansion"]["span"];
        (!outer.is_null()).then(|| in_a_cell(outer, context)).flatten()
    })
}

/// An error that evcxr has made of one of rustc's.
fn evcxrs_own<'a>(error: &CompilationError, source: &'a CellSource) -> Diagnostic<'a> {
    let labels = error.spanned_messages().iter().filter_map(|spanned| {
        let span = spanned.span?;
        let range: Range<usize> =
            source.byte(span.start_line, span.start_column)..source.byte(span.end_line, span.end_column);
        Some(Label { source, range, text: String::new(), is_primary: true })
    });
    Diagnostic { message: error.message(), labels: labels.collect(), ..Diagnostic::default() }
}

/// The errors that say something. When a type can't be inferred, evcxr checks code in which variables are parameters, and
/// rustc then complains of every `&str` among them.
fn relevant(errors: &[CompilationError]) -> Vec<&CompilationError> {
    let outside = |e: &CompilationError| e.spanned_messages().iter().all(|message| message.span.is_none());
    let artefact = |e: &CompilationError| e.code() == Some("E0521") && outside(e);
    errors.iter().filter(|e| e.level() == "error" && !artefact(e)).collect()
}

/// Of a name that a cell has removed, rustc says that an item was configured out (see `definitions`), and evcxr drops the
/// rest where the name stands in a last expression.
fn removed_name(error: &CompilationError) -> Option<String> {
    if !error.message().contains("configured out") {
        return None;
    }
    let span = error.json["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let text: Vec<char> = span["text"][0]["text"].as_str()?.chars().collect();
    let column = |name: &str| Some(span[name].as_u64()? as usize - 1);
    Some(text.get(column("column_start")?..column("column_end")?)?.iter().collect())
}

fn no_longer_defined(name: &str, context: &Context) -> Fault {
    let source = context.source;
    let label = context.cell.word(name).map(|at| Label {
        source,
        range: at..at + name.len(),
        text: "no longer defined".into(),
        is_primary: true,
    });
    let message = format!("cannot find `{name}` in this scope");
    let fate = context.scope.definitions.former(name).map(hints::note);
    let notes = fate.into_iter().collect();
    let diagnostic =
        Diagnostic { message: message.clone(), labels: label.into_iter().collect(), notes, ..Diagnostic::default() };
    Fault { ename: "CompileError", evalue: message, traceback: render::lines(&diagnostic) }
}
