//! What a cell is about to define, and the text in which it is handed to evcxr.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::cell::Cell;
use crate::cell::annotated::{Annotated, Insertion, MARKER};
use crate::cell::syntax::{Item, Kind};
use crate::compile::hash;

/// How evcxr knows a definition: an item's name, or that of an `impl`'s marker.
pub type Key = String;

/// What a cell is about to define.
#[derive(Default)]
pub struct Plan {
    /// In the order of the cell, each with its keys.
    pub items: Vec<(Item, Vec<Key>)>,
    pub cell_id: Option<String>,
    /// What the cell defined when it ran before, and doesn't any more.
    pub removed: BTreeSet<Key>,
    /// The `impl`s of other cells that this cell's takes the place of, each with the key of the new one.
    pub replaced: BTreeMap<Key, Key>,
    /// The calls of macros that give statements, not a value.
    pub without_value: Vec<Range<usize>>,
    /// Something is defined anew of which there may be variables.
    pub may_change_types: bool,
}

impl Plan {
    pub fn defines(&self, key: &str) -> bool {
        self.items.iter().any(|(_, keys)| keys.iter().any(|k| k == key))
    }

    /// What begins at this byte is one of its definitions, and no expression: a call of a macro may be.
    pub fn has_item_at(&self, start: usize) -> bool {
        self.items.iter().any(|(item, _)| item.start == start)
    }

    /// The names by which it defines what a variable can't be called: a pattern of that name is no new variable.
    pub fn taken_names(&self) -> impl Iterator<Item = &str> {
        let takes = |item: &Item| {
            let starts = |word: &str| item.title.starts_with(word);
            let is_plain = item.text.trim_end().ends_with(';');
            starts("const ") || starts("static ") || starts("use ") || starts("struct ") && is_plain
        };
        self.items.iter().filter(move |(item, _)| takes(item)).flat_map(|(_, keys)| keys).map(String::as_str)
    }

    /// It may define such names that can't be seen: by a macro's call, or by all that a module has.
    pub fn has_unseen_names(&self) -> bool {
        let is_glob = |item: &Item| item.text.starts_with("use ") && item.text.contains('*');
        self.items.iter().any(|(item, _)| item.kind == Kind::Call || is_glob(item))
    }

    /// The cell's code with its markers, with what else is to be inserted, and without the definitions that are to go.
    pub fn annotate(&self, cell: &Cell, without: &BTreeSet<Key>, others: &[Insertion]) -> Annotated {
        let code = cell.body.as_str();
        let mut annotated = Annotated::default();
        let gone: BTreeSet<&Key> = without.iter().chain(self.replaced.keys()).collect();
        let gone: String = gone.into_iter().map(|key| configured_out(key)).collect();
        annotated.push(&code[..cell.start]);
        if !gone.is_empty() && !code[..cell.start].is_empty() && !code[..cell.start].ends_with('\n') {
            // A comment that ends the cell would swallow it.
            annotated.push("\n");
        }
        annotated.insert(&gone);
        if gone.is_empty() && code[cell.start..].trim_start().starts_with(':') {
            // A path that begins with colons, where evcxr would see a command.
            annotated.insert("/**/");
        }
        let markers = self.items.iter().filter_map(|(item, keys)| match (&item.kind, keys.first()) {
            (Kind::Impl(_), Some(key)) => Some((item.start, format!("const {key}: () = (); "))),
            _ => None,
        });
        let own = |item: &Item| {
            item.insertions.iter().map(|(at, text)| (item.start + at, text.clone())).collect::<Vec<Insertion>>()
        };
        let own = self.items.iter().flat_map(|(item, _)| own(item));
        let mut insertions: Vec<Insertion> = markers.chain(own).chain(others.iter().cloned()).collect();
        insertions.sort_by_key(|(at, _)| *at);
        let mut done = cell.start;
        for (at, text) in insertions {
            let at = at.max(done);
            annotated.push(&code[done..at]);
            annotated.insert(&text);
            done = at;
        }
        annotated.push(&code[done..]);
        annotated
    }
}

/// An item of this name that is not there: evcxr puts it in the place of the one that is.
pub fn configured_out(key: &str) -> String {
    format!("#[cfg(any())] const {key}: () = (); ")
}

/// The name of an `impl`'s marker.
pub fn marker(parts: &[&str]) -> Key {
    format!("{MARKER}{:016X}", hash(parts.join("\n").bytes()))
}
