//! Finding cargo, rustc and the standard library's source, wherever a notebook server was started.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

pub const GET_RUST: &str = "get Rust from https://rustup.rs, then start again";
pub const GET_RUST_SRC: &str = "rustup component add rust-src";

/// Where cargo is: on the PATH, or in rustup's usual place.
pub fn find_cargo() -> Result<PathBuf> {
    let homes = [
        std::env::var_os("CARGO_HOME").map(PathBuf::from),
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")),
    ];
    let usual = homes.into_iter().flatten().map(|home| home.join("bin").join("cargo"));
    on_path("cargo")
        .or_else(|| usual.into_iter().find(|cargo| is_program(cargo)))
        .with_context(|| format!("cargo is missing: cells can't be compiled; {GET_RUST}"))
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    on(&std::env::var_os("PATH")?, program)
}

/// A program in one of these folders.
pub fn on(paths: &OsStr, program: &str) -> Option<PathBuf> {
    std::env::split_paths(paths).map(|dir| dir.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The folder of the standard library's source, which rust-analyzer needs to infer types.
pub fn rust_src() -> Option<PathBuf> {
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    library.join("std/src/lib.rs").is_file().then_some(library)
}

/// What the compiler builds for, as `x86_64-unknown-linux-gnu`.
pub fn host() -> Option<String> {
    let version = output("rustc", &["-vV"])?;
    version.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
}

/// What a program prints, when it ends well.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    output_of(command)
}

pub fn output_of(mut command: Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
