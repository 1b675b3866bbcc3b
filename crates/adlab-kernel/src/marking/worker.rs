//! The process that runs submissions, one after the other, and says after each cell what came of it.
//!
//! It reads a [`Job`] a line from stdin and writes a [`Word`] a line to stdout. Whoever ends it, or makes it hang, has ended the
//! marking of one submission: the one who gave it the job starts another.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authority::Role;
use super::verdict::Verdict;
use crate::analysis::Analysis;
use crate::cell::reserved;
use crate::engine::unattended::{Limit, Unattended};
use crate::explain;
use crate::fault::Fault;
use crate::notebook::file;
use crate::sandbox::Sandbox;
use crate::session::Session;
use crate::session::warm_build::WarmBuild;
use crate::system::files::copy_tree;
use crate::system::project::Project;

/// A submission that is to be run.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub cells: Vec<Value>,
    pub roles: Vec<Role>,
    pub reserved: BTreeSet<String>,
    /// Cells at which a worker has died: they have failed.
    pub fatal: Vec<usize>,
    pub limits: Limits,
    /// What notebooks read is copied from there.
    pub data: Option<PathBuf>,
    /// How many compilers there may be for it at the same time.
    pub lanes: usize,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Limits {
    /// Of each cell.
    pub cell: Duration,
    /// Of all cells together.
    pub notebook: Duration,
    /// In bytes, what they may show together.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { cell: Duration::from_secs(60), notebook: Duration::from_secs(600), output: 20 << 20 }
    }
}

/// What the worker says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Word {
    Ready,
    Begins(usize),
    Shows(usize, Value),
    Ended(Ended),
    Done,
    /// The machine or the kernel has failed.
    Failed(String),
}

/// A cell has run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ended {
    pub place: usize,
    pub number: usize,
    pub verdict: Verdict,
    /// In one line.
    pub says: String,
    pub seconds: f64,
}

/// Works until stdin ends.
pub fn work(project: &Project) -> Result<()> {
    let session = Session::open(project, WarmBuild::find(project)?)?.confined(Sandbox::of_kernel()?);
    let analysis = Analysis::start(session.library()?)?;
    session.fill(|_| {})?;
    say(&Word::Ready)?;
    for (count, line) in std::io::stdin().lock().lines().enumerate() {
        let job: Job = serde_json::from_str(&line?).context("this is no submission")?;
        match run(project, &session, &analysis, job, count) {
            Ok(()) => say(&Word::Done)?,
            Err(error) => say(&Word::Failed(format!("{error:#}")))?,
        }
    }
    Ok(())
}

fn say(word: &Word) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(word)?)?;
    Ok(out.flush()?)
}

fn run(project: &Project, session: &Session, analysis: &Analysis, job: Job, count: usize) -> Result<()> {
    let Job { mut cells, roles, reserved, fatal, limits, data, lanes } = job;
    let folder = session.folder().join(format!("work-{count}"));
    std::fs::create_dir(&folder).context("cannot make a folder for a submission")?;
    if let Some(data) = data {
        copy_tree(&data, &folder).with_context(|| format!("cannot copy {}", data.display()))?;
    }
    let mut run = Unattended::start(project, session, analysis, Some(&folder))?;
    run.bound(limits.output);
    run.look_ahead(lanes)?;
    let mut locked = Locked::default();
    let started = Instant::now();
    for place in 0..cells.len() {
        let role = roles[place];
        let code = file::source(&cells[place]);
        if !file::is_run(&cells[place]) {
            continue;
        }
        let left = limits.notebook.saturating_sub(started.elapsed());
        let refusal = if fatal.contains(&place) {
            Some((Verdict::Killed, "it ended the process that marks".to_owned()))
        } else if left.is_zero() {
            Some((Verdict::TimeOut, format!("the notebook took longer than {} s", limits.notebook.as_secs())))
        } else if role.is_locked() {
            None
        } else {
            reserved::hidden(&code, &reserved).map(|name| (Verdict::CompileError, explain::reserved_name(&name).evalue))
        };
        if let Some((verdict, why)) = refusal {
            let fault = Fault::new("CompileError", &why, &[]);
            cells[place]["outputs"] = serde_json::json!([{ "ename": verdict.word(), "evalue": why, "output_type": "error",
                "traceback": fault.traceback }]);
            say(&Word::Shows(place, cells[place]["outputs"].clone()))?;
            say(&Word::Ended(Ended { place, number: 0, verdict, says: why, seconds: 0.0 }))?;
            continue;
        }
        let limit = Limit::Fair(limits.cell.min(left));
        match role.is_locked() {
            true => locked.restore(&mut run, limit),
            false => locked.note_student_s(&code),
        }
        say(&Word::Begins(place))?;
        let ran = run.run(&mut cells, place, limit);
        if role.is_locked() {
            locked.add(&cells[place], ran.fault.is_none());
        }
        for place in ran.updated.iter().copied().chain([place]) {
            say(&Word::Shows(place, cells[place]["outputs"].clone()))?;
        }
        let expected = role.is_locked() && file::has_tag(&cells[place], "raises-exception");
        let (verdict, says) = match (&ran.fault, expected) {
            (Some(_), true) => (Verdict::Right, String::new()),
            (None, true) => (Verdict::Wrong, "this cell should fail, and did not".into()),
            (fault, false) => {
                let says = fault.as_ref().map_or(String::new(), |fault| fault.evalue.clone());
                (Verdict::of(fault.as_ref(), ran.late, role.is_locked()), says)
            }
        };
        say(&Word::Ended(Ended { place, number: ran.number, verdict, says, seconds: ran.took.as_secs_f64() }))?;
    }
    if let Some(place) = run.end(&mut cells) {
        say(&Word::Shows(place, cells[place]["outputs"].clone()))?;
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

/// The definitions of locked cells, which hold when a locked cell runs: a student's that took their place is replaced again.
#[derive(Default)]
struct Locked {
    cells: Vec<(BTreeSet<String>, Value)>,
    /// Those that a student's cell has given another meaning.
    replaced: Vec<usize>,
}

impl Locked {
    fn add(&mut self, cell: &Value, is_in_force: bool) {
        let keys = reserved::keys(&file::source(cell));
        if is_in_force && !keys.is_empty() {
            self.cells.push((keys, cell.clone()));
        }
    }

    fn note_student_s(&mut self, code: &str) {
        let keys = reserved::keys(code);
        let replaced = self.cells.iter().enumerate().filter(|(_, (locked, _))| !locked.is_disjoint(&keys));
        let replaced: Vec<usize> = replaced.map(|(place, _)| place).collect();
        self.replaced.extend(replaced);
    }

    fn restore(&mut self, run: &mut Unattended, limit: Limit) {
        for place in std::mem::take(&mut self.replaced) {
            run.again(&self.cells[place].1, limit);
        }
    }
}
