//! The warm build, from which sessions start: the preloaded crate, compiled, and what is known of how to compile cells.
//!
//! It is trusted only where it fits: it is of the crates as they are now, of this compiler, and as big as when it was made.
//! An installation may have one for all its users; if that does not fit, each user has an own one.

use std::cell::OnceCell;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

use super::environment::reach_cargo;
use super::{level, place};
use crate::compile::tools::Tools;
use crate::compile::{preloaded, variable_store};
use crate::system::files::{Extent, copy_tree, create_private, extent, replace_tree};
use crate::system::project::{CACHE_VAR, Preload, Project, is_for_cells};
use crate::system::toolchain::{self, GET_RUST, Toolchain};

/// Cells as students write them: what they make the compiler load stays warm.
pub const TYPICAL_CELLS: [&str; 3] = [
    "let adlab_warm = 0.5; adlab_warm",
    "println!(\"{}\", adlab_warm); fn adlab_warm_f(x: f64) -> f64 { x.sin() } assert!(adlab_warm_f(0.0) == 0.0, \"{}\", 1);",
    "plot(|x| x * x.sin(), -1.0..1.0)",
];

/// Counts the changes of what a warm build consists of.
const LAYOUT: u32 = 17;

/// The standard library's source, slim.
pub const LIBRARY: &str = "library";
/// evcxr's build folder, in a session.
pub const BUILD: &str = "build";
/// What stands between evcxr and cargo has there what it knows.
pub const TOOLS: &str = "tools";
/// The version of its compiler, as rustup names it.
const VERSION: &str = "version";
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
    /// It was looked at, and fits: a session does not ask for every file again.
    fits: OnceLock<()>,
}

#[derive(Debug, Clone)]
struct Stamp {
    /// All that it depends on.
    state: String,
    /// Of that, the compiler alone.
    compiler: String,
}

impl WarmBuild {
    /// The one for sessions, whatever other toolchain a notebook's folder would choose. Call before any thread starts.
    pub fn find(project: &Project) -> Result<Self> {
        // Without it, the toolchain of a warm build may still be there.
        let _ = reach_cargo();
        let chosen = OnceCell::new();
        let here = || chosen.get_or_init(|| Toolchain::here().map_err(|error| format!("{error:#}"))).clone();
        if let Some(folder) = project.shared_warm().filter(|folder| folder.is_dir()) {
            let known = Toolchain::known(&folder).map(Ok);
            let all = known.into_iter().chain(iter::once_with(here)).chain(iter::once_with(|| of_version(&folder)));
            let mut fitting = all.flatten().flat_map(|toolchain| Self::shared(project, toolchain)).filter(Self::fits);
            if let Some(shared) = fitting.next() {
                return Ok(shared);
            }
        }
        let known = Toolchain::known(&project.toolchain_note());
        let own = known.map_or_else(|| here().map_err(|error| anyhow!(error)), Ok);
        let own = own.and_then(|toolchain| Self::own(project, toolchain));
        if !own.as_ref().is_ok_and(Self::fits) {
            // Nothing is made from parts that are not whole.
            project.check()?;
        }
        own
    }

    /// The one that this user has for a toolchain.
    pub fn own(project: &Project, toolchain: Toolchain) -> Result<Self> {
        let stamp = Stamp::of(project, &toolchain)?;
        Ok(WarmBuild { folder: project.warm(&stamp.state), toolchain, stamp, fits: OnceLock::new() })
    }

    /// The one that all users of an installation have.
    pub fn shared(project: &Project, toolchain: Toolchain) -> Result<Self> {
        let folder = project.shared_warm().context("a checkout has no warm build for others")?;
        Ok(WarmBuild { folder, stamp: Stamp::of(project, &toolchain)?, toolchain, fits: OnceLock::new() })
    }

    /// It is there, whole, and of the crates and the compiler as they are now.
    pub fn fits(&self) -> bool {
        let is_whole = || {
            let extent = extent_of_parts(&self.folder).ok()?;
            let noted = fs::read_to_string(self.folder.join(STAMP)).ok()?;
            (noted == self.stamp.text(&extent)).then_some(())
        };
        self.fits.get().is_some() || is_whole().map(|()| self.fits.get_or_init(|| ())).is_some()
    }

    /// All that it depends on.
    #[cfg(feature = "stock")]
    pub fn state(&self) -> &str {
        &self.stamp.state
    }

    /// The version of its compiler.
    pub fn compiler(&self) -> &str {
        &self.stamp.compiler
    }

    /// The standard library's source, slim, if there is one.
    pub fn library(&self) -> Option<PathBuf> {
        Some(self.folder.join(LIBRARY)).filter(|library| library.is_dir() && self.fits())
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
        self.try_to_keep(session).with_context(|| self.can_t_be_kept())
    }

    fn try_to_keep(&self, session: &Path) -> Result<()> {
        // Beside its place first: a build that is cut short is never taken for a whole one.
        let parent = self.folder.parent().unwrap_or(Path::new("."));
        let new = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
        copy_tree(&preloaded::folder(&session.join(BUILD)), &preloaded::folder(new.path()))?;
        copy_tree(&session.join(LIBRARY), &new.path().join(LIBRARY))?;
        let tools = Tools { folder: new.path().join(TOOLS) };
        fs::create_dir(&tools.folder)?;
        tools.learn(&session.join(TOOLS))?;
        self.toolchain.write_down(new.path())?;
        fs::write(new.path().join(VERSION), self.toolchain.version())?;
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
        let said = toolchain.description(&project.compiler_note());
        let rustc = said.with_context(|| format!("{} does not run; {GET_RUST}", toolchain.rustc.display()))?;
        let compiler = sum(&rustc);
        let mut hasher = DefaultHasher::new();
        compiler.hash(&mut hasher);
        level::cargo_config(level::OF_LOOPS).hash(&mut hasher);
        TYPICAL_CELLS.hash(&mut hasher);
        // Paths don't count: it fits wherever it is moved to.
        let preload: Preload = project.preload()?;
        for file in [project.preload_file(), project.lock_file()] {
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
        (env!("CARGO_PKG_VERSION"), LAYOUT, variable_store::SOURCE).hash(&mut hasher);
        for folder in preload.folders() {
            // With the crates beside it, on which it may depend.
            let crates = folder.parent().unwrap_or(&folder).to_owned();
            hash_sources(&crates, Path::new(""), &mut hasher)?;
        }
        Ok(Stamp { state: format!("{:016x}", hasher.finish()), compiler })
    }

    /// What is written beside the parts, when all of them are there.
    fn text(&self, extent: &Extent) -> String {
        format!("{}\n{}\n{} files, {} bytes\n", self.state, self.compiler, extent.files, extent.bytes)
    }
}

/// The standard library's source: this toolchain's, or as an installation has it, which may be of another version.
pub fn any_library(project: &Project) -> Option<PathBuf> {
    let shared = || project.shared_warm().map(|warm| warm.join(LIBRARY)).filter(|library| library.is_dir());
    toolchain::rust_src().or_else(shared)
}

/// The one that rustup has of the version that a warm build was made with.
fn of_version(folder: &Path) -> Result<Toolchain, String> {
    let version = fs::read_to_string(folder.join(VERSION)).map_err(|error| error.to_string())?;
    Toolchain::of_rustup(version.trim()).map_err(|error| format!("{error:#}"))
}

fn sum(of: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn extent_of_parts(folder: &Path) -> Result<Extent> {
    let mut all = Extent::default();
    for part in [preloaded::folder(folder), folder.join(LIBRARY), folder.join(TOOLS)] {
        let part = extent(&part)?;
        all = Extent { files: all.files + part.files, bytes: all.bytes + part.bytes };
    }
    Ok(all)
}

fn hash_sources(dir: &Path, name: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if !path.file_name().is_some_and(is_for_cells) {
            continue;
        }
        let name = name.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            hash_sources(&path, &name, hasher)?;
        } else if path.is_file() {
            name.hash(hasher);
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}
