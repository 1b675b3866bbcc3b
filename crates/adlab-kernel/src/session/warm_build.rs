//! The warm build, from which sessions start: the preloaded crate, compiled, and what is known of how to compile cells.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::level;
use crate::assumptions::OLD_LIBRARY;
use crate::compile::variable_store;
use crate::system::files::{copy_tree, replace_tree};
use crate::system::project::{Preload, Project};
use crate::system::toolchain::Toolchain;

/// Cells as students write them: what they make the compiler load stays warm.
pub const TYPICAL_CELLS: [&str; 3] = [
    "let adlab_warm = 0.5; adlab_warm",
    "println!(\"{}\", adlab_warm); fn adlab_warm_f(x: f64) -> f64 { x.sin() } assert!(adlab_warm_f(0.0) == 0.0, \"{}\", 1);",
    "plot(|x| x * x.sin(), -1.0..1.0)",
];

/// Counts the changes of what a warm build consists of.
const LAYOUT: u32 = 14;

/// The standard library's source, slim.
pub const LIBRARY: &str = "library";
/// evcxr's build folder.
pub const BUILD: &str = "build";
/// What stands between evcxr and cargo has there what it knows.
pub const TOOLS: &str = "tools";
/// What it was made from.
const STAMP: &str = "stamp";

/// There is one, perhaps of another state of the crate.
pub fn exists(project: &Project) -> bool {
    project.warm().join(STAMP).is_file()
}

/// It is of the crate as it is now, and of this compiler.
pub fn is_up_to_date(project: &Project, preload: &Preload) -> Result<bool> {
    let stamp = stamp(project, preload)?;
    Ok(fs::read_to_string(project.warm().join(STAMP)).is_ok_and(|old| old == stamp))
}

/// The one that it was made with; where there is none, the one of this process's folder.
pub fn toolchain(project: &Project) -> Result<Toolchain> {
    Toolchain::known(&project.warm().join(TOOLS)).map_or_else(Toolchain::here, Ok)
}

/// The standard library's source, slim, if there is one.
pub fn library(project: &Project) -> Option<PathBuf> {
    Some(project.warm().join(LIBRARY)).filter(|library| library.is_dir())
}

/// Puts what a session has made in the place of the warm build, for all sessions to come. `stamp` is that of the crate
/// before it was compiled.
pub fn keep(project: &Project, session: &Path, stamp: &str) -> Result<()> {
    remove_cells(&session.join(BUILD))?;
    let warm = project.warm();
    // Beside its place first: a build that is cut short is never taken for a whole one.
    let parent = warm.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let new = tempfile::Builder::new().prefix("warm-").tempdir_in(parent)?;
    for part in [BUILD, LIBRARY, TOOLS] {
        copy_tree(&session.join(part), &new.path().join(part))?;
    }
    fs::write(new.path().join(STAMP), stamp)?;
    replace_tree(new.path(), &warm)?;
    // It is in its place, and not to be removed.
    let _ = new.keep();
    Ok(())
}

/// A session begins as this one did. The compiled cells themselves are of no use to it, and big.
fn remove_cells(build: &Path) -> Result<()> {
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::remove_file(build.join(file))?;
    }
    for folder in ["src", ".cargo"] {
        fs::remove_dir_all(build.join(folder))?;
    }
    for target in fs::read_dir(build.join("target"))?.flatten() {
        let deps = target.path().join("debug").join("deps");
        let Ok(entries) = fs::read_dir(deps) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(OLD_LIBRARY) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Everything that the warm build depends on.
pub fn stamp(project: &Project, preload: &Preload) -> Result<String> {
    let rustc = Command::new("rustc").arg("-Vv").output().context("cannot run rustc")?;
    let mut hasher = DefaultHasher::new();
    rustc.stdout.hash(&mut hasher);
    level::cargo_config(level::OF_LOOPS).hash(&mut hasher);
    TYPICAL_CELLS.hash(&mut hasher);
    preload.to_toml(false).hash(&mut hasher);
    fs::read(project.lock_file())?.hash(&mut hasher);
    (env!("CARGO_PKG_VERSION"), LAYOUT, variable_store::SOURCE).hash(&mut hasher);
    for folder in preload.folders() {
        // With the crates beside it, on which it may depend.
        let crates = folder.parent().unwrap_or(&folder).to_owned();
        hash_sources(&crates, &mut hasher)?;
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn hash_sources(dir: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The kernel's own source does not matter to cells.
        if path.is_dir() && !["adlab-kernel", "tests", "examples", "target"].contains(&name.as_str()) {
            hash_sources(&path, hasher)?;
        } else if path.is_file() {
            path.hash(hasher);
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}
