//! A call of rustc, as cargo made it, to be made again.

use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::hash::Hash;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::ahead::{self, Found, Job, Jobs};
use super::cache::CompiledCell;
use super::generated::Generated;
use super::key::Places;
use super::rustc::run;
use super::{level, linker, preloaded};
use crate::assumptions::{LIBRARY_PATH_VAR, PACKAGE, SOURCE};
use crate::cell::LIBRARY;
use crate::system::files::write_atomically;

/// In a session's folder: cells are compiled at the level of cargo's configuration, and no other.
pub const FIXED_LEVEL: &str = "fixed-level";

#[derive(Serialize, Deserialize)]
pub struct RecordedCall {
    arguments: Vec<String>,
    /// What cargo sets for rustc.
    environment: BTreeMap<String, String>,
}

impl RecordedCall {
    /// What this process was called with.
    pub fn of_this_process(words: &[&str]) -> Self {
        let libraries = ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];
        // cargo's job server is gone by then.
        let set_by_cargo =
            |name: &str| name.starts_with("CARGO") && name != "CARGO_MAKEFLAGS" || libraries.contains(&name);
        RecordedCall {
            arguments: words.iter().map(|&word| word.to_owned()).collect(),
            environment: std::env::vars().filter(|(name, _)| set_by_cargo(name)).collect(),
        }
    }

    pub fn write(&self, place: &Path, places: Places) -> Result<()> {
        write_atomically(place, places.in_json().abstracted(&serde_json::to_string(self)?).as_bytes())
    }

    /// None where there is none, or a broken one.
    pub fn read(place: &Path, places: Places) -> Option<Self> {
        let text = places.in_json().here(&std::fs::read_to_string(place).ok()?);
        let call: RecordedCall = serde_json::from_str(&text).ok()?;
        let is_whole = call.libraries().all(|path| Path::new(path).exists());
        is_whole.then_some(call)
    }

    /// Makes the cell's library. Returns the exit code.
    pub fn compile(&self, rustc: &Path, here: &Path) -> Result<i32> {
        let place = here.join(SOURCE);
        let source = self.prepare(here)?;
        let library = self.library(here);
        let arguments = self.arguments(here, &source)?;
        let Some(kept) = CompiledCell::of(&source, self.all_but_the_source(rustc, here, &arguments)?) else {
            return self.make(rustc, here, &arguments, &library);
        };
        let (jobs, key) = (Jobs::beside(&library), kept.key().to_owned());
        let known = kept.fetch(&library).or_else(|| {
            jobs.await_or_take(&key);
            kept.fetch(&library)
        });
        if let Some(known) = known {
            std::fs::write(&place, known)?;
            ahead::note(here, &Found::Ready(key));
            return tell_evcxr(&library).map(|()| 0);
        }
        if let Some(messages) = jobs.refusal(&key, &source.text) {
            ahead::note(here, &Found::Ready(key));
            ahead::say_again(&messages);
            return Ok(1);
        }
        ahead::note(here, &Found::Made(key));
        let code = self.make(rustc, here, &arguments, &library)?;
        if code == 0 {
            kept.keep_if_alone(&library, &source.text);
        }
        Ok(code)
    }

    fn make(&self, rustc: &Path, here: &Path, arguments: &[String], library: &Path) -> Result<i32> {
        let code = run(rustc, here, arguments, &self.environment)?;
        if code == 0 {
            tell_evcxr(library)?;
        }
        Ok(code)
    }

    /// Seems to make the cell's library, and leaves what there is to do as a job. Returns the exit code.
    pub fn rehearse(&self, rustc: &Path, here: &Path) -> Result<i32> {
        let source = self.prepare(here)?;
        let library = self.library(here);
        let jobs = Jobs::beside(&library);
        let arguments = self.arguments(here, &source)?;
        let kept = CompiledCell::of(&source, self.all_but_the_source(rustc, here, &arguments)?);
        if let Some(kept) = kept.filter(|_| !ahead::reads_more(&source.file)) {
            let key = kept.key().to_owned();
            if let Some(messages) = jobs.refusal(&key, &source.text) {
                ahead::note(here, &Found::Ready(key));
                ahead::say_again(&messages);
                return Ok(1);
            }
            if kept.is_kept() {
                ahead::note(here, &Found::Ready(key));
            } else {
                let (rustc, here) = (rustc.to_owned(), here.to_owned());
                let job = Job { rustc, here: here.clone(), arguments, environment: self.environment.clone(), kept };
                jobs.leave(&job, &source.text)?;
                ahead::note(&here, &Found::Left(key.clone(), jobs.folder(&key)));
            }
        }
        tell_evcxr(&jobs.nowhere()?)?;
        Ok(0)
    }

    /// Seems to make a library of which nothing is wanted.
    pub fn pretend(&self, here: &Path) -> Result<i32> {
        tell_evcxr(&Jobs::beside(&self.library(here)).nowhere()?)?;
        Ok(0)
    }

    /// Simplifies the source that evcxr has written, line for line, and gives it.
    pub fn prepare(&self, here: &Path) -> Result<Generated> {
        let place = here.join(SOURCE);
        let written = std::fs::read_to_string(&place).context("evcxr has written no source")?;
        if let Some(folder) = self.library(here).parent() {
            std::fs::create_dir_all(folder)?;
        }
        let source = Generated::simplified(written, LIBRARY)?;
        std::fs::write(&place, &source.text)?;
        Ok(source)
    }

    /// What rustc is told of this source.
    pub fn arguments(&self, here: &Path, source: &Generated) -> Result<Vec<String>> {
        let optimise = self.has_fixed_level(here) || level::is_worth_optimising(&source.file);
        self.arguments_at(here, &source.text, optimise)
    }

    fn arguments_at(&self, here: &Path, source: &str, optimise: bool) -> Result<Vec<String>> {
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
        let linker = linker::of_cell(here, source);
        if cfg!(target_os = "linux") {
            // Of what cells export, statics are shared with earlier cells (see `statics`), functions are not.
            arguments.push(linker::word(&linker, "-Bsymbolic-functions"));
        }
        arguments.extend(linker);
        arguments.extend(preloaded::arguments(here)?);
        Ok(arguments)
    }

    /// The user has asked for a level (see `:opt`).
    fn has_fixed_level(&self, here: &Path) -> bool {
        here.parent().is_some_and(|session| session.join(FIXED_LEVEL).exists())
    }

    /// What rustc is told where it only looks at the source.
    pub fn arguments_of_check(&self, here: &Path) -> Result<Vec<String>> {
        // Nothing is linked.
        self.arguments_at(here, "", false)
    }

    /// Checks the source, and makes nothing of it. Returns the exit code.
    pub fn check(&self, rustc: &Path, here: &Path) -> Result<i32> {
        let lighter = |word: String| if word.starts_with("--emit=") { "--emit=metadata".to_owned() } else { word };
        run(
            rustc,
            here,
            &self.arguments_of_check(here)?.into_iter().map(lighter).collect::<Vec<_>>(),
            &self.environment,
        )
    }

    /// What a cell's library depends on: the compiler, what it is told, and the libraries that it finds.
    fn all_but_the_source(&self, rustc: &Path, here: &Path, arguments: &[String]) -> Result<impl Hash> {
        let state = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.len(), meta.modified().ok()));
        let libraries: Vec<_> = self.libraries().map(|path| state(Path::new(path))).collect();
        let preloaded: Vec<_> = preloaded::libraries(here)?.iter().map(|path| state(path)).collect();
        // The library finds the compiler's own by the way from folder to folder.
        let above = here.parent().and_then(Path::parent).map(Path::to_owned);
        let arguments: Vec<String> = arguments.iter().map(|word| Places::of(here, rustc).abstracted(word)).collect();
        // And what simplifies its source is this program.
        let this = std::env::current_exe().ok().as_deref().map(state);
        Ok((rustc.to_owned(), state(rustc), libraries, preloaded, above, arguments, this))
    }

    /// Those that the cell is linked with.
    fn libraries(&self) -> impl Iterator<Item = &str> {
        let externs = self.arguments.iter().filter_map(|word| word.split_once('=')).map(|(_, path)| path);
        externs.filter(|path| [".so", ".rlib", ".rmeta", ".dylib"].iter().any(|end| path.ends_with(end)))
    }

    /// What comes out.
    pub fn library(&self, here: &Path) -> PathBuf {
        let folder = self.arguments.windows(2).find(|pair| pair[0] == "--out-dir").map_or("", |pair| pair[1].as_str());
        here.join(folder).join(format!("{}{PACKAGE}{}", DLL_PREFIX, DLL_SUFFIX))
    }
}

pub fn tell_evcxr(library: &Path) -> Result<()> {
    match std::env::var_os(LIBRARY_PATH_VAR) {
        Some(place) => Ok(std::fs::write(place, library.to_string_lossy().as_bytes())?),
        None => Ok(()),
    }
}
