//! evcxr, ready to run a notebook's cells: the preloaded crate, the runtime, and faults in the student's terms.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use evcxr::{CommandContext, Completions, Error, EvalContext, EvalContextOutputs, EvalOutputs};

use crate::faults::Fault;
use crate::items;
use crate::link::{Link, Sink};
use crate::outputs::Bundle;
use crate::project::Preload;
use crate::runtime;
use crate::session::Session;
use crate::source::Sources;
use crate::toolchain;

/// What runs in each new runtime before the first cell: `adlab_flush` pushes out what `print!` holds back, and the panic
/// hook says in one block where a panic was, instead of a backtrace through evcxr's frames.
const PREPARE: &str = r#"{
    #[unsafe(no_mangle)]
    pub extern "C" fn adlab_flush() {
        let _ = std::io::Write::flush(&mut std::io::stdout());
        let _ = std::io::Write::flush(&mut std::io::stderr());
    }
    std::panic::set_hook(Box::new(|info| {
        let (line, column, file) = info.location().map_or((0, 0, "?"), |l| (l.line(), l.column(), l.file()));
        let message = info.payload_as_str().unwrap_or("a value that is no text");
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        print!("EVCXR_PANIC_INFO {line}\t{column}\t{thread}\t{file}\n{message}\nEVCXR_END_CONTENT\n");
    }));
}"#;

/// Stands before an error that `?` met (see [`MARK_ERRORS`]).
pub const ERROR_MARK: char = '\u{1e}';

/// When `?` meets an error, evcxr's code runs `eprintln!("{}", error)` and then says that there was an error. This macro
/// stands in between, and marks where the error's text begins, which may have several lines.
const MARK_ERRORS: &str = r#"macro_rules! eprintln {
    ("{}", $error:ident) => { ::std::eprintln!("\u{1e}{}", $error) };
    ($($arguments:tt)*) => { ::std::eprintln!($($arguments)*) };
}"#;

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

pub struct Engine {
    context: CommandContext,
    link: Link,
    preload: Preload,
    sources: Sources,
}

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
        let mut engine = Engine { context, link, preload, sources: Sources::default() };
        engine.prepare()?;
        Ok(engine)
    }

    /// A handle by which another thread can stop the running cell.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    fn prepare(&mut self) -> Result<()> {
        let code =
            format!("{}\n:offline 0\n{}\n{MARK_ERRORS}\n{PREPARE}", self.preload.dependencies(), self.preload.prelude);
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

    /// Runs a cell. What it prints and displays goes to the sink as it comes; the value of its last expression comes back.
    pub fn execute(&mut self, cell: &Cell, sink: Sink) -> Result<Option<Bundle>, Fault> {
        let source = self.sources.push(cell.code, cell.number);
        let marked = items::mark(cell.code, cell.id);
        self.link.begin(sink);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.context.execute(&marked.code)));
        let report = self.link.end();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(_) => {
                return Err(Fault::kernel("evcxr itself failed on this cell; restart the kernel if it happens again"));
            }
        };
        let generated = self.context.last_source().unwrap_or_default();
        if let Some(fault) = Fault::from_report(&report, &self.sources, &generated) {
            if matches!(outcome, Err(Error::SubprocessTerminated(_))) {
                self.restore();
            }
            return Err(fault);
        }
        match outcome {
            Ok(outputs) => Ok(report.result.or_else(|| bundle(outputs))),
            Err(error) => {
                if matches!(error, Error::SubprocessTerminated(_)) {
                    self.restore();
                }
                Err(Fault::from_evcxr(&error, &source, &marked))
            }
        }
    }

    /// evcxr started a new runtime: it needs its panic hook again.
    fn restore(&mut self) {
        let _ = self.context.execute(PREPARE);
    }

    /// `position` is a byte offset.
    pub fn complete(&mut self, code: &str, position: usize) -> Result<Completions> {
        self.context.completions(code, position)
    }

    /// Documentation for what stands before `position`, a byte offset: plain text and HTML.
    pub fn inspect(&mut self, code: &str, position: usize) -> Option<(String, String)> {
        let rest = &code[position..];
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (plain, html) = self.context.hover_at(code, position + word).ok()?;
        (plain != "No documentation found").then_some((plain, html))
    }
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
