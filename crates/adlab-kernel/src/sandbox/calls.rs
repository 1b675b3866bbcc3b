//! Which system calls can be made, by seccomp.
//!
//! For cells it is a list of those that may: what Rust's standard library needs to compute, to print, to use threads and the
//! files that [`super::files`] lets it open. Whatever is not in it fails as not permitted, also what later systems add.

use anyhow::{Context, Result};
use libc::c_long;
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, apply_filter};

/// An argument's number, the bits of it that count, and what they have to be.
type Argument = (u8, u64, u64);

#[rustfmt::skip]
const FREE: &[c_long] = &[
    // Memory.
    libc::SYS_brk, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_membarrier,
    // Files that are open.
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_lseek, libc::SYS_fstat,
    libc::SYS_fstatfs, libc::SYS_getdents64, libc::SYS_ftruncate, libc::SYS_fallocate, libc::SYS_fsync,
    libc::SYS_fdatasync, libc::SYS_copy_file_range, libc::SYS_sendfile, libc::SYS_flock, libc::SYS_fadvise64,
    libc::SYS_dup, libc::SYS_dup3, libc::SYS_close, libc::SYS_close_range, libc::SYS_pipe2,
    // Files by their names, as far as they may be opened.
    libc::SYS_openat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs, libc::SYS_faccessat, libc::SYS_faccessat2,
    libc::SYS_readlinkat, libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_umask, libc::SYS_mkdirat,
    libc::SYS_unlinkat, libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_linkat, libc::SYS_symlinkat,
    // Waiting, and the time.
    libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    libc::SYS_eventfd2, libc::SYS_timerfd_create, libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime,
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep, libc::SYS_nanosleep,
    libc::SYS_gettimeofday, libc::SYS_times, libc::SYS_getrusage,
    // Threads, and this process.
    libc::SYS_futex, libc::SYS_futex_waitv, libc::SYS_set_robust_list, libc::SYS_get_robust_list, libc::SYS_rseq,
    libc::SYS_set_tid_address, libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler, libc::SYS_getcpu, libc::SYS_gettid, libc::SYS_getpid, libc::SYS_getppid,
    libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid, libc::SYS_getresuid, libc::SYS_getresgid,
    libc::SYS_getpgid, libc::SYS_getsid, libc::SYS_getpriority, libc::SYS_uname, libc::SYS_sysinfo, libc::SYS_getrandom,
    libc::SYS_sigaltstack, libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend, libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigpending, libc::SYS_restart_syscall,
    libc::SYS_exit, libc::SYS_exit_group,
    // The snapshot, which is this process's child.
    libc::SYS_wait4, libc::SYS_waitid, libc::SYS_pidfd_open,
    // The sockets that there are.
    libc::SYS_recvfrom, libc::SYS_recvmsg, libc::SYS_shutdown, libc::SYS_getsockname, libc::SYS_getpeername,
];

/// The older names of the same.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const OLD: &[c_long] = &[
    libc::SYS_open, libc::SYS_creat, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink, libc::SYS_mkdir,
    libc::SYS_rmdir, libc::SYS_unlink, libc::SYS_rename, libc::SYS_link, libc::SYS_symlink, libc::SYS_dup2, libc::SYS_pipe,
    libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_create, libc::SYS_epoll_wait, libc::SYS_eventfd, libc::SYS_getdents,
    libc::SYS_time, libc::SYS_getrlimit, libc::SYS_getpgrp, libc::SYS_pause, libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[c_long] = &[];

/// Asked of the kernel, where the system can ask (see [`super::births`]).
const ASKED: [c_long; 4] = [libc::SYS_clone, libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill];

const THREAD: u64 = libc::CLONE_THREAD as u64;
const ANY: u64 = u32::MAX as u64;
/// Names a thread's mapping of memory.
const SET_VMA: u64 = 0x5356_4d41;

/// What may be asked of `fcntl`: nothing that has signals sent, or takes memory.
const FCNTL: [i32; 13] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_OFD_GETLK,
    libc::F_OFD_SETLK,
    libc::F_OFD_SETLKW,
    libc::F_GETPIPE_SZ,
];
const IOCTL: [u64; 6] = [libc::TCGETS, libc::TIOCGWINSZ, libc::FIONBIO, libc::FIONREAD, libc::FIOCLEX, libc::FIONCLEX];

/// Those that may be made with some arguments: one of the lines has to hold, and of a line, all.
fn limited(asks: bool) -> Vec<(c_long, Vec<Vec<Argument>>)> {
    let (shared, anonymous) = (libc::MAP_SHARED as u64, libc::MAP_ANONYMOUS as u64);
    let grows = libc::MAP_GROWSDOWN as u64;
    let (writes, runs) = (libc::PROT_WRITE as u64, libc::PROT_EXEC as u64);
    let mut all = vec![
        // The limit of memory counts what is private, and does not grow by itself. What is there to be run is a library's, and
        // stays as it was loaded.
        (
            libc::SYS_mmap,
            vec![
                vec![(3, shared | grows, 0), (2, runs, 0)],
                vec![(3, anonymous | grows, 0), (2, runs, 0)],
                vec![(3, shared | anonymous | grows, 0), (2, writes | runs, runs)],
            ],
        ),
        (libc::SYS_mprotect, vec![vec![(2, runs, 0)]]),
        (libc::SYS_fcntl, FCNTL.iter().map(|word| vec![(1, ANY, *word as u64)]).collect()),
        (libc::SYS_ioctl, IOCTL.iter().map(|word| vec![(1, ANY, *word)]).collect()),
        // To whom the socket is connected, and to nobody else.
        (libc::SYS_sendto, vec![vec![(4, u64::MAX, 0)]]),
        (libc::SYS_socketpair, vec![vec![(0, ANY, libc::AF_UNIX as u64)]]),
        // A limit may be read.
        (libc::SYS_prlimit64, vec![vec![(0, ANY, 0), (2, u64::MAX, 0)]]),
        (
            libc::SYS_prctl,
            vec![
                vec![(0, ANY, libc::PR_SET_NAME as u64)],
                vec![(0, ANY, libc::PR_GET_NAME as u64)],
                vec![(0, ANY, SET_VMA)],
                // The snapshot that takes over wants to end with the kernel.
                vec![(0, ANY, libc::PR_SET_PDEATHSIG as u64), (1, ANY, libc::SIGKILL as u64)],
            ],
        ),
    ];
    if asks {
        all.extend(ASKED.map(|call| (call, Vec::new())));
    } else {
        let this = u64::from(std::process::id());
        all.push((libc::SYS_clone, vec![vec![(0, THREAD, THREAD)]]));
        all.extend([libc::SYS_kill, libc::SYS_tgkill].map(|call| (call, vec![vec![(0, ANY, this)]])));
    }
    all
}

/// They fail as if the system did not know them: there is another way, and the standard library takes it.
const UNKNOWN: [c_long; 2] = [libc::SYS_clone3, libc::SYS_openat2];

/// What is said to be done, and is not: a file that is copied gets no rights.
const UNDONE: [c_long; 1] = [libc::SYS_fchmod];

/// What no compiler needs.
#[rustfmt::skip]
const NOT_FOR_COMPILERS: [c_long; 22] = [
    libc::SYS_socket, libc::SYS_connect, libc::SYS_bind, libc::SYS_io_uring_setup, libc::SYS_ptrace,
    libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_pidfd_getfd, libc::SYS_perf_event_open,
    libc::SYS_bpf, libc::SYS_userfaultfd, libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key, libc::SYS_mount,
    libc::SYS_umount2, libc::SYS_unshare, libc::SYS_setns, libc::SYS_chroot, libc::SYS_pivot_root, libc::SYS_setsid,
    libc::SYS_truncate,
];

/// For the process that runs cells; `asks` says that the kernel answers for new threads and signals.
pub fn close_to_cells(asks: bool) -> Result<()> {
    apply(plain(&UNDONE), SeccompAction::Allow, SeccompAction::Errno(0))?;
    apply(plain(&UNKNOWN), SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    // The last, as it forbids filters; of what two say of a call, the stricter counts.
    let free = [FREE, OLD, &UNKNOWN, &UNDONE].concat();
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    apply(plain(&free).chain(limited(asks)), refused, SeccompAction::Allow)
}

/// For a compiler, and what it starts.
pub fn close_to_compiler() -> Result<()> {
    apply(plain(&NOT_FOR_COMPILERS), SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))
}

fn plain(calls: &[c_long]) -> impl Iterator<Item = (c_long, Vec<Vec<Argument>>)> {
    calls.iter().map(|call| (*call, Vec::new()))
}

fn apply(
    calls: impl Iterator<Item = (c_long, Vec<Vec<Argument>>)>,
    others: SeccompAction,
    these: SeccompAction,
) -> Result<()> {
    let rules = calls.map(|(call, lines)| {
        let lines = lines.iter().map(|line| rule(line)).collect::<Result<_>>()?;
        #[allow(clippy::useless_conversion, reason = "a long has 32 bits elsewhere")]
        Ok((i64::from(call), lines))
    });
    let arch = std::env::consts::ARCH.try_into().context("no filter for this processor")?;
    let filter = SeccompFilter::new(rules.collect::<Result<_>>()?, others, these, arch)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}

fn rule(line: &[Argument]) -> Result<SeccompRule> {
    let condition = |(number, bits, value): &Argument| {
        let (length, compare) = match *bits {
            u64::MAX => (Qword, Eq),
            ANY => (Dword, Eq),
            bits => (Qword, MaskedEq(bits)),
        };
        SeccompCondition::new(*number, length, compare, *value)
    };
    Ok(SeccompRule::new(line.iter().map(condition).collect::<Result<_, _>>()?)?)
}
