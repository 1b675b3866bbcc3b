//! `adlab lab`: JupyterLab at the first lesson, in a copy of the lessons that is the student's own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::copied::Copied;
use crate::system::project::Project;
use crate::system::toolchain::on_path;

/// Made in the current folder.
const FOLDER: &str = "adlab-lessons";
/// In it, and only for who asks: what opens first has nothing but the lessons.
const SOLUTIONS: &str = "solutions";

#[derive(clap::Args)]
pub struct Options {
    /// Only copy the lessons
    #[arg(long)]
    copy_only: bool,
    /// Copy the worked solutions as well, into a folder beside the lessons
    #[arg(long)]
    solutions: bool,
    /// What else you add goes to JupyterLab, as --no-browser
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Returns only where it does not start JupyterLab.
pub fn open(project: &Project, options: &Options) -> Result<()> {
    project.check()?;
    let folder = std::env::current_dir().context("the current folder is gone; go to one that is there")?.join(FOLDER);
    let lessons = project.root().join("notebooks");
    let mut copied = Copied::default();
    let mut copy = || {
        copied.add_files(&lessons, &folder, Path::new(""))?;
        match options.solutions {
            true => copied.add_files(&lessons.join(SOLUTIONS), &folder, Path::new(SOLUTIONS)),
            false => Ok(()),
        }
    };
    copy().with_context(|| {
        format!(
            "cannot copy the lessons to {}; go to a folder that is yours, and run this again there",
            folder.display()
        )
    })?;
    println!("lessons     {}", folder.display());
    copied.report();
    if !folder.join(SOLUTIONS).exists() {
        println!("solutions   for who learns alone: adlab lab --solutions");
    }
    if options.copy_only {
        return Ok(());
    }
    let jupyter = jupyter_lab()?;
    let mut command = Command::new(&jupyter);
    let first = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name.as_encoded_bytes().ends_with(b".ipynb"))
        .min();
    let mut root = OsString::from("--ServerApp.root_dir=");
    root.push(&folder);
    command.arg(root).arg(format!("--LabApp.default_url=/lab/tree/{}", first.unwrap_or_default().display()));
    if rustix::process::geteuid().is_root() {
        // Jupyter wants to hear that root is meant.
        command.arg("--allow-root");
    }
    command.args(&options.arguments);
    // A JupyterLab that is installed elsewhere finds the kernel, too.
    if project.is_installation() {
        let ours = project.root().with_file_name("jupyter");
        let others = std::env::var_os("JUPYTER_PATH").unwrap_or_default();
        let others = std::env::split_paths(&others).filter(|path| !path.as_os_str().is_empty()).collect::<Vec<_>>();
        command.env("JUPYTER_PATH", std::env::join_paths(others.into_iter().chain([ours]))?);
    }
    Err(command.exec()).with_context(|| format!("cannot start {}", jupyter.display()))
}

/// The one of the same Python environment, also where that is not active; or else the one on the PATH.
fn jupyter_lab() -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("jupyter-lab");
    if beside.is_file() {
        return Ok(beside);
    }
    let Some(found) = on_path("jupyter-lab") else {
        let python = beside.with_file_name("python3");
        let python = if python.is_file() { python } else { "python3".into() };
        bail!("JupyterLab is missing; run: {} -m pip install jupyterlab, then this again", python.display());
    };
    Ok(found)
}
