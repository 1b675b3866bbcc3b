//! The kernel's side of the sockets to the runtime, as the engine sees it: a cell begins, events come, it ends with a
//! report; and meanwhile it can be interrupted. The reading is done by [`crate::supervisor::event_loop`].

use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::supervisor::parser::{Bundle, PanicInfo, Prompt};
use crate::system::processes::{kill_children_named, reap_later};
use crate::supervisor::event_loop::Pump;
use crate::runtime;

/// What a cell gets of its input at once: a datagram that is longer than what is asked for is cut.
const LONGEST_READ: usize = 1024;
/// How long a piece of input waits for the cell to read the one before.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// How long the last output of a process that has died may take to arrive.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);
/// While an interrupted cell is still being compiled, how often its compiler is looked for.
const INTERRUPT_AGAIN: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug, PartialEq)]
pub enum Event {
    Text(Stream, String),
    /// A new output, perhaps with a name.
    Display(Bundle, Option<String>),
    /// A new content for the output of this name.
    Update(Bundle, String),
    /// The cell's outputs go away.
    Clear {
        wait: bool,
    },
    /// A question, to be answered by [`Link::answer`].
    Input(Prompt),
}

impl Event {
    /// In bytes, about.
    pub fn size(&self) -> usize {
        match self {
            Event::Text(_, text) => text.len(),
            Event::Display(bundle, _) | Event::Update(bundle, _) => bundle.iter().map(|(_, text)| text.len()).sum(),
            Event::Clear { .. } | Event::Input(_) => 0,
        }
    }
}

/// It may take its time: then the cell waits.
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
    /// What a cell that died had written to stderr last.
    pub last_words: String,
    /// Its code has begun to run.
    pub has_begun: bool,
    /// What stopped the runtime itself.
    pub broken: Option<String>,
    pub interrupted: bool,
}

/// What the engine, the pump and whoever interrupts share.
#[derive(Default)]
pub struct State {
    pub sink: Option<Arc<Mutex<Sink>>>,
    pub report: Report,
    /// The process that runs cells now.
    pub pid: Option<i32>,
    /// Where that process receives what the student types.
    pub stdin: Option<PathBuf>,
    /// The student has been asked for something, and has not answered.
    pub asking: bool,
    /// When the last answer was on its way to the cell.
    pub answered: Option<Instant>,
    /// A cell's code runs (as against: is being compiled, or none).
    pub running: bool,
    /// A snapshot stands by.
    pub protected: bool,
    pub rolling_back: bool,
}

impl State {
    /// An interrupted cell that has not begun to run.
    fn is_being_compiled(&self) -> bool {
        self.sink.is_some() && self.report.interrupted && !self.running
    }

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
        let trouble = || format!("cannot open the socket {}", path.display());
        let listener = UnixListener::bind(path).with_context(trouble)?;
        let order = UnixDatagram::bind(runtime::output_path(path)).with_context(trouble)?;
        adopt_orphans();
        let link = Link { state: Arc::default() };
        let mut pump = Pump::new(path, listener, order, Arc::clone(&link.state))?;
        std::thread::Builder::new().name("cell output".into()).spawn(move || pump.run())?;
        Ok(link)
    }

    /// From now on, output belongs to this cell.
    pub fn begin(&self, sink: Sink) {
        let mut state = self.lock();
        state.sink = Some(Arc::new(Mutex::new(sink)));
        state.report = Report::default();
    }

    /// The same for what is no cell: its output goes nowhere, and nothing interrupts it.
    pub fn begin_alone(&self) {
        let mut state = self.lock();
        state.sink = None;
        state.report = Report::default();
    }

    /// The cell is over, and all its output has been handed on.
    pub fn end(&self) -> Report {
        let mut state = self.lock();
        state.sink = None;
        state.running = false;
        state.asking = false;
        std::mem::take(&mut state.report)
    }

    /// The cell's code has begun to run: it must not run twice.
    pub fn has_begun(&self) -> bool {
        self.lock().report.has_begun
    }

    /// The process that ran the cell is gone: waits until all that it wrote has been handed on.
    pub fn settle(&self) {
        let deadline = Instant::now() + LAST_WORDS_WITHIN;
        while self.lock().running && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Adds a line of the kernel's own to the cell's output.
    pub fn note(&self, text: &str) {
        let sink = self.lock().sink.clone();
        if let Some(sink) = sink.filter(|_| !text.is_empty()) {
            sink.lock().unwrap_or_else(|e| e.into_inner())(Event::Text(Stream::Stderr, text.to_owned()));
        }
    }

    pub fn is_interrupted(&self) -> bool {
        self.lock().report.interrupted
    }

    /// Stops the cell that runs now, or is about to.
    pub fn interrupt(&self) {
        let mut state = self.lock();
        if state.sink.is_none() || state.report.interrupted {
            return;
        }
        state.report.interrupted = true;
        if state.running {
            state.kill();
            return;
        }
        // evcxr may start the compiler several times for one cell.
        let link = self.clone();
        std::thread::spawn(move || {
            let mut killed = Vec::new();
            while link.lock().is_being_compiled() {
                killed.extend(kill_children_named("cargo"));
                std::thread::sleep(INTERRUPT_AGAIN);
            }
            reap_later(killed);
        });
    }

    /// The answer to the cell's question; `None` is the end of its input.
    pub fn answer(&self, text: Option<&str>) {
        let mut state = self.lock();
        let Some(path) = state.stdin.clone().filter(|_| state.asking) else {
            return;
        };
        state.asking = false;
        state.answered = Some(Instant::now());
        drop(state);
        let line = text.map(|text| format!("{text}\n")).unwrap_or_default();
        // A long line waits for the cell to read it, and the cell may end instead.
        std::thread::spawn(move || {
            if let Err(error) = send_line(&path, line.as_bytes()) {
                eprintln!("adlab kernel: the cell does not take its input: {error}");
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// An empty line is the end of the input.
fn send_line(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(READ_WITHIN))?;
    if line.is_empty() {
        socket.send_to(&[], path)?;
    }
    for part in line.chunks(LONGEST_READ) {
        socket.send_to(part, path)?;
    }
    Ok(())
}

/// A snapshot's parent is the process that it guards; when that dies, the snapshot is to be our child.
#[cfg(target_os = "linux")]
fn adopt_orphans() {
    // SAFETY: sets an attribute of this process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}
