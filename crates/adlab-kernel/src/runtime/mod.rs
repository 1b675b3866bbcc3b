//! The process that runs cells.
//!
//! evcxr compiles a cell into a shared library and asks a child process to load and call it. This is that process,
//! in place of evcxr's own, so that
//! - what a cell prints goes to sockets of ours, at once and in order, not through evcxr's line protocol, and what it
//!   reads from stdin comes from the student ([`stdio`]);
//! - a cell is a transaction. Before each cell the process forks a sleeping copy of itself, the [`snapshot`]. When the
//!   cell ends well, the snapshot is dismissed. When the cell dies or is rolled back, the snapshot wakes up with
//!   every variable as it was before the cell, and takes over.
//!
//! evcxr speaks on stdin and listens on stdout (see [`crate::assumptions`]); the kernel speaks over the control socket
//! ([`protocol`]).
//!
//! On the map, `docs/architecture.md`: steps 10 and 11, and *Processes and threads*.

pub mod bootstrap;
pub mod entry;
pub mod memory;
pub mod protocol;
mod snapshot;
#[cfg(target_os = "linux")]
mod stdio;

use std::ffi::c_void;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::RecvFlags;

use self::protocol::{BROKEN, Channel, MOVE, Protection, ROLLED_BACK, SOCKET_VAR, ToKernel, ToRuntime};
use self::snapshot::{Snapshot, Taken};
use crate::assumptions::{BACKTRACE_VAR, EXECUTION_COMPLETE, GIVES_UP, IS_RUNTIME_VAR, LOAD_AND_RUN};
use crate::event::PanicInfo;
use crate::sandbox::terms::Terms;
use crate::system::poll::poll;
use crate::system::processes::die_with_parent;
use crate::system::sockets;

/// The folder of libraries that are not there: what they are said to have done is nothing.
pub const NOWHERE: &str = "nowhere";

type CellFn = extern "C" fn(*mut c_void) -> *mut c_void;
type BeginFn = unsafe extern "C" fn();
type EndFn = unsafe extern "C" fn(extern "C" fn(u8, *const u8, usize));
type MoveFn = unsafe extern "C" fn(*const u8, usize) -> bool;

/// What cells are linked with (see `variable-store/lib.rs`).
#[derive(Clone, Copy)]
struct CellLibrary {
    begin: BeginFn,
    end: EndFn,
    /// What runs has panicked.
    panicked: BeginFn,
    /// Drops all variables.
    drop: BeginFn,
}

/// What is to be run.
enum Act<'a> {
    /// A cell: a library, and the function in it.
    Cell(&'a str, &'a str),
    /// What answers when a control is moved; evcxr does not wait for it.
    Move(&'a str),
}

/// What there is to do next.
enum Order {
    /// evcxr's.
    Line(String),
    Move(String),
    End,
}

/// How long the variables may take to be dropped at the end.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the cell that has just ended told.
static TOLD: Mutex<Vec<ToKernel>> = Mutex::new(Vec::new());

/// Runs the runtime when this process was started as one; returns otherwise.
pub fn hook() {
    let Some(socket) = std::env::var_os(SOCKET_VAR) else {
        return;
    };
    let served = Runtime::connect(Path::new(&socket)).and_then(|mut runtime| {
        let served = runtime.serve();
        if let Err(error) = &served {
            // Best said where the cell's error is said.
            let _ = runtime.tell(&ToKernel::Broken(format!("{error:#}")));
        }
        served
    });
    let code = match served {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("adlab runtime: {error:#}");
            BROKEN
        }
    };
    std::process::exit(code);
}

struct Runtime {
    /// Where evcxr speaks and listens: the original stdin and stdout.
    commands: File,
    evcxr: File,
    control: BufReader<UnixStream>,
    /// By it the kernel knows our words from a cell's.
    secret: String,
    variables: *mut c_void,
    cells: Option<CellLibrary>,
}

impl Runtime {
    fn connect(socket: &Path) -> Result<Self> {
        die_with_parent();
        let terms = Terms::of_environment();
        #[cfg(target_os = "linux")]
        terms.as_ref().map_or(Ok(()), Terms::begin)?;
        // SAFETY: no other thread runs yet.
        unsafe {
            // What a cell starts must not take itself for a runtime.
            std::env::remove_var(SOCKET_VAR);
            std::env::remove_var(IS_RUNTIME_VAR);
            std::env::remove_var(crate::sandbox::VARIABLE);
            // A student has to ask for a backtrace.
            std::env::remove_var(BACKTRACE_VAR);
        }
        let open = |channel: Channel| -> Result<UnixStream> {
            let mut stream =
                sockets::at(socket, |socket| UnixStream::connect(socket)).context("cannot reach the kernel")?;
            stream.write_all(&[channel as u8])?;
            Ok(stream)
        };
        let commands = fcntl_dupfd_cloexec(std::io::stdin(), 3)?.into();
        let evcxr = fcntl_dupfd_cloexec(std::io::stdout(), 3)?.into();
        let process = std::process::id() as i32;
        // A datagram is a read, and an empty one the end of the input, for that read alone.
        let input = sockets::at(&protocol::input_path(socket, process), |path| UnixDatagram::bind(path))
            .context("no socket for stdin")?;
        rustix::stdio::dup2_stdin(input)?;
        rustix::stdio::dup2_stdout(open(Channel::Stdout)?)?;
        rustix::stdio::dup2_stderr(open(Channel::Stderr)?)?;
        #[cfg(target_os = "linux")]
        {
            let order = UnixDatagram::unbound()?;
            sockets::at(&protocol::output_path(socket), |path| order.connect(path))
                .context("cannot reach the kernel")?;
            stdio::start(order);
        }
        memory::apply();
        let mut control = BufReader::new(open(Channel::Control)?);
        #[cfg(target_os = "linux")]
        if let Some(terms) = terms {
            let births = terms.asks().then(|| open(Channel::Births)).transpose()?;
            terms.keep(|listener| births.map_or(Ok(()), |births| sockets::send_descriptor(&births, listener)))?;
        }
        let mut secret = String::new();
        control.read_line(&mut secret)?;
        let secret = format!("{} ", secret.trim_end());
        let mut runtime = Runtime { commands, evcxr, control, secret, variables: std::ptr::null_mut(), cells: None };
        runtime.tell(&ToKernel::Hello(process))?;
        Ok(runtime)
    }

    fn tell(&mut self, word: &ToKernel) -> Result<()> {
        writeln!(self.control.get_mut(), "{}{word}", self.secret).context("the kernel is gone")
    }

    fn hear(&mut self) -> Result<ToRuntime> {
        let mut line = String::new();
        if self.control.read_line(&mut line)? == 0 {
            bail!("the kernel is gone");
        }
        Ok(line.trim_end_matches('\n').parse()?)
    }

    fn serve(&mut self) -> Result<()> {
        loop {
            let line = match self.next()? {
                Order::Line(line) => line,
                Order::Move(order) => {
                    self.transaction(&Act::Move(&order))?;
                    continue;
                }
                Order::End => break,
            };
            // There may be blanks in the path of the library.
            let call = line.strip_prefix(LOAD_AND_RUN).and_then(|call| call.strip_prefix(' ')?.rsplit_once(' '));
            let (library, function) = call.with_context(|| format!("not an instruction: {line:?}"))?;
            match is_rehearsed(Path::new(library)) {
                true => writeln!(self.evcxr, "{EXECUTION_COMPLETE}")?,
                false => self.transaction(&Act::Cell(library, function))?,
            }
        }
        self.put_away();
        Ok(())
    }

    /// The session ends as it should: variables are dropped, as at the end of a program.
    fn put_away(&self) {
        let Some(cells) = self.cells else { return };
        std::thread::spawn(|| {
            std::thread::sleep(FAREWELL);
            // SAFETY: ends it at once, whatever a destructor is waiting for.
            unsafe { libc::_exit(0) };
        });
        // SAFETY: no cell runs.
        unsafe { (cells.drop)() };
    }

    /// Waits for evcxr, or for the kernel.
    fn next(&mut self) -> Result<Order> {
        let mut is_kernel_there = true;
        loop {
            if self.control.buffer().is_empty() {
                let control = is_kernel_there.then(|| self.control.get_ref().as_fd());
                let [evcxr, kernel] = poll([Some(self.commands.as_fd()), control], None);
                if evcxr {
                    return Ok(self.command()?.map_or(Order::End, Order::Line));
                }
                if !kernel {
                    continue;
                }
                // Where the kernel goes, evcxr says that this is the end.
                is_kernel_there = !self.control.fill_buf()?.is_empty();
                continue;
            }
            match self.hear()? {
                ToRuntime::Move(order) => return Ok(Order::Move(order)),
                word => bail!("`{word}` is said to no cell"),
            }
        }
    }

    /// Reads a line byte by byte: a buffer would be copied into the snapshot, and read twice.
    fn command(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            match self.commands.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) if byte[0] == b'\n' => return Ok(Some(String::from_utf8(line)?)),
                Ok(_) => line.push(byte[0]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Runs one cell, or what answers a move, so that in the end either all it did holds or nothing.
    fn transaction(&mut self, act: &Act) -> Result<()> {
        let is_cell = matches!(act, Act::Cell(..));
        let snapshot = Snapshot::take()?;
        forget_input();
        let (snapshot, protection) = match snapshot {
            Taken::Here(snapshot) => (Some(snapshot), Protection::Snapshot),
            Taken::Woken => return self.take_over(is_cell),
            Taken::ThreadsRun => (None, Protection::Threads),
            Taken::Impossible => (None, Protection::Bare),
        };
        self.tell(&ToKernel::Begin(protection))?;
        let process = std::process::id();
        match act {
            Act::Cell(library, function) => self.run(library, function)?,
            Act::Move(order) => self.answer(order),
        }
        if std::process::id() != process {
            // The cell has made a copy of its process, and this is the copy.
            // SAFETY: ends it at once: the session is the original's.
            unsafe { libc::_exit(0) };
        }
        if let Some(cells) = self.cells {
            // SAFETY: the cell has ended.
            unsafe { (cells.end)(take_note) };
        }
        for word in std::mem::take(&mut *TOLD.lock().unwrap_or_else(|e| e.into_inner())) {
            self.tell(&word)?;
        }
        self.tell(&ToKernel::End)?;
        loop {
            match self.hear()? {
                ToRuntime::Forward(line) if is_cell => writeln!(self.evcxr, "{line}")?,
                ToRuntime::Forward(_) => {}
                ToRuntime::Commit => break,
                // SAFETY: ends this process at once; destructors of a failed cell must not run.
                ToRuntime::RollBack => unsafe { libc::_exit(ROLLED_BACK) },
                word @ (ToRuntime::Noted | ToRuntime::Move(_)) => bail!("`{word}` is said to a cell that has run"),
            }
        }
        if let Some(snapshot) = snapshot {
            snapshot.dismiss();
        }
        if is_cell {
            writeln!(self.evcxr, "{EXECUTION_COMPLETE}")?;
        }
        Ok(())
    }

    /// The snapshot's first act: the cell that it guarded is gone.
    fn take_over(&mut self, is_cell: bool) -> Result<()> {
        self.tell(&ToKernel::TakeOver(std::process::id() as i32))?;
        // The kernel takes note of the fault and waits for the end of the process that had it: from then on, our parent
        // is the kernel.
        // What it said to that process before, a verdict perhaps, is not for us.
        while self.hear()? != ToRuntime::Noted {}
        die_with_parent();
        if is_cell {
            self.evcxr.write_all(GIVES_UP)?;
        }
        Ok(())
    }

    /// Calls the preloaded crate, which is loaded since there was a cell.
    fn answer(&self, order: &str) {
        // SAFETY: the functions of the libraries that come with this program have these types.
        unsafe {
            let entry = Library::this().get::<MoveFn>(MOVE).map(|entry| *entry);
            let (Ok(entry), Some(cells)) = (entry, self.cells) else {
                println!("The process that ran its cell is gone: run the cell again.");
                return;
            };
            (cells.begin)();
            if !entry(order.as_ptr(), order.len()) {
                (cells.panicked)();
            }
        }
    }

    fn run(&mut self, path: &str, function: &str) -> Result<()> {
        // SAFETY: the library was compiled by evcxr for this call, and its functions have these types.
        unsafe {
            // Global: a static that several cells have is that of the first one.
            let library =
                Library::open(Some(path), RTLD_LAZY | RTLD_GLOBAL).context("cannot load the compiled cell")?;
            // It is never unloaded: variables may be made of it.
            let library = std::mem::ManuallyDrop::new(library);
            if self.cells.is_none() {
                let (begin, end) = (library.get::<BeginFn>(c"adlab_begin"), library.get::<EndFn>(c"adlab_end"));
                let panicked = library.get::<BeginFn>(c"adlab_panicked");
                let drop = library.get::<BeginFn>(c"adlab_drop");
                if let (Ok(begin), Ok(end), Ok(panicked), Ok(drop)) = (begin, end, panicked, drop) {
                    self.cells = Some(CellLibrary { begin: *begin, end: *end, panicked: *panicked, drop: *drop });
                }
            }
            let entry = entry::of(Path::new(path));
            let entry = library.get::<CellFn>(entry).or_else(|_| library.get::<CellFn>(function));
            let entry = entry.context("the compiled cell has no entry")?;
            if let Some(cells) = self.cells {
                (cells.begin)();
            }
            self.variables = entry(self.variables);
        }
        Ok(())
    }
}

/// evcxr only wants to go on.
fn is_rehearsed(library: &Path) -> bool {
    library.parent().is_some_and(|folder| folder.ends_with(NOWHERE))
}

/// The cells' library calls it, with the letter of a kind and a text.
extern "C" fn take_note(kind: u8, text: *const u8, length: usize) {
    // SAFETY: the library's text, for the time of this call.
    let text = String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(text, length) }).into_owned();
    let word = match kind {
        b'p' => ToKernel::Panicked(panic_info(&text)),
        b'e' => ToKernel::Met(text),
        _ => ToKernel::Changed(text),
    };
    TOLD.lock().unwrap_or_else(|e| e.into_inner()).push(word);
}

/// Line, column, thread and file, with tabs between them, and on the lines below the message.
fn panic_info(text: &str) -> PanicInfo {
    let (place, message) = text.split_once('\n').unwrap_or(("", text));
    let mut parts = place.splitn(4, '\t');
    let mut next = || parts.next().unwrap_or_default();
    PanicInfo {
        line: next().parse().unwrap_or(0),
        column: next().parse().unwrap_or(0),
        thread: next().to_owned(),
        file: next().to_owned(),
        message: message.to_owned(),
    }
}

/// An answer that came too late for the cell that had asked.
fn forget_input() {
    // What does not fit of a datagram is dropped.
    while rustix::net::recv(std::io::stdin(), &mut [0; 1], RecvFlags::DONTWAIT).is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_place() {
        let info = panic_info("7\t9\tmain\tsrc/lib.rs\nleft\nright");
        assert_eq!(
            (info.line, info.column, info.file.as_str(), info.message.as_str()),
            (7, 9, "src/lib.rs", "left\nright")
        );
        assert_eq!(panic_info("why").message, "why");
    }
}
