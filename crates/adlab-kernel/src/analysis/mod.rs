//! rust-analyzer, beside evcxr's own.
//!
//! evcxr must know the type of each variable, and asks rust-analyzer for it before it compiles a cell: it reads the
//! standard library first, which takes seconds, and looks at much of it again for every cell. So types are found out here,
//! on a thread of its own, and written into the cell ([`crate::cell::insertions`]); evcxr's own analyzer gets an empty library, and finds
//! that there is nothing to do. Completions and documentation come from here too, also while a cell runs.

mod complete;
mod document;
pub mod slim_std;
pub mod types;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::oneshot;

use self::document::Draft;
use self::types::Variable;
use self::world::World;
use crate::engine::thread::DEEP_STACK;

pub use self::complete::Completions;
pub use self::document::Scope;

/// How often someone who waits for types looks whether the cell has been interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// Cells like a student's: what they make the analyzer look at is known from then on.
const TYPICAL: &str = "let adlab_v: Vec<f64> = (0..10).map(|i| f64::from(i) * 0.5).collect(); \
    let adlab_s = adlab_v.iter().zip(&adlab_v).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(); \
    let adlab_t = String::from(\"x\"); let mut adlab_o = Vec::new(); for x in &adlab_v { adlab_o.push((x.sin(), 1)); } \
    let adlab_f = format!(\"{}\", adlab_s); adlab_f";
const TYPICAL_START: &str = "1.0_f64.si";

enum Request {
    /// The crates in this folder may have changed.
    Crates(PathBuf),
    Types {
        scope: Scope,
        code: String,
        reply: Sender<Types>,
    },
    Complete {
        code: String,
        position: usize,
        reply: oneshot::Sender<Completions>,
    },
    Inspect {
        code: String,
        position: usize,
        reply: oneshot::Sender<(String, String)>,
    },
}

/// The variables of each `let`, by the byte of the cell at which it begins.
pub type Types = Vec<(usize, Vec<Variable>)>;

/// A handle; the analysis ends with the last one.
#[derive(Clone)]
pub struct Analysis {
    requests: Sender<Request>,
    ready: Arc<AtomicBool>,
    /// What the next cell will find.
    scope: Arc<Mutex<Scope>>,
}

impl Analysis {
    /// Begins to read the standard library.
    pub fn start(library: PathBuf) -> Result<Self> {
        let (requests, queue) = channel();
        let analysis = Analysis { requests, ready: Arc::default(), scope: Arc::default() };
        let (ready, scope) = (Arc::clone(&analysis.ready), Arc::clone(&analysis.scope));
        let work = move || match World::new(&library) {
            Ok(world) => serve(world, &queue, &ready, &scope),
            Err(error) => eprintln!("adlab kernel: types can't be inferred: {error:#}"),
        };
        std::thread::Builder::new().name("analysis".into()).stack_size(DEEP_STACK).spawn(work)?;
        Ok(analysis)
    }

    /// The standard library and the crates are known: an answer comes soon.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Cells are built in this folder, with the crates that its `Cargo.toml` names.
    pub fn use_crates_of(&self, build: PathBuf) {
        let _ = self.requests.send(Request::Crates(build));
    }

    pub fn set_scope(&self, scope: Scope) {
        *self.scope.lock().unwrap_or_else(|e| e.into_inner()) = scope;
    }

    /// The types of a cell's variables. Nothing if the analysis fails, or is `unwanted` before it has ended.
    pub fn types(&self, scope: Scope, code: &str, unwanted: impl Fn() -> bool) -> Option<Types> {
        let (reply, answer) = channel();
        self.requests.send(Request::Types { scope, code: code.to_owned(), reply }).ok()?;
        while !unwanted() {
            match answer.recv_timeout(LOOK) {
                Ok(types) => return Some(types),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }

    /// `position` is a byte.
    pub async fn complete(&self, code: String, position: usize) -> Option<Completions> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Complete { code, position, reply }).ok()?;
        answer.await.ok()
    }

    /// Documentation of what stands at a byte: as plain text, and as Markdown.
    pub async fn inspect(&self, code: String, position: usize) -> Option<(String, String)> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Inspect { code, position, reply }).ok()?;
        answer.await.ok()
    }
}

fn serve(mut world: World, queue: &Receiver<Request>, ready: &AtomicBool, scope: &Mutex<Scope>) {
    // Most of the work, and it can be done before anyone asks.
    let _ = answer_types(&mut world, &Scope::default(), TYPICAL);
    let scope = || scope.lock().unwrap_or_else(|e| e.into_inner()).clone();
    while let Ok(request) = queue.recv() {
        // A panic of rust-analyzer's is no more than no answer.
        let _ = catch_unwind(AssertUnwindSafe(|| match request {
            Request::Crates(build) => {
                if let Err(error) = world.use_crates_of(&build) {
                    eprintln!("adlab kernel: {error:#}");
                }
                let _ = answer_types(&mut world, &scope(), TYPICAL);
                ready.store(true, Ordering::Relaxed);
                let draft = Draft::new(&scope(), TYPICAL_START);
                world.set_cell(draft.text.clone());
                let _ = complete::completions(&world, &draft, TYPICAL_START.len());
            }
            Request::Types { scope, code, reply } => {
                let _ = reply.send(answer_types(&mut world, &scope, &code));
            }
            Request::Complete { code, position, reply } => {
                let draft = Draft::new(&scope(), &code);
                world.set_cell(draft.text.clone());
                if let Some(found) = complete::completions(&world, &draft, position) {
                    let _ = reply.send(found);
                }
            }
            Request::Inspect { code, position, reply } => {
                let draft = Draft::new(&scope(), &code);
                world.set_cell(draft.text.clone());
                if let Some(found) = complete::documentation(&world, &draft, position) {
                    let _ = reply.send(found);
                }
            }
        }));
    }
}

fn answer_types(world: &mut World, scope: &Scope, code: &str) -> Types {
    let draft = Draft::new(scope, code);
    world.set_cell(draft.text.clone());
    let found = types::variables(world).into_iter();
    found.filter_map(|(start, variables)| Some((draft.origin(start)?, variables))).collect()
}
