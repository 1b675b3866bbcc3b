//! Pictures of computation graphs.
//!
//! | file | |
//! |---|---|
//! | `formula.rs` | what nodes are called, and what they compute |
//! | `layout.rs` | where they stand |
//! | `pass.rs` | forward and reverse mode over them, step by step |
//! | `paint.rs` | the picture |

mod formula;
mod layout;
mod paint;
mod pass;

pub(crate) use formula::{formula, name};

use std::fmt::{self, Write};

use adlab::{Op, Record, Tape};

use self::pass::Pass;
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
    Graph { records: tape.records(), title: None, pass: None }
}

/// The picture of a computation graph, made by [`graph`](graph()).
#[derive(Clone)]
pub struct Graph {
    records: Vec<Record>,
    title: Option<String>,
    pass: Option<Pass>,
}

impl Graph {
    /// Puts a title above the picture; an empty one is none.
    #[must_use]
    pub fn title(mut self, title: &str) -> Graph {
        self.title = (!title.trim().is_empty()).then(|| title.to_owned());
        self
    }

    /// The picture with what forward mode knows after so many steps, from the input of this name, which has the seed 1. Each
    /// step is an operation, from the first to the last: what flows into it is shown at its arrows.
    ///
    /// ```
    /// use adlab_notebook::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
    /// let z = x * y + x.sin();
    /// let picture = graph(&tape);
    /// interact(slider("step", 0..=3), move |step| picture.forward("x", step));
    /// ```
    ///
    /// # Panics
    /// If no input has this name.
    #[must_use]
    #[track_caller]
    pub fn forward(&self, input: &str, steps: usize) -> Graph {
        let inputs: Vec<&Record> = self.records.iter().filter(|record| record.op == Op::Input).collect();
        let Some(seeded) = inputs.iter().find(|record| name(record) == input) else {
            let names: Vec<String> = inputs.iter().map(|record| name(record)).collect();
            panic!(
                "there is no input {input:?}, but {}: tape.named({input:?}, …) makes one",
                if names.is_empty() { "none at all".into() } else { names.join(", ") }
            );
        };
        Graph { pass: Some(Pass::forward(&self.records, seeded.index, steps)), ..self.clone() }
    }

    /// The picture with what reverse mode knows after so many steps. The first seeds the last result with 1; with each of
    /// the others an operation gives its adjoint to what it was computed from, the last operation first.
    ///
    /// ```
    /// use adlab_notebook::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
    /// let z = x * y + x.sin();
    /// let picture = graph(&tape);
    /// interact(slider("step", 0..=4), move |step| picture.backward(step));
    /// ```
    #[must_use]
    pub fn backward(&self, steps: usize) -> Graph {
        Graph { pass: Some(Pass::backward(&self.records, steps)), ..self.clone() }
    }

    /// Draws the picture.
    #[inline(never)]
    pub fn figure(&self) -> Figure {
        Figure::new(paint::scene(&self.records, self.title.as_deref(), self.pass.as_ref()), self.sentence())
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
        if let Some(pass) = &self.pass {
            text.push_str(&pass.sentence(&self.records));
        }
        text
    }
}

/// In words.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}
