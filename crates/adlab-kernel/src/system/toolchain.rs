//! Finding cargo, rustc and the standard library's source, wherever a notebook server was started.
//!
//! Cells are compiled by the toolchain that the warm build was made with, whatever a notebook's folder, `RUSTUP_TOOLCHAIN`
//! or another `HOME` would choose: nothing else fits what is compiled already.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::files::write_atomically;

pub const GET_RUST: &str = "get Rust from https://rustup.rs, then start again";
pub const GET_RUST_SRC: &str = "rustup component add rust-src";

/// The compiler and its cargo: the programs themselves, not rustup's that stand for them.
#[derive(Debug, Clone)]
pub struct Toolchain {
    pub cargo: PathBuf,
    pub rustc: PathBuf,
}

impl Toolchain {
    /// The one that rustup, or the PATH, chooses in this process's folder. Takes a moment.
    pub fn here() -> Result<Self> {
        Ok(Toolchain { cargo: chosen("cargo")?, rustc: chosen("rustc")? })
    }

    /// The one that rustup has of this version, if it has it: it is not fetched.
    pub fn of_rustup(version: &str) -> Result<Self> {
        let program = |name| {
            let path = output("rustup", &["which", "--toolchain", version, name]);
            path.map(PathBuf::from).with_context(|| format!("rustup has no {name} of {version}"))
        };
        Ok(Toolchain { cargo: program("cargo")?, rustc: program("rustc")? })
    }

    /// `1.95.0`
    pub fn version(&self) -> String {
        let said = output(&self.rustc, &["--version"]).unwrap_or_default();
        said.split_whitespace().nth(1).unwrap_or_default().to_owned()
    }

    /// All that the compiler says of itself. To start it takes as long as all else that a session does first, so it is kept in
    /// a file, and believed as long as the program is the same.
    pub fn description(&self, kept: &Path) -> Option<String> {
        let state = state(&self.rustc).ok()?;
        let known = std::fs::read_to_string(kept).unwrap_or_default();
        if let Some((of, said)) = known.split_once('\n')
            && of == state
        {
            return Some(said.to_owned());
        }
        let said = output(&self.rustc, &["-Vv"])?;
        // Where nothing can be written, it is asked each time.
        let _ = write_atomically(kept, format!("{state}\n{said}").as_bytes());
        Some(said)
    }

    /// The one that was written down in a folder, if it is still there.
    pub fn known(folder: &Path) -> Option<Self> {
        Some(Toolchain { cargo: known(folder, "cargo")?, rustc: known(folder, "rustc")? })
    }

    pub fn write_down(&self, folder: &Path) -> Result<()> {
        for (name, path) in [("cargo", &self.cargo), ("rustc", &self.rustc)] {
            write_atomically(&note(folder, name), path.to_string_lossy().as_bytes())?;
        }
        Ok(())
    }
}

/// A program that was written down in a folder, if it is still there.
pub fn known(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::fs::read_to_string(note(folder, name)).ok()?);
    is_program(&path).then_some(path)
}

fn note(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("real-{name}"))
}

fn chosen(name: &str) -> Result<PathBuf> {
    if let Some(path) = output("rustup", &["which", name]) {
        return Ok(path.into());
    }
    let path = on_path(name).with_context(|| format!("{name} is missing: cells can't be compiled; {GET_RUST}"))?;
    let said = Command::new(&path).arg("--version").output();
    match said {
        Ok(said) if said.status.success() => Ok(path),
        Ok(said) => bail!("{} does not run here: {}", path.display(), first_line(&said.stderr)),
        Err(error) => bail!("{} does not run: {error}", path.display()),
    }
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Where cargo is: on the PATH, or in rustup's usual place.
pub fn find_cargo() -> Result<PathBuf> {
    let homes = [std::env::var_os("CARGO_HOME").map(PathBuf::from), usual_cargo_home()];
    let usual = homes.into_iter().flatten().map(|home| home.join("bin").join("cargo"));
    on_path("cargo")
        .or_else(|| usual.into_iter().find(|cargo| is_program(cargo)))
        .with_context(|| format!("cargo is missing: cells can't be compiled; {GET_RUST}"))
}

/// Where cargo keeps what it downloads.
pub fn cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(usual_cargo_home)
}

pub fn usual_cargo_home() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".cargo"))
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

/// What shows that a program has changed.
pub fn state(program: &Path) -> Result<String> {
    let found = std::fs::metadata(program).with_context(|| format!("{} is gone", program.display()))?;
    Ok(format!("{} {} {:?}", program.display(), found.len(), found.modified().ok()))
}

/// What the compiler builds for, as `x86_64-unknown-linux-gnu`.
pub fn host() -> Option<String> {
    let version = output("rustc", &["-vV"])?;
    version.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
}

/// What a program prints, when it ends well.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
