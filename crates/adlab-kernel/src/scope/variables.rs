//! Which cells made the variables, and which made them go away.

use std::collections::{BTreeMap, BTreeSet};

use super::definitions::list;

/// The notebook's variables, and those that are gone.
#[derive(Default, Clone)]
pub struct Variables {
    /// Each with the cell that made it.
    known: BTreeMap<String, usize>,
    gone: BTreeMap<String, Gone>,
}

/// What became of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The cell of the first number moved it away; that of the second had made it.
    Moved(usize, usize),
    /// What its type was made of has changed; the cell of this number had made it.
    Changed(usize),
    /// It went with its process; the cell of this number had made it.
    Lost(usize),
}

impl Variables {
    /// These are there after the cell of this number, which has made some of them anew.
    pub fn update<'a>(&mut self, names: impl Iterator<Item = &'a str>, made: &[String], number: usize) {
        let now: BTreeSet<&str> = names.collect();
        let made_here = made.iter().map(|name| (name, &number));
        let gone = self.known.iter().chain(made_here).filter(|(name, _)| !now.contains(name.as_str()));
        self.gone.extend(gone.map(|(name, maker)| (name.clone(), Gone::Moved(number, *maker))));
        self.gone.retain(|name, _| !now.contains(name.as_str()));
        let maker = |name: &str| match self.known.get(name) {
            Some(maker) if !made.iter().any(|new| new == name) => *maker,
            _ => number,
        };
        self.known = now.into_iter().map(|name| (name.to_owned(), maker(name))).collect();
    }

    /// What the types of these are made of has changed, and they are gone. Says so, with the cell to run again.
    pub fn change(&mut self, names: &BTreeSet<String>) -> String {
        let mut makers: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for name in names {
            let Some(maker) = self.known.remove(name) else { continue };
            self.gone.insert(name.clone(), Gone::Changed(maker));
            makers.entry(maker).or_default().push(format!("`{name}`"));
        }
        // One line for each cell that is to be run again, in their order.
        let lines = makers.iter().map(|(maker, names)| {
            let (are, their) = if names.len() == 1 { ("is", "its type is") } else { ("are", "their types are") };
            let variables = if names.len() == 1 { "variable" } else { "variables" };
            format!(
                "note: the {variables} {} {are} gone: what {their} made of has changed; run cell [{maker}] again\n",
                list(names)
            )
        });
        lines.collect()
    }

    /// It goes, because a cell defines something of its name. Says so.
    pub fn make_room(&mut self, name: &str) -> String {
        match self.known.remove(name) {
            Some(maker) => {
                format!("note: the variable `{name}` of cell [{maker}] makes room for what this cell defines\n")
            }
            None => String::new(),
        }
    }

    /// All of them went with their process.
    pub fn lose(&mut self) {
        let known = std::mem::take(&mut self.known);
        self.gone.extend(known.into_iter().map(|(name, maker)| (name, Gone::Lost(maker))));
    }

    /// The cell that made it.
    pub fn maker(&self, name: &str) -> Option<usize> {
        self.known.get(name).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.gone.is_empty()
    }

    pub fn gone(&self, name: &str) -> Option<Gone> {
        self.gone.get(name).copied()
    }

    pub fn is_known(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_moves_away_is_remembered_until_it_is_back() {
        let mut variables = Variables::default();
        variables.update(["a", "b"].into_iter(), &[], 1);
        variables.update(["b"].into_iter(), &[], 2);
        variables.update(["b"].into_iter(), &[], 3);
        assert_eq!((variables.gone("a"), variables.gone("b")), (Some(Gone::Moved(2, 1)), None));
        variables.update(["a", "b"].into_iter(), &[], 4);
        assert_eq!(variables.gone("a"), None);
        assert!(variables.is_known("a") && !variables.is_known("c"));
    }

    #[test]
    fn what_changes_names_the_cell_that_made_it() {
        let mut variables = Variables::default();
        variables.update(["a", "b"].into_iter(), &["a".into(), "b".into()], 1);
        variables.update(["a", "b"].into_iter(), &["b".into()], 2);
        let note = variables.change(&["a", "b", "c"].map(str::to_owned).into());
        assert!(
            note.contains("`a` is gone") && note.contains("run cell [1]") && note.contains("run cell [2]"),
            "{note}"
        );
        assert_eq!((note.lines().count(), variables.gone("a")), (2, Some(Gone::Changed(1))));
        variables.update([].into_iter(), &[], 3);
        assert_eq!(variables.gone("b"), Some(Gone::Changed(2)));
    }
}
