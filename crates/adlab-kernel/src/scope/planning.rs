//! What a cell is about to define, and what becomes of the definitions that are there.

use std::collections::BTreeSet;

use super::definitions::{Definitions, Known};
use super::plan::{Key, Plan, marker};
use crate::cell::Cell;
use crate::cell::calls;
use crate::cell::expansions::Gives;
use crate::cell::statics::AGAIN;
use crate::cell::syntax::{Impl, Item, Kind};

impl Definitions {
    pub fn plan(&self, cell: &Cell) -> Plan {
        let (cell_id, items) = (cell.id.as_deref(), &cell.items);
        let mut plan = Plan { cell_id: cell.id.clone(), ..Plan::default() };
        let types: BTreeSet<&str> = items.iter().filter_map(|item| type_name(&item.kind)).collect();
        for item in items {
            let keys = match &item.kind {
                Kind::Named(names) => names.clone(),
                Kind::Type(name) => vec![name.clone()],
                Kind::Impl(details) => {
                    let with_type = types.contains(details.target.as_str());
                    let (key, replaced) = self.impl_key(details, cell_id, with_type, &plan);
                    plan.replaced.extend(replaced.into_iter().map(|old| (old, key.clone())));
                    vec![key]
                }
                Kind::Call => Vec::new(),
            };
            let mut item = item.clone();
            let was_there = |key: &Key| self.known.contains_key(key) || self.former(key).is_some();
            if !item.insertions.is_empty() && keys.iter().any(was_there) {
                // It has statics.
                item.insertions.insert(0, (0, format!("{AGAIN}[{}]\"] ", cell.number)));
            }
            plan.items.push((item, keys));
        }
        self.plan_calls(cell, &mut plan);
        let changes = |(item, keys): &(Item, Vec<Key>)| {
            may_be_in_a_type(item)
                && keys.iter().any(|key| self.known.get(key).is_some_and(|old| old.text != item.text))
        };
        plan.may_change_types = plan.items.iter().any(changes);
        let own = |known: &Known| cell_id.is_some() && known.cell_id.as_deref() == cell_id;
        let left = self.known.iter().filter(|(key, known)| own(known) && !plan.defines(key));
        plan.removed = left.map(|(key, _)| key.clone()).collect();
        plan.replaced.retain(|old, _| !plan.items.iter().any(|(_, keys)| keys.contains(old)));
        plan
    }

    /// The calls of macros that are definitions.
    fn plan_calls(&self, cell: &Cell, plan: &mut Plan) {
        let macros = &|name: &str| {
            let title = format!("macro {name}");
            let own = cell.items.iter().find(|item| item.title == title).map(|item| item.text.clone());
            own.or_else(|| self.known.get(name).filter(|known| known.title == title).map(|known| known.text.clone()))
        };
        let gives = |what: Gives| cell.calls.iter().filter(move |call| call.gives(macros) == what);
        plan.without_value = gives(Gives::Statements).map(|call| call.range.clone()).collect();
        for (place, call) in gives(Gives::Items).enumerate() {
            let key = match &cell.id {
                Some(id) => format!("{}{}", calls::NAME, marker(&[&call.name, id, &place.to_string()])),
                None => format!("{}{}", calls::NAME, marker(&[&cell.body[call.range.clone()]])),
            };
            plan.items.push((call.as_item(&key, &cell.body), vec![key]));
        }
    }

    /// The key of an `impl`, and the keys of others that it takes the place of.
    ///
    /// A trait is implemented for a type once, so the header names it. A type's own methods may stand in several: the cell
    /// tells them apart, or, where a front end names no cells, their methods.
    fn impl_key(&self, new: &Impl, cell_id: Option<&str>, with_type: bool, plan: &Plan) -> (Key, Vec<Key>) {
        if new.of_trait {
            return (marker(&[&new.header]), Vec::new());
        }
        let same_header = |item: &Item| matches!(&item.kind, Kind::Impl(other) if other.header == new.header);
        let ordinal = plan.items.iter().filter(|(item, _)| same_header(item)).count().to_string();
        let own = match cell_id {
            Some(id) => marker(&[&new.header, id, &ordinal]),
            None if with_type => marker(&[&new.header, "with its type", &ordinal]),
            None => marker(&[&new.header, new.members.first().map_or("", String::as_str)]),
        };
        let shares_a_member = |known: &Known| {
            known.details.as_ref().is_some_and(|old| {
                !old.of_trait && old.header == new.header && old.members.iter().any(|m| new.members.contains(m))
            })
        };
        let others: Vec<Key> = self
            .known
            .iter()
            .filter(|(key, known)| **key != own && shares_a_member(known))
            .map(|(key, _)| key.clone())
            .collect();
        (own, others)
    }
}

/// Functions and imports are not, and methods matter to trait objects alone, where the next cell finds it out.
fn may_be_in_a_type(item: &Item) -> bool {
    match item.kind {
        Kind::Type(_) => true,
        Kind::Named(_) => !item.title.starts_with("fn ") && !item.title.starts_with("use "),
        Kind::Impl(_) => false,
        Kind::Call => true,
    }
}

fn type_name(kind: &Kind) -> Option<&str> {
    match kind {
        Kind::Type(name) => Some(name),
        _ => None,
    }
}
