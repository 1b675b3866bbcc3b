//! The supervisor as the engine sees it: a cell begins, events come, it ends with a report; and meanwhile it can be
//! interrupted. The reading is done by the event loop, on a thread of its own that ends with the last handle.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::event_loop::EventLoop;
use super::flood::Flood;
use super::io::send_line;
use super::state::{Output, Phase, Shared, State};
use crate::event::{Event, Report, Sink};
use crate::runtime::protocol::{self, ToRuntime};
use crate::sandbox::scratch::Scratch;
use crate::system::processes::{adopt_orphans, kill_children_named, reap_later};
use crate::system::sockets;

/// How long the last output of a process that has died may take to arrive.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);
/// How long the process may take to end with its session, and how often it is looked whether it has.
const PARTING: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(20);
/// How often it is looked whether a move has been answered.
const ANSWER: Duration = Duration::from_millis(1);
/// While an interrupted cell is still being compiled, how often its compiler is looked for.
const INTERRUPT_AGAIN: Duration = Duration::from_millis(20);

/// A handle that lives in the kernel; the work is done by a thread of its own.
#[derive(Clone)]
pub struct Supervisor {
    shared: Shared,
    /// The event loop has the other end, and sees when the last handle is gone.
    _alive: Arc<UnixStream>,
}

impl Supervisor {
    /// Opens the socket that the runtime will connect to.
    pub fn listen(path: &Path) -> Result<Self> {
        let trouble = || format!("cannot open the socket {}", path.display());
        let listener = sockets::at(path, |path| UnixListener::bind(path)).with_context(trouble)?;
        let order = sockets::at(&protocol::output_path(path), |path| UnixDatagram::bind(path)).with_context(trouble)?;
        adopt_orphans();
        let (ours, theirs) = UnixStream::pair()?;
        let supervisor = Supervisor { shared: Shared::default(), _alive: Arc::new(ours) };
        let mut events = EventLoop::new(path, listener, order, theirs, supervisor.shared.clone())?;
        std::thread::Builder::new().name("cell output".into()).spawn(move || events.run())?;
        Ok(supervisor)
    }

    /// Cells may put so much into this folder.
    pub fn watch(&self, scratch: Scratch) {
        self.lock().scratch = Some(scratch);
    }

    /// A cell has been asked for, and will begin.
    pub fn expect(&self) {
        let mut state = self.lock();
        state.is_expected = true;
        state.is_unwanted = false;
    }

    /// It has ended, even where it has not begun.
    pub fn expect_nothing(&self) {
        let mut state = self.lock();
        state.is_expected = false;
        state.is_unwanted = false;
    }

    /// It has been interrupted before it has begun.
    pub fn is_unwanted(&self) -> bool {
        self.lock().is_unwanted
    }

    /// From now on, output belongs to this cell.
    pub fn begin(&self, sink: Sink) {
        let mut state = self.lock();
        state.sink = Some(Output::new(Flood::new(sink)));
        state.report = Report { interrupted: std::mem::take(&mut state.is_unwanted), ..Report::default() };
        state.is_expected = false;
        state.phase = Phase::Pending;
    }

    /// Does what is no cell's: it has no output, and nothing interrupts it. What it is worth, and what was seen.
    pub fn alone<T>(&self, work: impl FnOnce() -> T) -> (T, Report) {
        let mut state = self.lock();
        let sink = state.sink.take();
        state.last_sink = sink.clone().or(state.last_sink.take());
        let before = std::mem::take(&mut state.report);
        state.phase = Phase::Pending;
        state.alone = true;
        drop(state);
        let value = work();
        let mut state = self.lock();
        state.sink = sink;
        state.phase = Phase::Pending;
        state.alone = false;
        let own = std::mem::replace(&mut state.report, before);
        state.report.interrupted |= std::mem::take(&mut state.wish) && state.sink.is_some();
        (value, own)
    }

    /// The cell is over, and all its output has been handed on.
    pub fn end(&self) -> Report {
        let sink = self.lock().sink.clone();
        if let Some(sink) = sink {
            sink.lock().settle();
        }
        let mut state = self.lock();
        // What its threads print from now on stands under it, until there is another cell.
        state.last_sink = state.sink.take().or(state.last_sink.take());
        state.phase = Phase::Pending;
        std::mem::take(&mut state.report)
    }

    /// Between two cells, has the process that runs them answer a move, and waits for the end. False where that is gone.
    pub fn answer_move(&self, order: &str) -> bool {
        let state = self.lock();
        let word = ToRuntime::Move(order.to_owned());
        // The socket is empty, and has room for it.
        let is_told = state.control.as_ref().is_some_and(|mut control| writeln!(control, "{word}").is_ok());
        let mut goes_on = is_told && state.is_connected;
        drop(state);
        while goes_on {
            std::thread::sleep(ANSWER);
            let state = self.lock();
            goes_on = state.is_connected && state.phase != Phase::Over;
        }
        self.lock().is_connected
    }

    /// What ran since [`begin`](Self::begin) was the kernel's own; now comes the cell's code.
    pub fn await_code(&self) {
        self.lock().phase = Phase::Pending;
    }

    /// Shows what is not from the process that runs cells.
    pub fn show(&self, event: Event) {
        let sink = self.lock().sink.clone();
        if let Some(sink) = sink {
            sink.lock().add(event);
        }
    }

    /// To be called now and then while something other than a cell's code shows things.
    pub fn tick(&self) {
        let sink = self.lock().sink.clone();
        if let Some(sink) = sink {
            sink.lock().tick();
        }
    }

    /// The cell's code has begun to run: it must not run twice.
    pub fn has_begun(&self) -> bool {
        self.lock().phase != Phase::Pending
    }

    /// The process in which a cell's code runs now.
    pub fn running(&self) -> Option<i32> {
        let state = self.lock();
        state.pid.filter(|_| state.phase.is_running())
    }

    /// Of a cell of which evcxr says that it has run: its code runs still. What the runtime says is read a moment later,
    /// and where there was nothing to run, it says nothing.
    pub fn runs_still(&self) -> bool {
        self.wait_while(|state| state.phase == Phase::Pending);
        self.lock().phase.is_running()
    }

    /// The variables that the cell has found to be of types that have changed.
    pub fn take_changed(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.lock().report.changed)
    }

    /// Ends the process that runs cells, with all variables; evcxr finds out when it needs it next, and starts another.
    pub fn kill(&self) {
        self.lock().kill();
    }

    /// There is a process that runs cells.
    pub fn is_connected(&self) -> bool {
        self.lock().is_connected
    }

    /// The process that runs cells.
    pub fn process(&self) -> Option<i32> {
        self.lock().pid
    }

    /// The same for the one that comes after this one, which has ended.
    pub fn kill_successor(&self, process: Option<i32>) {
        self.wait_while(|state| state.pid == process || !state.is_connected);
        self.kill();
    }

    /// The engine lets go of the process that runs cells. One that does not end by itself, whatever a cell has done to it, is
    /// ended.
    pub fn part(&self) {
        let shared = self.shared.clone();
        std::thread::spawn(move || {
            let deadline = Instant::now() + PARTING;
            while shared.lock().is_connected {
                if Instant::now() > deadline {
                    return shared.lock().kill();
                }
                std::thread::sleep(LOOK);
            }
        });
    }

    /// The process that ran the cell is gone: waits until all that it wrote has been handed on.
    pub fn settle(&self) {
        self.wait_while(|state| state.phase.is_running());
    }

    /// The session has ended: waits until the last output has been handed on, and lets go of where it went.
    pub fn await_end(&self) {
        self.wait_while(|state| state.is_connected);
        // It may hold this supervisor in its turn.
        let sink = self.lock().last_sink.take();
        if let Some(sink) = &sink {
            sink.lock().settle();
        }
        drop(sink);
    }

    fn wait_while(&self, goes_on: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + LAST_WORDS_WITHIN;
        while goes_on(&self.lock()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Adds a word of the kernel's own to the cell's output.
    pub fn note(&self, text: &str) {
        let sink = self.lock().sink.clone().filter(|_| !text.is_empty());
        if let Some(sink) = sink {
            sink.lock().note(text);
        }
    }

    pub fn is_interrupted(&self) -> bool {
        self.lock().report.interrupted
    }

    /// Stops the cell that runs now, or is about to.
    pub fn interrupt(&self) {
        let mut state = self.lock();
        state.wish |= state.alone;
        state.is_unwanted |= state.is_expected;
        if state.sink.is_none() || state.report.interrupted {
            return;
        }
        state.report.interrupted = true;
        if state.phase.is_running() {
            state.kill();
            return;
        }
        // evcxr may start the compiler several times for one cell.
        let shared = self.shared.clone();
        std::thread::spawn(move || {
            let mut killed = Vec::new();
            while shared.lock().is_being_compiled() {
                killed.extend(kill_children_named("cargo"));
                std::thread::sleep(INTERRUPT_AGAIN);
            }
            reap_later(killed);
        });
    }

    /// The answer to the cell's question; `None` is the end of its input.
    pub fn answer(&self, text: Option<&str>) {
        let mut state = self.lock();
        let Some(path) = state.stdin.clone().filter(|_| state.phase.is_asking()) else {
            return;
        };
        state.phase = state.phase.answered();
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
        self.shared.lock()
    }
}
