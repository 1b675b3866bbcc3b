//! What every cell is linked with: a session's variables, and what a cell's own code tells the process that runs it.
//!
//! evcxr writes a store of variables into each cell, and the compiler then makes a hash table anew each time, a fifth of the
//! work of a small cell. Here it is made once. The names are evcxr's; to its calls the kernel adds a fingerprint of
//! all definitions that a variable's type is made of.
//!
//! evcxr's code prints that a cell has panicked. Here it calls a function instead, so that nothing that a cell prints, and no
//! macro or panic hook of its own, can say it or keep it from being said.

use std::alloc::{Layout, alloc, handle_alloc_error};
use std::any::{Any, TypeId, type_name};
use std::cell::{RefCell, UnsafeCell};
use std::collections::HashMap;
use std::fmt::Display;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, ThreadId};

/// A session's variables by their names.
pub struct VariableStore {
    variables: HashMap<String, Variable>,
}

struct Variable {
    value: Box<dyn Any>,
    /// Its type, with where that is defined.
    type_name: &'static str,
    /// What its type was made of when it was put here.
    made_of: &'static str,
}

/// An empty store; it lives as long as the session.
pub fn create_variable_store() -> *mut VariableStore {
    let store = Box::into_raw(Box::new(VariableStore { variables: HashMap::new() }));
    STORE.store(store, Ordering::Relaxed);
    store
}

static STORE: AtomicPtr<VariableStore> = AtomicPtr::new(std::ptr::null_mut());

static DROPS_AT_END: AtomicBool = AtomicBool::new(false);

/// This cell is the last before the variables go. While it runs, evcxr's code has them.
pub fn drop_at_end() {
    DROPS_AT_END.store(true, Ordering::Relaxed);
}

/// The session ends as it should, and with it each variable: a `BufWriter` writes what it still holds.
///
/// # Safety
/// Only for the process that runs cells, when no cell runs that has variables.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adlab_drop() {
    // SAFETY: it was made above, and nobody else has it now.
    let variables = unsafe { STORE.load(Ordering::Relaxed).as_mut() }.map(|store| std::mem::take(&mut store.variables));
    for (_, variable) in variables.into_iter().flatten() {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(variable.value)));
    }
    report_caught();
    let _ = std::io::stdout().flush();
}

// What is generic is compiled in each cell: it does no more than to pack and unpack.
impl VariableStore {
    /// Keeps a variable.
    #[inline]
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T, made_of: &'static str) {
        let place = room(Layout::new::<T>()).cast::<T>();
        // SAFETY: room for a value of this type, as a box has it.
        let value = unsafe {
            place.write(value);
            Box::from_raw(place)
        };
        self.put(name, Variable { value, type_name: type_name::<T>(), made_of });
    }

    /// Whether a variable is there and has this type still: its definition may have been replaced, or one that it is made of,
    /// of which a `TypeId` knows nothing. If not, the kernel is told, and the value is never looked at again.
    #[inline]
    pub fn check_variable<T: 'static>(&mut self, name: &str, made_of: &str) -> bool {
        self.check(name, TypeId::of::<T>(), type_name::<T>(), made_of)
    }

    /// Hands a variable over.
    ///
    /// # Panics
    /// If it isn't there, or has another type, which [`check_variable`](Self::check_variable) was to find out.
    #[inline]
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        let value = self.take(name, TypeId::of::<T>(), type_name::<T>());
        // SAFETY: the value of a box that is of this type, and nobody else's.
        *unsafe { Box::from_raw(value.cast::<T>()) }
    }

    /// A value that is made when it is asked for first.
    pub fn lazy_arc<T: 'static, F: FnOnce() -> T>(&mut self, name: &str, create: F) -> Arc<T> {
        if self.get(name).is_none() {
            let value = Box::new(Arc::new(create()));
            self.put(name, Variable { value, type_name: type_name::<Arc<T>>(), made_of: "" });
        }
        match self.get(name).and_then(|known| known.value.downcast_ref::<Arc<T>>()) {
            Some(value) => Arc::clone(value),
            None => missing(name),
        }
    }

    #[inline(never)]
    fn put(&mut self, name: &str, variable: Variable) {
        // What stood there may be of another type by now, and is let go of without a look.
        if let Some(before) = self.variables.insert(name.to_owned(), variable) {
            std::mem::forget(before.value);
        }
    }

    #[inline(never)]
    fn check(&mut self, name: &str, ty: TypeId, type_name: &str, made_of: &str) -> bool {
        let is_same = |known: &Variable| known.is_a(ty, type_name) && is_made_of_the_same(known.made_of, made_of);
        let has_changed = self.get(name).is_none_or(|known| !is_same(known));
        if has_changed {
            told().changed.push(name.to_owned());
        }
        !has_changed
    }

    /// A pointer to the value, which was a box's.
    #[inline(never)]
    fn take(&mut self, name: &str, ty: TypeId, type_name: &str) -> *mut () {
        match self.variables.remove(name) {
            Some(known) if known.is_a(ty, type_name) => Box::into_raw(known.value).cast(),
            _ => missing(name),
        }
    }

    #[inline(never)]
    fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }
}

impl Variable {
    /// A type of the notebook's is another in each library to the compiler, where several cells were compiled in one go: it is
    /// known by its name then, and by what it is made of.
    fn is_a(&self, ty: TypeId, type_name: &str) -> bool {
        let is_of_cells =
            || names_only(type_name, &OF_CELLS) && without_modules(self.type_name) == without_modules(type_name);
        (*self.value).type_id() == ty || is_of_cells()
    }
}

/// The crate of cells, and those of which a type is by its name.
const OF_CELLS: [&str; 7] = ["ctx", "core", "alloc", "std", "adlab", "adlab_notebook", "adlab_store"];

/// A type is of the first of these crates, in some part at least, and of no others.
fn names_only(type_name: &str, crates: &[&str]) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let paths = type_name.split(|c| !is_part(c)).filter_map(|path| path.split_once("::"));
    let roots: Vec<&str> = paths.map(|(root, _)| root).filter(|root| !root.is_empty()).collect();
    roots.contains(&crates[0]) && roots.iter().all(|root| crates.contains(root))
}

/// Without the module that a cell is among others.
fn without_modules(type_name: &str) -> String {
    let mut parts = type_name.split("ctx::cell_");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let number = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match part[number..].strip_prefix("::").filter(|_| number > 0) {
            Some(rest) => name + "ctx::" + rest,
            None => name + "ctx::cell_" + part,
        }
    })
}

/// Two fingerprints: of all that counts, and, behind a `|`, of types, of which those that were there before count.
fn is_made_of_the_same(before: &str, now: &str) -> bool {
    let parts = |text| str::split_once(text, '|').unwrap_or((text, ""));
    let ((all, types), (all_now, types_now)) = (parts(before), parts(now));
    let name = |ty: &'_ str| ty.split(':').next().unwrap_or_default().to_owned();
    let is_same = |ty: &str| types_now.split(',').find(|now| name(now) == name(ty)).is_none_or(|now| now == ty);
    all == all_now && types.split(',').all(is_same)
}

/// Room for a value, as a box makes it.
#[inline(never)]
fn room(layout: Layout) -> *mut u8 {
    if layout.size() == 0 {
        return std::ptr::without_provenance_mut(layout.align());
    }
    // SAFETY: its size is not 0.
    let place = unsafe { alloc(layout) };
    if place.is_null() {
        handle_alloc_error(layout);
    }
    place
}

#[inline(never)]
#[cold]
fn missing(name: &str) -> ! {
    panic!("the variable `{name}` is not in the store, or has another type")
}

/// What a `thread_local!` is made into, in a static that all cells share. It can be changed, as far as the compiler knows:
/// it would put the value of its own cell in the place of the shared one.
pub struct Local<T>(UnsafeCell<T>);

// SAFETY: nothing changes it.
unsafe impl<T: Sync> Sync for Local<T> {}

impl<T> Local<T> {
    pub const fn new(key: T) -> Self {
        Local(UnsafeCell::new(key))
    }
}

impl<T> Deref for Local<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: nothing changes it.
        unsafe { &*self.0.get() }
    }
}

/// Waits for a future: `.await` in a cell's own code. It needs no crate and no thread, so that cells can still be undone.
///
/// # Panics
/// If the future can never be ready: it was pending, and has left nobody to wake it.
#[track_caller]
pub fn wait<F: IntoFuture>(future: F) -> F::Output {
    let bell = Arc::new(Bell { thread: std::thread::current(), has_rung: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future.into_future());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        while !bell.has_rung.swap(false, Ordering::AcqRel) {
            // Ours, and the waker's; who has let go of it may have rung before.
            let is_kept = Arc::strong_count(&bell) > 2;
            fence(Ordering::Acquire);
            if !is_kept && !bell.has_rung.load(Ordering::Acquire) {
                panic!(
                    "this future is never ready: its `poll` returned `Pending`, and neither kept nor called the waker"
                );
            }
            std::thread::park();
        }
    }
}

/// Wakes the cell's thread.
struct Bell {
    thread: Thread,
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// What a cell has told so far.
struct Told {
    cell: Option<ThreadId>,
    panic: Option<Panic>,
    error: Option<String>,
    changed: Vec<String>,
}

/// Line, column, thread and file, with tabs between them, and on the lines below the message.
type Panic = String;

static TOLD: Mutex<Told> = Mutex::new(Told { cell: None, panic: None, error: None, changed: Vec::new() });

thread_local! {
    /// The latest panic: it may be caught by the cell's own code, and then it is a note, not the end.
    static LATEST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

fn told() -> MutexGuard<'static, Told> {
    TOLD.lock().unwrap_or_else(|e| e.into_inner())
}

/// Runs a cell's code: false if it has panicked.
#[inline]
pub fn caught<T, F: FnOnce() -> T>(code: F) -> bool {
    let mut code = ManuallyDrop::new(code);
    // SAFETY: it is called once.
    run(&mut || drop(unsafe { ManuallyDrop::take(&mut code) }()))
}

#[inline(never)]
fn run(code: &mut dyn FnMut()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(code)).is_ok()
}

/// The cell's code has panicked, and it is over.
pub fn panicked() {
    let latest = LATEST.take();
    told().panic = Some(latest.unwrap_or_else(|| "0\t0\t\t\nthe cell panicked, and did not say why".to_owned()));
}

/// What a cell has kept for later was called, and has panicked.
///
/// # Safety
/// Only for the process that runs cells, between them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adlab_panicked() {
    panicked();
}

/// `?` has met an error.
pub fn met<E: Display>(error: &E) {
    let text = error.to_string();
    told().error = Some(text);
}

/// A variable is to be forgotten: the kernel is told that its type has changed, and runs the call again without it, which
/// then tells nothing.
pub fn forget(name: &str) {
    static TOLD_BEFORE: Mutex<Option<String>> = Mutex::new(None);
    let mut before = TOLD_BEFORE.lock().unwrap_or_else(|e| e.into_inner());
    if before.take().is_none_or(|before| before != name) {
        told().changed.push(name.to_owned());
        *before = Some(name.to_owned());
    }
}

/// Before each cell: whatever earlier cells have done to it, the panic hook is ours again.
///
/// # Safety
/// Only for the process that runs cells, between them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adlab_begin() {
    if is_another_thread() {
        return;
    }
    LATEST.set(None);
    *told() = Told { cell: Some(std::thread::current().id()), panic: None, error: None, changed: Vec::new() };
    std::panic::set_hook(Box::new(take_note));
}

/// After each cell: pushes out what `print!` holds back, and hands over what was told, each with the letter of its kind.
///
/// # Safety
/// Only for the process that runs cells, between them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adlab_end(tell: extern "C" fn(u8, *const u8, usize)) {
    if is_another_thread() {
        return;
    }
    report_caught();
    if DROPS_AT_END.swap(false, Ordering::Relaxed) {
        // SAFETY: the cell has ended.
        unsafe { adlab_drop() };
    }
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
    let mut told = told();
    let panic = told.panic.take().map(|panic| (b'p', panic));
    let error = told.error.take().map(|error| (b'e', error));
    let changed = std::mem::take(&mut told.changed).into_iter().map(|name| (b'c', name));
    for (kind, text) in panic.into_iter().chain(error).chain(changed) {
        tell(kind, text.as_ptr(), text.len());
    }
}

/// A cell's thread could call what is only for the process, and take away what the cell has told.
fn is_another_thread() -> bool {
    told().cell.is_some_and(|cell| cell != std::thread::current().id())
}

/// The panic hook: says in one block where a panic was, instead of a backtrace through evcxr's frames.
fn take_note(info: &std::panic::PanicHookInfo) {
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|wish| wish != "0" && !wish.is_empty()) {
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
    }
    let (line, column, file) = info.location().map_or((0, 0, "?"), |at| (at.line(), at.column(), at.file()));
    let message = info.payload_as_str().unwrap_or("a value that is no text");
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed").replace(['\t', '\n'], " ");
    report_caught();
    LATEST.set(Some(format!("{line}\t{column}\t{name}\t{file}\n{message}")));
    if told().cell != Some(thread.id()) {
        // Of another thread: the cell goes on.
        report_caught();
    }
}

/// A panic that the cell's code has caught by itself, or that has ended a thread.
fn report_caught() {
    if let Some(panic) = LATEST.take() {
        let (place, message) = panic.split_once('\n').unwrap_or(("", &panic));
        eprintln!("thread '{}' panicked: {message}", place.split('\t').nth(2).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_cells_is_known_in_any_library() {
        for (name, expected) in [
            ("ctx::P", true),
            ("ctx::cell_2::P", true),
            ("alloc::vec::Vec<(f64, ctx::cell_0::P)>", true),
            ("alloc::boxed::Box<dyn ctx::Shape>", true),
            ("std::collections::hash::map::HashMap<ctx::P, adlab::dual::Dual>", true),
            ("alloc::vec::Vec<f64>", false),
            ("other::Pair<ctx::P>", false),
            ("(ctx::P, other::ctx::P)", false),
            ("f64", false),
        ] {
            assert_eq!(names_only(name, &OF_CELLS), expected, "{name}");
        }
        for (name, expected) in [
            ("ctx::cell_12::P", "ctx::P"),
            ("(ctx::cell_0::m::P, ctx::P, ctx::cell_1::Q<f64>)", "(ctx::m::P, ctx::P, ctx::Q<f64>)"),
            ("ctx::cell_x::P", "ctx::cell_x::P"),
            ("ctx::cell_::P", "ctx::cell_::P"),
            ("ctx::cell_1", "ctx::cell_1"),
        ] {
            assert_eq!(without_modules(name), expected);
        }
    }

    #[test]
    fn futures_are_waited_for() {
        assert_eq!(wait(async { wait(std::future::ready(1)) + async { 2 }.await }), 3);
        let mut rounds = 0;
        let yields = std::future::poll_fn(|context| {
            rounds += 1;
            context.waker().wake_by_ref();
            if rounds > 3 { Poll::Ready(rounds) } else { Poll::Pending }
        });
        assert_eq!(wait(yields), 4);
        let (is_late, mut waits) = (Arc::new(AtomicBool::new(false)), false);
        let timer = std::future::poll_fn(|context| {
            if is_late.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut waits, true) {
                let (waker, is_late) = (context.waker().clone(), Arc::clone(&is_late));
                std::thread::spawn(move || {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    is_late.store(true, Ordering::Release);
                    waker.wake();
                });
            }
            Poll::Pending
        });
        wait(timer);
        assert!(std::panic::catch_unwind(|| wait(std::future::pending::<()>())).is_err());
    }

    #[test]
    fn variables_come_back_with_their_types() {
        // SAFETY: just made, and nobody else's.
        let mut store = *unsafe { Box::from_raw(create_variable_store()) };
        store.put_variable("a", vec![1.0, 2.0], "7|P:1,Q:2");
        assert!(store.check_variable::<Vec<f64>>("a", "7|P:1,Q:2") && !store.check_variable::<f64>("a", "7|P:1,Q:2"));
        assert!(!store.check_variable::<Vec<f64>>("a", "8|P:1,Q:2") && !store.check_variable::<f64>("not there", "7"));
        assert!(
            store.check_variable::<Vec<f64>>("a", "7|P:1,R:3") && !store.check_variable::<Vec<f64>>("a", "7|P:2,Q:2")
        );
        assert_eq!(store.take_variable::<Vec<f64>>("a"), [1.0, 2.0]);
        assert!(!caught(|| store.take_variable::<f64>("a")) && caught(|| 1));
        store.put_variable("nothing", [(); 3], "");
        assert_eq!(store.take_variable::<[(); 3]>("nothing"), [(); 3]);
        assert_eq!((*store.lazy_arc("c", || 1), *store.lazy_arc("c", || 2)), (1, 1));
    }
}
