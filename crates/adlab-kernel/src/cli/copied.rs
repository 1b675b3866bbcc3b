//! Copies of what is ours into a folder of somebody else's: what is missing is added, and nothing that is there is touched.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// What was done, in paths of the folder.
#[derive(Default)]
pub struct Copied {
    added: Vec<PathBuf>,
    /// There already, and other than what would have been copied.
    kept: Vec<PathBuf>,
}

impl Copied {
    /// Adds the files of the folder `from`, and not those of folders in it, as `inside` in the folder `to`.
    pub fn add_files(&mut self, from: &Path, to: &Path, inside: &Path) -> Result<()> {
        fs::create_dir_all(to.join(inside))?;
        let mut entries: Vec<_> = fs::read_dir(from)?.collect::<std::io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_type()?.is_file() {
                self.add(&fs::read(entry.path())?, to, &inside.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// Adds a file: whole or not at all.
    pub fn add(&mut self, content: &[u8], to: &Path, inside: &Path) -> Result<()> {
        let target = to.join(inside);
        let folder = target.parent().unwrap_or(to);
        fs::create_dir_all(folder)?;
        let mut new = tempfile::Builder::new();
        let mut new = new.prefix(".adlab-").permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)?;
        new.write_all(content)?;
        match new.persist_noclobber(&target) {
            Ok(_) => self.added.push(inside.to_owned()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                if !fs::read(&target).is_ok_and(|text| text == content) {
                    self.kept.push(inside.to_owned());
                }
            }
            Err(error) => return Err(error.error.into()),
        }
        Ok(())
    }

    pub fn report(&self) {
        for path in &self.added {
            println!("added       {}", path.display());
        }
        for path in &self.kept {
            println!("kept        {} is not as in this version: it may be your work", path.display());
        }
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
            copied.add_files(&from, &to, Path::new("")).unwrap();
            copied.add_files(&from.join("solutions"), &to, Path::new("solutions")).unwrap();
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
