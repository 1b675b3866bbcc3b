//! The engine on a thread of its own, and the handle by which the server knows it: evcxr blocks while it compiles and runs,
//! the server must not.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};

use super::moves::Move;
use super::{Engine, Look, Value, is_for_nbgrader};
use crate::ahead::Next;
use crate::analysis::{Analysis, Completions, Documentation};
use crate::cell::nesting::DEEP_STACK;
use crate::event::{Bundle, Event, Sink, Stream};
use crate::fault::Fault;
use crate::session::Session;
use crate::supervisor::Supervisor;
use crate::system::processes::{cores, kill_children_named};
use crate::system::project::Preload;

/// How long an interrupted cell may take to end, before it is given up: its code will not run.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long a shutdown waits for the engine to put its things away.
const FAREWELL: Duration = Duration::from_secs(2);

type Outcome = Result<Value, Fault>;

enum Job {
    Execute {
        cell: Next,
        number: usize,
        queued: Vec<Next>,
        sink: Sink,
        reply: oneshot::Sender<Outcome>,
    },
    Move {
        wanted: Move,
        sink: Sink,
        reply: oneshot::Sender<Result<Option<Bundle>, Fault>>,
    },
    /// There may be something to do ahead of cells.
    Look,
    Stop,
}

pub struct EngineThread {
    handle: Handle,
    /// Nobody wants to hear any more why it could not start.
    stopping: Arc<AtomicBool>,
    done: Receiver<()>,
}

/// What the server holds of it.
#[derive(Clone)]
pub struct Handle {
    jobs: Sender<Job>,
    /// How many of them have not begun.
    waiting: Arc<AtomicUsize>,
    analysis: Option<Analysis>,
    supervisor: Arc<OnceLock<Supervisor>>,
    interrupted: Arc<Notify>,
    /// How many cells have come and have not been answered.
    unanswered: Arc<AtomicUsize>,
    /// One of them has been interrupted, whichever is next.
    is_unwanted: Arc<AtomicBool>,
}

impl EngineThread {
    /// What it begins with may be an error: then each cell says so.
    pub fn start(begin: Result<(Preload, Session)>) -> Self {
        let (jobs, queue) = channel();
        let (finished, done) = channel();
        let supervisor = Arc::new(OnceLock::new());
        let stopping = Arc::new(AtomicBool::new(false));
        let session = begin.as_ref().map_err(|_| anyhow!("there is no session"));
        let analysis = session.and_then(|(_, session)| Analysis::start(session.library()?));
        let waiting_count = Arc::new(AtomicUsize::new(0));
        let handle = Handle {
            jobs: jobs.clone(),
            waiting: Arc::clone(&waiting_count),
            analysis: analysis.as_ref().ok().cloned(),
            supervisor: Arc::clone(&supervisor),
            interrupted: Arc::default(),
            unanswered: Arc::default(),
            is_unwanted: Arc::default(),
        };
        let is_stopping = Arc::clone(&stopping);
        let work = move || {
            let mut waiting = Waiting { queue: &queue, jobs: VecDeque::new() };
            let (session, engine) = match begin {
                Ok((preload, session)) => {
                    let filled = session.fill(|name| waiting.show(name)).and(analysis);
                    let engine = filled.and_then(|analysis| Engine::start(preload, &session, analysis, None));
                    (Some(session), engine)
                }
                Err(error) => (None, Err(error)),
            };
            waiting.end();
            let queue = Queue { begun: waiting.jobs, queue: &queue, waiting: &waiting_count, look: jobs };
            serve(engine, queue, &supervisor, &is_stopping);
            drop(session);
            let _ = finished.send(());
        };
        let thread = std::thread::Builder::new().name("engine".into()).stack_size(DEEP_STACK).spawn(work);
        thread.expect("a thread for the engine");
        EngineThread { handle, stopping, done }
    }

    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends what runs, and removes the session's folder.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.handle.interrupt();
        let _ = self.handle.jobs.send(Job::Stop);
        let deadline = Instant::now() + FAREWELL;
        // A cell may begin just now: interrupt again.
        while Instant::now() < deadline {
            match self.done.recv_timeout(Duration::from_millis(100)) {
                Err(RecvTimeoutError::Timeout) => {
                    self.handle.interrupt();
                    // What prepares the session is not interrupted.
                    kill_children_named("cargo");
                }
                _ => return,
            }
        }
    }
}

impl Handle {
    /// A cell has come: from now on it may be interrupted.
    pub fn receive(&self) {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
    }

    /// A cell has been answered, whether or not it has run.
    pub fn answered(&self) {
        if self.unanswered.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.is_unwanted.store(false, Ordering::SeqCst);
        }
    }

    /// Runs a cell; which are queued behind it, it may know.
    pub async fn execute(&self, cell: Next, number: usize, queued: Vec<Next>, sink: Sink) -> Outcome {
        // An interrupt comes before the one, or wakes the other.
        let interrupted = self.interrupted.notified();
        if self.is_unwanted.swap(false, Ordering::SeqCst) {
            return Err(Fault::interrupted());
        }
        let ask = self.ask(|reply| Job::Execute { cell, number, queued, sink, reply });
        let outcome = tokio::select! {
            outcome = ask => outcome.unwrap_or_else(|| Err(Fault::kernel("the kernel is shutting down"))),
            () = self.in_vain(interrupted) => Err(Fault::interrupted()),
        };
        // Where it came too late for this cell, it is for the next.
        if outcome.is_err() {
            self.is_unwanted.store(false, Ordering::SeqCst);
        }
        outcome
    }

    /// Has a cell's closure answer when a control was moved; to be called between two cells.
    pub async fn answer_move(&self, wanted: Move, sink: Sink) -> Result<Option<Bundle>, Fault> {
        let outcome = self.ask(|reply| Job::Move { wanted, sink, reply }).await;
        outcome.unwrap_or_else(|| Err(Fault::kernel("the kernel is shutting down")))
    }

    async fn in_vain(&self, interrupted: Notified<'_>) {
        interrupted.await;
        tokio::time::sleep(PATIENCE).await;
        // The cell may have begun since.
        if let Some(supervisor) = self.supervisor.get() {
            supervisor.interrupt();
        }
    }

    /// `position` is a byte.
    pub async fn complete(&self, code: String, position: usize) -> Option<Completions> {
        self.analysis.as_ref()?.complete(code, position).await
    }

    /// The documentation of the word at a byte.
    pub async fn inspect(&self, code: String, position: usize) -> Option<Documentation> {
        self.analysis.as_ref()?.inspect(code, position).await
    }

    /// Stops the cell that runs now, or is next.
    pub fn interrupt(&self) {
        self.is_unwanted.store(self.unanswered.load(Ordering::SeqCst) > 0, Ordering::SeqCst);
        if let Some(supervisor) = self.supervisor.get() {
            supervisor.interrupt();
        }
        self.interrupted.notify_waiters();
    }

    pub fn is_interrupted(&self) -> bool {
        self.supervisor.get().is_some_and(Supervisor::is_interrupted)
    }

    /// What the student typed; `None` if there is nobody to type.
    pub fn answer(&self, text: Option<&str>) {
        if let Some(supervisor) = self.supervisor.get() {
            supervisor.answer(text);
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.jobs.send(job(reply)).ok()?;
        answer.await.ok()
    }
}

/// The cells that wait until the session is ready: the first one shows how far it is.
struct Waiting<'a> {
    queue: &'a Receiver<Job>,
    jobs: VecDeque<Job>,
}

impl Waiting<'_> {
    fn show(&mut self, name: &str) {
        // One line, written over and over; a name that is shorter leaves nothing of the one before.
        let line = format!("\rCompiling for this version of Rust, once: {name:<40}");
        self.jobs.extend(self.queue.try_iter());
        self.tell(Event::Text(Stream::Stdout, line));
    }

    /// What was shown goes when the cell has something to show.
    fn end(&mut self) {
        self.tell(Event::Clear { wait: true });
    }

    fn tell(&mut self, event: Event) {
        if let Some(Job::Execute { sink, .. }) = self.jobs.front_mut() {
            sink(event);
        }
    }
}

/// What is to be done, in order.
struct Queue<'a> {
    begun: VecDeque<Job>,
    queue: &'a Receiver<Job>,
    /// How many cells and moves are among them.
    waiting: &'a Arc<AtomicUsize>,
    look: Sender<Job>,
}

impl Queue<'_> {
    /// Waits for the next; where something is to be done meanwhile, not for ever.
    fn next(&mut self, look: Look) -> Option<Job> {
        let job = match (self.begun.pop_front(), look) {
            (Some(job), _) => job,
            (None, Look::Done) => self.queue.recv().ok()?,
            (None, Look::Later(wait)) => match self.queue.recv_timeout(wait) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => Job::Look,
                Err(RecvTimeoutError::Disconnected) => return None,
            },
        };
        if matches!(job, Job::Execute { .. } | Job::Move { .. }) {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        Some(job)
    }

    fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.waiting.load(Ordering::SeqCst) == 0
    }
}

fn serve(engine: Result<Engine>, mut queue: Queue, supervisor: &OnceLock<Supervisor>, stopping: &AtomicBool) {
    let mut engine = match engine {
        Ok(engine) => engine,
        Err(_) if stopping.load(Ordering::Relaxed) => return,
        Err(error) => return refuse(&format!("the kernel could not start: {error:#}"), &mut queue),
    };
    let _ = supervisor.set(engine.supervisor());
    let look = queue.look.clone();
    // Cells run without it as well.
    let waiting = Arc::clone(queue.waiting);
    let is_waiting = move || waiting.load(Ordering::SeqCst) > 0;
    if let Err(error) = engine.look_ahead_from_now(move || drop(look.send(Job::Look)), is_waiting, cores()) {
        eprintln!("adlab kernel: the next cells are not compiled ahead: {error:#}");
    }
    let is_wanted = |queue: &Queue| !queue.is_empty() || stopping.load(Ordering::Relaxed);
    let mut look = Look::Done;
    loop {
        if !is_wanted(&queue) {
            look = catch_unwind(AssertUnwindSafe(|| engine.look_ahead())).unwrap_or(Look::Done);
        }
        match queue.next(look) {
            // Interrupted before its turn.
            Some(Job::Execute { reply, .. }) if reply.is_closed() => {}
            Some(Job::Execute { cell, number, queued, sink, reply }) => {
                let outcome = catch_unwind(AssertUnwindSafe(|| engine.execute(cell, number, &queued, sink)));
                let _ = reply.send(outcome.unwrap_or_else(|_| Err(engine.start_anew())));
            }
            Some(Job::Move { wanted, sink, reply }) => {
                let outcome = catch_unwind(AssertUnwindSafe(|| engine.answer_move(&wanted, sink)));
                let _ = reply.send(outcome.unwrap_or_else(|_| Err(Fault::kernel("the kernel failed to answer"))));
            }
            Some(Job::Look) => {}
            Some(Job::Stop) | None => return,
        }
        look = Look::Done;
    }
}

/// Says in each cell why nothing works, rather than dying where nobody sees it.
fn refuse(reason: &str, queue: &mut Queue) {
    eprintln!("adlab kernel: {reason}");
    if is_for_nbgrader() {
        // To which each such cell would be a mark. Where the kernel is gone, it says that it could not mark.
        std::process::exit(1);
    }
    while let Some(job) = queue.next(Look::Done) {
        match job {
            Job::Execute { reply, .. } => drop(reply.send(Err(Fault::kernel(reason)))),
            Job::Move { reply, .. } => drop(reply.send(Err(Fault::kernel(reason)))),
            Job::Look => {}
            Job::Stop => return,
        }
    }
}
