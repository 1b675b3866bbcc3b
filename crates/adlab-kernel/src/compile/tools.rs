//! The real cargo and rustc of a session, and the folder in which this program stands in for them.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::variable_store;
use crate::system::toolchain::{self, Toolchain};

/// The session's folder for all of this.
pub const FOLDER_VAR: &str = "ADLAB_TOOLS";
/// The user's own folder of cargo's.
pub const HOME_VAR: &str = "ADLAB_CARGO_HOME";

/// The names under which this program stands in.
pub const STAND_INS: [&str; 3] = ["rustup", "cargo", "rustc"];

pub struct Tools {
    pub folder: PathBuf,
}

impl Tools {
    pub fn of_session() -> Result<Self> {
        let folder = std::env::var_os(FOLDER_VAR).with_context(|| format!("{FOLDER_VAR} is not set"))?;
        Ok(Tools { folder: folder.into() })
    }

    /// Where the stand-ins are.
    pub fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Makes the stand-ins for this toolchain.
    pub fn stand_in(&self, toolchain: &Toolchain) -> Result<()> {
        let bin = self.bin();
        std::fs::create_dir_all(&bin)?;
        let this = std::env::current_exe()?;
        for name in STAND_INS {
            symlink(&this, bin.join(name)).context("cannot put the stand-in for cargo in place")?;
        }
        toolchain.write_down(&self.folder)
    }

    /// Compiles what every cell is linked with, for a build folder.
    pub fn build_store(&self, build: &Path) -> Result<()> {
        variable_store::build(&variable_store::folder(build)?, &self.real("rustc"))
    }

    /// The real one.
    pub fn real(&self, name: &str) -> PathBuf {
        let known = toolchain::known(&self.folder, name);
        known.or_else(|| toolchain::on(&self.real_path(), name)).unwrap_or_else(|| name.into())
    }

    /// The PATH without the stand-ins.
    pub fn real_path(&self) -> OsString {
        let all = std::env::var_os("PATH").unwrap_or_default();
        let bin = self.bin();
        std::env::join_paths(std::env::split_paths(&all).filter(|dir| *dir != bin)).unwrap_or(all)
    }

    pub fn with_real_environment(&self, command: &mut Command) {
        command.env("PATH", self.real_path()).env("RUSTC", self.real("rustc"));
        match std::env::var_os(HOME_VAR) {
            Some(home) => command.env("CARGO_HOME", home),
            None => command.env_remove("CARGO_HOME"),
        };
    }

    pub fn real_cargo(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(self.real("cargo"));
        command.args(arguments);
        self.with_real_environment(&mut command);
        command
    }
}
