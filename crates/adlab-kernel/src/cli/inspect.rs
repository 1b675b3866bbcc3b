//! `adlab inspect`: whether submissions can be marked, before they are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::marking::authority::Authority;
use crate::marking::course::{find, task};
use crate::marking::reports::plain;
use crate::marking::submission::Submission;
use crate::notebook::file::is_notebook;

#[derive(clap::Args)]
pub struct Options {
    /// Notebooks that were handed in, or folders of them
    #[arg(required = true, value_name = "SUBMITTED")]
    submitted: Vec<PathBuf>,
    /// The solution notebooks that they will be marked by: what was deleted, moved or copied is said as well, and put right
    #[arg(long, num_args = 1.., value_name = "SOLUTION")]
    against: Vec<PathBuf>,
    /// Write what was put right into this folder; what needs nothing is copied
    #[arg(long, value_name = "DIR")]
    repair: Option<PathBuf>,
}

/// True if all can be marked.
pub fn inspect(options: &Options) -> Result<bool> {
    let authorities = super::grade::authorities(&options.against)?;
    let authorities: Vec<Authority> = authorities.iter().map(Authority::as_handed_out).collect();
    let mut good = true;
    for found in find(&options.submitted)? {
        let name = plain(&found.name.display().to_string());
        let read = match authorities.is_empty() {
            true => Submission::read(&found.path).map(|read| (read.notebook, read.repairs)),
            false => task(&found.path, &authorities).map(|task| (task.prepared.notebook, task.prepared.notes)),
        };
        let (notebook, notes) = match read {
            Ok(read) => read,
            Err(error) => {
                good = false;
                println!("NOT GRADABLE  {name}: {}", plain(&format!("{error:#}")));
                continue;
            }
        };
        match notes.is_empty() {
            true => println!("ok            {name}"),
            false => println!("repaired      {name}: {}", plain(&notes.join("; "))),
        }
        if let Some(folder) = &options.repair {
            let path = folder.join(&found.name);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
            notebook.write(&path)?;
            copy_what_lies_beside(&found.path, parent)
                .with_context(|| format!("cannot copy what lies beside {}", found.path.display()))?;
        }
    }
    Ok(good)
}

/// Data that cells read, and what nbgrader notes: when it was handed in.
fn copy_what_lies_beside(notebook: &Path, to: &Path) -> Result<()> {
    let folder = notebook.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        // A link may lead to what is no student's.
        if entry.file_type()?.is_file() && !is_notebook(&path) && !target.exists() {
            fs::copy(&path, target)?;
        }
    }
    Ok(())
}
