//! Finding, watching and ending processes that this one started.

/// Ends our children of this name, and theirs: a compilation that nobody waits for any more.
#[cfg(target_os = "linux")]
pub fn kill_children_named(name: &str) {
    for pid in children(std::process::id()) {
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if comm.trim_end() == name {
            kill_tree(pid);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub fn kill_children_named(_name: &str) {}

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
fn kill_tree(pid: u32) {
    for child in children(pid) {
        kill_tree(child);
    }
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
