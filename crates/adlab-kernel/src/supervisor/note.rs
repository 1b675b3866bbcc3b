//! A word of the kernel's own, below a cell: an output like any other, since what reads notebooks takes text on stderr for a
//! failure.

use crate::event::Bundle;

/// Quiet, in the page's own colours, whichever they are.
const STYLE: &str = "border-left: 3px solid rgba(128, 128, 128, 0.5); padding-left: 8px; opacity: 0.85";

/// Each line is a note; what stands between backticks is code.
pub fn note(text: &str) -> Bundle {
    let lines: String = text.lines().map(|line| format!("<div>{}</div>", with_code(line))).collect();
    let html = format!("<div style=\"{STYLE}\">{lines}</div>");
    vec![("text/plain".into(), text.trim_end().into()), ("text/html".into(), html)]
}

fn with_code(line: &str) -> String {
    let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let pieces: Vec<&str> = line.split('`').collect();
    // Where one is left over, nothing says what is code.
    if pieces.len().is_multiple_of(2) {
        return line;
    }
    let pieces = pieces.into_iter().enumerate();
    pieces.map(|(i, piece)| if i % 2 == 1 { format!("<code>{piece}</code>") } else { piece.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_a_note_is_code_on_the_page() {
        let forms = note("note: `impl From<A>` of cell [2] & its `fn`\nnote: one ` alone\n");
        assert_eq!(forms[0].1, "note: `impl From<A>` of cell [2] & its `fn`\nnote: one ` alone");
        let lines = "<div>note: <code>impl From&lt;A&gt;</code> of cell [2] &amp; its <code>fn</code></div><div>note: one ` alone</div>";
        assert!(forms[1].1.contains(lines), "{}", forms[1].1);
    }
}
