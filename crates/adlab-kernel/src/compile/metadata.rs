//! What cargo says of the workspace, kept.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::key::{LOCK, Places, call_key};
use super::tools::ANSWER;
use crate::assumptions::METADATA_OF_ANALYZER;
use crate::system::files::write_atomically;

#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    said: String,
    /// Cargo.lock, which it may have written.
    lock: String,
}

impl KeptAnswer {
    fn read(place: &Path, places: &Places) -> Option<Self> {
        let kept: KeptAnswer = serde_json::from_str(&std::fs::read_to_string(place).ok()?).ok()?;
        Some(KeptAnswer { said: places.here(&kept.said), ..kept })
    }

    fn say(self, lock: &Path) -> Result<i32> {
        std::io::stdout().write_all(self.said.as_bytes())?;
        if std::fs::read_to_string(lock).unwrap_or_default() != self.lock {
            std::fs::write(lock, self.lock)?;
        }
        Ok(0)
    }
}

/// Questions change nothing else, and have the same answer as long as the workspace is the same.
pub fn is_question(words: &[&str]) -> bool {
    let questions = ["metadata", "locate-project", "config", "--print", "--version"];
    words.iter().any(|word| questions.contains(word))
}

/// Says what cargo said to this before; asks `cargo` the first time. Returns the exit code.
pub fn answer(folder: &Path, here: &Path, rustc: &Path, words: &[&str], cargo: impl Fn() -> Command) -> Result<i32> {
    let rebased: Vec<String> = words.iter().map(|word| Places::of(here, rustc).abstracted(word)).collect();
    let rebased: Vec<&str> = rebased.iter().map(String::as_str).collect();
    let place = |locked: &[&str]| -> Result<PathBuf> {
        Ok(folder.join(format!("{ANSWER}{}", call_key(folder, here, rustc, &rebased, locked)?)))
    };
    let (exact, any) = (place(&[LOCK])?, place(&[])?);
    let (lock, places) = (here.join(LOCK), Places::of(here, rustc).in_json());
    if let Some(known) = KeptAnswer::read(&exact, &places) {
        return known.say(&lock);
    }
    let output = cargo().output().context("cannot run cargo")?;
    if !output.status.success()
        && let Some(known) = KeptAnswer::read(&any, &places)
    {
        // Other versions may be locked, but without a network these are those that there are.
        return known.say(&lock);
    }
    std::io::stderr().write_all(&output.stderr)?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    if words.contains(&METADATA_OF_ANALYZER) {
        said = without_dependencies(&said);
    }
    std::io::stdout().write_all(said.as_bytes())?;
    if output.status.success() {
        let lock = std::fs::read_to_string(&lock).unwrap_or_default();
        let answer = serde_json::to_string(&KeptAnswer { said: places.abstracted(&said), lock })?;
        write_atomically(&exact, answer.as_bytes())?;
        write_atomically(&any, answer.as_bytes())?;
    }
    Ok(output.status.code().unwrap_or(101))
}

/// evcxr's own analyzer has no work (see [`crate::analysis`]), and needs to read no crate for it.
fn without_dependencies(said: &str) -> String {
    let Ok(mut metadata) = serde_json::from_str::<Value>(said) else {
        return said.to_owned();
    };
    let own = metadata["workspace_members"].clone();
    let is_own = |id: &Value| own.as_array().is_some_and(|members| members.contains(id));
    if let Some(packages) = metadata["packages"].as_array_mut() {
        packages.retain(|package| is_own(&package["id"]));
    }
    if let Some(nodes) = metadata["resolve"]["nodes"].as_array_mut() {
        nodes.retain(|node| is_own(&node["id"]));
        for node in nodes {
            node["deps"] = Value::Array(Vec::new());
            node["dependencies"] = Value::Array(Vec::new());
        }
    }
    metadata.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cells_own_package_is_left() {
        let said = r#"{"packages":[{"id":"ctx"},{"id":"dep"}],"workspace_members":["ctx"],
            "resolve":{"nodes":[{"id":"ctx","deps":[{"pkg":"dep"}],"dependencies":["dep"]},{"id":"dep"}]}}"#;
        let left: Value = serde_json::from_str(&without_dependencies(said)).unwrap();
        assert_eq!(left["packages"], serde_json::json!([{ "id": "ctx" }]));
        assert_eq!(left["resolve"]["nodes"], serde_json::json!([{ "id": "ctx", "deps": [], "dependencies": [] }]));
        assert_eq!(without_dependencies("no JSON"), "no JSON");
    }
}
