//! `adlab install --into`: an installation that stands by itself, made from a checkout or from another installation.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::vendored;
use crate::system::files::{copy_tree, let_all_read, replace_tree};
use crate::system::parts;
use crate::system::project::{Project, VENDORED, is_for_cells};

/// What it has of a checkout, apart from the crates.
const PARTS: [&str; 6] = ["Cargo.toml", "Cargo.lock", "kernel-spec", "notebooks", "LICENSE-APACHE", "LICENSE-MIT"];

/// Puts the parts and this program into PREFIX, on request with all that a machine without network needs. Says where that is.
pub fn make(project: &Project, prefix: &Path, is_portable: bool) -> Result<PathBuf> {
    let place = || format!("cannot install into {}; choose a folder that is yours", prefix.display());
    fs::create_dir_all(prefix.join("bin"))
        .and_then(|()| fs::create_dir_all(prefix.join("share")))
        .with_context(place)?;
    let prefix = prefix.canonicalize()?;
    let (share, root) = (prefix.join("share"), prefix.join("share/adlab"));
    if project.root().canonicalize().is_ok_and(|own| own == root) {
        bail!("this adlab is installed in {} itself; run the one of a checkout", prefix.display());
    }
    project.check()?;
    // Beside its place first: there is a whole one, or the one before.
    let new = tempfile::Builder::new().prefix("adlab-new-").tempdir_in(&share).with_context(place)?;
    copy_parts(project, new.path(), is_portable).with_context(place)?;
    replace_tree(new.path(), &root)?;
    let _ = new.keep();
    let program = tempfile::Builder::new().prefix("adlab-new-").tempdir_in(prefix.join("bin")).with_context(place)?;
    let copy = program.path().join("adlab");
    fs::copy(std::env::current_exe()?, &copy).with_context(place)?;
    let_all_read(&copy)?;
    fs::rename(&copy, prefix.join("bin/adlab")).with_context(place)?;
    Ok(prefix)
}

/// PREFIX of the installation that this program belongs to.
pub fn prefix(project: &Project) -> Result<PathBuf> {
    let prefix = project.root().ancestors().nth(2).filter(|_| project.is_installation());
    prefix
        .map(Path::to_owned)
        .context("--system is for an installation, and this is a checkout; make one: adlab install --into PREFIX")
}

fn copy_parts(project: &Project, to: &Path, is_portable: bool) -> Result<()> {
    for name in PARTS {
        copy(&project.root().join(name), &to.join(name))?;
    }
    for folder in project.preload()?.folders() {
        let beside = folder.parent().context("a crate in no folder")?;
        copy(beside, &to.join("crates"))?;
    }
    let (own, vendored) = (project.root().join(VENDORED), to.join(VENDORED));
    if own.is_dir() {
        copy_tree(&own, &vendored)?;
    } else if is_portable {
        vendored::write(project, &vendored)?;
    }
    parts::write_list(to)?;
    let_all_read(to)
}

/// What is not there is left out: the list says what there was.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        return Ok(fs::copy(from, to).map(drop)?);
    }
    for entry in fs::read_dir(from).into_iter().flatten() {
        let name = entry?.file_name();
        if is_for_cells(&name) {
            fs::create_dir_all(to)?;
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
