//! How the rules are tested: each speaks in a sample at least, and is silent where it should be.

use super::rule::{Case, Rule};
use crate::cell::Cell;
use crate::explain::diagnostic::{Diagnostic, Label};
use crate::scope::Scope;
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
