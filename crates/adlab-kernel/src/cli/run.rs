//! `adlab run`: executes notebooks without Jupyter or Python.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::verify::Verification;
use crate::analysis::Analysis;
use crate::engine::unattended::{Limit, Unattended};
use crate::notebook::file::{self, Notebook};
use crate::notebook::names::apart;
use crate::sandbox::Sandbox;
use crate::session::Session;
use crate::session::warm_build::WarmBuild;
use crate::system::processes::cores;
use crate::system::project::Project;

#[derive(clap::Args)]
pub struct Options {
    /// Write the executed notebooks into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// Write the outputs into the notebooks themselves
    #[arg(long)]
    in_place: bool,
    /// Write nothing; fail where a cell no longer shows what the notebook has
    #[arg(long, conflicts_with_all = ["output", "in_place"])]
    verify: bool,
    /// The same, and write what has drifted into the notebooks themselves: where nothing has, no byte changes
    #[arg(long, conflicts_with_all = ["output", "in_place"])]
    update: bool,
    /// By how much numbers may differ, relative to their size, with --verify and --update
    #[arg(long, value_name = "T", default_value_t = 1e-9)]
    tolerance: f64,
    /// Write what has drifted, and the versions it was found with, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Seconds that a cell may take; 0 sets no limit
    #[arg(long, value_name = "S", default_value_t = 120)]
    timeout: u64,
    /// How far the notebooks are trusted
    #[arg(long, value_enum, value_name = "HOW", default_value = "seal")]
    sandbox: Sandbox,
    /// Print what each cell took
    #[arg(long)]
    times: bool,
    /// The notebooks
    #[arg(required = true, value_name = "NOTEBOOK")]
    notebooks: Vec<PathBuf>,
}

/// True if every cell did what it should.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let read: Vec<Result<Notebook>> = options.notebooks.iter().map(|path| Notebook::read(path)).collect();
    let sound: Vec<&Notebook> = read.iter().flatten().collect();
    let targets = targets(options, &sound)?;
    if sound.is_empty() {
        return report(read.into_iter().filter_map(Result::err)).map(|()| false);
    }
    for line in options.sandbox.check()? {
        eprintln!("adlab: {line}");
    }
    let session = Session::open(project, WarmBuild::find(project)?)?.confined(options.sandbox);
    let analysis = Analysis::start(session.library()?)?;
    session.fill(|name| eprintln!("compiling {name}"))?;
    let (notebooks, unreadable): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
    let mut good = unreadable.is_empty();
    // One that can't be read stops none of the others.
    report(unreadable.into_iter().filter_map(Result::err))?;
    if options.verify || options.update {
        let mut verification = Verification {
            project,
            session: &session,
            analysis: &analysis,
            limit: Duration::from_secs(options.timeout),
            tolerance: options.tolerance,
            update: options.update,
            found: Vec::new(),
        };
        for notebook in notebooks.into_iter().flatten() {
            good &= verification.verify(notebook)?;
        }
        verification.report(options.report.as_deref())?;
        return Ok(good);
    }
    for (notebook, target) in notebooks.into_iter().flatten().zip(targets) {
        good &= run_notebook(project, &session, &analysis, notebook, target.as_deref(), options)?;
    }
    Ok(good)
}

fn report(unreadable: impl Iterator<Item = anyhow::Error>) -> Result<()> {
    for error in unreadable {
        writeln!(std::io::stdout(), "FAILED  {error:#}")?;
    }
    Ok(())
}

/// Where each notebook goes, if anywhere. What can be wrong with it is said before anything runs.
fn targets(options: &Options, notebooks: &[&Notebook]) -> Result<Vec<Option<PathBuf>>> {
    let Some(dir) = &options.output else {
        return Ok(notebooks.iter().map(|notebook| options.in_place.then(|| notebook.path.clone())).collect());
    };
    let mut targets = Vec::new();
    let paths: Vec<&Path> = notebooks.iter().map(|notebook| notebook.path.as_path()).collect();
    for (notebook, below) in notebooks.iter().zip(apart(&paths)) {
        let target = dir.join(below);
        let folder = target.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the output folder {}", folder.display()))?;
        tempfile::tempfile_in(folder)
            .with_context(|| format!("cannot write into the output folder {}", folder.display()))?;
        if target.canonicalize().is_ok_and(|t| notebook.path.canonicalize().is_ok_and(|p| p == t)) {
            bail!(
                "the output would replace {} itself; choose another folder, or say --in-place",
                notebook.path.display()
            );
        }
        if targets.contains(&Some(target.clone())) {
            bail!("{} was named twice", notebook.path.display());
        }
        targets.push(Some(target));
    }
    Ok(targets)
}

fn run_notebook(
    project: &Project,
    session: &Session,
    analysis: &Analysis,
    mut notebook: Notebook,
    target: Option<&Path>,
    options: &Options,
) -> Result<bool> {
    let name = notebook.name();
    let mut progress = Progress::new(&name, notebook.cells().iter().filter(|cell| file::is_run(cell)).count());
    let started = Instant::now();
    // As Jupyter has it: a notebook finds what lies beside it.
    let here = notebook.path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
    let mut run = Unattended::start(project, session, analysis, here.as_deref())?;
    run.look_ahead(cores())?;
    let ready = started.elapsed();
    let mut failure = None;
    let cells = notebook.cells_mut();
    // What does not run has nothing to show: not what it showed some other time.
    cells.iter_mut().filter(|cell| !file::is_skipped(cell)).for_each(file::clear);
    for place in 0..cells.len() {
        if !file::is_run(&cells[place]) {
            continue;
        }
        let id = cells[place]["id"].as_str().unwrap_or_default().to_owned();
        progress.cell(run.next_number(), &id);
        let ran = run.run(cells, place, Limit::Wall(Duration::from_secs(options.timeout)));
        if options.times {
            progress.line(&format!("  {:>8.3} s  [{}] {id}", ran.took.as_secs_f64(), ran.number));
        }
        let problem = match (ran.fault, file::has_tag(&cells[place], file::FAILS)) {
            (Some(fault), false) => Some(fault.traceback.join("\n")),
            (None, true) => Some("this cell should fail (it has the tag raises-exception), and did not".into()),
            _ => None,
        };
        if let Some(problem) = problem {
            failure = Some((ran.number, id, problem));
            break;
        }
    }
    let number = run.next_number() - 1;
    run.end(cells);
    if let Some(target) = target {
        notebook.write(target)?;
    }
    progress.end(started.elapsed(), ready, number, failure.as_ref());
    Ok(failure.is_none())
}

/// One line that is rewritten on a terminal; elsewhere, only what stays.
struct Progress {
    name: String,
    total: usize,
    terminal: bool,
}

impl Progress {
    fn new(name: &str, total: usize) -> Self {
        let progress = Progress { name: name.to_owned(), total, terminal: std::io::stdout().is_terminal() };
        progress.show("starting");
        progress
    }

    fn cell(&mut self, number: usize, id: &str) {
        self.show(&format!("{number}/{} {id}", self.total));
    }

    fn show(&self, what: &str) {
        if self.terminal {
            print!("\r\x1b[K{}: {what}", self.name);
            let _ = std::io::stdout().flush();
        }
    }

    /// `failure` has the number and the name of the cell that failed, and why.
    fn end(&self, took: Duration, ready: Duration, cells: usize, failure: Option<&(usize, String, String)>) {
        let (name, seconds, ready) = (&self.name, took.as_secs_f64(), ready.as_secs_f64());
        let Some((number, id, problem)) = failure else {
            return self.line(&format!("ok      {name}: {cells} cells in {seconds:.1} s ({ready:.1} s to start)"));
        };
        self.line(&format!("FAILED  {name}: cell [{number}] {id}, after {seconds:.1} s"));
        problem.lines().for_each(|line| self.line(&format!("        {line}")));
    }

    fn line(&self, text: &str) {
        if self.terminal {
            print!("\r\x1b[K");
        }
        println!("{text}");
    }
}
