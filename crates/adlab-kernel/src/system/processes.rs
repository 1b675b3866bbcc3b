//! Finding, watching and ending processes that this one started.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

/// How long a process that was killed may take to be gone.
const DYING: Duration = Duration::from_secs(5);

/// Ends a process at once: a child of ours, or one of its.
pub fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Ends a group of processes at once.
pub fn kill_group(group: u32) {
    if let Some(group) = Pid::from_raw(group as i32) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// How many programs can run at the same time.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Signal(i32),
    Exit(i32),
}

/// Ends a child, and says how it ended: one that has died already stays as it is. Nothing where it is no child of ours.
pub fn reap(pid: i32) -> Option<End> {
    kill(pid);
    let (_, status) = waitpid(Some(Pid::from_raw(pid)?), WaitOptions::empty()).ok()??;
    match status.terminating_signal() {
        Some(signal) => Some(End::Signal(signal)),
        None => status.exit_status().map(End::Exit),
    }
}

/// Ends a child of ours and all that it has started. Returns what it has started, which is ours when it is gone: to be
/// reaped.
#[cfg(target_os = "linux")]
pub fn kill_tree(pid: u32) -> Vec<i32> {
    let mut killed = Vec::new();
    for child in children(pid) {
        killed.extend(kill_tree(child));
        killed.push(child as i32);
    }
    kill(pid as i32);
    killed
}

#[cfg(not(target_os = "linux"))]
pub fn kill_tree(pid: u32) -> Vec<i32> {
    kill(pid as i32);
    Vec::new()
}

/// Ends our children of this name, and theirs: a compilation that nobody waits for any more. Returns theirs, which
/// become ours when their parents are gone.
#[cfg(target_os = "linux")]
pub fn kill_children_named(name: &str) -> Vec<i32> {
    let is_named =
        |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name);
    children(std::process::id()).into_iter().filter(is_named).flat_map(kill_tree).collect()
}

#[cfg(not(target_os = "linux"))]
pub fn kill_children_named(_name: &str) -> Vec<i32> {
    Vec::new()
}

/// The processor time that a process has used so far.
#[cfg(target_os = "linux")]
pub fn processor_time(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may have anything in it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // SAFETY: it only asks for a number.
    let a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Some(Duration::from_millis(ticks * 1000 / u64::try_from(a_second).ok().filter(|ticks| *ticks > 0)?))
}

#[cfg(not(target_os = "linux"))]
pub fn processor_time(_pid: i32) -> Option<Duration> {
    None
}

/// The bytes of memory that a process has.
#[cfg(target_os = "linux")]
pub fn memory_of(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(not(target_os = "linux"))]
pub fn memory_of(_pid: u32) -> Option<u64> {
    None
}

/// Waits for orphans that are dying, so that they leave no zombies: their parents can't any more.
pub fn reap_later(pids: Vec<i32>) {
    let mut pids: Vec<Pid> = pids.into_iter().filter_map(Pid::from_raw).collect();
    if pids.is_empty() {
        return;
    }
    std::thread::spawn(move || {
        let deadline = Instant::now() + DYING;
        while !pids.is_empty() && Instant::now() < deadline {
            pids.retain(|pid| !matches!(waitpid(Some(*pid), WaitOptions::NOHANG), Ok(Some(_))));
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}

/// A snapshot's parent is the process that it guards; when that dies, the snapshot is to be our child.
#[cfg(target_os = "linux")]
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

#[cfg(not(target_os = "linux"))]
pub fn adopt_orphans() {}

/// When our parent ends, so do we: a kernel that was killed must not leave its cells running.
#[cfg(target_os = "linux")]
pub fn die_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
pub fn die_with_parent() {}

/// Others go first; and when memory runs out, this process goes first.
pub fn be_nice(niceness: i32) {
    if niceness > 0 {
        let _ = rustix::process::nice(niceness);
        let _ = std::fs::write("/proc/self/oom_score_adj", "900");
    }
}

/// What the system says of a process.
pub struct Status {
    state: char,
    pub session: i32,
    /// When it started, as the system counts.
    pub started: String,
}

impl Status {
    /// It has ended, and its parent has not asked how.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

pub fn status(pid: i32) -> Option<Status> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses, and may have some itself.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let (state, session) = (fields.next()?.chars().next()?, fields.nth(2)?.parse().ok()?);
    Some(Status { state, session, started: fields.nth(15)?.to_owned() })
}

/// All processes that there are.
pub fn all() -> impl Iterator<Item = (i32, Status)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter_map(|pid| Some((pid, status(pid)?)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_process_takes_is_known() {
        // Not of this process, in which other tests take memory and give it back.
        let mut small = Command::new("sleep").arg("100").spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        // It is being loaded.
        while !(64 << 10..64 << 20).contains(&memory_of(small.id()).unwrap()) {
            assert!(Instant::now() < deadline, "{:?}", memory_of(small.id()));
        }
        small.kill().unwrap();
        small.wait().unwrap();
        assert_eq!(memory_of(small.id()), None);
        assert_eq!(memory_of(u32::MAX), None);
    }

    #[test]
    fn an_end_is_told() {
        let child = |command: &str| Command::new("sh").args(["-c", command]).spawn().unwrap().id() as i32;
        let is_there = |pid: i32| std::path::Path::new(&format!("/proc/{pid}")).exists();
        let sleeping = child("exec sleep 100");
        assert!(is_there(sleeping));
        assert_eq!(reap(sleeping), Some(End::Signal(9)));
        assert!(!is_there(sleeping));
        let done = child("exit 3");
        while std::fs::read_to_string(format!("/proc/{done}/stat")).is_ok_and(|stat| !stat.contains(") Z")) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(reap(done), Some(End::Exit(3)));
        assert_eq!(reap(std::process::id() as i32 + 1_000_000), None);
    }
}
