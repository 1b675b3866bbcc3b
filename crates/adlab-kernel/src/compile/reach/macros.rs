//! What the calls of macros define, as far as the text of their macros tells.

use std::collections::BTreeSet;

use ra_ap_syntax::{SyntaxKind, SyntaxNode};

use super::text::MAKE;

/// Types that no macro of a notebook's defines.
pub(super) const FOREIGN: [&str; 14] = [
    "Vec", "String", "Box", "Rc", "Arc", "Option", "Result", "RefCell", "Cell", "Mutex", "HashMap", "HashSet",
    "BTreeMap", "Self",
];

/// What the calls of a macro define.
#[derive(Default)]
pub(super) struct Made {
    pub(super) names: BTreeSet<String>,
    /// And names that a call gives.
    pub(super) has_others: bool,
}

impl Made {
    /// By a macro's text: the names behind `struct` and the like, or what a call gives in their places.
    pub(super) fn by(rules: &SyntaxNode) -> Self {
        let tokens = rules.descendants_with_tokens().filter_map(|element| element.into_token());
        let tokens: Vec<_> = tokens.filter(|token| !token.kind().is_trivia()).collect();
        let mut made = Made::default();
        for pair in tokens.windows(2) {
            match (pair[0].text(), pair[1].kind(), pair[1].text()) {
                (word, SyntaxKind::IDENT, name) if MAKE.contains(&word) => {
                    made.names.insert(name.to_owned());
                }
                (word, SyntaxKind::DOLLAR, _) if MAKE.contains(&word) => made.has_others = true,
                // What it is given may be anything.
                (":", _, "item" | "tt") => made.has_others = true,
                _ => {}
            }
        }
        made
    }
}
