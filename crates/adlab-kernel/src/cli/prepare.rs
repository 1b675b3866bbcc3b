//! Makes the warm build: starts an engine once, and keeps what it has compiled.

use anyhow::{Result, anyhow};

use crate::analysis::Analysis;
use crate::engine::Engine;
use crate::session::{Session, warm_build};
use crate::system::project::Project;
use crate::system::toolchain::Toolchain;

/// Compiles the preloaded crate and some typical cells, and keeps the result for all sessions to come. Returns false if
/// there is nothing to do. Call before any thread starts.
pub fn prepare(project: &Project) -> Result<bool> {
    let preload = project.preload()?;
    if warm_build::is_up_to_date(project, &preload)? {
        return Ok(false);
    }
    let stamp = warm_build::stamp(project, &preload)?;
    println!("warm build  compiling the preloaded crate, once (about a minute)");
    let mut session = Session::open(project, &Toolchain::here()?)?;
    session.fill_cold()?;
    let analysis = Analysis::start(session.library()?)?;
    let mut engine = Engine::start(preload, &session, analysis.clone(), None)?;
    for (i, code) in warm_build::TYPICAL_CELLS.iter().enumerate() {
        engine
            .execute(code, None, i + 1, Box::new(|_| ()))
            .map_err(|fault| anyhow!("a first cell fails: {}: {}", fault.ename, fault.evalue))?;
    }
    // What cargo answers is kept as well.
    analysis.settle(|| false);
    drop(engine);
    warm_build::keep(project, session.folder(), &stamp)?;
    Ok(true)
}
