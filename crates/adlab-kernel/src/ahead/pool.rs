//! Compilers that work on what nobody has asked for yet: some at a time, each a group of processes of its own.

use std::collections::VecDeque;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, waitpgid};

use super::rule;
use crate::compile::ahead::{group_of, is_refused};
use crate::system::processes::kill_group;

/// How often it is looked whether there is memory again.
const LOOK: Duration = Duration::from_millis(500);
const NEVER: Duration = Duration::from_secs(3600);
/// So many jobs are done in one go at most. More take little less for each, and are later done.
pub const TOGETHER: usize = 3;

/// Whom the compilers give way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// To everybody: the student reads.
    Reading,
    /// To nobody: what they make is waited for.
    Waited,
}

impl Urgency {
    fn niceness(self) -> i32 {
        match self {
            Urgency::Reading => 10,
            Urgency::Waited => 0,
        }
    }
}

struct Work {
    /// The job's folder.
    folder: PathBuf,
    urgency: Urgency,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    /// The folders of jobs that are done together, and the groups of processes.
    running: Vec<(Vec<PathBuf>, u32)>,
    lanes: usize,
    is_over: bool,
    /// Sources that turned out not to compile.
    refused: Vec<PathBuf>,
}

/// The handle ends them with it.
pub struct Pool {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Pool {
    /// `program` does jobs, given a niceness and their folders. `tell` hears that one does not compile.
    pub fn start(program: PathBuf, tell: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let (all, tell) = (Arc::clone(&shared), Arc::new(tell));
        let work = move || {
            while let Some(child) = next(&all, &program) {
                let (all, tell) = (Arc::clone(&all), Arc::clone(&tell));
                std::thread::spawn(move || {
                    if end(&all, child) {
                        tell();
                    }
                });
            }
        };
        std::thread::Builder::new().name("ahead".into()).spawn(work)?;
        Ok(Pool { shared })
    }

    /// Puts jobs behind those that wait.
    pub fn add(&self, folders: impl IntoIterator<Item = PathBuf>, urgency: Urgency, lanes: usize) {
        let mut state = self.lock();
        state.lanes = lanes;
        for folder in folders {
            let is_known = state.waiting.iter().any(|work| work.folder == folder)
                || state.running.iter().any(|(running, _)| running.contains(&folder));
            if !is_known {
                state.waiting.push_back(Work { folder, urgency });
            }
        }
        self.shared.1.notify_all();
    }

    /// Ends all of it at once. The folders of the jobs that are not done.
    pub fn end_all(&self) -> Vec<PathBuf> {
        let mut state = self.lock();
        let waiting: Vec<PathBuf> = state.waiting.drain(..).map(|work| work.folder).collect();
        waiting.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
        let mut all = Vec::new();
        for (folders, group) in &mut state.running {
            kill_group(*group);
            for (place, folder) in folders.iter_mut().enumerate() {
                // The same may be left again before this one is gone.
                let gone = folder.with_file_name(format!("ended-{group}-{place}"));
                if std::fs::rename(&*folder, &gone).is_ok() {
                    all.push(std::mem::replace(folder, gone));
                }
            }
        }
        all.extend(waiting);
        all
    }

    /// How many wait or are being done.
    pub fn len(&self) -> usize {
        let state = self.lock();
        state.waiting.len() + state.running.iter().map(|(folders, _)| folders.len()).sum::<usize>()
    }

    /// The folders of what turned out not to compile since one asked.
    pub fn take_refused(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.lock().refused)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.0)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.end_all();
        self.lock().is_over = true;
        self.shared.1.notify_all();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(|e| e.into_inner())
}

/// Starts the next compiler, as soon as there may be one; nothing when it is over.
fn next(shared: &(Mutex<State>, Condvar), program: &Path) -> Option<Child> {
    let mut state = lock(&shared.0);
    loop {
        if state.is_over {
            return None;
        }
        let is_room = state.running.len() < state.lanes && !state.waiting.is_empty();
        if is_room && rule::waits().is_none() {
            let (folders, urgency) = take(&mut state.waiting);
            let mut command = Command::new(program);
            command.arg(urgency.niceness().to_string()).args(&folders);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            if !folders.is_empty()
                && let Ok(child) = command.spawn()
            {
                state.running.push((folders, child.id()));
                return Some(child);
            }
            continue;
        }
        // Nobody says when there is memory again.
        let wait = if is_room { LOOK } else { NEVER };
        state = shared.1.wait_timeout(state, wait).unwrap_or_else(|e| e.into_inner()).0;
    }
}

/// The folders of the first job, and of others that can be done with it.
fn take(waiting: &mut VecDeque<Work>) -> (Vec<PathBuf>, Urgency) {
    // One that was taken over is gone.
    waiting.retain(|work| work.folder.is_dir());
    let Some(first) = waiting.pop_front() else { return (Vec::new(), Urgency::Reading) };
    let (group, mut folders) = (group_of(&first.folder), vec![first.folder]);
    waiting.retain(|work| {
        let fits = folders.len() < TOGETHER && group.is_some() && work.urgency == first.urgency;
        let is_taken = fits && group_of(&work.folder) == group;
        if is_taken {
            folders.push(work.folder.clone());
        }
        !is_taken
    });
    (folders, first.urgency)
}

/// Waits for one to end. True if a source does not compile.
fn end(shared: &(Mutex<State>, Condvar), mut child: Child) -> bool {
    let (_, group) = (child.wait(), child.id());
    // What it had started is ours now.
    while let Some(group) = Pid::from_raw(group as i32)
        && waitpgid(group, WaitOptions::empty()).is_ok()
    {}
    let mut state = lock(&shared.0);
    let mut has_refused = false;
    if let Some(place) = state.running.iter().position(|(_, running)| *running == group) {
        for folder in state.running.remove(place).0 {
            // One that was ended leaves it.
            let _ = std::fs::remove_dir_all(&folder);
            if is_refused(&folder) {
                has_refused = true;
                state.refused.push(folder);
            }
        }
    }
    drop(state);
    shared.1.notify_all();
    has_refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    /// A program that notes its folder's name, and waits or ends as that says.
    fn program(folder: &Path) -> PathBuf {
        let place = folder.join("program");
        let text = "#!/bin/sh\nnice=$1\nshift\nnames=\nfor folder; do names=\"$names $(basename \"$folder\")\"; done\n\
                    there=$(dirname \"$1\")\necho \"$nice$names\" >>\"$there/log\"\n\
                    case $names in *slow*) sleep 100 ;; *bad*) touch \"$there/refused-bad\" ;; *odd*) exit 1 ;; esac\n";
        std::fs::write(&place, text).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn jobs(folder: &Path, names: &[&str]) -> Vec<PathBuf> {
        let job = |name: &&str| {
            let place = folder.join(name);
            std::fs::create_dir(&place).unwrap();
            place
        };
        names.iter().map(job).collect()
    }

    fn until(what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn jobs_are_done_in_order_and_what_does_not_compile_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(0));
        let count = Arc::clone(&told);
        let pool = Pool::start(program(folder.path()), move || *count.lock().unwrap() += 1).unwrap();
        pool.add(jobs(folder.path(), &["a", "bad", "odd", "b"]), Urgency::Reading, 1);
        until("all are done", || pool.len() == 0);
        until("it is told", || *told.lock().unwrap() == 1);
        assert_eq!(std::fs::read_to_string(folder.path().join("log")).unwrap(), "10 a\n10 bad\n10 odd\n10 b\n");
        assert_eq!(pool.take_refused(), [folder.path().join("bad")]);
        assert!(pool.take_refused().is_empty() && !folder.path().join("a").exists());
    }

    #[test]
    fn jobs_that_wait_are_done_together() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::start(program(folder.path()), || {}).unwrap();
        let all = jobs(folder.path(), &["alone", "a", "other", "b", "c", "bad", "d"]);
        for (folder, group) in all.iter().zip([None, Some("1"), Some("2"), Some("1"), Some("1"), Some("1"), Some("1")])
        {
            if let Some(group) = group {
                std::fs::write(folder.join("group"), group).unwrap();
            }
        }
        // It was taken over.
        std::fs::remove_dir_all(&all[4]).unwrap();
        pool.add(all.clone(), Urgency::Waited, 1);
        until("all are done", || pool.len() == 0);
        assert_eq!(std::fs::read_to_string(folder.path().join("log")).unwrap(), "0 alone\n0 a b bad\n0 other\n0 d\n");
        assert_eq!(pool.take_refused(), [all[5].clone()]);
    }

    #[test]
    fn what_is_in_the_way_is_ended_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::start(program(folder.path()), || {}).unwrap();
        let all = jobs(folder.path(), &["slow", "slow-2", "slow-3"]);
        pool.add(all.clone(), Urgency::Waited, 2);
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        until("two run", || log().lines().count() == 2);
        let group = lock(&pool.shared.0).running[0].1;
        assert_eq!(pool.end_all(), all);
        until("none is left", || pool.len() == 0 && !Path::new(&format!("/proc/{group}")).exists());
        assert!(all.iter().all(|folder| !folder.exists()));
        assert!(log().contains("0 slow\n") && !log().contains("slow-3"));
        // So does the end.
        pool.add(jobs(folder.path(), &["slow-4"]), Urgency::Waited, 2);
        until("it runs", || lock(&pool.shared.0).running.len() == 1);
        let group = lock(&pool.shared.0).running[0].1;
        drop(pool);
        until("none is left", || !Path::new(&format!("/proc/{group}")).exists());
    }
}
