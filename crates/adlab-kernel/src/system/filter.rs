//! Other people's programs that read a text and write one.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::toolchain::on_path;

pub struct Filter {
    pub program: &'static str,
    pub arguments: &'static [&'static str],
}

impl Filter {
    pub fn is_there(&self) -> bool {
        on_path(self.program).is_some()
    }

    /// What it writes, and whether it was content.
    pub fn apply(&self, text: &str) -> Result<(bool, String)> {
        let trouble = || format!("cannot run {}", self.program);
        let mut command = Command::new(self.program);
        command.args(self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(trouble)?;
        let mut stdin = child.stdin.take().expect("piped");
        // It may write before it has read everything.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(text.as_bytes()));
            child.wait_with_output()
        });
        let output = output.with_context(trouble)?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }
}
