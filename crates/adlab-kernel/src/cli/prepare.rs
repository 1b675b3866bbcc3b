//! Makes the warm build: starts an engine, starts it again as sessions do, and keeps what it has compiled and asked.

use anyhow::{Result, anyhow};

use crate::ahead::Next;
use crate::analysis::Analysis;
use crate::engine::Engine;
use crate::session::environment::reach_cargo;
use crate::session::warm_build::{TYPICAL_CELLS, WarmBuild};
use crate::session::{Session, place};
use crate::system::project::Project;
use crate::system::toolchain::Toolchain;

/// Compiles the preloaded crate and some typical cells, and keeps the result for all sessions to come. Returns false if
/// there is nothing to do. Call before any thread starts.
pub fn prepare(project: &Project, warm: &WarmBuild) -> Result<bool> {
    if warm.fits() {
        return Ok(false);
    }
    project.check()?;
    let _lock = warm.begin()?;
    // Who had it before us may have made it.
    if warm.fits() {
        return Ok(false);
    }
    println!("warm build  compiling the preloaded crate, once (about a minute)");
    let mut session = Session::open(project, warm.clone())?;
    session.fill_cold()?;
    make(project, &session).map_err(|error| match place::lost(session.folder(), &format!("{error:#}")) {
        Some(reason) => anyhow!("{reason}"),
        None => error,
    })?;
    warm.keep(session.folder())?;
    if project.is_installation() && project.shared_warm().as_ref() != Some(&warm.folder) {
        warm.toolchain.write_down(&project.own())?;
    }
    Ok(true)
}

/// The one that a session in this folder would begin with, or the one for all users of an installation.
pub fn prepare_alone(project: &Project, shared: bool) -> Result<()> {
    // Without it, the toolchain of the last time may still be there.
    let _ = reach_cargo();
    let warm = if shared { WarmBuild::shared(project, Toolchain::here()?)? } else { WarmBuild::find(project)? };
    prepare(project, &warm).map(drop)
}

fn make(project: &Project, session: &Session) -> Result<()> {
    let analysis = Analysis::start(session.library()?)?;
    let mut engine = Engine::start(project.preload()?, session, analysis.clone(), None)?;
    for (i, code) in TYPICAL_CELLS.iter().enumerate() {
        engine
            .execute(Next::new(None, code.to_string()), i + 1, &[], Box::new(|_| ()))
            .map_err(|fault| anyhow!("a first cell fails: {}: {}", fault.ename, fault.evalue))?;
    }
    // What cargo answers is kept as well.
    analysis.settle(|| false);
    Ok(())
}
