//! All marks as JSON: for machines, and to go on from where marking was interrupted.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::marking::results::Marks;
use crate::system::files::write_atomically;

/// With what the marks were made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct List {
    pub adlab: String,
    pub compiler: String,
    pub submissions: Vec<Marks>,
}

impl List {
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{name} is no list of marks; `adlab grade --json` makes one"))
    }

    /// The whole list, or nothing.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_atomically(path, text.as_bytes())
    }
}

/// Each submission's marks, as soon as they are there: what was marked is not lost when the rest is interrupted.
pub struct Journal {
    file: fs::File,
    path: PathBuf,
}

impl Journal {
    /// Beside the list that is to be.
    pub fn begin(list: &Path, resume: bool) -> Result<Self> {
        let path = beside(list);
        let cannot = || format!("cannot write {}", path.display());
        let mut options = fs::OpenOptions::new();
        let file =
            options.create(true).append(resume).write(true).truncate(!resume).open(&path).with_context(cannot)?;
        Ok(Journal { file, path })
    }

    pub fn add(&mut self, marks: &Marks) -> Result<()> {
        let line = serde_json::to_string(marks)? + "\n";
        self.file.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// All is in the list now.
    pub fn end(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What was marked before, by its digest: in the list, and in what an interrupted run has left.
pub fn known(list: &Path) -> HashMap<String, Marks> {
    let complete = List::read(list).map(|list| list.submissions).unwrap_or_default();
    let journal = fs::read_to_string(beside(list)).unwrap_or_default();
    // The last line may have been cut short.
    let begun = journal.lines().filter_map(|line| serde_json::from_str::<Marks>(line).ok());
    let all = complete.into_iter().chain(begun).filter(|marks| marks.not_marked.is_none());
    all.map(|marks| (marks.digest.clone(), marks)).collect()
}

fn beside(list: &Path) -> PathBuf {
    let mut name = list.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    list.with_file_name(name)
}
