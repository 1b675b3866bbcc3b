//! Which files can be opened, by Landlock: what is not named here can't be.
//!
//! Of what it leaves open, [`super::calls`] forbids the rest: rights, owners and times of files, and cutting them by name.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, Scope,
};

use super::{calls, limits, means};

/// What is asked for; of it, a system enforces what it knows.
const VERSION: ABI = ABI::V6;

/// Where systems have their libraries.
const LIBRARIES: [&str; 5] = ["lib", "lib32", "lib64", "libx32", "libexec"];

/// What every program may read: how to find libraries, what time and language it is.
const HARMLESS: [&str; 10] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/alternatives",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/dev/urandom",
    "/dev/random",
];

/// Whole systems of libraries, each package in a folder of its own.
const STORES: [&str; 2] = ["/nix/store", "/gnu/store"];

/// In safe Rust a process can open its own memory as a file, `/proc/self/mem`, and write over what its kernel goes by: from
/// now on, nothing below `/proc` can be opened for writing, by the cells or by what they start. All other folders that there
/// are when the session starts are as they were.
pub fn seal() -> Result<(), RulesetError> {
    let writing: BitFlags<AccessFs> = AccessFs::WriteFile.into();
    let mut rules = Ruleset::default().handle_access(writing)?.create()?;
    let places = fs::read_dir("/").into_iter().flatten().flatten().map(|place| place.path());
    for place in places.filter(|place| place.file_name().is_some_and(|name| name != "proc")) {
        rules = allow(rules, &place, writing)?;
    }
    rules.restrict_self().map(drop)
}

/// For the process that runs cells.
pub fn close_to_cells(read: &[PathBuf], own: Option<&Path>) -> Result<(), RulesetError> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut rules = nothing()?;
    let libraries =
        prefixes(&[]).into_iter().flat_map(|prefix| libraries(&prefix)).filter(|place| !place.ends_with("bin"));
    for place in libraries.chain(loaded_from()) {
        rules = allow(rules, &place, reading)?;
    }
    for place in read.iter().map(PathBuf::as_path).chain(common()) {
        rules = allow(rules, place, reading)?;
    }
    if let Some(own) = own {
        rules = allow(rules, own, making())?;
    }
    rules = allow(rules, Path::new("/dev/null"), AccessFs::ReadFile | AccessFs::WriteFile)?;
    rules.restrict_self().map(drop)
}

/// Has a compiler that is about to be started locked in. It reads what it is made of, and these folders; it writes into the
/// others.
pub fn close_to_compiler(command: &mut Command, linker: Option<PathBuf>, read: Vec<PathBuf>, write: Vec<PathBuf>) {
    let compiler = PathBuf::from(command.get_program());
    let prefixes = prefixes(&[Some(compiler), linker].into_iter().flatten().collect::<Vec<_>>());
    let found = means::found();
    let close = move || -> Result<()> {
        limits::of_compiler()?;
        if found.files {
            let reading = AccessFs::ReadFile | AccessFs::ReadDir;
            let mut rules = nothing()?;
            for place in prefixes.iter().flat_map(|prefix| libraries(prefix)) {
                rules = allow(rules, &place, reading | AccessFs::Execute)?;
            }
            // What never ends is nothing to include.
            let common = common().filter(|place| !place.starts_with("/dev"));
            for place in read.iter().map(PathBuf::as_path).chain(common) {
                rules = allow(rules, place, reading)?;
            }
            for place in &write {
                rules = allow(rules, place, making())?;
            }
            rules = allow(rules, Path::new("/dev/null"), AccessFs::ReadFile | AccessFs::WriteFile)?;
            rules.restrict_self()?;
        }
        if found.calls {
            calls::close_to_compiler()?;
        }
        Ok(())
    };
    // SAFETY: the process that starts it has one thread, so that what this allocates can't wait for another.
    unsafe { command.pre_exec(move || close().map_err(std::io::Error::other)) };
}

/// Nothing can be opened, sent or signalled.
fn nothing() -> Result<RulesetCreated, RulesetError> {
    let rules = Ruleset::default().handle_access(AccessFs::from_all(VERSION))?;
    let rules = rules.handle_access(AccessNet::from_all(VERSION))?.scope(Scope::from_all(VERSION))?;
    rules.create()
}

/// All but programs, devices and sockets.
fn making() -> BitFlags<AccessFs> {
    let others = AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock | AccessFs::IoctlDev;
    AccessFs::from_all(VERSION) & !others
}

fn allow(rules: RulesetCreated, place: &Path, how: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    // What can't be opened can't be read or written to.
    let Ok(opened) = PathFd::new(place) else { return Ok(rules) };
    let how = if place.is_dir() { how } else { how & AccessFs::from_file(VERSION) };
    rules.add_rule(PathBeneath::new(opened, how))
}

fn common<'a>() -> impl Iterator<Item = &'a Path> {
    HARMLESS.iter().chain(&STORES).map(Path::new)
}

/// Where programs and libraries are installed: the system's places, and those of these programs.
fn prefixes(programs: &[PathBuf]) -> BTreeSet<PathBuf> {
    let of = |program: &PathBuf| {
        let program = program.canonicalize().ok()?;
        Some(program.parent()?.parent()?.to_owned())
    };
    ["/", "/usr", "/usr/local"].map(PathBuf::from).into_iter().chain(programs.iter().filter_map(of)).collect()
}

/// The folders of one place in which libraries are, and the programs that a linker consists of.
fn libraries(prefix: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(prefix).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        LIBRARIES.contains(&name) || name == "bin" || name.contains("-linux-")
    };
    entries.filter(is_one).collect()
}

/// The folders from which this process has its own libraries: some systems have them elsewhere.
fn loaded_from() -> BTreeSet<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let files = maps.lines().filter_map(|line| Some(Path::new(line.get(line.find('/')?..)?)));
    let is_library = |path: &&Path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".so"));
    files.filter(is_library).filter_map(|path| Some(path.parent()?.to_owned())).collect()
}
