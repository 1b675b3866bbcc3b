//! What locked cells have defined holds when a locked cell runs, whatever students' cells have put in its place.

use std::collections::BTreeSet;

use serde_json::Value;

use super::authority::Rules;
use super::promises::has_own;
use crate::cell::reserved;
use crate::cell::syntax::Tree;
use crate::engine::unattended::{Limit, Unattended};
use crate::notebook::file;

pub struct Locked<'a> {
    cells: Vec<One>,
    rules: &'a Rules,
    /// The types of the student's own.
    own_types: BTreeSet<String>,
}

/// A locked cell that has run.
struct One {
    cell: Value,
    id: String,
    /// What stands for its definitions, in the engine and by their names.
    held: BTreeSet<String>,
    keys: BTreeSet<String>,
    /// The variables that it has made, and the number by which they are known.
    variables: BTreeSet<String>,
    number: usize,
}

impl One {
    fn hold_what_there_is(&mut self, run: &Unattended) {
        let held = run.held(&self.id);
        self.held.retain(|key| held.contains(key));
        self.variables.retain(|name| run.maker(name) == Some(self.number));
    }
}

impl<'a> Locked<'a> {
    pub fn of(rules: &'a Rules, own_types: BTreeSet<String>) -> Self {
        Locked { cells: Vec::new(), rules, own_types: rules.promises.own(&own_types) }
    }

    /// Why an answer is none.
    pub fn broken_by(&self, code: &str) -> Option<String> {
        self.rules.promises.broken(code, &self.own_types)
    }

    /// It has run.
    pub fn add(&mut self, run: &Unattended, cell: &Value) {
        // What it has put in the place of earlier ones' is right.
        self.cells.iter_mut().for_each(|one| one.hold_what_there_is(run));
        let (code, id) = (file::source(cell), cell["id"].as_str().unwrap_or_default().to_owned());
        let (keys, number) = (reserved::keys(&code), run.next_number() - 1);
        // What answers are to replace is not put back.
        let held = if keys.is_disjoint(&self.rules.reserved.answers) { run.held(&id) } else { BTreeSet::new() };
        let is_given = |name: &String| !self.rules.theirs.contains(name) && run.maker(name) == Some(number);
        let variables: BTreeSet<String> = Tree::parse(&code).variables().into_iter().filter(is_given).collect();
        if !held.is_empty() || !variables.is_empty() {
            self.cells.push(One { cell: cell.clone(), id, held, keys, variables, number });
        }
    }

    /// Before this locked cell runs: runs those again of which something is gone or was replaced, and puts variables away that
    /// hide what it uses.
    pub fn restore(&mut self, run: &mut Unattended, code: &str, limit: Limit) {
        let words = reserved::words(code);
        let theirs = &self.rules.theirs;
        let hides = |name: &&String| words.contains(*name) && run.is_variable(name) && !theirs.contains(*name);
        let functions = self.cells.iter().flat_map(|one| &one.keys).chain(&self.rules.reserved.names);
        let mut in_the_way: BTreeSet<String> = functions.filter(hides).cloned().collect();
        // What is compared with a number is one.
        let is_own = |name: &&String| run.type_of(name).is_some_and(|ty| has_own(&ty, &self.own_types));
        in_the_way.extend(words.iter().filter(is_own).cloned());
        in_the_way.iter().for_each(|name| run.forget(name, limit));
        // A cell that is run again may need what others have made.
        let mut needed = words;
        let mut again = vec![false; self.cells.len()];
        for (place, one) in self.cells.iter().enumerate().rev() {
            let is_stale = |name: &&String| needed.contains(*name) && run.maker(name) != Some(one.number);
            let is_gone = !run.held(&one.id).is_superset(&one.held);
            again[place] = is_gone || one.variables.iter().any(|name| is_stale(&name));
            if again[place] {
                needed.extend(reserved::words(&file::source(&one.cell)));
            }
        }
        for one in self.cells.iter_mut().zip(again).filter_map(|(one, again)| again.then_some(one)) {
            run.again(&one.cell, limit);
            one.number = run.next_number() - 1;
            // Where it could not run, it is not tried before each cell.
            one.hold_what_there_is(run);
        }
    }

    /// A student's cell, where it would take a method's place that is given: the rest of its `impl` stays, without that.
    pub fn kept_by(&self, code: &str) -> Option<String> {
        let given = self.cells.iter().flat_map(|one| &one.keys).map(String::as_str);
        let given = given.filter(|key| !self.rules.reserved.answers.contains(*key)).collect();
        reserved::without_methods(code, &given)
    }
}
