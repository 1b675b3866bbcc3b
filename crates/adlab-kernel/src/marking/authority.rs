//! A submission, put beside the solution that it was made from: what is the student's stays, all else is as it was handed out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::matching::{grade_id, matched, plain};
use super::promises::Promises;
use crate::cell::methods::{self, Methods};
use crate::cell::reserved::{self, Reserved};
use crate::cell::syntax::Tree;
use crate::notebook::file::{self, Notebook, clear};

/// What a cell is to the one who marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Nothing runs.
    Text,
    /// Added by the student, or given to play with.
    Own,
    Answer,
    /// Locked, and without points.
    Given,
    /// Locked, with points.
    Check,
    /// An answer that a person marks.
    ByHand,
}

impl Role {
    pub fn is_locked(self) -> bool {
        matches!(self, Role::Given | Role::Check)
    }

    fn of(source: &Value) -> Self {
        let nbgrader = &source["metadata"]["nbgrader"];
        let has = |what: &str| nbgrader[what] == true;
        match source["cell_type"] == "code" {
            _ if has("task") || has("grade") && has("solution") => Role::ByHand,
            false => Role::Text,
            true if has("grade") => Role::Check,
            true if has("solution") => Role::Answer,
            true if has("locked") => Role::Given,
            true => Role::Own,
        }
    }
}

/// Words of code that could write over a check that is loaded.
const BELOW_RUST: [&str; 7] =
    ["asm!", "extern \"C\"", "no_mangle", "export_name", "link_section", "link_name", "dlsym"];

/// A solution notebook, and what is known from it.
#[derive(Clone)]
pub struct Authority {
    pub solution: Notebook,
    /// The same as students get it.
    handed_out: Notebook,
    pub rules: Rules,
}

/// What holds while a submission's cells run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Rules {
    /// What checks go by: no cell of a student's may give it another meaning.
    pub reserved: Reserved,
    /// The variables that cells make which are not locked.
    pub theirs: BTreeSet<String>,
    pub promises: Promises,
}

/// A submission that is ready to run.
#[derive(Debug)]
pub struct Prepared {
    pub notebook: Notebook,
    /// One for each cell.
    pub roles: Vec<Role>,
    /// What was not as it was handed out, for people.
    pub notes: Vec<String>,
    /// The answers that are marked by hand and were left as they were handed out.
    pub untouched: BTreeSet<String>,
}

impl Authority {
    pub fn new(solution: Notebook, handed_out: Notebook) -> Result<Self> {
        let name = solution.path.display();
        if !solution.cells().iter().any(|cell| cell["metadata"]["nbgrader"]["grade"] == true) {
            bail!("{name} has no cell with points: it is no solution to mark by");
        }
        let (mut ids, mut defined, mut used) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut answers, mut methods, mut theirs) = (BTreeSet::new(), Methods::default(), BTreeSet::new());
        let mut promises = Promises::default();
        for cell in solution.cells() {
            if let Some(id) = grade_id(cell)
                && !ids.insert(id.to_owned())
            {
                bail!("{name} has two cells with the grade_id {id:?}");
            }
            let code = file::source(cell);
            if cell["cell_type"] == "code" {
                let (keys, role) = (reserved::keys(&code), Role::of(cell));
                promises.add(&code, role == Role::Answer);
                if role.is_locked() {
                    used.extend(reserved::used(&code));
                    methods.called.extend(methods::called(&code));
                    methods.types.extend(reserved::types(&code));
                } else {
                    methods.asked_for.extend(methods::functions(&code));
                    answers.extend(keys.iter().filter(|_| role == Role::Answer).cloned());
                    theirs.extend(Tree::parse(&code).variables());
                }
                defined.extend(keys);
            }
        }
        let names = used.difference(&defined).cloned().collect();
        let rules = Rules { reserved: Reserved { names, answers, methods }, theirs, promises };
        Ok(Authority { solution, handed_out, rules })
    }

    /// The same, without what students don't get to see.
    pub fn as_handed_out(&self) -> Self {
        Authority { solution: self.handed_out.clone(), ..self.clone() }
    }

    /// How many of a notebook's cells have names of this one.
    pub fn likeness(&self, submitted: &Notebook) -> usize {
        let ids: BTreeSet<&str> = self.solution.cells().iter().filter_map(grade_id).collect();
        submitted.cells().iter().filter_map(grade_id).filter(|id| ids.contains(id)).count()
    }

    /// Puts a submission in order. What it shows from some other time is gone.
    pub fn prepare(&self, submitted: &Notebook) -> Prepared {
        let (source, given) = (self.solution.cells(), self.handed_out.cells());
        let found = matched(given, submitted.cells());
        let mut cells = Vec::new();
        let mut notes = Vec::new();
        let mut untouched = BTreeSet::new();
        let mut own = Own { found: &found, submitted: submitted.cells() };
        own.after(None, source, &mut cells, &mut notes);
        let mut last = None;
        let mut is_reordered = false;
        let mut restored = Restored::default();
        for (place, cell) in source.iter().enumerate() {
            let at = found.iter().position(|found| *found == Some(place));
            is_reordered |= at.is_some() && last > at;
            last = last.max(at);
            let came = at.map(|at| &submitted.cells()[at]);
            let (role, name) = (Role::of(cell), grade_id(cell).unwrap_or_default());
            came.into_iter().for_each(|came| restored.note(name, cell, came));
            match (role, came) {
                (Role::Answer | Role::ByHand, Some(came)) => {
                    if plain(came) == plain(&given[place]) && role == Role::ByHand {
                        untouched.insert(name.to_owned());
                    }
                    kind_note(&mut notes, name, cell, came);
                    cells.push((role, with_text_of(cell, came)));
                }
                (Role::Answer | Role::ByHand, None) => {
                    untouched.insert(name.to_owned());
                    notes.push(format!("the answer {name} is missing"));
                }
                (Role::Own, Some(came)) => cells.push((Role::Own, came.clone())),
                // Nothing depends on what was given to play with.
                (Role::Own, None) => {}
                (role, came) => {
                    if let Some(came) = came {
                        kind_note(&mut notes, name, cell, came);
                        if plain(came) != plain(&given[place]) && plain(came) != plain(cell) {
                            notes.push(format!("{name} was changed, and is as it was handed out again"));
                        }
                    } else if role != Role::Text {
                        notes.push(format!("{name} was deleted, and is there again"));
                    }
                    cells.push((role, cell.clone()));
                }
            }
            if let Some(at) = at {
                own.after(Some(at), source, &mut cells, &mut notes);
            }
        }
        if is_reordered {
            notes.push("cells were in another order, and are in that of the notebook again".into());
        }
        restored.say(&mut notes);
        for (role, cell) in cells.iter().filter(|(role, cell)| !role.is_locked() && cell["cell_type"] == "code") {
            let code = file::source(cell);
            if let Some(word) = BELOW_RUST.iter().find(|word| code.contains(**word)) {
                let name =
                    if *role == Role::Own { "a cell of the student's own" } else { grade_id(cell).unwrap_or_default() };
                notes.push(format!("{name} goes beneath Rust ({word}): no check can be sure of what it does; read it"));
            }
        }
        let mut notebook = submitted.clone();
        notebook.has_ids();
        let (roles, mut cells): (Vec<Role>, Vec<Value>) = cells.into_iter().unzip();
        cells.iter_mut().for_each(clear);
        name_apart(&roles, &mut cells);
        *notebook.cells_mut() = cells;
        Prepared { notebook, roles, notes, untouched }
    }
}

/// The cells that a submission has beside those that were handed out.
struct Own<'a> {
    found: &'a [Option<usize>],
    submitted: &'a [Value],
}

impl Own<'_> {
    /// Takes over those that stand behind a cell, up to the next that was handed out.
    fn after(&mut self, at: Option<usize>, source: &[Value], cells: &mut Vec<(Role, Value)>, notes: &mut Vec<String>) {
        let from = at.map_or(0, |at| at + 1);
        for (found, cell) in self.found[from..].iter().zip(&self.submitted[from..]) {
            if found.is_some() {
                return;
            }
            let of = grade_id(cell).and_then(|id| source.iter().find(|source| grade_id(source) == Some(id)));
            if let Some(of) = of.filter(|of| Role::of(of).is_locked()) {
                let name = grade_id(of).unwrap_or_default();
                notes.push(format!("{name} was there more than once, and counts once"));
                continue;
            }
            let mut cell = cell.clone();
            if let Some(metadata) = cell["metadata"].as_object_mut() {
                // A copy, or a cell that calls itself graded.
                metadata.remove("nbgrader");
            }
            let role = if cell["cell_type"] == "code" { Role::Own } else { Role::Text };
            cells.push((role, cell));
        }
    }
}

/// Each cell has an id, and none of a student's has that of a locked one.
fn name_apart(roles: &[Role], cells: &mut [Value]) {
    let id = |cell: &Value| cell["id"].as_str().unwrap_or_default().to_owned();
    let mut ids = BTreeSet::new();
    for (place, (_, cell)) in roles.iter().zip(&mut *cells).filter(|(role, _)| role.is_locked()).enumerate() {
        if id(cell).is_empty() || !ids.insert(id(cell)) {
            cell["id"] = format!("locked-{place}").into();
            ids.insert(id(cell));
        }
    }
    for (_, cell) in roles.iter().zip(cells).filter(|(role, _)| !role.is_locked()) {
        let mut own = id(cell);
        while !ids.insert(own.clone()) {
            own = format!("own-{own}");
            own.truncate(64);
            if ids.contains(&own) {
                own = format!("own-{}", ids.len());
            }
        }
        cell["id"] = own.into();
    }
}

/// The source's cell, with what the student wrote.
fn with_text_of(source: &Value, came: &Value) -> Value {
    let mut cell = source.clone();
    cell["source"] = came["source"].clone();
    cell["id"] = came["id"].clone();
    if source["cell_type"] != "code" && came.get("attachments").is_some() {
        cell["attachments"] = came["attachments"].clone();
    }
    cell
}

/// Cells of which the metadata are as they were handed out again: all that was given has those of the source.
#[derive(Default)]
struct Restored<'a> {
    lost: Vec<&'a str>,
    changed: Vec<&'a str>,
}

/// More of them are counted.
const MOST_NAMES: usize = 3;

impl<'a> Restored<'a> {
    fn note(&mut self, name: &'a str, source: &Value, came: &Value) {
        let meant = |cell: &Value| {
            let metadata = &cell["metadata"];
            // Left out is as good as false.
            let flags = ["grade", "solution", "locked", "task"].map(|flag| metadata["nbgrader"][flag] == true);
            let tags = ["skip-execution", file::FAILS].map(|tag| file::has_tag(cell, tag));
            (flags, tags, metadata["nbgrader"]["points"].as_f64().unwrap_or(0.0), grade_id(cell).map(str::to_owned))
        };
        if grade_id(source).is_none() {
            return;
        }
        if !came["metadata"]["nbgrader"].is_object() {
            self.lost.push(name);
        } else if meant(source) != meant(came) {
            self.changed.push(name);
        }
    }

    fn say(self, notes: &mut Vec<String>) {
        for (names, what) in
            [(self.lost, "were lost, and are there"), (self.changed, "were changed, and are as they were handed out")]
        {
            let of = if names.len() > MOST_NAMES { format!("{} cells", names.len()) } else { names.join(", ") };
            if !names.is_empty() {
                notes.push(format!("the metadata of {of} {what} again"));
            }
        }
    }
}

fn kind_note(notes: &mut Vec<String>, name: &str, source: &Value, came: &Value) {
    if source["cell_type"] != came["cell_type"] {
        let mut note = format!("{name} was made {}", came["cell_type"].as_str().unwrap_or("another kind of cell"));
        let _ = write!(note, ", and is {} again", source["cell_type"].as_str().unwrap_or_default());
        notes.push(note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn cell(name: &str, source: &str, flags: &[&str]) -> Value {
        let mut nbgrader = json!({ "grade_id": name });
        for flag in flags {
            nbgrader[*flag] = true.into();
        }
        json!({ "cell_type": "code", "id": name, "source": source, "metadata": { "nbgrader": nbgrader }, "outputs": [] })
    }

    fn notebook(cells: &[Value]) -> Notebook {
        let text = json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells }).to_string();
        Notebook::parse(Path::new("n.ipynb"), &text).unwrap()
    }

    fn authority() -> Authority {
        let given = || cell("given", "struct Mine;", &["locked"]);
        let check =
            |hidden: &str| cell("check", &format!("assert!(f() == Dual::new(1.0)); {hidden}"), &["locked", "grade"]);
        let solution = notebook(&[given(), cell("answer", "fn f() { 1 }", &["solution"]), check("hidden(2)")]);
        let handed_out = notebook(&[given(), cell("answer", "fn f() { todo!() }", &["solution"]), check("")]);
        Authority::new(solution, handed_out).unwrap()
    }

    fn prepared(cells: &[Value]) -> (Vec<(Role, String)>, Vec<String>) {
        let prepared = authority().prepare(&notebook(cells));
        let texts = prepared.notebook.cells().iter().map(file::source);
        (prepared.roles.into_iter().zip(texts).collect(), prepared.notes)
    }

    #[test]
    fn what_is_locked_is_as_it_was_handed_out() {
        let authority = authority();
        assert_eq!(authority.rules.reserved.names, ["Dual", "assert", "hidden"].map(str::to_owned).into());
        let given = authority.handed_out.cells().to_vec();
        let check = "assert!(f() == Dual::new(1.0)); hidden(2)".to_owned();
        let expected = |answer: &str| {
            let answer = (Role::Answer, answer.to_owned());
            vec![(Role::Given, "struct Mine;".to_owned()), answer, (Role::Check, check.clone())]
        };
        assert_eq!(prepared(&given), (expected("fn f() { todo!() }"), vec![]));
        let mut changed = given.clone();
        changed[2]["source"] = "".into();
        changed[2]["cell_type"] = "markdown".into();
        changed[1]["source"] = "fn f() { 2 }".into();
        let (cells, notes) = prepared(&changed);
        assert_eq!(cells, expected("fn f() { 2 }"));
        assert_eq!(notes.len(), 2, "{notes:?}");
        // Deleted, in another order, and with copies.
        let (cells, notes) = prepared(&[given[1].clone(), given[0].clone(), given[0].clone()]);
        assert_eq!(cells, expected("fn f() { todo!() }"));
        assert_eq!(notes.len(), 3, "{notes:?}");
        let (cells, notes) = prepared(&given[..1]);
        assert_eq!((cells.len(), notes.len()), (2, 2), "{notes:?}");
    }

    #[test]
    fn metadata_that_are_restored_are_named() {
        let given = authority().handed_out.cells().to_vec();
        let notes_of = |change: fn(&mut Value)| {
            let mut cells = given.clone();
            change(&mut cells[2]["metadata"]);
            prepared(&cells).1
        };
        assert_eq!(notes_of(|all| *all = json!({})), ["the metadata of check were lost, and are there again"]);
        for change in [
            |all: &mut Value| all["nbgrader"]["points"] = 100.into(),
            |all: &mut Value| all["nbgrader"]["grade"] = false.into(),
            |all: &mut Value| all["nbgrader"]["solution"] = true.into(),
            |all: &mut Value| all["nbgrader"]["grade_id"] = "mine".into(),
            |all: &mut Value| all["tags"] = json!(["skip-execution"]),
        ] {
            assert_eq!(notes_of(change), ["the metadata of check were changed, and are as they were handed out again"]);
        }
        // What is no one's business.
        assert!(notes_of(|all| all["scrolled"] = true.into()).is_empty());
        assert!(notes_of(|all| all["nbgrader"]["task"] = false.into()).is_empty());
        let mut cells = given;
        cells.iter_mut().for_each(|cell| cell["metadata"] = json!({ "id": "x" }));
        assert_eq!(prepared(&cells).1, ["the metadata of given, answer, check were lost, and are there again"]);
    }

    #[test]
    fn a_student_s_own_cells_stay_where_they_were() {
        let given = authority().handed_out.cells().to_vec();
        let own =
            |text: &str| json!({ "cell_type": "code", "id": text, "source": text, "metadata": {}, "outputs": [] });
        let (cells, notes) =
            prepared(&[own("a"), given[0].clone(), own("b"), own("c"), given[1].clone(), given[2].clone(), own("d")]);
        let texts: Vec<&str> = cells.iter().map(|(_, text)| text.split(' ').next().unwrap()).collect();
        assert_eq!(texts, ["a", "struct", "b", "c", "fn", "assert!(f()", "d"]);
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(cells[0].0, Role::Own);
    }
}
