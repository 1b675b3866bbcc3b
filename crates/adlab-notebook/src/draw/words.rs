//! Texts that can be drawn, and that fit.

use super::font;

/// How wide a text is, in pixels.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    font::width(&printable(text), size)
}

/// A text, or as much of it as fits in so many pixels, with an ellipsis at its end.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if text_width(text, size) <= room {
        return text.to_owned();
    }
    // No picture is wider than this.
    let mut letters: Vec<char> = printable(text).chars().take(500).collect();
    loop {
        let short: String = letters.iter().collect::<String>().trim_end().to_owned() + "…";
        if letters.pop().is_none() || text_width(&short, size) <= room {
            return short;
        }
    }
}

/// On one line, and without characters that are none: neither a picture nor XML has a place for them.
pub(crate) fn printable(text: &str) -> String {
    let clean = |c: char| match c {
        '\n' | '\t' | '\r' => ' ',
        '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_shortened() {
        assert_eq!(fitted("loss", 12.0, 100.0), "loss");
        let short = fitted(&"long ".repeat(40), 12.0, 100.0);
        assert!(short.starts_with("long") && short.ends_with('…') && text_width(&short, 12.0) <= 100.0, "{short}");
        assert_eq!(fitted("anything", 12.0, 0.0), "…");
    }

    #[test]
    fn texts_are_one_line_of_characters() {
        assert_eq!(printable("a\nb\tc\u{0}d\u{1b}[1m\u{FFFF}"), "a b c\u{FFFD}d\u{FFFD}[1m\u{FFFD}");
        assert_eq!(printable("∂f/∂x 損失 é"), "∂f/∂x 損失 é");
    }
}
