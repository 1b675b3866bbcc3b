//! evcxr, wrapped: it is started with a process of ours, and what it says goes where it should.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Result, anyhow};
use evcxr::{CompilationError, Error, EvalContext, EvalContextOutputs, EvalOutputs};

use crate::event::Bundle;
use crate::runtime::protocol::{MULTIPLE_OUTPUTS_VAR, SOCKET_VAR};

/// What came of an evaluation.
pub type Outcome = Result<EvalOutputs, Error>;

pub struct Evcxr {
    pub(super) context: EvalContext,
    /// Where it builds.
    pub(super) folder: PathBuf,
    /// Why it refused what it has refused last.
    pub(super) errors: Vec<CompilationError>,
    /// Its process turned out to have ended.
    pub(super) has_died: bool,
    /// The crates that were added, with what stands behind their names.
    pub(super) crates: BTreeMap<String, String>,
}

/// What evcxr holds at a moment, to which it can go back.
#[derive(Clone)]
pub struct Saved(Rc<dyn Fn(&mut EvalContext) -> Outcome>);

impl Evcxr {
    /// Starts it in the current session's build folder, with a runtime that will connect to this socket. Takes a while.
    pub fn start(folder: &Path, socket: &Path, give_environment: impl Fn(&mut Command)) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        give_environment(&mut command);
        command.env(SOCKET_VAR, socket).env(MULTIPLE_OUTPUTS_VAR, "1");
        let (context, outputs) =
            EvalContext::with_subprocess_command(command).map_err(|error| anyhow!("{}", describe(&error)))?;
        drain(outputs);
        Ok(Evcxr { context, folder: folder.to_owned(), errors: Vec::new(), has_died: false, crates: BTreeMap::new() })
    }

    pub fn execute(&mut self, code: &str) -> Outcome {
        let outcome = self.context.eval(code);
        match &outcome {
            Err(Error::CompilationErrors(errors)) => self.errors.clone_from(errors),
            Err(Error::SubprocessTerminated(_)) => self.has_died = true,
            _ => {}
        }
        outcome
    }

    /// Nothing if evcxr has panicked: then nothing is known of what it holds.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        catch_unwind(AssertUnwindSafe(|| work(self))).ok()
    }

    /// The source that it has generated last.
    pub fn source(&self) -> String {
        self.context.last_source().unwrap_or_default()
    }

    /// The variables that later cells will find: names and types.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.context.variables_and_types()
    }

    /// What it holds now.
    pub fn save(&self) -> Saved {
        let state = self.context.state();
        Saved(Rc::new(move |context| context.eval_with_state("", state.clone())))
    }

    /// Goes back to what it held; to do so, it compiles a cell without code.
    pub fn restore(&mut self, saved: &Saved) -> Outcome {
        let outcome = saved.0(&mut self.context);
        self.has_died |= matches!(outcome, Err(Error::SubprocessTerminated(_)));
        outcome
    }
}

/// Cells print to sockets of ours; what still comes through evcxr's channels is noise, but has to be taken away, because
/// evcxr waits until it is gone.
fn drain(outputs: EvalContextOutputs) {
    std::thread::spawn(move || outputs.stdout.iter().for_each(drop));
    std::thread::spawn(move || outputs.stderr.iter().for_each(|line| eprintln!("{line}")));
}

/// What evcxr's own commands (`:vars` …) answer.
pub fn bundle(outputs: EvalOutputs) -> Option<Bundle> {
    let bundle: Bundle = outputs.content_by_mime_type.into_iter().filter(|(_, content)| !content.is_empty()).collect();
    (!bundle.is_empty()).then_some(bundle)
}

pub fn describe(error: &Error) -> String {
    match error {
        Error::CompilationErrors(errors) => {
            errors.iter().map(|e| e.rendered() + &e.message()).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}
