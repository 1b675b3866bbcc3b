//! What this system has to hold cells with.

/// Each with what it would hold.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub files: bool,
    pub calls: bool,
    pub births: bool,
}

/// A line for each that is lacking.
pub fn lacking() -> Vec<String> {
    let found = found();
    let all = [
        (
            found.files,
            "there is no Landlock (Linux 5.13 and later, where it is switched on): cells can read and write files",
        ),
        (found.calls, "there are no filters of system calls (seccomp): cells can reach the network and start programs"),
        (
            found.births,
            "filters of system calls can't ask (seccomp's user notification, Linux 5.5 and later): threads are not counted, \
             and a crash loses all variables",
        ),
    ];
    all.into_iter().filter(|(found, _)| !found).map(|(_, line)| line.to_owned()).collect()
}

#[cfg(target_os = "linux")]
pub fn found() -> Found {
    // The version of Landlock: asking changes nothing.
    const VERSION: u32 = 1;
    // SAFETY: no ruleset is passed, so that the call only answers.
    let landlock = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0, VERSION) };
    let can = |action: u32| {
        // SAFETY: the number of an action is read, and nothing changes.
        let answer = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) };
        answer == 0
    };
    let calls = can(libc::SECCOMP_RET_ERRNO);
    Found { files: landlock > 0, calls, births: calls && can(libc::SECCOMP_RET_USER_NOTIF) }
}

#[cfg(not(target_os = "linux"))]
pub fn found() -> Found {
    Found { files: false, calls: false, births: false }
}
