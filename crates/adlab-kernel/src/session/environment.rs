//! The kernel's environment: it is set here, and nowhere else.
//!
//! evcxr, its analyzer and cargo take their folders and tools from this process's environment, so that has to be wired.
//! The process that runs cells, and what cells start, get the environment of the user as it was before, and two words
//! more: [`SESSION_VAR`], and the one that tells the preloaded crate of its kernel.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::place;
use crate::assumptions::{BUILD_FOLDER_VAR, CONFIG_FOLDER_VAR, RUST_SRC_VAR};
use crate::compile::CELLS_VAR;
use crate::compile::tools::{FOLDER_VAR, HOME_VAR, Tools};
use crate::runtime::memory;
use crate::sandbox::{self, Sandbox};
use crate::system::project::Project;
use crate::system::toolchain;

/// Names the session's folder in all that the session starts: by it the janitor knows its own.
pub const SESSION_VAR: &str = "ADLAB_SESSION";

/// Has the allocator take memory as it is used.
const NOT_AT_ONCE: &str = "MIMALLOC_ARENA_EAGER_COMMIT";

/// The user's environment.
#[derive(Debug, Clone)]
pub struct UserEnvironment(Vec<(OsString, OsString)>);

impl UserEnvironment {
    /// As it is now: to be asked before anything is wired. Call before any thread starts.
    pub fn of_this_process(project: &Project) -> Result<Self> {
        // Without it, the toolchain of the warm build may still be there.
        let _ = reach_cargo();
        if let Some(libraries) = without_our_builds(project)? {
            set("LD_LIBRARY_PATH", &libraries);
        }
        // As the kernelspec has it; without it, a process that runs cells begins with a gigabyte that counts as theirs.
        if std::env::var_os(NOT_AT_ONCE).is_none() {
            set(NOT_AT_ONCE, "0".as_ref());
        }
        Ok(UserEnvironment(std::env::vars_os().collect()))
    }

    /// Gives a program that is not trusted what is no secret of it; its folder is its own.
    pub fn give_harmless(&self, command: &mut Command, session: &Path, own: &Path) {
        let all = sandbox::environment::harmless(self.0.iter().cloned(), own);
        command.env_clear().envs(all).env(SESSION_VAR, session);
    }

    /// Gives it to a program that is to be started, with the session's name.
    pub fn give(&self, command: &mut Command, session: &Path) {
        command.env_clear().envs(self.0.iter().map(|(name, value)| (name, value))).env(SESSION_VAR, session);
    }
}

/// Makes sure that `cargo` is on the PATH, and says where it is. A server started from a desktop often lacks the user's own
/// folders. Call before any thread starts.
pub fn reach_cargo() -> Result<PathBuf> {
    let cargo = toolchain::find_cargo()?;
    if toolchain::on_path("cargo").is_none() {
        let bin = cargo.parent().context("cargo is in no folder")?.to_owned();
        let old = std::env::var_os("PATH").unwrap_or_default();
        set("PATH", &std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&old)))?);
    }
    Ok(cargo)
}

/// Points evcxr at a session's folder. Call before any thread starts.
pub fn wire(session: &Path, build: &Path, place: &Path) {
    set(SESSION_VAR, session.as_os_str());
    set(BUILD_FOLDER_VAR, build.as_os_str());
    set(CONFIG_FOLDER_VAR, session.as_os_str());
    // The compiler and the linker look there as well.
    set(place::VARIABLE, place.as_os_str());
}

/// Puts the stand-ins in front of the real tools, with a folder for compiled cells, and has evcxr's own analyzer read an
/// empty library. What the user has set for other builds doesn't count for cells. Call before any thread starts.
pub fn wire_tools(tools: &Tools, cells: &Path, empty_library: &Path) -> Result<()> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tools.bin()).chain(std::env::split_paths(&rest)))?;
    set(FOLDER_VAR, tools.folder.as_os_str());
    if std::env::var_os(CELLS_VAR).is_none() {
        set(CELLS_VAR, cells.as_os_str());
    }
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        set(HOME_VAR, &home);
    }
    // rust-analyzer looks for cargo in its `bin`, first of all.
    set("CARGO_HOME", tools.folder.as_os_str());
    set("PATH", &path);
    for name in without_effect() {
        // SAFETY: as in `set`.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in AGAINST_CONFIGURATION {
        set(name, value.as_ref());
    }
    set(RUST_SRC_VAR, empty_library.as_os_str());
    Ok(())
}

/// Has all that the session starts know how far cells are trusted, and how much memory they have where they are not. Call
/// before any thread starts.
pub fn wire_sandbox(sandbox: Sandbox) {
    set(sandbox::VARIABLE, sandbox.word().as_ref());
    if sandbox.is_closed() && std::env::var_os(memory::VARIABLE).is_none() {
        let most = memory::limit().map_or(sandbox::MEMORY, |limit| limit.min(sandbox::MEMORY));
        set(memory::VARIABLE, most.to_string().as_ref());
    }
}

/// Does something with a folder of cargo's that has these settings, and nothing of the user's own, which may be empty. Call
/// before any thread starts.
pub fn with_cargo_settings<T>(settings: &[String], home: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::fs::create_dir_all(home)?;
    std::fs::write(home.join("config.toml"), settings.join("\n")).context("cannot write the configuration")?;
    let user_s = std::env::var_os(HOME_VAR);
    set(HOME_VAR, home.as_os_str());
    let done = work();
    match user_s {
        Some(home) => set(HOME_VAR, &home),
        // SAFETY: as in `set`.
        None => unsafe { std::env::remove_var(HOME_VAR) },
    }
    done
}

/// The user's settings that don't count for cells.
pub fn without_effect() -> Vec<String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| is_of_builds(name)).collect()
}

/// What reaches the network, finds crates and a linker stays; what chooses another compiler, target or profile does not.
const KEPT: [&str; 6] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_CACHE_"];

/// The same in the files of cargo's configuration: an empty wrapper is none.
const AGAINST_CONFIGURATION: [(&str, &str); 3] =
    [("RUSTC_WRAPPER", ""), ("RUSTC_WORKSPACE_WRAPPER", ""), ("CARGO_TERM_COLOR", "never")];

/// A variable that says how cargo builds.
fn is_of_builds(name: &str) -> bool {
    let is_linker = name.starts_with("CARGO_TARGET_") && name.ends_with("_LINKER");
    let is_kept = is_linker || KEPT.iter().any(|kept| name.starts_with(kept));
    name.starts_with("CARGO_") && !is_kept
        || ["RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"].iter().any(|prefix| name.starts_with(prefix))
}

/// `cargo run` and `cargo test` add their build folders to where libraries are looked for, and cells would find another
/// copy of the preloaded crate there. Nothing where there is nothing to leave out.
fn without_our_builds(project: &Project) -> Result<Option<OsString>> {
    let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") else { return Ok(None) };
    let others = std::env::split_paths(&paths).filter(|path| !path.starts_with(project.own()));
    Ok(Some(std::env::join_paths(others)?))
}

fn set(name: &str, value: &OsStr) {
    // SAFETY: all of this module's callers have started no thread yet.
    unsafe { std::env::set_var(name, value) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_builds_are_told_from_others() {
        for name in [
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_DEV_PANIC",
            "CARGO_ENCODED_RUSTFLAGS",
        ] {
            assert!(is_of_builds(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_HTTP_PROXY",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "RUST_MIN_STACK",
            "RUSTUP_HOME",
            "HOME",
        ] {
            assert!(!is_of_builds(name), "{name}");
        }
    }

    #[test]
    fn a_program_gets_the_user_s_variables_and_the_session_s_name() {
        let user = UserEnvironment(vec![("PATH".into(), "/usr/bin:/bin".into()), ("MINE".into(), "a b".into())]);
        let mut command = Command::new("/usr/bin/env");
        command.env("WIRING", "1");
        user.give(&mut command, Path::new("/tmp/adlab-1"));
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let mut lines: Vec<&str> = said.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["ADLAB_SESSION=/tmp/adlab-1", "MINE=a b", "PATH=/usr/bin:/bin"]);
    }
}
