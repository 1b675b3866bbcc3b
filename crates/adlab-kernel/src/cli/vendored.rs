//! The sources of the crates that the preloaded one is made from: with them, a warm build is made without network.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;
use serde_json::{Value, json};

use crate::compile::preloaded;
use crate::system::project::Project;
use crate::system::toolchain::{Toolchain, host};

/// cargo's own note of a crate: the sums of its files, by which a changed one is found out.
const SUMS: &str = ".cargo-checksum.json";

const LEFT_OUT: [&str; 8] =
    ["tests", "examples", "benches", ".github", ".circleci", "testing-tools", "Cargo.lock", "Cargo.toml.orig"];

/// Writes them into a folder that is not there yet, in the versions of the lock file. Downloads what is not on this machine.
pub fn write(project: &Project, to: &Path) -> Result<()> {
    let cargo = Toolchain::here()?.cargo;
    // Not the crate itself: what only its tests need is left out.
    let package = tempfile::tempdir()?;
    preloaded::describe(project, package.path())?;
    let mut command = Command::new(&cargo);
    command.args(["vendor", "--quiet", "--versioned-dirs"]).arg(to).current_dir(package.path());
    let done = command.stdin(Stdio::null()).output().context("cannot start cargo")?;
    if !done.status.success() {
        bail!("cargo vendor fails: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    // A crate without dependencies has none to write.
    fs::create_dir_all(to)?;
    let mut metadata = MetadataCommand::new();
    metadata.cargo_path(&cargo).current_dir(package.path());
    metadata.other_options(["--filter-platform".into(), host().context("rustc does not tell for what it compiles")?]);
    let packages = metadata.exec().context("cargo does not tell what the preloaded crate is made from")?.packages;
    let used: HashSet<String> =
        packages.iter().map(|package| format!("{}-{}", package.name, package.version)).collect();
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        match used.contains(&*entry.file_name().to_string_lossy()) {
            true => trim(&entry.path())?,
            false => empty(&entry.path())?,
        }
    }
    Ok(())
}

/// Takes out of a crate what nothing is built from.
fn trim(package: &Path) -> Result<()> {
    let mut sums: Value = serde_json::from_slice(&fs::read(package.join(SUMS))?)?;
    let names: Vec<String> = sums["files"].as_object().into_iter().flat_map(|files| files.keys().cloned()).collect();
    for name in names.iter().filter(|name| is_left_out(name)) {
        fs::remove_file(package.join(name))?;
        sums["files"].as_object_mut().and_then(|files| files.remove(name));
    }
    Ok(fs::write(package.join(SUMS), sums.to_string())?)
}

/// A file of tests, of the crate's own development, or of its history.
fn is_left_out(name: &str) -> bool {
    let mut parts = name.split('/');
    let first = parts.next().unwrap_or_default();
    LEFT_OUT.contains(&first) || ["CHANGE", "RELEASE"].iter().any(|word| first.starts_with(word))
        // What tests within the sources read.
        || parts.any(|part| part == "test-data")
}

/// Leaves of a crate for other systems only what cargo reads to choose versions, its manifest, and its licence.
fn empty(package: &Path) -> Result<()> {
    let mut sums: Value = serde_json::from_slice(&fs::read(package.join(SUMS))?)?;
    for entry in fs::read_dir(package)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else if name != "Cargo.toml" && !name.as_encoded_bytes().starts_with(b"LICENSE") {
            fs::remove_file(entry.path())?;
        }
    }
    fs::create_dir(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    sums["files"] = json!({});
    Ok(fs::write(package.join(SUMS), sums.to_string())?)
}
