//! `adlab clean`: empties the user's cache. What is in it is made again when it is needed.

use anyhow::{Result, bail};

use crate::system::project::{Project, user_cache};
use crate::system::user_cache::empty;

/// An installation itself is never touched; nor is a checkout, which has its own in `target`.
pub fn clean(project: Result<Project>) -> Result<()> {
    let cache = user_cache();
    if project.as_ref().is_ok_and(|project| project.root().starts_with(&cache)) {
        bail!("{} is no cache only: this adlab is installed in it", cache.display());
    }
    let removed = empty(&cache)?;
    match removed.files {
        0 => println!("cache       {} is empty", cache.display()),
        files => println!("emptied     {}: {} MB in {files} files", cache.display(), removed.bytes.div_ceil(1 << 20)),
    }
    if let Some(project) = project.ok().filter(|project| !project.is_installation()) {
        println!("a checkout  keeps what it makes in {}", project.own().display());
    }
    Ok(())
}
