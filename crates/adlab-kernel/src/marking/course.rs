//! What is to be marked, and by what: submissions found in folders, each with its solution.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::authority::{Authority, Prepared};
use super::submission::Submission;
use crate::notebook::file::is_notebook;
use crate::notebook::names::{apart, owner};

/// A file that was handed in.
pub struct Found {
    pub path: PathBuf,
    /// What it is called in reports: `ann/lesson-1/1.ipynb`.
    pub name: PathBuf,
    pub student: String,
}

/// The notebooks that these are, or that are in these folders.
pub fn find(places: &[PathBuf]) -> Result<Vec<Found>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for place in places {
        if !place.is_dir() {
            // What is not there is said when it is read; a link that was named is meant.
            paths.push(if place.is_symlink() { place.canonicalize().unwrap_or(place.clone()) } else { place.clone() });
            continue;
        }
        let before = paths.len();
        collect(place, true, &mut paths).with_context(|| format!("cannot read the folder {}", place.display()))?;
        if !paths[before..].iter().any(|path| is_notebook(path)) {
            bail!("there is no notebook in {}", place.display());
        }
    }
    let mut seen = std::collections::HashSet::new();
    // A link is not what it leads to.
    let whole =
        |path: &PathBuf| if path.is_symlink() { path.clone() } else { path.canonicalize().unwrap_or(path.clone()) };
    paths.retain(|path| seen.insert(whole(path)));
    let names = match places {
        // Of one folder, all that is in it tells them apart.
        [folder] if folder.is_dir() => {
            paths.iter().map(|path| path.strip_prefix(folder).unwrap_or(path).to_owned()).collect()
        }
        _ => apart(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>()),
    };
    let found = paths.into_iter().zip(names).map(|(path, name)| {
        let is_of_student = name.components().count() == 1 && path.is_dir();
        let student = if is_of_student { name.to_string_lossy().into_owned() } else { owner(&name) };
        Found { path, name, student }
    });
    Ok(found.collect())
}

fn collect(folder: &Path, of_students: bool, paths: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    // Where notebooks lie side by side, a folder has what they read.
    let of_students = of_students && !entries.iter().any(|entry| is_notebook(&entry.path()));
    for entry in entries {
        let path = entry.path();
        // What Jupyter keeps for itself.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let before = paths.len();
            collect(&path, false, paths)?;
            if paths.len() == before && (of_students || is_notebook(&path)) {
                // Somebody has handed in something else, which is said when it is read.
                paths.push(path);
            }
        } else if is_notebook(&path) {
            paths.push(path);
        }
    }
    Ok(())
}

/// A submission and its solution, ready to run.
pub struct Task {
    pub prepared: Prepared,
    /// The place of its solution among the authorities.
    pub solution: usize,
    pub digest: String,
}

/// Reads a submission, and finds the solution that it belongs to.
pub fn task(path: &Path, authorities: &[Authority]) -> Result<Task> {
    let submission = Submission::read(path)?;
    let solution = solution_of(&submission, path, authorities)?;
    let authority = &authorities[solution];
    let mut prepared = authority.prepare(&submission.notebook);
    prepared.notes.splice(0..0, submission.repairs);
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), &submission.bytes, authority.solution.to_text()).hash(&mut hasher);
    Ok(Task { prepared, solution, digest: format!("{:016x}", hasher.finish()) })
}

/// By the names of its cells; by that of its file, where it has lost them.
fn solution_of(submission: &Submission, path: &Path, authorities: &[Authority]) -> Result<usize> {
    let likeness = |place: &usize| authorities[*place].likeness(&submission.notebook);
    let best = (0..authorities.len()).max_by_key(likeness).context("there is no solution to mark by")?;
    if likeness(&best) > 0 {
        return Ok(best);
    }
    let has_name = |authority: &Authority| authority.solution.path.file_name() == path.file_name();
    let by_name = authorities.iter().position(has_name).or_else(|| (authorities.len() == 1).then_some(0));
    by_name.ok_or_else(|| anyhow!("it has no cell of a solution, and none has its name"))
}
