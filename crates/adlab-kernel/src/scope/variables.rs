//! Which cells made the variables go away.

use std::collections::{BTreeMap, BTreeSet};

/// The notebook's variables, and those that are gone.
#[derive(Default)]
pub struct Variables {
    known: BTreeSet<String>,
    /// Each with the cell whose run ended it.
    gone: BTreeMap<String, usize>,
}

impl Variables {
    /// These are there after the cell of this number.
    pub fn update<'a>(&mut self, names: impl Iterator<Item = &'a str>, number: usize) {
        let now: BTreeSet<String> = names.map(str::to_owned).collect();
        for name in self.known.difference(&now) {
            self.gone.insert(name.clone(), number);
        }
        self.gone.retain(|name, _| !now.contains(name));
        self.known = now;
    }

    /// The cell that moved a variable away.
    pub fn gone_since(&self, name: &str) -> Option<usize> {
        self.gone.get(name).copied()
    }

    pub fn is_known(&self, name: &str) -> bool {
        self.known.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_moves_away_is_remembered_until_it_is_back() {
        let mut variables = Variables::default();
        variables.update(["a", "b"].into_iter(), 1);
        variables.update(["b"].into_iter(), 2);
        variables.update(["b"].into_iter(), 3);
        assert_eq!((variables.gone_since("a"), variables.gone_since("b")), (Some(2), None));
        variables.update(["a", "b"].into_iter(), 4);
        assert_eq!(variables.gone_since("a"), None);
        assert!(variables.is_known("a") && !variables.is_known("c"));
    }
}
