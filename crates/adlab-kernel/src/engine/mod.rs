//! evcxr, ready to run a notebook's cells: the preloaded crate, the runtime, and faults in the student's terms.

pub mod thread;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use evcxr::{CommandContext, Error, EvalContext, EvalContextOutputs, EvalOutputs};

use crate::cell::insertions::{self, Insertion};
use crate::analysis::{Analysis, Scope};
use crate::explain::compile::Context as ErrorContext;
use crate::scope::definitions::{Definitions, HandedBack, Plan};
use crate::explain::crash::Fault;
use crate::supervisor::handle::{Link, Sink};
use crate::cell::annotated::{Marked, after_commands};
use crate::supervisor::parser::Bundle;
use crate::runtime::bootstrap::{ALLOW_QUESTION_MARK, BACKTRACE_OFF, BACKTRACE_ON, MARK_ERRORS, PREPARE, PRINT_AT_ONCE};
use crate::system::project::Preload;
use crate::runtime;
use crate::session::{self, Session};
use crate::scope::sources::Sources;
use crate::scope::variables::Variables;

/// Tells the preloaded crate that this kernel shows each output when it is complete.
const MULTIPLE_OUTPUTS_VAR: &str = "EVCXR_MULTIPLE_OUTPUTS";

/// A cell to run.
pub struct Cell<'a> {
    pub code: &'a str,
    /// The front end's name for it.
    pub id: Option<&'a str>,
    /// Its execution count.
    pub number: usize,
}

/// The compiler calls itself for each level of nesting, and overflows its stack somewhere beyond.
const DEEPEST: usize = 1000;

/// How often a cell is tried with fewer definitions of other cells.
const MOST_ATTEMPTS: usize = 8;

/// What came of a cell, and the text in which it was handed to evcxr.
struct Attempt {
    outcome: Result<EvalOutputs, Error>,
    marked: Marked,
}

pub struct Engine {
    context: CommandContext,
    analysis: Analysis,
    /// Where cells are built.
    build: PathBuf,
    socket: PathBuf,
    link: Link,
    definitions: Definitions,
    variables: Variables,
    preload: Preload,
    sources: Sources,
    panic_on: Option<String>,
}

const OPT_HELP: &str = "`:opt 0` compiles cells fastest, `:opt 3` makes them run fastest, and `:opt auto`, with which a \
     session begins, compiles cells that loop at level 1 and others at 0";

/// For tests: the evaluation of this cell panics, as if evcxr did.
const PANIC_VAR: &str = "ADLAB_PANIC_ON";

impl Engine {
    /// Starts evcxr in the current session's build folder and loads the preloaded crate. Takes seconds.
    pub fn start(preload: Preload, session: &Session, analysis: Analysis) -> Result<Self> {
        let socket = session.socket();
        let link = Link::listen(&socket)?;
        let context = new_context(&socket)?;
        session.restore_lock()?;
        let (definitions, variables) = Default::default();
        let mut engine = Engine {
            context,
            analysis,
            build: session.build(),
            socket,
            link,
            definitions,
            variables,
            preload,
            sources: Sources::default(),
            panic_on: std::env::var(PANIC_VAR).ok(),
        };
        engine.prepare()?;
        Ok(engine)
    }

    /// A handle by which another thread can stop the running cell.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    fn prepare(&mut self) -> Result<()> {
        let code = format!(
            "{}\n:offline 0\n{}\n{MARK_ERRORS}\n{PRINT_AT_ONCE}\n{PREPARE}\n{ALLOW_QUESTION_MARK}",
            self.preload.dependencies(),
            self.preload.prelude
        );
        // Nothing can interrupt it: half a prelude would be worse than to wait for the whole.
        self.link.begin_alone();
        let outcome = self.context.execute(&code);
        let report = self.link.end();
        if let Some(reason) = report.broken {
            bail!("the preloaded crate does not load: {reason}");
        }
        outcome.map_err(|error| anyhow!("{}", describe(&error))).context("the preloaded crate does not load")?;
        self.analysis.use_crates_of(self.build.clone());
        self.analysis.set_scope(self.scope(&self.definitions.text()));
        Ok(())
    }

    /// Runs a cell. What it prints and displays goes to the sink as it comes; the value of its last expression comes back.
    pub fn execute(&mut self, cell: &Cell, sink: Sink) -> Result<Option<Bundle>, Fault> {
        if is_too_deep(cell.code) {
            return Err(Fault::new(
                "CompileError",
                &format!("brackets stand more than {DEEPEST} deep in each other"),
                &[],
            ));
        }
        let (code, command) = self.obey(cell.code)?;
        self.link.begin(sink);
        let code = match self.add_crates(code) {
            Ok(code) if !self.link.is_interrupted() => code,
            outcome => {
                let report = self.link.end();
                return Err(outcome.err().filter(|_| !report.interrupted).unwrap_or_else(Fault::interrupted));
            }
        };
        let source = self.sources.push(cell.code, cell.number);
        let handed = self.hand_back(&code, cell);
        let attempt = self.attempt(&code, cell);
        let done = attempt.as_ref().is_ok_and(|attempt| attempt.outcome.is_ok());
        if done {
            self.link.note(&handed.note);
        }
        if attempt.as_ref().is_ok_and(|attempt| matches!(attempt.outcome, Err(Error::SubprocessTerminated(_)))) {
            self.link.settle();
        }
        let report = self.link.end();
        if !done {
            self.take_back(handed);
        }
        let Attempt { outcome, marked } = attempt?;
        let generated = self.context.last_source().unwrap_or_default();
        let lost = matches!(outcome, Err(Error::SubprocessTerminated(_)));
        if lost {
            self.restore();
        }
        // An interrupt may come when all is done.
        let done = report.interrupted && outcome.is_ok();
        if let Some(fault) = Fault::from_report(&report, lost, &self.sources, &generated).filter(|_| !done) {
            return Err(fault);
        }
        match outcome {
            Ok(outputs) => Ok(report.result.or_else(|| bundle(outputs)).or(command)),
            Err(error) => {
                let (definitions, variables) = (&self.definitions, &self.variables);
                Err(Fault::from_evcxr(&error, &ErrorContext { cell: &source, marked: &marked, definitions, variables }))
            }
        }
    }

    /// Where the cell no longer defines what another cell had defined before it, that comes back, ahead of the cell.
    fn hand_back(&mut self, code: &str, cell: &Cell) -> HandedBack {
        let plan = self.definitions.plan(code, cell.id);
        let handed = self.definitions.hand_back(&self.removed(&plan));
        let text = lines(&handed.code);
        if !text.is_empty() && self.context.execute(&text).is_err() {
            // It no longer fits: then the name goes, as if there had been one definition.
            self.take_back(handed);
            return HandedBack::default();
        }
        handed
    }

    fn take_back(&mut self, handed: HandedBack) {
        let text = lines(&handed.undo);
        if !text.is_empty() {
            let _ = self.context.execute(&text);
            self.definitions.take_back(handed);
        }
    }

    /// What the cell no longer defines, but for what living variables are made of.
    fn removed(&self, plan: &Plan) -> BTreeSet<String> {
        let lives = |key: &String| self.context.variables_and_types().any(|(_, ty)| has_word(ty, key));
        plan.removed.iter().filter(|key| !lives(key)).cloned().collect()
    }

    /// Compiles and runs a cell. Where definitions of other cells no longer fit what it defines, they give way.
    fn attempt(&mut self, code: &str, cell: &Cell) -> Result<Attempt, Fault> {
        let plan = self.definitions.plan(code, cell.id);
        let mut without = self.removed(&plan);
        let mut guess = insertions::guess(code).filter(|_| !self.analysis.is_ready());
        let mut types = match &guess {
            Some(guess) => guess.clone(),
            None => self.types(code, &plan, &without)?,
        };
        let mut in_the_way = BTreeSet::new();
        let mut first: Option<Attempt> = None;
        for _ in 0..MOST_ATTEMPTS {
            let insertions: Vec<Insertion> = types.iter().cloned().chain(insertions::display(code)).collect();
            let marked = plan.mark(code, &without, &insertions);
            self.sources.mark(&marked);
            let evaluation = catch_unwind(AssertUnwindSafe(|| {
                assert!(self.panic_on.as_deref() != Some(cell.code), "as {PANIC_VAR} asks for");
                self.context.execute(&marked.code)
            }));
            let Ok(outcome) = evaluation else { return Err(self.start_anew()) };
            let stale = match &outcome {
                Err(Error::CompilationErrors(errors)) if !self.link.is_interrupted() => {
                    let generated = self.context.last_source().unwrap_or_default();
                    self.definitions.that_do_not_fit(errors, &generated, &plan)
                }
                _ => BTreeSet::new(),
            };
            if outcome.is_ok() {
                self.link.note(&self.definitions.farewell(&in_the_way));
                self.link.note(&self.definitions.missed(&plan));
                self.definitions.commit(&plan, &without, cell.number);
                if plan.redefines_a_type && self.context.variables_and_types().next().is_some() {
                    // evcxr looks at the variables when the next cell runs; the student is to hear of it now.
                    let _ = self.context.execute("();");
                }
                self.variables.update(self.context.variables_and_types().map(|(name, _)| name), cell.number);
                self.analysis.set_scope(self.scope(&self.definitions.text()));
                return Ok(Attempt { outcome, marked });
            }
            let guessed = guess.take().is_some_and(|guess| !guess.is_empty());
            if guessed && !self.link.has_begun() && !self.link.is_interrupted() {
                types = self.types(code, &plan, &without)?;
                continue;
            }
            let hopeless = stale.is_subset(&without);
            // What other cells still use is not removed, though its cell doesn't define it any more.
            let kept = in_the_way.is_empty() && !without.is_empty();
            first.get_or_insert(Attempt { outcome, marked });
            if hopeless {
                break;
            }
            if kept {
                without.clear();
            } else {
                in_the_way.extend(stale);
                without.clone_from(&in_the_way);
            }
        }
        Ok(first.expect("there is one attempt at least"))
    }

    /// The types of the cell's variables, where the student has left them out.
    fn types(&self, code: &str, plan: &Plan, without: &BTreeSet<String>) -> Result<Vec<Insertion>, Fault> {
        if !insertions::leaves_types_out(code) {
            return Ok(Vec::new());
        }
        let scope = self.scope(&self.definitions.beside(plan, without));
        let types = self.analysis.types(scope, code, || self.link.is_interrupted());
        if self.link.is_interrupted() {
            return Err(Fault::interrupted());
        }
        Ok(insertions::annotations(code, &types.unwrap_or_default()))
    }

    /// What a cell finds beside its own definitions.
    fn scope(&self, definitions: &str) -> Scope {
        let variables = self.context.variables_and_types().map(|(name, ty)| (name.to_owned(), ty.to_owned()));
        Scope { items: format!("{}\n{definitions}", self.preload.prelude), variables: variables.collect() }
    }

    /// Adds the crates that a cell asks for, before its types are looked at. Returns the code without these lines.
    fn add_crates(&mut self, code: String) -> Result<String, Fault> {
        let is_wish = |line: &&str| line.trim_start().starts_with(":dep");
        let wishes: Vec<&str> = code[..after_commands(&code)].lines().filter(is_wish).collect();
        if wishes.is_empty() || !insertions::leaves_types_out(&code) {
            return Ok(code);
        }
        self.context.execute(&wishes.join("\n")).map_err(|error| Fault::kernel(&describe(&error)))?;
        self.analysis.use_crates_of(self.build.clone());
        let (in_front, rest) = code.split_at(after_commands(&code));
        let left: Vec<&str> = in_front.lines().map(|line| if is_wish(&line) { "" } else { line }).collect();
        Ok(left.join("\n") + "\n" + rest)
    }

    /// Carries out what is no code: the code that is left, and an answer.
    fn obey(&mut self, code: &str) -> Result<(String, Option<Bundle>), Fault> {
        let text = |text: &str| Some(vec![("text/plain".to_owned(), text.to_owned())]);
        match code.trim() {
            ":backtrace" => {
                return Ok((BACKTRACE_ON.into(), text("A panic now shows its backtrace; `:backtrace off` ends it.")));
            }
            ":opt" => return Ok((String::new(), text(OPT_HELP))),
            ":backtrace off" => return Ok((BACKTRACE_OFF.into(), text("A panic no longer shows its backtrace."))),
            _ => {}
        }
        if let Some(level) = code.trim().strip_prefix(":opt ") {
            let (level, answer) = match level.trim() {
                "auto" => (None, "From now on, cells that loop are compiled at level 1, others at 0.".to_owned()),
                level => match level.parse() {
                    Ok(level @ 0..=3) => (Some(level), format!("From now on, cells are compiled at level {level}.")),
                    _ => return Err(Fault::new("CompileError", OPT_HELP, &[])),
                },
            };
            session::set_opt_level(&self.build, level).map_err(|error| Fault::kernel(&format!("{error:#}")))?;
            return Ok((String::new(), text(&answer)));
        }
        let in_front = &code[..after_commands(code)];
        if !in_front.lines().any(|line| line.trim() == ":clear") {
            return Ok((code.to_owned(), None));
        }
        self.definitions.clear();
        self.variables = Variables::default();
        // The prelude is cleared as well, and has to come back.
        let cleared = self.context.execute(":clear").map_err(anyhow::Error::from).and_then(|_| self.prepare());
        cleared.map_err(|error| Fault::kernel(&format!("{error:#}")))?;
        Ok((in_front.replace(":clear", "") + &code[in_front.len()..], None))
    }

    /// evcxr, or what we make of it, has panicked, and nothing is known of what it holds.
    pub fn start_anew(&mut self) -> Fault {
        self.link.end();
        let started = new_context(&self.socket).and_then(|context| {
            let old = std::mem::replace(&mut self.context, context);
            let _ = catch_unwind(AssertUnwindSafe(|| drop(old)));
            self.definitions.clear();
            self.variables = Variables::default();
            self.prepare()
        });
        match started {
            Ok(()) => Fault::kernel(
                "the compiler's front end failed on this cell and was started anew; all variables and definitions are gone",
            ),
            Err(error) => Fault::kernel(&format!("the compiler's front end failed; restart the kernel ({error:#})")),
        }
    }

    /// evcxr started a new runtime: it needs its panic hook again.
    fn restore(&mut self) {
        self.variables = Variables::default();
        let _ = self.context.execute(PREPARE);
    }
}

fn lines(texts: &BTreeSet<String>) -> String {
    texts.iter().flat_map(|text| [text, "\n"]).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// How deep brackets stand in each other; those in strings count as well, which does no harm.
pub fn is_too_deep(code: &str) -> bool {
    let steps = code.bytes().map(|byte| match byte {
        b'(' | b'[' | b'{' => 1,
        b')' | b']' | b'}' => -1,
        _ => 0,
    });
    let depths = steps.scan(0_i64, |depth, step| {
        *depth = (*depth + step).max(0);
        Some(*depth)
    });
    depths.max().unwrap_or(0) as usize > DEEPEST
}

fn new_context(socket: &Path) -> Result<CommandContext> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(runtime::SOCKET_VAR, socket).env(MULTIPLE_OUTPUTS_VAR, "1");
    let (context, outputs) =
        EvalContext::with_subprocess_command(command).map_err(|error| anyhow!("{}", describe(&error)))?;
    drain(outputs);
    Ok(CommandContext::with_eval_context(context))
}

/// Cells print to sockets of ours; what still comes through evcxr's channels is noise, but has to be taken away, because
/// evcxr waits until it is gone.
fn drain(outputs: EvalContextOutputs) {
    std::thread::spawn(move || outputs.stdout.iter().for_each(drop));
    std::thread::spawn(move || outputs.stderr.iter().for_each(|line| eprintln!("{line}")));
}

/// What evcxr's own commands (`:vars`, `:dep` …) answer.
fn bundle(outputs: EvalOutputs) -> Option<Bundle> {
    let bundle: Bundle = outputs.content_by_mime_type.into_iter().filter(|(_, content)| !content.is_empty()).collect();
    (!bundle.is_empty()).then_some(bundle)
}

fn describe(error: &Error) -> String {
    match error {
        Error::CompilationErrors(errors) => {
            errors.iter().map(|e| e.rendered() + &e.message()).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}
