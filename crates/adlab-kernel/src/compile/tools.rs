//! The real cargo and rustc of a session, and the folder in which this program stands in for them.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::system::files::write_atomically;
use crate::system::toolchain::{self, Toolchain};

/// The session's folder for all of this.
pub const FOLDER_VAR: &str = "ADLAB_TOOLS";
/// The user's own folder of cargo's.
pub const HOME_VAR: &str = "ADLAB_CARGO_HOME";

/// In this folder: which version the compiler is, and its state, on two lines.
pub const COMPILER_NOTE: &str = "compiler";

/// How the files begin in which calls of rustc and cargo's answers are.
pub const CALL: &str = "call-";
pub const ANSWER: &str = "answer-";
const KNOWN: [&str; 2] = [CALL, ANSWER];

/// The names under which this program stands in.
pub const STAND_INS: [&str; 4] = ["rustup", "cargo", "rustc", AHEAD];
/// The one that stands for nobody: it compiles what nobody has asked for yet.
pub const AHEAD: &str = "ahead";

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

    /// Makes the stand-ins for this toolchain, whose compiler is of this version.
    pub fn stand_in(&self, toolchain: &Toolchain, version: &str) -> Result<()> {
        let bin = self.bin();
        std::fs::create_dir_all(&bin)?;
        let this = std::env::current_exe()?;
        for name in STAND_INS {
            symlink(&this, bin.join(name)).context("cannot put the stand-in for cargo in place")?;
        }
        let compiler = format!("{version}\n{}", toolchain::state(&toolchain.rustc)?);
        write_atomically(&self.folder.join(COMPILER_NOTE), compiler.as_bytes())?;
        toolchain.write_down(&self.folder)
    }

    /// Takes over what is known in another such folder.
    pub fn learn(&self, folder: &Path) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let (path, name) = {
                let entry = entry?;
                (entry.path(), entry.file_name())
            };
            if KNOWN.iter().any(|kind| name.as_encoded_bytes().starts_with(kind.as_bytes())) {
                std::fs::copy(path, self.folder.join(name))?;
            }
        }
        Ok(())
    }

    /// The real one.
    pub fn real(&self, name: &str) -> PathBuf {
        let known = toolchain::known(&self.folder, name);
        known.or_else(|| toolchain::on(&self.real_path(), name)).unwrap_or_else(|| name.into())
    }

    /// Where cells find Rust's own libraries.
    pub fn libraries(&self) -> PathBuf {
        let rustc = self.real("rustc");
        rustc.ancestors().nth(2).unwrap_or(&rustc).join("lib")
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

    /// The user's.
    pub fn cargo_home(&self) -> Option<PathBuf> {
        std::env::var_os(HOME_VAR).map(PathBuf::from).or_else(toolchain::usual_cargo_home)
    }

    pub fn real_cargo(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(self.real("cargo"));
        command.args(arguments);
        self.with_real_environment(&mut command);
        command
    }
}
