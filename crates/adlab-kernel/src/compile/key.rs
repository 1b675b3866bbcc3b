//! What decides how cargo calls rustc, and what makes two sessions' calls the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use crate::assumptions::{CONFIG_FILE, RUSTFLAGS_VAR};

/// Stands for evcxr's build folder, which each session has for itself.
const HERE: &str = "@BUILD@";

/// What is known is known without a network as well.
const OFFLINE: &str = "--offline";

pub const LOCK: &str = "Cargo.lock";

/// Everything but the cell that decides how cargo calls rustc; `locked` is [`LOCK`], or nothing where that doesn't matter.
pub fn call_key(here: &Path, rustc: &Path, words: &[&str], locked: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    words.iter().filter(|word| **word != OFFLINE).for_each(|word| word.hash(&mut hasher));
    let compiler = std::fs::metadata(rustc).with_context(|| format!("{} is gone", rustc.display()))?;
    (rustc, compiler.len(), compiler.modified().ok()).hash(&mut hasher);
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

/// The user has added a crate of their own, whose source may change: cargo has to look.
pub fn has_local_crates(here: &Path) -> bool {
    let read = |name: &str| std::fs::read_to_string(here.join(name)).unwrap_or_default();
    let preloaded = read(&format!("../{CONFIG_FILE}"));
    let manifest = read("Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let paths = dependencies.lines().filter_map(|line| line.split_once("path = \"")?.1.split('"').next());
    paths.into_iter().any(|path| !preloaded.contains(&format!("\"{path}\"")))
}

/// The user has added tokio, with what a cell needs to run on it.
pub fn has_async_runtime(here: &Path) -> bool {
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| {
        let is_tokio = line.split_once('=').is_some_and(|(name, _)| name.trim() == "tokio");
        is_tokio && ["\"full\"", "\"rt-multi-thread\""].iter().any(|feature| line.contains(feature))
    })
}

/// A text with another session's folder, and with this one's.
pub fn rebase(text: &str, here: &Path, forth: bool) -> String {
    replace(text, &here.to_string_lossy(), forth)
}

/// The same of JSON, in which the folder's name may be written otherwise.
pub fn rebase_json(text: &str, here: &Path, forth: bool) -> String {
    let quoted = serde_json::Value::from(here.to_string_lossy()).to_string();
    replace(text, &quoted[1..quoted.len() - 1], forth)
}

fn replace(text: &str, here: &str, forth: bool) -> String {
    if forth { text.replace(HERE, here) } else { text.replace(here, HERE) }
}
