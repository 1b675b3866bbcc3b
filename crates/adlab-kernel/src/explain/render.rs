//! How an error looks: below the student's own lines, in colours that can be read on light and dark, not too wide.

use annotate_snippets::renderer::{DecorStyle, Effects, Style};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::diagnostic::{Correction, Diagnostic, Label, Note};
use crate::scope::sources::CellSource;

/// What a notebook's column can show; what doesn't fit is cut around the place that is meant.
const WIDTH: usize = 84;

/// What stands before a note, beside its word.
const GUTTER: usize = 7;

/// A label that is longer says what it says below the code.
const LONGEST_LABEL: usize = 42;

/// Of the colours, none can be read both on the light red and on the dark red of an error.
const BOLD: Style = Style::new().effects(Effects::BOLD);

pub fn renderer() -> Renderer {
    Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .term_width(WIDTH)
        .error(BOLD)
        .line_num(Style::new())
        .context(BOLD)
        .note(BOLD)
        .help(BOLD)
        .info(BOLD)
}

/// An error, with the lines that it speaks of and the lines as they should be.
pub fn lines(diagnostic: &Diagnostic) -> Vec<String> {
    let message = wrapped(&diagnostic.message, "error[E0000]: ".len());
    let mut title = Level::ERROR.primary_title(message.as_str());
    if let Some(code) = &diagnostic.code {
        title = title.id(code.as_str());
    }
    let mut group = Group::with_title(title);
    let titles: Vec<(&CellSource, String)> = sources(&diagnostic.labels);
    for (source, title) in &titles {
        let labels = diagnostic.labels.iter().filter(|label| std::ptr::eq(label.source, *source));
        let snippet = Snippet::source(source.code.as_str()).path(title.as_str());
        group = group.element(snippet.annotations(labels.map(annotation)));
    }
    let long = diagnostic.labels.iter().filter(|label| is_long(label)).map(|label| ("note", label.text.as_str()));
    for (word, text) in long.chain(diagnostic.notes.iter().map(|Note { word, text }| (*word, text.as_str()))) {
        group = group.element(Level::NOTE.with_name(word).message(wrapped(text, GUTTER + word.len())));
    }
    let corrected: Vec<(String, CorrectedLines)> =
        diagnostic.corrections.iter().map(|c| (wrapped(&c.message, "help: ".len()), corrected(c))).collect();
    let mut groups = vec![group];
    for (message, lines) in &corrected {
        let marks = lines.marks.iter().map(|range| match range.is_empty() {
            true => AnnotationKind::Visible.span(range.clone()),
            false => AnnotationKind::Primary.span(range.clone()),
        });
        let snippet = Snippet::source(lines.text.as_str()).annotations(marks);
        groups.push(Level::HELP.secondary_title(message.as_str()).element(snippet));
    }
    let text = renderer().render(&groups);
    text.lines().map(str::to_owned).collect()
}

/// The cells that are spoken of; the one that runs comes first.
fn sources<'a>(labels: &[Label<'a>]) -> Vec<(&'a CellSource, String)> {
    let mut found: Vec<&CellSource> = Vec::new();
    for label in labels {
        if !found.iter().any(|known| std::ptr::eq(*known, label.source)) {
            found.push(label.source);
        }
    }
    found.sort_by_key(|source| !source.current);
    found.into_iter().map(|source| (source, source.title())).collect()
}

fn annotation<'a>(label: &'a Label) -> Annotation<'a> {
    let kind = if label.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(label.range.clone());
    if label.text.is_empty() || is_long(label) { annotation } else { annotation.label(label.text.as_str()) }
}

fn is_long(label: &Label) -> bool {
    let longest = if label.is_primary { LONGEST_LABEL + 15 } else { LONGEST_LABEL };
    label.text.chars().count() > longest
}

/// A cell's text as it would be right, and what is new in it.
struct CorrectedLines {
    text: String,
    marks: Vec<std::ops::Range<usize>>,
}

fn corrected(correction: &Correction) -> CorrectedLines {
    let code = correction.source.code.as_str();
    let (mut text, mut marks, mut done) = (String::new(), Vec::new(), 0);
    for (range, replacement) in &correction.edits {
        if range.start < done || range.end > code.len() {
            continue;
        }
        text.push_str(&code[done..range.start]);
        // Only what differs is new: `3` that becomes `3.0` has a new `.0`.
        let old = &code[range.clone()];
        let same = |(a, b): &(char, char)| a == b;
        let mut before: usize = old.chars().zip(replacement.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
        // Of a word, all of it is new.
        if replacement[before..].starts_with(is_letter) {
            before = replacement[..before].trim_end_matches(is_letter).len();
        }
        let (old_rest, new_rest) = (&old[before..], &replacement[before..]);
        let back = old_rest.chars().rev().zip(new_rest.chars().rev()).take_while(same);
        let mut after: usize = back.map(|(c, _)| c.len_utf8()).sum();
        if replacement[..replacement.len() - after].ends_with(is_letter) {
            after = replacement[replacement.len() - after..].trim_start_matches(is_letter).len();
        }
        let start = text.len();
        text.push_str(replacement);
        marks.push(start + before..text.len() - after);
        done = range.end;
    }
    text.push_str(&code[done..]);
    CorrectedLines { text, marks }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Code in backquotes is one of them, if it is not long.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in line.split(' ') {
        match words.last_mut().filter(|last| last.matches('`').count() % 2 == 1 && last.len() + part.len() < WIDTH - 20)
        {
            Some(last) => *last = format!("{last} {part}"),
            None => words.push(part.to_owned()),
        }
    }
    words
}

/// Lines that end between words, for behind so many columns.
fn wrapped(text: &str, indent: usize) -> String {
    let mut result = String::new();
    for line in text.lines() {
        if !result.is_empty() {
            result.push('\n');
        }
        // Lists and the like are set as they are.
        if line.starts_with(' ') {
            result.push_str(line);
            continue;
        }
        let mut width = 0;
        for word in words(line) {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > WIDTH - indent {
                result.push('\n');
                width = 0;
            } else if width > 0 {
                result.push(' ');
                width += 1;
            }
            result.push_str(&word);
            width += length;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::sources::Sources;

    fn plain(lines: &[String]) -> String {
        let text = lines.join("\n");
        let mut parts = text.split('\x1b');
        let first = parts.next().unwrap_or_default().to_owned();
        first + &parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest)).collect::<String>()
    }

    #[test]
    fn a_corrected_line_is_shown_with_what_is_new() {
        let source = Sources::default().push("let a = f(3);\nlet b = 2.0;;", 1);
        let correction = |message: &str, edits: &[(std::ops::Range<usize>, &str)]| Correction {
            message: message.into(),
            source: &source,
            edits: edits.iter().map(|(range, text)| (range.clone(), (*text).to_owned())).collect(),
        };
        let label = Label { source: &source, range: 10..11, text: "expected `f64`".into(), is_primary: true };
        let diagnostic = Diagnostic {
            message: "mismatched types".into(),
            code: Some("E0308".into()),
            labels: vec![label],
            notes: vec![Note { word: "in Rust", text: "a word".into() }],
            corrections: vec![
                correction("use a float literal", &[(10..11, "3.0")]),
                correction("remove this semicolon", &[(26..27, "")]),
            ],
        };
        let shown = plain(&lines(&diagnostic));
        let expected = "error[E0308]: mismatched types
 --> this cell:1:11
  |
1 | let a = f(3);
  |           ^ expected `f64`
  |
  = in Rust: a word
help: use a float literal
  |
1 | let a = f(3.0);
  |            ^^
help: remove this semicolon
  |
2 | let b = 2.0;
  |";
        assert_eq!(shown, expected, "\n{shown}");
    }

    #[test]
    fn carets_stay_where_they_belong_in_long_lines() {
        for filler in ["aaaa + ", "ε + ", "\t+ ", "日本 + "] {
            let code = format!("let x = {}wrong{};", filler.repeat(40), " + 1".repeat(40));
            let source = Sources::default().push(&code, 1);
            let at = code.find("wrong").unwrap();
            let label = Label { source: &source, range: at..at + 5, text: "here".into(), is_primary: true };
            let shown =
                plain(&lines(&Diagnostic { message: "m".into(), labels: vec![label], ..Diagnostic::default() }));
            let (line, carets) = (shown.lines().nth(3).unwrap(), shown.lines().nth(4).unwrap());
            let width = |text: &str| text.chars().map(|c| if c > '\u{2fff}' { 2 } else { 1 }).sum::<usize>();
            assert!(width(line) <= WIDTH + 4, "{shown}");
            assert_eq!(
                width(&line[..line.find("wrong").unwrap()]),
                width(&carets[..carets.find('^').unwrap()]),
                "{shown}"
            );
        }
        assert_eq!(words("a `b c` d `e"), ["a", "`b c`", "d", "`e"]);
        assert!(wrapped(&"word ".repeat(60), 10).lines().all(|line| line.len() < WIDTH));
    }
}
