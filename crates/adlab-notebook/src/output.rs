//! How an output travels from a cell to the notebook.
//!
//! An output is one thing in several forms, a [`Bundle`]. It goes through standard output, marked off from what the cell
//! prints, in the way that evcxr reads:
//!
//! ```text
//! EVCXR_BEGIN_CONTENT image/svg+xml
//! <svg …
//! EVCXR_END_CONTENT
//! EVCXR_BEGIN_CONTENT text/plain
//! A plot of …
//! EVCXR_END_CONTENT
//! EVCXR_FLUSH_OUTPUT
//! ```
//!
//! The last line says "complete, show it now", so a cell may show any number of things. Only a kernel that sets the
//! environment variable `EVCXR_MULTIPLE_OUTPUTS` understands it; for others it is left out. It is also left out for the
//! value of a cell's last expression, which a notebook numbers as the cell's result.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One output in several forms, of which the notebook shows the best that it can.
///
/// ```
/// use adlab_notebook::output::Bundle;
///
/// let bundle = Bundle::text("x = 2").with("text/html", "<i>x</i> = 2");
/// assert_eq!(bundle.get("text/html"), Some("<i>x</i> = 2"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    forms: Vec<(String, String)>,
}

impl Bundle {
    /// An output of plain text.
    pub fn text(text: impl Into<String>) -> Bundle {
        Bundle::default().with("text/plain", text)
    }

    /// Adds a form: a MIME type and its content.
    #[must_use]
    pub fn with(mut self, mime: &str, content: impl Into<String>) -> Bundle {
        self.forms.push((mime.to_owned(), content.into()));
        self
    }

    /// Adds a form that is no text; a notebook takes those in base64.
    #[must_use]
    pub fn with_bytes(self, mime: &str, content: &[u8]) -> Bundle {
        self.with(mime, STANDARD.encode(content))
    }

    /// The content of one form.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.forms.iter().find(|(known, _)| known == mime).map(|(_, content)| content.as_str())
    }

    /// Shows the output now, among what the cell prints.
    pub fn show(&self) {
        let flush = std::env::var_os("EVCXR_MULTIPLE_OUTPUTS").is_some();
        self.send(flush);
    }

    /// Hands the output over as the value of the cell's last expression.
    pub fn give(&self) {
        self.send(false);
    }

    /// Under one lock, so that no other thread's text gets in between.
    fn send(&self, flush: bool) {
        let mut stdout = io::stdout().lock();
        // A notebook that no longer listens is no reason to stop the student's program.
        let _ = self.write_to(&mut stdout, flush).and_then(|()| stdout.flush());
    }

    /// Writes the output as described [above](self), with or without the last line.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn write_to(&self, writer: &mut impl Write, flush: bool) -> io::Result<()> {
        for (mime, content) in &self.forms {
            writeln!(writer, "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT")?;
        }
        if flush && !self.forms.is_empty() {
            writeln!(writer, "EVCXR_FLUSH_OUTPUT")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bundle: &Bundle, flush: bool) -> String {
        let mut bytes = Vec::new();
        bundle.write_to(&mut bytes, flush).expect("a Vec takes everything");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_bundle_is_written_form_by_form_then_flushed() {
        let bundle = Bundle::default().with_bytes("image/png", b"\x89PNG").with("text/plain", "one\ntwo");
        let forms = "EVCXR_BEGIN_CONTENT image/png\niVBORw==\nEVCXR_END_CONTENT\n\
                     EVCXR_BEGIN_CONTENT text/plain\none\ntwo\nEVCXR_END_CONTENT\n";
        assert_eq!(written(&bundle, false), forms);
        assert_eq!(written(&bundle, true), format!("{forms}EVCXR_FLUSH_OUTPUT\n"));
    }

    #[test]
    fn nothing_is_written_for_an_empty_bundle() {
        assert_eq!(written(&Bundle::default(), true), "");
    }
}
