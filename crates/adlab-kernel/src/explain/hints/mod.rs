//! Advice for beginners: what an error means here, and what to write. A table of rules; of those that apply, the first speaks.
//!
//! A rule looks at what rustc says, at the cell's text, and at what the session knows. Advice that may be false is not given.

mod names;
mod notebook;
mod numbers;
mod ownership;
mod python;
mod syntax;
mod tensors;
mod values;

use std::ops::Range;

use super::diagnostic::{Correction, Diagnostic, Label, Note};
use crate::cell::Cell;
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

const TABLES: [&[Rule]; 8] = [
    python::RULES,
    syntax::RULES,
    notebook::RULES,
    numbers::RULES,
    tensors::RULES,
    values::RULES,
    ownership::RULES,
    names::RULES,
];

pub fn advice(case: &Case) -> Option<Advice> {
    TABLES.iter().copied().flatten().find_map(|rule| (rule.says)(case))
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

/// A word of the kind that names things.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

pub fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '_') && !text.starts_with('_')
}

/// The operand that ends a text: a number, a name with what it is called with, something in brackets. Its byte and itself.
pub fn operand_before(text: &str) -> (usize, &str) {
    let trimmed = text.trim_end();
    let (mut depth, mut start) = (0_i32, trimmed.len());
    for (at, c) in trimmed.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c if c.is_alphanumeric() || matches!(c, '_' | '.' | ':') => {}
            _ => break,
        }
        start = at;
    }
    (start, &trimmed[start..])
}

/// The operand that begins a text, with the byte at which it ends.
pub fn operand_after(text: &str) -> (usize, &str) {
    let begin = text.len() - text.trim_start().len();
    let mut depth = 0_i32;
    let mut end = begin;
    for (at, c) in text[begin..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '-' | '&' if at == 0 => {}
            c if c.is_alphanumeric() || matches!(c, '_' | ':') => {}
            '.' if !text[begin + at..].starts_with("..") => {}
            _ => break,
        }
        end = begin + at + c.len_utf8();
    }
    (end, &text[begin..end])
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::scope::sources::Sources;

    /// What a table says to an error. The cell's text has its place in «…».
    pub struct Sample<'a> {
        pub code: &'a str,
        pub message: &'a str,
        pub cell: &'a str,
        /// What the label says.
        pub label: &'a str,
    }

    pub fn sample<'a>(code: &'a str, message: &'a str, cell: &'a str) -> Sample<'a> {
        Sample { code, message, cell, label: "" }
    }

    /// All in one: message, hint and the corrected cell; with the name of the rule.
    pub fn said(rules: &[Rule], sample: &Sample, scope: &Scope) -> Option<(&'static str, String)> {
        let start = sample.cell.find('«').unwrap_or(0);
        let text = sample.cell.replace('«', "");
        let end = text.find('»').unwrap_or(start);
        let text = text.replace('»', "");
        let cell = Cell::read(&text, None, 9).unwrap_or_else(|_| Cell::read("", None, 9).unwrap());
        let source = Sources::default().push(&text, 9);
        let label = Label { source: &source, range: start..end, text: sample.label.into(), is_primary: true };
        let diagnostic = Diagnostic {
            message: sample.message.into(),
            code: (!sample.code.is_empty()).then(|| sample.code.to_owned()),
            labels: vec![label],
            ..Diagnostic::default()
        };
        let case = Case { diagnostic: &diagnostic, cell: &cell, scope };
        rules.iter().find_map(|rule| Some((rule.name, (rule.says)(&case)?))).map(|(name, advice)| {
            let mut corrected = text.clone();
            for (range, new) in advice.edits.iter().rev() {
                corrected.replace_range(range.clone(), new);
            }
            let parts = [advice.message, advice.hint.map(|hint| hint.text)];
            let words: Vec<String> = parts.into_iter().flatten().collect();
            let corrected = if advice.edits.is_empty() { String::new() } else { format!(" → {corrected}") };
            (name, format!("{}{corrected}", words.join(" | ")))
        })
    }

    /// Every rule of a table speaks in a sample, and says what it should; to the others, none does.
    pub fn check(rules: &[Rule], samples: &[(Sample, &str)], silent: &[Sample], scope: &Scope) {
        let mut spoken = Vec::new();
        for (sample, expected) in samples {
            let (name, text) = said(rules, sample, scope).unwrap_or_else(|| panic!("nothing to {}", sample.cell));
            assert!(text.contains(expected), "{name} to {}: {text}", sample.cell);
            spoken.push(name);
        }
        for rule in rules {
            assert!(spoken.contains(&rule.name), "no sample for {}", rule.name);
        }
        for sample in silent {
            assert_eq!(said(rules, sample, scope), None, "{}", sample.cell);
        }
    }

    #[test]
    fn operands_are_found() {
        assert_eq!(operand_before("let y = 3.0 + f(x, 1).abs() "), (14, "f(x, 1).abs()"));
        assert_eq!(operand_before("(x + 1)"), (0, "(x + 1)"));
        assert_eq!(operand_after(" 2.5 * x"), (4, "2.5"));
        assert_eq!(operand_after(" f(a b)[0].c, d"), (12, "f(a b)[0].c"));
        assert_eq!(operand_after("0..3"), (1, "0"));
        assert!(is_name("x_1") && !is_name("1x") && is_integer("1_000") && !is_integer("1.0"));
    }
}
