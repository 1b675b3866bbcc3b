//! Cells that were compiled before.
//!
//! A notebook that runs again, from the top or in another session, has cells that nobody needs to compile again. A cell's
//! library is kept under everything that it was made from: the compiler and its arguments, the libraries that it is linked
//! with, and its source. Nothing is taken on trust: an entry holds the source that it stands for and a checksum, and one
//! that does not fit is as good as none.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use serde::{Deserialize, Serialize};

use super::generated::Generated;
use crate::assumptions::{ONE_FUNCTION, PACKAGE, SOURCE as CELL, STORE_CALLS};
use crate::cell::annotated::MARKER;
use crate::runtime::entry;
use crate::system::files::create_private;

/// A folder for the cells; `0` is none.
pub const FOLDER_VAR: &str = "ADLAB_CELL_CACHE";

/// How much is kept: a library has 40 KB, most often.
const MOST_ENTRIES: usize = 1000;
const LARGEST: u64 = 256 << 10;

const LIBRARY: &str = "library";
const SOURCE: &str = "source";
/// The form of the source as evcxr had written it.
const FORM: &str = "form";
const CHECKSUM: &str = "checksum";

/// A cell that is about to be compiled.
#[derive(Serialize, Deserialize)]
pub struct CompiledCell {
    folder: PathBuf,
    key: String,
    normal: String,
}

/// Where compiled cells are kept, if they are.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER_VAR).filter(|folder| folder != "0").map(PathBuf::from)
}

impl CompiledCell {
    /// `made_from` is all but the source.
    pub fn of(source: &Generated, made_from: impl Hash) -> Option<Self> {
        let folder = folder()?;
        let normal = normal_form(source)?;
        let mut hasher = DefaultHasher::new();
        (made_from, &normal).hash(&mut hasher);
        Some(CompiledCell { folder, key: format!("{:016x}", hasher.finish()), normal })
    }

    /// What it was made from, in a word.
    pub fn key(&self) -> &str {
        &self.key
    }

    fn place(&self) -> PathBuf {
        self.folder.join(&self.key)
    }

    /// There is one, sound or not.
    pub fn is_kept(&self) -> bool {
        self.place().join(LIBRARY).exists()
    }

    /// Puts the library in its place, and gives the very source that it was compiled from: its items may stand in another
    /// order, and a panic names a line of it.
    pub fn fetch(&self, library: &Path) -> Option<String> {
        let place = self.place();
        let source = fs::read_to_string(place.join(SOURCE)).ok()?;
        let bytes = fs::read(place.join(LIBRARY)).ok()?;
        let sum = fs::read_to_string(place.join(CHECKSUM)).ok()?;
        let form = fs::read_to_string(place.join(FORM)).ok()?;
        if sum != checksum(&bytes, &source, &form) || form != self.normal {
            let _ = fs::remove_dir_all(&place);
            return None;
        }
        // A library that is loaded must not be written to: a new file, not a new content.
        let _ = fs::remove_file(library);
        fs::write(library, bytes).ok()?;
        let _ = fs::File::open(&place).and_then(|entry| entry.set_modified(SystemTime::now()));
        Some(source)
    }

    /// Keeps the library, if it was made from this source alone. A cache that can't be written is no reason to fail.
    pub fn keep_if_alone(&self, library: &Path, source: &str) {
        if can_be_kept(library, |source| source == CELL) {
            self.keep(library, source, "");
        }
    }

    /// Keeps the library with the name of its entry, which is one of several.
    pub fn keep_with_entry(&self, library: &Path, source: &str) {
        self.keep(library, source, &self.entry());
    }

    /// What its entry is called among others.
    pub fn entry(&self) -> String {
        entry::name(&self.key)
    }

    fn keep(&self, library: &Path, source: &str, end: &str) {
        let _ = self.try_to_keep(library, source, end);
    }

    fn try_to_keep(&self, library: &Path, source: &str, end: &str) -> Result<()> {
        let mut bytes = fs::read(library)?;
        bytes.extend(end.bytes());
        create_private(&self.folder)?;
        self.make_room()?;
        // Beside its place first: nobody sees half of it.
        let new = tempfile::Builder::new().prefix("new-").tempdir_in(&self.folder)?;
        fs::write(new.path().join(SOURCE), source)?;
        fs::write(new.path().join(FORM), &self.normal)?;
        fs::write(new.path().join(CHECKSUM), checksum(&bytes, source, &self.normal))?;
        fs::write(new.path().join(LIBRARY), bytes)?;
        fs::rename(new.path(), self.place())?;
        let _ = new.keep();
        Ok(())
    }

    /// Those that nobody has asked for the longest go.
    fn make_room(&self) -> Result<()> {
        let entries: Vec<PathBuf> = fs::read_dir(&self.folder)?.flatten().map(|entry| entry.path()).collect();
        if entries.len() < MOST_ENTRIES {
            return Ok(());
        }
        let age = |path: &PathBuf| path.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut entries: Vec<(SystemTime, PathBuf)> = entries.into_iter().map(|path| (age(&path), path)).collect();
        entries.sort();
        for (_, path) in entries.drain(..MOST_ENTRIES / 4) {
            let _ = fs::remove_dir_all(path);
        }
        Ok(())
    }
}

/// A library is small enough, and was made from sources that are expected.
pub fn can_be_kept(library: &Path, expected: impl Fn(&str) -> bool) -> bool {
    let notes = fs::read_to_string(library.with_file_name(format!("{PACKAGE}.d"))).unwrap_or_default();
    library.metadata().is_ok_and(|meta| meta.len() <= LARGEST) && has_sources(&notes, expected)
}

/// rustc notes what a library was made from: other files, where a cell includes them, and the environment.
fn has_sources(notes: &str, expected: impl Fn(&str) -> bool) -> bool {
    let sources = |line: &str| line.split_once(": ").map_or(String::new(), |(_, sources)| sources.trim().to_owned());
    notes.contains(": ")
        && notes.lines().map(sources).all(|all| all.split_whitespace().all(&expected))
        && !notes.contains("# env-dep:")
}

fn checksum(library: &[u8], source: &str, form: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (library, source, form).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Two sources with the same form are the same program: evcxr writes items, and the lines by which it loads and stores
/// variables, in any order.
fn normal_form(source: &Generated) -> Option<String> {
    let file = source.is_whole.then_some(&source.file)?;
    let mut items: Vec<String> = Vec::new();
    let mut marker = String::new();
    for item in file.items() {
        let text = item.syntax().text().to_string();
        // What follows a marker belongs to it.
        if text.starts_with(&format!("const {MARKER}")) {
            marker = text;
            continue;
        }
        let name = match &item {
            ast::Item::Fn(function) => function.name().map(|name| name.text().to_string()),
            _ => None,
        };
        // evcxr counts its builds in it.
        let text = match name.filter(|name| name.starts_with(ONE_FUNCTION)) {
            Some(name) => sorted_lines(&text).replacen(&name, ONE_FUNCTION, 1),
            None => text,
        };
        items.push(std::mem::take(&mut marker) + &text);
    }
    let attributes = file.syntax().children().filter(|node| ast::Attr::can_cast(node.kind()));
    items.extend(attributes.map(|attribute| attribute.text().to_string()));
    items.sort_unstable();
    Some(items.join("\n"))
}

/// Sorts each run of lines that load or store variables.
fn sorted_lines(text: &str) -> String {
    let kind = |line: &str| STORE_CALLS.iter().position(|call| line.contains(call));
    let lines: Vec<&str> = text.lines().collect();
    let runs = lines.chunk_by(|a, b| kind(a).is_some() && kind(a) == kind(b));
    let sorted = runs.flat_map(|run| {
        let mut run = run.to_vec();
        run.sort_unstable();
        run
    });
    sorted.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::{Edition, SourceFile};

    fn read(source: &str) -> Generated {
        let parsed = SourceFile::parse(source, Edition::Edition2024);
        Generated { text: source.to_owned(), file: parsed.tree(), is_whole: parsed.errors().is_empty() }
    }

    fn entry(folder: &Path, source: &str, made_from: &str) -> CompiledCell {
        let normal = normal_form(&read(source)).unwrap();
        let mut hasher = DefaultHasher::new();
        (made_from, &normal).hash(&mut hasher);
        CompiledCell { folder: folder.to_owned(), key: format!("{:016x}", hasher.finish()), normal }
    }

    #[test]
    fn the_order_of_items_and_variables_does_not_matter_and_all_else_does() {
        let first = "#![a]\nfn f() {}\nconst _ADLAB_1: () = (); impl S {}\npub fn run_user_code_1(\nx: u8) {\nlet a = \
                     evcxr_variable_store.take_variable::<A>(\"a\");\nlet b = evcxr_variable_store.take_variable::<B>(\"b\");\n\
                     g();\nh();\n}";
        let second = "#![a]\nconst _ADLAB_1: () = (); impl S {}\nfn f() {}\npub fn run_user_code_23(\nx: u8) {\nlet b = \
                      evcxr_variable_store.take_variable::<B>(\"b\");\nlet a = evcxr_variable_store.take_variable::<A>(\"a\");\n\
                      g();\nh();\n}";
        let normal_form = |source: &str| normal_form(&read(source));
        assert_eq!(normal_form(first), normal_form(second));
        let other_order = second.replace("g();\nh();", "h();\ng();");
        assert_ne!(normal_form(second), normal_form(&other_order));
        assert_ne!(normal_form(second), normal_form(&second.replace("fn f()", "fn e()")));
        assert_eq!(normal_form("fn f( {"), None);
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_broken_is_not() {
        let base = tempfile::tempdir().unwrap();
        let (folder, library) = (base.path().join("cells"), base.path().join("lib.so"));
        let source = "fn a() {}\nfn b() {}";
        fs::write(&library, b"library").unwrap();
        entry(&folder, source, "flags").keep(&library, source, "");
        fs::remove_file(&library).unwrap();
        let found = |source: &str, flags: &str| entry(&folder, source, flags).fetch(&library);
        assert_eq!(found("fn b() {}\nfn a() {}", "flags").as_deref(), Some(source));
        assert_eq!(fs::read(&library).unwrap(), b"library");
        assert_eq!((found(source, "other flags"), found("fn a() {}", "flags")), (None, None));
        // A bit has changed, or half is missing: it is removed, and compiled anew.
        for (file, content) in
            [(LIBRARY, &b"librarx"[..]), (SOURCE, b"fn a() {}"), (CHECKSUM, b""), (FORM, b"x"), (LIBRARY, b"")]
        {
            entry(&folder, source, "flags").keep(&library, source, "");
            let place = entry(&folder, source, "flags").place();
            fs::write(place.join(file), content).unwrap();
            assert_eq!(found(source, "flags"), None, "{file}");
            assert!(!place.exists());
            fs::write(&library, b"library").unwrap();
        }
    }

    #[test]
    fn cells_that_read_other_files_are_noticed() {
        let has_one_source = |notes| has_sources(notes, |source| source == CELL);
        assert!(has_one_source("/t/ctx.d: src/lib.rs\n\n/t/libctx.so: src/lib.rs\n\nsrc/lib.rs:\n"));
        assert!(!has_one_source("/t/ctx.d: src/lib.rs src/data.txt\n\nsrc/lib.rs:\nsrc/data.txt:\n"));
        assert!(!has_one_source("/t/ctx.d: src/lib.rs\n\n# env-dep:HOME=/root\n"));
        assert!(!has_one_source(""));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let base = tempfile::tempdir().unwrap();
        let library = base.path().join("lib.so");
        fs::write(&library, b"library").unwrap();
        let folder = base.path().join("cells");
        for number in 0..MOST_ENTRIES + 10 {
            let source = format!("fn f{number}() {{}}");
            entry(&folder, &source, "flags").keep(&library, &source, "");
        }
        let count = fs::read_dir(&folder).unwrap().count();
        assert!((MOST_ENTRIES / 2..=MOST_ENTRIES).contains(&count), "{count}");
        fs::write(&library, vec![0; LARGEST as usize + 1]).unwrap();
        fs::write(library.with_file_name(format!("{PACKAGE}.d")), "ctx.so: src/lib.rs").unwrap();
        entry(&folder, "fn large() {}", "flags").keep_if_alone(&library, "fn large() {}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), count);
    }
}
