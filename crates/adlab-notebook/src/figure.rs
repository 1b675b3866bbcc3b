//! A finished picture.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::draw::{Scene, printable};
use crate::output::{self, Bundle};

/// A finished picture, in three forms: SVG where the notebook shows it, PNG where it doesn't, and a text that says what is to
/// be seen. A cell that ends in a figure shows it; [`Figure::show`] shows it at once.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let figure = plot(|x| x * x, 0.0..2.0).figure();
/// assert!(figure.svg().starts_with("<svg"));
/// assert!(figure.png().starts_with(b"\x89PNG"));
/// assert!(figure.text().starts_with("Plot of f(x) and f′(x)"));
/// ```
#[derive(Clone)]
pub struct Figure {
    svg: String,
    /// Of which PNG is made when it is asked for.
    scene: Arc<Scene>,
    png: OnceLock<Vec<u8>>,
    text: String,
}

impl Figure {
    pub(crate) fn new(scene: Scene, text: String) -> Figure {
        let text = printable(&text);
        Figure { svg: scene.svg(&text), scene: Arc::new(scene), png: OnceLock::new(), text }
    }

    /// The picture as SVG.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The picture as PNG, 640 pixels wide.
    pub fn png(&self) -> &[u8] {
        self.png.get_or_init(|| self.scene.png())
    }

    /// What is to be seen, in words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All three, as they are sent to the notebook; without PNG where a slider waits for the picture, as no page needs it then.
    pub fn bundle(&self) -> Bundle {
        let bundle = Bundle::default().with("image/svg+xml", self.svg.trim_end());
        let bundle = if output::is_answering() { bundle } else { bundle.with_bytes("image/png", self.png()) };
        bundle.with("text/plain", self.text.as_str())
    }

    /// Shows the picture now, wherever in the cell.
    pub fn show(&self) {
        self.bundle().show();
    }
}

/// In words.
impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
