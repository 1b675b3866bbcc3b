//! The kernel's side of the sockets to the runtime, as the engine sees it: a cell begins, events come, it ends with a
//! report; and meanwhile it can be interrupted. The reading is done by [`crate::pump`].

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result};

use crate::outputs::{Bundle, PanicInfo};
use crate::pump::Pump;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug, PartialEq)]
pub enum Event {
    Text(Stream, String),
    Display(Bundle),
}

pub type Sink = Box<dyn FnMut(Event) + Send>;

/// Why a cell's process is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    Signal(i32),
    Exit(i32),
    Unknown,
}

/// What is known of a cell when it has ended.
#[derive(Debug, Default)]
pub struct Report {
    /// The value of the last expression.
    pub result: Option<Bundle>,
    pub panic: Option<PanicInfo>,
    /// What `?` met.
    pub error: Option<String>,
    pub death: Option<Death>,
    /// What stopped the runtime itself.
    pub broken: Option<String>,
    pub interrupted: bool,
}

/// What the engine, the pump and whoever interrupts share.
#[derive(Default)]
pub struct State {
    pub sink: Option<Sink>,
    pub report: Report,
    /// The process that runs cells now.
    pub pid: Option<i32>,
    /// A cell's code runs (as against: is being compiled, or none).
    pub running: bool,
    /// A snapshot stands by.
    pub protected: bool,
    pub rolling_back: bool,
}

impl State {
    pub fn kill(&self) {
        if let Some(pid) = self.pid {
            // SAFETY: our own child, not reaped yet: the number is its own.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
}

/// A handle that lives in the kernel; the work is done by a thread of its own.
#[derive(Clone)]
pub struct Link {
    state: Arc<Mutex<State>>,
}

impl Link {
    /// Opens the socket that the runtime will connect to.
    pub fn listen(path: &Path) -> Result<Self> {
        let listener =
            UnixListener::bind(path).with_context(|| format!("cannot open the socket {}", path.display()))?;
        adopt_orphans();
        let link = Link { state: Arc::default() };
        let state = Arc::clone(&link.state);
        std::thread::Builder::new().name("cell output".into()).spawn(move || Pump::new(listener, state).run())?;
        Ok(link)
    }

    /// From now on, output belongs to this cell.
    pub fn begin(&self, sink: Sink) {
        let mut state = self.lock();
        state.sink = Some(sink);
        state.report = Report::default();
    }

    /// The cell is over, and all its output has been handed on.
    pub fn end(&self) -> Report {
        let mut state = self.lock();
        state.sink = None;
        state.running = false;
        std::mem::take(&mut state.report)
    }

    /// Stops the cell that runs now, or is about to.
    pub fn interrupt(&self) {
        let mut state = self.lock();
        if state.sink.is_none() {
            return;
        }
        state.report.interrupted = true;
        if state.running {
            state.kill();
        } else {
            crate::processes::kill_children_named("cargo");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A snapshot's parent is the process that it guards; when that dies, the snapshot is to be our child.
#[cfg(target_os = "linux")]
fn adopt_orphans() {
    // SAFETY: sets an attribute of this process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}
