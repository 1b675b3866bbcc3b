//! The library with the variables' store, which takes the place of what evcxr writes into each cell.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cell::LIBRARY;

/// It is a part of the warm build.
pub const SOURCE: &str = include_str!("../../variable-store/lib.rs");

/// Compiles it into the folder of libraries that cells are linked with.
pub fn build(folder: &Path, rustc: &Path, linker: &[String]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let source = folder.join(format!("{LIBRARY}.rs"));
    std::fs::write(&source, SOURCE)?;
    let mut command = Command::new(rustc);
    // No path of this machine is in it.
    if let Some(toolchain) = rustc.ancestors().nth(2) {
        command.arg(format!("--remap-path-prefix={}=rust", toolchain.display()));
    }
    command.args([
        "--edition=2024",
        "--crate-type=dylib",
        "-Cprefer-dynamic",
        "-Copt-level=3",
        "--crate-name",
        LIBRARY,
    ]);
    let output = command.args(linker).arg("--out-dir").arg(folder).arg(&source).output().context("cannot run rustc")?;
    if !output.status.success() {
        bail!("the variables' store does not compile: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
