//! What counts of a definition's text.

use std::collections::BTreeSet;

use ra_ap_syntax::{SyntaxKind, SyntaxNode};

/// Before the name of what a value may be made of.
pub(super) const MAKE: [&str; 5] = ["struct", "enum", "union", "type", "const"];

/// What counts of a text, and the names in it.
#[derive(Default)]
pub(super) struct Text {
    pub(super) normal: String,
    pub(super) words: BTreeSet<String>,
    /// Those of them that are given types.
    pub(super) generics: BTreeSet<String>,
}

impl Text {
    pub(super) fn word(word: &str) -> Self {
        Text { words: BTreeSet::from([word.to_owned()]), ..Text::default() }
    }

    pub(super) fn of(node: &SyntaxNode) -> Self {
        let mut text = Text::default();
        text.add(node);
        text
    }

    pub(super) fn add(&mut self, node: &SyntaxNode) {
        let skipped = |node: &SyntaxNode| match node.kind() {
            SyntaxKind::VISIBILITY => true,
            SyntaxKind::ATTR => !node.text().to_string().contains("repr"),
            _ => false,
        };
        let tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
        let mut name = String::new();
        for token in tokens.filter(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)) {
            let inside = token.parent_ancestors().take_while(|above| above != node).any(|above| skipped(&above));
            if inside {
                continue;
            }
            let kind = token.kind();
            match kind {
                SyntaxKind::IDENT => name = token.text().trim_start_matches("r#").to_owned(),
                // As in a path, or between a path and its types.
                SyntaxKind::COLON2 | SyntaxKind::COLON => {}
                SyntaxKind::L_ANGLE => drop(self.generics.insert(std::mem::take(&mut name))),
                _ => name.clear(),
            }
            if matches!(kind, SyntaxKind::IDENT | SyntaxKind::DYN_KW | SyntaxKind::IMPL_KW)
                || MAKE.contains(&token.text())
            {
                self.words.insert(token.text().trim_start_matches("r#").to_owned());
            }
            if matches!(token.kind(), SyntaxKind::R_CURLY | SyntaxKind::R_PAREN | SyntaxKind::R_BRACK) {
                // A last comma says nothing.
                self.normal.truncate(self.normal.trim_end_matches(" , ").len());
            }
            self.normal.push(' ');
            self.normal.push_str(token.text());
            self.normal.push(' ');
        }
    }
}

/// FNV-1a: the same in every build.
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
