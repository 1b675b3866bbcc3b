//! The process that runs cells.
//!
//! evcxr compiles a cell into a shared library and asks a child process to load and call it. This is that process,
//! in place of evcxr's own, so that
//! - what a cell prints goes to sockets of ours, at once and in order, not through evcxr's line protocol, and what it
//!   reads from stdin comes from the student;
//! - a cell is a transaction. Before each cell the process forks a sleeping copy of itself, the snapshot. When the
//!   cell ends well, the snapshot is dismissed. When the cell dies or is rolled back, the snapshot wakes up with
//!   every variable as it was before the cell, and takes over.
//!
//! evcxr speaks on stdin (`LOAD_AND_RUN <library> <function>`) and listens on stdout (`EVCXR_EXECUTION_COMPLETE`).
//! The kernel speaks over the control socket; see [`crate::supervisor::handle`] for its side.

pub mod bootstrap;
pub mod memory;
#[cfg(target_os = "linux")]
mod stdio;

use std::ffi::{CString, c_char, c_void};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::compile;

/// Names the kernel's socket; a process started with it is a runtime.
pub const SOCKET_VAR: &str = "ADLAB_RUNTIME_SOCKET";

/// What goes through the ordered socket at once: a datagram has to fit into its buffer.
pub const LONGEST_WRITE: usize = 32 * 1024;

/// Where the kernel receives what cells write, and where it sends what they read: beside the socket.
pub fn output_path(socket: &Path) -> PathBuf {
    socket.with_extension("out")
}

/// `process` is the one that said hello.
pub fn input_path(socket: &Path, process: i32) -> PathBuf {
    socket.with_extension(format!("in{process}"))
}

/// Exit code of a process whose cell was rolled back on the kernel's word.
pub const ROLLED_BACK: i32 = 86;

/// Exit code of a runtime that could not go on.
const BROKEN: i32 = 99;

/// A cell's function, where [`compile`]'s stand-in has given it one name.
const ONE_NAME: &std::ffi::CStr = c"run_user_code";

type CellFn = extern "C" fn(*mut c_void) -> *mut c_void;
type FlushFn = extern "C" fn();

/// Runs the runtime when this process was started as one; returns otherwise.
pub fn hook() {
    let Some(socket) = std::env::var_os(SOCKET_VAR) else {
        return;
    };
    let served = Runtime::connect(Path::new(&socket)).and_then(|mut runtime| {
        let served = runtime.serve();
        if let Err(error) = &served {
            // Best said where the cell's error is said.
            let _ = runtime.tell(&format!("broken {error:#}").replace('\n', " "));
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
    commands: std::fs::File,
    evcxr: std::fs::File,
    control: BufReader<UnixStream>,
    variables: *mut c_void,
    flush: Option<FlushFn>,
}

impl Runtime {
    fn connect(socket: &Path) -> Result<Self> {
        die_with_parent();
        compile::stand_ins::step_aside();
        // SAFETY: no other thread runs yet.
        unsafe {
            // The cells' processes must not take themselves for runtimes.
            std::env::remove_var(SOCKET_VAR);
            // evcxr sets it; a student has to ask for a backtrace.
            std::env::remove_var("RUST_BACKTRACE");
        }
        let open = |kind: &[u8]| -> Result<UnixStream> {
            let mut stream = UnixStream::connect(socket).context("cannot reach the kernel")?;
            stream.write_all(kind)?;
            Ok(stream)
        };
        // SAFETY: the descriptors are ours, and open.
        let (commands, evcxr) =
            unsafe { (std::fs::File::from_raw_fd(libc::dup(0)), std::fs::File::from_raw_fd(libc::dup(1))) };
        cloexec(commands.as_raw_fd());
        cloexec(evcxr.as_raw_fd());
        let process = std::process::id() as i32;
        // A datagram is a read, and an empty one the end of the input, for that read alone.
        replace_fd(0, UnixDatagram::bind(input_path(socket, process)).context("no socket for stdin")?);
        replace_fd(1, open(b"o")?);
        replace_fd(2, open(b"e")?);
        #[cfg(target_os = "linux")]
        {
            let order = UnixDatagram::unbound()?;
            order.connect(output_path(socket)).context("cannot reach the kernel")?;
            stdio::start(order);
        }
        memory::apply();
        let control = BufReader::new(open(b"c")?);
        let mut runtime = Runtime { commands, evcxr, control, variables: std::ptr::null_mut(), flush: None };
        runtime.tell(&format!("hello {process}"))?;
        Ok(runtime)
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        writeln!(self.control.get_mut(), "{line}").context("the kernel is gone")
    }

    fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.control.read_line(&mut line)? == 0 {
            bail!("the kernel is gone");
        }
        Ok(line.trim_end().to_owned())
    }

    fn serve(&mut self) -> Result<()> {
        while let Some(line) = self.command()? {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some("LOAD_AND_RUN"), Some(library), Some(function)) => {
                    self.transaction(library, function)?;
                }
                _ => bail!("not an instruction: {line:?}"),
            }
        }
        Ok(())
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
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Runs one cell, so that in the end either all it did holds or nothing.
    fn transaction(&mut self, library: &str, function: &str) -> Result<()> {
        let snapshot = Snapshot::take()?;
        forget_input();
        let (snapshot, protection) = match snapshot {
            Taken::Here(snapshot) => (Some(snapshot), "snapshot"),
            Taken::Woken => return self.take_over(),
            Taken::ThreadsRun => (None, "threads"),
            Taken::Impossible => (None, "bare"),
        };
        self.tell(&format!("begin {protection}"))?;
        let process = std::process::id();
        self.run(library, function)?;
        if std::process::id() != process {
            // The cell has made a copy of its process, and this is the copy.
            // SAFETY: ends it at once: the session is the original's.
            unsafe { libc::_exit(0) };
        }
        if let Some(flush) = self.flush {
            flush();
        }
        self.tell("end")?;
        loop {
            let verdict = self.hear()?;
            match verdict.split_once(' ') {
                // A line that the cell meant for evcxr.
                Some(("forward", line)) => writeln!(self.evcxr, "{line}")?,
                None if verdict == "commit" => break,
                // SAFETY: ends this process at once; destructors of a failed cell must not run.
                None if verdict == "rollback" => unsafe { libc::_exit(ROLLED_BACK) },
                _ => bail!("not a verdict: {verdict:?}"),
            }
        }
        if let Some(snapshot) = snapshot {
            snapshot.dismiss();
        }
        writeln!(self.evcxr, "EVCXR_EXECUTION_COMPLETE")?;
        Ok(())
    }

    /// The snapshot's first act: the cell that it guarded is gone.
    fn take_over(&mut self) -> Result<()> {
        self.tell(&format!("takeover {}", std::process::id()))?;
        // The kernel takes note of the fault and waits for the end of the process that had it: from then on, our parent
        // is the kernel.
        // What it said to that process before, a verdict perhaps, is not for us.
        while self.hear()? != "noted" {}
        die_with_parent();
        // evcxr reads text lines: one that is no UTF-8 makes it give up on this cell, without committing what it
        // believes the cell defined, and without restarting the process.
        self.evcxr.write_all(b"\xff\n")?;
        Ok(())
    }

    fn run(&mut self, library: &str, function: &str) -> Result<()> {
        let path = CString::new(library)?;
        let function = CString::new(function)?;
        // SAFETY: the library was compiled by evcxr for this call, and is never unloaded.
        unsafe {
            let handle = libc::dlopen(path.as_ptr(), libc::RTLD_LAZY | libc::RTLD_LOCAL);
            if handle.is_null() {
                bail!("cannot load the compiled cell: {}", dlerror());
            }
            if self.flush.is_none() {
                let flush = libc::dlsym(handle, c"adlab_flush".as_ptr());
                if !flush.is_null() {
                    self.flush = Some(std::mem::transmute::<*mut c_void, FlushFn>(flush));
                }
            }
            let mut entry = libc::dlsym(handle, ONE_NAME.as_ptr());
            if entry.is_null() {
                entry = libc::dlsym(handle, function.as_ptr());
            }
            if entry.is_null() {
                bail!("the compiled cell has no entry: {}", dlerror());
            }
            let entry = std::mem::transmute::<*mut c_void, CellFn>(entry);
            self.variables = entry(self.variables);
        }
        Ok(())
    }
}

/// A sleeping copy of this process. It wakes when this process ends without dismissing it.
struct Snapshot {
    pid: libc::pid_t,
    leash: std::fs::File,
}

enum Taken {
    Here(Snapshot),
    /// We are the copy, and the original is gone.
    Woken,
    /// Other threads run, and a fork would not copy them.
    ThreadsRun,
    /// The system refuses.
    Impossible,
}

impl Snapshot {
    fn take() -> Result<Taken> {
        if thread_count() > 1 {
            return Ok(Taken::ThreadsRun);
        }
        let mut pipe: [RawFd; 2] = [0; 2];
        let original = std::process::id();
        // SAFETY: plain system calls; this process has one thread.
        unsafe {
            if libc::pipe(pipe.as_mut_ptr()) != 0 {
                bail!("no pipe: {}", std::io::Error::last_os_error());
            }
            cloexec(pipe[0]);
            cloexec(pipe[1]);
            match libc::fork() {
                // Out of processes or memory: run unprotected rather than not at all.
                -1 => {
                    libc::close(pipe[0]);
                    libc::close(pipe[1]);
                    Ok(Taken::Impossible)
                }
                0 => {
                    libc::close(pipe[1]);
                    sleep_until_needed(pipe[0], original);
                    Ok(Taken::Woken)
                }
                pid => {
                    libc::close(pipe[0]);
                    let leash = std::fs::File::from_raw_fd(pipe[1]);
                    Ok(Taken::Here(Snapshot { pid, leash }))
                }
            }
        }
    }

    fn dismiss(mut self) {
        let told = self.leash.write_all(b".");
        // SAFETY: waits for our own child, so that it leaves no zombie.
        unsafe {
            if told.is_err() {
                // The cell has closed what it did not open.
                libc::kill(self.pid, libc::SIGKILL);
            }
            libc::waitpid(self.pid, std::ptr::null_mut(), 0);
        }
    }
}

/// In the snapshot: returns when the original has died; ends the snapshot when it was dismissed.
///
/// That the leash is let go of does not tell: the cell may have closed it, or have left it to a copy of its own.
fn sleep_until_needed(leash: RawFd, original: u32) {
    // SAFETY: the descriptors are this process's own, and close with the files.
    let (mut leash, death) = unsafe { (std::fs::File::from_raw_fd(leash), watch_death(original)) };
    let mut holds = true;
    while std::os::unix::process::parent_id() == original {
        let fds = [holds.then(|| leash.as_raw_fd()), death.as_ref().map(AsRawFd::as_raw_fd)];
        let mut list = fds.map(|fd| libc::pollfd { fd: fd.unwrap_or(-1), events: libc::POLLIN, revents: 0 });
        let wait = if death.is_some() { -1 } else { LOOK };
        // SAFETY: the list is valid for the call.
        unsafe { libc::poll(list.as_mut_ptr(), list.len() as libc::nfds_t, wait) };
        if list[0].revents != 0 {
            match leash.read(&mut [0]) {
                Ok(0) => holds = false,
                // SAFETY: ends this process at once; it has nothing to put away.
                Ok(_) => unsafe { libc::_exit(0) },
                Err(_) => {}
            }
        }
        if list[1].revents != 0 {
            return;
        }
    }
}

/// Where the system can't tell of a death at once, how often it is looked for, in milliseconds.
const LOOK: libc::c_int = 50;

/// A descriptor that can be read when the process is dead.
#[cfg(target_os = "linux")]
unsafe fn watch_death(pid: u32) -> Option<std::fs::File> {
    // SAFETY: the descriptor is new, and ours.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0) as RawFd;
        (fd >= 0).then(|| std::fs::File::from_raw_fd(fd))
    }
}

#[cfg(not(target_os = "linux"))]
unsafe fn watch_death(_pid: u32) -> Option<std::fs::File> {
    None
}

/// An answer that came too late for the cell that had asked.
fn forget_input() {
    let mut byte = 0u8;
    // SAFETY: reads into a byte; what does not fit of a datagram is dropped.
    while unsafe { libc::recv(0, (&raw mut byte).cast(), 1, libc::MSG_DONTWAIT) } >= 0 {}
}

fn replace_fd(fd: RawFd, stream: impl IntoRawFd) {
    let stream = stream.into_raw_fd();
    // SAFETY: both descriptors are open.
    unsafe {
        libc::dup2(stream, fd);
        libc::close(stream);
    }
}

fn cloexec(fd: RawFd) {
    // SAFETY: sets a flag of an open descriptor.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// A thread that has just been joined may still be listed for a moment.
#[cfg(target_os = "linux")]
fn thread_count() -> usize {
    let count = || std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    for _ in 0..10 {
        if count() == 1 {
            return 1;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    count()
}

#[cfg(not(target_os = "linux"))]
fn thread_count() -> usize {
    1
}

/// A kernel that was killed must not leave its cells running.
#[cfg(target_os = "linux")]
fn die_with_parent() {
    // SAFETY: sets an attribute of this process.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() {}

/// What the dynamic loader says of the call before.
fn dlerror() -> String {
    // SAFETY: the text belongs to the loader, and is copied before the next call.
    unsafe {
        let text: *mut c_char = libc::dlerror();
        if text.is_null() {
            return "no reason given".into();
        }
        std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}
