//! `adlab doctor`: what is missing on this machine, or can't serve, and what to do.

use anyhow::Result;

use crate::session::environment::{reach_cargo, without_effect};
use crate::session::{place, warm_build};
use crate::system::project::Project;
use crate::system::toolchain::{self, GET_RUST, GET_RUST_SRC, cargo_home, on_path, output};

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
    let toolchain = warm_build::toolchain(project);
    let version = |program: fn(&toolchain::Toolchain) -> &std::path::Path| match &toolchain {
        Ok(toolchain) => output(program(toolchain), &["--version"]).ok_or_else(|| GET_RUST.to_owned()),
        Err(error) => Err(format!("{error:#}")),
    };
    let library = warm_build::library(project).or_else(toolchain::rust_src);
    let or = |found: Option<String>, remedy: &str| found.ok_or_else(|| remedy.to_owned());
    let needed = |what, found| Check { what, found, needed: true };
    let useful = |what, found| Check { what, found, needed: false };
    let folder = place::folder();
    let mut checks = vec![
        needed("cargo", version(|toolchain| &toolchain.cargo)),
        needed("rustc", version(|toolchain| &toolchain.rustc)),
        needed("rust-src", or(library.map(|_| "the standard library's source".into()), GET_RUST_SRC)),
        needed(
            "linker",
            or(
                on_path("cc").and_then(|cc| output(&cc, &["--version"])).and_then(first_line),
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
        useful(
            "warm build",
            or(
                warm_build::exists(project).then(|| project.warm().display().to_string()),
                "adlab install (without it, the first cell of each session compiles the preloaded crate)",
            ),
        ),
        useful("crates", crates()),
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

/// Where cargo puts what `:dep` downloads.
fn crates() -> Result<String, String> {
    let advice = "set CARGO_HOME to a folder of yours, or `:dep` can't add crates";
    let folder = cargo_home().ok_or_else(|| format!("HOME is not set: {advice}"))?;
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(&folder);
    match tempfile::tempfile_in(there) {
        Ok(_) => Ok(folder.display().to_string()),
        Err(error) => Err(format!("{} can't be written to ({error}): {advice}", folder.display())),
    }
}

fn first_line(text: String) -> Option<String> {
    text.lines().next().map(str::to_owned)
}
