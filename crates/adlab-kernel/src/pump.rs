//! Takes what a cell prints and shows, hears when it begins and ends, and decides whether it is committed or rolled back.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::engine::ERROR_MARK;
use crate::link::{Death, Event, State, Stream};
use crate::outputs::{Item, PanicInfo, Parser, partial_char};
use crate::runtime::ROLLED_BACK;

/// How long text is collected before it's sent on: a front end drops output above 1000 messages a second.
const BATCH: Duration = Duration::from_millis(30);
/// Text beyond this size is sent on at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Reads the runtime's three sockets.
pub struct Pump {
    listener: UnixListener,
    state: Arc<Mutex<State>>,
    out: Option<UnixStream>,
    err: Option<UnixStream>,
    control: Option<UnixStream>,
    control_line: Vec<u8>,
    parser: Parser,
    err_bytes: Vec<u8>,
    batch: VecDeque<(Stream, String)>,
    batch_since: Option<Instant>,
    for_evcxr: Vec<String>,
    last_panic: Option<PanicInfo>,
}

impl Pump {
    pub fn new(listener: UnixListener, state: Arc<Mutex<State>>) -> Self {
        Pump {
            listener,
            state,
            out: None,
            err: None,
            control: None,
            control_line: Vec::new(),
            parser: Parser::default(),
            err_bytes: Vec::new(),
            batch: VecDeque::new(),
            batch_since: None,
            for_evcxr: Vec::new(),
            last_panic: None,
        }
    }

    pub fn run(mut self) {
        loop {
            let wait = self.batch_since.map(|since| BATCH.saturating_sub(since.elapsed()));
            let ready = poll(
                [
                    Some(self.listener.as_raw_fd()),
                    self.control.as_ref().map(AsRawFd::as_raw_fd),
                    self.out.as_ref().map(AsRawFd::as_raw_fd),
                    self.err.as_ref().map(AsRawFd::as_raw_fd),
                ],
                wait,
            );
            if ready[0] {
                self.accept();
            }
            if ready[2] || ready[3] {
                self.read_out();
                self.read_err();
            }
            if ready[1] {
                self.read_control();
            }
            // An error that `?` met is on its way in two parts; its text must not leave before the second has come.
            let marked = self.batch.iter().any(|(_, text)| text.contains(ERROR_MARK));
            let limit = if marked { 2 * BATCH } else { BATCH };
            if self.batch_since.is_some_and(|since| since.elapsed() >= limit) {
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
                self.control = Some(stream);
                self.control_line.clear();
            }
        }
    }

    /// Reads all that the cell has written to stdout. A local socket holds it as soon as the cell's write returns.
    fn read_out(&mut self) {
        let mut items = Vec::new();
        let (open, bytes) = read_all(self.out.as_mut());
        if !open {
            self.out = None;
        }
        self.parser.feed(&bytes, &mut items);
        self.take_in(items);
    }

    fn read_err(&mut self) {
        let (open, bytes) = read_all(self.err.as_mut());
        if !open {
            self.err = None;
        }
        self.err_bytes.extend_from_slice(&bytes);
        let whole = self.err_bytes.len() - partial_char(&self.err_bytes);
        let text: Vec<u8> = self.err_bytes.drain(..whole).collect();
        self.text(Stream::Stderr, &String::from_utf8_lossy(&text));
    }

    fn take_in(&mut self, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Text(text) => self.text(Stream::Stdout, &text),
                Item::Display(bundle) => {
                    self.send_batch();
                    self.emit(Event::Display(bundle));
                }
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
                    self.read_err();
                    let message = self.marked_error();
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

    /// evcxr's code for `?` prints the error to stderr, behind a mark of ours, and then says that there was one.
    fn marked_error(&mut self) -> String {
        let found = self.batch.iter().rposition(|(s, text)| *s == Stream::Stderr && text.contains(ERROR_MARK));
        let Some(found) = found else {
            return "the cell returned an error".into();
        };
        let (_, text) = &mut self.batch[found];
        let start = text.rfind(ERROR_MARK).unwrap_or(0);
        let mut message = text.split_off(start);
        for (_, rest) in self.batch.iter_mut().skip(found + 1).filter(|(s, _)| *s == Stream::Stderr) {
            message.push_str(&std::mem::take(rest));
        }
        message.replace(ERROR_MARK, "").trim_end().to_owned()
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
            self.read_out();
            self.read_err();
            self.close_cell();
            self.lock().running = false;
        }
    }

    fn control(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "hello" => {
                let mut state = self.lock();
                state.pid = rest.parse().ok();
                state.running = false;
            }
            "begin" => {
                let mut state = self.lock();
                state.running = true;
                state.protected = rest == "snapshot";
                state.rolling_back = false;
                if state.report.interrupted {
                    state.kill();
                }
            }
            "end" => {
                self.read_out();
                self.read_err();
                self.close_cell();
                self.verdict();
            }
            "broken" => self.lock().report.broken = Some(rest.to_owned()),
            "takeover" => {
                self.read_out();
                self.read_err();
                self.close_cell();
                self.for_evcxr.clear();
                let mut state = self.lock();
                let death = state.pid.map_or(Death::Unknown, reap);
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
        let err = std::mem::take(&mut self.err_bytes);
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
        match self.batch.back_mut() {
            Some((last, before)) if *last == stream => before.push_str(text),
            _ => self.batch.push_back((stream, text.to_owned())),
        }
        self.batch_since.get_or_insert_with(Instant::now);
        if self.batch.iter().map(|(_, t)| t.len()).sum::<usize>() > BATCH_BYTES {
            self.send_batch();
        }
    }

    fn send_batch(&mut self) {
        self.batch_since = None;
        for (stream, text) in std::mem::take(&mut self.batch) {
            if !text.is_empty() {
                self.emit(Event::Text(stream, text.replace(ERROR_MARK, "")));
            }
        }
    }

    fn emit(&mut self, event: Event) {
        if let Some(sink) = &mut self.lock().sink {
            sink(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
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
        // A flood: let the rest of the loop have its turn.
        if bytes.len() > 1 << 20 {
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
