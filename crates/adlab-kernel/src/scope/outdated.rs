//! Definitions of which a newer version did not compile: the earlier one is in force, and who uses it is told.

use std::collections::BTreeSet;

use super::definitions::Definitions;
use super::plan::{Key, Plan};
use crate::cell::Cell;

impl Definitions {
    /// A cell did not compile: of what it was to define, the earlier versions stay in force.
    pub fn did_not_compile(&mut self, plan: &Plan, number: usize) {
        for (item, keys) in &plan.items {
            let is_newer = |key: &&Key| self.known.get(*key).is_some_and(|known| known.text != item.text);
            let newer: Vec<Key> = keys.iter().filter(is_newer).cloned().collect();
            self.outdated.extend(newer.into_iter().map(|key| (key, number)));
        }
    }

    /// Says which of these a cell uses, itself or through other definitions.
    pub fn outdated(&self, cell: &Cell) -> String {
        if self.outdated.is_empty() {
            return String::new();
        }
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect()
        };
        let own = |key: &Key| {
            cell.items.iter().any(|item| self.known.get(key).is_some_and(|known| known.title == item.title))
        };
        let mut reached: BTreeSet<String> = BTreeSet::new();
        let mut next = words(&cell.body);
        while let Some(word) = next.pop() {
            if reached.insert(word.clone()) {
                let of_word = self.known.iter().filter(|(key, known)| **key == word || known.is_of(&word));
                next.extend(of_word.flat_map(|(_, known)| words(&known.text)));
            }
        }
        let mut note = String::new();
        for (key, newer) in &self.outdated {
            let Some(known) = self.known.get(key).filter(|_| !own(key)) else { continue };
            if reached.contains(key) || reached.iter().any(|word| known.is_of(word)) {
                note += &format!(
                    "note: `{}` is that of cell [{}]: its newer version, in cell [{newer}], did not compile\n",
                    known.title, known.number
                );
            }
        }
        note
    }
}
