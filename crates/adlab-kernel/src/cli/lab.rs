//! `adlab lab`: JupyterLab at the first lesson, in a copy of the lessons that is the student's own.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::system::project::Project;
use crate::system::toolchain::on_path;

/// Made in the current folder.
const FOLDER: &str = "adlab-lessons";

#[derive(clap::Args)]
pub struct Options {
    /// Only copy the lessons
    #[arg(long)]
    copy_only: bool,
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
    copied.add(&lessons, &folder, Path::new("")).with_context(|| {
        format!(
            "cannot copy the lessons to {}; go to a folder that is yours, and run this again there",
            folder.display()
        )
    })?;
    println!("lessons     {}", folder.display());
    for path in &copied.added {
        println!("added       {}", path.display());
    }
    for path in &copied.kept {
        println!("kept        {} is not as in this version: it may be your work", path.display());
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

/// What a copy has done, in paths of the lessons.
#[derive(Default)]
struct Copied {
    added: Vec<PathBuf>,
    /// There already, and other than what would have been copied.
    kept: Vec<PathBuf>,
}

impl Copied {
    /// Adds what is not there; nothing that is there is touched.
    fn add(&mut self, from: &Path, to: &Path, inside: &Path) -> Result<()> {
        fs::create_dir_all(to)?;
        let mut entries: Vec<_> = fs::read_dir(from)?.collect::<std::io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (name, path) = (entry.file_name(), entry.path());
            let (target, inside) = (to.join(&name), inside.join(&name));
            if entry.file_type()?.is_dir() {
                self.add(&path, &target, &inside)?;
                continue;
            }
            let lesson = fs::read(&path)?;
            let mut new = tempfile::Builder::new();
            let mut new = new.prefix(".adlab-").permissions(fs::Permissions::from_mode(0o666)).tempfile_in(to)?;
            new.write_all(&lesson)?;
            match new.persist_noclobber(&target) {
                Ok(_) => self.added.push(inside),
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                    if !fs::read(&target).is_ok_and(|text| text == lesson) {
                        self.kept.push(inside);
                    }
                }
                Err(error) => return Err(error.error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_student_s_work_stays() {
        let base = tempfile::tempdir().unwrap();
        let (from, to) = (base.path().join("from"), base.path().join("to"));
        fs::create_dir_all(from.join("solutions")).unwrap();
        for name in ["1.ipynb", "2.ipynb", "solutions/1.ipynb"] {
            fs::write(from.join(name), name).unwrap();
        }
        let copy = || {
            let mut copied = Copied::default();
            copied.add(&from, &to, Path::new("")).unwrap();
            let names = |paths: Vec<PathBuf>| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
            (names(copied.added), names(copied.kept))
        };
        assert_eq!(copy().0, ["1.ipynb", "2.ipynb", "solutions/1.ipynb"]);
        assert_eq!(copy(), (vec![], vec![]));
        fs::write(to.join("1.ipynb"), "work").unwrap();
        fs::remove_file(to.join("2.ipynb")).unwrap();
        // A link to nowhere is something, too.
        fs::remove_file(to.join("solutions/1.ipynb")).unwrap();
        std::os::unix::fs::symlink(base.path().join("nowhere"), to.join("solutions/1.ipynb")).unwrap();
        assert_eq!(copy(), (vec!["2.ipynb".into()], vec!["1.ipynb".into(), "solutions/1.ipynb".into()]));
        assert_eq!(fs::read_to_string(to.join("1.ipynb")).unwrap(), "work");
        assert!(!base.path().join("nowhere").exists());
        assert_eq!(fs::read_dir(&to).unwrap().count(), 3);
    }
}
