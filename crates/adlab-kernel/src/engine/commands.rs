//! Carries out a cell's commands; [`crate::cell::commands`] has their table.

use evcxr::Error;

use super::evcxr_context::{Evcxr, Outcome, bundle, describe};
use super::{Engine, Value, is_for_nbgrader, shell};
use crate::cell::Cell;
use crate::cell::commands::{self, Command};
use crate::event::Bundle;
use crate::explain;
use crate::fault::Fault;
use crate::runtime::bootstrap::{BACKTRACE_OFF, BACKTRACE_ON, drop_variables, set_variable};
use crate::session::level;

/// Sets what the compiler finds in its environment.
const BUILD_ENVIRONMENT: &str = ":build_env";

impl Engine {
    /// All of a cell's commands, in order; their answers go into its value.
    pub(super) fn obey(&mut self, cell: &Cell, value: &mut Value) -> Result<(), Fault> {
        for command in &cell.commands {
            if self.supervisor.is_interrupted() {
                return Err(Fault::interrupted());
            }
            if let Command::Documentation(name) = command {
                let found = self.analysis.documentation(name, || self.supervisor.is_interrupted());
                join(&mut value.page, texts(found.ok_or_else(|| Fault::no_documentation(name))?));
            } else {
                join(&mut value.result, self.answer(command)?);
            }
        }
        Ok(())
    }

    /// Carries out one, and gives its answer; documentation is a page, and no answer.
    fn answer(&mut self, command: &Command) -> Result<Bundle, Fault> {
        if self.sandbox.is_closed() && command.reaches_out() {
            return Err(explain::not_in_sandbox());
        }
        if is_for_nbgrader() && command.forgets() {
            return Ok(text("While a notebook is marked, all that its cells have made stays."));
        }
        let answer = match command {
            Command::Say(words) => text(words),
            Command::Backtrace(on) => {
                self.evaluate(if *on { BACKTRACE_ON } else { BACKTRACE_OFF })?;
                text(match on {
                    true => "A panic now shows its backtrace; `:backtrace off` ends it.",
                    false => "A panic no longer shows its backtrace.",
                })
            }
            Command::SetVariable { name, value } => {
                self.evaluate(&set_variable(name, value))?;
                text(&format!("{name} is now {value}."))
            }
            Command::Level(wish) => {
                level::set(&self.build, *wish).map_err(|error| Fault::kernel(&format!("{error:#}")))?;
                match wish {
                    Some(level) => text(&format!("From now on, cells are compiled at level {level}.")),
                    None => text("From now on, cells that loop are compiled at level 1, others at 0."),
                }
            }
            Command::Clear => {
                self.clear()?;
                Bundle::new()
            }
            Command::Restart => {
                self.restart()?;
                text("All variables are gone; functions and types are still there.")
            }
            Command::Help => texts(commands::help()),
            Command::Version => text(concat!("adlab ", env!("CARGO_PKG_VERSION"), ", on evcxr 0.22")),
            Command::Ahead => text(&self.tell_ahead()),
            Command::Shell(line) => {
                shell::run(line, &self.give_environment, &self.supervisor)?;
                Bundle::new()
            }
            Command::Evcxr(line) => {
                if line.starts_with(BUILD_ENVIRONMENT) {
                    // What is compiled ahead has the environment as it was.
                    self.ahead = None;
                }
                self.ask(|evcxr| evcxr.obey(line))?
            }
            Command::Dependency(lines) => {
                self.add_crates(lines)?;
                Bundle::new()
            }
            Command::Documentation(_) => Bundle::new(),
        };
        Ok(answer)
    }

    /// What is no cell of the student's.
    fn evaluate(&mut self, code: &str) -> Result<Bundle, Fault> {
        self.ask(|evcxr| evcxr.execute(code))
    }

    /// What evcxr has to say to it.
    pub(super) fn ask(&mut self, work: impl FnOnce(&mut Evcxr) -> Outcome) -> Result<Bundle, Fault> {
        match self.evcxr.attempt(work) {
            Some(Ok(outputs)) => Ok(bundle(outputs).unwrap_or_default()),
            Some(Err(Error::CompilationErrors(errors))) => {
                let messages: Vec<String> = errors.iter().map(|error| error.message()).collect();
                Err(Fault::new("CompileError", &messages.join("\n"), &[]))
            }
            // The process was gone, or has gone now.
            Some(Err(Error::SubprocessTerminated(_))) => {
                self.supervisor.settle();
                self.forget_variables();
                Err(explain::lost(self.supervisor.is_interrupted()))
            }
            Some(Err(error)) => Err(Fault::new("CompileError", &describe(&error), &[])),
            None => Err(self.start_anew()),
        }
    }

    /// Variables are about to go, as at the end of a program.
    fn drop_variables(&mut self) {
        if self.evcxr.variables().next().is_some() {
            let _ = self.evcxr.execute(&drop_variables());
        }
    }

    /// Everything begins anew. The prelude is cleared as well, and has to come back; nothing interrupts it.
    fn clear(&mut self) -> Result<(), Fault> {
        self.drop_variables();
        self.scope.clear();
        let (cleared, _) = self.supervisor.clone().alone(|| self.evcxr.clear());
        let cleared = cleared.map_err(|error| anyhow::anyhow!("{}", describe(&error))).and_then(|_| self.prepare());
        cleared.map_err(|error| Fault::kernel(&format!("{error:#}")))
    }

    /// All variables go. evcxr's own way would leave it believing in them: so its process is ended, and it finds out.
    fn restart(&mut self) -> Result<(), Fault> {
        self.drop_variables();
        self.supervisor.kill();
        let (outcome, _) = self.supervisor.clone().alone(|| self.evcxr.execute("();"));
        match outcome {
            Err(Error::SubprocessTerminated(_)) => {
                self.forget_variables();
                Ok(())
            }
            Ok(_) => Err(Fault::kernel("the process that runs cells could not be ended")),
            Err(error) => Err(Fault::kernel(&describe(&error))),
        }
    }
}

fn text(words: &str) -> Bundle {
    vec![("text/plain".to_owned(), words.to_owned())]
}

fn texts((plain, markdown): (String, String)) -> Bundle {
    vec![("text/plain".to_owned(), plain), ("text/markdown".to_owned(), markdown)]
}

/// One bundle of several: texts of a kind follow each other.
fn join(whole: &mut Option<Bundle>, more: Bundle) {
    for (mime, content) in more {
        let whole = whole.get_or_insert_default();
        match whole.iter_mut().find(|(known, _)| *known == mime) {
            Some((_, text)) => *text = format!("{}\n{content}", text.trim_end()),
            None => whole.push((mime, content)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_follow_each_other() {
        let mut whole = None;
        join(&mut whole, Bundle::new());
        assert_eq!(whole, None);
        join(&mut whole, text("a\n"));
        join(&mut whole, texts(("b".into(), "**b**".into())));
        assert_eq!(whole, Some(texts(("a\nb".into(), "**b**".into()))));
    }
}
