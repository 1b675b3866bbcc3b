//! Files that are written whole or not at all, and folders that are copied as they are.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};

/// Writes the whole file or nothing.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let attempt = || -> Result<()> {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        let mut file = builder.permissions(fs::Permissions::from_mode(0o666)).tempfile_in(dir)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a folder, with those that it is in where they are missing: for nobody but this user.
pub fn create_private(folder: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// How much is in a folder: one that was cut short has less.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub files: u64,
    pub bytes: u64,
}

/// Of all files in a folder.
pub fn extent(folder: &Path) -> Result<Extent> {
    let mut extent = Extent::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let part = if kind.is_dir() {
            self::extent(&entry.path())?
        } else {
            Extent { files: kind.is_file().into(), bytes: if kind.is_file() { entry.metadata()?.len() } else { 0 } }
        };
        extent = Extent { files: extent.files + part.files, bytes: extent.bytes + part.bytes };
    }
    Ok(extent)
}

/// Lets all users of this machine read what is in a folder, and go through it.
pub fn let_all_read(path: &Path) -> Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    // Whom the owner lets run a program, or go into a folder, all others may as well.
    let more = if mode & 0o100 != 0 { 0o555 } else { 0o444 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode | more))?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            let_all_read(&entry?.path())?;
        }
    }
    Ok(())
}

/// Copies a folder with its times: cargo compares them. The copy can be written to, whatever it is a copy of.
pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
            let metadata = entry.metadata()?;
            fs::set_permissions(&target, fs::Permissions::from_mode(metadata.permissions().mode() | 0o600))?;
            let modified = metadata.modified()?;
            fs::File::options().append(true).open(&target)?.set_modified(modified)?;
        }
    }
    Ok(())
}

/// Removes a folder with all that is in it, also where that is so deep that nobody can have a path to it.
pub fn remove_all(folder: &Path) -> std::io::Result<()> {
    empty(folder);
    fs::remove_dir(folder)
}

/// Removes all that is in a folder.
pub fn empty(folder: &Path) {
    let (mut before, mut moved) = (0, 0);
    loop {
        remove_inside(folder, folder, &mut moved);
        if moved == before {
            return;
        }
        before = moved;
    }
}

/// In bytes, of a path to a folder with which one can still do something.
const LONG: usize = 2000;

/// What is too deep is moved up, to be removed the next time.
fn remove_inside(folder: &Path, top: &Path, moved: &mut u64) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = fs::remove_file(path);
        } else if path.as_os_str().len() < LONG || folder == top {
            remove_inside(&path, top, moved);
            let _ = fs::remove_dir(path);
        } else if fs::rename(path, top.join(format!("up-{moved}"))).is_ok() {
            *moved += 1;
        }
    }
}

/// Puts a folder in the place of another, which is there until the new one is complete. Nothing is lost if it fails.
pub fn replace_tree(new: &Path, place: &Path) -> Result<()> {
    let old = new.with_extension("old");
    let had_one = place.exists();
    if had_one {
        fs::rename(place, &old).with_context(|| format!("cannot put {} away", place.display()))?;
    }
    if let Err(error) = fs::rename(new, place) {
        if had_one {
            fs::rename(&old, place)
                .with_context(|| format!("cannot put {} back, which is in {} now", place.display(), old.display()))?;
        }
        return Err(error).with_context(|| format!("cannot put {} in place", place.display()));
    }
    if had_one {
        // What is left of it is in nobody's way: its name is its own.
        let _ = fs::remove_dir_all(&old);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_tree_has_its_times() {
        let base = tempfile::tempdir().unwrap();
        let (from, to) = (base.path().join("a"), base.path().join("b"));
        fs::create_dir_all(from.join("deep")).unwrap();
        let file = fs::File::create(from.join("deep/file")).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        file.set_modified(long_ago).unwrap();
        copy_tree(&from, &to).unwrap();
        assert_eq!(fs::metadata(to.join("deep/file")).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn a_copy_can_be_written_to_and_what_is_cut_short_has_less_in_it() {
        let base = tempfile::tempdir().unwrap();
        let (from, to) = (base.path().join("a"), base.path().join("b"));
        fs::create_dir_all(from.join("deep")).unwrap();
        let file = from.join("deep/file");
        fs::write(&file, "four").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        copy_tree(&from, &to).unwrap();
        assert_eq!(fs::metadata(to.join("deep/file")).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(extent(&to).unwrap(), Extent { files: 1, bytes: 4 });
        assert_eq!(extent(&to).unwrap(), extent(&from).unwrap());
        fs::write(to.join("deep/file"), "fou").unwrap();
        assert_ne!(extent(&to).unwrap(), extent(&from).unwrap());
        fs::set_permissions(to.join("deep"), fs::Permissions::from_mode(0o700)).unwrap();
        let_all_read(&to).unwrap();
        assert_eq!(fs::metadata(to.join("deep")).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n.ipynb");
        fs::create_dir(&path).unwrap();
        assert!(write_atomically(&path, b"x").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn a_tree_is_replaced_or_stays() {
        let base = tempfile::tempdir().unwrap();
        let (new, place) = (base.path().join("new"), base.path().join("place"));
        for round in 0..3 {
            fs::create_dir(&new).unwrap();
            fs::write(new.join("file"), round.to_string()).unwrap();
            replace_tree(&new, &place).unwrap();
            assert_eq!(fs::read_to_string(place.join("file")).unwrap(), round.to_string());
        }
        // Nothing new is there: the old one comes back.
        assert!(replace_tree(&new, &place).is_err());
        assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "2");
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
    }
}
