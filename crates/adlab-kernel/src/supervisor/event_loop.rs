//! Takes what a cell prints and shows, hears when it begins and ends, and decides whether it is committed or rolled back.

use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use std::time::Duration;

use super::batch::Batch;
use super::fit::{fit, shorten};
use super::io::{FLOOD, read_all, send_line, whole_text};
use super::parser::{Parsed, Parser};
use super::state::{Phase, Shared, State};
use crate::assumptions::{ERROR_OCCURRED, PANIC_NOTIFICATION, VARIABLE_CHANGED_TYPE};
use crate::event::{Death, Event, PanicInfo, Prompt, Stream};
use crate::runtime::protocol::{self, Channel, LONGEST_WRITE, Protection, ROLLED_BACK, ToKernel, ToRuntime};
#[cfg(target_os = "linux")]
use crate::sandbox::births;
use crate::system::poll::poll;
use crate::system::processes::{End, reap, reap_later, waits_for_input};
#[cfg(target_os = "linux")]
use crate::system::sockets::receive_descriptor;

/// How often a running cell is looked at: does it wait for input?
const LOOK: Duration = Duration::from_millis(50);
/// How long a cell may take to read what the student has typed, before it seems to wait for more.
const READING: Duration = Duration::from_millis(200);
/// How much is kept of what a cell has written to stderr, to tell why it died.
const LAST_WORDS: usize = 4096;

const THREADS_RUN: &str = "\
note: a cell has left threads running. While they run, cells can't be undone: a panic leaves what was changed, and a crash \
loses all variables";

/// Reads the runtime's sockets.
pub struct EventLoop {
    socket: PathBuf,
    listener: UnixListener,
    /// At its end when nobody holds the supervisor any more.
    alive: UnixStream,
    shared: Shared,
    /// What cells write, with the stream's number before each piece.
    order: UnixDatagram,
    /// What takes the way around it: other programs that a cell starts, C's own buffers.
    out: Option<UnixStream>,
    err: Option<UnixStream>,
    out_bytes: Vec<u8>,
    control: Option<UnixStream>,
    control_line: Vec<u8>,
    /// What stands before each word that is the runtime's own.
    secret: String,
    parser: Parser,
    err_bytes: Vec<u8>,
    batch: Batch,
    last_words: String,
    told_of_threads: bool,
    for_evcxr: Vec<String>,
}

impl EventLoop {
    pub fn new(
        socket: &Path,
        listener: UnixListener,
        order: UnixDatagram,
        alive: UnixStream,
        shared: Shared,
    ) -> std::io::Result<Self> {
        order.set_nonblocking(true)?;
        Ok(EventLoop {
            socket: socket.to_owned(),
            listener,
            alive,
            shared,
            order,
            out: None,
            err: None,
            out_bytes: Vec::new(),
            control: None,
            control_line: Vec::new(),
            secret: String::new(),
            parser: Parser::default(),
            err_bytes: Vec::new(),
            batch: Batch::default(),
            last_words: String::new(),
            told_of_threads: false,
            for_evcxr: Vec::new(),
        })
    }

    /// Returns when the supervisor is gone.
    pub fn run(&mut self) {
        loop {
            let look = self.lock().phase.is_running().then_some(LOOK);
            let [connects, controls, orders, prints, complains, ends] = poll(
                [
                    Some(self.listener.as_fd()),
                    self.control.as_ref().map(AsFd::as_fd),
                    Some(self.order.as_fd()),
                    self.out.as_ref().map(AsFd::as_fd),
                    self.err.as_ref().map(AsFd::as_fd),
                    Some(self.alive.as_fd()),
                ],
                [self.batch.due_in(), look].into_iter().flatten().min(),
            );
            if connects {
                self.accept();
            }
            if orders || prints || complains {
                self.read();
            }
            if controls {
                self.read_control();
            }
            if ends {
                self.lock().is_connected = false;
                return;
            }
            if !(connects || controls || orders || prints || complains) {
                self.look_for_input();
            }
            if self.batch.due_in().is_some_and(|wait| wait.is_zero()) {
                self.send_batch();
            }
            if look.is_some() {
                self.tick();
                self.lock().end_overrun(false);
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
        if kind != [Channel::Births as u8] {
            let _ = stream.set_nonblocking(true);
        }
        match Channel::of(kind[0]) {
            #[cfg(target_os = "linux")]
            Some(Channel::Births) => self.answer_births(&stream),
            #[cfg(not(target_os = "linux"))]
            Some(Channel::Births) => {}
            Some(Channel::Stdout) => self.out = Some(stream),
            Some(Channel::Stderr) => self.err = Some(stream),
            None => {}
            Some(Channel::Control) => {
                // Of a process that has died, the last words come first.
                if self.control.is_some() {
                    self.read_to_end();
                    self.close_cell();
                }
                self.secret =
                    format!("{:016x}{:016x} ", RandomState::new().hash_one(0), RandomState::new().hash_one(1));
                // The socket is new, and has room for it.
                let _ = writeln!(stream, "{}", self.secret.trim_end());
                self.lock().control = stream.try_clone().ok();
                self.control = Some(stream);
                self.control_line.clear();
            }
        }
    }

    /// As long as the process that runs cells lives, and its snapshots.
    #[cfg(target_os = "linux")]
    fn answer_births(&self, stream: &UnixStream) {
        let Some(listener) = receive_descriptor(stream) else { return };
        let shared = self.shared.clone();
        // Not here: what the cell prints may wait for who reads it.
        std::thread::spawn(move || births::answer(&listener, || shared.lock().may_copy()));
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
        while poll([Some(self.order.as_fd())], Some(Duration::ZERO))[0] {
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

    fn take_in(&mut self, items: Vec<Parsed>) {
        for item in items {
            match item {
                Parsed::Text(text) => self.text(Stream::Stdout, &text),
                Parsed::Display(bundle, id) => self.batch.display(bundle, id),
                Parsed::Update(bundle, id) => self.batch.update(bundle, id),
                Parsed::Clear { wait } => self.batch.clear(wait),
                Parsed::Widget(widget) => {
                    self.lock().report.has_controls = true;
                    self.batch.widget(widget);
                }
                Parsed::Input(prompt) => self.ask(prompt),
            }
            self.send_big_batch();
        }
    }

    /// Asks the student; the sink sees to it that an answer comes.
    fn ask(&mut self, prompt: Prompt) {
        self.send_batch();
        if self.lock().phase == Phase::Pending {
            // The word that the cell has begun was said before, and is still to be read.
            self.read_control();
        }
        let mut state = self.lock();
        state.phase = state.phase.asking();
        let (is_asking, stdin) = (state.phase.is_asking(), state.stdin.clone());
        drop(state);
        if is_asking {
            self.emit(Event::Input(prompt));
        } else if let Some(stdin) = stdin {
            // A thread that outlives its cell: nobody can answer, and it must not wait for ever.
            let _ = send_line(&stdin, &[]);
        }
    }

    /// A cell that reads its standard input asks as well, as in a terminal.
    fn look_for_input(&mut self) {
        let state = self.lock();
        let just_answered = state.answered.is_some_and(|at| at.elapsed() < READING);
        let waits =
            matches!(state.phase, Phase::Running { .. }) && !just_answered && state.pid.is_some_and(waits_for_input);
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
            let line = String::from_utf8_lossy(&line).into_owned();
            // A cell may have written half a line before it.
            match line.trim_end_matches('\n').rsplit_once(&self.secret).map(|(_, word)| word.parse()) {
                Some(Ok(word)) => self.control(word),
                Some(Err(unknown)) => eprintln!("adlab kernel: from the runtime comes {unknown}"),
                None => eprintln!("adlab kernel: not from the runtime comes {line:?}"),
            }
        }
        if !open {
            self.control = None;
            self.read_to_end();
            self.close_cell();
            self.cell_is_over();
            self.lock().is_connected = false;
        }
    }

    fn control(&mut self, word: ToKernel) {
        match word {
            ToKernel::Hello(pid) => {
                self.told_of_threads = false;
                self.cell_is_over();
                let stdin = protocol::input_path(&self.socket, pid);
                let mut state = self.lock();
                // The one before died with its snapshot, and evcxr does not wait for what it did not start.
                reap_later(state.pid.into_iter().collect());
                state.has_snapshot = false;
                state.clear_overrun();
                state.pid = Some(pid);
                state.stdin = Some(stdin);
                state.is_connected = true;
            }
            ToKernel::Begin(protection) => {
                let mut state = self.lock();
                state.phase = Phase::Running { protected: protection == Protection::Snapshot };
                if state.report.interrupted {
                    state.kill();
                }
                drop(state);
                if protection == Protection::Threads && !self.told_of_threads {
                    self.told_of_threads = true;
                    self.note(THREADS_RUN);
                }
            }
            ToKernel::Panicked(info) => {
                self.for_evcxr.push(PANIC_NOTIFICATION.into());
                self.lock().report.panic = Some(PanicInfo { message: shorten(&info.message), ..info });
            }
            ToKernel::Met(error) => {
                self.for_evcxr.push(ERROR_OCCURRED.into());
                self.lock().report.error = Some(shorten(&error));
            }
            ToKernel::Changed(name) => {
                self.for_evcxr.push(format!("{VARIABLE_CHANGED_TYPE}{name}"));
                self.lock().report.changed.insert(name);
            }
            ToKernel::End => {
                self.read_to_end();
                self.close_cell();
                // Not when a cell begins: what it writes may be read before the word that it has begun.
                self.last_words.clear();
                self.lock().end_overrun(true);
                self.verdict();
            }
            ToKernel::Broken(reason) => self.lock().report.broken = Some(reason),
            ToKernel::TakeOver(pid) => {
                self.read_to_end();
                self.close_cell();
                self.for_evcxr.clear();
                let last_words = std::mem::take(&mut self.last_words);
                // The lock is free while we wait, or nothing could be interrupted.
                let dying = self.lock().pid;
                let death = match dying.and_then(reap) {
                    Some(End::Signal(signal)) => Death::Signal(signal),
                    Some(End::Exit(code)) => Death::Exit(code),
                    None => Death::Unknown,
                };
                let mut state = self.lock();
                state.report.last_words = last_words;
                if state.phase != Phase::RollingBack || death != Death::Exit(ROLLED_BACK) {
                    state.report.death = Some(death);
                }
                state.pid = Some(pid);
                state.phase = Phase::Over;
                state.has_snapshot = false;
                state.clear_overrun();
                drop(state);
                self.reply(&ToRuntime::Noted);
            }
        }
    }

    /// What ran, if something did, runs no more.
    fn cell_is_over(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Pending {
            state.phase = Phase::Over;
        }
    }

    /// A cell that failed changes nothing, where a snapshot stands by.
    fn verdict(&mut self) {
        let lines = std::mem::take(&mut self.for_evcxr);
        let mut state = self.lock();
        let failed = state.report.panic.is_some() || state.report.error.is_some();
        let rolls_back = failed && state.phase.is_protected();
        state.phase = if rolls_back { Phase::RollingBack } else { Phase::Over };
        state.has_snapshot = false;
        drop(state);
        if rolls_back {
            self.reply(&ToRuntime::RollBack);
        } else {
            for line in lines {
                self.reply(&ToRuntime::Forward(line));
            }
            self.reply(&ToRuntime::Commit);
        }
    }

    fn close_cell(&mut self) {
        let mut items = Vec::new();
        let result = self.parser.finish(&mut items);
        self.take_in(items);
        let (out, err) = (std::mem::take(&mut self.out_bytes), std::mem::take(&mut self.err_bytes));
        self.text(Stream::Stdout, &String::from_utf8_lossy(&out));
        self.text(Stream::Stderr, &String::from_utf8_lossy(&err));
        self.send_batch();
        if result.is_some() {
            self.lock().report.result = result.map(fit);
        }
    }

    fn reply(&mut self, word: &ToRuntime) {
        if let Some(control) = &mut self.control {
            let _ = control.set_nonblocking(false);
            let _ = writeln!(control, "{word}");
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

    fn emit(&mut self, event: Event) {
        let output = self.lock().output();
        if let Some(output) = output {
            output.lock().add(event);
        }
    }

    fn note(&mut self, text: &str) {
        self.send_batch();
        let output = self.lock().output();
        if let Some(output) = output {
            output.lock().note(text);
        }
    }

    fn tick(&mut self) {
        let output = self.lock().output();
        if let Some(output) = output {
            output.lock().tick();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}
