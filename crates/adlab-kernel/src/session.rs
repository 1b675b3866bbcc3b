//! A folder in which one kernel builds its cells, and the warm build that it starts from.
//!
//! Two kernels must never share evcxr's build folder: they would overwrite each other's source. So each session gets a
//! copy of a template in which the preloaded crate is compiled already.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::engine::{Cell, Engine};
use crate::janitor::Janitor;
use crate::project::{Preload, Project};

/// evcxr writes its own `Cargo.toml` with one level for all; a configuration above its folder wins. Cells compile fast,
/// and what they call runs fast.
const CARGO_CONFIG: &str = r#"[profile.dev]
opt-level = 1

[profile.dev.package."*"]
opt-level = 3
"#;

/// Cells as students write them: what they make the compiler load stays warm.
const TYPICAL_CELLS: [&str; 3] = [
    "let adlab_warm = 0.5; adlab_warm",
    "println!(\"{}\", adlab_warm); fn adlab_warm_f(x: f64) -> f64 { x.sin() } assert!(adlab_warm_f(0.0) == 0.0, \"{}\", 1);",
    "plot(|x| x * x.sin(), -1.0..1.0)",
];

/// A session's folder is named after this and the process that it belongs to.
const PREFIX: &str = "adlab-";

pub struct Session {
    // Removed before the janitor looks.
    dir: TempDir,
    _janitor: Janitor,
}

impl Session {
    /// Makes the folder, from the warm build where there is one, and points evcxr at it.
    ///
    /// Call once, before any thread starts: evcxr takes its folders from the environment.
    pub fn open(project: &Project) -> Result<Self> {
        Self::open_from(project, Some(&project.warm()))
    }

    fn open_from(project: &Project, template: Option<&Path>) -> Result<Self> {
        crate::toolchain::find_cargo()?;
        remove_abandoned(&std::env::temp_dir());
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir().context("cannot make a folder for the session")?;
        let janitor = Janitor::start(dir.path())?;
        let session = Session { dir, _janitor: janitor };
        let template = template.filter(|t| t.join("stamp").is_file());
        match template {
            Some(template) => {
                copy_tree(&template.join("build"), &session.build()).context("cannot copy the warm build")?
            }
            None => fs::create_dir_all(session.build())?,
        }
        fs::create_dir_all(session.path(".cargo"))?;
        fs::write(session.path(".cargo/config.toml"), CARGO_CONFIG)?;
        // With a warm build, all that is needed was downloaded: a class without network must get through.
        fs::write(session.path("evcxr.toml"), project.preload()?.to_toml(template.is_some()))?;
        fs::copy(project.lock_file(), session.path("Cargo.lock")).context("cannot read Cargo.lock")?;
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
    let stamp = stamp(project, &preload)?;
    let warm = project.warm();
    if fs::read_to_string(warm.join("stamp")).is_ok_and(|old| old == stamp) {
        return Ok(false);
    }
    println!("warm build  compiling the preloaded crate, once (about a minute)");
    let session = Session::open_from(project, None)?;
    let mut engine = Engine::start(preload, &session)?;
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

/// The compiled cells themselves are of no use to a session, and big.
fn remove_cells(build: &Path) -> Result<()> {
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
    CARGO_CONFIG.hash(&mut hasher);
    TYPICAL_CELLS.hash(&mut hasher);
    preload.to_toml(false).hash(&mut hasher);
    fs::read(project.lock_file())?.hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
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
