//! What cells have left behind: definitions, variables, and their own text, to which errors lead back.
//!
//! On the map, `docs/architecture.md`: steps 5, 7, 8, 13 and 14.

pub mod definitions;
mod outdated;
pub mod plan;
mod planning;
pub mod sources;
pub mod statics;
pub mod variables;

use std::collections::{BTreeMap, BTreeSet};

use self::definitions::Definitions;
use self::sources::Sources;
use self::statics::Statics;
use self::variables::Variables;
use crate::cell::Cell;
use crate::cell::syntax::Kind;

/// All of it.
#[derive(Default, Clone)]
pub struct Scope {
    pub definitions: Definitions,
    pub variables: Variables,
    pub sources: Sources,
    pub statics: Statics,
    /// There are crates that are not preloaded.
    pub has_crates: bool,
    /// What cells were to define that have failed, each with the cell.
    failed: BTreeMap<String, usize>,
}

impl Scope {
    /// A cell has failed: what it was to define is not there, or as it was.
    pub fn fail(&mut self, cell: &Cell) {
        self.failed.extend(names(cell).map(|name| (name, cell.number)));
    }

    /// A cell has run.
    pub fn succeed(&mut self, cell: &Cell) {
        if !self.failed.is_empty() {
            let defined: BTreeSet<String> = names(cell).collect();
            self.failed.retain(|name, _| !defined.contains(name));
        }
    }

    /// The cell that was to define a name, and has failed.
    pub fn failed(&self, name: &str) -> Option<usize> {
        self.failed.get(name).copied()
    }

    /// No cell has left anything behind.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty() && self.definitions.is_empty() && self.failed.is_empty()
    }

    /// Nothing is left but the cells' text.
    pub fn clear(&mut self) {
        self.definitions = Definitions::default();
        self.variables = Variables::default();
        self.statics = Statics::default();
        self.failed.clear();
    }
}

/// What a cell defines, variables and all.
fn names(cell: &Cell) -> impl Iterator<Item = String> {
    let items = cell.items.iter().flat_map(|item| match &item.kind {
        Kind::Named(names) => names.clone(),
        Kind::Type(name) => vec![name.clone()],
        Kind::Impl(_) | Kind::Call => Vec::new(),
    });
    items.chain(cell.variables.iter().cloned())
}

/// Each on a line of its own.
pub fn lines(texts: &BTreeSet<String>) -> String {
    texts.iter().flat_map(|text| [text, "\n"]).collect()
}
