//! What a closure has printed and shown, as one page below its controls.

use serde_json::Value;

const CODE: &str = "margin: 0; white-space: pre-wrap; font-family: var(--jp-code-font-family, monospace); \
                    font-size: var(--jp-code-font-size, 13px)";
const WRONG: &str = "; padding: 4px; background: var(--jp-rendermime-error-background, #fdd)";

/// Outputs as a notebook keeps them.
pub fn html(outputs: &Value) -> String {
    let parts: Vec<String> = outputs.as_array().into_iter().flatten().map(part).collect();
    // A widget's lines are as high as its buttons.
    format!("<div style=\"line-height: normal\">{}</div>", parts.concat())
}

/// A word of the kernel's own.
pub fn note(text: &str) -> String {
    format!("<div style=\"line-height: normal; opacity: 0.85\">{}</div>", escaped(text))
}

fn part(output: &Value) -> String {
    match output["output_type"].as_str() {
        Some("stream") => code(&text(&output["text"]), output["name"] == "stderr"),
        Some("error") => {
            let lines = output["traceback"].as_array().into_iter().flatten().map(text);
            code(&without_colours(&lines.collect::<Vec<_>>().join("\n")), true)
        }
        _ => best(&output["data"]),
    }
}

/// The best of an output's forms. A picture is put in as it is: fetched as a file, it would come a moment later, and the page
/// would jump.
fn best(data: &Value) -> String {
    let form = |mime: &str| Some(text(&data[mime])).filter(|content| !content.is_empty());
    if let Some(svg) = form("image/svg+xml") {
        return format!("<div style=\"overflow-x: auto\">{svg}</div>");
    }
    if let Some(html) = form("text/html") {
        return format!("<div class=\"jp-RenderedHTMLCommon\">{html}</div>");
    }
    let words = form("text/plain").unwrap_or_default();
    match form("image/png") {
        Some(png) => format!("<img alt=\"{}\" src=\"data:image/png;base64,{}\">", escaped(&words), png.trim()),
        None => code(&words, false),
    }
}

fn code(text: &str, is_wrong: bool) -> String {
    format!("<pre style=\"{CODE}{}\">{}</pre>", if is_wrong { WRONG } else { "" }, escaped(text))
}

/// On disk, text goes by lines.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Without what a terminal takes for a colour.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| all + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Stream};
    use crate::fault::Fault;
    use crate::notebook::outputs::Outputs;

    #[test]
    fn all_that_was_shown_is_on_the_page_in_order() {
        let bundle = |forms: &[(&str, &str)]| forms.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let mut outputs = Outputs::default();
        outputs.add(Event::Text(Stream::Stdout, "a < b\nc".into()));
        outputs.add(Event::Display(bundle(&[("image/png", "AAAA"), ("text/plain", "a \"dot\"")]), None));
        outputs.add(Event::Text(Stream::Stderr, "note".into()));
        outputs.result(&bundle(&[("text/plain", "words"), ("image/svg+xml", "<svg>\n</svg>")]), 1);
        outputs.error(&Fault::new("Panic", "x < 0", &["| here".into()]));
        let page = html(&outputs.finish().outputs);
        let expected = [
            ">a &lt; b\nc</pre>",
            "alt=\"a &quot;dot&quot;\" src=\"data:image/png;base64,AAAA\"",
            "error-background, #fdd)\">note</pre>",
            "<svg>\n</svg></div>",
            ">Panic: x &lt; 0\n| here</pre>",
        ];
        let places: Vec<Option<usize>> = expected.iter().map(|part| page.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {page}");
    }
}
