//! Controls without a range: a list to choose from, a box to tick, a button to press.

use std::fmt::{self, Debug, Display};

use super::control::Control;
use super::description::{Description, quoted};

/// More entries are no list that anybody reads.
const MOST_ENTRIES: usize = 500;

/// A list to choose from, for [`interact`](super::interact()) or to be shown by itself.
#[derive(Clone)]
pub struct Dropdown<T> {
    name: String,
    entries: Vec<T>,
    at: usize,
}

/// A list of values to choose from. It begins with the first; [`at`](Dropdown::at) says otherwise.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let f = dropdown("f", ["sin", "exp"]);
/// let rate = dropdown("rate", [0.1, 0.5, 1.1]).at(0.5);
/// assert_eq!((f.value(), rate.value()), ("sin", 0.5));
/// ```
///
/// # Panics
/// If there is nothing in it, or too much to be read.
#[track_caller]
pub fn dropdown<T: Display + Clone + 'static>(name: &str, entries: impl IntoIterator<Item = T>) -> Dropdown<T> {
    let entries: Vec<T> = entries.into_iter().collect();
    assert!(!entries.is_empty(), "the list {name} is empty, and leaves no choice: dropdown({name:?}, [\"a\", \"b\"])");
    assert!(
        entries.len() <= MOST_ENTRIES,
        "the list {name} has {} entries, and nobody reads more than {MOST_ENTRIES}: a slider goes over many numbers",
        entries.len()
    );
    Dropdown { name: name.to_owned(), entries, at: 0 }
}

impl<T: Display + PartialEq> Dropdown<T> {
    /// The entry with which it begins.
    ///
    /// # Panics
    /// If there is none of this value.
    #[must_use]
    #[track_caller]
    pub fn at(mut self, entry: T) -> Self {
        let found = self.entries.iter().position(|known| *known == entry);
        self.at = found.unwrap_or_else(|| panic!("the list {} has no entry {entry}", self.name));
        self
    }
}

impl<T: Display + Clone + 'static> Control for Dropdown<T> {
    type Value = T;

    fn value(&self) -> T {
        self.entries[self.at].clone()
    }

    fn describe(&self) -> Description {
        let label = |entry: &T| quoted(&entry.to_string().chars().take(80).collect::<String>());
        let labels: Vec<String> = self.entries.iter().map(label).collect();
        let members = format!("\"entries\":[{}],\"value\":{}", labels.join(","), self.at);
        let words = format!("= {}, one of {}", self.entries[self.at], self.entries.len());
        Description::new(&self.name, "dropdown", &members, &words)
    }

    fn set(&mut self, word: &str) {
        if let Some(at) = word.parse().ok().filter(|at| *at < self.entries.len()) {
            self.at = at;
        }
    }
}

/// A box to tick, for [`interact`](super::interact()) or to be shown by itself.
#[derive(Clone)]
pub struct Checkbox {
    name: String,
    is_ticked: bool,
}

/// A box that is ticked, or not.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// assert!(checkbox("tangent", true).value());
/// ```
pub fn checkbox(name: &str, is_ticked: bool) -> Checkbox {
    Checkbox { name: name.to_owned(), is_ticked }
}

impl Control for Checkbox {
    type Value = bool;

    fn value(&self) -> bool {
        self.is_ticked
    }

    fn describe(&self) -> Description {
        let value = self.is_ticked;
        Description::new(&self.name, "checkbox", &format!("\"value\":{value}"), &format!("= {value}, a box to tick"))
    }

    fn set(&mut self, word: &str) {
        self.is_ticked = word.parse().unwrap_or(self.is_ticked);
    }
}

/// A button, for [`interact`](super::interact()) or to be shown by itself.
#[derive(Clone)]
pub struct Button {
    name: String,
    presses: usize,
}

/// A button; its value is how often it was pressed. Each press is answered, in order, however fast they come.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let mut x = 2.0;
/// interact(button("step"), move |presses| {
///     if presses > 0 {
///         x -= 0.1 * 2.0 * x; // x² falls
///     }
///     println!("after {presses} steps: x = {x}");
/// });
/// ```
pub fn button(name: &str) -> Button {
    Button { name: name.to_owned(), presses: 0 }
}

impl Control for Button {
    type Value = usize;

    fn value(&self) -> usize {
        self.presses
    }

    fn describe(&self) -> Description {
        Description::new(&self.name, "button", "\"value\":null", "is a button")
    }

    fn set(&mut self, word: &str) {
        self.presses += usize::from(word == "press");
    }
}

/// A control that nobody shows says how.
macro_rules! says_how {
    ($($control:ident $(<$value:ident>)?),+) => {$(
        impl $(<$value: Display + Clone + 'static>)? Debug for $control $(<$value>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}; give it to `interact`, or show it by `.show()`", self.describe().words)
            }
        }
    )+};
}

says_how!(Dropdown<T>, Checkbox, Button);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_take_what_they_are_set_to() {
        let mut list = dropdown("f", vec!["sin".to_owned(), "exp".to_owned()]).at("exp".to_owned());
        assert_eq!(list.describe().json(), r#"{"kind":"dropdown","name":"f","entries":["sin","exp"],"value":1}"#);
        for (word, value) in [("0", "sin"), ("2", "sin"), ("-1", "sin"), ("null", "sin"), ("1", "exp")] {
            list.set(word);
            assert_eq!(list.value(), value, "{word}");
        }
        let mut ticked = checkbox("b", false);
        for (word, value) in [("true", true), ("1", true), ("false", false)] {
            ticked.set(word);
            assert_eq!(ticked.value(), value, "{word}");
        }
        let mut pressed = button("go");
        ["press", "true", "press"].iter().for_each(|word| pressed.set(word));
        assert_eq!(pressed.value(), 2);
        assert_eq!(format!("{ticked:?}"), "b = false, a box to tick; give it to `interact`, or show it by `.show()`");
    }
}
