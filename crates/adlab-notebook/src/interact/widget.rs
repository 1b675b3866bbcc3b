//! How the kernel is told of controls, and of what they show first.
//!
//! ```text
//! ADLAB_WIDGET begin {"id":…,"shows":true,"controls":[…]}
//! … what the closure prints and shows, as in any cell …
//! ADLAB_WIDGET end x = 0, a slider from -3 to 3. In Jupyter, it moves the picture.
//! ```

use super::description::{Description, on_one_line};
use super::kept::{Answer, keep};
use crate::output::{self, Shown};

/// Shows controls and what they stand for first, and keeps the closure that answers when they are moved. `shows` says that
/// it shows something.
#[inline(never)]
#[track_caller]
pub(super) fn present(controls: &[Description], shows: bool, mut answer: Answer) {
    for (i, control) in controls.iter().enumerate() {
        assert!(
            !controls[..i].iter().any(|other| other.name == control.name),
            "two controls have the name {:?}: nobody could tell them apart",
            control.name
        );
    }
    let words: Vec<&str> = controls.iter().map(|control| control.words.as_str()).collect();
    let moves = match (shows, controls.len()) {
        (false, _) => "it can be moved",
        (true, 1) => "it moves the picture",
        (true, _) => "they move the picture",
    };
    let elsewhere = output::in_notebook() && !output::kernel_shows_all();
    let place = if elsewhere { "With the kernel Rust (AD Lab)" } else { "In Jupyter" };
    let words = on_one_line(&format!("{}. {place}, {moves}.", words.join("; ")));
    // What is within a picture that moves does not move by itself.
    if !output::kernel_shows_all() || output::is_answering() {
        answer(&[]);
        output::say(&format!("{words}\n"));
        return;
    }
    let id = Shown::new().name().to_owned();
    let list: Vec<&str> = controls.iter().map(Description::json).collect();
    let json = format!("{{\"id\":\"{id}\",\"shows\":{shows},\"controls\":[{}]}}", list.join(","));
    output::say(&format!("ADLAB_WIDGET begin {json}\n"));
    answer(&[]);
    output::say(&format!("ADLAB_WIDGET end {words}\n"));
    keep(id, answer);
}
