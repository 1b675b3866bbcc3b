//! Cells that are compiled before they are asked for.
//!
//! In a *rehearsal*, evcxr writes a cell's source as ever, and its build succeeds without a compiler: what there is to be
//! made is left as a [`Job`], in a folder of its own. A job is done by a process of its own, apart from evcxr's files. It
//! puts the library into the cache of compiled cells, under the key that the cell itself will have; so one that was guessed
//! wrong is just never asked for. Of a source that does not compile, what the compiler said is kept, for evcxr to mend it.
//!
//! A cell that is being compiled when it is asked for is waited for, and one that still waits its turn is taken over. Several
//! that wait are compiled in one go ([`together`]).

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{collections::BTreeMap, io};

use anyhow::{Context, Result};
use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{SourceFile, SyntaxKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cache::{CompiledCell, can_be_kept};
use super::key::adds_crates;
use super::reach::hash;
use super::rustc::{FAILED, as_cargo_says, run_apart};
use super::together;
use crate::assumptions::{ONE_FUNCTION, PACKAGE, SOURCE};
use crate::runtime::NOWHERE;
use crate::system::files::write_atomically;
use crate::system::processes::{be_nice, die_with_parent};

/// Beside evcxr's build folder, where somebody wants to know: what became of each source, a line for each.
const LOG: &str = "compiled";
/// How folders of jobs begin, beside that of libraries: as deep, for libraries find others by the way between folders.
const JOB: &str = "ahead-";
/// And files that have what a compiler said.
const REFUSED: &str = "refused-";

const ORDER: &str = "order";
const LOCK: &str = "lock";
/// A job that has it may be done with others that have the same.
const GROUP: &str = "group";

/// How long a compiler is waited for that has time only where nobody else wants it.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(2);

/// What is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Cell,
    /// evcxr goes back to where it was: there is nothing to be made.
    Return,
}

const ACTS: [Act; 2] = [Act::Cell, Act::Return];

/// What became of a source, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Left as a job, in this folder.
    Left(String, PathBuf),
    /// It was there, or was being made; or that it does not compile was known.
    Ready(String),
    /// It had to be made.
    Made(String),
}

impl Act {
    /// Beside evcxr's build folder, while it goes on. Its name says all, so that it is there as a whole or not at all.
    fn marker(self, build: &Path) -> PathBuf {
        build.with_file_name(match self {
            Act::Cell => "rehearses-cell",
            Act::Return => "rehearses-return",
        })
    }
}

/// From now on, nothing is compiled in this build folder.
pub fn begin(build: &Path, act: Act) -> io::Result<()> {
    File::create(act.marker(build)).map(drop)
}

/// From now on, cells are compiled again.
pub fn end(build: &Path) {
    for act in ACTS {
        let _ = fs::remove_file(act.marker(build));
    }
}

/// What is rehearsed in this build folder, if anything.
pub fn act(here: &Path) -> Option<Act> {
    ACTS.into_iter().find(|act| act.marker(here).exists())
}

impl Found {
    pub fn key(&self) -> &str {
        match self {
            Found::Left(key, _) | Found::Ready(key) | Found::Made(key) => key,
        }
    }
}

/// From now on, it is noted what becomes of each source.
pub fn listen(build: &Path) -> io::Result<()> {
    fs::write(build.with_file_name(LOG), "")
}

/// What became of sources since one asked.
pub fn heard(build: &Path) -> Vec<Found> {
    let log = build.with_file_name(LOG);
    let text = fs::read_to_string(&log).unwrap_or_default();
    if !text.is_empty() {
        let _ = fs::write(&log, "");
    }
    let line = |line: &str| {
        let (word, key) = line.split_once(' ')?;
        let key = key.to_owned();
        Some(match word {
            "left" => {
                let (key, folder) = key.split_once(' ')?;
                Found::Left(key.to_owned(), folder.into())
            }
            "ready" => Found::Ready(key),
            _ => Found::Made(key),
        })
    };
    text.lines().filter_map(line).collect()
}

pub fn note(here: &Path, found: &Found) {
    let line = match found {
        Found::Left(key, folder) => format!("left {key} {}", folder.display()),
        Found::Ready(key) => format!("ready {key}"),
        Found::Made(key) => format!("made {key}"),
    };
    // Where nobody listens, there is no such file.
    if let Ok(mut log) = OpenOptions::new().append(true).open(here.with_file_name(LOG)) {
        let _ = writeln!(log, "{line}");
    }
}

/// A library to be made.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub rustc: PathBuf,
    /// evcxr's build folder.
    pub here: PathBuf,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub kept: CompiledCell,
}

/// A source that does not compile.
#[derive(Serialize, Deserialize)]
struct Refused {
    source: String,
    messages: Vec<Value>,
}

/// Where jobs are, for libraries in this folder.
pub struct Jobs(PathBuf);

impl Jobs {
    pub fn beside(library: &Path) -> Self {
        Jobs(library.parent().and_then(Path::parent).unwrap_or(library).to_owned())
    }

    /// The folders of jobs of these keys.
    pub fn folder(&self, key: &str) -> PathBuf {
        self.0.join(format!("{JOB}{key}"))
    }

    /// A library that seems to have been made. evcxr gives it another name.
    pub fn nowhere(&self) -> Result<PathBuf> {
        let folder = self.0.join(NOWHERE);
        // Of those before, evcxr wants nothing any more.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let library = folder.join("lib.so");
        fs::write(&library, "")?;
        Ok(library)
    }

    /// Leaves a job; false where it is left already.
    pub fn leave(&self, job: &Job, source: &str) -> Result<bool> {
        let folder = self.folder(job.kept.key());
        if folder.exists() {
            return Ok(false);
        }
        // Beside its place first: nobody begins with half of it.
        let new = tempfile::Builder::new().prefix("new-").tempdir_in(&self.0)?;
        let place = new.path().join(SOURCE);
        fs::create_dir_all(place.parent().context("a source in no folder")?)?;
        fs::write(place, source)?;
        fs::write(new.path().join(ORDER), serde_json::to_vec(job)?)?;
        if !adds_crates(&job.here) && !together::is_alone(source) {
            // It is compiled as all are that the compiler is told the same of.
            let told = job.arguments.iter().flat_map(|word| word.bytes().chain([0]));
            fs::write(new.path().join(GROUP), format!("{:016x}", hash(told)))?;
        }
        fs::rename(new.path(), &folder)?;
        let _ = new.keep();
        Ok(true)
    }

    /// Waits for a job that is being done, and takes over one that is not: it is done once.
    pub fn await_or_take(&self, key: &str) {
        let folder = self.folder(key);
        let Ok(lock) = File::open(folder.join(LOCK)) else {
            let _ = fs::remove_dir_all(&folder);
            return;
        };
        let is_urgent = fs::read_to_string(folder.join(LOCK)).is_ok_and(|niceness| niceness == "0");
        let since = Instant::now();
        while lock.try_lock_shared().is_err() && (is_urgent || since.elapsed() < PATIENCE) {
            std::thread::sleep(LOOK);
        }
    }

    /// What the compiler has said of a source. It names lines of it, which another of the same form has in another order.
    pub fn refusal(&self, key: &str, source: &str) -> Option<Vec<Value>> {
        let refused: Refused = serde_json::from_slice(&fs::read(self.refusal_file(key)).ok()?).ok()?;
        has_same_lines(&refused.source, source).then_some(refused.messages)
    }

    fn refusal_file(&self, key: &str) -> PathBuf {
        self.0.join(format!("{REFUSED}{key}"))
    }
}

/// Of two sources with the same key: evcxr's count of its builds, which stands in a line of its own, does not matter.
fn has_same_lines(one: &str, other: &str) -> bool {
    let is_same = |(a, b): (&str, &str)| a == b || a.contains(ONE_FUNCTION) && b.contains(ONE_FUNCTION);
    one.lines().count() == other.lines().count() && one.lines().zip(other.lines()).all(is_same)
}

/// The key of a job, by its folder.
pub fn key_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix(JOB).unwrap_or(&name).to_owned()
}

/// With which others a job may be done, if with any.
pub fn group_of(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(GROUP)).ok()
}

/// It is known that the source of a job does not compile.
pub fn is_refused(folder: &Path) -> bool {
    folder.parent().is_some_and(|jobs| Jobs(jobs.to_owned()).refusal_file(&key_of(folder)).exists())
}

/// Does jobs, together if there are several. What is in the way of others has this niceness.
pub fn do_jobs(folders: &[PathBuf], niceness: i32) -> Result<()> {
    die_with_parent();
    be_nice(niceness);
    // One that was taken over meanwhile is gone.
    let begun: Vec<Begun> = folders.iter().filter_map(|folder| Begun::new(folder, niceness).ok()).collect();
    // Where a compiler was ended, as one of them never ends, the others are not to wait for more of that.
    let are_left = begun.len() == 1 || matches!(make_together(&begun), Ok(code) if code != 0 && code != FAILED);
    for begun in begun {
        if are_left {
            begun.make()?;
        }
        fs::remove_dir_all(&begun.folder)?;
    }
    Ok(())
}

/// A job that is being done.
struct Begun {
    folder: PathBuf,
    job: Job,
    source: String,
    /// Who wants the cell waits until it is free.
    _lock: File,
}

impl Begun {
    fn new(folder: &Path, niceness: i32) -> Result<Self> {
        let mut lock = File::create(folder.join(LOCK))?;
        lock.lock()?;
        lock.write_all(niceness.to_string().as_bytes())?;
        let job = serde_json::from_slice(&fs::read(folder.join(ORDER))?)?;
        let source = fs::read_to_string(folder.join(SOURCE))?;
        Ok(Begun { folder: folder.to_owned(), job, source, _lock: lock })
    }

    /// Where the library comes out.
    fn library(&self) -> PathBuf {
        self.folder.join(format!("{}{PACKAGE}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
    }

    /// The exit code of the compiler, and what it has said of a source of this name.
    fn compile(&self, source: &str) -> Result<(i32, Vec<Value>)> {
        let Job { rustc, here, environment, arguments, .. } = &self.job;
        let mut arguments = with_output(arguments, &self.folder);
        arguments.iter_mut().filter(|word| *word == SOURCE).for_each(|word| *word = source.to_owned());
        run_apart(rustc, here, &self.folder, &arguments, environment)
    }

    fn make(&self) -> Result<()> {
        let (code, messages) = self.compile(SOURCE)?;
        if code == 0 {
            self.job.kept.keep_if_alone(&self.library(), &self.source);
        } else if code == 1 && is_of_source(&messages) && !adds_crates(&self.job.here) {
            let jobs = Jobs(self.folder.parent().context("a job in no folder")?.to_owned());
            let refused = Refused { source: self.source.clone(), messages };
            write_atomically(&jobs.refusal_file(self.job.kept.key()), &serde_json::to_vec(&refused)?)?;
        }
        Ok(())
    }
}

/// The exit code of the compiler.
fn make_together(all: &[Begun]) -> Result<i32> {
    let Some(first) = all.first() else { return Ok(0) };
    let cells: Vec<_> = all.iter().map(|begun| (begun.source.as_str(), begun.job.kept.entry())).collect();
    let (code, _) = first.compile(&together::write(&first.folder, &cells)?)?;
    let library = first.library();
    if code == 0 && !can_be_kept(&library, together::is_of_all) {
        // It is too large for several.
        return Ok(1);
    }
    if code == 0 {
        all.iter().for_each(|begun| begun.job.kept.keep_with_entry(&library, &begun.source));
    }
    Ok(code)
}

/// Prints what a compiler has said, as cargo would.
pub fn say_again(messages: &[Value]) {
    messages.iter().for_each(|message| println!("{}", as_cargo_says(message)));
}

/// The same, with what comes out in this folder, and in one piece: other processors have cells of their own to compile.
fn with_output(arguments: &[String], folder: &Path) -> Vec<String> {
    let one =
        |word: &String| if word.starts_with("codegen-units=") { "codegen-units=1".to_owned() } else { word.clone() };
    let mut arguments: Vec<String> = arguments.iter().map(one).collect();
    if let Some(at) = arguments.iter().position(|word| word == "--out-dir")
        && let Some(place) = arguments.get_mut(at + 1)
    {
        *place = folder.display().to_string();
    }
    arguments
}

/// All errors are about the source: it will not compile another time either. A full disk is no such reason.
fn is_of_source(messages: &[Value]) -> bool {
    let is_summary =
        |message: &Value| message["message"].as_str().is_some_and(|text| text.starts_with("aborting due to"));
    let errors: Vec<&Value> =
        messages.iter().filter(|message| message["level"] == "error" && !is_summary(message)).collect();
    let has_place = |message: &&Value| message["spans"].as_array().is_some_and(|spans| !spans.is_empty());
    !errors.is_empty() && errors.iter().all(has_place)
}

/// What is compiled depends on more than this source: on files, or on the environment.
pub fn reads_more(file: &SourceFile) -> bool {
    const READS: [&str; 4] = ["include", "include_str", "include_bytes", "option_env"];
    let has_path = |attribute: &ast::Attr| attribute.syntax().text().to_string().contains("path");
    let tokens = file.syntax().descendants_with_tokens().filter_map(|element| element.into_token());
    let mut tokens = tokens.filter(|token| !token.kind().is_trivia()).peekable();
    while let Some(token) = tokens.next() {
        let is_name = token.kind() == SyntaxKind::IDENT;
        // Of this name there is a module as well.
        let is_called = token.text() == "env" && tokens.peek().is_some_and(|next| next.kind() == SyntaxKind::BANG);
        if is_name && (READS.contains(&token.text()) || is_called) {
            return true;
        }
    }
    file.syntax().descendants().any(|node| {
        ast::Attr::cast(node.clone()).is_some_and(|attribute| has_path(&attribute))
            || ast::Module::cast(node).is_some_and(|module| module.item_list().is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::Edition;
    use serde_json::json;

    #[test]
    fn what_reads_more_than_its_source_is_left_alone() {
        let reads = |text: &str| reads_more(&SourceFile::parse(text, Edition::Edition2024).tree());
        for text in [
            "const T: &str = include_str!(\"a.txt\");",
            "fn f() { println!(\"{}\", env!(\"HOME\")); }",
            "fn f() { std::option_env!(\"A\"); }",
            "mod other;",
            "#[path = \"x.rs\"] mod other { }",
            "macro_rules! m { () => { include!(\"a.rs\") } }",
            "const T: &str = include_str /* here */ !(\"a.txt\");",
            "use std::include_str as read;",
            "#[cfg_attr(unix, path = \"x.rs\")] mod other { }",
        ] {
            assert!(reads(text), "{text}");
        }
        for text in ["fn f() { std::env::var(\"A\"); }", "mod own { fn f() {} }"] {
            assert!(!reads(text), "{text}");
        }
    }

    #[test]
    fn what_was_said_of_lines_in_another_order_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = Jobs(folder.path().to_owned());
        let refused = Refused { source: "fn run_user_code_1() {\na\nb\n}".into(), messages: vec![json!({})] };
        fs::write(jobs.refusal_file("k"), serde_json::to_vec(&refused).unwrap()).unwrap();
        assert_eq!(jobs.refusal("k", "fn run_user_code_23() {\na\nb\n}").map(|said| said.len()), Some(1));
        for other in ["fn run_user_code_1() {\nb\na\n}", "fn run_user_code_1() {\na\nb\n}\n\n"] {
            assert_eq!(jobs.refusal("k", other), None);
        }
    }

    #[test]
    fn errors_that_may_pass_are_not_kept() {
        let error = |spans: Value| json!({ "level": "error", "message": "wrong", "spans": spans });
        let summary = json!({ "level": "error", "message": "aborting due to 1 previous error", "spans": [] });
        assert!(is_of_source(&[error(json!([{}])), summary.clone()]));
        assert!(!is_of_source(&[error(json!([{}])), error(json!([])), summary.clone()]));
        assert!(!is_of_source(&[summary]) && !is_of_source(&[]));
    }

    #[test]
    fn what_happens_is_noted_where_somebody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let build = folder.path().join("build");
        note(&build, &Found::Made("a".into()));
        assert_eq!(heard(&build), []);
        listen(&build).unwrap();
        let all = [Found::Left("a".into(), "/a b".into()), Found::Ready("b".into()), Found::Made("c".into())];
        all.iter().for_each(|found| note(&build, found));
        assert_eq!(heard(&build), all);
        assert_eq!(heard(&build), []);
        assert_eq!(act(&build), None);
        for wanted in [Act::Cell, Act::Return] {
            begin(&build, wanted).unwrap();
            assert_eq!(act(&build), Some(wanted));
            end(&build);
            assert_eq!(act(&build), None);
        }
    }
}
