//! Runs rustc, and hands on what it says: to evcxr, which expects cargo's form of it, or to cargo.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::confined::{confine, last_word};
use super::key::has_async_runtime;
use crate::assumptions::{AWAIT_OUTSIDE_OF_ASYNC, SOURCE};

/// The exit code of a compiler that has failed, whatever its source.
pub const FAILED: i32 = 101;

/// For evcxr. Returns the exit code.
pub fn run(rustc: &Path, here: &Path, arguments: &[String], environment: &BTreeMap<String, String>) -> Result<i32> {
    let mut command = Command::new(rustc);
    command.args(arguments).stdin(Stdio::null());
    confine(&mut command, here, environment)?;
    let mut said = std::io::stdout().lock();
    let mut say = |message: Value| {
        if message["$message_type"] == "diagnostic" {
            writeln!(said, "{}", as_cargo_says(&message))?;
        }
        Ok(())
    };
    let status = listen(command, here, &mut say)?;
    last_word(status, here).map_or(Ok(()), say)?;
    Ok(code(status))
}

/// For nobody yet, in a folder of its own. Returns the exit code, and what was said; of being ended, nothing.
pub fn run_apart(
    rustc: &Path,
    here: &Path,
    folder: &Path,
    arguments: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<(i32, Vec<Value>)> {
    let mut command = Command::new(rustc);
    command.args(arguments).stdin(Stdio::null()).current_dir(folder);
    confine(&mut command, here, environment)?;
    let mut said = Vec::new();
    let status = listen(command, here, |message| {
        if message["$message_type"] == "diagnostic" {
            said.push(message);
        }
        Ok(())
    })?;
    Ok((code(status), said))
}

pub fn as_cargo_says(message: &Value) -> Value {
    json!({ "reason": "compiler-message", "message": message })
}

/// For cargo. Returns the exit code.
pub fn run_for_cargo(mut command: Command, here: &Path) -> Result<i32> {
    confine(&mut command, here, &std::env::vars().collect())?;
    let say = |message: Value| {
        eprintln!("{message}");
        Ok(())
    };
    let status = listen(command, here, say)?;
    last_word(status, here).map_or(Ok(()), say)?;
    Ok(code(status))
}

/// One that was ended, or has failed itself, has [`FAILED`].
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(FAILED)
}

fn listen(mut command: Command, here: &Path, mut hear: impl FnMut(Value) -> Result<()>) -> Result<ExitStatus> {
    let mut compiler: Child = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let is_async = has_async_runtime(here);
    for line in BufReader::new(compiler.stderr.take().context("rustc has no stderr")?).lines() {
        let line = line?;
        match serde_json::from_str(&line) {
            Ok(message) => hear_of(message, is_async).map_or(Ok(()), &mut hear)?,
            // The compiler itself has failed.
            Err(_) => eprintln!("{line}"),
        }
    }
    Ok(compiler.wait()?)
}

/// What evcxr may hear of a message.
fn hear_of(mut message: Value, is_async: bool) -> Option<Value> {
    // Nobody is shown a warning; but for one about the cell, evcxr drops the errors about other files.
    if message["level"] == "warning" {
        return None;
    }
    // For an `.await` at a wrong place, it would download tokio, and have all later cells run on its threads.
    if !is_async && message["code"]["code"] == AWAIT_OUTSIDE_OF_ASYNC {
        message["code"] = Value::Null;
    }
    if let Some(place) = other_file(&message) {
        message["message"] = format!("{} ({place})", message["message"].as_str().unwrap_or_default()).into();
    }
    Some(message)
}

/// Where an error is that is not in the cell, but in a file that it includes.
fn other_file(message: &Value) -> Option<String> {
    let spans = message["spans"].as_array().filter(|_| message["level"] == "error")?;
    let is_of_cell = |mut span: &Value| loop {
        if span["file_name"].as_str().is_some_and(|file| file.ends_with(SOURCE)) {
            return true;
        }
        if span["expansion"].is_null() {
            return false;
        }
        span = &span["expansion"]["span"];
    };
    let first = spans.iter().find(|span| span["is_primary"] == true)?;
    let place = || Some(format!("line {} of {}", first["line_start"], first["file_name"].as_str()?));
    if spans.iter().any(is_of_cell) { None } else { place() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_other_files_name_them() {
        let error = |file: &str, expansion: Value| {
            json!({ "level": "error", "message": "wrong", "code": { "code": AWAIT_OUTSIDE_OF_ASYNC },
                    "spans": [{ "file_name": file, "line_start": 3, "is_primary": true, "expansion": expansion }] })
        };
        let heard = |message: Value| hear_of(message, false).unwrap();
        assert_eq!(heard(error("/n/bad.rs", Value::Null))["message"], "wrong (line 3 of /n/bad.rs)");
        assert_eq!(heard(error(SOURCE, Value::Null))["message"], "wrong");
        let macro_of_std = json!({ "span": { "file_name": SOURCE, "expansion": null } });
        assert_eq!(heard(error("/std/macros.rs", macro_of_std))["message"], "wrong");
        assert_eq!(heard(error(SOURCE, Value::Null))["code"], Value::Null);
        assert_eq!(hear_of(error(SOURCE, Value::Null), true).unwrap()["code"]["code"], AWAIT_OUTSIDE_OF_ASYNC);
        assert_eq!(hear_of(json!({ "level": "warning" }), false), None);
    }
}
