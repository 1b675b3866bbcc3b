//! The folder in which sessions have theirs: what it has to allow, and what to set where it doesn't.

use std::ffi::{CString, OsStr};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail};

use crate::assumptions::CONFIG_FILE;

/// It names the folder.
pub const VARIABLE: &str = "TMPDIR";

/// A session begins with a copy of the warm build, and its cells are added.
const NEEDED: u64 = 160 << 20;
const MB: u64 = 1 << 20;

/// Lists of folders are taken apart by the first, and gcc by the second; lines end with the others.
const UNUSABLE: [char; 4] = [':', '%', '\n', '\r'];

/// `TMPDIR`, or the system's. Without links: cargo sees through them.
pub fn folder() -> PathBuf {
    let folder = match std::env::var_os(VARIABLE) {
        Some(folder) if folder.is_empty() => PathBuf::from("/tmp"),
        _ => std::env::temp_dir(),
    };
    folder.canonicalize().unwrap_or(folder)
}

/// Fails, and says what to do, where it can't serve.
pub fn check(folder: &Path) -> Result<()> {
    match trouble(folder) {
        Some(trouble) => bail!("{} {trouble}; {}", called(folder), advice()),
        None => Ok(()),
    }
}

/// Fails where this process's own folder is gone: no program starts there.
pub fn check_here() -> Result<()> {
    std::env::current_dir()
        .map(drop)
        .context("the folder in which this was started is gone; start it in one that is there")
}

/// What a failure means that comes from the folder: it has become full, for example.
pub fn explained(error: Error) -> Error {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    match kind {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            error.context(format!("{} is full; {}", called(&folder()), advice()))
        }
        _ => error,
    }
}

/// Why a cell can't be compiled any more, in a session that has begun; `said` is what the compiler or evcxr said.
pub fn lost(session: &Path, said: &str) -> Option<String> {
    // evcxr makes folders anew, but not this.
    if !session.join(CONFIG_FILE).is_file() {
        return Some(format!("the session's folder {} is gone; restart the kernel", session.display()));
    }
    let is_full = ["No space left on device", "Disk quota exceeded"].iter().any(|words| said.contains(words));
    is_full.then(|| format!("{} is full; make room there and run the cell again, or {}", called(&folder()), advice()))
}

/// How much room there is, for people.
pub fn room(folder: &Path) -> Option<String> {
    Some(format!("{} MB free", free(folder)? / MB))
}

/// The same in bytes.
pub fn free(folder: &Path) -> Option<u64> {
    Some(statistics(folder)?.free)
}

fn called(folder: &Path) -> String {
    match std::env::var_os(VARIABLE) {
        Some(_) => format!("{VARIABLE} is {}, which", folder.display()),
        None => format!("{}, where sessions have their folders,", folder.display()),
    }
}

fn advice() -> String {
    format!("set {VARIABLE} to a folder of yours on a local disk, such as ~/tmp, and start again")
}

/// Why it can't serve, behind its name.
fn trouble(folder: &Path) -> Option<String> {
    let Some(name) = folder.to_str() else {
        return Some("has a name that is no UTF-8".into());
    };
    if let Some(character) = name.chars().find(|c| UNUSABLE.contains(c)) {
        return Some(format!("has {character:?} in its name, which compilers and linkers can't read in a path"));
    }
    if !folder.is_dir() {
        return Some("is not there".into());
    }
    let statistics = statistics(folder);
    if statistics.as_ref().is_some_and(|found| found.no_programs) {
        return Some("is on a file system on which no program may run (noexec)".into());
    }
    if let Some(free) = statistics.map(|found| found.free).filter(|free| *free < NEEDED) {
        return Some(format!("has room for {} MB only, and a session needs {} MB", free / MB, NEEDED / MB));
    }
    match tempfile::tempdir_in(folder) {
        Ok(_) => None,
        Err(error) => Some(match error.kind() {
            ErrorKind::PermissionDenied => "may not be written to".into(),
            ErrorKind::ReadOnlyFilesystem => "is read-only".into(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "is full".into(),
            _ => format!("can't have a folder in it ({error})"),
        }),
    }
}

struct Statistics {
    free: u64,
    no_programs: bool,
}

/// Of the file system; nothing where it doesn't tell.
fn statistics(folder: &Path) -> Option<Statistics> {
    let path = CString::new(OsStr::as_bytes(folder.as_os_str())).ok()?;
    // SAFETY: a path that ends with zero, and a place for the answer, which is plain numbers.
    let found = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &raw mut found) == 0).then_some(found)?
    };
    #[cfg(target_os = "linux")]
    let no_programs = found.f_flag & libc::ST_NOEXEC != 0;
    #[cfg(not(target_os = "linux"))]
    let no_programs = false;
    // A file system without a size, as some in memory, tells zeros.
    let free = if found.f_blocks == 0 { u64::MAX } else { (found.f_bavail as u64) * (found.f_frsize as u64) };
    Some(Statistics { free, no_programs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_t_serve_is_said() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        for name in ["a b", "l\u{e4}nge-\u{1f600}", "quo\"te's", "$dollar"] {
            std::fs::create_dir(at(name)).unwrap();
            assert_eq!(trouble(&at(name)), None, "{name}");
        }
        std::fs::create_dir(at("a:b")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        for (name, word) in [("a:b", "':'"), ("nowhere", "is not there"), ("file", "is not there")] {
            assert!(trouble(&at(name)).unwrap().contains(word), "{name}");
        }
        let text = check(&at("nowhere")).unwrap_err().to_string();
        assert!(text.contains("nowhere") && text.contains("set TMPDIR to"), "{text}");
    }

    #[test]
    fn a_session_that_has_lost_its_place_says_so() {
        let base = tempfile::tempdir().unwrap();
        std::fs::write(base.path().join(CONFIG_FILE), "").unwrap();
        assert!(
            lost(base.path(), "failed to write: No space left on device (os error 28)").unwrap().contains("is full")
        );
        assert_eq!(lost(base.path(), "mismatched types"), None);
        assert!(lost(&base.path().join("gone"), "").unwrap().contains("is gone; restart the kernel"));
    }

    #[test]
    fn a_folder_that_has_become_full_is_named() {
        let full = Error::from(std::io::Error::from(ErrorKind::StorageFull)).context("cannot copy");
        assert!(format!("{:#}", explained(full)).contains("is full; set TMPDIR to"));
        assert_eq!(explained(anyhow::anyhow!("other")).to_string(), "other");
    }
}
