//! `adlab check`: whether solutions are fit to mark by, and a folder of lessons fit to hand out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::lessons::{self, Lesson};
use super::{assign, grade};
use crate::marking::authority::{Authority, Prepared, Role};
use crate::marking::crew::{Crew, Run, run_all};
use crate::marking::matching::grade_id;
use crate::marking::reports::plain;
use crate::marking::results::{Failure, Mark, count};
use crate::marking::verdict::Verdict;
use crate::marking::worker::{Job, Limits};
use crate::marking::wrong::{self, Wrong};
use crate::notebook::file::{self, Notebook};
use crate::system::project::Project;

#[derive(clap::Args)]
pub struct Options {
    /// The solution notebooks; or a folder of lessons, which has them in `solutions`, wrong answers in `wrong`, and beside them
    /// what students get: it is looked at whole
    #[arg(required = true, value_name = "SOLUTION")]
    solutions: Vec<PathBuf>,
    /// A folder with wrong answers, which checks must catch: NAME.md for NAME.ipynb
    #[arg(long, value_name = "DIR")]
    wrong: Option<PathBuf>,
    /// How many notebooks run at the same time; as many as there are processors, if nothing is said
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// What is tried on a solution's checks.
enum Trial {
    Solution,
    Stubs,
    Wrong(Vec<Wrong>),
}

/// How long a lesson may take from top to bottom, in seconds.
const LONGEST: f64 = 20.0;

/// True if all is as it should be.
pub fn check(project: &Project, options: &Options) -> Result<bool> {
    let asked = lessons::asked(&options.solutions, options.wrong.as_deref())?;
    grade::make_ready(project)?;
    let solutions: Vec<PathBuf> = asked.iter().map(|lesson| lesson.solution.clone()).collect();
    let authorities = grade::authorities(&solutions)?;
    let (mut trials, mut tasks) = (Vec::new(), Vec::new());
    for (place, authority) in authorities.iter().enumerate() {
        for trial in trials_of(authority, asked[place].wrong.as_deref())? {
            let mut prepared = authority.prepare(&submission(authority, &trial)?);
            if !trial.wrong().is_empty() {
                leave_out_what_follows(&mut prepared, trial.wrong());
            }
            let (cells, roles) = (prepared.notebook.cells().to_vec(), prepared.roles.clone());
            let (limits, rules) = (Limits::default(), authority.rules.clone());
            let job = Job { cells, roles, rules, fatal: BTreeMap::new(), limits, data: None, lanes: 1 };
            tasks.push((prepared, job));
            trials.push((place, trial));
        }
    }
    let looked_at =
        |(lesson, authority): (&Lesson, &Authority)| lessons::faults(lesson, &authority.solution, &solutions);
    let mut problems: Vec<Vec<String>> = asked.iter().zip(&authorities).map(looked_at).collect::<Result<_>>()?;
    run_all(tasks, &Crew::of(options.jobs), |task, Run { prepared, outcome, seconds }| {
        let (place, trial) = &trials[task];
        if matches!(trial, Trial::Solution) && asked[*place].folder.is_some() && seconds > LONGEST {
            problems[*place]
                .push(format!("it takes {seconds:.0} s from top to bottom, and should take no more than {LONGEST}"));
        }
        match outcome {
            Ok(ended) => {
                let (marks, failures) = count(&prepared, &ended);
                let answers = prepared.roles.iter().zip(prepared.notebook.cells());
                let answers: Vec<&str> =
                    answers.filter(|(role, _)| **role == Role::Answer).filter_map(|(_, cell)| grade_id(cell)).collect();
                problems[*place].extend(found(trial, &marks, &failures, &answers));
            }
            Err(why) => problems[*place].push(format!("it could not be run: {why}")),
        }
        Ok(())
    })?;
    let mut good = true;
    for (place, (authority, problems)) in authorities.iter().zip(&problems).enumerate() {
        let name = authority.solution.name();
        let wrong: usize = trials.iter().filter(|(of, _)| *of == place).map(|(_, trial)| trial.wrong().len()).sum();
        match problems.is_empty() {
            true if wrong == 0 => println!("ok      {name}: the solution passes, stubs fail"),
            true => println!("ok      {name}: the solution passes, stubs fail, {wrong} wrong answers are caught"),
            false => println!("FAILED  {name}"),
        }
        for problem in problems {
            good = false;
            println!("        {}", plain(problem));
        }
    }
    Ok(good)
}

impl Trial {
    fn wrong(&self) -> &[Wrong] {
        match self {
            Trial::Wrong(all) => all,
            _ => &[],
        }
    }
}

fn trials_of(authority: &Authority, folder: Option<&Path>) -> Result<Vec<Trial>> {
    let mut trials = vec![Trial::Solution, Trial::Stubs];
    if let Some(folder) = folder {
        let path = folder.join(wrong::file_of(&authority.solution));
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let all = wrong::parse(&text).with_context(|| format!("in {}", path.display()))?;
        let cells = authority.solution.cells();
        let has_points = |check: &str| {
            cells.iter().any(|cell| grade_id(cell) == Some(check) && cell["metadata"]["nbgrader"]["grade"] == true)
        };
        let rounds = wrong::rounds(&all, &has_points);
        trials.extend(rounds.into_iter().filter(|round| !round.is_empty()).map(Trial::Wrong));
    }
    Ok(trials)
}

/// What a student would hand in.
fn submission(authority: &Authority, trial: &Trial) -> Result<Notebook> {
    if matches!(trial, Trial::Stubs) {
        return Ok(assign::student_version(authority.solution.clone())?.notebook);
    }
    let mut notebook = authority.solution.clone();
    for wrong in trial.wrong() {
        let cell = notebook.cells_mut().iter_mut().find(|cell| grade_id(cell) == Some(wrong.cell.as_str()));
        let cell = cell.with_context(|| format!("there is no cell {:?} to answer wrongly", wrong.cell))?;
        let source =
            wrong::in_place(&file::source(cell), &wrong.code).with_context(|| format!("cell {:?}", wrong.cell))?;
        cell["source"] = file::lines(&source);
    }
    Ok(notebook)
}

/// No check that is asked goes by what comes after it.
fn leave_out_what_follows(prepared: &mut Prepared, wrong: &[Wrong]) {
    let is_asked = |(role, cell): (&Role, &Value)| {
        *role == Role::Check || wrong.iter().any(|wrong| grade_id(cell) == Some(wrong.check.as_str()))
    };
    let last = prepared.roles.iter().zip(prepared.notebook.cells()).rposition(is_asked);
    for cell in prepared.notebook.cells_mut().iter_mut().skip(last.map_or(0, |last| last + 1)) {
        cell["source"] = "".into();
    }
}

/// What should not be.
fn found(trial: &Trial, marks: &[Mark], failures: &[Failure], answers: &[&str]) -> Vec<String> {
    let checks = || marks.iter().filter_map(|mark| Some((mark, mark.verdict?)));
    let said = |mark: &Mark| format!("{} ({})", mark.verdict.map_or("", Verdict::word), mark.says);
    match trial {
        Trial::Solution => {
            // Some are for no points.
            let marks = checks().filter(|(mark, verdict)| *verdict != Verdict::Right || mark.points != Some(mark.of));
            let marks = marks.map(|(mark, _)| format!("{}: the solution does not pass: {}", mark.grade_id, said(mark)));
            let cells =
                failures.iter().map(|failure| format!("{}: fails in the solution: {}", failure.cell, failure.says));
            marks.chain(cells).collect()
        }
        Trial::Stubs => {
            let passes = checks().filter(|(mark, verdict)| {
                *verdict == Verdict::Right && mark.points.is_some_and(|points| points > 0.0 || mark.of == 0.0)
            });
            let passes = passes.map(|(mark, _)| format!("{}: passes where nothing was answered", mark.grade_id));
            let broken = failures.iter().filter(|failure| failure.verdict == Verdict::CompileError);
            let broken = broken.filter(|failure| answers.contains(&failure.cell.as_str()));
            let broken = broken
                .map(|failure| format!("{}: does not compile as it is handed out: {}", failure.cell, failure.says));
            passes.chain(broken).collect()
        }
        Trial::Wrong(all) => {
            let mut problems = Vec::new();
            for wrong in all {
                let failed = |cell: &str| failures.iter().find(|failure| failure.cell == cell);
                let of_check = checks().find(|(mark, _)| mark.grade_id == wrong.check);
                // One without points is a cell as others are.
                let (verdict, says) = match of_check {
                    Some((mark, verdict)) => (verdict, mark.says.as_str()),
                    None => failed(&wrong.check).map_or((Verdict::Right, ""), |check| (check.verdict, &check.says)),
                };
                let itself = failed(&wrong.cell).map(|answer| answer.says.as_str());
                let mut heard = itself.into_iter().chain([says]);
                if verdict == Verdict::Right {
                    problems.push(format!("{}: \"{}\" passes", wrong.cell, wrong.name));
                } else if !heard.any(|says| says.contains(&wrong.says)) {
                    problems.push(format!(
                        "{}: \"{}\" fails, without the words \"{}\": {} ({says})",
                        wrong.cell,
                        wrong.name,
                        wrong.says,
                        verdict.word()
                    ));
                }
            }
            let is_meant = |mark: &Mark| all.iter().any(|wrong| wrong.check == mark.grade_id);
            for (mark, _) in checks().filter(|(mark, verdict)| *verdict != Verdict::Right && !is_meant(mark)) {
                let names: Vec<&str> = all.iter().map(|wrong| wrong.name.as_str()).collect();
                problems.push(format!("{} fails beside {}: {}", mark.grade_id, names.join(", "), said(mark)));
            }
            problems
        }
    }
}
