//! What a cell showed then, and what it shows now: numbers within a tolerance, figures by what is drawn, errors by their kind.

use serde_json::Value;

use super::file::text;

/// How much of a text is told.
const TOLD: usize = 60;

/// How the outputs of a cell differ, if they do.
pub fn drift(before: &Value, now: &Value, tolerance: f64) -> Option<String> {
    let list = |outputs: &Value| outputs.as_array().cloned().unwrap_or_default();
    let (before, now) = (list(before), list(now));
    for (old, new) in before.iter().zip(&now) {
        let (kind, new_kind) = (word(old), word(new));
        if kind != new_kind {
            return Some(format!("{kind} → {new_kind}"));
        }
        let difference = match old["output_type"].as_str() {
            Some("stream") => {
                texts(&text(&old["text"]), &text(&new["text"]), tolerance).map(|how| format!("{kind}: {how}"))
            }
            Some("error") => error(old, new, tolerance),
            _ => bundle(&old["data"], &new["data"], tolerance),
        };
        if difference.is_some() {
            return difference;
        }
    }
    match (before.get(now.len()), now.get(before.len())) {
        (Some(old), _) => Some(format!("{} is gone", word(old))),
        (_, Some(new)) => Some(format!("{} is new", word(new))),
        (None, None) => None,
    }
}

/// An output in a word or two.
fn word(output: &Value) -> String {
    match output["output_type"].as_str() {
        Some("stream") => output["name"].as_str().unwrap_or("a stream").to_owned(),
        Some("error") => format!("the error {}", output["ename"].as_str().unwrap_or_default()),
        Some("execute_result") => "the value".into(),
        Some("display_data") => "a display".into(),
        _ => "an output".into(),
    }
}

fn error(old: &Value, new: &Value, tolerance: f64) -> Option<String> {
    let said = |output: &Value| text(&output["evalue"]);
    let how = texts(&said(old), &said(new), tolerance)?;
    Some(format!("{}: {how}", word(new)))
}

fn bundle(old: &Value, new: &Value, tolerance: f64) -> Option<String> {
    let kinds =
        |data: &Value| -> Vec<String> { data.as_object().map_or(Vec::new(), |data| data.keys().cloned().collect()) };
    let (before, now) = (kinds(old), kinds(new));
    if let Some(gone) = before.iter().find(|kind| !now.contains(kind)) {
        return Some(format!("{gone} is gone"));
    }
    if let Some(added) = now.iter().find(|kind| !before.contains(kind)) {
        return Some(format!("{added} is new"));
    }
    // A picture's points are made from the drawing that stands beside it.
    let is_drawn = before.iter().any(|kind| kind == "image/svg+xml");
    before.iter().filter(|kind| !(is_drawn && kind.starts_with("image/p"))).find_map(|kind| {
        let content = |data: &Value| match &data[kind] {
            Value::Object(json) => Value::Object(json.clone()).to_string(),
            other => text(other),
        };
        texts(&content(old), &content(new), tolerance).map(|how| format!("{kind}: {how}"))
    })
}

/// Where two texts differ in more than a number's last digits.
fn texts(old: &str, new: &str, tolerance: f64) -> Option<String> {
    if old == new {
        return None;
    }
    let (before, now) = (parts(old), parts(new));
    let same = |a: &Part, b: &Part| match (a, b) {
        (Part::Number(_, a), Part::Number(_, b)) => close(*a, *b, tolerance),
        (Part::Other(a), Part::Other(b)) => a == b,
        _ => false,
    };
    let at = before.iter().zip(&now).position(|(a, b)| !same(a, b));
    let at = at.or_else(|| (before.len() != now.len()).then_some(before.len().min(now.len())))?;
    let line = before[..at].iter().map(|part| part.text().matches('\n').count()).sum::<usize>() + 1;
    let told = |parts: &[Part]| {
        let text: String = parts.get(at..).unwrap_or_default().iter().take(8).map(Part::text).collect();
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
        if first.is_empty() {
            return "nothing".to_owned();
        }
        let cut: String = first.chars().take(TOLD).collect();
        if cut.len() < first.len() { format!("{cut}…") } else { cut }
    };
    Some(format!("line {line}: {} → {}", told(&before), told(&now)))
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

enum Part<'a> {
    Number(&'a str, f64),
    Other(&'a str),
}

impl<'a> Part<'a> {
    fn text(&self) -> &'a str {
        match self {
            Part::Number(text, _) | Part::Other(text) => text,
        }
    }
}

/// A text, cut into numbers and what stands between them.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80;
    while at < bytes.len() {
        // `x1` is a name.
        let starts = bytes[at].is_ascii_digit() && (at == 0 || !is_word(bytes[at - 1]));
        if !starts {
            at += 1;
            continue;
        }
        let end = number_end(bytes, at);
        let Ok(value) = text[at..end].parse::<f64>() else {
            at = end;
            continue;
        };
        // The sign of a number is a part of what stands before it, unless nothing else does.
        let signed = at > from
            && bytes[at - 1] == b'-'
            && !(at >= 2 && (is_word(bytes[at - 2]) || bytes[at - 2].is_ascii_digit()));
        let start = if signed { at - 1 } else { at };
        if start > from {
            parts.push(Part::Other(&text[from..start]));
        }
        parts.push(Part::Number(&text[start..end], if signed { -value } else { value }));
        (from, at) = (end, end);
    }
    if from < text.len() {
        parts.push(Part::Other(&text[from..]));
    }
    parts
}

fn number_end(bytes: &[u8], from: usize) -> usize {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut end = digits(from);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(old: &str, new: &str) -> Option<String> {
        super::texts(old, new, 1e-9)
    }

    #[test]
    fn numbers_may_differ_in_their_last_digits_alone() {
        for (old, new) in [
            ("z = 2.579425538604203", "z = 2.579425538604204"),
            ("[-1e-17, 3]", "[1e-17, 3.0000000000001]"),
            ("<path d=\"M1.5,2.25 L3,4\"/>", "<path d=\"M1.5,2.2500000001 L3,4\"/>"),
        ] {
            assert_eq!(texts(old, new), None, "{old}");
        }
        assert_eq!(texts("a\nz = 2.5\n", "a\nz = 2.6\n").unwrap(), "line 2: 2.5 → 2.6");
        assert_eq!(texts("x1", "x2").unwrap(), "line 1: x1 → x2");
        assert_eq!(texts("1.5", "-1.5").unwrap(), "line 1: 1.5 → -1.5");
        assert_eq!(texts("a", "a 1").unwrap(), "line 1: a → a 1");
        assert_eq!(texts("1 2", "1").unwrap(), "line 1: 2 → nothing");
    }

    #[test]
    fn outputs_are_compared_by_kind() {
        let stream = |text: &str| json!([{ "output_type": "stream", "name": "stdout", "text": [text] }]);
        let error = |kind: &str| json!([{ "output_type": "error", "ename": kind, "evalue": "x", "traceback": [kind] }]);
        let figure = |svg: &str, png: &str| json!([{ "output_type": "display_data", "data": { "image/svg+xml": [svg], "image/png": png, "text/plain": "f" } }]);
        let drift = |old: &Value, new: &Value| drift(old, new, 1e-9);
        assert_eq!(drift(&stream("1"), &stream("1")), None);
        assert_eq!(drift(&stream("1"), &stream("2")).unwrap(), "stdout: line 1: 1 → 2");
        assert_eq!(drift(&stream("1"), &error("Panic")).unwrap(), "stdout → the error Panic");
        assert_eq!(drift(&error("Err"), &error("Panic")).unwrap(), "the error Err → the error Panic");
        assert_eq!(drift(&json!([]), &stream("1")).unwrap(), "stdout is new");
        assert_eq!(drift(&stream("1"), &json!([])).unwrap(), "stdout is gone");
        assert_eq!(drift(&figure("<a x=\"1\"/>", "aa"), &figure("<a x=\"1\"/>", "bb")), None);
        assert!(drift(&figure("<a x=\"1\"/>", "aa"), &figure("<a x=\"2\"/>", "aa")).is_some());
    }
}
