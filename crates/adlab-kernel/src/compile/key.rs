//! What decides how cargo calls rustc, and what makes two sessions' calls the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use super::tools::COMPILER_NOTE;
use crate::assumptions::RUSTFLAGS_VAR;
use crate::system::toolchain::state;

/// Stands for evcxr's build folder, which each session has for itself.
const HERE: &str = "@BUILD@";
/// Stands for the folder of the toolchain, which is elsewhere on another machine.
const TOOLCHAIN: &str = "@TOOLCHAIN@";

/// What is known is known without a network as well.
const OFFLINE: &str = "--offline";

pub const LOCK: &str = "Cargo.lock";

/// Everything but the cell that decides how cargo calls rustc; `locked` is [`LOCK`], or nothing where that doesn't matter.
/// It is the same for all who have this compiler, wherever that is.
pub fn call_key(tools: &Path, here: &Path, rustc: &Path, words: &[&str], locked: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    words.iter().filter(|word| **word != OFFLINE).for_each(|word| word.hash(&mut hasher));
    compiler(tools, rustc)?.hash(&mut hasher);
    std::env::var_os(RUSTFLAGS_VAR).hash(&mut hasher);
    // evcxr writes dependencies in any order.
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).context("evcxr has written no Cargo.toml")?;
    let mut lines: Vec<&str> = manifest.lines().collect();
    lines.sort_unstable();
    lines.hash(&mut hasher);
    // In its own configuration it says no more than whether it may use the network.
    for file in locked.iter().chain(&["../.cargo/config.toml"]) {
        std::fs::read(here.join(file)).ok().hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The session's compiler by its version, or another by its place.
fn compiler(tools: &Path, rustc: &Path) -> Result<String> {
    let state = state(rustc)?;
    let noted = std::fs::read_to_string(tools.join(COMPILER_NOTE)).unwrap_or_default();
    Ok(match noted.split_once('\n') {
        Some((version, noted)) if noted == state => version.to_owned(),
        _ => state,
    })
}

/// The user has added a crate of their own, whose source may change: cargo has to look.
pub fn has_local_crates(here: &Path) -> bool {
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).unwrap_or_default();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    dependencies.lines().any(|line| line.contains("path = \""))
}

/// The user has added crates: their code, and that of their build scripts, is run where cells are compiled.
pub fn adds_crates(here: &Path) -> bool {
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).unwrap_or_default();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    dependencies.lines().take_while(|line| !line.starts_with('[')).any(|line| line.contains('='))
}

/// The user has added tokio, with what a cell needs to run on it.
pub fn has_async_runtime(here: &Path) -> bool {
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| {
        let is_tokio = line.split_once('=').is_some_and(|(name, _)| name.trim() == "tokio");
        is_tokio && ["\"full\"", "\"rt-multi-thread\""].iter().any(|feature| line.contains(feature))
    })
}

/// The folders that are others in another session, or on another machine.
pub struct Places([(String, &'static str); 2]);

impl Places {
    pub fn of(here: &Path, rustc: &Path) -> Self {
        let toolchain = rustc.parent().and_then(Path::parent).unwrap_or(rustc);
        Places([(here.to_string_lossy().into_owned(), HERE), (toolchain.to_string_lossy().into_owned(), TOOLCHAIN)])
    }

    /// The same in JSON, in which a folder's name may be written otherwise.
    pub fn in_json(self) -> Self {
        Places(self.0.map(|(path, name)| {
            let quoted = serde_json::Value::from(path).to_string();
            (quoted[1..quoted.len() - 1].to_owned(), name)
        }))
    }

    /// A text for all.
    pub fn abstracted(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (path, name)| text.replace(path, name))
    }

    /// A text for here.
    pub fn here(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (path, name)| text.replace(name, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_here_is_read_there() {
        let places = |here, rustc| Places::of(Path::new(here), Path::new(rustc)).in_json();
        let one = places("/tmp/a\"b/build", "/opt/rust/bin/rustc");
        let other = places("/tmp/c", "/home/ann/rust/bin/rustc");
        let text = r#"["/tmp/a\"b/build/x", "/opt/rust/bin/cargo"]"#;
        assert_eq!(other.here(&one.abstracted(text)), r#"["/tmp/c/x", "/home/ann/rust/bin/cargo"]"#);
    }
}
