//! evcxr, ready to run a notebook's cells: the preloaded crate, the runtime, and faults in the student's terms.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use evcxr::{CommandContext, Completions, Error, EvalContext, EvalContextOutputs, EvalOutputs};

use crate::compile_errors::Context as ErrorContext;
use crate::definitions::Definitions;
use crate::faults::Fault;
use crate::link::{Link, Sink};
use crate::marked::Marked;
use crate::outputs::Bundle;
use crate::prelude::{BACKTRACE_OFF, BACKTRACE_ON, MARK_ERRORS, PREPARE, PRINT_AT_ONCE};
use crate::project::Preload;
use crate::runtime;
use crate::session::Session;
use crate::source::Sources;
use crate::toolchain;
use crate::variables::Variables;

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
    socket: PathBuf,
    link: Link,
    definitions: Definitions,
    variables: Variables,
    preload: Preload,
    sources: Sources,
    panic_on: Option<String>,
}

/// For tests: the evaluation of this cell panics, as if evcxr did.
const PANIC_VAR: &str = "ADLAB_PANIC_ON";

impl Engine {
    /// Starts evcxr in the current session's build folder and loads the preloaded crate. Takes seconds.
    pub fn start(preload: Preload, session: &Session) -> Result<Self> {
        if toolchain::rust_src().is_none() {
            bail!(
                "the standard library's source is missing: types can't be inferred; run: {}",
                toolchain::GET_RUST_SRC
            );
        }
        let socket = session.socket();
        let link = Link::listen(&socket)?;
        let context = new_context(&socket)?;
        session.restore_lock()?;
        let (definitions, variables) = Default::default();
        let mut engine = Engine {
            context,
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
            "{}\n:offline 0\n{}\n{MARK_ERRORS}\n{PRINT_AT_ONCE}\n{PREPARE}",
            self.preload.dependencies(),
            self.preload.prelude
        );
        self.link.begin(Box::new(|_| ()));
        let outcome = self.context.execute(&code);
        let report = self.link.end();
        if let Some(reason) = report.broken {
            bail!("the preloaded crate does not load: {reason}");
        }
        outcome.map_err(|error| anyhow!("{}", describe(&error))).context("the preloaded crate does not load")?;
        Ok(())
    }

    /// Has rust-analyzer read the standard library now, not in the student's first cell.
    pub fn warm_up(&mut self) {
        let _ = self.context.execute("let adlab_warm = String::new(); drop(adlab_warm);");
    }

    /// Has it complete something: the first time takes a second, and JupyterLab waits no longer than that.
    pub fn warm_up_completion(&mut self) {
        let code = "1.0_f64.si";
        let _ = self.complete(code, code.len());
    }

    /// Runs a cell. What it prints and displays goes to the sink as it comes; the value of its last expression comes back.
    pub fn execute(&mut self, cell: &Cell, sink: Sink) -> Result<Option<Bundle>, Fault> {
        if nesting(cell.code) > DEEPEST {
            return Err(Fault::new(
                "CompileError",
                &format!("brackets stand more than {DEEPEST} deep in each other"),
                &[],
            ));
        }
        let (code, command) = self.obey(cell.code)?;
        let source = self.sources.push(cell.code, cell.number);
        self.link.begin(sink);
        let attempt = self.attempt(&code, cell);
        let report = self.link.end();
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

    /// Compiles and runs a cell. Where definitions of other cells no longer fit what it defines, they give way.
    fn attempt(&mut self, code: &str, cell: &Cell) -> Result<Attempt, Fault> {
        let plan = self.definitions.plan(code, cell.id);
        let mut without = plan.removed.clone();
        let mut in_the_way = BTreeSet::new();
        let mut first: Option<Attempt> = None;
        for _ in 0..MOST_ATTEMPTS {
            let marked = plan.mark(code, &without);
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
                self.definitions.commit(&plan, &without, cell.number);
                if plan.redefines_a_type && self.context.variables_and_types().next().is_some() {
                    // evcxr looks at the variables when the next cell runs; the student is to hear of it now.
                    let _ = self.context.execute("();");
                }
                self.variables.update(self.context.variables_and_types().map(|(name, _)| name), cell.number);
                return Ok(Attempt { outcome, marked });
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

    /// Carries out what is no code: the code that is left, and an answer.
    fn obey(&mut self, code: &str) -> Result<(String, Option<Bundle>), Fault> {
        let text = |text: &str| Some(vec![("text/plain".to_owned(), text.to_owned())]);
        match code.trim() {
            ":backtrace" => {
                return Ok((BACKTRACE_ON.into(), text("A panic now shows its backtrace; `:backtrace off` ends it.")));
            }
            ":backtrace off" => return Ok((BACKTRACE_OFF.into(), text("A panic no longer shows its backtrace."))),
            _ => {}
        }
        if !code.lines().any(|line| line.trim() == ":clear") {
            return Ok((code.to_owned(), None));
        }
        // The prelude is cleared as well, and has to come back.
        let cleared = self.context.execute(":clear").map_err(anyhow::Error::from).and_then(|_| self.prepare());
        cleared.map_err(|error| Fault::kernel(&format!("{error:#}")))?;
        self.definitions.clear();
        let rest = code.lines().map(|line| if line.trim() == ":clear" { "" } else { line });
        Ok((rest.collect::<Vec<_>>().join("\n"), None))
    }

    /// evcxr itself has panicked, and nothing is known of what it holds.
    fn start_anew(&mut self) -> Fault {
        let started = new_context(&self.socket).and_then(|context| {
            let old = std::mem::replace(&mut self.context, context);
            let _ = catch_unwind(AssertUnwindSafe(|| drop(old)));
            self.definitions.clear();
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
        let _ = self.context.execute(PREPARE);
    }

    /// `position` is a byte offset.
    pub fn complete(&mut self, code: &str, position: usize) -> Result<Completions> {
        if nesting(code) > DEEPEST {
            bail!("nested too deeply");
        }
        catch_unwind(AssertUnwindSafe(|| self.context.completions(code, position)))
            .unwrap_or_else(|_| bail!("the analysis failed"))
    }

    /// Documentation for what stands before `position`, a byte offset: as plain text and as Markdown.
    pub fn inspect(&mut self, code: &str, position: usize) -> Option<(String, String)> {
        let rest = &code[position..];
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if nesting(code) > DEEPEST {
            return None;
        }
        let hover = catch_unwind(AssertUnwindSafe(|| self.context.hover_at(code, position + word)));
        let (plain, markdown) = hover.ok()?.ok()?;
        (plain != "No documentation found").then_some((plain, markdown))
    }
}

/// How deep brackets stand in each other; those in strings count as well, which does no harm.
fn nesting(code: &str) -> usize {
    let steps = code.bytes().map(|byte| match byte {
        b'(' | b'[' | b'{' => 1,
        b')' | b']' | b'}' => -1,
        _ => 0,
    });
    let depths = steps.scan(0_i64, |depth, step| {
        *depth = (*depth + step).max(0);
        Some(*depth)
    });
    depths.max().unwrap_or(0) as usize
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
