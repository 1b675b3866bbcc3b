//! What the kernel and the process that runs cells say to each other: one text for both ends.
//!
//! Over the control socket go lines, [`ToKernel`] and [`ToRuntime`]. A cell:
//! ```text
//! runtime: begin snapshot        a copy of the process stands by
//! runtime: panicked <where>       or `met <error>`, where it has; `changed <name>` for each variable that is gone
//! runtime: end                   the cell's code has run
//! kernel:  forward <line>        a word of the cell's that evcxr is to hear, none or several
//! kernel:  commit                or `rollback`: the process ends, and the copy wakes
//! ```
//! Before each word of the runtime's stands a secret, which the kernel has told it first: what a cell writes into the socket
//! is no word.
//!
//! Between two cells, and by the same words but `forward`: `move <what>` has what a cell has kept for later called, as a
//! transaction of its own, of which evcxr knows nothing.
//!
//! Where the process dies, or is rolled back, its copy says `takeover <pid>`, and the kernel `noted`.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::event::PanicInfo;

/// Names the kernel's socket; a process started with it is a runtime.
pub const SOCKET_VAR: &str = "ADLAB_RUNTIME_SOCKET";

/// Tells the preloaded crate that this kernel shows each output when it is complete.
pub const MULTIPLE_OUTPUTS_VAR: &str = "ADLAB_MULTIPLE_OUTPUTS";

/// What the preloaded crate writes to a cell's stdout for the kernel, where evcxr has no word for it
/// (see [`crate::assumptions`]): a new content for the output of this name …
pub const UPDATE_OUTPUT: &str = "ADLAB_UPDATE_OUTPUT ";
/// … that the cell's outputs go away, `now` or when something new comes (`wait`).
pub const CLEAR_OUTPUT: &str = "ADLAB_CLEAR_OUTPUT ";
/// … that controls come, with what they show first, or that this has been shown.
pub const WIDGET_BEGIN: &str = "ADLAB_WIDGET begin ";
pub const WIDGET_END: &str = "ADLAB_WIDGET end ";
/// The preloaded crate's function that answers when a control is moved.
pub const MOVE: &std::ffi::CStr = c"adlab_move";

/// What goes through the ordered socket at once: a datagram has to fit into its buffer.
pub const LONGEST_WRITE: usize = 32 * 1024;

/// Exit code of a process whose cell was rolled back on the kernel's word.
pub const ROLLED_BACK: i32 = 86;

/// Exit code of a runtime that could not go on.
pub const BROKEN: i32 = 99;

/// Where the kernel receives what cells write, in order: beside the socket.
pub fn output_path(socket: &Path) -> PathBuf {
    socket.with_extension("out")
}

/// Where it sends what cells read. `process` is the one that said hello.
pub fn input_path(socket: &Path, process: i32) -> PathBuf {
    socket.with_extension(format!("in{process}"))
}

/// What a connection to the kernel's socket is for; it begins with this byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Channel {
    Stdout = b'o',
    Stderr = b'e',
    Control = b'c',
    /// By it the system asks the kernel whether cells may have another process or thread.
    Births = b'b',
}

impl Channel {
    pub fn of(byte: u8) -> Option<Self> {
        let all = [Channel::Stdout, Channel::Stderr, Channel::Control, Channel::Births];
        all.into_iter().find(|channel| *channel as u8 == byte)
    }
}

/// What stands by while a cell runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    Snapshot,
    /// Threads of earlier cells run on, and can't be copied.
    Threads,
    /// The system refuses a copy.
    Bare,
}

/// From the process that runs cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToKernel {
    /// A new process is there.
    Hello(i32),
    /// A cell's code is about to run.
    Begin(Protection),
    /// It has panicked.
    Panicked(PanicInfo),
    /// Its `?` has met an error.
    Met(String),
    /// What the type of the variable of this name is made of has changed: it is gone.
    Changed(String),
    /// It has run.
    End,
    /// The process before died; this one has its variables as they were before the cell.
    TakeOver(i32),
    /// The process can't go on, for this reason.
    Broken(String),
}

/// From the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToRuntime {
    /// A line for evcxr.
    Forward(String),
    /// What the cell did holds.
    Commit,
    /// What it did is undone.
    RollBack,
    /// The answer to a takeover.
    Noted,
    /// A control was moved; what the preloaded crate is to be told.
    Move(String),
}

/// A line that is no word of the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown(pub String);

impl Display for Unknown {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "no word of the protocol: {:?}", self.0)
    }
}

impl std::error::Error for Unknown {}

impl Display for Protection {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(match self {
            Protection::Snapshot => "snapshot",
            Protection::Threads => "threads",
            Protection::Bare => "bare",
        })
    }
}

impl FromStr for Protection {
    type Err = Unknown;

    fn from_str(word: &str) -> Result<Self, Unknown> {
        let all = [Protection::Snapshot, Protection::Threads, Protection::Bare];
        all.into_iter().find(|one| one.to_string() == word).ok_or_else(|| Unknown(word.to_owned()))
    }
}

impl Display for ToKernel {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            ToKernel::Hello(process) => write!(f, "hello {process}"),
            ToKernel::Begin(protection) => write!(f, "begin {protection}"),
            ToKernel::Panicked(info) => write!(f, "panicked {}", json(info)),
            ToKernel::Met(error) => write!(f, "met {}", json(error)),
            ToKernel::Changed(name) => write!(f, "changed {name}"),
            ToKernel::End => f.write_str("end"),
            ToKernel::TakeOver(process) => write!(f, "takeover {process}"),
            ToKernel::Broken(reason) => write!(f, "broken {}", reason.replace('\n', " ")),
        }
    }
}

impl FromStr for ToKernel {
    type Err = Unknown;

    fn from_str(line: &str) -> Result<Self, Unknown> {
        let unknown = || Unknown(line.to_owned());
        let number = |text: &str| text.parse().map_err(|_| unknown());
        match line.split_once(' ').unwrap_or((line, "")) {
            ("hello", process) => Ok(ToKernel::Hello(number(process)?)),
            ("begin", protection) => Ok(ToKernel::Begin(protection.parse().map_err(|_| unknown())?)),
            ("panicked", info) => serde_json::from_str(info).map(ToKernel::Panicked).map_err(|_| unknown()),
            ("met", error) => serde_json::from_str(error).map(ToKernel::Met).map_err(|_| unknown()),
            ("changed", name) if !name.is_empty() => Ok(ToKernel::Changed(name.to_owned())),
            ("end", "") => Ok(ToKernel::End),
            ("takeover", process) => Ok(ToKernel::TakeOver(number(process)?)),
            ("broken", reason) => Ok(ToKernel::Broken(reason.to_owned())),
            _ => Err(unknown()),
        }
    }
}

/// On one line, whatever is in it.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("text can be written")
}

impl Display for ToRuntime {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            ToRuntime::Forward(line) => write!(f, "forward {line}"),
            ToRuntime::Commit => f.write_str("commit"),
            ToRuntime::RollBack => f.write_str("rollback"),
            ToRuntime::Noted => f.write_str("noted"),
            ToRuntime::Move(order) => write!(f, "move {order}"),
        }
    }
}

impl FromStr for ToRuntime {
    type Err = Unknown;

    fn from_str(line: &str) -> Result<Self, Unknown> {
        match line.split_once(' ') {
            Some(("forward", line)) => Ok(ToRuntime::Forward(line.to_owned())),
            Some(("move", order)) => Ok(ToRuntime::Move(order.to_owned())),
            None if line == "commit" => Ok(ToRuntime::Commit),
            None if line == "rollback" => Ok(ToRuntime::RollBack),
            None if line == "noted" => Ok(ToRuntime::Noted),
            _ => Err(Unknown(line.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let to_kernel = [
            ToKernel::Hello(7),
            ToKernel::Begin(Protection::Snapshot),
            ToKernel::Begin(Protection::Threads),
            ToKernel::Begin(Protection::Bare),
            ToKernel::Panicked(PanicInfo {
                message: "left\nright: \"ε\"".into(),
                line: 7,
                column: 9,
                file: "src/lib.rs".into(),
                thread: "main".into(),
            }),
            ToKernel::Met("two\nlines".into()),
            ToKernel::Changed("x".into()),
            ToKernel::End,
            ToKernel::TakeOver(8),
            ToKernel::Broken("cannot load: no such file".into()),
        ];
        for word in to_kernel {
            assert_eq!(word.to_string().parse(), Ok(word));
        }
        for word in [
            ToRuntime::Forward("EVCXR_X: a b".into()),
            ToRuntime::Move("move a 0=1".into()),
            ToRuntime::Commit,
            ToRuntime::RollBack,
            ToRuntime::Noted,
        ] {
            assert_eq!(word.to_string().parse(), Ok(word));
        }
        for channel in [Channel::Stdout, Channel::Stderr, Channel::Control, Channel::Births] {
            assert_eq!(Channel::of(channel as u8), Some(channel));
        }
    }

    #[test]
    fn nothing_else_is_understood() {
        for line in [
            "",
            "hello",
            "hello x",
            "begin",
            "begin it",
            "end 1",
            "takeover",
            "met two",
            "panicked {}",
            "changed",
            "commit",
            "noted",
            "End",
            " end",
        ] {
            assert_eq!(line.parse::<ToKernel>(), Err(Unknown(line.into())), "{line}");
        }
        for line in ["", "commit 1", "rollback now", "forward", "move", "noted ", "end", "hello 1"] {
            assert_eq!(line.parse::<ToRuntime>(), Err(Unknown(line.into())), "{line}");
        }
        assert_eq!(Channel::of(b'x'), None);
        assert_eq!(ToKernel::Broken("two\nlines".into()).to_string(), "broken two lines");
    }
}
