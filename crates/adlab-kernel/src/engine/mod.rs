//! Runs a notebook's cells, and says what came of each.
//!
//! On the map, `docs/architecture.md`: steps 2 to 8 and 13.

mod attempt;
mod commands;
mod crates;
mod evcxr_commands;
mod evcxr_context;
mod foresight;
pub mod moves;
mod rehearsal;
mod room;
mod shell;
pub mod thread;
pub mod unattended;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use evcxr::Error;

use self::attempt::{Attempt, Parts, removed, surroundings};
use self::evcxr_context::{Evcxr, bundle, describe};
pub use self::foresight::Look;
use self::foresight::{Ahead, Moment};
use crate::ahead::Next;
use crate::analysis::Analysis;
use crate::cell::Cell;
use crate::cell::commands::only_show;
use crate::cell::nesting::is_too_much;
use crate::cell::reserved::{self, Reserved};
use crate::compile::{ahead, begin_cell, parser};
use crate::event::{Bundle, Event, Sink};
use crate::explain;
use crate::fault::Fault;
use crate::runtime::bootstrap::{ALLOW_QUESTION_MARK, DEBUG_IN_CELLS, PRINT_AT_ONCE, forget};
use crate::sandbox::{NBGRADER_VAR, Sandbox, remains};
use crate::scope::definitions::HandedBack;
use crate::scope::plan::Plan;
use crate::scope::{Scope, lines};
use crate::session::{Session, level, place};
use crate::supervisor::Supervisor;
use crate::system::project::Preload;

/// What a cell is worth when it has run.
#[derive(Debug, Default)]
pub struct Value {
    /// The value of the last expression, or the answer to a command.
    pub result: Option<Bundle>,
    /// Documentation that was asked for.
    pub page: Option<Bundle>,
}

pub struct Engine {
    evcxr: Evcxr,
    analysis: Analysis,
    supervisor: Supervisor,
    scope: Scope,
    preload: Preload,
    /// Where cells are built.
    build: PathBuf,
    /// Where the notebook is; nothing where that is gone.
    folder: Option<PathBuf>,
    socket: PathBuf,
    give_environment: Box<dyn Fn(&mut Command) + Send>,
    sandbox: Sandbox,
    /// Macros and traits of cells that are marked.
    made: String,
    /// What evcxr has made of the cells that have kept something for later, by their numbers.
    kept: BTreeMap<usize, String>,
    /// Nothing where no cell is compiled ahead.
    ahead: Option<Ahead>,
    /// What the next cell is to be told, in place of being run.
    fate: Option<Fault>,
    /// Where evcxr is to go back to before a cell can run, as it could not before.
    stranded: Option<Moment>,
    // The last of all.
    _remains: Remains,
}

/// Cells are run to be marked.
pub fn is_for_nbgrader() -> bool {
    std::env::var_os(NBGRADER_VAR).is_some()
}

/// The folder of a session, in which no process of this engine's is to be left.
struct Remains(PathBuf);

impl Drop for Remains {
    fn drop(&mut self) {
        remains::end(&self.0);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.write_tally();
        self.supervisor.part();
    }
}

impl Engine {
    /// Starts evcxr in the current session's build folder and loads the preloaded crate. Takes seconds. Cells run in this
    /// folder, or in the one that this process is in.
    pub fn start(preload: Preload, session: &Session, analysis: Analysis, folder: Option<&Path>) -> Result<Self> {
        let socket = session.socket();
        let supervisor = Supervisor::listen(&socket)?;
        let scratch = session.scratch(folder)?;
        let own = scratch.as_ref().map(|scratch| scratch.folder().to_owned());
        let give_environment = Box::new(session.give_environment(folder, scratch.as_ref())?);
        if let Some(scratch) = scratch {
            supervisor.watch(scratch);
        }
        let evcxr = Evcxr::start(&session.build(), &socket, &give_environment)?;
        // Of the notebook before, nothing is left.
        ahead::end(&session.build());
        level::set(&session.build(), None)?;
        let (scope, build) = (Scope::default(), session.build());
        let folder = own.or_else(|| folder.map(Path::to_owned)).or_else(|| std::env::current_dir().ok());
        let mut engine = Engine {
            evcxr,
            analysis,
            supervisor,
            scope,
            preload,
            build,
            folder,
            socket,
            give_environment,
            sandbox: session.degree(),
            made: String::new(),
            kept: BTreeMap::new(),
            ahead: None,
            fate: None,
            stranded: None,
            _remains: Remains(session.folder().to_owned()),
        };
        engine.prepare()?;
        Ok(engine)
    }

    /// A handle by which another thread can stop the running cell.
    pub fn supervisor(&self) -> Supervisor {
        self.supervisor.clone()
    }

    fn prepare(&mut self) -> Result<()> {
        let code = format!("{}\n{PRINT_AT_ONCE}\n{DEBUG_IN_CELLS}\n{ALLOW_QUESTION_MARK}", self.preload.prelude);
        // Nothing can interrupt it: half a prelude would be worse than to wait for the whole.
        let (outcome, report) = self.supervisor.clone().alone(|| self.evcxr.execute(&code));
        if let Some(reason) = report.broken {
            bail!("the preloaded crate does not load: {reason}");
        }
        outcome.map_err(|error| anyhow!("{}", describe(&error))).context("the preloaded crate does not load")?;
        self.analysis.use_crates_of(self.build.clone());
        self.tell_analysis();
        Ok(())
    }

    fn tell_analysis(&self) {
        let definitions = self.scope.definitions.text();
        self.analysis.set_surroundings(surroundings(&self.evcxr, &self.preload.prelude, &definitions));
    }

    /// Runs a cell, and is told which are queued behind it. What it prints and displays goes to the sink as it comes; what it
    /// is worth comes back. `number` is its execution count.
    pub fn execute(&mut self, cell: Next, number: usize, queued: &[Next], sink: Sink) -> Result<Value, Fault> {
        self.supervisor.expect();
        // What only asks has no bearing on what was foreseen.
        let only_shows = only_show(&cell.code);
        if !only_shows {
            self.make_way(&cell, queued);
        }
        if let Some(fault) = self.is_held() {
            return Err(fault);
        }
        let outcome = self.execute_cell(&cell.code, cell.id.as_deref(), number, sink);
        self.supervisor.expect_nothing();
        if !only_shows {
            self.learn(cell, number, outcome.is_ok(), queued);
        }
        outcome
    }

    fn execute_cell(&mut self, code: &str, id: Option<&str>, number: usize, sink: Sink) -> Result<Value, Fault> {
        if let Some(message) = is_too_much(code) {
            return Err(Fault::new("CompileError", &message, &[]));
        }
        if let Some(name) = Some(code)
            .filter(|_| is_for_nbgrader())
            .and_then(|code| reserved::hidden(code, &Reserved::default(), &self.made))
        {
            return Err(explain::reserved_name(&name));
        }
        if is_for_nbgrader() {
            self.made += &reserved::kept(code);
        }
        let cell = Cell::read(code, id, number).map_err(|refusal| explain::refused_command(&refusal))?;
        self.supervisor.begin(sink);
        let mut value = Value::default();
        let obeyed = self.obey(&cell, &mut value);
        if cell.has_code() || obeyed.is_err() {
            // Answers stand above what comes now.
            if let Some(bundle) = value.result.take() {
                self.supervisor.show(Event::Display(bundle, None));
            }
        }
        // A cell without code may have had some before: its definitions go.
        let runs = cell.has_code() || !self.scope.definitions.plan(&cell).removed.is_empty();
        if obeyed.is_err() || runs && self.supervisor.is_interrupted() {
            let report = self.supervisor.end();
            return Err(obeyed.err().filter(|_| !report.interrupted).unwrap_or_else(Fault::interrupted));
        }
        if runs {
            let result = self.run(&cell).inspect_err(|_| self.scope.fail(&cell))?;
            self.scope.succeed(&cell);
            value.result = result.or(value.result);
        } else {
            self.tell_trouble();
            self.supervisor.end();
        }
        Ok(value)
    }

    /// Runs a cell's code; gives the value of its last expression.
    fn run(&mut self, cell: &Cell) -> Result<Option<Bundle>, Fault> {
        begin_cell(&self.build);
        let source = self.scope.sources.push(&cell.code, cell.number);
        let plan = self.scope.definitions.plan(cell);
        if let Some(fault) = explain::no_rust(cell, &source, &self.scope, parser::errors) {
            self.scope.definitions.did_not_compile(&plan, cell.number);
            self.supervisor.end();
            return Err(fault);
        }
        let handed = self.hand_back(&plan);
        // Where something came back, it stands beside the cell from now on.
        let plan = if handed.is_empty() { plan } else { self.scope.definitions.plan(cell) };
        let removed = removed(&plan, &self.evcxr);
        self.make_room(&plan);
        let rehearses = self.ahead.as_ref().filter(|ahead| ahead.rehearses).map(|ahead| &*ahead.is_wanted);
        let mut parts = Parts {
            evcxr: &mut self.evcxr,
            scope: &mut self.scope,
            analysis: &self.analysis,
            supervisor: &self.supervisor,
            prelude: &self.preload.prelude,
            build: &self.build,
            folder: self.folder.as_deref(),
            rehearses,
        };
        parts.supervisor.note(&parts.scope.definitions.outdated(cell));
        let (outcome, generated) = match parts.attempt(cell, &plan, removed) {
            Attempt::Done { outcome, generated } => (outcome, generated),
            Attempt::Interrupted => {
                self.take_back(handed);
                self.supervisor.end();
                return Err(Fault::interrupted());
            }
            Attempt::Panicked => return Err(self.start_anew()),
        };
        let lost = matches!(outcome, Err(Error::SubprocessTerminated(_)));
        if lost {
            self.supervisor.settle();
        }
        match outcome.is_ok() {
            true => self.supervisor.note(&format!("{}{}", handed.note, explain::silent::notes(cell))),
            false => self.take_back(handed),
        }
        self.tell_trouble();
        // Also where the cell itself has failed.
        self.supervisor.note(&self.scope.variables.change(&self.supervisor.take_changed()));
        let report = self.supervisor.end();
        if lost {
            self.forget_variables();
        }
        if report.has_controls {
            self.keep(cell.number, &generated);
        }
        // An interrupt may come when all is done.
        let done = report.interrupted && outcome.is_ok();
        if let Some(mut fault) = explain::failed(&report, lost, &self.scope.sources, &generated).filter(|_| !done) {
            if self.sandbox.is_closed() {
                explain::add_sandbox(&mut fault);
            }
            return Err(fault);
        }
        match outcome {
            Ok(outputs) => Ok(report.result.or_else(|| bundle(outputs))),
            Err(error) => {
                if let Some(reason) = self.build.parent().and_then(|session| place::lost(session, &describe(&error))) {
                    return Err(Fault::kernel(&reason));
                }
                self.scope.definitions.did_not_compile(&plan, cell.number);
                let context = explain::Context { source: &source, cell, scope: &self.scope, generated: &generated };
                Err(explain::refused_by_evcxr(&error, &context))
            }
        }
    }

    /// A variable can't have the name of a constant: where the cell defines one, the variable goes.
    fn make_room(&mut self, plan: &Plan) {
        let is_variable = |name: &&str| self.scope.variables.is_known(name);
        let names: BTreeSet<String> = plan.taken_names().filter(is_variable).map(str::to_owned).collect();
        names.iter().for_each(|name| self.forget(name));
    }

    /// A variable goes, which is said where it is of a cell.
    fn forget(&mut self, name: &str) {
        let (outcome, _) = self.supervisor.clone().alone(|| self.evcxr.execute(&forget(name)));
        if outcome.is_ok() {
            self.supervisor.note(&self.scope.variables.make_room(name));
        }
    }

    /// What stands for the definitions of a cell that are in force.
    fn held(&self, id: &str) -> BTreeSet<String> {
        self.scope.definitions.of_cell(id)
    }

    /// The type of a variable.
    fn type_of(&self, name: &str) -> Option<String> {
        self.evcxr.variables().find(|(known, _)| *known == name).map(|(_, ty)| ty.to_owned())
    }

    /// The cell that made a variable.
    fn maker(&self, name: &str) -> Option<usize> {
        self.scope.variables.maker(name)
    }

    /// Where the cell no longer defines what another cell had defined before it, that comes back, ahead of the cell.
    fn hand_back(&mut self, plan: &Plan) -> HandedBack {
        let handed = self.scope.definitions.hand_back(&removed(plan, &self.evcxr));
        if handed.is_empty() {
            return handed;
        }
        let (outcome, _) = self.supervisor.clone().alone(|| self.evcxr.execute(&lines(&handed.code)));
        if outcome.is_ok() {
            return handed;
        }
        if matches!(outcome, Err(Error::SubprocessTerminated(_))) {
            self.forget_variables();
            self.supervisor.note("note: the process that runs the cells had ended, and all variables are lost\n");
        }
        // It no longer fits, and evcxr has nothing of it: then the name goes, as if there had been one definition.
        self.scope.definitions.take_back(handed);
        HandedBack::default()
    }

    /// The cell did not run: what came back ahead of it goes again.
    fn take_back(&mut self, handed: HandedBack) {
        if handed.is_empty() {
            return;
        }
        // With a report of its own: the cell's says that it has failed, or was interrupted.
        match self.supervisor.clone().alone(|| self.evcxr.execute(&lines(&handed.undo))).0 {
            Ok(_) => self.scope.definitions.take_back(handed),
            // What is in force stays what evcxr has; the student is to know.
            Err(error) => {
                eprintln!("adlab kernel: a definition can't be put back: {}", describe(&error));
                self.supervisor.note(&handed.note);
            }
        }
    }

    /// What has gone wrong beside the cell, and bears on it.
    fn tell_trouble(&self) {
        if self.rehearses() {
            return;
        }
        if let Some(trouble) = self.analysis.take_trouble() {
            self.supervisor.note(&format!("note: types may not be found, so write them: {trouble}\n"));
        }
    }

    /// evcxr, or what we make of it, has panicked, and nothing is known of what it holds.
    fn start_anew(&mut self) -> Fault {
        if let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.rehearses) {
            ahead.has_panicked = true;
            return Fault::kernel("a rehearsal failed");
        }
        self.supervisor.end();
        let started = Evcxr::start(&self.build, &self.socket, &self.give_environment).and_then(|evcxr| {
            let old = std::mem::replace(&mut self.evcxr, evcxr);
            let _ = catch_unwind(AssertUnwindSafe(|| drop(old)));
            self.scope.clear();
            self.prepare()
        });
        match started {
            Ok(()) => Fault::kernel(
                "the compiler's front end failed on this cell and was started anew; all variables and definitions are gone",
            ),
            Err(error) => Fault::kernel(&format!("the compiler's front end failed; restart the kernel ({error:#})")),
        }
    }

    /// evcxr has started a new runtime, without variables.
    fn forget_variables(&mut self) {
        if self.rehearses() {
            return;
        }
        self.scope.variables.lose();
        self.tell_analysis();
    }
}
