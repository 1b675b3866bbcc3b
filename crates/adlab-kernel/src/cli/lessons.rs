//! A folder of lessons, as `adlab check` looks at it whole: what students get is what the solutions make, and all of it is as a
//! lesson should be.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::assign;
use crate::lesson::{self, links};
use crate::notebook::file::{Notebook, is_notebook};

/// What is to be checked.
pub struct Lesson {
    pub solution: PathBuf,
    /// The folder of wrong answers.
    pub wrong: Option<PathBuf>,
    /// That of all lessons, where it was asked for.
    pub folder: Option<PathBuf>,
}

/// The lessons that are named by their files or folders.
pub fn asked(paths: &[PathBuf], wrong: Option<&Path>) -> Result<Vec<Lesson>> {
    let mut lessons = Vec::new();
    for path in paths {
        if !path.is_dir() {
            lessons.push(Lesson { solution: path.clone(), wrong: wrong.map(Path::to_owned), folder: None });
            continue;
        }
        let inside = path.join("solutions");
        let entries = fs::read_dir(&inside).with_context(|| {
            format!("{} is no folder of lessons: those have their solutions in {}", path.display(), inside.display())
        })?;
        let mut solutions: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        solutions.retain(|path| is_notebook(path));
        solutions.sort();
        if solutions.is_empty() {
            bail!("there is no notebook in {}", inside.display());
        }
        let beside = Some(path.join("wrong")).filter(|folder| folder.is_dir());
        let wrong = wrong.map(Path::to_owned).or(beside);
        let lesson = |solution| Lesson { solution, wrong: wrong.clone(), folder: Some(path.clone()) };
        lessons.extend(solutions.into_iter().map(lesson));
    }
    if lessons.iter().any(|lesson| lesson.folder.is_some()) {
        for program in lesson::missing() {
            println!("not looked at: {program} is not on this machine");
        }
    }
    Ok(lessons)
}

/// What should be otherwise in a lesson, and in what students get of it. Nothing, where no whole folder was asked for.
pub fn faults(lesson: &Lesson, solution: &Notebook, all: &[PathBuf]) -> Result<Vec<String>> {
    let Some(folder) = &lesson.folder else { return Ok(Vec::new()) };
    let names = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let others: Vec<String> =
        all.iter().filter(|path| path.parent() == lesson.solution.parent()).filter_map(names).collect();
    let mut faults = lesson::faults(solution, &others)?;
    let path = folder.join(solution.name());
    let current = assign::student_version(solution.clone())?.notebook.to_text();
    if fs::read_to_string(&path).ok().as_ref() != Some(&current) {
        faults.push(format!("{} is not what the solution makes: run `adlab assign`", path.display()));
        return Ok(faults);
    }
    faults.extend(
        links::faults(&Notebook::read(&path)?, &others).into_iter().map(|fault| format!("for students: {fault}")),
    );
    Ok(faults)
}
