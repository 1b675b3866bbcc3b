//! Statics live on from cell to cell, until they begin anew: who counts on them is told.

use std::collections::BTreeMap;

use ra_ap_syntax::{Edition, SourceFile};

use super::definitions::Definitions;
use super::plan::Plan;
use crate::cell::statics::{ARE_SHARED, NAME};
use crate::cell::syntax::Kind;
use crate::compile::statics::identities;

/// The statics that there are, each with what tells whether it is the same still.
#[derive(Default, Clone)]
pub struct Statics(BTreeMap<String, String>);

impl Statics {
    /// After a cell. Says which begin anew.
    pub fn update(&mut self, definitions: &Definitions, plan: &Plan) -> String {
        let mut note = String::new();
        for (item, _) in plan.items.iter().filter(|(item, _)| item.kind == Kind::Call) {
            if has_word(&item.text, "static") || has_word(&definitions.macro_text(&item.title), "static") {
                note += &format!(
                    "note: a static that `{}` makes begins anew in each cell; written as `static`, it lives on\n",
                    item.title
                );
            }
        }
        let code = definitions.code();
        if !code.contains(if ARE_SHARED { NAME } else { "static " }) {
            self.0.clear();
            return note;
        }
        let now = identities(&SourceFile::parse(&code, Edition::Edition2024).tree());
        let before = std::mem::replace(&mut self.0, now);
        for (name, identity) in &self.0 {
            let last = name.rsplit("::").next().unwrap_or(name);
            let is_own = plan.items.iter().any(|(item, _)| !item.insertions.is_empty() && item.text.contains(last));
            match before.get(name) {
                Some(before) if before == identity => {}
                None if ARE_SHARED => {}
                None => note += &format!("note: the static `{name}` begins anew in each cell on this system\n"),
                Some(_) if is_own => note += &format!("note: the static `{name}` begins anew with this cell\n"),
                Some(_) => {
                    note += &format!("note: the static `{name}` begins anew: what it is made of has changed\n");
                }
            }
        }
        note
    }
}

/// As a word of its own, and no lifetime's name.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'').any(|part| part == word)
}
