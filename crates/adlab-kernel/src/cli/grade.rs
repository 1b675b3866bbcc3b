//! `adlab grade`, `adlab regrade`: marks of submissions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::assign;
use crate::marking::authority::{Authority, Prepared};
use crate::marking::course::{Found, Task, find, task};
use crate::marking::crew::{Crew, Run, run_all};
use crate::marking::reports::list::{Journal, List, known};
use crate::marking::reports::{feedback, junit, plain, points, spreadsheet, summary};
use crate::marking::results::{Marks, count};
use crate::marking::worker::{Job, Limits};
use crate::notebook::file::Notebook;
use crate::runtime::memory;
use crate::sandbox::Sandbox;
use crate::session::PREPARE;
use crate::session::warm_build::WarmBuild;
use crate::system::files::write_atomically;
use crate::system::project::Project;
use crate::system::toolchain;

#[derive(clap::Args)]
pub struct Options {
    /// Notebooks that were handed in, or folders of them
    #[arg(required = true, value_name = "SUBMITTED")]
    submitted: Vec<PathBuf>,
    /// The solution notebooks to mark by
    #[arg(long, required = true, num_args = 1.., value_name = "SOLUTION")]
    against: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
    /// Go on where a run with the same --json was interrupted; what was marked and is the same is not marked again
    #[arg(long, requires = "json")]
    resume: bool,
    /// Write all marks as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct Again {
    /// What `adlab grade --json` has written
    #[arg(value_name = "MARKS.json")]
    marks: PathBuf,
    /// Only these students
    #[arg(value_name = "STUDENT")]
    students: Vec<String>,
    /// Mark by these solutions, and not by those of the last time
    #[arg(long, num_args = 1.., value_name = "SOLUTION")]
    against: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
}

#[derive(clap::Args)]
struct How {
    /// How many submissions run at the same time; as many as there are processors, if nothing is said
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Seconds that a cell may take
    #[arg(long, value_name = "S", default_value_t = Limits::default().cell.as_secs())]
    time_cell: u64,
    /// Seconds that a notebook may take
    #[arg(long, value_name = "S", default_value_t = Limits::default().notebook.as_secs())]
    time_notebook: u64,
    /// What the cells of a submission may show, as 5M; the rest is left out, which is said; 20 MB, if nothing is said
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    output_limit: Option<usize>,
    /// What cells may do; `required` marks nothing where this system can't hold them
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Sandbox::On)]
    sandbox: Sandbox,
    /// What the cells of a submission may take, as 4G; 2 GB, if nothing is said
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<usize>,
    /// A folder with files that the notebooks read; each submission has a copy of its own
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write a table of marks for spreadsheets (CSV)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the marks as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the notebooks as they ran into this folder
    #[arg(long, value_name = "DIR")]
    marked: Option<PathBuf>,
    /// Write a page for each student into this folder (HTML)
    #[arg(long, value_name = "DIR")]
    feedback: Option<PathBuf>,
}

/// True if all could be marked.
pub fn grade(project: &Project, options: &Options) -> Result<bool> {
    make_ready(project)?;
    let authorities = authorities(&options.against)?;
    let found = find(&options.submitted)?;
    let known = options.json.as_deref().filter(|_| options.resume).map(known).unwrap_or_default();
    let mut journal = options.json.as_deref().map(|list| Journal::begin(list, options.resume)).transpose()?;
    let all = mark(&found, &authorities, &options.how, known, |marks| match &mut journal {
        Some(journal) => journal.add(marks),
        None => Ok(()),
    })?;
    if let Some(path) = &options.json {
        list(all.clone())?.write(path)?;
        journal.into_iter().for_each(Journal::end);
    }
    report(&all, &options.how)?;
    Ok(all.iter().all(|marks| marks.not_marked.is_none()))
}

/// True if all could be marked.
pub fn again(project: &Project, options: &Again) -> Result<bool> {
    make_ready(project)?;
    let before = List::read(&options.marks)?;
    let is_asked = |marks: &&Marks| options.students.is_empty() || options.students.contains(&marks.student);
    let unknown = options.students.iter().find(|name| !before.submissions.iter().any(|marks| marks.student == **name));
    if let Some(name) = unknown {
        bail!("{} has no student {name:?}", options.marks.display());
    }
    let asked: Vec<&Marks> = before.submissions.iter().filter(is_asked).collect();
    let mut solutions = options.against.clone();
    if solutions.is_empty() {
        let mut seen = HashSet::new();
        let of_then = asked.iter().map(|marks| &marks.solution).filter(|path| !path.is_empty());
        solutions = of_then.filter(|path| seen.insert(*path)).map(PathBuf::from).collect();
    }
    if solutions.is_empty() {
        bail!("{} names no solution; say which with --against", options.marks.display());
    }
    let authorities = authorities(&solutions)?;
    let found = asked.iter().map(|marks| Found {
        path: marks.path.clone().into(),
        name: marks.submitted.clone().into(),
        student: marks.student.clone(),
    });
    let found: Vec<Found> = found.collect();
    let all = mark(&found, &authorities, &options.how, HashMap::new(), |_| Ok(()))?;
    let mut after = before.clone();
    for marks in &all {
        let place = after.submissions.iter_mut().find(|old| old.path == marks.path);
        place.into_iter().for_each(|old| *old = marks.clone());
    }
    list(after.submissions.clone())?.write(&options.marks)?;
    report(&after.submissions, &options.how)?;
    changes(&before.submissions, &after.submissions);
    Ok(all.iter().all(|marks| marks.not_marked.is_none()))
}

fn bytes(text: &str) -> Result<usize, &'static str> {
    let bytes = memory::parse(text).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or("write a number with K, M or G behind it, as 500M")
}

/// Makes a warm build where there is none that fits: in a process of its own, as it changes the environment.
pub fn make_ready(project: &Project) -> Result<()> {
    if WarmBuild::find(project)?.fits() {
        return Ok(());
    }
    let made =
        Command::new(std::env::current_exe()?).arg(PREPARE).status().context("cannot start this program again")?;
    if !made.success() {
        bail!("there is no warm build, and none can be made; run: adlab doctor");
    }
    Ok(())
}

fn changes(before: &[Marks], after: &[Marks]) {
    let mut changed = 0;
    for (old, new) in before.iter().zip(after) {
        for mark in &new.marks {
            let was = old.marks.iter().find(|was| was.grade_id == mark.grade_id).and_then(|was| was.points);
            if was != mark.points {
                let said = |points: Option<f64>| points.map_or("–".into(), crate::marking::reports::points);
                let (name, id) = (plain(&new.submitted), plain(&mark.grade_id));
                println!("changed  {name}: {id}: {} → {} of {}", said(was), said(mark.points), points(mark.of));
                changed += 1;
            }
        }
    }
    println!("{changed} marks have changed");
}

pub fn authorities(paths: &[PathBuf]) -> Result<Vec<Authority>> {
    let of = |path: &PathBuf| {
        let solution = Notebook::read(path)?;
        let handed_out =
            assign::student_version(solution.clone()).with_context(|| format!("in {}", path.display()))?.notebook;
        Authority::new(solution, handed_out)
    };
    paths.iter().map(of).collect()
}

fn list(submissions: Vec<Marks>) -> Result<List> {
    let compiler = toolchain::output("rustc", &["--version"]).unwrap_or_default();
    Ok(List { adlab: env!("CARGO_PKG_VERSION").into(), compiler, submissions })
}

/// Marks all that is not known already, and hands over each as it is done.
fn mark(
    found: &[Found],
    authorities: &[Authority],
    how: &How,
    known: HashMap<String, Marks>,
    mut keep: impl FnMut(&Marks) -> Result<()>,
) -> Result<Vec<Marks>> {
    for folder in how.marked.iter().chain(&how.feedback) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let limits = Limits {
        cell: Duration::from_secs(how.time_cell),
        notebook: Duration::from_secs(how.time_notebook),
        output: how.output_limit.unwrap_or(Limits::default().output),
    };
    let mut all: Vec<Option<Marks>> = found.iter().map(|_| None).collect();
    let (mut tasks, mut places) = (Vec::new(), Vec::new());
    for (place, found) in found.iter().enumerate() {
        match task(&found.path, authorities) {
            Ok(Task { prepared, solution, digest }) => {
                let authority = &authorities[solution];
                if let Some(marks) = known.get(&digest).filter(|marks| Path::new(&marks.path) == found.path) {
                    all[place] = Some(marks.clone());
                    continue;
                }
                let (cells, roles) = (prepared.notebook.cells().to_vec(), prepared.roles.clone());
                let rules = authority.rules.clone();
                let job = Job { cells, roles, rules, fatal: BTreeMap::new(), limits, data: how.data.clone(), lanes: 1 };
                tasks.push((prepared, job));
                places.push((place, digest, authority.solution.path.display().to_string()));
            }
            Err(error) => {
                let marks = Marks { not_marked: Some(format!("{error:#}")), ..empty(found) };
                write_for(&marks, None, found, how)?;
                all[place] = Some(marks);
            }
        }
    }
    let crew = Crew { sandbox: how.sandbox, memory: how.memory, ..Crew::of(how.jobs) };
    let mut progress = Progress::new(tasks.len());
    run_all(tasks, &crew, |task, Run { prepared, outcome, seconds }| {
        let (place, digest, solution) = &places[task];
        let mut marks = Marks { seconds, digest: digest.clone(), solution: solution.clone(), ..empty(&found[*place]) };
        marks.notes.clone_from(&prepared.notes);
        match outcome {
            Ok(ended) => (marks.marks, marks.failures) = count(&prepared, &ended),
            Err(why) => marks.not_marked = Some(format!("the machine's fault: {why}")),
        }
        write_for(&marks, Some(&prepared), &found[*place], how)?;
        keep(&marks)?;
        progress.done(&marks);
        all[*place] = Some(marks);
        Ok(())
    })?;
    progress.end();
    Ok(all.into_iter().flatten().collect())
}

fn empty(found: &Found) -> Marks {
    Marks {
        student: found.student.clone(),
        submitted: found.name.display().to_string(),
        path: found.path.display().to_string(),
        ..Marks::default()
    }
}

/// The notebook as it ran, and the page for the student.
fn write_for(marks: &Marks, prepared: Option<&Prepared>, found: &Found, how: &How) -> Result<()> {
    let place = |folder: &Path, extension: &str| -> Result<PathBuf> {
        let mut path = folder.join(&found.name);
        if path.extension().is_some_and(|own| own == "ipynb") {
            path.set_extension(extension);
        } else {
            // `n.IPYNB` is another one beside `n.ipynb`.
            path.add_extension(extension);
        }
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
        Ok(path)
    };
    if let (Some(folder), Some(prepared)) = (&how.marked, prepared) {
        prepared.notebook.write(&place(folder, "ipynb")?)?;
    }
    if let Some(folder) = &how.feedback {
        write_atomically(&place(folder, "html")?, feedback::page(marks, prepared).as_bytes())?;
    }
    Ok(())
}

fn report(all: &[Marks], how: &How) -> Result<()> {
    if let Some(path) = &how.report {
        write_atomically(path, &spreadsheet::csv(all)?)?;
    }
    if let Some(path) = &how.junit {
        write_atomically(path, junit::xml(all).as_bytes())?;
    }
    print!("{}", summary::table(all));
    Ok(())
}

/// How far it is: one line that is rewritten on a terminal, a line for each elsewhere.
struct Progress {
    total: usize,
    done: usize,
    started: Instant,
    terminal: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Progress { total, done: 0, started: Instant::now(), terminal: std::io::stderr().is_terminal() }
    }

    fn done(&mut self, marks: &Marks) {
        self.done += 1;
        let each = self.started.elapsed().as_secs_f64() / self.done as f64;
        let left = (each * (self.total - self.done) as f64).ceil() as u64;
        let left = if left > 90 { format!("{} min", left.div_ceil(60)) } else { format!("{left} s") };
        let line = format!("{}/{}  {}  ({left} left)", self.done, self.total, plain(&marks.submitted));
        let mut err = std::io::stderr();
        let _ = if self.terminal { write!(err, "\r\x1b[K{line}") } else { writeln!(err, "{line}") };
        let _ = err.flush();
    }

    fn end(self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
