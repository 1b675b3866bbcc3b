//! `adlab doctor`: what is missing on this machine, and how to get it.

use crate::session::environment::reach_cargo;
use crate::session::warm_build;
use crate::system::project::Project;
use crate::system::toolchain::{self, GET_RUST, GET_RUST_SRC, on_path, output};

struct Check {
    what: &'static str,
    found: Option<String>,
    /// What to do where it is missing.
    remedy: &'static str,
    /// Without it nothing works.
    needed: bool,
}

/// Prints the checks; true if all that is needed is there.
pub fn examine(project: &Project) -> bool {
    // Only for its effect: it looks in the usual places, too.
    let cargo = reach_cargo().ok();
    let checks = [
        Check {
            what: "cargo",
            found: cargo.and_then(|_| output("cargo", &["--version"])),
            remedy: GET_RUST,
            needed: true,
        },
        Check { what: "rustc", found: output("rustc", &["--version"]), remedy: GET_RUST, needed: true },
        Check {
            what: "rust-src",
            found: toolchain::rust_src().map(|_| "the standard library's source".into()),
            remedy: GET_RUST_SRC,
            needed: true,
        },
        Check {
            what: "linker",
            found: on_path("cc").and_then(|_| output("cc", &["--version"])).and_then(first_line),
            remedy: "install a C compiler (Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install)",
            needed: true,
        },
        Check {
            what: "python3",
            found: output("python3", &["--version"]),
            remedy: "install Python 3.10 or later with venv (Debian and Ubuntu: apt install python3-venv); JupyterLab needs it",
            needed: false,
        },
        Check {
            what: "warm build",
            found: warm_build::exists(project).then(|| project.warm().display().to_string()),
            remedy: "adlab install (without it, the first cell of each session compiles the preloaded crate)",
            needed: false,
        },
    ];
    for check in &checks {
        match &check.found {
            Some(found) => println!("ok       {:<10} {found}", check.what),
            None => println!("MISSING  {:<10} {}", check.what, check.remedy),
        }
    }
    checks.iter().all(|check| check.found.is_some() || !check.needed)
}

fn first_line(text: String) -> Option<String> {
    text.lines().next().map(str::to_owned)
}
