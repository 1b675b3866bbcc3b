//! How much of the machine may be taken, and what rights are left.

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::COMPILING;

const MB: u64 = 1 << 20;

/// A file that cells write.
pub const FILE: u64 = 16 * MB;

const OF_CELLS: [(Resource, u64); 4] = [
    (Resource::Fsize, FILE),
    (Resource::Nofile, 256),
    (Resource::Core, 0),
    // Of one process; what a cell may take altogether, its caller says.
    (Resource::Cpu, 1800),
];

const OF_COMPILER: [(Resource, u64); 5] = [
    (Resource::Data, 3 << 30),
    (Resource::Fsize, 256 * MB),
    (Resource::Nofile, 1024),
    (Resource::Core, 0),
    (Resource::Cpu, COMPILING),
];

/// For this process, which runs cells. How much memory they may take is a limit of every session.
pub fn of_cells() -> Result<()> {
    // SAFETY: that a file is too large is told by the call that writes.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    set(&OF_CELLS)
}

pub fn of_compiler() -> Result<()> {
    set(&OF_COMPILER)
}

fn set(limits: &[(Resource, u64)]) -> Result<()> {
    for (resource, most) in limits {
        // None of it is ever raised again.
        let known = rustix::process::getrlimit(*resource).maximum;
        let most = Some(known.map_or(*most, |known| known.min(*most)));
        // At the first, of processor time, there is a signal of its own.
        let maximum = most.map(|most| if *resource == Resource::Cpu { most + 1 } else { most });
        setrlimit(*resource, Rlimit { current: most, maximum })?;
    }
    Ok(())
}

/// Takes from this process what an administrator's may do beside all others, and has nothing that it starts get it back.
pub fn drop_rights() -> Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    let (header, none) = ([VERSION_3, 0], [0u32; 6]);
    // SAFETY: the version, this process, and its three sets of rights in two halves each.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) == 0
    };
    ensure!(done, "cannot give up rights: {}", std::io::Error::last_os_error());
    Ok(())
}
