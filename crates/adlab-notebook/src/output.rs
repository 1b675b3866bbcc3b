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
//! The last line says "complete, show it now", so a cell may show any number of things; with a name behind it, another
//! output can take this one's place (`ADLAB_UPDATE_OUTPUT name`). Only a kernel that sets the environment variable
//! `ADLAB_MULTIPLE_OUTPUTS` understands such lines; for others they are left out. They are also left out for the value of
//! a cell's last expression, which a notebook numbers as the cell's result.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

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
        self.send("EVCXR_FLUSH_OUTPUT\n");
    }

    /// Hands the output over as the value of the cell's last expression.
    pub fn give(&self) {
        say(&self.blocks());
    }

    /// Says what is to be done with the output, where the kernel understands it.
    pub(crate) fn send(&self, instruction: &str) {
        let blocks = self.blocks();
        say(&if kernel_shows_all() && !blocks.is_empty() { blocks + instruction } else { blocks });
    }

    /// The output's forms as they are sent.
    fn blocks(&self) -> String {
        let block =
            |(mime, content): &(String, String)| format!("EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n");
        self.forms.iter().map(block).collect()
    }
}

/// The handle to what [`display`](crate::display) has shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    id: String,
}

impl Shown {
    pub(crate) fn new() -> Shown {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // A notebook keeps outputs of former sessions: the names must differ from theirs.
        let time = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_micros());
        Shown { id: format!("adlab-{time}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)) }
    }

    /// A name that no other output has.
    pub(crate) fn name(&self) -> &str {
        &self.id
    }

    pub(crate) fn show(&self, bundle: &Bundle) {
        bundle.send(&format!("EVCXR_FLUSH_OUTPUT {}\n", self.id));
    }

    pub(crate) fn replace(&self, bundle: &Bundle) {
        bundle.send(&format!("ADLAB_UPDATE_OUTPUT {}\n", self.id));
    }
}

/// A handle that a cell ends in is not worth showing; in other places it has a name.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({})", self.id)
    }
}

thread_local! {
    static IS_ANSWERING: Cell<bool> = const { Cell::new(false) };
}

/// A closure is being called because a control was moved: what is shown goes to its page.
pub(crate) fn is_answering() -> bool {
    IS_ANSWERING.get()
}

pub(crate) fn set_answering(is_answering: bool) {
    IS_ANSWERING.set(is_answering);
}

/// The kernel shows any number of outputs in a cell, and lets them change.
pub(crate) fn kernel_shows_all() -> bool {
    std::env::var_os("ADLAB_MULTIPLE_OUTPUTS").is_some()
}

/// This runs in a cell, in this kernel or another one on evcxr.
pub(crate) fn in_notebook() -> bool {
    kernel_shows_all() || std::env::var_os("EVCXR_IS_RUNTIME").is_some()
}

/// Writes to standard output at once, and under one lock, so that no other thread's text gets in between.
pub(crate) fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    // A notebook that no longer listens is no reason to stop the student's program.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_written_form_by_form() {
        let bundle = Bundle::default().with_bytes("image/png", b"\x89PNG").with("text/plain", "one\ntwo");
        let forms = "EVCXR_BEGIN_CONTENT image/png\niVBORw==\nEVCXR_END_CONTENT\n\
                     EVCXR_BEGIN_CONTENT text/plain\none\ntwo\nEVCXR_END_CONTENT\n";
        assert_eq!(bundle.blocks(), forms);
        assert_eq!(Bundle::default().blocks(), "");
    }
}
