//! The worker processes, and who gives them their work.
//!
//! Each is a process group of its own. What ends one, or keeps it from answering, costs the cell that ran at that moment: the
//! submission begins again in another, without that cell. What is the machine's fault is tried again, and never marked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::authority::Prepared;
use super::verdict::Verdict;
use super::worker::{Ended, Job, Word};
use crate::engine::unattended::Limit;
use crate::notebook::file::clear;
use crate::runtime::memory;
use crate::sandbox::{self, NBGRADER_VAR, Sandbox};
use crate::system::processes::{cores, kill_group, memory_of};
use anyhow::{Context, Result, bail};

/// How long a worker may be silent beyond what its work may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to put its things away.
const FAREWELL: Duration = Duration::from_secs(3);
/// How many of its cells may end a worker, before a submission is given up.
const MOST_DEATHS: usize = 8;
/// How often something is tried that failed by no fault of the student's.
const ATTEMPTS: usize = 2;

/// How many submissions a worker runs, and what it may take itself, before a fresh one takes its place.
const MOST_SUBMISSIONS: usize = 40;
const MOST_MEMORY: u64 = 1 << 30;

/// The command of this program that a worker is started with.
pub const COMMAND: &str = "mark";

/// A submission's cells, with what they showed.
pub struct Run {
    pub prepared: Prepared,
    pub outcome: Result<Vec<Ended>, String>,
    pub seconds: f64,
}

/// How submissions are run.
#[derive(Debug, Clone)]
pub struct Crew {
    /// How many at the same time.
    pub jobs: usize,
    pub sandbox: Sandbox,
    /// The bytes that their cells may take; what the sandbox allows, if nothing is said.
    pub memory: Option<usize>,
}

impl Crew {
    /// As many as there are processors, if nothing is said.
    pub fn of(jobs: Option<usize>) -> Self {
        let jobs = jobs.unwrap_or_else(cores);
        Crew { jobs, sandbox: Sandbox::On, memory: None }
    }
}

/// Runs all of them, several at a time, and hands over each as it is done, with its place in the list.
pub fn run_all(tasks: Vec<(Prepared, Job)>, crew: &Crew, mut done: impl FnMut(usize, Run) -> Result<()>) -> Result<()> {
    for lacking in crew.sandbox.check()? {
        eprintln!("adlab: {lacking}");
    }
    let queue: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new(tasks.into_iter().enumerate().collect()));
    let (results, arrived) = channel();
    std::thread::scope(|scope| {
        for _ in 0..crew.jobs.max(1) {
            let (queue, results) = (Arc::clone(&queue), results.clone());
            scope.spawn(move || {
                let mut worker = None;
                loop {
                    let next = queue.lock().unwrap_or_else(|e| e.into_inner()).pop_front();
                    let Some((place, (prepared, job))) = next else { return };
                    let run = one(crew, &mut worker, prepared, job);
                    worker.take_if(|worker| worker.is_worn(crew));
                    if results.send((place, run)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut outcome = Ok(());
        for (place, run) in &arrived {
            outcome = done(place, run);
            if outcome.is_err() {
                queue.lock().unwrap_or_else(|e| e.into_inner()).clear();
                break;
            }
        }
        // Where nothing can be written any more, nothing more is begun.
        drop(arrived);
        outcome
    })
}

/// Runs one submission, however many workers it takes.
fn one(crew: &Crew, worker: &mut Option<Worker>, mut prepared: Prepared, mut job: Job) -> Run {
    let started = Instant::now();
    let mut failures = 0;
    job.lanes = (cores() / crew.jobs.max(1)).max(1);
    let outcome = loop {
        match attempt(crew, worker, &mut prepared, &job) {
            Ok(ended) => break Ok(ended),
            Err(trouble) => {
                // Whatever state it is in, it is not used again.
                *worker = None;
                match trouble {
                    Trouble::Fatal(place, verdict)
                        if job.fatal.len() < MOST_DEATHS && !job.fatal.contains_key(&place) =>
                    {
                        job.fatal.insert(place, verdict);
                    }
                    Trouble::Fatal(..) => break Err("it ended the process that marks too often".into()),
                    Trouble::Failed(why) => {
                        failures += 1;
                        if failures >= ATTEMPTS {
                            break Err(why);
                        }
                    }
                }
            }
        }
    };
    Run { prepared, outcome, seconds: started.elapsed().as_secs_f64() }
}

enum Trouble {
    /// This cell has ended the worker, or keeps it from going on.
    Fatal(usize, Verdict),
    Failed(String),
}

fn attempt(
    crew: &Crew,
    worker: &mut Option<Worker>,
    prepared: &mut Prepared,
    job: &Job,
) -> Result<Vec<Ended>, Trouble> {
    let failed = |error: anyhow::Error| Trouble::Failed(format!("{error:#}"));
    if worker.is_none() {
        *worker = Some(Worker::start(crew).map_err(failed)?);
    }
    let Some(worker) = worker else { return Err(Trouble::Failed("there is no worker".into())) };
    worker.give(job).map_err(failed)?;
    // What another attempt has shown does not count.
    prepared.notebook.cells_mut().iter_mut().for_each(clear);
    let mut running = None;
    let mut ended: Vec<Ended> = Vec::new();
    loop {
        match worker.words.recv_timeout(Limit::Fair(job.limits.cell).longest() + PATIENCE) {
            Ok(Word::Begins(place)) => running = Some(place),
            Ok(Word::Shows(place, outputs)) => prepared.notebook.cells_mut()[place]["outputs"] = outputs,
            Ok(Word::Ended(cell)) => {
                running = None;
                let place = cell.place;
                if cell.number > 0 {
                    prepared.notebook.cells_mut()[place]["execution_count"] = cell.number.into();
                }
                if cell.verdict == Verdict::Infrastructure {
                    return Err(Trouble::Failed(cell.says));
                }
                ended.push(cell);
            }
            Ok(Word::Done) => {
                worker.marked += 1;
                return Ok(ended);
            }
            Ok(Word::Stuck(place)) => return Err(Trouble::Fatal(place, Verdict::TimeOut)),
            Ok(Word::Failed(why)) => return Err(Trouble::Failed(why)),
            Ok(Word::Ready) => {}
            // It has ended, or is stuck.
            Err(_) => {
                let failed = || Trouble::Failed("the process that marks has ended".into());
                return Err(running.map_or_else(failed, |place| Trouble::Fatal(place, Verdict::Killed)));
            }
        }
    }
}

struct Worker {
    process: Child,
    /// It ends when this does.
    jobs: Option<ChildStdin>,
    words: Receiver<Word>,
    /// How many submissions it has run.
    marked: usize,
}

impl Worker {
    fn start(crew: &Crew) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMAND).process_group(0).env(NBGRADER_VAR, "autograde");
        command.env(sandbox::VARIABLE, crew.sandbox.word());
        if let Some(memory) = crew.memory {
            command.env(memory::VARIABLE, memory.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().context("cannot start a process that marks")?;
        let jobs = process.stdin.take();
        let out = BufReader::new(process.stdout.take().context("no stdout")?);
        let (say, words) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let Ok(word) = serde_json::from_str(&line) else { continue };
                if say.send(word).is_err() {
                    return;
                }
            }
        });
        let worker = Worker { process, jobs, words, marked: 0 };
        match worker.words.recv_timeout(5 * PATIENCE) {
            Ok(Word::Ready) => Ok(worker),
            Err(RecvTimeoutError::Timeout) => bail!("the process that marks does not begin"),
            _ => bail!("the process that marks could not begin; run: adlab doctor"),
        }
    }

    /// It has grown, or may have: a fresh one takes its place.
    fn is_worn(&self, crew: &Crew) -> bool {
        let most = crew.memory.map_or(MOST_MEMORY, |memory| MOST_MEMORY.min(memory as u64));
        self.marked >= MOST_SUBMISSIONS || memory_of(self.process.id()).is_some_and(|memory| memory > most)
    }

    fn give(&mut self, job: &Job) -> Result<()> {
        let line = serde_json::to_string(job)?;
        let mut jobs = self.jobs.as_ref().context("the process that marks has no more work")?;
        writeln!(jobs, "{line}").and_then(|()| jobs.flush()).context("the process that marks has ended")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let deadline = Instant::now() + FAREWELL;
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Its janitor, in a group of its own, ends what it has started, and removes its folder.
        kill_group(self.process.id());
        let _ = self.process.wait();
    }
}
