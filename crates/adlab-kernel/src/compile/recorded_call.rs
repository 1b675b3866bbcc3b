//! A call of rustc, as cargo made it, to be made again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stand_ins::CELLS;
use super::cache::{self as cells, Entry};
use super::{level, variable_store as store};
use crate::notebook::file::write_atomically;

/// Stands for evcxr's build folder, which each session has for itself.
const HERE: &str = "@BUILD@";

/// A cell, in evcxr's build folder.
const SOURCE: &str = "src/lib.rs";

/// In a session's folder: cells are compiled at the level of cargo's configuration, and no other.
pub const FIXED_LEVEL: &str = "fixed-level";

/// For benchmarks: a file that takes down what rustc was told last.
const LAST_CALL_VAR: &str = "ADLAB_LAST_CALL";

/// Where evcxr expects the library's path.
const LIBRARY_VAR: &str = "EVCXR_EXECUTION_SO_PATH";

#[derive(Serialize, Deserialize)]
pub struct Recipe {
    arguments: Vec<String>,
    /// What cargo sets for rustc.
    environment: BTreeMap<String, String>,
}

/// Everything but the cell that decides how cargo calls rustc.
pub fn key(here: &Path, rustc: &Path, words: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    let compiler = std::fs::metadata(rustc).with_context(|| format!("{} is gone", rustc.display()))?;
    (rustc, compiler.len(), compiler.modified().ok()).hash(&mut hasher);
    std::env::var_os("RUSTFLAGS").hash(&mut hasher);
    // evcxr writes dependencies in any order.
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).context("evcxr has written no Cargo.toml")?;
    let mut lines: Vec<&str> = manifest.lines().collect();
    lines.sort_unstable();
    lines.hash(&mut hasher);
    for file in ["Cargo.lock", ".cargo/config.toml", "../.cargo/config.toml"] {
        std::fs::read(here.join(file)).ok().hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The user has added a crate of their own, whose source may change: cargo has to look.
pub fn has_local_crates(here: &Path) -> bool {
    let read = |name: &str| std::fs::read_to_string(here.join(name)).unwrap_or_default();
    let preloaded = read("../evcxr.toml");
    let manifest = read("Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let paths = dependencies.lines().filter_map(|line| line.split_once("path = \"")?.1.split('"').next());
    paths.into_iter().any(|path| !preloaded.contains(&format!("\"{path}\"")))
}

/// A text with another session's folder, and with this one's.
pub fn rebase(text: &str, here: &Path, forth: bool) -> String {
    let here = here.to_string_lossy();
    if forth { text.replace(HERE, &here) } else { text.replace(&*here, HERE) }
}

impl Recipe {
    /// What this process was called with.
    pub fn of_this_call(words: &[&str]) -> Self {
        let libraries = ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];
        // cargo's job server is gone by then.
        let set_by_cargo =
            |name: &str| name.starts_with("CARGO") && name != "CARGO_MAKEFLAGS" || libraries.contains(&name);
        Recipe {
            arguments: words.iter().map(|&word| word.to_owned()).collect(),
            environment: std::env::vars().filter(|(name, _)| set_by_cargo(name)).collect(),
        }
    }

    pub fn write(&self, place: &Path, here: &Path) -> Result<()> {
        write_atomically(place, rebase(&serde_json::to_string(self)?, here, false).as_bytes())
    }

    /// None where there is none, or a broken one.
    pub fn read(place: &Path, here: &Path) -> Option<Self> {
        let recipe: Recipe = serde_json::from_str(&rebase(&std::fs::read_to_string(place).ok()?, here, true)).ok()?;
        let is_whole = recipe.libraries().all(|path| Path::new(path).exists());
        is_whole.then_some(recipe)
    }

    /// Makes the cell's library. Returns the exit code.
    pub fn cook(&self, rustc: &Path, here: &Path) -> Result<i32> {
        let place = here.join(SOURCE);
        let source = self.prepare(here)?;
        let library = self.library(here);
        let arguments = self.arguments(here, &source);
        let entry = Entry::of(&source, self.all_but_the_source(rustc, here, &arguments)?);
        if let Some(known) = entry.as_ref().and_then(|entry| entry.fetch(&library)) {
            std::fs::write(&place, known)?;
            return tell_evcxr(&library).map(|()| 0);
        }
        let code = run(rustc, &arguments, &self.environment)?;
        if code == 0 {
            let notes = std::fs::read_to_string(library.with_file_name(format!("{CELLS}.d"))).unwrap_or_default();
            if let Some(entry) = entry.filter(|_| has_one_source(&notes)) {
                entry.keep(&library, &source);
            }
            tell_evcxr(&library)?;
        }
        Ok(code)
    }

    /// Simplifies the source that evcxr has written, line for line, and gives it.
    pub fn prepare(&self, here: &Path) -> Result<String> {
        let place = here.join(SOURCE);
        let source = cells::with_one_name(&std::fs::read_to_string(&place).context("evcxr has written no source")?);
        let source = if self.store(here).is_some() { store::put_in(&source) } else { source };
        std::fs::write(&place, &source)?;
        Ok(source)
    }

    /// What rustc is told of this source.
    pub fn arguments(&self, here: &Path, source: &str) -> Vec<String> {
        let optimise = self.has_fixed_level(here) || level::deserves_it(source);
        let mut arguments = Vec::new();
        for word in &self.arguments {
            match word.split_once('=') {
                // What little of a cell could be used again is not worth the keeping.
                Some(("incremental", _)) => drop(arguments.pop()),
                Some(("opt-level", _)) if !optimise => arguments.push("opt-level=0".to_owned()),
                Some(("codegen-units", _)) if !optimise => arguments.push("codegen-units=1".to_owned()),
                Some(("codegen-units", _)) => arguments.push("codegen-units=4".to_owned()),
                _ => arguments.push(word.clone()),
            }
        }
        arguments.extend(self.store(here).iter().flat_map(|library| store::argument(library)));
        arguments
    }

    /// The user has asked for a level (see `:opt`).
    fn has_fixed_level(&self, here: &Path) -> bool {
        here.parent().is_some_and(|session| session.join(FIXED_LEVEL).exists())
    }

    fn store(&self, here: &Path) -> Option<PathBuf> {
        store::library(self.library(here).parent()?)
    }

    /// Checks the source, and makes nothing of it. Returns the exit code.
    pub fn taste(&self, rustc: &Path, here: &Path) -> Result<i32> {
        let lighter = |word: &String| match word {
            word if word.starts_with("--emit=") => "--emit=metadata".to_owned(),
            word => word.clone(),
        };
        run(rustc, &self.arguments(here, "").iter().map(lighter).collect::<Vec<_>>(), &self.environment)
    }

    /// What a cell's library depends on: the compiler, what it is told, and the libraries that it finds.
    fn all_but_the_source(&self, rustc: &Path, here: &Path, arguments: &[String]) -> Result<impl Hash> {
        let state = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.len(), meta.modified().ok()));
        let libraries: Vec<_> = self.libraries().map(|path| state(Path::new(path))).collect();
        let store = self.store(here).as_deref().map(state);
        // The library finds the compiler's own by the way from folder to folder.
        let above = here.parent().and_then(Path::parent).map(Path::to_owned);
        let arguments: Vec<String> = arguments.iter().map(|word| rebase(word, here, false)).collect();
        Ok((rustc.to_owned(), state(rustc), libraries, store, above, arguments))
    }

    /// Those that the cell is linked with.
    fn libraries(&self) -> impl Iterator<Item = &str> {
        let externs = self.arguments.iter().filter_map(|word| word.split_once('=')).map(|(_, path)| path);
        externs.filter(|path| [".so", ".rlib", ".rmeta", ".dylib"].iter().any(|end| path.ends_with(end)))
    }

    /// What comes out.
    pub fn library(&self, here: &Path) -> PathBuf {
        let folder = self.arguments.windows(2).find(|pair| pair[0] == "--out-dir").map_or("", |pair| pair[1].as_str());
        here.join(folder).join(format!("{}{CELLS}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
    }
}

/// Runs rustc, and says what cargo would say of it.
fn run(rustc: &Path, arguments: &[String], environment: &BTreeMap<String, String>) -> Result<i32> {
    if let Some(place) = std::env::var_os(LAST_CALL_VAR) {
        std::fs::write(place, serde_json::to_string(arguments)?)?;
    }
    let mut command = Command::new(rustc);
    command.args(arguments).envs(environment).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut compiler = command.spawn().with_context(|| format!("cannot run {}", rustc.display()))?;
    let mut said = std::io::stdout().lock();
    for line in BufReader::new(compiler.stderr.take().context("rustc has no stderr")?).lines() {
        let line = line?;
        match serde_json::from_str::<Value>(&line) {
            Ok(message) if message["$message_type"] == "diagnostic" => {
                writeln!(said, "{}", json!({ "reason": "compiler-message", "message": message }))?;
            }
            Ok(_) => {}
            // The compiler itself has failed.
            Err(_) => eprintln!("{line}"),
        }
    }
    Ok(compiler.wait()?.code().unwrap_or(101))
}

/// rustc notes what a library was made from: other files, where a cell includes them, and the environment.
fn has_one_source(notes: &str) -> bool {
    let sources = |line: &str| line.split_once(": ").map_or(String::new(), |(_, sources)| sources.trim().to_owned());
    notes.contains(": ")
        && notes.lines().map(sources).all(|all| ["", "src/lib.rs"].contains(&all.as_str()))
        && !notes.contains("# env-dep:")
}

pub fn tell_evcxr(library: &Path) -> Result<()> {
    match std::env::var_os(LIBRARY_VAR) {
        Some(place) => Ok(std::fs::write(place, library.to_string_lossy().as_bytes())?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_read_other_files_are_noticed() {
        assert!(has_one_source("/t/ctx.d: src/lib.rs\n\n/t/libctx.so: src/lib.rs\n\nsrc/lib.rs:\n"));
        assert!(!has_one_source("/t/ctx.d: src/lib.rs src/data.txt\n\nsrc/lib.rs:\nsrc/data.txt:\n"));
        assert!(!has_one_source("/t/ctx.d: src/lib.rs\n\n# env-dep:HOME=/root\n"));
        assert!(!has_one_source(""));
    }
}
