//! Takes what a cell prints and shows, hears when it begins and ends, and decides whether it is committed or rolled back.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::supervisor::batch::Batch;
use crate::supervisor::handle::{Death, Event, State, Stream};
use crate::supervisor::parser::{Item, PanicInfo, Parser, Prompt, partial_char};
use crate::system::processes::{reap_later, waits_for_input};
use crate::runtime::{self, LONGEST_WRITE, ROLLED_BACK};

/// How much is read before the rest of the loop has its turn.
const FLOOD: usize = 1 << 20;
/// How often a running cell is looked at: does it wait for input?
const LOOK: Duration = Duration::from_millis(50);
/// How long a cell may take to read what the student has typed, before it seems to wait for more.
const READING: Duration = Duration::from_millis(200);
/// How much is kept of what a cell has written to stderr, to tell why it died.
const LAST_WORDS: usize = 4096;

const THREADS_RUN: &str = "\
note: a cell has left threads running. While they run, cells can't be undone: a panic leaves what was changed, and a crash \
loses all variables.\n";

/// Reads the runtime's sockets.
pub struct Pump {
    socket: PathBuf,
    listener: UnixListener,
    state: Arc<Mutex<State>>,
    /// What cells write, with the stream's number before each piece.
    order: UnixDatagram,
    /// What takes the way around it: other programs that a cell starts, C's own buffers.
    out: Option<UnixStream>,
    err: Option<UnixStream>,
    out_bytes: Vec<u8>,
    control: Option<UnixStream>,
    control_line: Vec<u8>,
    parser: Parser,
    err_bytes: Vec<u8>,
    batch: Batch,
    last_words: String,
    told_of_threads: bool,
    for_evcxr: Vec<String>,
    last_panic: Option<PanicInfo>,
}

impl Pump {
    pub fn new(
        socket: &Path,
        listener: UnixListener,
        order: UnixDatagram,
        state: Arc<Mutex<State>>,
    ) -> std::io::Result<Self> {
        order.set_nonblocking(true)?;
        Ok(Pump {
            socket: socket.to_owned(),
            listener,
            state,
            order,
            out: None,
            err: None,
            out_bytes: Vec::new(),
            control: None,
            control_line: Vec::new(),
            parser: Parser::default(),
            err_bytes: Vec::new(),
            batch: Batch::default(),
            last_words: String::new(),
            told_of_threads: false,
            for_evcxr: Vec::new(),
            last_panic: None,
        })
    }

    pub fn run(&mut self) {
        loop {
            let look = self.lock().running.then_some(LOOK);
            let ready = poll(
                [
                    Some(self.listener.as_raw_fd()),
                    self.control.as_ref().map(AsRawFd::as_raw_fd),
                    Some(self.order.as_raw_fd()),
                    self.out.as_ref().map(AsRawFd::as_raw_fd),
                    self.err.as_ref().map(AsRawFd::as_raw_fd),
                ],
                [self.batch.due_in(), look].into_iter().flatten().min(),
            );
            if ready[0] {
                self.accept();
            }
            if ready[2..].contains(&true) {
                self.read();
            }
            if ready[1] {
                self.read_control();
            }
            if !ready.contains(&true) {
                self.look_for_input();
            }
            if self.batch.due_in().is_some_and(|wait| wait.is_zero()) {
                self.send_batch();
            }
        }
    }

    fn accept(&mut self) {
        let Ok((mut stream, _)) = self.listener.accept() else {
            return;
        };
        let mut kind = [0];
        if stream.read_exact(&mut kind).is_err() {
            return;
        }
        let _ = stream.set_nonblocking(true);
        match kind[0] {
            b'o' => self.out = Some(stream),
            b'e' => self.err = Some(stream),
            _ => {
                // Of a process that has died, the last words come first.
                if self.control.is_some() {
                    self.read_to_end();
                    self.close_cell();
                }
                self.control = Some(stream);
                self.control_line.clear();
            }
        }
    }

    /// Reads what the cell has written. A local socket holds it as soon as the cell's write returns.
    fn read(&mut self) {
        let mut datagram = [0; LONGEST_WRITE + 1];
        let mut left = FLOOD;
        while left > 0 {
            let Ok(length) = self.order.recv(&mut datagram) else { break };
            left = left.saturating_sub(length);
            match datagram[..length].split_first() {
                Some((1, bytes)) => self.stdout(bytes),
                Some((_, bytes)) => self.stderr(bytes),
                None => {}
            }
        }
        let (open, bytes) = read_all(self.out.as_mut());
        if !open {
            self.out = None;
        }
        if cfg!(target_os = "linux") {
            // What the cell's own code writes comes in order; this is of others, who know nothing of displays.
            let text = whole_text(&mut self.out_bytes, &bytes);
            self.text(Stream::Stdout, &text);
        } else {
            self.stdout(&bytes);
        }
        self.read_err();
    }

    fn read_err(&mut self) {
        let (open, bytes) = read_all(self.err.as_mut());
        if !open {
            self.err = None;
        }
        self.stderr(&bytes);
    }

    /// Reads to the end of what is there.
    fn read_to_end(&mut self) {
        while poll([Some(self.order.as_raw_fd())], Some(Duration::ZERO))[0] {
            self.read();
        }
        self.read();
    }

    fn stdout(&mut self, bytes: &[u8]) {
        let mut items = Vec::new();
        self.parser.feed(bytes, &mut items);
        self.take_in(items);
    }

    fn stderr(&mut self, bytes: &[u8]) {
        let text = whole_text(&mut self.err_bytes, bytes);
        self.text(Stream::Stderr, &text);
    }

    fn take_in(&mut self, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Text(text) => self.text(Stream::Stdout, &text),
                Item::Display(bundle, id) => {
                    self.send_batch();
                    self.emit(Event::Display(bundle, id));
                }
                Item::Update(bundle, id) => {
                    self.batch.update(bundle, id);
                    self.send_big_batch();
                }
                Item::Clear { wait } => {
                    self.send_batch();
                    self.emit(Event::Clear { wait });
                }
                Item::Input(prompt) => self.ask(prompt),
                Item::PanicInfo(info) => {
                    // One that the cell's code catches by itself, or that ends a thread: a note, not the end.
                    self.report_caught_panic();
                    self.last_panic = Some(info);
                }
                Item::Panicked => {
                    let info = self.last_panic.take();
                    self.lock().report.panic = info;
                    self.for_evcxr.push("EVCXR_PANIC_NOTIFICATION".into());
                }
                Item::UserError => {
                    // What stdout says can be ahead of stderr where the two are not kept in order.
                    self.read_err();
                    let message = self.batch.take_marked_error();
                    self.lock().report.error = Some(message);
                    self.for_evcxr.push("EVCXR_ERROR_OCCURRED".into());
                }
                Item::ForEvcxr(line) => self.for_evcxr.push(line),
            }
        }
    }

    fn report_caught_panic(&mut self) {
        if let Some(info) = self.last_panic.take() {
            let text = format!("thread '{}' panicked: {}\n", info.thread, info.message);
            self.text(Stream::Stderr, &text);
        }
    }

    /// Asks the student; the sink sees to it that an answer comes.
    fn ask(&mut self, prompt: Prompt) {
        self.send_batch();
        self.lock().asking = true;
        self.emit(Event::Input(prompt));
    }

    /// A cell that reads its standard input asks as well, as in a terminal.
    fn look_for_input(&mut self) {
        let state = self.lock();
        let just_answered = state.answered.is_some_and(|at| at.elapsed() < READING);
        let waits = state.running && !state.asking && !just_answered && state.pid.is_some_and(waits_for_input);
        drop(state);
        if waits {
            self.ask(Prompt::default());
        }
    }

    fn read_control(&mut self) {
        let (open, bytes) = read_all(self.control.as_mut());
        self.control_line.extend_from_slice(&bytes);
        while let Some(end) = self.control_line.iter().position(|&b| b == b'\n') {
            let line: Vec<u8> = self.control_line.drain(..=end).collect();
            self.control(String::from_utf8_lossy(&line).trim_end());
        }
        if !open {
            self.control = None;
            self.read_to_end();
            self.close_cell();
            self.lock().running = false;
        }
    }

    fn control(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "hello" => {
                self.told_of_threads = false;
                let socket = self.socket.clone();
                let mut state = self.lock();
                // The one before died with its snapshot, and evcxr does not wait for what it did not start.
                reap_later(state.pid.into_iter().collect());
                state.pid = rest.parse().ok();
                state.stdin = state.pid.map(|pid| runtime::input_path(&socket, pid));
                state.running = false;
            }
            "begin" => {
                let mut state = self.lock();
                state.running = true;
                state.report.has_begun = true;
                state.protected = rest == "snapshot";
                state.rolling_back = false;
                if state.report.interrupted {
                    state.kill();
                }
                drop(state);
                if rest == "threads" && !self.told_of_threads {
                    self.told_of_threads = true;
                    self.text(Stream::Stderr, THREADS_RUN);
                }
            }
            "end" => {
                self.read_to_end();
                self.close_cell();
                // Not when a cell begins: what it writes may be read before the word that it has begun.
                self.last_words.clear();
                self.verdict();
            }
            "broken" => self.lock().report.broken = Some(rest.to_owned()),
            "takeover" => {
                self.read_to_end();
                self.close_cell();
                self.for_evcxr.clear();
                let last_words = std::mem::take(&mut self.last_words);
                // The lock is free while we wait, or nothing could be interrupted.
                let dying = self.lock().pid;
                let death = dying.map_or(Death::Unknown, reap);
                let mut state = self.lock();
                state.report.last_words = last_words;
                state.asking = false;
                if !state.rolling_back || death != Death::Exit(ROLLED_BACK) {
                    state.report.death = Some(death);
                }
                state.pid = rest.parse().ok();
                state.running = false;
                drop(state);
                self.reply("noted");
            }
            _ => {}
        }
    }

    /// A cell that failed changes nothing, where a snapshot stands by.
    fn verdict(&mut self) {
        let lines = std::mem::take(&mut self.for_evcxr);
        let mut state = self.lock();
        state.running = false;
        let failed = state.report.panic.is_some() || state.report.error.is_some();
        state.rolling_back = failed && state.protected;
        let roll_back = state.rolling_back;
        drop(state);
        if roll_back {
            self.reply("rollback");
        } else {
            for line in lines {
                self.reply(&format!("forward {line}"));
            }
            self.reply("commit");
        }
    }

    fn close_cell(&mut self) {
        let mut items = Vec::new();
        let result = self.parser.finish(&mut items);
        self.take_in(items);
        self.report_caught_panic();
        let (out, err) = (std::mem::take(&mut self.out_bytes), std::mem::take(&mut self.err_bytes));
        self.text(Stream::Stdout, &String::from_utf8_lossy(&out));
        self.text(Stream::Stderr, &String::from_utf8_lossy(&err));
        self.send_batch();
        if result.is_some() {
            self.lock().report.result = result;
        }
    }

    fn reply(&mut self, line: &str) {
        if let Some(control) = &mut self.control {
            let _ = control.set_nonblocking(false);
            let _ = writeln!(control, "{line}");
            let _ = control.set_nonblocking(true);
        }
    }

    fn text(&mut self, stream: Stream, text: &str) {
        if text.is_empty() {
            return;
        }
        if stream == Stream::Stderr {
            self.last_words.push_str(text);
            let mut cut = self.last_words.len().saturating_sub(LAST_WORDS);
            while !self.last_words.is_char_boundary(cut) {
                cut += 1;
            }
            self.last_words.drain(..cut);
        }
        self.batch.text(stream, text);
        self.send_big_batch();
    }

    fn send_big_batch(&mut self) {
        if self.batch.is_big() {
            self.send_batch();
        }
    }

    fn send_batch(&mut self) {
        for event in self.batch.take() {
            self.emit(event);
        }
    }

    /// The sink may block; the state must not be locked meanwhile, or nothing could interrupt the cell.
    fn emit(&mut self, event: Event) {
        let sink = self.lock().sink.clone();
        if let Some(sink) = sink {
            sink.lock().unwrap_or_else(|e| e.into_inner())(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Takes up bytes, and gives the text without a character that is cut at the end.
fn whole_text(rest: &mut Vec<u8>, bytes: &[u8]) -> String {
    rest.extend_from_slice(bytes);
    let whole = rest.len() - partial_char(rest);
    let text: Vec<u8> = rest.drain(..whole).collect();
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads what is there, without waiting. The flag says whether more may come.
fn read_all(stream: Option<&mut UnixStream>) -> (bool, Vec<u8>) {
    let mut bytes = Vec::new();
    let Some(stream) = stream else {
        return (false, bytes);
    };
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (false, bytes),
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => return (true, bytes),
            Err(_) => return (false, bytes),
        }
        if bytes.len() > FLOOD {
            return (true, bytes);
        }
    }
}

fn poll<const N: usize>(fds: [Option<i32>; N], wait: Option<Duration>) -> [bool; N] {
    let mut list = fds.map(|fd| libc::pollfd { fd: fd.unwrap_or(-1), events: libc::POLLIN, revents: 0 });
    let wait = wait.map_or(-1, |w| w.as_millis() as i32 + 1);
    // SAFETY: the list is valid for the call.
    unsafe { libc::poll(list.as_mut_ptr(), N as libc::nfds_t, wait) };
    list.map(|entry| entry.revents != 0)
}

/// Waits for a child that is dying, and says why.
fn reap(pid: i32) -> Death {
    let mut status = 0;
    // SAFETY: our own child, not reaped yet. One that has died stays as it is, any other must not keep us waiting.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    // SAFETY: plain system call.
    if unsafe { libc::waitpid(pid, &raw mut status, 0) } != pid {
        return Death::Unknown;
    }
    if libc::WIFSIGNALED(status) {
        Death::Signal(libc::WTERMSIG(status))
    } else {
        Death::Exit(libc::WEXITSTATUS(status))
    }
}
