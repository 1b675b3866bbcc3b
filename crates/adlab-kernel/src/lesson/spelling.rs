//! Words are spelt as a list of usual slips has it: codespell's.

use anyhow::Result;

use super::cells::name;
use crate::notebook::file::{self, Notebook};
use crate::system::filter::Filter;

/// A word that it takes for a slip: Rust's statics.
pub const CODESPELL: Filter =
    Filter { program: "codespell", arguments: &["--stdin-single-line", "--ignore-words-list=statics", "-"] };

pub fn faults(notebook: &Notebook) -> Result<Vec<String>> {
    if !CODESPELL.is_there() {
        return Ok(Vec::new());
    }
    let (mut text, mut lines) = (String::new(), Vec::new());
    for cell in notebook.cells() {
        for line in file::source(cell).lines() {
            // A picture within the text is no word.
            if !line.contains(";base64,") {
                text += line;
                text.push('\n');
                lines.push(name(cell));
            }
        }
    }
    let (_, said) = CODESPELL.apply(&text)?;
    let slip = |said: &str| {
        let (line, words) = said.split_once(": ")?;
        let cell = line.parse::<usize>().ok().and_then(|line| lines.get(line - 1))?;
        Some(format!("{cell}: {words}"))
    };
    Ok(said.lines().filter_map(slip).collect())
}
