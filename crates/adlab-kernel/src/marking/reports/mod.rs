//! What comes of marking: for people at a terminal, for spreadsheets, for machines, and for the students themselves.
//!
//! What students have written and their cells have said stands in all of them, so each cleans it in its own way: nobody forges
//! a line of a report.

pub mod feedback;
pub mod junit;
pub mod list;
pub mod spreadsheet;
pub mod summary;

/// Text of a student's in one line, without what moves a terminal's cursor or turns text around.
pub fn plain(text: &str) -> String {
    let mut clean = String::new();
    for c in without_escapes(text).chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            c if c.is_control() || turns_text_around(c) => clean.push('\u{fffd}'),
            c => clean.push(c),
        }
    }
    clean.trim().to_owned()
}

/// Letters that can't be seen and change the order of those that can.
fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

/// Without the sequences by which a terminal is told of colours.
pub fn without_escapes(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            clean.push(c);
            continue;
        }
        let mut after = rest.clone();
        if after.next() == Some('[') {
            rest = after;
            // Up to the letter that says what to do.
            for c in rest.by_ref() {
                if ('\x40'..='\x7e').contains(&c) {
                    break;
                }
            }
        }
    }
    clean
}

/// Text as it stands in HTML and XML. What XML can't have is not there.
pub fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            '"' => clean.push_str("&quot;"),
            '\'' => clean.push_str("&#39;"),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => clean.push('\u{fffd}'),
            c => clean.push(c),
        }
    }
    clean
}

/// A number of points: `3`, `2.5`.
pub fn points(points: f64) -> String {
    // Nothing is not less than nothing.
    format!("{}", (points * 1000.0).round() / 1000.0 + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_forges_a_line() {
        assert_eq!(plain("wrong\r\x1b[2K ok      ann: 8 of 8\n"), "wrong  ok      ann: 8 of 8");
        assert_eq!(plain("\x1b[31mPanic\x1b[0m: \u{202e}abc\x07\x1b"), "Panic: \u{fffd}abc\u{fffd}");
        assert_eq!(
            escaped("<script>\"a\" & 'b'</script>\x00"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\u{fffd}"
        );
        assert_eq!((points(3.0), points(2.5), points(1.0 / 3.0)), ("3".into(), "2.5".into(), "0.333".into()));
    }
}
