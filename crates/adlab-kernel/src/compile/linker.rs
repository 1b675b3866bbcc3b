//! Linking cells by the linker that comes with Rust: where there is no C compiler, and where one is, as going by way of it
//! takes a tenth of the time that a small cell takes.
//!
//! A cell is a shared library, and needs of the system its C library alone, which its process has already. What a C compiler
//! would tell the linker is where that is. Crates may need more: where a notebook has added some, the compiler links.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::key::adds_crates;
use super::tools::Tools;
use crate::system::toolchain::on;

/// In evcxr's build folder: where the linker finds the system's libraries; and what rustc is told, a word a line.
const FOLDER: &str = "linker";
const ARGUMENTS: &str = "arguments";
/// There is no other linker.
const ONLY: &str = "only";

/// The names under which rustc asks for them, and the files that processes load.
const LIBRARIES: [(&str, &str); 7] = [
    ("c", "libc.so.6"),
    ("m", "libm.so.6"),
    ("gcc_s", "libgcc_s.so.1"),
    ("dl", "libdl.so.2"),
    ("rt", "librt.so.1"),
    ("pthread", "libpthread.so.0"),
    ("util", "libutil.so.1"),
];

/// Prepares it for a session's build folder, if Rust has one.
pub fn set_up(tools: &Tools, build: &Path) -> Result<()> {
    let has_libraries = cfg!(target_os = "linux") && find(LIBRARIES[0].1).is_some();
    let Some(linker) = own(&tools.real("rustc")).filter(|_| has_libraries) else { return Ok(()) };
    let folder = build.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for (name, file) in LIBRARIES {
        // What is no file of its own is a part of the C library.
        let script = find(file).map_or("/* none */".to_owned(), |path| format!("INPUT(\"{}\")", path.display()));
        fs::write(folder.join(format!("lib{name}.so")), script)?;
    }
    if on(&tools.real_path(), "cc").is_none() {
        fs::write(folder.join(ONLY), "")?;
    }
    let arguments = [
        format!("-Clinker={}", linker.display()),
        "-Clinker-flavor=ld.lld".to_owned(),
        format!("-Lnative={}", folder.display()),
        // A cell is small: to begin threads takes longer than they save.
        "-Clink-arg=--threads=1".to_owned(),
    ];
    Ok(fs::write(folder.join(ARGUMENTS), arguments.join("\n"))?)
}

/// What rustc is told of the linker of crates: nothing where a C compiler calls it.
pub fn of_crates(build: &Path) -> Vec<String> {
    if build.join(FOLDER).join(ONLY).exists() { arguments(build) } else { Vec::new() }
}

/// What it is told of the linker of a cell with this source: the same where crates have been added, or it asks for a library.
pub fn of_cell(build: &Path, source: &str) -> Vec<String> {
    // However the attribute is written, in a macro or under a condition, it has this word.
    let asks = source.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "link");
    if adds_crates(build) || asks { of_crates(build) } else { arguments(build) }
}

fn arguments(build: &Path) -> Vec<String> {
    let text = fs::read_to_string(build.join(FOLDER).join(ARGUMENTS)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A word for the linker, as rustc is to hand it on.
pub fn word(arguments: &[String], word: &str) -> String {
    let through_compiler = if arguments.is_empty() { "-Wl," } else { "" };
    format!("-Clink-arg={through_compiler}{word}")
}

/// The one that comes with this compiler.
pub fn own(rustc: &Path) -> Option<PathBuf> {
    let targets = fs::read_dir(rustc.ancestors().nth(2)?.join("lib/rustlib")).ok()?;
    targets.flatten().map(|target| target.path().join("bin/rust-lld")).find(|linker| linker.is_file())
}

/// A library of the system: as this process has it, or where systems have them.
fn find(file: &str) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let loaded = maps.lines().filter_map(|line| Some(PathBuf::from(line.get(line.find('/')?..)?)));
    let usual = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(|folder| Path::new(folder).join(file));
    let beside = loaded.filter_map(|path| Some(path.parent()?.join(file)));
    beside.chain(usual).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_c_library_of_this_process_is_found() {
        assert!(find("libc.so.6").is_some_and(|path| path.is_absolute()));
        assert_eq!(find("libnone.so.6"), None);
    }
}
