//! The crates of the workspace in which cells are built, as cargo describes them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand, Node, PackageId, TargetKind};
use serde::{Deserialize, Serialize};

use crate::compile::preloaded;
use crate::system::toolchain::host;

/// Beside the preloaded libraries: which crates they are, with their sources in [`SOURCES`].
const LIST: &str = "crates.json";
/// Beside a session's build folder: where the project is.
pub const SOURCES: &str = "sources";

/// A crate, as cargo describes it.
#[derive(Serialize, Deserialize)]
pub struct Package {
    pub name: String,
    pub root: PathBuf,
    pub edition: String,
    pub features: Vec<String>,
    pub dependencies: Dependencies,
}

/// Names, and the ids of the crates that they stand for.
pub type Dependencies = Vec<(String, PackageId)>;

#[derive(Default, Serialize, Deserialize)]
pub struct Packages {
    pub of_cells: Dependencies,
    /// By their ids.
    pub others: HashMap<PackageId, Package>,
}

/// Those that `:dep` has added, and the preloaded ones.
pub fn of(build: &Path) -> Result<Packages> {
    let mut all = known_to_cargo(build)?;
    let text = std::fs::read_to_string(preloaded::folder(build).join(LIST)).unwrap_or_default();
    if let Ok(preloaded) = serde_json::from_str::<Packages>(&text) {
        let sources = build.with_file_name(SOURCES);
        all.of_cells.extend(preloaded.of_cells);
        all.others.extend(preloaded.others.into_iter().map(|(id, package)| {
            let root = sources.join(&package.root);
            (id, Package { root, ..package })
        }));
    }
    Ok(all)
}

/// Writes down the preloaded ones: those that this package depends on, in the project's folder.
pub fn write_preloaded(build: &Path, package: &Path, project: &Path) -> Result<()> {
    let mut packages = known_to_cargo(package)?;
    for package in packages.others.values_mut() {
        package.root = package.root.strip_prefix(project).unwrap_or(&package.root).to_owned();
    }
    // No path of this machine is in it.
    let list = serde_json::to_string(&packages)?.replace(&*project.to_string_lossy(), "");
    Ok(std::fs::write(preloaded::folder(build).join(LIST), list)?)
}

/// What a crate of the workspace's own folder needs from elsewhere is left out: its names are its own, and it is not to be
/// analysed itself.
fn known_to_cargo(build: &Path) -> Result<Packages> {
    // Those of other systems need not have been downloaded. In one word: in two it is a question of evcxr's analyzer
    // (`METADATA_OF_ANALYZER`), which is to find no crates.
    let of_host = host().map(|host| format!("--filter-platform={host}"));
    let options: Vec<String> = of_host.into_iter().chain(["--offline".to_owned()]).collect();
    let mut command = MetadataCommand::new();
    command.cargo_path("cargo").current_dir(build).other_options(options);
    let metadata = command.exec().context("cargo can't tell which crates there are")?;
    let cells = metadata.workspace_members.first().context("there is no crate for cells")?.clone();
    let nodes = metadata.resolve.map_or(Vec::new(), |resolve| resolve.nodes);
    let nodes: HashMap<PackageId, Node> = nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
    let mut described: HashMap<PackageId, cargo_metadata::Package> =
        metadata.packages.into_iter().map(|package| (package.id.clone(), package)).collect();
    let mut found = Packages::default();
    let mut wanted = vec![cells.clone()];
    while let Some(id) = wanted.pop() {
        let (Some(package), Some(node)) = (described.remove(&id), nodes.get(&id)) else { continue };
        let local = id != cells && package.source.is_none();
        let dependencies: Dependencies = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal))
            .filter(|dependency| {
                !local || described.get(&dependency.pkg).is_none_or(|package| package.source.is_none())
            })
            .map(|dependency| (dependency.name.clone(), dependency.pkg.clone()))
            .collect();
        wanted.extend(dependencies.iter().map(|(_, to)| to.clone()));
        if id == cells {
            found.of_cells = dependencies;
            continue;
        }
        let libraries = [TargetKind::Lib, TargetKind::RLib, TargetKind::DyLib, TargetKind::CDyLib];
        let is_library = |target: &&cargo_metadata::Target| target.kind.iter().any(|kind| libraries.contains(kind));
        let Some(library) = package.targets.iter().find(is_library) else { continue };
        let package = Package {
            name: library.name.clone(),
            root: library.src_path.clone().into(),
            edition: library.edition.as_str().to_owned(),
            features: node.features.iter().map(|feature| feature.to_string()).collect(),
            dependencies,
        };
        found.others.insert(id, package);
    }
    Ok(found)
}
