//! The folder in which cells work that are not trusted: a copy of what lies beside the notebook.
//!
//! No notebook is in it, as one that is marked has the hidden tests. It is made for one run and goes with its session.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::notebook::file::is_notebook;
use crate::system::files::{empty, remove_all};

/// Its name in a session's folder.
pub const FOLDER: &str = "scratch";

/// What cells may add to it.
pub const MOST_BYTES: u64 = 64 << 20;
const MOST_FILES: u64 = 10_000;

/// What is larger, or too much altogether, is not copied: it can be read, and not written to.
const LARGEST_COPY: u64 = 16 << 20;
const MOST_LINKS: usize = 100;

/// How often a running cell's folder is looked at, and which part of the time that may take.
const LOOK: Duration = Duration::from_millis(200);
const SHARE: u32 = 10;

#[derive(Debug)]
pub struct Scratch {
    /// It has the cells' folder and one for temporary files, which is theirs as well.
    folder: PathBuf,
    /// What it is a copy of.
    from: PathBuf,
    /// Files elsewhere that can be read.
    pub linked: Vec<PathBuf>,
    /// How much it begins with.
    first: Extent,
    next_look: Instant,
}

#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    files: u64,
    bytes: u64,
}

impl Scratch {
    /// Puts a fresh one at this place.
    pub fn make(folder: PathBuf, from: &Path) -> Result<Self> {
        let _ = remove_all(&folder);
        fs::create_dir_all(&folder).context("cannot make a folder for the cells")?;
        let folder = folder.canonicalize().context("cannot find the cells' folder")?;
        let (next_look, from) = (Instant::now(), from.to_owned());
        let mut scratch = Scratch { folder, from, linked: Vec::new(), first: Extent::default(), next_look };
        scratch.fill()?;
        Ok(scratch)
    }

    /// All of it that is the cells'.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn fill(&mut self) -> Result<()> {
        self.linked.clear();
        self.first = Extent::default();
        let from = self.from.clone();
        let folder = self.folder.clone();
        self.copy(&from, &folder).context("cannot copy what lies beside the notebook")?;
        self.first = extent(&self.folder, u64::MAX);
        Ok(())
    }

    /// Everything is as it was in the beginning.
    pub fn begin_anew(&mut self) {
        empty(&self.folder);
        let _ = self.fill();
    }

    /// Why cells have put too much into it. `now` looks also where it was looked a moment ago.
    pub fn overrun(&mut self, now: bool) -> Option<String> {
        let started = Instant::now();
        if !now && started < self.next_look {
            return None;
        }
        let found = extent(&self.folder, self.first.files + MOST_FILES);
        self.next_look = Instant::now() + LOOK.max(started.elapsed() * SHARE);
        if found.bytes > self.first.bytes + MOST_BYTES {
            return Some(format!("the cell has written more than the {} MB that it may", MOST_BYTES >> 20));
        }
        let is_over = found.files > self.first.files + MOST_FILES;
        is_over.then(|| format!("the cell has made more than the {MOST_FILES} files that it may"))
    }

    /// Files and folders, but for notebooks, what is hidden, and links: those lead elsewhere.
    fn copy(&mut self, from: &Path, to: &Path) -> Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (path, name, kind) = (entry.path(), entry.file_name(), entry.file_type()?);
            if name.as_encoded_bytes().starts_with(b".") || is_notebook(&path) {
                continue;
            }
            self.first.files += 1;
            if self.first.files > MOST_FILES || self.linked.len() > MOST_LINKS {
                bail!("there is too much in {}; the notebook needs a folder of its own", self.from.display());
            }
            let target = to.join(&name);
            if kind.is_dir() {
                // Where temporary files lie beside the notebook, so does this copy.
                if self.folder.starts_with(path.canonicalize()?) {
                    continue;
                }
                fs::create_dir(&target)?;
                self.copy(&path, &target)?;
            } else if kind.is_file() {
                self.copy_file(path, &target, entry.metadata()?.len())?;
            }
        }
        Ok(())
    }

    fn copy_file(&mut self, path: PathBuf, target: &Path, length: u64) -> Result<()> {
        if length > LARGEST_COPY || self.first.bytes + length > MOST_BYTES {
            symlink(&path, target)?;
            self.linked.push(path);
        } else if fs::copy(&path, target).is_ok() {
            self.first.bytes += length;
            // Cells may write to their copy also where the original is read-only.
            fs::set_permissions(target, fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }
}

/// What files take, as the disk has it: one with a hole takes less than it is long. Ends early where there are more.
fn extent(folder: &Path, most: u64) -> Extent {
    let mut found = Extent::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            // The cell has removed it meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            // In a folder so deep that its path is too long, nobody could count.
            Err(_) => return Extent { files: u64::MAX, ..found },
        };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            found.files += 1;
            found.bytes += metadata.blocks() * 512;
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            if found.files > most {
                return found;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notebooks_and_links_stay_away_and_all_comes_back() {
        let base = tempfile::tempdir().unwrap();
        let (from, to) = (base.path().join("from"), base.path().join("to"));
        fs::create_dir_all(from.join("data")).unwrap();
        for name in ["n.ipynb", "N.IPYNB", ".hidden", "a.csv", "data/b.csv"] {
            fs::write(from.join(name), name).unwrap();
        }
        symlink("/etc", from.join("link")).unwrap();
        fs::write(from.join("large"), vec![1; LARGEST_COPY as usize + 1]).unwrap();
        let mut scratch = Scratch::make(to.clone(), &from).unwrap();
        let names = |folder: &Path| {
            let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&to), ["a.csv", "data", "large"]);
        assert_eq!((names(&to.join("data")).len(), &scratch.linked), (1, &vec![from.join("large")]));
        assert_eq!(scratch.overrun(true), None);
        for number in 0..5 {
            fs::write(to.join(format!("big{number}")), vec![1; LARGEST_COPY as usize]).unwrap();
        }
        fs::write(to.join("a.csv"), "changed").unwrap();
        assert!(scratch.overrun(true).unwrap().contains("64 MB"));
        scratch.begin_anew();
        assert_eq!((names(&to).len(), fs::read_to_string(to.join("a.csv")).unwrap()), (3, "a.csv".to_owned()));
        assert_eq!(scratch.overrun(true), None);
        // Below the notebook's own folder.
        let mut inside = Scratch::make(from.join("data/tmp/scratch"), &from).unwrap();
        assert_eq!((names(inside.folder()), inside.overrun(true)), (vec!["a.csv".into(), "large".into()], None));
        // So deep that a path is too long, and that a program may not have so many folders open.
        let mut deep = (to.clone(), fs::File::open(&to).unwrap());
        for _ in 0..3000 {
            rustix::fs::mkdirat(&deep.1, "d", 0o700.into()).unwrap();
            let next = rustix::fs::openat(&deep.1, "d", rustix::fs::OFlags::RDONLY, 0.into()).unwrap();
            deep = (deep.0.join("d"), next.into());
        }
        assert!(scratch.overrun(true).unwrap().contains("files"));
        scratch.begin_anew();
        assert_eq!((names(&to).len(), scratch.overrun(true)), (3, None));
    }
}
