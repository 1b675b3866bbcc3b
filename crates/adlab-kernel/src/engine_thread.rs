//! The engine on a thread of its own: evcxr blocks while it compiles and runs, the server must not.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use evcxr::Completions;
use tokio::sync::{Notify, oneshot};

use crate::engine::{Cell, Engine};
use crate::faults::Fault;
use crate::link::{Link, Sink};
use crate::outputs::Bundle;
use crate::project::Preload;
use crate::session::Session;

/// For what parses cells: it calls itself for each level of nesting. Only what is used of it takes memory.
pub const DEEP_STACK: usize = 256 << 20;
/// How long requests are waited for before the engine warms up on its own.
const IDLE: Duration = Duration::from_millis(300);
/// How long an interrupted cell may take to end, before it is given up. Its code will not run, but the analysis of its
/// types can't be stopped.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long a shutdown waits for the engine to put its things away.
const FAREWELL: Duration = Duration::from_secs(2);

type Outcome = Result<Option<Bundle>, Fault>;

enum Job {
    Execute { code: String, id: Option<String>, number: usize, sink: Sink, reply: oneshot::Sender<Outcome> },
    Complete(String, usize, oneshot::Sender<Option<Completions>>),
    Inspect(String, usize, oneshot::Sender<Option<(String, String)>>),
    Stop,
}

pub struct EngineThread {
    handle: Handle,
    done: Receiver<()>,
}

/// What the server holds of it.
#[derive(Clone)]
pub struct Handle {
    jobs: Sender<Job>,
    link: Arc<OnceLock<Link>>,
    interrupted: Arc<Notify>,
}

impl EngineThread {
    pub fn start(preload: Preload, session: Session) -> Self {
        let (jobs, queue) = channel();
        let (finished, done) = channel();
        let link = Arc::new(OnceLock::new());
        let handle = Handle { jobs, link: Arc::clone(&link), interrupted: Arc::default() };
        let work = move || {
            serve(preload, &session, &queue, &link);
            drop(session);
            let _ = finished.send(());
        };
        let thread = std::thread::Builder::new().name("engine".into()).stack_size(DEEP_STACK).spawn(work);
        thread.expect("a thread for the engine");
        EngineThread { handle, done }
    }

    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends what runs, and removes the session's folder.
    pub fn stop(self) {
        self.handle.interrupt();
        let _ = self.handle.jobs.send(Job::Stop);
        let deadline = Instant::now() + FAREWELL;
        // A cell may begin just now: interrupt again.
        while Instant::now() < deadline {
            match self.done.recv_timeout(Duration::from_millis(100)) {
                Err(RecvTimeoutError::Timeout) => self.handle.interrupt(),
                _ => return,
            }
        }
    }
}

impl Handle {
    pub async fn execute(&self, code: String, id: Option<String>, number: usize, sink: Sink) -> Outcome {
        let ask = self.ask(|reply| Job::Execute { code, id, number, sink, reply });
        tokio::select! {
            outcome = ask => outcome.unwrap_or_else(|| Err(Fault::kernel("the kernel is shutting down"))),
            () = self.interrupted_in_vain() => Err(Fault::interrupted()),
        }
    }

    async fn interrupted_in_vain(&self) {
        self.interrupted.notified().await;
        tokio::time::sleep(PATIENCE).await;
    }

    pub async fn complete(&self, code: String, position: usize) -> Option<Completions> {
        self.ask(|reply| Job::Complete(code, position, reply)).await?
    }

    pub async fn inspect(&self, code: String, position: usize) -> Option<(String, String)> {
        self.ask(|reply| Job::Inspect(code, position, reply)).await?
    }

    /// Stops the cell that runs now.
    pub fn interrupt(&self) {
        if let Some(link) = self.link.get() {
            link.interrupt();
        }
        self.interrupted.notify_waiters();
    }

    pub fn is_interrupted(&self) -> bool {
        self.link.get().is_some_and(Link::is_interrupted)
    }

    /// What the student typed; `None` if there is nobody to type.
    pub fn answer(&self, text: Option<&str>) {
        if let Some(link) = self.link.get() {
            link.answer(text);
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).ok()?;
        answer.await.ok()
    }
}

fn serve(preload: Preload, session: &Session, queue: &Receiver<Job>, link: &OnceLock<Link>) {
    let mut engine = match Engine::start(preload, session) {
        Ok(engine) => engine,
        Err(error) => return refuse(&format!("the kernel could not start: {error:#}"), queue),
    };
    let _ = link.set(engine.link());
    let (mut has_run, mut is_warm) = (false, false);
    loop {
        // What a student will want soon is prepared when nothing is to be done.
        let job = match if is_warm { queue.recv().ok() } else { queue.recv_timeout(IDLE).ok() } {
            Some(job) => job,
            None if is_warm => return,
            None if !has_run => {
                engine.warm_up();
                has_run = true;
                continue;
            }
            None => {
                engine.warm_up_completion();
                is_warm = true;
                continue;
            }
        };
        match job {
            // Interrupted before its turn.
            Job::Execute { reply, .. } if reply.is_closed() => {}
            Job::Execute { code, id, number, sink, reply } => {
                has_run = true;
                let cell = Cell { code: &code, id: id.as_deref(), number };
                let _ = reply.send(engine.execute(&cell, sink));
            }
            Job::Complete(code, position, reply) => {
                let _ = reply.send(engine.complete(&code, position).ok());
            }
            Job::Inspect(code, position, reply) => {
                let _ = reply.send(engine.inspect(&code, position));
            }
            Job::Stop => return,
        }
    }
}

/// Says in each cell why nothing works, rather than dying where nobody sees it.
fn refuse(reason: &str, queue: &Receiver<Job>) {
    eprintln!("adlab kernel: {reason}");
    while let Ok(job) = queue.recv() {
        match job {
            Job::Execute { reply, .. } => drop(reply.send(Err(Fault::kernel(reason)))),
            Job::Complete(..) | Job::Inspect(..) => {}
            Job::Stop => return,
        }
    }
}
