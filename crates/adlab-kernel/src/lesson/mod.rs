//! What a lesson should be beside right: with hints where they are needed, tidy, with links that lead somewhere, figures that
//! say what they show, words that are spelt, and small.
//!
//! A folder of lessons has the worked ones in `solutions`, what students get of them beside it, and in `wrong` what the checks
//! must catch. `adlab check` looks at all of it.

pub mod links;

mod cells;
mod code;
mod figures;
mod hints;
mod spelling;

use anyhow::Result;

use crate::notebook::file::Notebook;

/// What a browser opens at once, also over a slow line.
const MOST_BYTES: usize = 1_000_000;

/// What should be otherwise in a worked lesson, cell by cell. `others` are the lessons that it belongs to.
pub fn faults(notebook: &Notebook, others: &[String]) -> Result<Vec<String>> {
    let mut faults = hints::faults(notebook);
    faults.extend(code::faults(notebook)?);
    faults.extend(links::faults(notebook, others));
    faults.extend(figures::faults(notebook));
    faults.extend(spelling::faults(notebook)?);
    let bytes = notebook.to_text().len();
    if bytes > MOST_BYTES {
        faults.push(format!("it has {:.1} MB, and should have no more than 1", bytes as f64 / 1e6));
    }
    Ok(faults)
}

/// Programs that say more, and are not on this machine.
pub fn missing() -> impl Iterator<Item = &'static str> {
    [code::RUSTFMT, spelling::CODESPELL].into_iter().filter(|filter| !filter.is_there()).map(|filter| filter.program)
}
