//! What every cell is linked with: the preloaded crates, and the store of variables ([`variable_store`]).
//!
//! They are compiled once, into the warm build, and named to rustc for each cell. Cargo, and the `Cargo.toml` in which evcxr
//! keeps what `:dep` has added, know nothing of them: so they fit on every path, need no registry, and no crate that a
//! student adds has them compiled again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::tools::Tools;
use super::{linker, variable_store};
use crate::assumptions::PREFER_DYNAMIC;
use crate::system::project::Project;
use crate::system::toolchain;

/// In evcxr's build folder.
const FOLDER: &str = "preloaded";
/// The package that has cargo compile them.
const PACKAGE: &str = "adlab-preloaded";

/// Their own names among all crates: a student may add the same ones.
const DISTINCT: &str = "-Cmetadata=adlab";

pub fn folder(build: &Path) -> PathBuf {
    build.join(FOLDER)
}

/// Compiles all of it for a session's build folder, with cargo's configuration in the session's folder.
/// Returns the folder of the package that depends on them.
pub fn compile(project: &Project, tools: &Tools, build: &Path) -> Result<PathBuf> {
    let target = tempfile::tempdir_in(tools.folder.parent().unwrap_or(build))?;
    // No path of this machine is in it.
    let (rustc, cargo_home) = (tools.real("rustc"), tools.cargo_home());
    let places =
        [(cargo_home.as_deref(), "cargo"), (rustc.ancestors().nth(2), "rust"), (Some(project.root()), "adlab")];
    let named = places.iter().filter_map(|(place, name)| place.map(|place| (place, name)));
    let named = named.map(|(place, name)| format!("--remap-path-prefix={}={name}", place.display()));
    let flags: Vec<String> = iter::once(DISTINCT.to_owned()).chain(named).collect();
    let linker = linker::of_crates(build);
    let flags: Vec<String> = flags.into_iter().chain(linker.iter().cloned()).collect();
    compile_crates(project, tools, build, target.path(), &flags)?;
    let (host, to) = (toolchain::host().context("rustc does not say what it builds for")?, folder(build));
    fs::create_dir_all(&to)?;
    // Macros are run where cells are compiled.
    let folders = [(target.path().join(host).join("debug/deps"), true), (target.path().join("debug/deps"), false)];
    for (from, is_linked) in folders {
        for entry in fs::read_dir(&from).with_context(|| format!("cargo has made no {}", from.display()))? {
            let path = entry?.path();
            // Of a crate that is in a library already, its types are enough.
            let is_needed = is_linked && path.extension().is_some_and(|end| end == "rmeta") || is_library(&path);
            if let Some(name) = path.file_name().filter(|_| is_needed) {
                fs::copy(&path, to.join(name))?;
            }
        }
    }
    variable_store::build(&to, &tools.real("rustc"), &linker)?;
    Ok(package(build))
}

fn package(build: &Path) -> PathBuf {
    // Deeper than evcxr's: what is asked of this one is asked of cargo itself.
    build.with_file_name("preload").join(PACKAGE)
}

/// Has cargo compile the preloaded crates into a target folder, with these flags of rustc and those that evcxr has.
pub fn compile_crates(project: &Project, tools: &Tools, build: &Path, target: &Path, flags: &[String]) -> Result<()> {
    let package = package(build);
    describe(project, &package)?;
    let mut cargo = tools.real_cargo(&[]);
    cargo.args(["build", "--target"]).arg(toolchain::host().context("rustc does not say what it builds for")?);
    cargo.arg("--target-dir").arg(target).current_dir(&package);
    // Paths may have blanks in them.
    let flags: Vec<&str> = iter::once(PREFER_DYNAMIC).chain(flags.iter().map(String::as_str)).collect();
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    let mut child = cargo.stderr(Stdio::piped()).spawn().context("cannot run cargo")?;
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().context("cargo has no stderr")?).lines() {
        let line = line?;
        // Who waits sees how far it is.
        eprintln!("{line}");
        said += &line;
        said.push('\n');
    }
    if !child.wait()?.success() {
        bail!("the preloaded crate does not compile: {said}");
    }
    Ok(())
}

/// A package that depends on them, and on nothing else.
pub fn describe(project: &Project, package: &Path) -> Result<()> {
    fs::create_dir_all(package)?;
    let dependencies = project.preload()?.dependencies();
    let manifest = format!(
        "[package]\nname = \"{PACKAGE}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [workspace]\n\n[profile.dev]\nopt-level = 2\ndebug = false\nstrip = \"symbols\"\nrpath = true\nlto = false\n\
         debug-assertions = true\ncodegen-units = 16\npanic = 'unwind'\nincremental = true\noverflow-checks = true\n\n\
         [dependencies]\n{dependencies}"
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    fs::write(package.join("lib.rs"), "")?;
    // A copy that can be written to, also where this one can't.
    let lock = fs::read(project.lock_file()).context("cannot read Cargo.lock")?;
    Ok(fs::write(package.join("Cargo.lock"), lock)?)
}

/// The libraries that cells are linked with.
pub fn libraries(build: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder(build)).context("the preloaded crate is missing; run: adlab install")?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| is_extern(path)).collect();
    found.sort();
    Ok(found)
}

/// What rustc is told of them.
pub fn arguments(build: &Path) -> Result<Vec<String>> {
    let mut arguments = vec!["-L".to_owned(), format!("dependency={}", folder(build).display())];
    for library in libraries(build)? {
        let name = name(&library).unwrap_or_default().to_owned();
        arguments.extend(["--extern".to_owned(), format!("{name}={}", library.display())]);
    }
    Ok(arguments)
}

fn is_library(path: &Path) -> bool {
    name(path).is_some()
}

/// Of macros, the names have a number.
fn is_extern(path: &Path) -> bool {
    name(path).is_some_and(|name| !name.contains('-'))
}

fn name(library: &Path) -> Option<&str> {
    let name = library.file_name()?.to_str()?;
    name.strip_prefix(std::env::consts::DLL_PREFIX)?.strip_suffix(std::env::consts::DLL_SUFFIX)
}
