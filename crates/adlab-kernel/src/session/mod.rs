//! A folder in which one kernel builds its cells, and what it begins with.
//!
//! Two kernels must never share evcxr's build folder: they would overwrite each other's source. So each session gets a
//! copy of a template in which the preloaded crate is compiled already ([`warm_build`]), which is made where
//! none fits.
//!
//! On the map, `docs/architecture.md`: *Processes and threads*.

mod claim;
pub mod environment;
pub mod janitor;
pub mod level;
pub mod place;
pub mod warm_build;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use self::claim::{Claim, PREFIX, remove_abandoned};
use self::environment::UserEnvironment;
use self::janitor::Janitor;
use self::warm_build::{BUILD, LIBRARY, TOOLS, WarmBuild};
use crate::analysis::{packages, slim_std};
use crate::assumptions::CONFIG_FILE;
use crate::compile::tools::Tools;
use crate::compile::{linker, preloaded};
use crate::runtime::memory;
use crate::sandbox::scratch::{self, Scratch};
use crate::sandbox::terms::Terms;
use crate::sandbox::{self, Sandbox};
use crate::system::files::copy_tree;
use crate::system::project::Project;
use crate::system::toolchain;
use crate::system::user_cache;

/// What the stock kernel has compiled.
#[cfg(feature = "stock")]
const STOCK: &str = "stock";

/// In evcxr's folder: what it builds.
const TARGET: &str = "target";

/// The command of this program that makes a warm build.
pub const PREPARE: &str = "prepare";

pub struct Session {
    // Removed before the janitor looks.
    dir: TempDir,
    project: Project,
    warm: WarmBuild,
    user: UserEnvironment,
    sandbox: Sandbox,
    /// The standard library's source, where there is a slim one.
    library: Option<PathBuf>,
    _claim: Claim,
    /// Held as long as it lives.
    _cache: Option<fs::File>,
    _janitor: Janitor,
}

impl Session {
    /// Makes the folder, and points evcxr at it. It is to be filled before evcxr starts.
    ///
    /// Call once, before any thread starts: evcxr takes its folders from the environment.
    pub fn open(project: &Project, warm: WarmBuild) -> Result<Self> {
        let toolchain = warm.toolchain.clone();
        let mut session = Self::open_plain(project, warm)?;
        session.library = session.warm.library();
        let (tools, empty_library) = (session.tools(), session.path("empty-library"));
        tools.stand_in(&toolchain, session.warm.compiler())?;
        slim_std::write_empty(&empty_library)?;
        environment::wire_tools(&tools, &project.cells(), &empty_library)?;
        Ok(session)
    }

    /// The same without our means to make it fast.
    pub fn open_plain(project: &Project, warm: WarmBuild) -> Result<Self> {
        let user = UserEnvironment::of_this_process(project)?;
        place::check_here()?;
        let place = place::folder();
        remove_abandoned(&place);
        place::check(&place)?;
        let prefix = format!("{PREFIX}{}-", std::process::id());
        // What a cell says, and writes, is its user's.
        let mut folder = tempfile::Builder::new();
        let folder = folder.permissions(fs::Permissions::from_mode(0o700));
        let dir = folder.prefix(&prefix).tempdir_in(&place).context("cannot make a folder for the session")?;
        let claim = Claim::on(dir.path()).context("cannot write into the session's folder")?;
        let janitor = Janitor::start(dir.path())?;
        environment::wire(dir.path(), &dir.path().join(BUILD), &place);
        let cache = if project.is_installation() { user_cache::hold(&project.own()) } else { None };
        let project = project.clone();
        let (sandbox, library) = (Sandbox::Off, None);
        Ok(Session { dir, project, warm, user, sandbox, library, _claim: claim, _cache: cache, _janitor: janitor })
    }

    /// The same, where cells are trusted so far. Call before any thread starts; without it, they are.
    pub fn confined(mut self, sandbox: Sandbox) -> Self {
        environment::wire_sandbox(sandbox);
        self.sandbox = sandbox;
        self
    }

    /// Puts in what a session begins with. Where no warm build fits, it is made, and `progress` hears of each crate.
    pub fn fill(&self, progress: impl FnMut(&str)) -> Result<()> {
        self.try_to_fill(progress).map_err(place::explained)
    }

    fn try_to_fill(&self, progress: impl FnMut(&str)) -> Result<()> {
        let warm = &self.warm;
        if !warm.fits() {
            self.make_warm_build(progress)?;
        }
        self.begin()?;
        let from = preloaded::folder(&warm.folder);
        copy_tree(&from, &preloaded::folder(&self.build())).context("cannot copy the warm build")?;
        self.tools().learn(&warm.folder.join(TOOLS)).context("cannot copy the warm build")
    }

    /// In a process of its own, as a session is open in this one.
    fn make_warm_build(&self, mut progress: impl FnMut(&str)) -> Result<()> {
        eprintln!("adlab: there is no warm build for this toolchain yet; it is made now, once (about a minute)");
        let mut command = Command::new(std::env::current_exe()?);
        self.user.give(&mut command, self.dir.path());
        command.arg(PREPARE).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start this program again")?;
        let mut said = Vec::new();
        for line in BufReader::new(child.stderr.take().context("no stderr")?).lines() {
            let line = line?;
            if let Some(name) = line.trim_start().strip_prefix("Compiling ") {
                // Without the place of a crate.
                progress(name.split(" (").next().unwrap_or(name));
            }
            said.push(line);
        }
        if !child.wait()?.success() {
            bail!("{}", said.iter().filter_map(|line| line.strip_prefix("adlab: ")).collect::<Vec<_>>().join("\n"));
        }
        if !self.warm.fits() {
            bail!("the warm build in {} is gone again, or damaged; run: adlab doctor", self.warm.folder.display());
        }
        Ok(())
    }

    /// Puts in what a warm build is to be made from, and compiles it.
    pub fn fill_cold(&mut self) -> Result<()> {
        self.library = None;
        self.begin()?;
        let library = self.path(LIBRARY);
        slim_std::write(&self.library()?, &library)?;
        self.library = Some(library);
        self.with_sources(|| {
            let package = preloaded::compile(&self.project, &self.tools(), &self.build())?;
            packages::write_preloaded(&self.build(), &package, self.project.root())
        })
    }

    /// Does something for which cargo needs the sources of other crates: they may be among the parts.
    fn with_sources(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        match self.project.vendored() {
            settings if settings.is_empty() => work(),
            settings => environment::with_cargo_settings(&settings, &self.path("cargo-home"), work),
        }
    }

    fn begin(&self) -> Result<()> {
        fs::create_dir_all(self.build())?;
        fs::create_dir_all(self.path(".cargo"))?;
        level::set(&self.build(), None)?;
        linker::set_up(&self.tools(), &self.build())?;
        symlink(self.project.root(), self.path(packages::SOURCES))?;
        // evcxr has no part in what is preloaded.
        Ok(fs::write(self.path(CONFIG_FILE), "")?)
    }

    /// Puts in what the stock kernel begins with: it compiles the preloaded crate itself, once.
    #[cfg(feature = "stock")]
    pub fn fill_stock(&self) -> Result<()> {
        self.begin()?;
        fs::write(self.path(CONFIG_FILE), self.project.preload()?.to_toml())?;
        fs::copy(self.project.lock_file(), self.build().join("Cargo.lock"))?;
        let kept = self.project.own().join(STOCK).join(self.warm.state());
        if !kept.is_dir() {
            // Of another state, it is of no use.
            let place = kept.parent().unwrap_or(&kept);
            let _ = fs::remove_dir_all(place);
            // Beside its place first: what is cut short is never taken for a whole.
            fs::create_dir_all(place)?;
            let new = tempfile::tempdir_in(place)?;
            self.with_sources(|| {
                preloaded::compile_crates(&self.project, &self.tools(), &self.build(), new.path(), &[])
            })?;
            fs::rename(new.keep(), &kept)?;
        }
        copy_tree(&kept, &self.build().join("target"))
    }

    fn tools(&self) -> Tools {
        Tools { folder: self.path(TOOLS) }
    }

    /// The folder of the standard library's source, for the analysis of types.
    pub fn library(&self) -> Result<PathBuf> {
        self.library.clone().or_else(|| warm_build::any_library(&self.project)).with_context(|| {
            format!(
                "the standard library's source is missing: types can't be inferred; run: {}",
                toolchain::GET_RUST_SRC
            )
        })
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// evcxr's folder.
    pub fn build(&self) -> PathBuf {
        self.path(BUILD)
    }

    /// A new name for each engine of this session.
    pub fn socket(&self) -> PathBuf {
        let number = fs::read_dir(self.dir.path()).map_or(0, Iterator::count);
        self.path(&format!("runtime-{number}"))
    }

    /// How far cells are trusted.
    pub fn degree(&self) -> Sandbox {
        self.sandbox
    }

    /// Where cells are not trusted: a folder for them, with a copy of what is in this one, or in the one that this process is
    /// in.
    pub fn scratch(&self, folder: Option<&Path>) -> Result<Option<Scratch>> {
        if !self.sandbox.is_closed() {
            return Ok(None);
        }
        let from = folder.map_or_else(std::env::current_dir, |folder| Ok(folder.to_owned()))?;
        Scratch::make(self.path(scratch::FOLDER), &from).map(Some)
    }

    /// How a program is started in the student's name: in this folder, or in the one that this process is in. Where there is
    /// a scratch folder, the folder is that.
    pub fn give_environment(
        &self,
        folder: Option<&Path>,
        scratch: Option<&Scratch>,
    ) -> Result<impl Fn(&mut Command) + Send + use<>> {
        let (user, session, folder) = (self.user.clone(), self.dir.path().to_owned(), folder.map(Path::to_owned));
        let own = scratch.map(|scratch| scratch.folder().to_owned());
        let mut read = scratch.map_or_else(Vec::new, |scratch| scratch.linked.clone());
        if scratch.is_some() {
            // What may be read has to be there.
            fs::create_dir_all(self.build().join(TARGET))?;
            read.extend([preloaded::folder(&self.build()), self.build().join(TARGET), self.tools().libraries()]);
        }
        let (sandbox, own_too) = (self.sandbox, own.clone());
        let order = Terms { sandbox, read, own: own_too }.text()?;
        let (minimum, memory) = (self.sandbox.is_closed(), std::env::var_os(memory::VARIABLE));
        Ok(move |command: &mut Command| {
            match &own {
                Some(own) => user.give_harmless(command, &session, own),
                None => user.give(command, &session),
            }
            if let Some(folder) = own.as_ref().or(folder.as_ref()) {
                command.current_dir(folder);
            }
            if sandbox != Sandbox::Off {
                command.env(sandbox::VARIABLE, &order);
            }
            if let Some(memory) = memory.as_ref().filter(|_| minimum) {
                command.env(memory::VARIABLE, memory);
            }
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
