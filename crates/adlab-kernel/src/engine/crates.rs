//! Crates that a notebook adds: all of it, or nothing.

use std::fs;
use std::path::PathBuf;

use super::Engine;
use crate::fault::Fault;

/// What cargo writes where evcxr asks it about a crate.
const WRITTEN: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// What went wrong, by words of cargo's, and what it is in the student's.
const REASONS: [(&str, &str, &str); 6] = [
    ("but --offline was specified", OFFLINE, ALLOW),
    ("you're using offline mode (--offline)", OFFLINE, ALLOW),
    ("spurious network error", NO_NETWORK, TRY_AGAIN),
    ("Could not resolve host", NO_NETWORK, TRY_AGAIN),
    ("Could not connect to server", NO_NETWORK, TRY_AGAIN),
    ("Timeout was reached", NO_NETWORK, TRY_AGAIN),
];
const OFFLINE: &str = "the crate is not on this machine, and nothing is downloaded while `:offline 1` is in force";
const ALLOW: &str = "`:offline 0` allows it.";
const NO_NETWORK: &str = "no network: the crate can't be downloaded";
const TRY_AGAIN: &str =
    "Run this cell again when there is one. What was downloaded before can be added after `:offline 1`.";
const NOTHING: &str = "Nothing was added, and all else goes on.";

impl Engine {
    /// Adds crates by these lines of `:dep`.
    pub(super) fn add_crates(&mut self, lines: &str) -> Result<(), Fault> {
        // It may be asking cargo in the same folder.
        self.analysis.settle(|| self.supervisor.is_interrupted());
        let files = WRITTEN.map(|name| self.build.join(name));
        let before: Vec<(PathBuf, Option<Vec<u8>>)> = files.map(|file| (file.clone(), fs::read(file).ok())).into();
        match self.ask(|evcxr| evcxr.add_crates(lines)) {
            Ok(_) => {
                self.scope.has_crates = true;
                self.analysis.use_crates_of(self.build.clone());
                Ok(())
            }
            Err(fault) => {
                for (file, content) in before {
                    let _ = content.map_or_else(|| fs::remove_file(&file), |content| fs::write(&file, content));
                }
                Err(explained(fault))
            }
        }
    }
}

fn explained(fault: Fault) -> Fault {
    if fault.ename != "CompileError" {
        return fault;
    }
    let lines: Vec<&str> = std::iter::once(&fault.evalue).chain(&fault.traceback[1..]).map(String::as_str).collect();
    let said = lines.join("\n");
    match REASONS.iter().find(|(words, _, _)| said.contains(words)) {
        Some((_, reason, advice)) => Fault::new("CompileError", reason, &[(*advice).into(), NOTHING.into()]),
        None => {
            // What cargo tells of its progress is no error.
            let from = said.find("error: ").map_or(0, |at| at + "error: ".len());
            Fault::new("CompileError", said[from..].trim_end(), &[NOTHING.into()])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_network_is_said_in_a_line() {
        let fault = |said: &str| explained(Fault::new("CompileError", said, &[]));
        let offline = fault(
            "    Updating index\nwarning: spurious network error (3 tries remaining): [6] Could not resolve host",
        );
        assert_eq!((offline.evalue.as_str(), offline.traceback.len()), (NO_NETWORK, 3));
        assert_eq!(fault("attempting to make an HTTP request, but --offline was specified").evalue, OFFLINE);
        assert_eq!(
            fault("  Updating index\nerror: no matching package named `x` found").evalue,
            "no matching package named `x` found"
        );
        assert_eq!(explained(Fault::interrupted()), Fault::interrupted());
    }
}
