//! `adlab stock`: the unmodified evcxr_jupyter with the same crate preloaded. A fallback, and what benchmarks compare with.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::system::project::Project;
use crate::session::Session;

/// evcxr_jupyter reads the process's own arguments.
pub const CONTROL_FILE: &str = "--control_file";

/// Starts this program again, so that its arguments are what evcxr_jupyter expects.
pub fn start(project: &Project, control_file: &Path) -> Result<()> {
    if !control_file.is_file() {
        bail!("cannot read the connection file {}; Jupyter writes it when it starts a kernel", control_file.display());
    }
    let session = Session::open_plain(project)?;
    session.fill()?;
    let nowhere = tempfile::tempdir()?;
    let status = Command::new(std::env::current_exe()?)
        .arg(CONTROL_FILE)
        .arg(control_file)
        // At start it rewrites a kernelspec named `rust`; keep it away from the user's.
        .env("JUPYTER_PATH", nowhere.path())
        .status()?;
    drop(session);
    if !status.success() {
        bail!("evcxr_jupyter ended with {status}");
    }
    Ok(())
}

/// In the process that [`start`] made: runs evcxr_jupyter, and returns true when it has ended.
pub fn hook() -> Result<bool> {
    if std::env::args_os().nth(1).as_deref() != Some(OsStr::new(CONTROL_FILE)) {
        return Ok(false);
    }
    evcxr_jupyter::main()?;
    Ok(true)
}
