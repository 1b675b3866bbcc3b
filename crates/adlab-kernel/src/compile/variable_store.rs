//! The library with the variables' store, which takes the place of what evcxr writes into each cell.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cell::LIBRARY;
use crate::system::toolchain;

/// It is a part of the warm build.
pub const SOURCE: &str = include_str!("../../variable-store/lib.rs");

/// Compiles it into the folder of libraries that cells are linked with.
pub fn build(folder: &Path, rustc: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let source = folder.join(format!("{LIBRARY}.rs"));
    std::fs::write(&source, SOURCE)?;
    let mut command = Command::new(rustc);
    command.args([
        "--edition=2024",
        "--crate-type=dylib",
        "-Cprefer-dynamic",
        "-Copt-level=3",
        "--crate-name",
        LIBRARY,
    ]);
    let output = command.arg("--out-dir").arg(folder).arg(&source).output().context("cannot run rustc")?;
    if !output.status.success() {
        bail!("the variables' store does not compile: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The library in this folder, if it is there.
pub fn library(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(format!("{}{LIBRARY}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
    path.is_file().then_some(path)
}

/// What rustc is told of it.
pub fn argument(library: &Path) -> [String; 2] {
    ["--extern".into(), format!("{LIBRARY}={}", library.display())]
}

/// Where cargo puts the libraries for cells.
pub fn folder(build: &Path) -> Result<PathBuf> {
    let host = toolchain::host().context("rustc does not say what it builds for")?;
    Ok(build.join("target").join(host).join("debug/deps"))
}
