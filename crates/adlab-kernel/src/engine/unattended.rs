//! A notebook's cells, one after the other, without a front end: what they show goes into the notebook.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::room::Room;
use super::{Engine, is_for_nbgrader};
use crate::ahead::Next;
use crate::analysis::Analysis;
use crate::event::Event;
use crate::fault::Fault;
use crate::notebook::file;
use crate::notebook::outputs::{Displays, Finished, Outputs};
use crate::session::Session;
use crate::supervisor::Supervisor;
use crate::system::processes::processor_time;
use crate::system::project::Project;

/// Runs the cells of one notebook.
pub struct Unattended {
    engine: Engine,
    displays: Displays,
    /// What the threads of a cell print when it has ended stands under the next.
    printed: Arc<Mutex<Outputs>>,
    /// Shared with the cell that runs.
    room: Arc<Mutex<Room>>,
    ids: HashSet<String>,
    /// The execution count.
    number: usize,
    last: Option<usize>,
    looks_ahead: bool,
    /// What is run in a cell's place.
    instead: Option<(usize, String)>,
}

/// So many of the cells behind the one that runs are of interest.
const QUEUED: usize = 32;

/// What came of a cell.
pub struct Ran {
    pub number: usize,
    pub took: Duration,
    pub fault: Option<Fault>,
    /// It was stopped, as it took too long.
    pub late: bool,
    /// Before it had begun: what finds types, or compiles, may be at it still.
    pub is_stuck: bool,
    /// Cells before it whose outputs it has changed.
    pub updated: Vec<usize>,
}

impl Unattended {
    /// Cells run in this folder, or in the one that this process is in.
    pub fn start(project: &Project, session: &Session, analysis: &Analysis, folder: Option<&Path>) -> Result<Self> {
        let engine = Engine::start(project.preload()?, session, analysis.clone(), folder)?;
        let (displays, printed) = (Displays::default(), Arc::default());
        let room = Arc::new(Mutex::new(Room::of(usize::MAX)));
        let (ids, looks_ahead, instead) = (HashSet::new(), false, None);
        Ok(Unattended { engine, displays, printed, room, ids, number: 0, last: None, looks_ahead, instead })
    }

    /// From now on, the next cells are compiled while one runs, by so many compilers.
    pub fn look_ahead(&mut self, lanes: usize) -> Result<()> {
        self.looks_ahead = true;
        self.engine.look_ahead_from_now(|| {}, || false, lanes)
    }

    /// Cells may show so many bytes altogether.
    pub fn bound(&mut self, most: usize) {
        self.room = Arc::new(Mutex::new(Room::of(most)));
    }

    /// The count that the next cell has.
    pub fn next_number(&self) -> usize {
        self.number + 1
    }

    /// Runs one of the cells, and writes what it shows into it.
    pub fn run(&mut self, cells: &mut [Value], place: usize, limit: Limit) -> Ran {
        self.number += 1;
        self.last = Some(place);
        let number = self.number;
        let id = cells[place]["id"].as_str().unwrap_or_default().to_owned();
        // Copied cells may have the id of the one that they were copied from, and are cells of their own.
        let id = if self.ids.insert(id.clone()) { id } else { format!("{id} at {place}") };
        let instead = self.instead.take().filter(|(of, _)| *of == place).map(|(_, code)| code);
        let code = instead.unwrap_or_else(|| file::source(&cells[place]));
        let cell = Next::new(Some(id).filter(|id| !id.is_empty()), code);
        let queued = self.queued(&cells[place + 1..], place + 1);
        let started = Instant::now();
        let (outputs, fault, late) = self.execute(cell, &queued, limit);
        let (late, is_stuck) = (late.is_some(), late == Some(Late::Before));
        cells[place]["execution_count"] = number.into();
        let updated = self.displays.settle(outputs, cells, place);
        Ran { number, took: started.elapsed(), fault, late, is_stuck, updated }
    }

    /// The code of the cell that ran last has begun to run.
    pub fn has_begun(&self) -> bool {
        self.engine.supervisor().has_begun()
    }

    /// Runs a cell again that has run, for what it defines: what it shows is not asked for.
    pub fn again(&mut self, cell: &Value, limit: Limit) {
        let id = cell["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        self.execute(Next::new(id, file::source(cell)), &[], limit);
    }

    /// The next time, this is run in a cell's place, which looks as it did.
    pub fn instead(&mut self, place: usize, code: String) {
        self.instead = Some((place, code));
    }

    /// What stands for the definitions of a cell that are in force.
    pub fn held(&self, id: &str) -> BTreeSet<String> {
        self.engine.held(id)
    }

    /// The count of the cell that made a variable.
    pub fn maker(&self, name: &str) -> Option<usize> {
        self.engine.maker(name)
    }

    pub fn is_variable(&self, name: &str) -> bool {
        self.maker(name).is_some()
    }

    /// The type of a variable, as it is written.
    pub fn type_of(&self, name: &str) -> Option<String> {
        self.engine.type_of(name)
    }

    /// A variable goes.
    pub fn forget(&mut self, name: &str, limit: Limit) {
        let watchdog = Watchdog::start(self.engine.supervisor(), limit);
        self.engine.forget(name);
        watchdog.stop();
    }

    /// What comes behind, if all goes well.
    fn queued(&self, cells: &[Value], from: usize) -> Vec<Next> {
        if !self.looks_ahead {
            return Vec::new();
        }
        let mut ids = self.ids.clone();
        let next = |(place, cell): (usize, &Value)| {
            let id = cell["id"].as_str().unwrap_or_default().to_owned();
            let id = if ids.insert(id.clone()) { id } else { format!("{id} at {place}") };
            let id = Some(id).filter(|id| !id.is_empty());
            Next::new(id, file::source(cell)).fails(file::has_tag(cell, file::FAILS))
        };
        (from..).zip(cells).filter(|(_, cell)| file::is_run(cell)).take(QUEUED).map(next).collect()
    }

    fn execute(&mut self, cell: Next, queued: &[Next], limit: Limit) -> (Finished, Option<Fault>, Option<Late>) {
        let (collected, room) = (Arc::clone(&self.printed), Arc::clone(&self.room));
        lock(&room).begin();
        let supervisor = self.engine.supervisor();
        // As where nbgrader marks: a `dbg!` that was left in is no failure.
        let has_one_stream = is_for_nbgrader();
        let sink = Box::new(move |event: Event| {
            let event = if has_one_stream { event.on_stdout() } else { event };
            match event {
                // Nobody is there to answer.
                Event::Input(_) => supervisor.answer(None),
                event => lock(&room).admit(event).into_iter().for_each(|event| lock(&collected).add(event)),
            }
        });
        let watchdog = Watchdog::start(self.engine.supervisor(), limit);
        let outcome = self.engine.execute(cell, self.number, queued, sink);
        let late = watchdog.stop();
        let mut outputs = self.take();
        let fault = match outcome {
            Ok(value) => {
                // A page is for someone who looks: a notebook keeps none.
                if let Some(result) = value.result {
                    outputs.result(&result, self.number);
                }
                None
            }
            Err(fault) => {
                let fault = if late.is_some() { timed_out(fault, limit) } else { fault };
                outputs.error(&fault);
                Some(fault)
            }
        };
        (outputs.finish(), fault, late)
    }

    /// Ends what still runs. What ends with the notebook may print as well: under its last cell, which is said.
    pub fn end(self, cells: &mut [Value]) -> Option<usize> {
        let supervisor = self.engine.supervisor();
        drop(self.engine);
        supervisor.await_end();
        let late = take(&self.printed).finish().outputs;
        let (place, late) = (self.last?, late.as_array().filter(|late| !late.is_empty())?.clone());
        cells[place]["outputs"].as_array_mut()?.extend(late);
        Some(place)
    }

    fn take(&self) -> Outputs {
        take(&self.printed)
    }
}

fn take(printed: &Mutex<Outputs>) -> Outputs {
    std::mem::take(&mut *lock(printed))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(|e| e.into_inner())
}

fn timed_out(mut fault: Fault, limit: Limit) -> Fault {
    fault.evalue = format!("the cell took longer than {} s", limit.seconds());
    fault.traceback = vec![fault.evalue.clone()];
    if matches!(limit, Limit::Wall(_)) {
        fault.traceback.push("Give it more time with --timeout.".into());
    }
    fault
}

/// How long a cell may take.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// As a clock on the wall has it; zero is without end.
    Wall(Duration),
    /// Of processor time, while its code runs: a busy machine, or a slow compiler, is not the student's fault. What only waits
    /// is stopped as well, later.
    Fair(Duration),
}

/// How many times as long it may take by the wall, for each second that it may run.
const WAITING: u32 = 3;
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);
/// Not even a busy machine compiles a cell for that long.
const COMPILING: Duration = Duration::from_secs(120);

impl Limit {
    /// By the wall, a cell has ended or was stopped after that, if it is not the kernel that hangs.
    pub fn longest(self) -> Duration {
        match self {
            Limit::Wall(limit) => limit,
            // It may be late both while it is compiled and while it runs.
            Limit::Fair(limit) => COMPILING + 2 * WAITING * limit,
        }
    }

    fn seconds(self) -> f64 {
        let (Limit::Wall(limit) | Limit::Fair(limit)) = self;
        limit.as_secs_f64()
    }
}

/// When a cell was stopped: before its code began to run, or while it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Before,
    Running,
}

/// Interrupts a cell that takes too long.
struct Watchdog {
    done: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<Option<Late>>,
}

impl Watchdog {
    fn start(supervisor: Supervisor, limit: Limit) -> Self {
        let (done, wait) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let late = match limit {
                Limit::Wall(Duration::ZERO) => wait.recv().is_err().then_some(Late::Running),
                Limit::Wall(limit) => {
                    (wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout)).then_some(Late::Running)
                }
                Limit::Fair(limit) => is_late(&supervisor, limit, &wait),
            };
            if late.is_some() {
                supervisor.interrupt();
            }
            late
        });
        Watchdog { done, thread }
    }

    /// When it struck, if it did.
    fn stop(self) -> Option<Late> {
        let _ = self.done.send(());
        self.thread.join().unwrap_or(None)
    }
}

/// Waits until the cell has ended, or should have.
fn is_late(supervisor: &Supervisor, limit: Duration, done: &mpsc::Receiver<()>) -> Option<Late> {
    let started = Instant::now();
    // When its code began to run, in which process, and what time that had used before.
    let mut running: Option<(Instant, i32, Duration)> = None;
    loop {
        match done.recv_timeout(LOOK) {
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            _ => return None,
        }
        match (running, supervisor.running()) {
            (Some((since, pid, before)), Some(now)) if pid == now => {
                let used = processor_time(pid).map_or(since.elapsed(), |used| used.saturating_sub(before));
                if used >= limit || since.elapsed() >= WAITING * limit {
                    return Some(Late::Running);
                }
            }
            (_, Some(pid)) => running = Some((Instant::now(), pid, processor_time(pid).unwrap_or_default())),
            (_, None) if started.elapsed() >= COMPILING + WAITING * limit => {
                return Some(if running.is_none() { Late::Before } else { Late::Running });
            }
            (_, None) => {}
        }
    }
}
