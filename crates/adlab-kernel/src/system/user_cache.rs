//! The user's cache is held by all who use it, and emptied only when nobody does.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::files::{Extent, create_private, extent};

/// In the folder of each version. A file that is locked, as a process number says nothing to other machines, or containers.
const HELD: &str = "held";

/// As long as the file is open, nobody empties this folder. Nothing where it can't be written to.
pub fn hold(folder: &Path) -> Option<File> {
    let path = folder.join(HELD);
    loop {
        create_private(folder).ok()?;
        let file = File::create(&path).ok()?;
        file.lock_shared().ok()?;
        // Who has emptied the folder meanwhile has removed the file, too.
        let (held, there) = (file.metadata().ok()?, fs::metadata(&path));
        if there.is_ok_and(|there| there.ino() == held.ino()) {
            return Some(file);
        }
    }
}

/// Removes what all versions have made in the cache, and says how much that was. Fails, and removes nothing, where one of
/// them is in use.
pub fn empty(cache: &Path) -> Result<Extent> {
    let versions = versions(cache);
    let mut locks = Vec::new();
    for version in &versions {
        let Ok(file) = File::open(version.join(HELD)) else { continue };
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            bail!("{} is in use; shut down the notebooks' kernels, then run this again", version.display());
        }
        locks.push(file);
    }
    let mut all = Extent::default();
    for version in versions {
        let part = extent(&version)?;
        all = Extent { files: all.files + part.files, bytes: all.bytes + part.bytes };
        fs::remove_dir_all(&version).with_context(|| format!("cannot remove {}", version.display()))?;
    }
    // Something else in it is somebody else's.
    let _ = fs::remove_dir(cache);
    Ok(all)
}

/// The folders that are named after versions.
fn versions(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let is_version = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit)
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    };
    entries.filter(is_version).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_emptied_when_nobody_holds_it() {
        let base = tempfile::tempdir().unwrap();
        let cache = base.path().join("adlab");
        let versions = [cache.join("0.1.0"), cache.join("0.2.0")];
        let holders: Vec<_> = [0, 1, 1].map(|version| hold(&versions[version]).unwrap()).into();
        fs::create_dir_all(versions[0].join("warm-1")).unwrap();
        fs::write(versions[0].join("warm-1/file"), "four").unwrap();
        for holder in holders {
            let said = empty(&cache).unwrap_err().to_string();
            assert!(said.contains("is in use"), "{said}");
            assert!(versions[0].join("warm-1/file").exists());
            drop(holder);
        }
        assert_eq!(empty(&cache).unwrap(), Extent { files: 3, bytes: 4 });
        assert!(!cache.exists());
        assert_eq!(empty(&cache).unwrap(), Extent::default());
    }

    #[test]
    fn what_is_no_version_stays() {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir_all(base.path().join("share/adlab")).unwrap();
        fs::write(base.path().join("1-notes"), "mine").unwrap();
        std::os::unix::fs::symlink(base.path().join("share"), base.path().join("0.1.0")).unwrap();
        assert_eq!(empty(base.path()).unwrap(), Extent::default());
        assert!(base.path().join("share/adlab").exists() && base.path().join("1-notes").exists());
    }
}
