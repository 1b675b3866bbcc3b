//! `!program`: what a student runs in a shell, in their own environment.

use std::io::{ErrorKind, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::event::{Event, Stream};
use crate::fault::Fault;
use crate::supervisor::{Supervisor, whole_text};
use crate::system::processes::{kill_group, kill_tree, reap_later};

/// How often it is looked whether the program has ended, or the cell was interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a line in a shell. What it prints is shown as it comes; an interrupt ends it, and what it has started.
pub fn run(line: &str, give_environment: impl Fn(&mut Command), supervisor: &Supervisor) -> Result<(), Fault> {
    let mut command = Command::new("sh");
    give_environment(&mut command);
    command.arg("-c").arg(line).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| Fault::kernel(&format!("there is no shell: {error}")))?;
    let stopped = Arc::new(AtomicBool::new(false));
    let readers = [
        child.stdout.take().map(|out| hand_on(out, Stream::Stdout, supervisor.clone(), Arc::clone(&stopped))),
        child.stderr.take().map(|err| hand_on(err, Stream::Stderr, supervisor.clone(), Arc::clone(&stopped))),
    ];
    let end = |child: &mut Child| {
        // What it has printed by now is not for the next cell.
        stopped.store(true, Ordering::Relaxed);
        let orphans = kill_tree(child.id());
        // Those whose parents were gone before.
        kill_group(child.id());
        let _ = child.wait();
        reap_later(orphans);
        Err(Fault::interrupted())
    };
    let wait = || {
        std::thread::sleep(LOOK);
        supervisor.tick();
    };
    let status = loop {
        if supervisor.is_interrupted() {
            return end(&mut child);
        }
        match child.try_wait() {
            Ok(None) => wait(),
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
            wait();
        }
    }
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Fault::new("Shell", &format!("`{line}` ended with exit code {code}"), &[])),
        None => Err(Fault::new("Shell", &format!("`{line}` was ended: {status}"), &[])),
    }
}

/// Shows what comes, as much as there is at once.
fn hand_on(
    mut from: impl Read + Send + 'static,
    stream: Stream,
    supervisor: Supervisor,
    stopped: Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let (mut buffer, mut begun) = (vec![0; 1 << 16], Vec::new());
        loop {
            let length = match from.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(length) => length,
            };
            let text = whole_text(&mut begun, &buffer[..length]);
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            if !text.is_empty() {
                supervisor.show(Event::Text(stream, text));
            }
        }
        if !begun.is_empty() {
            supervisor.show(Event::Text(stream, String::from_utf8_lossy(&begun).into_owned()));
        }
    })
}
