//! What the engine, the event loop and whoever interrupts share.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use super::flood::Flood;
use crate::event::Report;
use crate::sandbox::scratch::Scratch;
use crate::system::processes;

/// How far a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// There is none, or it is being compiled: its code has not begun to run.
    #[default]
    Pending,
    /// Its code runs. A snapshot stands by, or not.
    Running { protected: bool },
    /// It has asked the student for something, and has no answer.
    Asking { protected: bool },
    /// It has failed, and its process was told to go.
    RollingBack,
    /// Its code has run, to the end or not.
    Over,
}

impl Phase {
    pub fn is_running(self) -> bool {
        matches!(self, Phase::Running { .. } | Phase::Asking { .. })
    }

    pub fn is_asking(self) -> bool {
        matches!(self, Phase::Asking { .. })
    }

    /// A snapshot stands by.
    pub fn is_protected(self) -> bool {
        matches!(self, Phase::Running { protected: true } | Phase::Asking { protected: true })
    }

    /// The student is asked.
    pub fn asking(self) -> Self {
        match self {
            Phase::Running { protected } => Phase::Asking { protected },
            other => other,
        }
    }

    /// The student has answered.
    pub fn answered(self) -> Self {
        match self {
            Phase::Asking { protected } => Phase::Running { protected },
            other => other,
        }
    }
}

/// Where a cell's output goes. It may block: the state must not be locked meanwhile, or nothing could interrupt the cell.
#[derive(Clone)]
pub struct Output(Arc<Mutex<Flood>>);

impl Output {
    pub fn new(flood: Flood) -> Self {
        Output(Arc::new(Mutex::new(flood)))
    }

    pub fn lock(&self) -> MutexGuard<'_, Flood> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[derive(Default)]
pub struct State {
    /// Nothing while there is no cell.
    pub sink: Option<Output>,
    /// That of the cell before: its threads may print still.
    pub last_sink: Option<Output>,
    pub report: Report,
    pub phase: Phase,
    /// A process that runs cells is there, and speaks.
    pub is_connected: bool,
    /// The process that runs cells now.
    pub pid: Option<i32>,
    /// By which it is told, between two cells, that a control was moved.
    pub control: Option<UnixStream>,
    /// Where that process receives what the student types.
    pub stdin: Option<PathBuf>,
    /// What happens now is the kernel's own, and nothing interrupts it.
    pub alone: bool,
    /// An interrupt came meanwhile: it is for what comes next.
    pub wish: bool,
    /// A cell was asked for, and has not begun.
    pub is_expected: bool,
    /// It has been interrupted.
    pub is_unwanted: bool,
    /// What cells may write into, where they are not trusted.
    pub scratch: Option<Scratch>,
    /// The process that runs cells has made a snapshot of itself for the cell that is next, or runs.
    pub has_snapshot: bool,
    /// When the last answer was on its way to the cell.
    pub answered: Option<Instant>,
}

impl State {
    /// Where output goes that comes now: to the cell, or to the one before.
    pub fn output(&self) -> Option<Output> {
        self.sink.clone().or_else(|| self.last_sink.clone())
    }

    /// An interrupted cell of which no code runs.
    pub fn is_being_compiled(&self) -> bool {
        self.sink.is_some() && self.report.interrupted && !self.phase.is_running()
    }

    /// Whether a process that asks for a copy of itself may have it: once for each cell, as the first comes before its code.
    pub fn may_copy(&mut self) -> bool {
        !std::mem::replace(&mut self.has_snapshot, true)
    }

    /// Ends a cell that has put too much into its folder. `now` looks also where it was looked a moment ago.
    pub fn end_overrun(&mut self, now: bool) {
        if self.report.overrun.is_none()
            && let Some(why) = self.scratch.as_mut().and_then(|scratch| scratch.overrun(now))
        {
            self.report.overrun = Some(why);
            self.kill();
        }
    }

    /// What did is gone: the folder is as it was in the beginning.
    pub fn clear_overrun(&mut self) {
        if self.report.overrun.is_some()
            && let Some(scratch) = &mut self.scratch
        {
            scratch.begin_anew();
        }
    }

    /// Ends the process that runs the cell.
    pub fn kill(&self) {
        if let Some(pid) = self.pid {
            processes::kill(pid);
        }
    }
}

/// One state for all who hold it.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_keeps_the_protection() {
        for protected in [true, false] {
            let running = Phase::Running { protected };
            assert!(running.asking().is_asking() && running.asking().is_running());
            assert_eq!(running.asking().answered(), running);
            assert_eq!((running.is_protected(), running.asking().is_protected()), (protected, protected));
        }
        for phase in [Phase::Pending, Phase::RollingBack, Phase::Over] {
            assert_eq!((phase.asking(), phase.answered(), phase.is_running()), (phase, phase, false));
        }
    }
}
