//! Where the project's parts are, where it may write, and what is preloaded.
//!
//! A *checkout* has its parts in its folder, and writes into `target`. An *installation* is `PREFIX/bin/adlab` with
//! `PREFIX/share/adlab` beside it, where it only reads; it writes into the user's cache.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::parts;

/// The part that makes a network unnecessary.
pub const VENDORED: &str = "vendor";

/// Names the user's cache, on every system.
pub const CACHE_VAR: &str = "XDG_CACHE_HOME";

/// What this binary belongs to.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder of the parts.
    root: PathBuf,
    /// The user's cache, where it is an installation.
    cache: Option<PathBuf>,
}

impl Project {
    /// `ADLAB_HOME`; or what belongs to the `bin` in which this program is; or else the checkout around it.
    pub fn find() -> Result<Self> {
        if let Some(home) = std::env::var_os("ADLAB_HOME") {
            let root = PathBuf::from(home);
            if !is_project(&root) {
                bail!(
                    "ADLAB_HOME is {}, and there is no kernel-spec/evcxr.toml in it; set it to the adlab checkout, or unset it",
                    root.display()
                );
            }
            return Ok(Self::at(root));
        }
        let exe = std::env::current_exe().context("cannot tell where this program is")?;
        let exe = exe.canonicalize().unwrap_or(exe);
        let folder = exe.parent().unwrap_or(Path::new("/"));
        if folder.ends_with("bin") {
            let root = folder.with_file_name("share").join("adlab");
            if !is_project(&root) || !parts::has_list(&root) {
                bail!(
                    "{} is not whole, and {} needs it: install adlab again ({})",
                    root.display(),
                    exe.display(),
                    parts::AGAIN
                );
            }
            return Ok(Self::at(root));
        }
        let checkout = folder.ancestors().find(|dir| is_project(dir));
        checkout
            .map(|root| Self::at(root.to_owned()))
            .context("cannot find the adlab checkout that this program was built from; set ADLAB_HOME to it")
    }

    fn at(root: PathBuf) -> Self {
        let cache = parts::has_list(&root).then(|| user_cache().join(env!("CARGO_PKG_VERSION")));
        Project { root, cache }
    }

    pub fn is_installation(&self) -> bool {
        self.cache.is_some()
    }

    /// Fails where a part of an installation is missing or damaged.
    pub fn check(&self) -> Result<()> {
        if self.is_installation() { parts::check(&self.root) } else { Ok(()) }
    }

    /// The folder of the parts.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn kernel_spec(&self) -> PathBuf {
        self.root.join("kernel-spec")
    }

    /// The lock file that says which versions the preloaded crate is built with.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("Cargo.lock")
    }

    /// The folder that it writes into: in a checkout the one in which cargo builds it, else the user's cache.
    pub fn own(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(|| self.root.join("target"))
    }

    /// The warm build that sessions start from. An installation keeps one for each state of itself and of the toolchain.
    pub fn warm(&self, state: &str) -> PathBuf {
        match &self.cache {
            Some(cache) => cache.join(format!("warm-{state}")),
            None => self.own().join("warm"),
        }
    }

    /// The one that an installation has for all of its users, if somebody has made it.
    pub fn shared_warm(&self) -> Option<PathBuf> {
        self.is_installation().then(|| self.root.join("warm"))
    }

    /// Where the toolchain is written down that cells are compiled with.
    pub fn toolchain_note(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(|| self.own().join("warm"))
    }

    /// What the compiler says of itself is kept here.
    pub fn compiler_note(&self) -> PathBuf {
        self.own().join("compiler")
    }

    /// Cells that were compiled before.
    pub fn cells(&self) -> PathBuf {
        self.own().join("cells")
    }

    /// What tells cargo that it finds what the preloaded crates need beside them, if it does.
    pub fn vendored(&self) -> Vec<String> {
        let folder = self.root.join(VENDORED);
        let place = Value::from(folder.to_string_lossy().into_owned());
        let settings =
            ["source.crates-io.replace-with=\"adlab\"".to_owned(), format!("source.adlab.directory={place}")];
        if folder.is_dir() { settings.into() } else { Vec::new() }
    }

    /// What says which crates are preloaded.
    pub fn preload_file(&self) -> PathBuf {
        self.kernel_spec().join("evcxr.toml")
    }

    pub fn preload(&self) -> Result<Preload> {
        Preload::read(&self.preload_file())
    }
}

/// What among the crates matters to cells: not the kernel's own, nor what tests a crate, nor what editors leave.
pub fn is_for_cells(name: &OsStr) -> bool {
    let others = ["adlab-kernel", "tests", "examples", "benches", "target"];
    !others.iter().any(|other| name == *other) && !name.as_encoded_bytes().starts_with(b".")
}

/// The user's folder for what can be made again, of all versions. Where there is none, what fails to write names it.
pub fn user_cache() -> PathBuf {
    let named = std::env::var_os(CACHE_VAR).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let home = || std::env::home_dir().unwrap_or_else(|| "/nonexistent".into());
    named.unwrap_or_else(|| home().join(usual)).join("adlab")
}

fn is_project(dir: &Path) -> bool {
    dir.join("kernel-spec").join("evcxr.toml").is_file()
}

/// What `kernel-spec/evcxr.toml` says, with absolute paths.
#[derive(Debug, Clone)]
pub struct Preload {
    table: Table,
    pub prelude: String,
}

impl Preload {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut table: Table = text.parse().with_context(|| format!("{} is no TOML", path.display()))?;
        let here = path.parent().unwrap_or(Path::new("."));
        for (name, dependency) in dependencies_of(&mut table) {
            let Some(Value::String(relative)) = dependency.get_mut("path") else {
                continue;
            };
            let absolute = here
                .join(&*relative)
                .canonicalize()
                .with_context(|| format!("the preloaded crate {name} is not at {relative}"))?;
            *relative = absolute.to_string_lossy().into_owned();
        }
        let prelude = table
            .get("evcxr")
            .and_then(|evcxr| evcxr.get("prelude"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        Ok(Preload { table, prelude })
    }

    /// As lines of a `Cargo.toml`.
    pub fn dependencies(&self) -> String {
        let mut lines = String::new();
        for (name, value) in self.table.get("dependencies").and_then(Value::as_table).into_iter().flatten() {
            let _ = writeln!(lines, "{name} = {value}");
        }
        lines
    }

    /// The folders of preloaded crates.
    pub fn folders(&self) -> Vec<PathBuf> {
        let dependencies = self.table.get("dependencies").and_then(Value::as_table);
        dependencies
            .into_iter()
            .flatten()
            .filter_map(|(_, value)| value.get("path")?.as_str().map(PathBuf::from))
            .collect()
    }

    /// As a file that evcxr reads.
    #[cfg(feature = "stock")]
    pub fn to_toml(&self) -> String {
        self.table.to_string()
    }
}

fn dependencies_of(table: &mut Table) -> impl Iterator<Item = (&String, &mut Value)> {
    table
        .get_mut("dependencies")
        .and_then(Value::as_table_mut)
        .into_iter()
        .flat_map(|dependencies| dependencies.iter_mut().map(|(name, value)| (name as &String, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("spec")).unwrap();
        std::fs::create_dir_all(dir.path().join("crate")).unwrap();
        let file = dir.path().join("spec/evcxr.toml");
        std::fs::write(
            &file,
            "[evcxr]\nprelude = \"use c::*;\"\n[dependencies]\nc = { path = \"../crate\" }\nd = \"1\"\n",
        )
        .unwrap();
        let preload = Preload::read(&file).unwrap();
        let folder = dir.path().join("crate").canonicalize().unwrap();
        assert_eq!(preload.folders(), std::slice::from_ref(&folder));
        assert_eq!(preload.prelude, "use c::*;");
        let lines = preload.dependencies();
        assert!(lines.contains(&format!("c = {{ path = \"{}\" }}", folder.display())), "{lines}");
        assert!(lines.contains("d = \"1\""), "{lines}");
    }

    #[test]
    fn a_missing_crate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("evcxr.toml");
        std::fs::write(&file, "[dependencies]\nc = { path = \"nowhere\" }\n").unwrap();
        let error = Preload::read(&file).unwrap_err().to_string();
        assert!(error.contains("the preloaded crate c is not at nowhere"), "{error}");
    }
}
