//! rustc's parser alone: what it says of a text, without a crate around it.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::tools::Tools;

/// The errors, as rustc writes them. Not for what stands in macros, which are not expanded.
pub fn errors(text: &str) -> Result<Vec<Value>> {
    let tools = Tools::of_session()?;
    let mut command = Command::new(tools.real("rustc"));
    tools.with_real_environment(&mut command);
    command.args(["-Zparse-crate-root-only", "--edition=2024", "--crate-type=lib", "--error-format=json", "-"]);
    // The option is not for everyone's use.
    command.env("RUSTC_BOOTSTRAP", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut compiler = command.spawn().context("cannot run rustc")?;
    compiler.stdin.take().context("rustc has no stdin")?.write_all(text.as_bytes())?;
    let said = compiler.wait_with_output()?.stderr;
    let messages = String::from_utf8_lossy(&said);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // What it has to say of itself has no place in the text.
    let has_place = |message: &Value| message["spans"].as_array().is_some_and(|spans| !spans.is_empty());
    Ok(messages.filter(|message| message["level"] == "error" && has_place(message)).collect())
}
