//! What rust-analyzer knows: the standard library, the crates that cells use, and one file with a cell in it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use ra_ap_base_db::target::{Arch, TargetData};
use ra_ap_base_db::{CrateBuilderId, CrateName, CrateOrigin, CrateWorkspaceData, DependencyBuilder, Env, FileSet};
use ra_ap_base_db::{LangCrateOrigin, VfsPath};
use ra_ap_cfg::CfgOptions;
use ra_ap_hir::ChangeWithProcMacros;
use ra_ap_ide::{AnalysisHost, CrateGraphBuilder, Edition, FileId, SourceRoot};
use ra_ap_intern::Symbol;
use ra_ap_paths::{AbsPathBuf, Utf8PathBuf};
use serde_json::Value;
use triomphe::Arc;

use super::packages::{self, Packages};

/// They are under every crate's names.
const SYSROOT: [&str; 3] = ["core", "alloc", "std"];

pub struct World {
    pub host: AnalysisHost,
    /// The file with the cell.
    pub cell: FileId,
    library: PathBuf,
    target: Target,
    files: HashMap<PathBuf, FileId>,
    /// The `Cargo.toml` that the crates are from.
    manifest: String,
}

impl World {
    /// Reads the standard library from the folder of its source.
    pub fn new(library: &Path) -> Result<Self> {
        let cell = FileId::from_raw(0);
        let mut world = World {
            host: AnalysisHost::default(),
            cell,
            library: library.to_owned(),
            target: Target::of_this_machine()?,
            files: HashMap::from([(PathBuf::from("/cell/lib.rs"), cell)]),
            manifest: String::new(),
        };
        world.assemble(&Packages::default())?;
        Ok(world)
    }

    /// Reads the crates of the workspace in which cells are built, if they have changed.
    pub fn use_crates_of(&mut self, build: &Path) -> Result<()> {
        let manifest = std::fs::read_to_string(build.join("Cargo.toml")).unwrap_or_default();
        if manifest == self.manifest {
            return Ok(());
        }
        self.assemble(&packages::of(build)?)?;
        self.manifest = manifest;
        Ok(())
    }

    pub fn set_cell(&mut self, text: String) {
        let mut change = ChangeWithProcMacros::default();
        change.change_file(self.cell, Some(text));
        self.host.apply_change(change);
    }

    /// Makes the graph of crates: the standard library, those of the workspace, and the cell's own, which has no name.
    fn assemble(&mut self, packages: &Packages) -> Result<()> {
        let mut change = ChangeWithProcMacros::default();
        let mut graph = CrateGraphBuilder::default();
        let mut own_files = FileSet::default();
        own_files.insert(self.cell, VfsPath::new_real_path("/cell/lib.rs".into()));
        // Files of libraries don't change: after a cell, nothing that depends on them alone is looked at again.
        let mut roots = vec![SourceRoot::new_local(own_files)];
        let data = Arc::new(CrateWorkspaceData { target: Ok(self.target.data.clone()), toolchain: None });
        let folder = |path: &Path| -> Result<Arc<AbsPathBuf>> {
            let path = Utf8PathBuf::try_from(path.to_owned()).context("a path is no UTF-8")?;
            Ok(Arc::new(AbsPathBuf::assert(path)))
        };
        let mut add = |file, edition, name: &str, cfg, origin, path: &Path| -> Result<CrateBuilderId> {
            let name = (!name.is_empty()).then(|| CrateName::normalize_dashes(name).into());
            let (env, folder) = (Env::default(), folder(path)?);
            Ok(graph.add_crate_root(
                file,
                edition,
                name,
                None,
                cfg,
                None,
                env,
                origin,
                vec![],
                false,
                folder,
                data.clone(),
            ))
        };
        let mut sysroot = Vec::new();
        for name in SYSROOT {
            let source = self.library.join(name).join("src");
            let root = self.read(&source, &source.join("lib.rs"), &mut change, &mut roots)?;
            let origin = CrateOrigin::Lang(LangCrateOrigin::from(name));
            let id = add(root, Edition::Edition2024, name, self.options(&[]), origin, &source)?;
            sysroot.push((CrateName::new(name).expect("a name"), id));
        }
        let mut ids = HashMap::new();
        for (key, package) in &packages.others {
            let source = package.root.parent().context("a crate without a folder")?;
            let root = self.read(source, &package.root, &mut change, &mut roots)?;
            let origin = CrateOrigin::Library { repo: None, name: Symbol::intern(&package.name) };
            let cfg = self.options(&package.features);
            let edition = package.edition.parse().unwrap_or(Edition::Edition2024);
            ids.insert(key, add(root, edition, &package.name, cfg, origin, source)?);
        }
        let own = CrateOrigin::Local { repo: None, name: None };
        let cell = add(self.cell, Edition::Edition2024, "", self.options(&[]), own, Path::new("/cell"))?;
        let (core, alloc, std) = (sysroot[0].1, sysroot[1].1, sysroot[2].1);
        let mut depend = |from, name: CrateName, to, of_sysroot| {
            let dependency = DependencyBuilder::with_prelude(name, to, true, of_sysroot);
            let _ = graph.add_dep(from, dependency);
        };
        depend(alloc, sysroot[0].0.clone(), core, true);
        for (name, id) in &sysroot[..2] {
            depend(std, name.clone(), *id, true);
        }
        for from in ids.values().chain([&cell]) {
            for (name, id) in &sysroot {
                depend(*from, name.clone(), *id, true);
            }
        }
        let others = packages.others.iter().map(|(key, package)| (ids[key], &package.dependencies));
        for (from, dependencies) in others.chain([(cell, &packages.of_cells)]) {
            for (name, to) in dependencies {
                if let Some(to) = ids.get(to) {
                    depend(from, CrateName::normalize_dashes(name), *to, false);
                }
            }
        }
        change.change_file(self.cell, Some(String::new()));
        change.set_roots(roots);
        change.set_crate_graph(graph);
        self.host.apply_change(change);
        Ok(())
    }

    /// Reads a crate's files, and returns that of its root.
    fn read(
        &mut self,
        source: &Path,
        root: &Path,
        change: &mut ChangeWithProcMacros,
        roots: &mut Vec<SourceRoot>,
    ) -> Result<FileId> {
        let mut set = FileSet::default();
        let mut folders = vec![source.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs")
                    && let Ok(text) = std::fs::read_to_string(&path)
                    && let Some(name) = path.to_str()
                {
                    let next = FileId::from_raw(self.files.len() as u32);
                    let id = *self.files.entry(path.clone()).or_insert(next);
                    if id == next {
                        change.change_file(id, Some(text));
                    }
                    set.insert(id, VfsPath::new_real_path(name.to_owned()));
                }
            }
        }
        roots.push(SourceRoot::new_library(set));
        self.files.get(root).copied().with_context(|| format!("{} is missing", root.display()))
    }

    fn options(&self, features: &[String]) -> CfgOptions {
        let mut options = CfgOptions::default();
        for (key, value) in &self.target.cfg {
            let key = Symbol::intern(key);
            match value {
                Some(value) => options.insert_key_value(key, Symbol::intern(value)),
                None => options.insert_atom(key),
            }
        }
        for feature in features {
            options.insert_key_value(Symbol::intern("feature"), Symbol::intern(feature));
        }
        options
    }
}

/// What the compiler builds for.
struct Target {
    /// `unix`, `target_os = "linux"` …
    cfg: Vec<(String, Option<String>)>,
    /// How long an array is depends on it.
    data: TargetData,
}

impl Target {
    fn of_this_machine() -> Result<Self> {
        let mut rustc = Command::new("rustc");
        rustc.args(["-Zunstable-options", "--print", "cfg", "--print", "target-spec-json"]);
        // The standard library is written for what is not stable yet.
        let output = rustc.env("RUSTC_BOOTSTRAP", "1").output().context("cannot run rustc")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (cfg, description) = text.split_at(text.find("\n{").context("rustc does not say what it builds for")?);
        let pairs = cfg.lines().map(|line| match line.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.trim_matches('"').to_owned())),
            None => (line.to_owned(), None),
        });
        let description: Value = serde_json::from_str(description)?;
        let data_layout = description["data-layout"].as_str().context("rustc names no data layout")?;
        let data = TargetData { data_layout: data_layout.into(), arch: Arch::Other };
        Ok(Target { cfg: pairs.collect(), data })
    }
}
