//! The warm build, from which sessions start: the preloaded crate, compiled, and what is known of how to compile cells.
//!
//! It is trusted only where it fits: it is of the crates as they are now, of this compiler, and as big as when it was made.
//! An installation may have one for all its users; if that does not fit, each user has an own one.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{level, place};
use crate::assumptions::OLD_LIBRARY;
use crate::compile::variable_store;
use crate::system::files::{Extent, copy_tree, create_private, extent, replace_tree};
use crate::system::project::{CACHE_VAR, Preload, Project, is_for_cells};
use crate::system::toolchain::{GET_RUST, Toolchain, output};

/// Cells as students write them: what they make the compiler load stays warm.
pub const TYPICAL_CELLS: [&str; 3] = [
    "let adlab_warm = 0.5; adlab_warm",
    "println!(\"{}\", adlab_warm); fn adlab_warm_f(x: f64) -> f64 { x.sin() } assert!(adlab_warm_f(0.0) == 0.0, \"{}\", 1);",
    "plot(|x| x * x.sin(), -1.0..1.0)",
];

/// Counts the changes of what a warm build consists of.
const LAYOUT: u32 = 15;

/// The standard library's source, slim.
pub const LIBRARY: &str = "library";
/// evcxr's build folder.
pub const BUILD: &str = "build";
/// What stands between evcxr and cargo has there what it knows.
pub const TOOLS: &str = "tools";
const PARTS: [&str; 3] = [BUILD, LIBRARY, TOOLS];
/// What it was made from.
const STAMP: &str = "stamp";

/// How much room it takes, for a moment twice.
const NEEDED: u64 = 160 << 20;

/// Begins the names of what is not complete.
const UNFINISHED: &str = "new-";

/// A warm build, or the place for one.
#[derive(Debug, Clone)]
pub struct WarmBuild {
    pub folder: PathBuf,
    pub toolchain: Toolchain,
    /// What it is to be made from.
    stamp: Stamp,
}

#[derive(Debug, Clone)]
struct Stamp {
    /// All that it depends on.
    state: String,
    /// Of that, the compiler alone.
    compiler: String,
}

impl WarmBuild {
    /// The one for sessions, whatever other toolchain a notebook's folder would choose.
    pub fn find(project: &Project) -> Result<Self> {
        let shared = project.shared_warm().and_then(|folder| {
            let toolchain = Toolchain::known(&folder.join(TOOLS))?;
            Self::shared(project, toolchain).ok()
        });
        if let Some(shared) = shared.filter(Self::fits) {
            return Ok(shared);
        }
        let known = Toolchain::known(&project.toolchain_note());
        let own = known.map_or_else(Toolchain::here, Ok).and_then(|toolchain| Self::own(project, toolchain));
        if !own.as_ref().is_ok_and(Self::fits) {
            // Nothing is made from parts that are not whole.
            project.check()?;
        }
        own
    }

    /// The one that this user has for a toolchain.
    pub fn own(project: &Project, toolchain: Toolchain) -> Result<Self> {
        let stamp = Stamp::of(project, &toolchain)?;
        Ok(WarmBuild { folder: project.warm(&stamp.state), toolchain, stamp })
    }

    /// The one that all users of an installation have.
    pub fn shared(project: &Project, toolchain: Toolchain) -> Result<Self> {
        let folder = project.shared_warm().context("a checkout has no warm build for others")?;
        Ok(WarmBuild { folder, stamp: Stamp::of(project, &toolchain)?, toolchain })
    }

    /// It is there, whole, and of the crates and the compiler as they are now.
    pub fn fits(&self) -> bool {
        let Ok(extent) = extent_of_parts(&self.folder) else { return false };
        fs::read_to_string(self.folder.join(STAMP)).is_ok_and(|noted| noted == self.stamp.text(&extent))
    }

    /// It is there, of another state of the crates, and of this compiler: cargo makes the rest of it.
    pub fn is_older(&self) -> bool {
        let noted = fs::read_to_string(self.folder.join(STAMP)).unwrap_or_default();
        let mut lines = noted.lines();
        // Where the state is the same, it is damaged.
        lines.next().is_some_and(|state| state != self.stamp.state) && lines.next() == Some(&self.stamp.compiler)
    }

    /// The standard library's source, slim, if there is one.
    pub fn library(&self) -> Option<PathBuf> {
        Some(self.folder.join(LIBRARY)).filter(|library| library.is_dir() && (self.fits() || self.is_older()))
    }

    /// Waits until no other process makes one here, and removes what such a one has left when it was killed. Others wait as
    /// long as the file is open.
    pub fn begin(&self) -> Result<fs::File> {
        let parent = self.folder.parent().context("a warm build in no folder")?;
        let prepare = || -> Result<fs::File> {
            create_private(parent)?;
            let lock = fs::File::create(parent.join("lock"))?;
            // Where a file system has no locks, the last one counts.
            let _ = lock.lock();
            for entry in fs::read_dir(parent)?.flatten() {
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            Ok(lock)
        };
        let lock = prepare().with_context(|| self.can_t_be_kept())?;
        match place::free(parent) {
            Some(free) if free < NEEDED => {
                bail!(
                    "{}: there is room for {} MB only, and it takes {} MB",
                    self.can_t_be_kept(),
                    free >> 20,
                    NEEDED >> 20
                )
            }
            _ => Ok(lock),
        }
    }

    /// Puts what a session has made into its place, for all sessions to come.
    pub fn keep(&self, session: &Path) -> Result<()> {
        remove_cells(&session.join(BUILD))?;
        self.try_to_keep(session).with_context(|| self.can_t_be_kept())
    }

    fn try_to_keep(&self, session: &Path) -> Result<()> {
        // Beside its place first: a build that is cut short is never taken for a whole one.
        let parent = self.folder.parent().unwrap_or(Path::new("."));
        let new = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
        for part in PARTS {
            copy_tree(&session.join(part), &new.path().join(part))?;
        }
        fs::write(new.path().join(STAMP), self.stamp.text(&extent_of_parts(new.path())?))?;
        replace_tree(new.path(), &self.folder)?;
        // It is in its place, and not to be removed.
        let _ = new.keep();
        Ok(())
    }

    fn can_t_be_kept(&self) -> String {
        let parent = self.folder.parent().unwrap_or(&self.folder);
        format!(
            "a warm build can't be kept in {}; make room there, or set {CACHE_VAR} to a folder of yours",
            parent.display()
        )
    }
}

impl Stamp {
    fn of(project: &Project, toolchain: &Toolchain) -> Result<Self> {
        let said = output(&toolchain.rustc, &["-Vv"]);
        let rustc = said.with_context(|| format!("{} does not run; {GET_RUST}", toolchain.rustc.display()))?;
        let compiler = sum(&(&toolchain.rustc, rustc));
        let mut hasher = DefaultHasher::new();
        compiler.hash(&mut hasher);
        level::cargo_config(level::OF_LOOPS).hash(&mut hasher);
        TYPICAL_CELLS.hash(&mut hasher);
        let preload: Preload = project.preload()?;
        // Absolute paths count: cargo's own notes have them, and compile anew what has moved.
        preload.to_toml(false).hash(&mut hasher);
        fs::read(project.lock_file()).context("cannot read Cargo.lock")?.hash(&mut hasher);
        (env!("CARGO_PKG_VERSION"), LAYOUT, variable_store::SOURCE).hash(&mut hasher);
        for folder in preload.folders() {
            // With the crates beside it, on which it may depend.
            let crates = folder.parent().unwrap_or(&folder).to_owned();
            hash_sources(&crates, &mut hasher)?;
        }
        Ok(Stamp { state: format!("{:016x}", hasher.finish()), compiler })
    }

    /// What is written beside the parts, when all of them are there.
    fn text(&self, extent: &Extent) -> String {
        format!("{}\n{}\n{} files, {} bytes\n", self.state, self.compiler, extent.files, extent.bytes)
    }
}

fn sum(of: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn extent_of_parts(folder: &Path) -> Result<Extent> {
    let mut all = Extent::default();
    for part in PARTS {
        let part = extent(&folder.join(part))?;
        all = Extent { files: all.files + part.files, bytes: all.bytes + part.bytes };
    }
    Ok(all)
}

/// A session begins as this one did. The compiled cells themselves are of no use to it, and big; so is what would let rustc
/// compile half of a crate.
pub fn remove_cells(build: &Path) -> Result<()> {
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::remove_file(build.join(file))?;
    }
    for folder in ["src", ".cargo"] {
        fs::remove_dir_all(build.join(folder))?;
    }
    for target in fs::read_dir(build.join("target"))?.flatten() {
        let incremental = target.path().join("debug").join("incremental");
        if incremental.exists() {
            fs::remove_dir_all(incremental)?;
        }
        let deps = target.path().join("debug").join("deps");
        let Ok(entries) = fs::read_dir(deps) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(OLD_LIBRARY) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

fn hash_sources(dir: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if !path.file_name().is_some_and(is_for_cells) {
            continue;
        }
        if path.is_dir() {
            hash_sources(&path, hasher)?;
        } else if path.is_file() {
            path.hash(hasher);
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}
