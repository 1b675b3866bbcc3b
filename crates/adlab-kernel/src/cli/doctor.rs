//! `adlab doctor`: what is missing on this machine, or can't serve, and what to do.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::ahead::rule;
use crate::ahead::tally::{self, Counts};
use crate::compile::{CELLS_VAR, linker};
use crate::session::environment::{reach_cargo, without_effect};
use crate::session::place;
use crate::session::warm_build::{WarmBuild, any_library};
use crate::system::processes::cores;
use crate::system::project::{CACHE_VAR, Project};
use crate::system::toolchain::{GET_RUST, GET_RUST_SRC, Toolchain, cargo_home, on_path, output};

struct Check {
    what: &'static str,
    /// What was found; or what to do.
    found: Result<String, String>,
    /// Without it nothing works.
    needed: bool,
}

/// Prints the checks; true if all that is needed is there.
pub fn examine(project: &Project) -> bool {
    // Only for its effect: it looks in the usual places, too.
    let _ = reach_cargo();
    // Cells are compiled by it, whatever this folder would choose.
    let warm = WarmBuild::find(project);
    let toolchain = match &warm {
        Ok(warm) => Ok(warm.toolchain.clone()),
        Err(_) => Toolchain::here(),
    };
    let version = |program: fn(&Toolchain) -> &Path| match &toolchain {
        Ok(toolchain) => output(program(toolchain), &["--version"]).ok_or_else(|| GET_RUST.to_owned()),
        Err(error) => Err(format!("{error:#}")),
    };
    let library = warm.as_ref().ok().and_then(WarmBuild::library).or_else(|| any_library(project));
    let own_linker = || {
        let linker = toolchain.as_ref().ok().and_then(|toolchain| linker::own(&toolchain.rustc))?;
        Some(format!("{}; crates with C in them need a C compiler", linker.display()))
    };
    let or = |found: Option<String>, remedy: &str| found.ok_or_else(|| remedy.to_owned());
    let needed = |what, found| Check { what, found, needed: true };
    let useful = |what, found| Check { what, found, needed: false };
    let folder = place::folder();
    let mut checks = vec![
        needed(
            "adlab",
            project.check().map(|()| project.root().display().to_string()).map_err(|error| format!("{error:#}")),
        ),
        needed("cargo", version(|toolchain| &toolchain.cargo)),
        needed("rustc", version(|toolchain| &toolchain.rustc)),
        needed("rust-src", or(library.map(|_| "the standard library's source".into()), GET_RUST_SRC)),
        needed(
            "linker",
            or(
                on_path("cc").and_then(|cc| output(&cc, &["--version"])).and_then(first_line).or_else(own_linker),
                "install a C compiler (Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install)",
            ),
        ),
        needed(
            place::VARIABLE,
            match place::check(&folder) {
                Ok(()) => Ok(format!("{}: {}", folder.display(), place::room(&folder).unwrap_or_default())),
                Err(error) => Err(error.to_string()),
            },
        ),
        useful(
            "python3",
            or(
                on_path("python3").and_then(|python| output(&python, &["--version"])),
                "install Python 3.10 or later with venv (Debian and Ubuntu: apt install python3-venv); JupyterLab needs it",
            ),
        ),
        useful("warm build", warm_build(warm.as_ref().ok())),
        useful("cache", writable(&project.own(), &format!("set {CACHE_VAR} to a folder of yours"))),
        useful("crates", crates()),
        useful("ahead", Ok(ahead(project))),
    ];
    let ignored = without_effect();
    if !ignored.is_empty() {
        checks.push(useful("settings", Ok(format!("of no effect on cells: {}", ignored.join(", ")))));
    }
    for check in &checks {
        match &check.found {
            Ok(found) => println!("ok       {:<10} {found}", check.what),
            Err(remedy) => println!("MISSING  {:<10} {remedy}", check.what),
        }
    }
    checks.iter().all(|check| check.found.is_ok() || !check.needed)
}

fn warm_build(warm: Option<&WarmBuild>) -> Result<String, String> {
    let missing = "none fits; adlab install makes one, or else the next session, which takes a minute longer";
    warm.filter(|warm| warm.fits()).map(|warm| warm.folder.display().to_string()).ok_or_else(|| missing.to_owned())
}

/// Where cargo puts what `:dep` downloads.
fn crates() -> Result<String, String> {
    let advice = "set CARGO_HOME to a folder of yours, or `:dep` can't add crates";
    writable(&cargo_home().ok_or_else(|| format!("HOME is not set: {advice}"))?, advice)
}

/// Whether the next cells are compiled before they are run, and how often that was of use.
fn ahead(project: &Project) -> String {
    // As a session would have it.
    let cells = match std::env::var_os(CELLS_VAR) {
        Some(folder) if folder == "0" => None,
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(project.cells()),
    };
    if let Some(why) = rule::off(cells.as_deref()) {
        return format!("the next cells are not compiled before they are run: {why}");
    }
    let compilers = match rule::lanes(cores()) {
        1 => "one compiler".to_owned(),
        many => format!("{many} compilers"),
    };
    let waits = rule::waits().map(|why| format!(", which waits: {why}")).unwrap_or_default();
    let so_far = match cells.map_or((0, Counts::default()), |cells| tally::of_sessions(&cells)) {
        (0, _) => String::new(),
        (1, counts) => format!("; in the last session, {counts}"),
        (sessions, counts) => format!("; in the last {sessions} sessions, {counts}"),
    };
    format!("{compilers} while a student reads{waits}{so_far}")
}

/// A folder in which something can be made, if it is not there already.
fn writable(folder: &Path, advice: &str) -> Result<String, String> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(folder);
    match tempfile::tempfile_in(there) {
        Ok(_) => Ok(folder.display().to_string()),
        Err(error) => Err(format!("{} can't be written to ({error}): {advice}", folder.display())),
    }
}

fn first_line(text: String) -> Option<String> {
    text.lines().next().map(str::to_owned)
}
