//! A folder in which one kernel builds its cells, and the warm build that it starts from.
//!
//! Two kernels must never share evcxr's build folder: they would overwrite each other's source. So each session gets a
//! copy of a template in which the preloaded crate is compiled already.

pub mod janitor;

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::analysis::Analysis;
use crate::compile::stand_ins;
use crate::engine::{Cell, Engine};
use crate::session::janitor::Janitor;
use crate::system::project::{Preload, Project};
use crate::analysis::slim_std;
use crate::system::toolchain;

/// evcxr writes its own `Cargo.toml` with one level for all; a configuration above its folder wins. Cells compile fast,
/// and what they call runs fast.
fn cargo_config(level: u8) -> String {
    format!("[profile.dev]\nopt-level = {level}\n\n[profile.dev.package.\"*\"]\nopt-level = 3\n")
}

/// Of cells that loop; others are compiled at 0.
const OPT_LEVEL: u8 = 1;

/// From now on, cells in this build folder are compiled at this level; at none, each at the one that suits it.
pub fn set_opt_level(build: &Path, level: Option<u8>) -> Result<()> {
    let session = build.parent().context("a build folder without a session")?;
    let fixed = session.join(stand_ins::FIXED_LEVEL);
    match level {
        Some(_) => fs::write(fixed, "")?,
        None => drop(fs::remove_file(fixed)),
    }
    let config = cargo_config(level.unwrap_or(OPT_LEVEL));
    fs::write(session.join(".cargo/config.toml"), config).context("cannot write the configuration")
}

/// Cells as students write them: what they make the compiler load stays warm.
const TYPICAL_CELLS: [&str; 3] = [
    "let adlab_warm = 0.5; adlab_warm",
    "println!(\"{}\", adlab_warm); fn adlab_warm_f(x: f64) -> f64 { x.sin() } assert!(adlab_warm_f(0.0) == 0.0, \"{}\", 1);",
    "plot(|x| x * x.sin(), -1.0..1.0)",
];

/// Counts the changes of what a warm build consists of.
const LAYOUT: u32 = 8;

/// The standard library's source, slim.
const LIBRARY: &str = "library";

/// A session's folder is named after this and the process that it belongs to.
const PREFIX: &str = "adlab-";

pub struct Session {
    // Removed before the janitor looks.
    dir: TempDir,
    project: Project,
    /// The standard library's source, where there is a slim one.
    library: Option<PathBuf>,
    _janitor: Janitor,
}

impl Session {
    /// Makes the folder, and points evcxr at it. It is to be filled before evcxr starts.
    ///
    /// Call once, before any thread starts: evcxr takes its folders from the environment.
    pub fn open(project: &Project) -> Result<Self> {
        let mut session = Self::open_plain(project)?;
        session.library = Some(project.warm().join(LIBRARY)).filter(|library| library.is_dir());
        stand_ins::stand_in(&session.tools(), &project.cells())?;
        slim_std::pretend(&session.path("empty-library"))?;
        Ok(session)
    }

    /// The same without our means to make it fast.
    pub fn open_plain(project: &Project) -> Result<Self> {
        toolchain::find_cargo()?;
        remove_abandoned(&std::env::temp_dir());
        let prefix = format!("{PREFIX}{}-", std::process::id());
        // cargo sees through symbolic links.
        let temporary = std::env::temp_dir();
        let temporary = temporary.canonicalize().unwrap_or(temporary);
        let dir = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(temporary)
            .context("cannot make a folder for the session")?;
        let janitor = Janitor::start(dir.path())?;
        let session = Session { dir, project: project.clone(), library: None, _janitor: janitor };
        // SAFETY: the caller has started no thread yet.
        unsafe {
            std::env::set_var("EVCXR_TMPDIR", session.build());
            std::env::set_var("EVCXR_CONFIG_DIR", session.dir.path());
            if let Some(libraries) = without_our_builds(project)? {
                std::env::set_var("LD_LIBRARY_PATH", libraries);
            }
        }
        Ok(session)
    }

    /// Puts in what a session begins with: from the warm build, where there is one. Takes a while.
    pub fn fill(&self) -> Result<()> {
        let warm = self.project.warm();
        let has_template = warm.join("stamp").is_file();
        if has_template {
            copy_tree(&warm.join("build"), &self.build()).context("cannot copy the warm build")?;
        }
        // What is known of another state of the crate is worth nothing.
        if has_template && is_up_to_date(&self.project, &self.project.preload()?)? {
            copy_tree(&warm.join("tools"), &self.tools()).context("cannot copy the warm build")?;
        }
        self.begin(has_template)
    }

    fn begin(&self, offline: bool) -> Result<()> {
        fs::create_dir_all(self.build())?;
        fs::create_dir_all(self.path(".cargo"))?;
        set_opt_level(&self.build(), None)?;
        // With a warm build, all that is needed was downloaded: a class without network must get through.
        fs::write(self.path("evcxr.toml"), self.project.preload()?.to_toml(offline))?;
        fs::copy(self.project.lock_file(), self.path("Cargo.lock")).context("cannot read Cargo.lock")?;
        stand_ins::find_tools(&self.tools())
    }

    fn tools(&self) -> PathBuf {
        self.path("tools")
    }

    /// The folder of the standard library's source, for the analysis of types.
    pub fn library(&self) -> Result<PathBuf> {
        self.library.clone().or_else(toolchain::rust_src).with_context(|| {
            format!(
                "the standard library's source is missing: types can't be inferred; run: {}",
                toolchain::GET_RUST_SRC
            )
        })
    }

    /// evcxr's folder.
    pub fn build(&self) -> PathBuf {
        self.path("build")
    }

    /// Puts the project's versions into evcxr's folder; its start, without dependencies, has emptied the lock file.
    pub fn restore_lock(&self) -> Result<()> {
        fs::copy(self.path("Cargo.lock"), self.build().join("Cargo.lock"))?;
        Ok(())
    }

    /// A new name for each engine of this session.
    pub fn socket(&self) -> PathBuf {
        let number = fs::read_dir(self.dir.path()).map_or(0, Iterator::count);
        self.path(&format!("runtime-{number}"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A process that was killed could not remove its folder: the next one does.
fn remove_abandoned(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok());
        if owner.is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_gone(pid: i32) -> bool {
    // SAFETY: signal 0 asks whether the process is there, and does nothing.
    let answer = unsafe { libc::kill(pid, 0) };
    answer != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

/// `cargo run` and `cargo test` put the project's own builds on the library path: there, cells would find another build of
/// the preloaded crate before their own.
fn without_our_builds(project: &Project) -> Result<Option<OsString>> {
    let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") else {
        return Ok(None);
    };
    let others = std::env::split_paths(&libraries).filter(|dir| !dir.starts_with(project.target()));
    Ok(Some(std::env::join_paths(others)?))
}

/// Compiles the preloaded crate and some typical cells, and keeps the result for all sessions to come. Returns false if
/// there is nothing to do. Call before any thread starts.
pub fn prepare_warm_build(project: &Project) -> Result<bool> {
    let preload = project.preload()?;
    if is_up_to_date(project, &preload)? {
        return Ok(false);
    }
    let (stamp, warm) = (stamp(project, &preload)?, project.warm());
    println!("warm build  compiling the preloaded crate, once (about a minute)");
    let mut session = Session::open(project)?;
    session.begin(false)?;
    let library = session.path(LIBRARY);
    session.library = None;
    slim_std::write(&session.library()?, &library)?;
    stand_ins::build_store(&session.tools(), &session.build())?;
    let analysis = Analysis::start(library.clone())?;
    let mut engine = Engine::start(preload, &session, analysis)?;
    for (i, code) in TYPICAL_CELLS.iter().enumerate() {
        let number = i + 1;
        engine
            .execute(&Cell { code, id: None, number }, Box::new(|_| ()))
            .map_err(|fault| anyhow!("a first cell fails: {}: {}", fault.ename, fault.evalue))?;
    }
    drop(engine);
    remove_cells(&session.build())?;
    // Beside its place first: a build that is cut short is never taken for a whole one.
    let parent = warm.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let new = tempfile::Builder::new().prefix("warm-").tempdir_in(parent)?;
    copy_tree(&session.build(), &new.path().join("build"))?;
    copy_tree(&library, &new.path().join(LIBRARY))?;
    copy_tree(&session.tools(), &new.path().join("tools"))?;
    fs::write(new.path().join("stamp"), stamp)?;
    if warm.exists() {
        fs::rename(&warm, new.path().join("old")).context("cannot put the old warm build away")?;
        fs::rename(new.path().join("old"), parent.join("warm-old"))?;
    }
    let made = new.keep();
    fs::rename(&made, &warm).context("cannot put the warm build in place")?;
    let _ = fs::remove_dir_all(parent.join("warm-old"));
    Ok(true)
}

/// The warm build is of the crate as it is now, and of this compiler.
fn is_up_to_date(project: &Project, preload: &Preload) -> Result<bool> {
    let stamp = stamp(project, preload)?;
    Ok(fs::read_to_string(project.warm().join("stamp")).is_ok_and(|old| old == stamp))
}

/// A session begins as this one did. The compiled cells themselves are of no use to it, and big.
fn remove_cells(build: &Path) -> Result<()> {
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::remove_file(build.join(file))?;
    }
    for folder in ["src", ".cargo"] {
        fs::remove_dir_all(build.join(folder))?;
    }
    for target in fs::read_dir(build.join("target"))?.flatten() {
        let deps = target.path().join("debug").join("deps");
        let Ok(entries) = fs::read_dir(deps) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with("libcode_") {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Everything that the warm build depends on.
fn stamp(project: &Project, preload: &Preload) -> Result<String> {
    let rustc = Command::new("rustc").arg("-Vv").output().context("cannot run rustc")?;
    let mut hasher = DefaultHasher::new();
    rustc.stdout.hash(&mut hasher);
    cargo_config(OPT_LEVEL).hash(&mut hasher);
    TYPICAL_CELLS.hash(&mut hasher);
    preload.to_toml(false).hash(&mut hasher);
    fs::read(project.lock_file())?.hash(&mut hasher);
    (env!("CARGO_PKG_VERSION"), LAYOUT, stand_ins::STORE).hash(&mut hasher);
    for folder in preload.folders() {
        // With the crates beside it, on which it may depend.
        let crates = folder.parent().unwrap_or(&folder).to_owned();
        hash_sources(&crates, &mut hasher)?;
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn hash_sources(dir: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The kernel's own source does not matter to cells.
        if path.is_dir() && !["adlab-kernel", "tests", "examples", "target"].contains(&name.as_str()) {
            hash_sources(&path, hasher)?;
        } else if path.is_file() {
            path.hash(hasher);
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}

/// Copies a folder with its times: cargo compares them.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
            let modified = entry.metadata()?.modified()?;
            fs::File::options().append(true).open(&target)?.set_modified(modified)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_of_dead_processes_are_removed() {
        let base = tempfile::tempdir().unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let names = [
            format!("{PREFIX}{}-abc", child.id()),
            format!("{PREFIX}{}-abc", std::process::id()),
            format!("{PREFIX}notes"),
            "other-1-abc".to_owned(),
        ];
        for name in &names {
            fs::create_dir(base.path().join(name)).unwrap();
        }
        remove_abandoned(base.path());
        let left: Vec<bool> = names.iter().map(|name| base.path().join(name).exists()).collect();
        assert_eq!(left, [false, true, true, true]);
    }

    #[test]
    fn a_copied_tree_has_its_times() {
        let base = tempfile::tempdir().unwrap();
        let (from, to) = (base.path().join("a"), base.path().join("b"));
        fs::create_dir_all(from.join("deep")).unwrap();
        let file = fs::File::create(from.join("deep/file")).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        file.set_modified(long_ago).unwrap();
        copy_tree(&from, &to).unwrap();
        assert_eq!(fs::metadata(to.join("deep/file")).unwrap().modified().unwrap(), long_ago);
    }
}
