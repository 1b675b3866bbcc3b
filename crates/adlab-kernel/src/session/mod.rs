//! A folder in which one kernel builds its cells, and what it begins with.
//!
//! Two kernels must never share evcxr's build folder: they would overwrite each other's source. So each session gets a
//! copy of a template in which the preloaded crate is compiled already ([`warm_build`]), which is made where
//! there is none. Where the crates have changed since, as they do in a checkout, cargo compiles what has.
//!
//! On the map, `docs/architecture.md`: *Processes and threads*.

mod claim;
pub mod environment;
pub mod janitor;
pub mod level;
pub mod place;
pub mod warm_build;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use self::claim::{Claim, PREFIX, remove_abandoned};
use self::environment::UserEnvironment;
use self::janitor::Janitor;
use self::warm_build::{BUILD, LIBRARY, TOOLS, WarmBuild};
use crate::analysis::slim_std;
use crate::assumptions::CONFIG_FILE;
use crate::compile::tools::Tools;
use crate::system::files::copy_tree;
use crate::system::project::Project;
use crate::system::toolchain;

/// The command of this program that makes a warm build.
pub const PREPARE: &str = "prepare";

pub struct Session {
    // Removed before the janitor looks.
    dir: TempDir,
    project: Project,
    warm: WarmBuild,
    user: UserEnvironment,
    /// The standard library's source, where there is a slim one.
    library: Option<PathBuf>,
    _claim: Claim,
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
        tools.stand_in(&toolchain)?;
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
        Ok(Session { dir, project: project.clone(), warm, user, library: None, _claim: claim, _janitor: janitor })
    }

    /// Puts in what a session begins with: from the warm build, where there is one. Takes a while.
    pub fn fill(&self) -> Result<()> {
        self.try_to_fill().map_err(place::explained)
    }

    fn try_to_fill(&self) -> Result<()> {
        let warm = &self.warm;
        if !warm.fits() && !warm.is_older() {
            self.make_warm_build()?;
        }
        copy_tree(&warm.folder.join(BUILD), &self.build()).context("cannot copy the warm build")?;
        let fits = warm.fits();
        if fits {
            copy_tree(&warm.folder.join(TOOLS), &self.path(TOOLS)).context("cannot copy the warm build")?;
        }
        self.begin(true)?;
        // What is known of another state of the crate is worth nothing, and what cells are linked with may be another's.
        if fits { Ok(()) } else { self.tools().build_store(&self.build()) }
    }

    /// In a process of its own, as a session is open in this one.
    fn make_warm_build(&self) -> Result<()> {
        eprintln!("adlab: there is no warm build for this toolchain yet; it is made now, once (about a minute)");
        let mut command = Command::new(std::env::current_exe()?);
        self.user.give(&mut command, self.dir.path());
        command.arg(PREPARE).stdin(Stdio::null()).stdout(Stdio::null());
        let done = command.output().context("cannot start this program again")?;
        let said = String::from_utf8_lossy(&done.stderr);
        if !done.status.success() {
            bail!("{}", said.lines().filter_map(|line| line.strip_prefix("adlab: ")).collect::<Vec<_>>().join("\n"));
        }
        if !self.warm.fits() {
            bail!("the warm build in {} is gone again, or damaged; run: adlab doctor", self.warm.folder.display());
        }
        Ok(())
    }

    /// Puts in what a warm build is to be made from, and nothing else.
    pub fn fill_cold(&mut self) -> Result<()> {
        self.library = None;
        self.begin(false)?;
        let library = self.path(LIBRARY);
        slim_std::write(&self.library()?, &library)?;
        self.library = Some(library);
        self.tools().build_store(&self.build())
    }

    /// As it is when a session begins: what is asked then is known to the warm build as well.
    pub fn begin_again(&self) -> Result<()> {
        warm_build::remove_cells(&self.build())?;
        self.begin(true)
    }

    fn begin(&self, offline: bool) -> Result<()> {
        fs::create_dir_all(self.build())?;
        fs::create_dir_all(self.path(".cargo"))?;
        level::set(&self.build(), None)?;
        // With a warm build, all that is needed was downloaded: a class without network must get through.
        fs::write(self.path(CONFIG_FILE), self.project.preload()?.to_toml(offline))?;
        // A copy that can be written to, also where this one can't.
        let lock = fs::read(self.project.lock_file()).context("cannot read Cargo.lock")?;
        Ok(fs::write(self.path("Cargo.lock"), lock)?)
    }

    fn tools(&self) -> Tools {
        Tools { folder: self.path(TOOLS) }
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

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// evcxr's folder.
    pub fn build(&self) -> PathBuf {
        self.path(BUILD)
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

    /// How a program is started in the student's name: in this folder, or in the one that this process is in.
    pub fn give_environment(&self, folder: Option<&Path>) -> impl Fn(&mut Command) + Send + use<> {
        let (user, session, folder) = (self.user.clone(), self.dir.path().to_owned(), folder.map(Path::to_owned));
        move |command| {
            user.give(command, &session);
            if let Some(folder) = &folder {
                command.current_dir(folder);
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
