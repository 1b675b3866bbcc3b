//! Pictures of computation graphs.
//!
//! | file | |
//! |---|---|
//! | `formula.rs` | what nodes are called, and what they compute |
//! | `layout.rs` | where they stand |
//! | `paint.rs` | the picture |

mod formula;
mod layout;
mod paint;

pub(crate) use formula::{formula, name};

use std::fmt::{self, Write};

use adlab::{Op, Record, Tape};

use crate::figure::Figure;
use crate::number::short;

/// More than this can't be read.
const MOST: usize = 60;

/// Draws what a tape has recorded: a box for each input and operation with its value, and an arrow from each operand, labelled
/// with the local derivative. Going back along the arrows, multiplying along them and adding where they meet, is reverse mode.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let tape = Tape::new();
/// let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
/// let z = x * y + x.sin();
/// graph(&tape).title("z = xy + sin x").show();
/// ```
///
/// # Panics
/// If the tape is empty, or has recorded more than 60 operations.
#[track_caller]
pub fn graph(tape: &Tape) -> Graph {
    let count = tape.len();
    assert!(
        count > 0,
        "there is nothing to draw: the tape is empty. Make variables with tape.var(…) and compute with them first"
    );
    assert!(
        count <= MOST,
        "the tape has recorded {count} operations, and a picture of more than {MOST} can't be read: \
         record a smaller computation on a new tape, or look at the table with println!(\"{{tape}}\")"
    );
    Graph { records: tape.records(), title: None }
}

/// The picture of a computation graph, made by [`graph`](graph()).
#[derive(Clone)]
pub struct Graph {
    records: Vec<Record>,
    title: Option<String>,
}

impl Graph {
    /// Puts a title above the picture; an empty one is none.
    #[must_use]
    pub fn title(mut self, title: &str) -> Graph {
        self.title = (!title.trim().is_empty()).then(|| title.to_owned());
        self
    }

    /// Draws the picture.
    #[inline(never)]
    pub fn figure(&self) -> Figure {
        Figure::new(paint::scene(&self.records, self.title.as_deref()), self.sentence())
    }

    /// Shows the picture now, wherever in the cell.
    #[inline(never)]
    pub fn show(&self) {
        self.figure().show();
    }

    fn sentence(&self) -> String {
        let mut text = self.title.as_ref().map_or(String::new(), |title| format!("{title}. "));
        let count = self.records.len();
        let _ = write!(text, "Computation graph of {count} node{}:", if count == 1 { "" } else { "s" });
        for (i, record) in self.records.iter().enumerate() {
            let _ = write!(text, "{} {}", if i == 0 { "" } else { ";" }, name(record));
            if record.op != Op::Input {
                let _ = write!(text, " = {}", formula(record, &self.records));
            }
            let _ = write!(text, " = {}", short(record.value));
        }
        text.push('.');
        text
    }
}

/// In words.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}
