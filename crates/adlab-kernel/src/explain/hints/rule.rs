//! What a rule looks at, and what it says.

use std::ops::Range;

use crate::cell::Cell;
use crate::explain::diagnostic::{Correction, Diagnostic, Label, Note};
use crate::scope::Scope;

/// Whom a piece of advice concerns: every Rust program, or notebooks.
pub const IN_RUST: &str = "in Rust";
pub const IN_A_NOTEBOOK: &str = "in a notebook";

pub struct Rule {
    /// For its test.
    #[cfg_attr(not(test), allow(dead_code))]
    pub name: &'static str,
    pub says: fn(&Case) -> Option<Advice>,
}

/// What a rule looks at.
pub struct Case<'a> {
    pub diagnostic: &'a Diagnostic<'a>,
    pub cell: &'a Cell,
    pub scope: &'a Scope,
}

/// What a rule says.
#[derive(Debug, Default)]
pub struct Advice {
    /// The error in plain words, where rustc's own are of no help.
    pub message: Option<String>,
    pub hint: Option<Note>,
    /// What takes the place of which bytes of the cell.
    pub edits: Vec<(Range<usize>, String)>,
    /// It stands in the place of rustc's notes and proposals.
    pub is_enough: bool,
    /// And in that of all other errors of the cell.
    pub explains_all: bool,
}

/// In the words of a notebook.
pub fn note(text: &str) -> Note {
    Note { word: IN_A_NOTEBOOK, text: text.to_owned() }
}

impl Advice {
    pub fn rust(hint: impl Into<String>) -> Self {
        Advice { hint: Some(Note { word: IN_RUST, text: hint.into() }), ..Advice::default() }
    }

    pub fn notebook(hint: impl Into<String>) -> Self {
        Advice { hint: Some(Note { word: IN_A_NOTEBOOK, text: hint.into() }), ..Advice::default() }
    }

    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    pub fn edit(mut self, range: Range<usize>, text: impl Into<String>) -> Self {
        self.edits.push((range, text.into()));
        self
    }

    pub fn enough(mut self) -> Self {
        self.is_enough = true;
        self
    }

    pub fn explains_all(mut self) -> Self {
        self.explains_all = true;
        self.enough()
    }

    /// Puts it into the error.
    pub fn give<'a>(self, diagnostic: &mut Diagnostic<'a>, source: &'a crate::scope::sources::CellSource) {
        if let Some(message) = self.message {
            diagnostic.message = message;
            diagnostic.code = None;
            // What rustc expected was said of another error.
            diagnostic.labels.retain(|label| label.is_primary);
            diagnostic.labels.iter_mut().for_each(|label| label.text.clear());
        }
        if self.is_enough {
            diagnostic.notes.clear();
            diagnostic.corrections.clear();
        }
        diagnostic.notes.extend(self.hint);
        if !self.edits.is_empty() {
            diagnostic.corrections = vec![Correction { message: "write".into(), source, edits: self.edits }];
        }
    }
}

impl Case<'_> {
    pub fn code(&self) -> &str {
        self.diagnostic.code.as_deref().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        &self.diagnostic.message
    }

    /// What stands between the `number`th pair of backquotes of the message.
    pub fn quoted(&self, number: usize) -> &str {
        self.message().split('`').nth(2 * number + 1).unwrap_or_default()
    }

    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code())
    }

    /// The place in this cell.
    pub fn primary(&self) -> Option<&Label<'_>> {
        self.diagnostic.primary()
    }

    /// The bytes of the place.
    pub fn range(&self) -> Option<Range<usize>> {
        self.primary().map(|label| label.range.clone())
    }

    /// The words at the place.
    pub fn marked(&self) -> &str {
        self.range().map_or("", |range| &self.cell.code[range])
    }

    /// The text of the cell before the place, and behind it.
    pub fn around(&self) -> (&str, &str) {
        let range = self.range().unwrap_or(0..0);
        (&self.cell.code[..range.start], &self.cell.code[range.end..])
    }

    /// The line of the place: where it begins, and its text.
    pub fn line(&self) -> (usize, &str) {
        let code = self.cell.code.as_str();
        let at = self.range().map_or(0, |range| range.start);
        // An error at a line's end belongs to the line.
        let start = code[..at].rfind('\n').map_or(0, |end| end + 1);
        (start, code[start..].lines().next().unwrap_or_default())
    }

    /// Something that rustc says has this text.
    pub fn says(&self, text: &str) -> bool {
        self.message().contains(text) || self.diagnostic.labels.iter().any(|label| label.text.contains(text))
    }

    /// A variable of the notebook: from an earlier cell, or made by this one at its top level.
    pub fn is_variable(&self, name: &str) -> bool {
        self.scope.variables.is_known(name) || self.cell.variables.iter().any(|own| own == name)
    }

    /// The place is in a definition, as against the cell's statements.
    pub fn is_in_an_item(&self) -> bool {
        self.range().is_some_and(|range| self.item_at(range.start).is_some())
    }

    pub fn item_at(&self, byte: usize) -> Option<&crate::cell::syntax::Item> {
        self.cell.items.iter().find(|item| item.range().contains(&byte))
    }
}
