//! Finding, watching and ending processes that this one started.

use std::time::{Duration, Instant};

/// How long a process that was killed may take to be gone.
const DYING: Duration = Duration::from_secs(5);

/// Ends our children of this name, and theirs: a compilation that nobody waits for any more. Returns theirs, which
/// become ours when their parents are gone.
#[cfg(target_os = "linux")]
pub fn kill_children_named(name: &str) -> Vec<i32> {
    let mut killed = Vec::new();
    for pid in children(std::process::id()) {
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if comm.trim_end() == name {
            for child in children(pid) {
                kill_tree(child, &mut killed);
            }
            kill(pid);
        }
    }
    killed
}

#[cfg(not(target_os = "linux"))]
pub fn kill_children_named(_name: &str) -> Vec<i32> {
    Vec::new()
}

/// Waits for orphans that are dying, so that they leave no zombies: their parents can't any more.
pub fn reap_later(mut pids: Vec<i32>) {
    if pids.is_empty() {
        return;
    }
    std::thread::spawn(move || {
        let deadline = Instant::now() + DYING;
        while !pids.is_empty() && Instant::now() < deadline {
            // SAFETY: asks, without waiting, for processes that nobody else waits for.
            pids.retain(|pid| unsafe { libc::waitpid(*pid, std::ptr::null_mut(), libc::WNOHANG) } != *pid);
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}

/// The process does nothing but wait for its standard input.
#[cfg(target_os = "linux")]
pub fn waits_for_input(pid: i32) -> bool {
    // The number of the system call and its arguments, the first of which is the file.
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    call.starts_with(&format!("{} 0x0 ", libc::SYS_read))
}

#[cfg(not(target_os = "linux"))]
pub fn waits_for_input(_pid: i32) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn kill_tree(pid: u32, killed: &mut Vec<i32>) {
    for child in children(pid) {
        kill_tree(child, killed);
    }
    kill(pid);
    killed.push(pid as i32);
}

#[cfg(target_os = "linux")]
fn kill(pid: u32) {
    // SAFETY: a descendant of this process.
    unsafe { libc::kill(pid as i32, libc::SIGKILL) };
}

/// The children of all threads of a process.
#[cfg(target_os = "linux")]
fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}
