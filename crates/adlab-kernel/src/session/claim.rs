//! Whether a session's folder still is that of a session.
//!
//! Its process holds a lock on a file in it, and the system lets go of that when the process ends, however it ends. The
//! number of a process would not do: in a container that shares the folder for temporary files, it means another one.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::system::files::remove_all;

/// A session's folder is named after this and the process that it belongs to.
pub const PREFIX: &str = "adlab-";

const LOCK: &str = "lock";

/// A folder without a lock is being made, or its process was killed while it was: after this time, it was.
const MAKING: Duration = Duration::from_secs(24 * 3600);

/// As long as it is there, nobody else removes the folder.
pub struct Claim {
    _lock: File,
}

impl Claim {
    pub fn on(folder: &Path) -> io::Result<Self> {
        let lock = tempfile::NamedTempFile::new_in(folder)?;
        // Where a file system has no locks, nobody can take it for abandoned either.
        let _ = lock.as_file().lock();
        // It has its name once it is held.
        Ok(Claim { _lock: lock.persist(folder.join(LOCK))? })
    }
}

/// A process that was killed could not remove its folder: the next one does.
pub fn remove_abandoned(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        if is_session(&entry.file_name().to_string_lossy()) && is_abandoned(&entry.path()) {
            let _ = remove_all(&entry.path());
        }
    }
}

fn is_session(name: &str) -> bool {
    let number = name.strip_prefix(PREFIX).and_then(|rest| Some(rest.split_once('-')?.0));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn is_abandoned(folder: &Path) -> bool {
    match File::options().write(true).open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let changed = fs::symlink_metadata(folder).and_then(|metadata| metadata.modified());
            changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > MAKING))
        }
        // Another user's.
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn only_folders_that_no_process_holds_are_removed() {
        let base = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = base.path().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        };
        let (held, left) = (folder("adlab-1-held"), folder("adlab-2-left"));
        let claim = Claim::on(&held).unwrap();
        drop(Claim::on(&left).unwrap());
        let (new, old) = (folder("adlab-3-new"), folder("adlab-4-old"));
        let long_ago = SystemTime::now() - 2 * MAKING;
        File::open(&old).unwrap().set_modified(long_ago).unwrap();
        let others = [folder("adlab-notes"), folder("adlab-output-1"), folder("other-1-abc")];
        for other in &others {
            File::open(other).unwrap().set_modified(long_ago).unwrap();
        }
        remove_abandoned(base.path());
        assert!(held.exists() && new.exists() && others.iter().all(|other| other.exists()));
        assert!(!left.exists() && !old.exists());
        drop(claim);
        remove_abandoned(base.path());
        assert!(!held.exists());
    }
}
