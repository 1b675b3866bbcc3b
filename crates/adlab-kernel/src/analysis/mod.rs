//! rust-analyzer, beside evcxr's own.
//!
//! evcxr must know the type of each variable, and asks rust-analyzer for it before it compiles a cell: it reads the
//! standard library first, which takes seconds, and looks at much of it again for every cell. So types are found out here,
//! on a thread of its own, and written into the cell ([`crate::cell::insertions`]); evcxr's own analyzer gets an empty
//! library, and finds that there is nothing to do. Completions and documentation come from here too, also while a cell
//! runs.
//!
//! On the map, `docs/architecture.md`: step 6.

mod complete;
mod document;
pub mod packages;
pub mod slim_std;
mod types;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::oneshot;

use self::document::Document;
use self::types::Known;
use self::world::World;
use crate::cell::Outline;
use crate::cell::insertions::Types;
use crate::cell::nesting::{DEEP_STACK, is_too_deep};

pub use self::complete::Completions;
pub use self::document::Surroundings;

/// How often someone who waits for types looks whether the cell has been interrupted.
const LOOK: Duration = Duration::from_millis(20);
/// How long it may take to begin, where nothing is wrong.
const SETTLES_WITHIN: Duration = Duration::from_secs(10);

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
        around: Surroundings,
        code: String,
        outline: Outline,
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
        reply: oneshot::Sender<Documentation>,
    },
}

/// As plain text, and as Markdown.
pub type Documentation = (String, String);

/// A handle; the analysis ends with the last one.
#[derive(Clone)]
pub struct Analysis {
    requests: Sender<Request>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ready: AtomicBool,
    /// What the next cell will find.
    around: Mutex<Surroundings>,
    /// What has gone wrong, and nobody was told of yet.
    trouble: Mutex<Option<String>>,
}

impl Shared {
    fn around(&self) -> Surroundings {
        lock(&self.around).clone()
    }

    fn trouble(&self, error: &anyhow::Error) {
        eprintln!("adlab kernel: {error:#}");
        *lock(&self.trouble) = Some(format!("{error:#}"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

impl Analysis {
    /// Begins to read the standard library.
    pub fn start(library: PathBuf) -> Result<Self> {
        let (requests, queue) = channel();
        let analysis = Analysis { requests, shared: Arc::default() };
        let shared = Arc::clone(&analysis.shared);
        let work = move || match World::new(&library) {
            Ok(world) => serve(world, &queue, &shared),
            Err(error) => shared.trouble(&error.context("types can't be inferred")),
        };
        std::thread::Builder::new().name("analysis".into()).stack_size(DEEP_STACK).spawn(work)?;
        Ok(analysis)
    }

    /// The standard library and the crates are known: an answer comes soon.
    pub fn is_ready(&self) -> bool {
        self.shared.ready.load(Ordering::Relaxed)
    }

    /// Waits until it asks cargo nothing any more, unless that is `unwanted`.
    pub fn settle(&self, unwanted: impl Fn() -> bool) {
        let deadline = Instant::now() + SETTLES_WITHIN;
        while !self.is_ready() && !unwanted() && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
    }

    /// Cells are built in this folder, with the crates that its `Cargo.toml` names.
    pub fn use_crates_of(&self, build: PathBuf) {
        self.shared.ready.store(false, Ordering::Relaxed);
        let _ = self.requests.send(Request::Crates(build));
    }

    pub fn set_surroundings(&self, around: Surroundings) {
        *lock(&self.shared.around) = around;
    }

    /// What has gone wrong since someone asked: the student should know why types are missing.
    pub fn take_trouble(&self) -> Option<String> {
        lock(&self.shared.trouble).take()
    }

    /// The types of a cell's variables. Nothing if the analysis fails, or is `unwanted` before it has ended.
    pub fn types(
        &self,
        around: Surroundings,
        code: &str,
        outline: Outline,
        unwanted: impl Fn() -> bool,
    ) -> Option<Types> {
        let (reply, answer) = channel();
        self.requests.send(Request::Types { around, code: code.to_owned(), outline, reply }).ok()?;
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
        if is_too_deep(&code) {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Complete { code, position, reply }).ok()?;
        answer.await.ok()
    }

    /// The documentation of the word at a byte.
    pub async fn inspect(&self, code: String, position: usize) -> Option<Documentation> {
        self.ask(code, position)?.await.ok()
    }

    /// The documentation of a name; waits for it, unless it is `unwanted` before.
    pub fn documentation(&self, name: &str, unwanted: impl Fn() -> bool) -> Option<Documentation> {
        let mut answer = self.ask(name.to_owned(), name.len())?;
        while !unwanted() {
            match answer.try_recv() {
                Ok(found) => return Some(found),
                Err(oneshot::error::TryRecvError::Empty) => std::thread::sleep(LOOK),
                Err(oneshot::error::TryRecvError::Closed) => return None,
            }
        }
        None
    }

    fn ask(&self, code: String, position: usize) -> Option<oneshot::Receiver<Documentation>> {
        if is_too_deep(&code) {
            return None;
        }
        let position = word_start(&code, position);
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Inspect { code, position, reply }).ok()?;
        Some(answer)
    }
}

/// Behind a word, and behind the bracket that opens its arguments, the word is meant.
fn word_start(code: &str, position: usize) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let before = code[..position].trim_end_matches(is_word).len();
    if code[before..].starts_with(is_word) {
        return before;
    }
    let name = code[..before].trim_end_matches('(');
    name.trim_end_matches(is_word).len()
}

fn serve(mut world: World, queue: &Receiver<Request>, shared: &Shared) {
    // Most of the work, and it can be done before anyone asks.
    let (typical, mut known) = (Outline::of(TYPICAL), Known::default());
    let _ = answer_types(&mut world, &mut known, &Surroundings::default(), TYPICAL, &typical);
    while let Ok(request) = queue.recv() {
        // A panic of rust-analyzer's is no more than no answer.
        let _ = catch_unwind(AssertUnwindSafe(|| match request {
            Request::Crates(build) => {
                if let Err(error) = world.use_crates_of(&build) {
                    shared.trouble(&error);
                }
                known = Known::default();
                let _ = answer_types(&mut world, &mut known, &shared.around(), TYPICAL, &typical);
                shared.ready.store(true, Ordering::Relaxed);
                let document = open(&mut world, shared, TYPICAL_START);
                let _ = complete::completions(&world, &document, TYPICAL_START.len());
            }
            Request::Types { around, code, outline, reply } => {
                let _ = reply.send(answer_types(&mut world, &mut known, &around, &code, &outline));
            }
            Request::Complete { code, position, reply } => {
                let document = open(&mut world, shared, &code);
                if let Some(found) = complete::completions(&world, &document, position) {
                    let _ = reply.send(found);
                }
            }
            Request::Inspect { code, position, reply } => {
                let document = open(&mut world, shared, &code);
                if let Some(found) = complete::documentation(&world, &document, position) {
                    let _ = reply.send(found);
                }
            }
        }));
    }
}

/// What is being written, among what there is.
fn open(world: &mut World, shared: &Shared, code: &str) -> Document {
    let document = Document::new(&shared.around(), code, &Outline::of(code));
    world.set_cell(document.text.clone());
    document
}

fn answer_types(world: &mut World, known: &mut Known, around: &Surroundings, code: &str, outline: &Outline) -> Types {
    let document = Document::new(around, code, outline);
    let found = known.variables(world, &document.text).into_iter();
    found.filter_map(|(start, variables)| Some((document.origin(start)?, variables))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_a_place_is_meant() {
        for (code, position, start) in
            [("f64::sin", 8, 5), ("f64::sin", 6, 5), ("plot(", 5, 0), ("x.max(1.0)", 4, 2), ("a + b", 2, 2), ("", 0, 0)]
        {
            assert_eq!(word_start(code, position), start, "{code} {position}");
        }
    }
}
