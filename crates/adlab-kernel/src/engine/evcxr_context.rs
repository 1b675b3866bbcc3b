//! evcxr, wrapped: it is started with a process of ours, and what it says goes where it should.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use anyhow::{Result, anyhow};
use evcxr::{CommandContext, Error, EvalContext, EvalContextOutputs, EvalOutputs};

use crate::event::Bundle;
use crate::runtime::protocol::{MULTIPLE_OUTPUTS_VAR, SOCKET_VAR};

/// What came of an evaluation.
pub type Outcome = Result<EvalOutputs, Error>;

pub struct Evcxr(CommandContext);

impl Evcxr {
    /// Starts it in the current session's build folder, with a runtime that will connect to this socket. Takes a while.
    pub fn start(socket: &Path, give_environment: impl Fn(&mut Command)) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        give_environment(&mut command);
        command.env(SOCKET_VAR, socket).env(MULTIPLE_OUTPUTS_VAR, "1");
        let (context, outputs) =
            EvalContext::with_subprocess_command(command).map_err(|error| anyhow!("{}", describe(&error)))?;
        drain(outputs);
        Ok(Evcxr(CommandContext::with_eval_context(context)))
    }

    pub fn execute(&mut self, code: &str) -> Outcome {
        self.0.execute(code)
    }

    /// Nothing if evcxr has panicked: then nothing is known of what it holds.
    pub fn try_to_execute(&mut self, code: &str) -> Option<Outcome> {
        catch_unwind(AssertUnwindSafe(|| self.0.execute(code))).ok()
    }

    /// The source that it has generated last.
    pub fn source(&self) -> String {
        self.0.last_source().unwrap_or_default()
    }

    /// The variables that later cells will find: names and types.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.variables_and_types()
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
