//! `adlab run --verify`, `--update`: whether notebooks still show what they showed.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::engine::unattended::{Limit, Unattended};
use crate::notebook::compare::drift;
use crate::notebook::file::{self, Notebook};
use crate::session::Session;
use crate::system::files::write_atomically;
use crate::system::processes::cores;
use crate::system::project::Project;
use crate::system::toolchain;

/// What is found on the way, to be kept.
pub struct Verification<'a> {
    pub project: &'a Project,
    pub session: &'a Session,
    pub analysis: &'a Analysis,
    pub limit: Duration,
    pub tolerance: f64,
    /// Notebooks whose cells have drifted are written again.
    pub update: bool,
    pub found: Vec<Value>,
}

impl Verification<'_> {
    /// True if nothing has drifted, or all that has is written down.
    pub fn verify(&mut self, mut notebook: Notebook) -> Result<bool> {
        let name = notebook.name();
        let here = notebook.path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
        let mut run = Unattended::start(self.project, self.session, self.analysis, here.as_deref())?;
        run.look_ahead(cores())?;
        let mut cells = notebook.cells().to_vec();
        cells.iter_mut().filter(|cell| !file::is_skipped(cell)).for_each(file::clear);
        for place in 0..cells.len() {
            if file::is_run(&cells[place]) {
                run.run(&mut cells, place, Limit::Wall(self.limit));
            }
        }
        run.end(&mut cells);
        let mut drifted = Vec::new();
        for (old, new) in notebook.cells_mut().iter_mut().zip(cells) {
            let how = drift(&old["outputs"], &new["outputs"], self.tolerance);
            // What is other each time.
            let Some(how) = how.filter(|_| !file::has_tag(old, "nbval-ignore-output")) else {
                continue;
            };
            let id = new["id"].as_str().unwrap_or_default().to_owned();
            drifted.push((id, how));
            *old = new;
        }
        match drifted.len() {
            0 => println!("ok      {name}: shows what it showed"),
            some => println!("DRIFTED {name}: {some} cells"),
        }
        for (id, how) in &drifted {
            println!("        {id}: {how}");
        }
        let is_kept = self.update && !drifted.is_empty();
        if is_kept {
            notebook.write(&notebook.path)?;
            println!("wrote   {}", notebook.path.display());
        }
        let cells: Vec<Value> = drifted.iter().map(|(id, how)| json!({ "cell": id, "drift": how })).collect();
        self.found.push(json!({ "notebook": notebook.path.display().to_string(), "drifted": cells }));
        Ok(drifted.is_empty() || is_kept)
    }

    /// With what it was found.
    pub fn report(&self, path: Option<&Path>) -> Result<()> {
        let versions = versions(self.project)?;
        let said: Vec<String> =
            versions.iter().map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default())).collect();
        println!("with    {}", said.join(", "));
        let Some(path) = path else { return Ok(()) };
        let report = json!({ "versions": versions, "tolerance": self.tolerance, "notebooks": self.found });
        write_atomically(path, (serde_json::to_string_pretty(&report)? + "\n").as_bytes())
    }
}

/// Of kernel and compiler, and of the crates that cells can use without more.
fn versions(project: &Project) -> Result<serde_json::Map<String, Value>> {
    let mut versions = serde_json::Map::new();
    versions.insert("adlab".into(), env!("CARGO_PKG_VERSION").into());
    let compiler = toolchain::output("rustc", &["--version"]).unwrap_or_default();
    versions.insert("rustc".into(), compiler.split_whitespace().nth(1).unwrap_or_default().into());
    let lock: toml::Table = std::fs::read_to_string(project.lock_file())?.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    for package in packages {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str).unwrap_or_default();
        if ["evcxr", "plotters", "libm"].contains(&field("name")) {
            versions.insert(field("name").into(), field("version").into());
        }
    }
    Ok(versions)
}
