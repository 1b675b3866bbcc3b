//! Makes every definition replaceable, and removable.
//!
//! evcxr replaces a named item when it is defined again, and keeps an unnamed one, an `impl`, for ever; but an unnamed item
//! that follows a named one in its cell belongs to it. So a named marker goes before each top-level `impl`, on the same
//! line, and the `impl` that a student corrects takes the place of the wrong one. An item is removed by one of its name
//! that is configured out.

use std::collections::{BTreeMap, BTreeSet};

use evcxr::CompilationError;
use serde_json::Value;

use super::plan::{Key, Plan, configured_out};
use crate::cell::annotated::MARKER;
use crate::cell::syntax::{self, Impl, Item, Kind};

/// The definitions that are in force.
#[derive(Default, Clone)]
pub struct Definitions {
    pub(super) known: BTreeMap<Key, Known>,
    /// Of a definition whose place one of another cell has taken, the earlier ones: they come back when that one goes.
    earlier: BTreeMap<Key, Vec<(Key, Known)>>,
    /// Those that are gone, and what became of them.
    former: BTreeMap<Key, Former>,
    /// Those of which a newer version did not compile, each with the cell that has it.
    pub(super) outdated: BTreeMap<Key, usize>,
    /// What has no name, and so can't be replaced.
    nameless: BTreeSet<String>,
}

/// One that is gone.
#[derive(Clone)]
struct Former {
    title: String,
    /// The name of the type that it was the `impl` of.
    target: Option<String>,
    fate: String,
}

/// One of them, and where it comes from.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) title: String,
    pub(super) text: String,
    /// As evcxr has it.
    pub(super) code: String,
    pub(super) cell_id: Option<String>,
    /// The cell's execution count.
    pub(super) number: usize,
    pub(super) details: Option<Impl>,
}

impl Definitions {
    /// The cell has been committed.
    pub fn commit(&mut self, plan: &Plan, without: &BTreeSet<Key>, number: usize) {
        if plan.cell_id.is_some() {
            // A cell has one definition of a name: what it had before is no longer to come back.
            for earlier in self.earlier.values_mut() {
                earlier.retain(|(_, known)| known.cell_id != plan.cell_id);
            }
        }
        for (old, new) in &plan.replaced {
            if let Some(known) = self.known.get(old) {
                self.earlier.entry(new.clone()).or_default().push((old.clone(), known.clone()));
            }
        }
        for key in plan.replaced.keys().chain(without) {
            if let Some(known) = self.known.remove(key) {
                let number = known.number;
                let fate = match plan.removed.contains(key) {
                    true => format!("cell [{number}] defined it, and no longer did when it ran again"),
                    false => {
                        format!("what cell [{number}] defined did not fit a later cell; run cell [{number}] again")
                    }
                };
                let target = known.details.map(|details| details.target);
                self.former.insert(key.clone(), Former { title: known.title, target, fate });
            }
        }
        for (item, keys) in &plan.items {
            if keys.is_empty() {
                self.nameless.insert(item.text.clone());
            }
            for key in keys {
                let known = Known {
                    title: item.title.clone(),
                    text: item.text.clone(),
                    code: item.code(),
                    cell_id: plan.cell_id.clone(),
                    number,
                    details: match &item.kind {
                        Kind::Impl(details) => Some(details.clone()),
                        _ => None,
                    },
                };
                self.former.remove(key);
                self.outdated.remove(key);
                let before = self.known.insert(key.clone(), known);
                // A front end that names no cells could never say that a definition is gone.
                if let Some(before) = before.filter(|before| {
                    before.cell_id.is_some() && plan.cell_id.is_some() && before.cell_id != plan.cell_id
                }) {
                    self.earlier.entry(key.clone()).or_default().push((key.clone(), before));
                }
            }
        }
        self.earlier.retain(|_, earlier| !earlier.is_empty());
    }

    /// Puts earlier definitions of other cells back in force where one of these, which stood in their place, goes.
    pub fn hand_back(&mut self, keys: &BTreeSet<Key>) -> HandedBack {
        let mut handed = HandedBack::default();
        for key in keys {
            let Some((earlier, known)) = self.earlier.get_mut(key).and_then(Vec::pop) else { continue };
            let Some(later) = self.known.remove(key) else { continue };
            handed.code.insert(swap(key, &earlier, &known));
            handed.undo.insert(swap(&earlier, key, &later));
            handed.note += &format!("note: `{}` is that of cell [{}] again\n", known.title, known.number);
            self.known.insert(earlier.clone(), known.clone());
            handed.swapped.push((key.clone(), later, earlier, known));
        }
        handed
    }

    /// The cell did not run after all.
    pub fn take_back(&mut self, handed: HandedBack) {
        for (key, later, earlier, known) in handed.swapped {
            self.known.remove(&earlier);
            self.known.insert(key.clone(), later);
            self.earlier.entry(key).or_default().push((earlier, known));
        }
    }

    /// The definitions of other cells that no longer compile with what the cell defines; none if the cell has an error of
    /// its own.
    pub fn that_do_not_fit(&self, errors: &[CompilationError], generated: &str, plan: &Plan) -> BTreeSet<Key> {
        let (mut found, mut in_conflict) = (BTreeSet::new(), BTreeSet::new());
        let mut are_all_of_others = true;
        for error in errors.iter().filter(|error| error.level() == "error") {
            // Two that can't be there at once: the older one gives way.
            let conflict = matches!(error.code(), Some("E0119" | "E0428" | "E0592"));
            let spans = error.json["spans"].as_array().into_iter().flatten();
            let places = spans.filter(|span| conflict || span["is_primary"] == true);
            let keys: Vec<Option<Key>> = places
                .map(|span| key_at_line(generated, call_site(span)["line_start"].as_u64().unwrap_or(0) as usize))
                .map(|key| key.filter(|key| self.known.contains_key(key) && !plan.defines(key)))
                .collect();
            are_all_of_others &= conflict || !keys.is_empty() && !keys.contains(&None);
            if conflict {
                in_conflict.extend(keys.iter().flatten().cloned());
            }
            found.extend(keys.into_iter().flatten());
        }
        // What else is wrong may come of it, and is seen when the older one is gone.
        if are_all_of_others { found } else { in_conflict }
    }

    /// The text of what is in force beside a cell's own definitions.
    pub fn beside(&self, plan: &Plan, without: &BTreeSet<Key>) -> String {
        let gone = |key: &Key| plan.defines(key) || plan.replaced.contains_key(key) || without.contains(key);
        let named = self.known.iter().filter(|(key, _)| !gone(key)).map(|(_, known)| &known.text);
        // Several names of one `use` have the same text.
        let texts: BTreeSet<&String> = self.nameless.iter().chain(named).collect();
        texts.into_iter().flat_map(|text| [text, "\n"]).collect()
    }

    /// The text of all that is in force.
    pub fn text(&self) -> String {
        self.beside(&Plan::default(), &BTreeSet::new())
    }

    /// The text of the macro that `title`, a name with an exclamation mark, calls; nothing if it is not the notebook's.
    pub fn macro_text(&self, title: &str) -> String {
        self.known.get(title.trim_end_matches('!')).map(|known| known.text.clone()).unwrap_or_default()
    }

    /// The same, as evcxr has it.
    pub fn code(&self) -> String {
        let codes: BTreeSet<&String> = self.known.values().map(|known| &known.code).collect();
        codes.into_iter().flat_map(|code| [code, "\n"]).collect()
    }

    /// The cell that defines a name now.
    pub fn cell_of(&self, name: &str) -> Option<usize> {
        self.known.get(name).map(|known| known.number)
    }

    /// The definitions of a cell that are in force.
    pub fn of_cell(&self, id: &str) -> BTreeSet<Key> {
        let own = self.known.iter().filter(|(_, known)| known.cell_id.as_deref() == Some(id));
        own.map(|(key, _)| key.clone()).collect()
    }

    /// What became of a name that was defined once.
    pub fn former(&self, name: &str) -> Option<&str> {
        self.former.get(name).map(|former| former.fate.as_str())
    }

    /// What became of an `impl` of a type of this name.
    pub fn former_impl(&self, ty: &str) -> Option<String> {
        let former = self.former.values().find(|former| former.target.as_deref() == Some(ty))?;
        let Former { title, fate, .. } = former;
        Some(match fate.strip_suffix(" when it ran again").and_then(|fate| fate.split_once(" it, ")) {
            Some((defined, rest)) => format!("{defined} `{title}`, {rest} when it ran again"),
            None => format!("`{title}` is gone: {fate}"),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.former.is_empty()
    }

    /// Says of definitions that they are gone: one line, in the order of their cells.
    pub fn farewell(&self, keys: &BTreeSet<Key>) -> String {
        let mut cells: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for known in keys.iter().filter_map(|key| self.known.get(key)) {
            cells.entry(known.number).or_default().insert(&known.title);
        }
        let quoted = |titles: &BTreeSet<&str>| titles.iter().map(|title| format!("`{title}`")).collect::<Vec<_>>();
        let of_cell =
            |(number, titles): (&usize, &BTreeSet<&str>)| format!("{} of cell [{number}]", list(&quoted(titles)));
        let all: Vec<String> = cells.iter().map(of_cell).collect();
        match (cells.len(), cells.values().map(BTreeSet::len).sum::<usize>()) {
            (0, _) => String::new(),
            (_, 1) => format!(
                "note: {} does not fit this cell's definitions, and is gone; correct it and run it again\n",
                all.concat()
            ),
            (count, _) => format!(
                "note: these do not fit this cell's definitions, and are gone: {}; correct {} and run {} again\n",
                all.join("; "),
                if count == 1 { "the cell" } else { "these cells" },
                if count == 1 { "it" } else { "them" },
            ),
        }
    }

    /// Says which methods of other cells a cell's `impl`s have put away without having them.
    pub fn missed(&self, plan: &Plan) -> String {
        let new: BTreeSet<&String> = plan
            .items
            .iter()
            .filter_map(|(item, _)| match &item.kind {
                Kind::Impl(details) => Some(&details.members),
                _ => None,
            })
            .flatten()
            .collect();
        let mut note = String::new();
        for known in plan.replaced.keys().filter_map(|old| self.known.get(old)) {
            let members = known.details.iter().flat_map(|details| &details.members);
            let missed: Vec<String> = members.filter(|m| !new.contains(m)).map(|m| format!("`{m}`")).collect();
            if !missed.is_empty() {
                note += &format!(
                    "note: this cell's `{title}` takes the place of that of cell [{number}], and {missed} {are} gone with it; \
                     write what you need of it in this cell too\n",
                    title = known.title,
                    number = known.number,
                    missed = missed.join(", "),
                    are = if missed.len() == 1 { "is" } else { "are" },
                );
            }
        }
        note
    }
}

/// Definitions that are in force again, and what it takes.
#[derive(Default)]
pub struct HandedBack {
    /// What evcxr has to run.
    pub code: BTreeSet<String>,
    /// And what to run if the cell fails.
    pub undo: BTreeSet<String>,
    pub note: String,
    /// The later definition and the earlier one, with their keys.
    swapped: Vec<(Key, Known, Key, Known)>,
}

impl HandedBack {
    pub fn is_empty(&self) -> bool {
        self.swapped.is_empty()
    }
}

/// `a, b and c`
pub(super) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The code that puts one definition in the place of another.
fn swap(gone: &str, key: &str, known: &Known) -> String {
    let gone = if gone == key { String::new() } else { configured_out(gone) };
    match known.details {
        Some(_) => format!("{gone}const {key}: () = (); {}", known.code),
        None => gone + &known.code,
    }
}

impl Known {
    /// An `impl` of the type of this name.
    pub(super) fn is_of(&self, name: &str) -> bool {
        self.details.as_ref().is_some_and(|details| details.target == name)
    }
}

/// Where the macro is called whose text an error is in, or the place itself.
fn call_site(span: &Value) -> &Value {
    match &span["expansion"]["span"] {
        Value::Null => span,
        outer => call_site(outer),
    }
}

fn key_at_line(generated: &str, line: usize) -> Option<Key> {
    let (item, before) = syntax::item_at_line(generated, line)?;
    let name = |item: &Item| match &item.kind {
        Kind::Named(names) => names.first().cloned(),
        Kind::Type(name) => Some(name.clone()),
        Kind::Impl(_) | Kind::Call => None,
    };
    match item.kind {
        Kind::Impl(_) | Kind::Call => before.and_then(|before| name(&before)).filter(|key| key.starts_with(MARKER)),
        _ => name(&item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Cell;

    fn cell(code: &str, id: Option<&str>) -> Cell {
        Cell::read(code, id, 1).unwrap()
    }

    fn run(definitions: &mut Definitions, code: &str, id: Option<&str>) -> String {
        let cell = cell(code, id);
        let plan = definitions.plan(&cell);
        let marked = plan.annotate(&cell, &plan.removed, &[]).code;
        definitions.commit(&plan, &plan.removed, 1);
        marked
    }

    /// The markers that a cell gets, in a session of its own.
    fn markers(code: &str, id: Option<&str>) -> Vec<String> {
        let plan = Definitions::default().plan(&cell(code, id));
        plan.items
            .iter()
            .filter(|(item, _)| matches!(item.kind, Kind::Impl(_)))
            .flat_map(|(_, keys)| keys.clone())
            .collect()
    }

    #[test]
    fn a_corrected_impl_keeps_its_marker() {
        for id in [None, Some("cell")] {
            let wrong = markers("impl Add for D { fn add(self) -> D { todo!() } }", id);
            let right = markers("impl Add for D {\n  fn add(self) -> D { self }\n}", id);
            assert_eq!(wrong, right);
            let methods = markers("impl D { fn new() -> D { todo!() } }", id);
            assert_eq!(methods, markers("impl D { fn new() -> D { D } fn two() {} }", id));
            assert_ne!(wrong, methods);
        }
    }

    #[test]
    fn different_impls_have_different_markers() {
        let all = markers("impl A for D {}\nimpl A for E {}\nimpl D { fn a() {} }\nimpl D { fn b() {} }", Some("x"));
        assert_eq!((all.len(), BTreeSet::from_iter(&all).len()), (4, 4));
        assert_ne!(markers("impl D { fn a() {} }", Some("x")), markers("impl D { fn a() {} }", Some("y")));
        assert_ne!(markers("impl D { fn a() {} }", None), markers("impl D { fn b() {} }", None));
    }

    #[test]
    fn methods_that_move_take_the_place_of_themselves() {
        for id in [None, Some("another cell")] {
            let mut definitions = Definitions::default();
            let first = run(&mut definitions, "impl D { fn a() {} fn b() {} }", Some("cell"));
            let marker = first.split([' ', ':']).nth(1).unwrap();
            let second = run(&mut definitions, "impl D { fn b() {} }", id);
            assert!(second.starts_with(&format!("#[cfg(any())] const {marker}: () = (); const _ADLAB_")), "{second}");
            assert_eq!(definitions.known.len(), 1);
        }
    }

    #[test]
    fn what_stood_behind_a_definition_comes_back() {
        let mut definitions = Definitions::default();
        run(&mut definitions, "fn f() -> i32 { 1 } impl D { fn a() {} fn b() {} }", Some("a"));
        let plan = definitions.plan(&cell("fn f() -> i32 { 2 } impl D { fn b() {} }", Some("b")));
        assert!(definitions.missed(&plan).contains("cell [1], and `a` is gone with it"));
        run(&mut definitions, "fn f() -> i32 { 2 } impl D { fn b() {} }", Some("b"));
        let removed = definitions.plan(&cell("", Some("b"))).removed;
        assert_eq!(removed.len(), 2);
        let handed = definitions.hand_back(&removed);
        assert!(handed.code.contains("fn f() -> i32 { 1 }") && handed.undo.contains("fn f() -> i32 { 2 }"));
        let of_d = handed.code.iter().find(|code| code.contains("impl D")).unwrap();
        assert!(of_d.starts_with("#[cfg(any())] const _ADLAB_") && of_d.ends_with("fn a() {} fn b() {} }"), "{of_d}");
        assert_eq!(
            (
                definitions.plan(&cell("", Some("b"))).removed.len(),
                definitions.plan(&cell("", Some("a"))).removed.len()
            ),
            (0, 2)
        );
        definitions.take_back(handed);
        assert_eq!(definitions.plan(&cell("", Some("b"))).removed, removed);
        // The first cell dropped it meanwhile: nothing is left to come back.
        run(&mut definitions, "", Some("a"));
        assert!(definitions.hand_back(&removed).code.is_empty());
    }

    #[test]
    fn what_a_cell_no_longer_defines_goes() {
        let mut definitions = Definitions::default();
        run(&mut definitions, "fn one() {} fn two() {} use std::ops::{Add, Mul}; impl D {}", Some("a"));
        run(&mut definitions, "fn two() {}", Some("b"));
        let again = run(&mut definitions, ":dep x\n// note\nfn one() {} use std::ops::Mul;", Some("a"));
        let removed = again.strip_prefix("      \n// note\n").unwrap();
        assert!(removed.starts_with("#[cfg(any())] const Add: () = (); #[cfg(any())] const _ADLAB_"), "{again}");
        assert!(!removed.contains("const two") && removed.ends_with("fn one() {} use std::ops::Mul;"), "{again}");
        assert_eq!(definitions.known.keys().collect::<Vec<_>>(), ["Mul", "one", "two"]);
        let nameless = run(&mut definitions, "fn one() {}", None);
        assert_eq!(nameless, "fn one() {}");
    }

    #[test]
    fn a_type_that_is_defined_again_is_noticed() {
        let mut definitions = Definitions::default();
        assert!(!definitions.plan(&cell("struct S;", None)).may_change_types);
        run(&mut definitions, "struct S; fn f() {}", None);
        assert!(definitions.plan(&cell("enum S {}", None)).may_change_types);
        assert!(!definitions.plan(&cell("fn f() {} struct T;", None)).may_change_types);
    }

    #[test]
    fn lines_stay_and_columns_map_back() {
        let code = "let x = 1;\n  impl D { fn ε() {} } impl E {}\n";
        let mut definitions = Definitions::default();
        run(&mut definitions, "fn gone() {}", Some("a"));
        let plan = definitions.plan(&cell(code, Some("a")));
        let marked = plan.annotate(&cell(code, Some("a")), &plan.removed, &[]);
        assert_eq!(marked.code.lines().count(), code.lines().count());
        for (line, words) in [(1, ["let x", "= 1", ";"]), (2, ["impl D", "ε()", "impl E"])] {
            let (before, after) = (code.lines().nth(line - 1).unwrap(), marked.code.lines().nth(line - 1).unwrap());
            for word in words {
                let column = |text: &str| text[..text.rfind(word).unwrap()].chars().count() + 1;
                assert_eq!(marked.original_column(line, column(after)), column(before), "{word}");
            }
        }
    }

    #[test]
    fn an_item_of_the_generated_source_is_found_again() {
        let generated = "fn a() {\n  1\n}\nconst _ADLAB_1: () = (); impl S {\n  fn b() {}\n}\nimpl T {}";
        assert_eq!(key_at_line(generated, 2).as_deref(), Some("a"));
        assert_eq!(key_at_line(generated, 5).as_deref(), Some("_ADLAB_1"));
        assert_eq!(key_at_line(generated, 7), None);
    }
}
