//! A control in the kernel's words, and in people's.

use std::fmt::Write;

/// What there is to know of a control.
#[doc(hidden)]
pub struct Description {
    pub(super) name: String,
    /// For the kernel: the members of a JSON object.
    json: String,
    /// For people, where nothing moves.
    pub(super) words: String,
}

impl Description {
    /// `members` are JSON, and `words` go on from "x = ".
    pub(super) fn new(name: &str, kind: &str, members: &str, words: &str) -> Description {
        let json = format!("{{\"kind\":\"{kind}\",\"name\":{},{members}}}", quoted(name));
        Description { name: name.to_owned(), json, words: format!("{} {words}", on_one_line(name)) }
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }
}

/// A text as JSON has it.
pub(super) fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => drop(write!(json, "\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json + "\""
}

pub(super) fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_it_quotes() {
        assert_eq!(quoted("a \"b\" \\ ∂\n\u{7}"), r#""a \"b\" \\ ∂\u000a\u0007""#);
        let control = Description::new("a\nb", "checkbox", "\"value\":true", "= true");
        assert_eq!(control.json(), r#"{"kind":"checkbox","name":"a\u000ab","value":true}"#);
        assert_eq!(control.words, "a b = true");
    }
}
