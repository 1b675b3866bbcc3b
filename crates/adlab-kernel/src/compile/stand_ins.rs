//! What stands between evcxr and cargo.
//!
//! For each cell evcxr runs `cargo build`, and cargo takes 40 ms to find out that nothing but the cell has changed. The
//! first time, cargo does it, and its call of rustc is written down: a [`Recipe`]. From then on, as long as nothing else
//! changes, rustc is called as it says, and cargo is left out. What evcxr and rust-analyzer ask cargo (metadata, the
//! workspace's root) is kept in the same way, as [`Answer`]s.
//!
//! All of it lives in the session's folder, and comes with the warm build: a new session has every recipe from the start.
//! This program plays the parts: a folder on the PATH has it under the names of `rustup`, `cargo` and `rustc`.

// It is compiled for cells, not for the kernel, which uses none of it.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../variable-store/lib.rs"]
mod store_library;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use anyhow::{Context, Result};

use super::metadata::{answer, is_question};
use super::recorded_call::{self as recipe, Recipe};
use super::variable_store as store;
use super::cache as cells;
use crate::system::toolchain;

/// The session's folder for all of this.
const FOLDER_VAR: &str = "ADLAB_TOOLS";
/// The user's own folder of cargo's.
const HOME_VAR: &str = "ADLAB_CARGO_HOME";
/// Where rustc's call is to be written down.
const RECORD_VAR: &str = "ADLAB_RECIPE";

const BUILD: &str = "build";
const CHECK: &str = "check";

/// The package that evcxr makes of cells.
pub const CELLS: &str = "ctx";

pub use super::recorded_call::FIXED_LEVEL;
pub use super::variable_store::SOURCE as STORE;

/// Plays the part that this program was started in; returns if it is none of these.
pub fn hook() {
    let name = std::env::args_os().next().map(PathBuf::from);
    let part = name.as_ref().and_then(|name| name.file_name()).and_then(OsStr::to_str).unwrap_or_default();
    if !["rustup", "cargo", "rustc"].contains(&part) {
        return;
    }
    let played = Tools::of_session().and_then(|tools| {
        let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        match part {
            "rustup" => tools.rustup(&arguments),
            "cargo" => tools.cargo(&arguments),
            _ => tools.rustc(&arguments),
        }
    });
    match played {
        Ok(code) => exit(code),
        Err(error) => {
            eprintln!("adlab {part}: {error:#}");
            exit(1);
        }
    }
}

/// Puts the stand-ins in front of the real tools, with a folder for what they keep, and one for compiled cells. Call before
/// any thread starts.
pub fn stand_in(folder: &Path, cells: &Path) -> Result<()> {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin)?;
    let this = std::env::current_exe()?;
    for name in ["rustup", "cargo", "rustc"] {
        std::os::unix::fs::symlink(&this, bin.join(name)).context("cannot put the stand-in for cargo in place")?;
    }
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin.clone()).chain(std::env::split_paths(&rest)))?;
    // SAFETY: the caller has started no thread yet.
    unsafe {
        std::env::set_var(FOLDER_VAR, folder);
        if std::env::var_os(cells::FOLDER_VAR).is_none() {
            std::env::set_var(cells::FOLDER_VAR, cells);
        }
        if let Some(home) = std::env::var_os("CARGO_HOME") {
            std::env::set_var(HOME_VAR, home);
        }
        // rust-analyzer looks for cargo in its `bin`, first of all.
        std::env::set_var("CARGO_HOME", folder);
        std::env::set_var("PATH", path);
    }
    Ok(())
}

/// Finds the real tools, which takes a moment, and writes down where they are.
pub fn find_tools(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for name in ["cargo", "rustc"] {
        let place = folder.join(format!("real-{name}"));
        let is_known = std::fs::read_to_string(&place).is_ok_and(|path| Path::new(&path).is_file());
        if !is_known {
            let tools = Tools { folder: folder.to_owned() };
            let mut rustup = Command::new("rustup");
            rustup.args(["which", name]);
            tools.with_real_environment(&mut rustup);
            let path =
                toolchain::output_of(rustup).map(PathBuf::from).or_else(|| toolchain::on(&tools.real_path(), name));
            let path =
                path.with_context(|| format!("{name} is missing: cells can't be compiled; {}", toolchain::GET_RUST))?;
            std::fs::write(place, path.to_string_lossy().as_bytes())?;
        }
    }
    Ok(())
}

/// Compiles what every cell is linked with, for a build folder.
pub fn build_store(folder: &Path, build: &Path) -> Result<()> {
    store::build(&store::folder(build)?, &Tools { folder: folder.to_owned() }.real("rustc"))
}

/// Takes the stand-ins away again, for what cells start. Call before any thread starts.
pub fn step_aside() {
    let Ok(tools) = Tools::of_session() else { return };
    // SAFETY: the caller has started no thread yet.
    unsafe {
        std::env::set_var("PATH", tools.real_path());
        match std::env::var_os(HOME_VAR) {
            Some(home) => std::env::set_var("CARGO_HOME", home),
            None => std::env::remove_var("CARGO_HOME"),
        }
        for name in [FOLDER_VAR, HOME_VAR] {
            std::env::remove_var(name);
        }
    }
}

struct Tools {
    folder: PathBuf,
}

impl Tools {
    fn of_session() -> Result<Self> {
        let folder = std::env::var_os(FOLDER_VAR).with_context(|| format!("{FOLDER_VAR} is not set"))?;
        Ok(Tools { folder: folder.into() })
    }

    /// The real one. Early in a session it may not be known: then the one that the user's PATH has.
    fn real(&self, name: &str) -> PathBuf {
        let known = std::fs::read_to_string(self.folder.join(format!("real-{name}"))).ok().map(PathBuf::from);
        known.or_else(|| toolchain::on(&self.real_path(), name)).unwrap_or_else(|| name.into())
    }

    fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    fn real_path(&self) -> OsString {
        let all = std::env::var_os("PATH").unwrap_or_default();
        let bin = self.bin();
        std::env::join_paths(std::env::split_paths(&all).filter(|dir| *dir != bin)).unwrap_or(all)
    }

    /// evcxr asks it where the tools are.
    fn rustup(&self, arguments: &[OsString]) -> Result<i32> {
        let is = |words: &[&str]| arguments.iter().map(OsString::as_os_str).eq(words.iter().map(OsStr::new));
        if is(&["which", "cargo"]) {
            println!("{}", self.bin().join("cargo").display());
            return Ok(0);
        }
        if is(&["which", "rustc"]) {
            println!("{}", self.real("rustc").display());
            return Ok(0);
        }
        let mut command = Command::new("rustup");
        command.args(arguments);
        self.with_real_environment(&mut command);
        Err(command.exec().into())
    }

    fn with_real_environment(&self, command: &mut Command) {
        command.env("PATH", self.real_path());
        match std::env::var_os(HOME_VAR) {
            Some(home) => command.env("CARGO_HOME", home),
            None => command.env_remove("CARGO_HOME"),
        };
    }

    fn cargo(&self, arguments: &[OsString]) -> Result<i32> {
        let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
        let here = std::env::current_dir()?;
        let builds = words.iter().any(|word| [BUILD, CHECK].contains(word));
        if words.len() == arguments.len() && here.join("../evcxr.toml").is_file() {
            let rustc = self.real("rustc");
            if builds {
                let as_build: Vec<&str> = words.iter().map(|&word| if word == CHECK { BUILD } else { word }).collect();
                let place = self.folder.join(format!("recipe-{}", recipe::key(&here, &rustc, &as_build)?));
                let checks = as_build != words;
                if let Some(recipe) = Recipe::read(&place, &here).filter(|_| !recipe::has_local_crates(&here)) {
                    return if checks { recipe.taste(&rustc, &here) } else { recipe.cook(&rustc, &here) };
                }
                if checks {
                    return Err(self.real_cargo(arguments).exec().into());
                }
                let mut command = self.real_cargo(arguments);
                command.env("RUSTC", self.bin().join("rustc")).env(RECORD_VAR, place);
                return Err(command.exec().into());
            }
            if is_question(&words) {
                return answer(&self.folder, &here, &rustc, &words, || self.real_cargo(arguments));
            }
        }
        Err(self.real_cargo(arguments).exec().into())
    }

    fn real_cargo(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(self.real("cargo"));
        command.args(arguments);
        self.with_real_environment(&mut command);
        command
    }

    /// cargo's call: it is written down, if it is for the cells.
    fn rustc(&self, arguments: &[OsString]) -> Result<i32> {
        if let Some(place) = std::env::var_os(RECORD_VAR).map(PathBuf::from) {
            let is_cells = arguments.windows(2).any(|pair| pair[0] == "--crate-name" && pair[1] == CELLS);
            let words: Option<Vec<&str>> = arguments.iter().map(|word| word.to_str()).collect();
            if let Some(words) = words.filter(|_| is_cells) {
                let here = std::env::current_dir()?;
                let recipe = Recipe::of_this_call(&words);
                recipe.write(&place, &here)?;
                let source = recipe.prepare(&here)?;
                // From there the library finds the others; cargo puts a second one elsewhere.
                recipe::tell_evcxr(&recipe.library(&here))?;
                let mut command = Command::new(self.real("rustc"));
                return Err(command.args(recipe.arguments(&here, &source)).env_remove(RECORD_VAR).exec().into());
            }
        }
        Err(Command::new(self.real("rustc")).args(arguments).env_remove(RECORD_VAR).exec().into())
    }
}
