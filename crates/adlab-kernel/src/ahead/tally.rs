//! How often the next cell was ready, in this session and in all.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::compile::ahead::Found;

/// In the cache of compiled cells: a line for each session that has ended.
const FILE: &str = "ahead";
/// So many sessions are remembered.
const MOST: usize = 200;

/// Counts of cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that were run.
    pub run: usize,
    /// Those of them that had been compiled ahead, or were being compiled.
    pub ready: usize,
    /// Those that were compiled ahead, and not run so far.
    pub in_vain: usize,
}

#[derive(Debug, Default)]
pub struct Tally {
    run: usize,
    ready: usize,
    /// What was compiled ahead and has not been asked for.
    unused: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Tally {
    /// A rehearsal has left it to be compiled.
    pub fn leave(&mut self, key: &str) {
        if !self.used.contains(key) {
            self.unused.insert(key.to_owned());
        }
    }

    /// It was ended before it was compiled.
    pub fn forget(&mut self, key: &str) {
        self.unused.remove(key);
    }

    /// A cell has run, and this became of its sources. Of a cell that evcxr has to mend, there are several.
    pub fn run(&mut self, found: &[Found]) {
        let mut is_ready = !found.is_empty();
        for found in found {
            match found {
                Found::Ready(key) => {
                    is_ready &= self.unused.remove(key) || self.used.contains(key);
                    self.used.insert(key.clone());
                }
                Found::Made(key) => {
                    self.unused.remove(key);
                    is_ready = false;
                }
                Found::Left(..) => {}
            }
        }
        self.run += usize::from(!found.is_empty());
        self.ready += usize::from(is_ready);
    }

    pub fn counts(&self) -> Counts {
        Counts { run: self.run, ready: self.ready, in_vain: self.unused.len() }
    }

    /// Adds this session to those before.
    pub fn write(&self, cells: &Path) {
        let Counts { run, ready, in_vain } = self.counts();
        if run == 0 {
            return;
        }
        let place = cells.join(FILE);
        if lines(&place).len() >= MOST {
            let _ = fs::remove_file(&place);
        }
        // A short line is written whole.
        if let Ok(mut file) = fs::OpenOptions::new().create(true).append(true).open(place) {
            let _ = file.write_all(format!("{run} {ready} {in_vain}\n").as_bytes());
        }
    }
}

/// Of the sessions that have ended.
pub fn of_sessions(cells: &Path) -> (usize, Counts) {
    let all = lines(&cells.join(FILE));
    let sum = all.iter().fold(Counts::default(), |sum, counts| Counts {
        run: sum.run + counts.run,
        ready: sum.ready + counts.ready,
        in_vain: sum.in_vain + counts.in_vain,
    });
    (all.len(), sum)
}

fn lines(place: &PathBuf) -> Vec<Counts> {
    let text = fs::read_to_string(place).unwrap_or_default();
    let line = |line: &str| {
        let mut numbers = line.split(' ').map(|number| number.parse().ok());
        Some(Counts { run: numbers.next()??, ready: numbers.next()??, in_vain: numbers.next()?? })
    };
    text.lines().filter_map(line).collect()
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { run, ready, in_vain } = self;
        write!(f, "{ready} of {run} cells were ready when they were run; {in_vain} were compiled in vain so far")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_once() {
        let mut tally = Tally::default();
        ["a", "b", "c", "d"].iter().for_each(|key| tally.leave(key));
        let (ready, made) = (|key: &str| Found::Ready(key.into()), |key: &str| Found::Made(key.into()));
        tally.run(&[ready("a")]);
        // It was in the cache, but of another session.
        tally.run(&[ready("z")]);
        tally.run(&[ready("b"), made("e")]);
        tally.run(&[]);
        assert_eq!(tally.counts(), Counts { run: 3, ready: 1, in_vain: 2 });
        // The same cell again is as ready as it was.
        tally.run(&[ready("a")]);
        tally.leave("a");
        tally.forget("d");
        assert_eq!(tally.counts(), Counts { run: 4, ready: 2, in_vain: 1 });
    }

    #[test]
    fn sessions_are_added_up() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of_sessions(folder.path()), (0, Counts::default()));
        let mut tally = Tally::default();
        tally.write(folder.path());
        tally.leave("a");
        tally.run(&[Found::Ready("a".into())]);
        tally.write(folder.path());
        tally.write(folder.path());
        assert_eq!(of_sessions(folder.path()), (2, Counts { run: 2, ready: 2, in_vain: 0 }));
        fs::write(folder.path().join(FILE), "1 2\nx\n3 2 1\n").unwrap();
        assert_eq!(of_sessions(folder.path()), (1, Counts { run: 3, ready: 2, in_vain: 1 }));
    }
}
