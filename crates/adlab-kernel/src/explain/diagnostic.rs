//! One of rustc's errors, on the students' own lines.

use std::ops::Range;

use serde_json::Value;

use crate::scope::sources::CellSource;

/// Bytes of a cell; and whether it is the student's own text that begins and ends there, and not something of the kernel's.
pub type Place<'a> = (&'a CellSource, Range<usize>, bool);

#[derive(Debug, Clone, Default)]
pub struct Diagnostic<'a> {
    pub message: String,
    pub code: Option<String>,
    pub labels: Vec<Label<'a>>,
    pub notes: Vec<Note>,
    pub corrections: Vec<Correction<'a>>,
}

#[derive(Debug, Clone)]
pub struct Label<'a> {
    pub source: &'a CellSource,
    pub range: Range<usize>,
    pub text: String,
    pub is_primary: bool,
}

/// A line below the code, with the word that begins it.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub word: &'static str,
    pub text: String,
}

/// How it would be right.
#[derive(Debug, Clone)]
pub struct Correction<'a> {
    pub message: String,
    pub source: &'a CellSource,
    /// What takes the place of which bytes, in order.
    pub edits: Vec<(Range<usize>, String)>,
}

/// What no student has written, or can do.
const GENERATED: [&str; 7] =
    ["evcxr", "Evcxr", "run_user_code", "_ADLAB_", "adlab_notebook::output", "Cargo.toml", "cargo add"];

/// What says again what the error has said, or lists what is of no use.
const IDLE: [&str; 15] = [
    "the only appropriate formatting traits",
    "the following trait defines an item",
    "the following traits define an item",
    "items from traits can only be used",
    "<https://github.com/rust-lang",
    "similarly named",
    "you may have meant the maximum value",
    "the following other types implement",
    "is not implemented for",
    "on by default",
    "full name for the type",
    "arbitrary expressions are not allowed in patterns",
    "required for `",
    "you might be missing a const parameter",
    "arguments of function calls are evaluated",
];

/// Paths of names that every cell has.
const PATHS: [&str; 2] = ["adlab_notebook::prelude::", "adlab::"];

impl<'a> Diagnostic<'a> {
    /// Reads one as rustc writes it; `place` finds the students' lines.
    pub fn read(json: &Value, place: &dyn Fn(&Value) -> Option<Place<'a>>) -> Self {
        let mut diagnostic = Diagnostic {
            message: plain(json["message"].as_str().unwrap_or_default()),
            code: json["code"]["code"].as_str().map(str::to_owned),
            ..Diagnostic::default()
        };
        for span in list(&json["spans"]) {
            let Some((source, range, _)) = place(span) else { continue };
            let text = plain(span["label"].as_str().unwrap_or_default());
            let is_primary = span["is_primary"] == true;
            if text == "unexpected token" && !is_primary {
                continue;
            }
            diagnostic.labels.push(Label { source, range, text: own(text).unwrap_or_default(), is_primary });
        }
        // Of a macro and what stands in it, often the same is said.
        diagnostic.labels.dedup_by(|b, a| a.range == b.range && a.text == b.text);
        for child in list(&json["children"]) {
            diagnostic.read_child(child, place);
        }
        // Of many, rustc knows none to be right.
        if diagnostic.corrections.len() > 3 {
            diagnostic.corrections.truncate(1);
        }
        diagnostic
    }

    /// rustc's notes and helps.
    fn read_child(&mut self, child: &Value, place: &dyn Fn(&Value) -> Option<Place<'a>>) {
        let Some(message) = child["message"].as_str().map(plain).and_then(own) else { return };
        if IDLE.iter().any(|idle| message.contains(idle)) {
            return;
        }
        let spans = list(&child["spans"]);
        let word = if child["level"] == "help" { "help" } else { "note" };
        match proposal(spans) {
            Some(parts) => {
                let texts: Vec<String> = parts.iter().map(|(_, text)| text.clone()).collect();
                if texts.iter().any(|text| own(text.clone()).is_none()) || is_guesswork(&message, &texts) {
                    return;
                }
                let place = |span: &Value| place(span).filter(|(.., is_own)| *is_own);
                let edits = parts.iter().map(|(span, text)| Some((place(span)?, with_f64(text))));
                match edits.collect::<Option<Vec<_>>>() {
                    Some(edits) if !message.contains("importing") => self.correct(with_f64(&message), edits),
                    _ => self.notes.push(Note { word, text: with_code(&message, &texts) }),
                }
            }
            None if spans.is_empty() => self.notes.push(Note { word, text: message }),
            None => {
                // Of the library's lines, only what happens there; of students' lines, also where.
                let places: Option<Vec<Place>> = spans.iter().map(place).collect();
                match places {
                    Some(places) if spans.iter().all(|span| span["suggested_replacement"].is_null()) => {
                        // What the kernel has put in is no news.
                        let is_meant = |((.., is_own), span): &(Place, &Value)| *is_own && span["is_primary"] == true;
                        let primary = places.into_iter().zip(spans).filter(is_meant);
                        let labels = primary.map(|((source, range, _), _)| Label {
                            source,
                            range,
                            text: message.clone(),
                            is_primary: false,
                        });
                        let known = |label: &Label| self.labels.iter().any(|l| l.range == label.range);
                        let new: Vec<Label> = labels.filter(|label| !known(label)).collect();
                        self.labels.extend(new);
                    }
                    _ if message.contains("which moves") => self.notes.push(Note { word, text: message }),
                    _ => {}
                }
            }
        }
    }

    fn correct(&mut self, message: String, edits: Vec<(Place<'a>, String)>) {
        let source = edits[0].0.0;
        let mut edits: Vec<_> = edits.into_iter().map(|((_, range, _), text)| (range, text)).collect();
        edits.sort_by_key(|(range, _)| range.start);
        self.corrections.push(Correction { message, source, edits });
    }

    /// The first place in the cell that runs.
    pub fn primary(&self) -> Option<&Label<'a>> {
        let own = || self.labels.iter().filter(|label| label.source.current);
        own().find(|label| label.is_primary).or_else(|| own().next())
    }
}

fn list(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// The parts of one proposal: rustc lists what can stand in one place as well as what belongs together.
fn proposal(spans: &[Value]) -> Option<Vec<(&Value, String)>> {
    let is_sure = |span: &Value| {
        matches!(span["suggestion_applicability"].as_str(), Some("MachineApplicable" | "MaybeIncorrect"))
    };
    let parts: Vec<(&Value, String)> = spans
        .iter()
        .filter(|span| is_sure(span))
        .filter_map(|span| Some((span, span["suggested_replacement"].as_str()?.to_owned())))
        .collect();
    let place = |span: &Value| (span["byte_start"].as_u64(), span["byte_end"].as_u64());
    let first = parts.first()?;
    if parts.len() > 1 && parts.iter().all(|(span, _)| place(span) == place(first.0)) {
        let with_f64 = parts.iter().find(|(_, text)| text.contains("f64"));
        return Some(vec![with_f64.unwrap_or(first).clone()]);
    }
    Some(parts)
}

/// Where rustc takes one of two, the course takes the other.
fn with_f64(text: &str) -> String {
    text.replace("f32", "f64")
}

/// Of one letter, every other letter is similar.
fn is_guesswork(message: &str, texts: &[String]) -> bool {
    message.contains("similar name")
        && !message.contains("field")
        && texts.iter().all(|text| text.trim().chars().count() < 2)
}

/// Without the paths of what every cell has.
fn plain(text: &str) -> String {
    PATHS.iter().fold(text.to_owned(), |text, path| text.replace(path, ""))
}

/// Nothing if it speaks of what the student has not written.
fn own(text: String) -> Option<String> {
    (!GENERATED.iter().any(|word| text.contains(word))).then_some(text)
}

fn with_code(message: &str, texts: &[String]) -> String {
    let code = texts.concat();
    let code = code.trim();
    if code.is_empty() || message.contains(code) { message.to_owned() } else { format!("{message}: `{code}`") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scope::sources::Sources;

    fn span(start: usize, end: usize, label: &str, replacement: Option<&str>) -> Value {
        json!({
            "byte_start": start, "byte_end": end, "label": label, "is_primary": label.starts_with("here"),
            "suggested_replacement": replacement, "suggestion_applicability": replacement.map(|_| "MaybeIncorrect"),
        })
    }

    fn read(source: &CellSource, children: Value) -> Diagnostic<'_> {
        let json = json!({
            "message": "cannot use `adlab_notebook::prelude::Tensor`", "code": { "code": "E0277" },
            "spans": [span(0, 1, "here", None), span(90, 95, "elsewhere", None), span(2, 3, "EvcxrUserCodeError", None)],
            "children": children,
        });
        Diagnostic::read(&json, &|span| {
            let byte = |name: &str| span[name].as_u64().unwrap() as usize;
            (byte("byte_end") < 90).then(|| (source, byte("byte_start")..byte("byte_end"), true))
        })
    }

    #[test]
    fn only_the_student_s_own_is_kept() {
        let source = Sources::default().push("a + b", 1);
        let found = read(
            &source,
            json!([
                { "level": "help", "message": "the following other types implement it: and 63 others", "spans": [] },
                { "level": "help", "message": "use `cargo add` for it", "spans": [] },
                { "level": "note", "message": "a word", "spans": [] },
                { "level": "help", "message": "a local variable with a similar name exists", "spans": [span(0, 1, "", Some("z"))] },
                { "level": "help", "message": "call it", "spans": [span(0, 1, "", Some("evcxr_variable_store"))] },
            ]),
        );
        assert_eq!(found.message, "cannot use `Tensor`");
        let labels: Vec<_> = found.labels.iter().map(|l| (l.range.clone(), l.text.as_str())).collect();
        assert_eq!(labels, [(0..1, "here"), (2..3, "")]);
        assert_eq!(found.notes, [Note { word: "note", text: "a word".into() }]);
        assert!(found.corrections.is_empty());
    }

    #[test]
    fn a_proposal_is_one_correction() {
        let source = Sources::default().push("a + b", 1);
        let found = read(
            &source,
            json!([
                { "level": "help", "message": "wrap it", "spans": [span(4, 4, "", Some("(")), span(5, 5, "", Some(")"))] },
                { "level": "help", "message": "say which", "spans": [span(4, 5, "", Some("b_f32")), span(4, 5, "", Some("b_f64"))] },
                { "level": "help", "message": "consider importing one of these", "spans": [
                    span(0, 0, "", Some("use std::f32::consts::PI;\n")), span(0, 0, "", Some("use std::f64::consts::PI;\n"))
                ] },
            ]),
        );
        let edits: Vec<_> = found.corrections.iter().map(|correction| correction.edits.clone()).collect();
        assert_eq!(edits, [vec![(4..4, "(".into()), (5..5, ")".into())], vec![(4..5, "b_f64".to_owned())]]);
        assert_eq!(found.notes[0].text, "consider importing one of these: `use std::f64::consts::PI;`");
    }
}
