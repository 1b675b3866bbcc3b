//! A page for the student: what each task earned and why, and the notebook as it ran.

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, Parser, Tag, html};
use serde_json::Value;

use super::{escaped, plain, points, without_escapes};
use crate::marking::authority::{Prepared, Role};
use crate::marking::matching::grade_id;
use crate::marking::results::{Mark, Marks};
use crate::marking::verdict::Verdict;
use crate::notebook::file;

const STYLE: &str = include_str!("feedback.css");

/// Longer outputs are cut: this is to be read.
const LONGEST: usize = 20_000;

pub fn page(marks: &Marks, prepared: Option<&Prepared>) -> String {
    let title = escaped(&plain(&marks.submitted));
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    match &marks.not_marked {
        Some(why) => {
            let _ =
                writeln!(text, "<p class=\"sum bad\">This notebook could not be marked: {}</p>", escaped(&plain(why)));
        }
        None => head(&mut text, marks),
    }
    notes(&mut text, &marks.notes);
    if let Some(prepared) = prepared {
        let mut headings = Headings::default();
        for (role, cell) in prepared.roles.iter().zip(prepared.notebook.cells()) {
            match *role == Role::Text && is_given(cell) {
                // The student knows the text: its headings say where one is.
                true => headings.note(&file::source(cell)),
                false => cell_of(&mut text, *role, cell, marks, &mut headings),
            }
        }
    }
    text + "</body>\n</html>\n"
}

fn head(text: &mut String, marks: &Marks) {
    let by_hand = match marks.by_hand() {
        0.0 => String::new(),
        left => format!(", and {} more are marked by a person", points(left)),
    };
    let (earned, of) = (points(marks.points()), points(marks.of()));
    let _ = writeln!(text, "<p class=\"sum\"><strong>{earned} of {of} points</strong>{by_hand}</p>");
    text.push_str("<table>\n<tr><th>task</th><th>points</th><th></th></tr>\n");
    for mark in &marks.marks {
        let id = escaped(&plain(&mark.grade_id));
        let earned = mark.points.map_or("–".into(), points);
        let (class, says) = words(mark);
        let _ = writeln!(
            text,
            "<tr class=\"{class}\"><td><a href=\"#{id}\">{id}</a></td><td>{earned} of {}</td><td>{says}</td></tr>",
            points(mark.of)
        );
    }
    text.push_str("</table>\n");
}

/// The class of a mark, and what it says.
fn words(mark: &Mark) -> (&'static str, String) {
    match mark.verdict {
        _ if mark.points.is_none() => ("open", "a person marks this".into()),
        Some(Verdict::Right) => ("good", "right".into()),
        Some(verdict) => ("bad", format!("<b>{}</b>: {}", verdict.word(), with_code(&mark.says))),
        None => ("bad", escaped(&plain(&mark.says))),
    }
}

/// A message in one line; the compiler has names between backticks.
fn with_code(message: &str) -> String {
    let message = escaped(&plain(message));
    let pieces: Vec<&str> = message.split('`').collect();
    // Where one is left over, nothing says what is code.
    if pieces.len().is_multiple_of(2) {
        return message;
    }
    let pieces = pieces.iter().enumerate();
    pieces.map(|(i, piece)| if i % 2 == 1 { format!("<code>{piece}</code>") } else { (*piece).to_owned() }).collect()
}

fn notes(text: &mut String, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    text.push_str("<div class=\"notes\"><p>Before it was marked:</p>\n<ul>\n");
    for note in notes {
        let _ = writeln!(text, "<li>{}</li>", escaped(&plain(note)));
    }
    text.push_str("</ul></div>\n");
}

/// Those above a cell that are not on the page yet: what has nothing to show has no heading.
#[derive(Default)]
struct Headings(Vec<(usize, String)>);

impl Headings {
    fn note(&mut self, source: &str) {
        let is_heading = |line: &&str| line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
        for line in source.lines().filter(is_heading) {
            let words = line.trim_start_matches('#');
            let level = line.len() - words.len();
            self.0.retain(|(above, _)| *above < level);
            self.0.push((level, escaped(&plain(words.trim()))));
        }
    }

    fn flush(&mut self, text: &mut String) {
        for (level, words) in self.0.drain(..) {
            let level = (level + 1).clamp(2, 4);
            let _ = writeln!(text, "<h{level}>{words}</h{level}>");
        }
    }
}

fn cell_of(text: &mut String, role: Role, cell: &Value, marks: &Marks, headings: &mut Headings) {
    let source = file::source(cell);
    let id = grade_id(cell).unwrap_or_default();
    let mark = marks.marks.iter().find(|mark| mark.grade_id == id && !id.is_empty());
    let failure = marks.failures.iter().find(|failure| failure.cell == id || cell["id"] == failure.cell.as_str());
    let class = match (mark.map(words), failure) {
        (Some((class, _)), _) => class,
        (None, Some(_)) => "bad",
        _ => "",
    };
    if role == Role::Given && failure.is_none() || source.trim().is_empty() {
        return;
    }
    headings.flush(text);
    let whose = if matches!(role, Role::Answer | Role::ByHand | Role::Own) { "mine" } else { "given" };
    let anchor = mark.map_or(String::new(), |mark| format!(" id=\"{}\"", escaped(&plain(&mark.grade_id))));
    let _ = writeln!(text, "<section class=\"{whose} {class}\"{anchor}>");
    if let Some(mark) = mark {
        let (_, says) = words(mark);
        let earned = mark.points.map_or("–".into(), points);
        let _ = writeln!(text, "<p class=\"mark\">{earned} of {}: {says}</p>", points(mark.of));
    }
    if cell["cell_type"] == "code" {
        // What is hidden in a check stays hidden: only its outcome is told.
        if role != Role::Check {
            let _ = writeln!(text, "<pre class=\"code\">{}</pre>", escaped(&source));
        }
        for output in cell["outputs"].as_array().into_iter().flatten() {
            output_of(text, output, role);
        }
    } else {
        let as_text = |event| match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                Event::Start(Tag::Link { link_type, dest_url: harmless(dest_url, &LINKS), title, id })
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                Event::Start(Tag::Image { link_type, dest_url: harmless(dest_url, &IMAGES), title, id })
            }
            event => event,
        };
        let mut rendered = String::new();
        html::push_html(&mut rendered, Parser::new(&source).map(as_text));
        text.push_str(&rendered);
    }
    text.push_str("</section>\n");
}

/// Where a student's links may lead; and images, which nobody has to ask for.
const LINKS: [&str; 3] = ["http:", "https:", "mailto:"];
const IMAGES: [&str; 3] = ["data:image/png", "data:image/jpeg", "data:image/gif"];

/// A link whose scheme is none of these leads nowhere.
fn harmless<'a>(link: CowStr<'a>, schemes: &[&str]) -> CowStr<'a> {
    let text = link.trim().to_ascii_lowercase();
    if schemes.iter().any(|scheme| text.starts_with(scheme)) { link } else { "#".into() }
}

fn is_given(cell: &Value) -> bool {
    cell["metadata"]["nbgrader"]["locked"] == true
}

fn output_of(text: &mut String, output: &Value, role: Role) {
    let shown = match output["output_type"].as_str() {
        Some("stream") => file::text(&output["text"]),
        // Its mark has said it, and the lines of a check, which may be hidden ones, are not for the page.
        Some("error") if role == Role::Check => return,
        Some("error") => {
            let lines = output["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str);
            lines.collect::<Vec<_>>().join("\n")
        }
        _ => {
            let data = &output["data"];
            let said = escaped(&plain(&file::text(&data["text/plain"])));
            // An image runs no program, whatever stands in it.
            if let Some(png) = data["image/png"].as_str() {
                let png: String = png.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
                let _ = writeln!(text, "<img alt=\"{said}\" src=\"data:image/png;base64,{png}\">");
                return;
            }
            file::text(&data["text/plain"])
        }
    };
    let shown = without_escapes(&shown);
    let cut = shown.char_indices().nth(LONGEST).map_or(shown.as_str(), |(end, _)| &shown[..end]);
    let more = if cut.len() < shown.len() { "\n…" } else { "" };
    if !cut.trim().is_empty() {
        let class = if output["output_type"] == "error" { "error" } else { "output" };
        let _ = writeln!(text, "<pre class=\"{class}\">{}{more}</pre>", escaped(cut));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_above_what_there_is() {
        let (mut headings, mut text) = (Headings::default(), String::new());
        headings.note("# Lesson\n\ntext\n\n## How it works");
        headings.note("## Task <1>\n### Your turn");
        headings.flush(&mut text);
        assert_eq!(text, "<h2>Lesson</h2>\n<h3>Task &lt;1&gt;</h3>\n<h4>Your turn</h4>\n");
        headings.flush(&mut text);
        headings.note("## Task 2");
        headings.flush(&mut text);
        assert!(text.ends_with("<h4>Your turn</h4>\n<h3>Task 2</h3>\n"));
    }

    #[test]
    fn links_lead_to_pages() {
        let to = |link: &str, schemes: &[&str]| harmless(link.to_owned().into(), schemes).to_string();
        for link in ["https://example.org", "HTTP://x", "mailto:a@b"] {
            assert_eq!(to(link, &LINKS), link);
        }
        for link in ["javascript:alert(1)", " JavaScript:x", "data:text/html,x", "file:///etc", "//x", "vbscript:x"] {
            assert_eq!(to(link, &LINKS), "#");
        }
        assert_eq!(to("https://example.org/seen.png", &IMAGES), "#");
    }

    #[test]
    fn names_in_a_message_are_code() {
        assert_eq!(with_code("no `pow` for `A<B>`"), "no <code>pow</code> for <code>A&lt;B&gt;</code>");
        assert_eq!(with_code("one ` alone"), "one ` alone");
    }
}
