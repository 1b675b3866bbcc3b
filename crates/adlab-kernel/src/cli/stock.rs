//! `adlab stock`: the unmodified evcxr_jupyter with the same crate preloaded. A fallback, and what benchmarks compare with.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::session::Session;
use crate::session::warm_build::WarmBuild;
use crate::system::project::Project;

/// evcxr_jupyter reads the process's own arguments.
const CONTROL_FILE: &str = "--control_file";

/// Starts this program again, so that its arguments are what evcxr_jupyter expects.
pub fn start(project: &Project, control_file: &Path) -> Result<()> {
    if !control_file.is_file() {
        bail!("cannot read the connection file {}; Jupyter writes it when it starts a kernel", control_file.display());
    }
    let session = Session::open_plain(project, WarmBuild::find(project)?)?;
    session.fill_stock()?;
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

/// In the process that [`start`] made: runs evcxr_jupyter, and ends with it; returns in any other.
pub fn hook() {
    if std::env::args_os().nth(1).as_deref() != Some(OsStr::new(CONTROL_FILE)) {
        return;
    }
    let ended = evcxr_jupyter::main();
    if let Err(error) = &ended {
        eprintln!("adlab: {error:#}");
    }
    std::process::exit(i32::from(ended.is_err()));
}
