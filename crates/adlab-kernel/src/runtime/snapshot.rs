//! A sleeping copy of the process that runs cells. It wakes when that process ends without dismissing it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use anyhow::Result;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, waitpid};

use crate::system::poll::poll;
use crate::system::processes::kill;

/// Where the system can't tell of a death at once, how often it is looked for.
const LOOK: Duration = Duration::from_millis(50);

pub struct Snapshot {
    pid: i32,
    leash: File,
}

pub enum Taken {
    Here(Snapshot),
    /// We are the copy, and the original is gone.
    Woken,
    /// Other threads run, and a fork would not copy them.
    ThreadsRun,
    /// The system refuses.
    Impossible,
}

impl Snapshot {
    pub fn take() -> Result<Taken> {
        if thread_count() > 1 {
            return Ok(Taken::ThreadsRun);
        }
        let original = rustix::process::getpid();
        let (sleeper, leash) = pipe_with(PipeFlags::CLOEXEC)?;
        // SAFETY: this process has one thread.
        match unsafe { fork_when_alone() } {
            // In a sandbox, it is the kernel that counts threads.
            -1 if std::io::Error::last_os_error().raw_os_error() == Some(libc::EBUSY) => Ok(Taken::ThreadsRun),
            // Out of processes or memory: run unprotected rather than not at all.
            -1 => Ok(Taken::Impossible),
            0 => {
                drop(leash);
                sleep_until_needed(sleeper, original);
                Ok(Taken::Woken)
            }
            pid => Ok(Taken::Here(Snapshot { pid, leash: leash.into() })),
        }
    }

    /// The cell has ended well.
    pub fn dismiss(mut self) {
        if self.leash.write_all(b".").is_err() {
            // The cell has closed what it did not open.
            kill(self.pid);
        }
        // So that it leaves no zombie.
        let _ = waitpid(Pid::from_raw(self.pid), WaitOptions::empty());
    }
}

/// In the snapshot: returns when the original has died; ends the snapshot when it was dismissed.
///
/// That the leash is let go of does not tell: the cell may have closed it, or have left it to a copy of its own.
fn sleep_until_needed(leash: OwnedFd, original: Pid) {
    let mut leash = Some(File::from(leash));
    let death = watch_death(original);
    let wait = if death.is_some() { None } else { Some(LOOK) };
    while rustix::process::getppid() == Some(original) {
        let [told, died] = poll([leash.as_ref().map(AsFd::as_fd), death.as_ref().map(AsFd::as_fd)], wait);
        if let Some(held) = leash.as_mut().filter(|_| told) {
            match held.read(&mut [0]) {
                Ok(0) => leash = None,
                // SAFETY: ends this process at once; it has nothing to put away.
                Ok(_) => unsafe { libc::_exit(0) },
                Err(_) => {}
            }
        }
        if died {
            return;
        }
    }
}

/// A descriptor that can be read when the process is dead.
#[cfg(target_os = "linux")]
fn watch_death(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn watch_death(_pid: Pid) -> Option<OwnedFd> {
    None
}

/// How often it is looked whether a thread is gone that has just been joined: it may still be listed for a moment.
const LOOKS: usize = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Nobody counts where `/proc` can't be read.
#[cfg(target_os = "linux")]
fn thread_count() -> usize {
    let count = || std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    for _ in 0..LOOKS {
        if count() == 1 {
            return 1;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    count()
}

/// # Safety
/// The copy has one thread.
unsafe fn fork_when_alone() -> libc::pid_t {
    for _ in 0..LOOKS {
        // SAFETY: the caller's promise.
        let pid = unsafe { libc::fork() };
        if pid != -1 || std::io::Error::last_os_error().raw_os_error() != Some(libc::EBUSY) {
            return pid;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    // SAFETY: the same.
    unsafe { libc::fork() }
}

#[cfg(not(target_os = "linux"))]
fn thread_count() -> usize {
    1
}
