//! Tidies up after a session that could not do it itself.
//!
//! A kernel that is killed leaves its folder, a compiler at work, a cell that runs. So each session starts a small process
//! beside itself, which waits until the session has ended, however that was, and then ends and removes what is left.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::environment::SESSION_VAR;
use crate::sandbox::remains;
use crate::system::files::remove_all;
use crate::system::processes::kill;

/// Names the folder; a process started with it is a janitor.
const FOLDER_VAR: &str = "ADLAB_JANITOR";

/// How often, and how many times, it looks for what still runs.
const LOOK: Duration = Duration::from_millis(50);
const MOST_LOOKS: usize = 100;

/// Does the work when this process was started for it; returns otherwise.
pub fn hook() {
    let Some(folder) = std::env::var_os(FOLDER_VAR).map(PathBuf::from) else {
        return;
    };
    // The other end closes when the session's process is gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    if folder.exists() {
        remains::end(&folder);
        for _ in 0..MOST_LOOKS {
            if end_processes_of(&folder) == 0 && remove_all(&folder).is_ok() {
                break;
            }
            std::thread::sleep(LOOK);
        }
    }
    std::process::exit(0);
}

/// The session's side: as long as it lives, nothing is tidied up.
pub struct Janitor {
    process: Child,
}

impl Janitor {
    pub fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(FOLDER_VAR, folder).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Who kills the kernel's process group must not kill it as well.
        command.process_group(0);
        Ok(Janitor { process: command.spawn().context("cannot start a process to tidy up")? })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Kills what was started with this session's name in its environment, as compilers and cells are; says how many there were.
fn end_processes_of(folder: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = numbers.filter(|pid| *pid != std::process::id() as i32 && is_of(*pid, folder));
    ours.inspect(|pid| kill(*pid)).count()
}

fn is_of(pid: i32, folder: &Path) -> bool {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let name = [SESSION_VAR.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    environment.split(|byte| *byte == 0).any(|entry| entry == name)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn only_the_session_s_processes_are_ended() {
        let sleep = |variable: &str| Command::new("sleep").arg("100").env(SESSION_VAR, variable).spawn().unwrap();
        let (mut ours, mut other) = (sleep("/tmp/adlab-test-a"), sleep("/tmp/adlab-test-ab"));
        // Until the new program has taken over, the environment is this test's.
        while end_processes_of(Path::new("/tmp/adlab-test-a")) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
