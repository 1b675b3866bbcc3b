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

use std::collections::BTreeSet;

use self::definitions::Definitions;
use self::sources::Sources;
use self::statics::Statics;
use self::variables::Variables;

/// All of it.
#[derive(Default)]
pub struct Scope {
    pub definitions: Definitions,
    pub variables: Variables,
    pub sources: Sources,
    pub statics: Statics,
    /// There are crates that are not preloaded.
    pub has_crates: bool,
}

impl Scope {
    /// Nothing is left but the cells' text.
    pub fn clear(&mut self) {
        self.definitions = Definitions::default();
        self.variables = Variables::default();
        self.statics = Statics::default();
    }
}

/// Each on a line of its own.
pub fn lines(texts: &BTreeSet<String>) -> String {
    texts.iter().flat_map(|text| [text, "\n"]).collect()
}
