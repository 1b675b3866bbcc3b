//! The file that has all of a cell's text, where the notebook shows a part of it.
//!
//! It lies in the folder for temporary files, and outlives the session: `adlab run` ends with its notebooks. The next file
//! of this kind removes those that are old.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The beginning of its name.
const PREFIX: &str = "adlab-output-";
/// How much of a cell's text is kept.
const MOST_KEPT: usize = 50_000_000;
/// How long files are kept, and how many.
const DAYS_KEPT: u64 = 3;
const FILES_KEPT: usize = 5;

/// A file in the making.
pub struct Whole {
    file: BufWriter<File>,
    path: PathBuf,
    written: usize,
    /// What could not be written.
    trouble: Option<std::io::Error>,
}

impl Whole {
    pub fn create() -> std::io::Result<Self> {
        let folder = std::env::temp_dir();
        remove_old(&folder);
        let (file, path) = tempfile::Builder::new().prefix(PREFIX).suffix(".txt").tempfile_in(&folder)?.keep()?;
        Ok(Whole { file: BufWriter::new(file), path, written: 0, trouble: None })
    }

    pub fn write(&mut self, text: &str) {
        let room = text.floor_char_boundary(MOST_KEPT.saturating_sub(self.written));
        self.written += text.len();
        if self.trouble.is_none() {
            self.trouble = self.file.write_all(&text.as_bytes()[..room]).err();
        }
    }

    /// From now on, whoever looks finds what has been written.
    pub fn flush(&mut self) {
        if self.trouble.is_none() {
            self.trouble = self.file.flush().err();
        }
    }

    /// The text has gone from the page as well.
    pub fn clear(&mut self) {
        self.flush();
        let file = self.file.get_mut();
        self.trouble = file.set_len(0).and_then(|()| file.rewind()).err();
        self.written = 0;
    }

    /// In words.
    pub fn place(&self) -> String {
        let much = match &self.trouble {
            Some(error) => format!("what could be kept of it ({error}) is"),
            None if self.written > MOST_KEPT => format!("its first {} MB are", MOST_KEPT / 1_000_000),
            None => "all of it is".to_owned(),
        };
        format!("{much} in {}, for {DAYS_KEPT} days at most", self.path.display())
    }
}

/// Files that nobody can remove but another user are left to them.
fn remove_old(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_ours = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter(is_ours)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort_unstable_by(|a, b| b.cmp(a));
    let is_old = |time: SystemTime| time.elapsed().is_ok_and(|age| age > Duration::from_secs(DAYS_KEPT * 24 * 3600));
    for (number, (time, path)) in files.iter().enumerate() {
        if number + 1 >= FILES_KEPT || is_old(*time) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_are_kept_and_none_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let name = |number: usize| folder.path().join(format!("{PREFIX}{number:02}.txt"));
        let hour = Duration::from_secs(3600);
        for number in 0..12 {
            let age = if number == 1 { 24 * DAYS_KEPT as u32 + 1 } else { number as u32 };
            File::create(name(number)).unwrap().set_modified(SystemTime::now() - hour * age).unwrap();
        }
        fs::write(folder.path().join("of-somebody-else.txt"), "").unwrap();
        remove_old(folder.path());
        let left: Vec<usize> = (0..12).filter(|&number| name(number).exists()).collect();
        // Room for one more.
        assert_eq!(left, [0, 2, 3, 4]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), FILES_KEPT);
    }

    #[test]
    fn a_file_has_a_bound_and_can_begin_anew() {
        let mut whole = Whole::create().unwrap();
        whole.write("∂");
        whole.flush();
        assert_eq!(fs::read_to_string(&whole.path).unwrap(), "∂");
        assert!(whole.place().starts_with("all of it is in /"));
        whole.written = MOST_KEPT - 1;
        whole.write("∂");
        whole.write("x");
        whole.flush();
        assert_eq!(fs::read_to_string(&whole.path).unwrap(), "∂");
        assert!(whole.place().starts_with("its first 50 MB are in /"));
        whole.clear();
        whole.write("new");
        whole.flush();
        assert_eq!(fs::read_to_string(&whole.path).unwrap(), "new");
        fs::remove_file(&whole.path).unwrap();
    }
}
