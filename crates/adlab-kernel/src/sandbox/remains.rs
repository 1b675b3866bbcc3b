//! What could outlive a process that runs cells: copies of it, whatever they have made of themselves.
//!
//! Such a process is alone in a session of the system's, which neither it nor a copy can leave. A note in the folder of the
//! notebook's session says which, for whoever tidies up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::system::processes::{Status, all, kill, status};

/// Begins the name of the note; the number of the process follows, and is that of the session. It has the time at which the
/// process started: its number may be another's by then.
const NOTE: &str = "alone-";

/// How often, and how many times, it is looked for what still runs.
const LOOK: Duration = Duration::from_millis(5);
const MOST_LOOKS: usize = 200;

/// Leaves everything else's session, and writes it down in this folder.
pub fn part(folder: &Path) -> Result<()> {
    let session = rustix::process::setsid().context("cannot leave the session of the kernel")?;
    let number = session.as_raw_nonzero().get();
    let started = status(number).context("this process can't be seen in /proc")?.started;
    Ok(fs::write(folder.join(format!("{NOTE}{number}")), started)?)
}

/// Ends all of which there is a note in this folder.
pub fn end(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix(NOTE)?.parse().ok());
        let (Some(number), Ok(started)) = (number, fs::read_to_string(entry.path())) else { continue };
        // Where the first one is gone, nobody else has its number as long as there are others of its session.
        if status(number).is_none_or(|first| first.started == started) {
            end_session(number);
        }
        let _ = fs::remove_file(entry.path());
    }
}

fn end_session(number: i32) {
    let runs = |(_, status): &(i32, Status)| status.session == number && !status.is_dead();
    for _ in 0..MOST_LOOKS {
        let left: Vec<_> = all().filter(runs).collect();
        if left.is_empty() {
            return;
        }
        left.iter().for_each(|(pid, _)| kill(*pid));
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn a_session_ends_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_owned();
        let mut first = Command::new("sh");
        first.args(["-c", "trap '' TERM; sleep 100 & sleep 100"]);
        // SAFETY: it writes a file, in a process that has one thread; the test's others hold nothing that it needs.
        unsafe { first.pre_exec(move || part(&here).map_err(std::io::Error::other)) };
        let mut first = first.spawn().unwrap();
        let number = first.id() as i32;
        let members = || all().filter(|(_, status)| status.session == number && !status.is_dead()).count();
        while members() < 3 {
            std::thread::sleep(LOOK);
        }
        // Of another process that had the number before, nothing is known.
        let note = folder.path().join(format!("{NOTE}{number}"));
        let started = fs::read_to_string(&note).unwrap();
        fs::write(&note, "1").unwrap();
        end(folder.path());
        assert_eq!(members(), 3);
        fs::write(&note, started).unwrap();
        end(folder.path());
        assert_eq!((members(), note.exists()), (0, false));
        first.wait().unwrap();
    }
}
