//! New processes and threads, and signals: the system asks the kernel for each that cells want.
//!
//! A filter of calls can't forbid processes, as the one that runs cells makes a snapshot of itself before each cell. So the
//! call waits until the kernel has answered. It lets a process with a single thread make one copy of itself for each cell,
//! which is the snapshot, as that comes before the cell's code.

use std::mem::zeroed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Result, bail};
use libc::{c_int, c_long, seccomp_notif, seccomp_notif_resp, sock_filter, sock_fprog};
use rustix::event::{PollFd, PollFlags, poll};

/// How many threads one process of cells may have.
const MOST_THREADS: usize = 256;

/// What is asked about. `clone3` has its arguments in memory, where they may change: it is refused.
const CALLS: [c_long; 4] = [libc::SYS_clone, libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill];

/// How Rust, by the C library, makes a copy of a process.
const COPY: c_int = libc::SIGCHLD | libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID;
/// A thread that is more than that.
const NOT_OF_THREADS: c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PARENT
    | libc::CLONE_PTRACE;

#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xC000_00B7;
#[cfg(target_arch = "riscv64")]
const ARCH: u32 = 0xC000_00F3;

/// Where a filter finds the number of the call and the processor's kind.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;

/// From now on, this process waits for an answer in these calls. Who has the descriptor gives it.
pub fn ask() -> Result<OwnedFd> {
    let load = |at| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at);
    let give = |action| statement(libc::BPF_RET | libc::BPF_K, action);
    let equal = |value, yes, no| sock_filter {
        jt: yes,
        jf: no,
        ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value)
    };
    let calls = CALLS.len() as u8;
    // Another kind's numbers are for the other filter.
    let mut filter = vec![load(ARCH_AT), equal(ARCH, 0, calls + 1), load(NUMBER_AT)];
    filter.extend(CALLS.iter().zip((1..=calls).rev()).map(|(call, way)| equal(*call as u32, way, 0)));
    filter.extend([give(libc::SECCOMP_RET_ALLOW), give(libc::SECCOMP_RET_USER_NOTIF)]);
    let program = sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // SAFETY: a program of this length, which lives until the call is over.
    let listener =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if listener < 0 {
        bail!("the system does not ask for processes: {}", std::io::Error::last_os_error());
    }
    // SAFETY: just opened, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(listener as c_int) })
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Answers until all who ask are gone. `may_copy` says whether it is time for a snapshot, and is asked once for each.
pub fn answer(listener: &OwnedFd, mut may_copy: impl FnMut() -> bool) {
    loop {
        let mut waiting = [PollFd::new(listener, PollFlags::IN)];
        if poll(&mut waiting, None).is_err() {
            continue;
        }
        if !waiting[0].revents().contains(PollFlags::IN) {
            return;
        }
        // SAFETY: plain numbers, for which the system wants zeros; it writes one question into them.
        let question = unsafe {
            let mut question: seccomp_notif = zeroed();
            let asked = libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut question);
            if asked == 0 { question } else { continue }
        };
        let (error, flags) = match judge(&question, &mut may_copy) {
            // As the call's arguments are numbers, they are now as they were judged.
            Ok(()) => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Err(error) => (-error, 0),
        };
        let answer = seccomp_notif_resp { id: question.id, val: 0, error, flags };
        // SAFETY: an answer to this question; who asked may be gone.
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) };
    }
}

/// Fails with the number of the error that the call is to have.
fn judge(question: &seccomp_notif, may_copy: &mut impl FnMut() -> bool) -> Result<(), c_int> {
    let (call, first) = (c_long::from(question.data.nr), question.data.args[0] as c_int);
    let who = Process::of(question.pid as i32).ok_or(libc::EPERM)?;
    let (may, error) = if call != libc::SYS_clone {
        // A thread's number alone is no process's; the snapshot is a child.
        let whose = Process::of(first).filter(|_| first > 0);
        (whose.is_some_and(|whose| whose.number == who.number || whose.parent == who.number), libc::EPERM)
    } else if first & libc::CLONE_THREAD != 0 {
        (first & NOT_OF_THREADS == 0 && who.threads < MOST_THREADS, libc::EAGAIN)
    } else if first != COPY {
        (false, libc::EPERM)
    } else {
        (who.threads == 1 && may_copy(), if who.threads > 1 { libc::EBUSY } else { libc::EPERM })
    };
    if may { Ok(()) } else { Err(error) }
}

struct Process {
    number: i32,
    parent: i32,
    threads: usize,
}

impl Process {
    /// That of a thread.
    fn of(thread: i32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        Some(Process { number: field("Tgid:")?, parent: field("PPid:")?, threads: field("Threads:")? as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(call: c_long, first: c_int) -> seccomp_notif {
        // SAFETY: plain numbers.
        let mut question: seccomp_notif = unsafe { zeroed() };
        (question.pid, question.data.nr, question.data.args[0]) =
            (std::process::id(), call as c_int, first as u32 as u64);
        question
    }

    #[test]
    fn signals_go_to_oneself_and_threads_are_threads() {
        let this = std::process::id() as c_int;
        let judge = |call, first| judge(&question(call, first), &mut || true);
        assert_eq!(judge(libc::SYS_kill, this), Ok(()));
        for other in [0, -1, 1, -this, std::os::unix::process::parent_id() as c_int] {
            assert_eq!(judge(libc::SYS_kill, other), Err(libc::EPERM), "{other}");
        }
        let thread = libc::CLONE_VM | libc::CLONE_THREAD;
        assert_eq!(judge(libc::SYS_clone, thread), Ok(()));
        assert_eq!(judge(libc::SYS_clone, thread | libc::CLONE_NEWUSER), Err(libc::EAGAIN));
        // Tests run in threads.
        assert_eq!(judge(libc::SYS_clone, COPY), Err(libc::EBUSY));
        assert_eq!(judge(libc::SYS_clone, libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD), Err(libc::EPERM));
    }
}
