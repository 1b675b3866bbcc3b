//! `!program`: what a student runs in a shell, in their own environment.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::event::{Event, Stream};
use crate::fault::Fault;
use crate::supervisor::Supervisor;
use crate::system::processes::{kill_tree, reap_later};

/// How often it is looked whether the program has ended, or the cell was interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a line in a shell. What it prints is shown as it comes; an interrupt ends it, and what it has started.
pub fn run(line: &str, give_environment: impl Fn(&mut Command), supervisor: &Supervisor) -> Result<(), Fault> {
    let mut command = Command::new("sh");
    give_environment(&mut command);
    command.arg("-c").arg(line).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| Fault::kernel(&format!("there is no shell: {error}")))?;
    let group = Pid::from_child(&child);
    let readers = [
        child.stdout.take().map(|out| hand_on(out, Stream::Stdout, supervisor.clone())),
        child.stderr.take().map(|err| hand_on(err, Stream::Stderr, supervisor.clone())),
    ];
    let end = |child: &mut Child| {
        let orphans = kill_tree(child.id());
        // Those whose parents were gone before.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait();
        reap_later(orphans);
        Err(Fault::interrupted())
    };
    let status = loop {
        if supervisor.is_interrupted() {
            return end(&mut child);
        }
        match child.try_wait() {
            Ok(None) => std::thread::sleep(LOOK),
            Ok(Some(status)) => break status,
            Err(error) => return Err(Fault::kernel(&format!("the shell is lost: {error}"))),
        }
    };
    for reader in readers.into_iter().flatten() {
        // What runs on in the background keeps the other end open; it is a part of the cell.
        while !reader.is_finished() {
            if supervisor.is_interrupted() {
                return end(&mut child);
            }
            std::thread::sleep(LOOK);
        }
    }
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Fault::new("Shell", &format!("`{line}` ended with exit code {code}"), &[])),
        None => Err(Fault::new("Shell", &format!("`{line}` was ended: {status}"), &[])),
    }
}

fn hand_on(from: impl Read + Send + 'static, stream: Stream, supervisor: Supervisor) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        // By lines, or by pieces where there are none.
        while from.by_ref().take(1 << 16).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            supervisor.show(Event::Text(stream, String::from_utf8_lossy(&line).into_owned()));
            line.clear();
        }
    })
}
