//! Where the project's parts are, and what is preloaded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

/// The checkout that this binary belongs to.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// `ADLAB_HOME`, or the folder above this binary that holds `kernel-spec`, or where it was compiled.
    pub fn find() -> Result<Self> {
        if let Some(home) = std::env::var_os("ADLAB_HOME") {
            let root = PathBuf::from(home);
            if !is_project(&root) {
                bail!(
                    "ADLAB_HOME is {}, and there is no kernel-spec/evcxr.toml in it; set it to the adlab checkout, or unset it",
                    root.display()
                );
            }
            return Ok(Project { root });
        }
        let exe = std::env::current_exe().context("cannot tell where this program is")?;
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
        exe.ancestors()
            .chain(compiled.ancestors())
            .find(|dir| is_project(dir))
            .map(|root| Project { root: root.to_owned() })
            .context("cannot find the adlab checkout that this program was built from; set ADLAB_HOME to it")
    }

    pub fn kernel_spec(&self) -> PathBuf {
        self.root.join("kernel-spec")
    }

    /// The lock file that says which versions the preloaded crate is built with.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("Cargo.lock")
    }

    /// Where cargo builds the project.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// The warm build that sessions start from.
    pub fn warm(&self) -> PathBuf {
        self.target().join("warm")
    }

    /// Cells that were compiled before.
    pub fn cells(&self) -> PathBuf {
        self.target().join("cells")
    }

    pub fn preload(&self) -> Result<Preload> {
        Preload::read(&self.kernel_spec().join("evcxr.toml"))
    }
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

    /// As `:dep` lines.
    pub fn dependencies(&self) -> String {
        let mut lines = String::new();
        for (name, value) in self.table.get("dependencies").and_then(Value::as_table).into_iter().flatten() {
            let _ = writeln!(lines, ":dep {name} = {value}");
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

    /// As a file that evcxr reads. Offline, nothing but what is downloaded already is asked for.
    pub fn to_toml(&self, offline: bool) -> String {
        let mut table = self.table.clone();
        let evcxr = table.entry("evcxr").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(evcxr) = evcxr {
            evcxr.insert("offline_mode".into(), offline.into());
        }
        table.to_string()
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
        assert!(lines.contains(&format!(":dep c = {{ path = \"{}\" }}", folder.display())), "{lines}");
        assert!(lines.contains(":dep d = \"1\""), "{lines}");
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
