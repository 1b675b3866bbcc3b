//! How much a session's cells are optimised.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::compile::FIXED_LEVEL;

/// Of cells that loop; others are compiled at 0.
pub const OF_LOOPS: u8 = 1;

/// evcxr writes its own `Cargo.toml` with one level for all; a configuration above its folder wins. Cells compile fast,
/// and what they call runs fast.
pub fn cargo_config(level: u8) -> String {
    format!("[profile.dev]\nopt-level = {level}\n\n[profile.dev.package.\"*\"]\nopt-level = 3\n")
}

/// From now on, cells in this build folder are compiled at this level; at none, each at the one that suits it.
pub fn set(build: &Path, level: Option<u8>) -> Result<()> {
    let session = build.parent().context("a build folder without a session")?;
    let fixed = session.join(FIXED_LEVEL);
    match level {
        Some(_) => fs::write(fixed, "")?,
        None if fixed.exists() => fs::remove_file(fixed)?,
        None => {}
    }
    let config = cargo_config(level.unwrap_or(OF_LOOPS));
    fs::write(session.join(".cargo/config.toml"), config).context("cannot write the configuration")
}
