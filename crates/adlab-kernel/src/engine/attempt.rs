//! Compiles and runs one cell, and tries again where that may help.
//!
//! A cell is handed to evcxr up to [`MOST_ATTEMPTS`] times; as soon as its code has begun to run, never again. It is tried
//! again, after a compile error,
//! 1. with the preloaded crate's display of its value, where a method of the type's own was looked for and there is none,
//!    or more than one;
//! 2. with the types that the analyzer finds, where they had only been guessed because it was not ready;
//! 3. with what the cell defined before and no longer does, where other cells turn out to need it still;
//! 4. without the definitions of other cells that no longer fit what this cell defines: they give way, with a note.
//!
//! The error that the student sees is that of the first attempt, but for 1 and 2.

use std::collections::BTreeSet;
use std::path::Path;

use evcxr::Error;

use super::evcxr_context::{Evcxr, Outcome};
use crate::analysis::{Analysis, Surroundings};
use crate::assumptions::STORE_CALLS;
use crate::cell::Cell;
use crate::cell::annotated::{Annotated, Insertion};
use crate::cell::insertions::{self, Around};
use crate::cell::{LIBRARY, debug};
use crate::compile::has_async_runtime;
use crate::runtime::bootstrap::forget;
use crate::scope::Scope;
use crate::scope::plan::{Key, Plan};
use crate::supervisor::Supervisor;

/// How often a cell is tried with fewer definitions of other cells.
const MOST_ATTEMPTS: usize = 8;

/// What it takes.
pub struct Parts<'a> {
    pub evcxr: &'a mut Evcxr,
    pub scope: &'a mut Scope,
    pub analysis: &'a Analysis,
    pub supervisor: &'a Supervisor,
    pub prelude: &'a str,
    /// Where cells are built.
    pub build: &'a Path,
    /// Where the notebook is.
    pub folder: Option<&'a Path>,
    /// Nothing runs, and it is given up when a cell waits.
    pub rehearses: Option<&'a (dyn Fn() -> bool + Send)>,
}

/// What came of a cell.
pub enum Attempt {
    /// evcxr's word, and the source that it had made of the cell.
    Done { outcome: Outcome, generated: String },
    /// It was interrupted before anything ran.
    Interrupted,
    /// evcxr has panicked, and is of no use any more.
    Panicked,
}

impl Parts<'_> {
    /// `plan` and `removed` are the cell's, as the scope has them (see [`removed`]).
    pub fn attempt(&mut self, cell: &Cell, plan: &Plan, removed: BTreeSet<Key>) -> Attempt {
        self.supervisor.await_code();
        let mut without = removed;
        let mut guess = insertions::guess(&cell.lets).filter(|_| !self.analysis.is_ready());
        let mut types = match &guess {
            Some(guess) => guess.clone(),
            None => match self.types(cell, plan, &without) {
                Some(types) => types,
                None => return Attempt::Interrupted,
            },
        };
        let mut may_be_own = self.scope.has_crates
            || [&cell.code, &self.scope.definitions.text()].iter().any(|text| text.contains(insertions::SHOW));
        let around = self.around(cell);
        let debug = debug::places(cell, self.scope.definitions.cell_of("dbg").is_some());
        let last = cell.last_expression.as_ref().filter(|last| !plan.has_item_at(last.start));
        let mut in_the_way = BTreeSet::new();
        let mut first: Option<(Outcome, String, Annotated)> = None;
        for _ in 0..MOST_ATTEMPTS {
            let display = match last.filter(|last| plan.without_value.contains(last)) {
                Some(last) => vec![(last.end, ";".to_owned())],
                None => insertions::display(last, may_be_own),
            };
            let insertions = around.with(types.iter().chain(&display).chain(&debug));
            let annotated = plan.annotate(cell, &without, &insertions);
            self.scope.sources.annotate(&annotated);
            let Some(outcome) = self.evcxr.attempt(|evcxr| evcxr.execute(&annotated.code)) else {
                return Attempt::Panicked;
            };
            if outcome.is_ok() && self.rehearses.is_none() && self.supervisor.runs_still() {
                // It was not the runtime that has told evcxr that the code has run.
                return Attempt::Panicked;
            }
            // Before anything else is compiled: errors and panics name lines of it.
            let generated = self.evcxr.source();
            if outcome.is_ok() {
                self.commit(cell, plan, &without, &in_the_way);
                return Attempt::Done { outcome, generated };
            }
            let may_run_again = !self.supervisor.has_begun() && !self.supervisor.is_interrupted();
            if may_run_again && may_be_own && lacks_a_method(&outcome) {
                may_be_own = false;
                continue;
            }
            let stale = match &outcome {
                Err(Error::CompilationErrors(errors)) if may_run_again => {
                    self.scope.definitions.that_do_not_fit(errors, &generated, plan)
                }
                _ => BTreeSet::new(),
            };
            let guessed = guess.take().is_some_and(|guess| !guess.is_empty());
            if guessed && may_run_again {
                match self.types(cell, plan, &without) {
                    Some(found) => types = found,
                    None => return Attempt::Interrupted,
                }
                continue;
            }
            let is_hopeless = stale.is_subset(&without);
            // What other cells still use is not removed, though its cell doesn't define it any more.
            let is_needed = in_the_way.is_empty() && !without.is_empty();
            first.get_or_insert((outcome, generated, annotated));
            if is_hopeless {
                break;
            }
            if is_needed {
                without.clear();
            } else {
                in_the_way.extend(stale);
                without.clone_from(&in_the_way);
            }
        }
        let (outcome, generated, annotated) = first.expect("there is one attempt at least");
        self.scope.sources.annotate(&annotated);
        Attempt::Done { outcome, generated }
    }

    /// What stands around parts of its expressions: whole paths of files, and calls that wait.
    fn around(&self, cell: &Cell) -> Around {
        let files = self.folder.map(|folder| cell.files(folder)).unwrap_or_default();
        // Where there is tokio, evcxr has all of the cell run on it.
        match cell.may_await() && !has_async_runtime(self.build) {
            true => files.and(cell.awaits(&format!("::{LIBRARY}::wait"))),
            false => files,
        }
    }

    /// The cell has run: what it has defined is in force.
    fn commit(&mut self, cell: &Cell, plan: &Plan, without: &BTreeSet<Key>, in_the_way: &BTreeSet<Key>) {
        let definitions = &mut self.scope.definitions;
        self.supervisor.note(&definitions.farewell(in_the_way));
        self.supervisor.note(&definitions.missed(plan));
        definitions.commit(plan, without, cell.number);
        self.supervisor.note(&self.scope.statics.update(definitions, plan));
        if (plan.may_change_types || plan.has_unseen_names()) && self.evcxr.variables().next().is_some() {
            // evcxr looks at the variables when the next cell runs; the student is to hear of it now.
            let outcome = self.evcxr.execute("();");
            let names = variables_in_the_way(&outcome, &self.evcxr.source());
            self.make_room(&names);
        }
        self.supervisor.note(&self.scope.variables.change(&self.supervisor.take_changed()));
        self.scope.variables.update(self.evcxr.variables().map(|(name, _)| name), &cell.variables, cell.number);
        if self.rehearses.is_none() {
            self.analysis.set_surroundings(surroundings(self.evcxr, self.prelude, &self.scope.definitions.text()));
        }
    }

    /// What the cell defines has the names of variables, which could not be seen before: the variables go.
    fn make_room(&mut self, names: &BTreeSet<String>) {
        for name in names {
            let (outcome, _) = self.supervisor.clone().alone(|| self.evcxr.execute(&forget(name)));
            if outcome.is_ok() {
                self.supervisor.note(&self.scope.variables.make_room(name));
            }
        }
    }

    /// The types of the cell's variables, where the student has left them out; nothing if the cell was interrupted.
    fn types(&self, cell: &Cell, plan: &Plan, without: &BTreeSet<Key>) -> Option<Vec<Insertion>> {
        if cell.lets.is_empty() {
            return Some(Vec::new());
        }
        let around = surroundings(self.evcxr, self.prelude, &self.scope.definitions.beside(plan, without));
        let is_unwanted = || self.supervisor.is_interrupted() || self.rehearses.is_some_and(|is_wanted| is_wanted());
        let types = self.analysis.types(around, &cell.body, cell.outline(), is_unwanted);
        if types.is_none() && is_unwanted() {
            return None;
        }
        Some(insertions::annotations(&cell.lets, &types.unwrap_or_default()))
    }
}

/// The variables that can't be loaded, as something else has their name.
fn variables_in_the_way(outcome: &Outcome, generated: &str) -> BTreeSet<String> {
    let Err(Error::CompilationErrors(errors)) = outcome else { return BTreeSet::new() };
    let spans = errors.iter().flat_map(|error| error.json["spans"].as_array().cloned().unwrap_or_default());
    let lines = spans.filter_map(|span| span["line_start"].as_u64());
    let names = lines.filter_map(|line| {
        let line = generated.lines().nth((line as usize).checked_sub(1)?)?;
        let (before, _) = line.split_once(&format!(" = {}", STORE_CALLS[1]))?;
        Some(before.strip_prefix("let ")?.trim_start_matches("mut ").to_owned())
    });
    names.collect()
}

/// A method is called that there is not, or that may be one of several.
fn lacks_a_method(outcome: &Outcome) -> bool {
    let Err(Error::CompilationErrors(errors)) = outcome else { return false };
    errors.iter().any(|error| matches!(error.code(), Some("E0599" | "E0034")))
}

/// What a cell finds beside its own definitions.
pub fn surroundings(evcxr: &Evcxr, prelude: &str, definitions: &str) -> Surroundings {
    let mut variables: Vec<_> = evcxr.variables().map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect();
    // evcxr has them in any order.
    variables.sort_unstable();
    Surroundings { items: format!("{prelude}\n{definitions}"), variables }
}

/// What the cell no longer defines, but for what living variables are made of.
pub fn removed(plan: &Plan, evcxr: &Evcxr) -> BTreeSet<Key> {
    let has_word =
        |text: &str, word: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word);
    let lives = |key: &Key| evcxr.variables().any(|(_, ty)| has_word(ty, key));
    plan.removed.iter().filter(|key| !lives(key)).cloned().collect()
}
