//! The process that runs submissions, one after the other, and says after each cell what came of it.
//!
//! It reads a [`Job`] a line from stdin and writes a [`Word`] a line to stdout. Whoever ends it, or makes it hang, has ended the
//! marking of one submission: the one who gave it the job starts another.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authority::{Role, Rules};
use super::locked::Locked;
use super::promises::types_and_traits;
use super::verdict::Verdict;
use crate::analysis::Analysis;
use crate::cell::nesting::{DEEP_STACK, is_too_deep};
use crate::cell::reserved;
use crate::engine::unattended::{Limit, Unattended};
use crate::explain;
use crate::fault::Fault;
use crate::notebook::file;
use crate::sandbox::Sandbox;
use crate::session::Session;
use crate::session::warm_build::WarmBuild;
use crate::system::files::{copy_tree, remove_all};
use crate::system::project::Project;

/// A submission that is to be run.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub cells: Vec<Value>,
    pub roles: Vec<Role>,
    pub rules: Rules,
    /// Cells at which a worker has died, or could not go on: they have failed.
    pub fatal: BTreeMap<usize, Verdict>,
    pub limits: Limits,
    /// What notebooks read is copied from there.
    pub data: Option<PathBuf>,
    /// How many compilers there may be for what comes next; 0 is not to look ahead.
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
    /// What this cell has begun goes on: another worker is needed.
    Stuck(usize),
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
    std::thread::scope(|scope| {
        // It reads what students have written.
        let thread =
            std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, || read_and_run(project))?;
        thread.join().unwrap_or_else(|_| bail!("the process that marks has panicked"))
    })
}

fn read_and_run(project: &Project) -> Result<()> {
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
    let Job { mut cells, roles, rules, fatal, limits, data, lanes } = job;
    let folder = session.folder().join(format!("work-{count}"));
    std::fs::create_dir(&folder).context("cannot make a folder for a submission")?;
    if let Some(data) = data {
        copy_tree(&data, &folder).with_context(|| format!("cannot copy {}", data.display()))?;
    }
    let mut run = Unattended::start(project, session, analysis, Some(&folder))?;
    run.bound(limits.output);
    if lanes > 0 {
        run.look_ahead(lanes)?;
    }
    // What can't even be read is a cell's own fault as well.
    let mut own_types = BTreeSet::new();
    for (place, cell) in
        cells.iter().enumerate().filter(|(place, cell)| !roles[*place].is_locked() && file::is_run(cell))
    {
        let code = file::source(cell);
        if !fatal.contains_key(&place) && !is_too_deep(&code) {
            say(&Word::Begins(place))?;
            own_types.extend(types_and_traits(&code));
        }
    }
    let (mut locked, mut earlier) = (Locked::of(&rules, own_types), String::new());
    let (started, mut of_own_cells) = (Instant::now(), Duration::ZERO);
    for place in 0..cells.len() {
        let role = roles[place];
        let code = file::source(&cells[place]);
        if !file::is_run(&cells[place]) {
            continue;
        }
        let left = limits.notebook.saturating_sub(started.elapsed());
        // What students try beside their answers does not take the time of these.
        let left = if role == Role::Own { left.min((limits.notebook / 2).saturating_sub(of_own_cells)) } else { left };
        let refusal = if let Some(verdict) = fatal.get(&place) {
            let why = match verdict {
                Verdict::TimeOut => "it took too long to compile",
                _ => "it ended the process that marks",
            };
            Some((*verdict, why.to_owned()))
        } else if left.is_zero() {
            let whose = if role == Role::Own { "the student's own cells" } else { "the notebook" };
            let limit = if role == Role::Own { limits.notebook / 2 } else { limits.notebook };
            Some((Verdict::TimeOut, format!("{whose} took longer than {} s", limit.as_secs())))
        } else if role.is_locked() || is_too_deep(&code) {
            None
        } else {
            say(&Word::Begins(place))?;
            let hidden = reserved::hidden(&code, &rules.reserved, &earlier);
            let why = hidden.map(|name| explain::reserved_name(&name).evalue);
            why.or_else(|| locked.broken_by(&code)).map(|why| (Verdict::CompileError, why))
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
        say(&Word::Begins(place))?;
        if role.is_locked() {
            locked.restore(&mut run, &code, limit);
        } else if !is_too_deep(&code) {
            earlier += &reserved::kept(&code);
            if let Some(kept) = locked.kept_by(&code) {
                run.instead(place, kept);
            }
        }
        let ran = run.run(&mut cells, place, limit);
        // Where it never began, a cell behind it that is compiled ahead may be what takes so long.
        if ran.is_stuck && !role.is_locked() || ran.late && lanes > 0 && !run.has_begun() {
            return say(&Word::Stuck(place));
        }
        if role == Role::Own {
            of_own_cells += ran.took;
        }
        if role.is_locked() && ran.fault.is_none() {
            locked.add(&run, &cells[place]);
        }
        for place in ran.updated.iter().copied().chain([place]) {
            say(&Word::Shows(place, cells[place]["outputs"].clone()))?;
        }
        let expected = role.is_locked() && file::has_tag(&cells[place], file::FAILS);
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
    let _ = remove_all(&folder);
    Ok(())
}
