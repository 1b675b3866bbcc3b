//! A cell that is no Rust: said of its own text, before anything is made of it.

use anyhow::Result;
use serde_json::Value;

use super::compile::of_diagnostics;
use super::diagnostic::{Diagnostic, Label, Place};
use crate::cell::Cell;
use crate::cell::annotated::Annotated;
use crate::cell::brackets::{self, Flaw};
use crate::fault::Fault;
use crate::scope::Scope;
use crate::scope::sources::CellSource;

/// What makes a cell's statements a text that rustc's parser can read.
const BEGIN: &str = "fn cell() {";
const END: &str = "\n}";

/// Nothing where it is Rust after all: `rustc` reads a text, and gives its errors.
pub fn fault(
    cell: &Cell,
    source: &CellSource,
    scope: &Scope,
    rustc: impl Fn(&str) -> Result<Vec<Value>>,
) -> Option<Fault> {
    if cell.is_rust() {
        return None;
    }
    if let Some(flaw) = brackets::flaw(&cell.body) {
        return Some(of_diagnostics(vec![of_flaw(flaw, source)], source, cell, scope));
    }
    let mut text = Annotated::default();
    text.push(&cell.body[..cell.start]);
    text.insert(BEGIN);
    text.push(&cell.body[cell.start..]);
    let errors = rustc(&format!("{}{END}", text.code)).unwrap_or_default();
    let mut diagnostics: Vec<Diagnostic> = errors
        .iter()
        .map(|error| with_an_end(Diagnostic::read(error, &|span| place(span, &text, source)), source))
        .collect();
    // One mistake a line: what follows is often rustc's guess at what was meant.
    let mut lines = std::collections::BTreeSet::new();
    diagnostics
        .retain(|diagnostic| diagnostic.primary().is_none_or(|label| lines.insert(line(source, label.range.start))));
    (!diagnostics.is_empty()).then(|| of_diagnostics(diagnostics, source, cell, scope))
}

fn line(source: &CellSource, byte: usize) -> usize {
    source.code[..byte].matches('\n').count()
}

fn place<'a>(span: &Value, text: &Annotated, source: &'a CellSource) -> Option<Place<'a>> {
    let number = |name: &str| span[name].as_u64().map(|number| number as usize);
    let end = last(&source.code);
    let byte = |line: &str, column: &str| {
        let line = number(line)?;
        let column = text.original_column(line, number(column)?);
        // What encloses the cell is its end.
        Some(if line > source.code.lines().count().max(1) {
            end
        } else {
            source.byte(line, column).min(source.code.len())
        })
    };
    let (start, end) = (byte("line_start", "column_start")?, byte("line_end", "column_end")?);
    Some((source, start..end.max(start), true))
}

/// Behind the last word of a cell.
fn last(code: &str) -> usize {
    code.trim_end().len()
}

/// rustc has found what ends the text around the cell.
fn with_an_end<'a>(mut diagnostic: Diagnostic<'a>, source: &CellSource) -> Diagnostic<'a> {
    // A comment may follow.
    let is_end = diagnostic.primary().is_some_and(|label| !source.code[label.range.start..].contains('}'));
    if is_end {
        diagnostic.message = diagnostic.message.replace("found `}`", "found the end of the cell");
        for label in &mut diagnostic.labels {
            label.text = label.text.replace("found `}`", "found the end of the cell");
        }
    }
    diagnostic
}

fn of_flaw(flaw: Flaw, source: &CellSource) -> Diagnostic<'_> {
    let label =
        |range: std::ops::Range<usize>, text: &str, is_primary| Label { source, range, text: text.into(), is_primary };
    let sign = |range: &std::ops::Range<usize>| source.code[range.clone()].to_owned();
    let (message, labels) = match flaw {
        Flaw::Open(brackets) => {
            let last = brackets.len() - 1;
            let labels = brackets.iter().enumerate().map(|(i, range)| {
                let text = if i == last { "this is never closed" } else { "nor is this" };
                label(range.clone(), text, i == last)
            });
            let open = sign(&brackets[last]);
            (format!("a `{}` is missing", closing(&open)), labels.collect())
        }
        Flaw::Stray(range) => {
            let bracket = sign(&range);
            (
                format!("a `{bracket}` too much, or a `{}` is missing", opening(&bracket)),
                vec![label(range, "this closes nothing", true)],
            )
        }
        Flaw::Crossed(open, close) => {
            let (first, second) = (sign(&open), sign(&close));
            let here = format!("this is no `{}`", closing(&first));
            (
                format!("`{first}` is not closed before `{second}`"),
                vec![label(open, "this is never closed", true), label(close, &here, false)],
            )
        }
        Flaw::Text(range, long) => {
            let mut labels = vec![label(range, "this text has no end", true)];
            labels.extend(
                long.map(|range| label(range, "or is it this one? It goes on over the end of its line", false)),
            );
            ("a text is not closed: a `\"` is missing".into(), labels)
        }
        Flaw::Comment(range) => {
            ("a comment is not closed: a `*/` is missing".into(), vec![label(range, "this comment has no end", true)])
        }
    };
    Diagnostic { message, labels, ..Diagnostic::default() }
}

fn closing(bracket: &str) -> &'static str {
    match bracket {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn opening(bracket: &str) -> &'static str {
    match bracket {
        ")" => "(",
        "]" => "[",
        _ => "{",
    }
}
