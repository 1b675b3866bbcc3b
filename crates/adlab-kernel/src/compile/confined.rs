//! A compiler that is given what is not trusted: it may read what it is made of, and what cells may read, so that no macro of
//! a cell puts a secret into its library; and it has an end.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::Result;
use serde_json::{Value, json};

use super::tools::Tools;
use crate::sandbox::{self, Sandbox};
use crate::system::toolchain::on;

/// In evcxr's build folder, what a compiler makes; and there, for what it needs for a moment.
const TARGET: &str = "target";
const TEMPORARY: &str = "tmp";

/// Beside evcxr's build folder, where a compiler was ended.
const GIVEN_UP: &str = "given-up";

/// Locks in a compiler that is about to be started in evcxr's build folder, where cells are not trusted. `environment` is what
/// cargo tells it.
pub fn confine(command: &mut Command, here: &Path, environment: &BTreeMap<String, String>) -> Result<()> {
    if !Sandbox::of_session().is_closed() {
        command.envs(environment);
        return Ok(());
    }
    let target = here.join(TARGET);
    let temporary = target.join(TEMPORARY);
    std::fs::create_dir_all(&temporary)?;
    let of_cargo = environment.iter().filter(|(name, _)| sandbox::environment::is_of_cargo(name));
    command.env_clear().envs(sandbox::environment::harmless(std::env::vars_os(), &temporary)).envs(of_cargo);
    #[cfg(target_os = "linux")]
    {
        let session = here.parent().unwrap_or(here);
        let read = vec![here.to_owned(), session.join(sandbox::scratch::FOLDER)];
        let linker = linker(command).or_else(|| on(&Tools::of_session().ok()?.real_path(), "cc"));
        sandbox::files::close_to_compiler(command, linker, read, vec![target]);
    }
    Ok(())
}

/// The one that cargo names.
fn linker(command: &Command) -> Option<PathBuf> {
    let words = command.get_args().filter_map(|word| word.to_str());
    let named = words.filter_map(|word| word.trim_start_matches("-C").strip_prefix("linker=")).last()?;
    Some(named.into())
}

/// What a compiler that was ended in evcxr's build folder can't say itself, as it would. It is noted, as evcxr compiles a cell
/// that does not compile once more.
pub fn last_word(status: ExitStatus, here: &Path) -> Option<Value> {
    let signal = status.signal().filter(|_| Sandbox::of_session().is_closed())?;
    let word = match signal {
        libc::SIGXCPU => format!("compiling this cell takes more than {} s of processor time", sandbox::COMPILING),
        _ => "compiling this cell takes more memory than it may have".to_owned(),
    };
    let _ = std::fs::write(here.with_file_name(GIVEN_UP), &word);
    Some(message(&word))
}

/// Why this cell was given up before.
pub fn given_up(here: &Path) -> Option<Value> {
    std::fs::read_to_string(here.with_file_name(GIVEN_UP)).ok().map(|word| message(&word))
}

/// Another cell is next.
pub fn begin_cell(here: &Path) {
    let _ = std::fs::remove_file(here.with_file_name(GIVEN_UP));
}

/// An error as the compiler would tell it.
pub fn message(text: &str) -> Value {
    json!({ "$message_type": "diagnostic", "level": "error", "message": text, "code": null, "spans": [], "children": [],
            "rendered": format!("error: {text}\n") })
}
