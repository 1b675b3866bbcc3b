//! Outputs that change while a cell runs.

use std::fmt::Debug;
use std::io;

use crate::output::{self, Bundle, Shown};
use crate::rich;

/// Shows a value now, among what the cell prints, as if it were the cell's last expression. What comes back can put another
/// value in its place, in this cell or in a later one.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let (mut epochs, mut losses) = (vec![0.0], vec![1.0]);
/// let shown = display(&curve(&epochs, &losses));
/// for epoch in 1..5 {
///     epochs.push(epoch as f64);
///     losses.push(1.0 / (1.0 + epoch as f64));
///     shown.update(&curve(&epochs, &losses)); // the curve grows
/// }
/// ```
///
/// In a kernel that can't show several outputs, each is shown as far as it can be.
pub fn display<T: Debug + ?Sized>(value: &T) -> Shown {
    let display = Shown::new();
    if let Some(bundle) = rich::forms(value) {
        display.show(&bundle);
    }
    display
}

impl Shown {
    /// Shows a value in the place of the one before.
    pub fn update<T: Debug + ?Sized>(&self, value: &T) {
        self.replace(&rich::forms(value).unwrap_or_else(|| Bundle::text("")));
    }
}

/// Takes away what the cell has shown and printed so far. With `wait`, only when something new comes, so that nothing
/// flickers.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// for step in 0..3 {
///     clear_output(true);
///     println!("step {step}");
/// }
/// ```
pub fn clear_output(wait: bool) {
    if output::kernel_shows_all() {
        output::say(&format!("ADLAB_CLEAR_OUTPUT {}\n", if wait { "wait" } else { "now" }));
    }
}

/// Asks the person at the notebook, and returns the line that was typed.
///
/// # Panics
/// If nobody can be asked: when a notebook is executed without a person, as `adlab run` does.
#[track_caller]
pub fn input(prompt: &str) -> String {
    let prompt = prompt.replace('\n', " ");
    if output::in_notebook() {
        output::say(&format!("EVCXR_INPUT_REQUEST:{prompt}\n"));
    } else {
        output::say(&prompt);
    }
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(length) if length > 0 => line.trim_end_matches(['\n', '\r']).to_owned(),
        _ => panic!("nobody is there to answer input({prompt:?}); write the value into the cell instead"),
    }
}
