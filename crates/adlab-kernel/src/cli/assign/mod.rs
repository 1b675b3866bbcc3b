//! `adlab assign`: the students' notebooks, made from the solutions.

mod metadata;
mod stubs;
mod student;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::notebook::file::{self, Notebook};
use crate::notebook::markers;
pub use student::{Student, student_version};

#[derive(clap::Args)]
pub struct Options {
    /// Write the students' notebooks into this folder
    #[arg(long, value_name = "DIR", default_value = "notebooks")]
    output: PathBuf,
    /// Change nothing; fail if a student's notebook is not what its solution makes
    #[arg(long)]
    check: bool,
    /// The solution notebooks
    #[arg(required = true, value_name = "SOLUTION")]
    solutions: Vec<PathBuf>,
}

/// All is looked at before anything is written.
pub fn assign(options: &Options) -> Result<bool> {
    let mut students = Vec::new();
    let mut faults = Vec::new();
    for path in &options.solutions {
        match made(path, &options.output) {
            Ok(made) => students.push(made),
            Err(error) => faults.push(format!("{error:#}")),
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    refuse_to_overwrite(&students, options)?;
    if !options.check {
        fs::create_dir_all(&options.output)
            .and_then(|()| tempfile::tempfile_in(&options.output))
            .with_context(|| format!("cannot write into the output folder {}", options.output.display()))?;
    }
    let mut good = true;
    for (target, student) in students {
        if options.check {
            good &= is_current(&target, &student);
        } else {
            student.notebook.write(&target)?;
            println!("wrote   {}: {}", target.display(), student.said());
        }
    }
    Ok(good)
}

fn made(path: &Path, output: &Path) -> Result<(PathBuf, Student)> {
    let solution = Notebook::read(path)?;
    let target = output.join(solution.name());
    let student = student_version(solution).with_context(|| format!("in {}", path.display()))?;
    Ok((target, student))
}

/// Nothing is written over a solution, nor two notebooks into one file.
fn refuse_to_overwrite(students: &[(PathBuf, Student)], options: &Options) -> Result<()> {
    // The same file has the same number, by whatever path or link it is reached.
    let file = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    // Some file systems don't tell capitals from small letters.
    let name = |path: &Path| path.to_string_lossy().to_lowercase();
    for (i, (target, _)) in students.iter().enumerate() {
        let replaced =
            options.solutions.iter().find(|solution| file(target).is_some() && file(target) == file(solution));
        if let Some(solution) = replaced {
            bail!("this would replace the solution {} itself; choose another folder with --output", solution.display());
        }
        if students[..i].iter().any(|(other, _)| name(other) == name(target)) {
            bail!("two notebooks would be written to {}: give them to separate runs", target.display());
        }
        if target.is_dir() {
            bail!("{} is a folder; choose another with --output", target.display());
        }
        // Not one of those to be read, and yet somebody's work.
        if has_answers(target) {
            bail!("{} has answers in it, and would be replaced; choose another folder with --output", target.display());
        }
    }
    Ok(())
}

fn has_answers(path: &Path) -> bool {
    let Ok(notebook) = Notebook::read(path) else { return false };
    notebook.cells().iter().any(|cell| {
        let found = markers::cut(&file::source(cell), cell["cell_type"] == "code");
        found.is_ok_and(|found| found.solutions + found.hidden_tests + found.mark_schemes > 0)
    })
}

fn is_current(target: &Path, student: &Student) -> bool {
    let current = fs::read_to_string(target).is_ok_and(|text| text == student.notebook.to_text());
    if current {
        println!("ok      {}: {}", target.display(), student.said());
    } else {
        println!("STALE   {}: run `adlab assign notebooks/solutions/*.ipynb`", target.display());
    }
    current
}
