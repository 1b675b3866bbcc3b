//! Messages on their way to the front ends, with an eye on how many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jupyter_protocol::JupyterMessage;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Beyond this many messages, a cell that prints waits: so the memory stays bounded, however much it prints.
const MOST_WAITING: usize = 64;
/// A Jupyter server drops output above 1000 messages a second.
const MOST_A_SECOND: u32 = 800;

/// One end of the queue; there may be many.
#[derive(Clone)]
pub struct Outbox {
    sender: UnboundedSender<JupyterMessage>,
    waiting: Arc<AtomicUsize>,
}

/// The other end.
pub struct Queue {
    receiver: UnboundedReceiver<JupyterMessage>,
    waiting: Arc<AtomicUsize>,
}

pub fn outbox() -> (Outbox, Queue) {
    let (sender, receiver) = unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Outbox { sender, waiting: Arc::clone(&waiting) }, Queue { receiver, waiting })
}

impl Outbox {
    /// Where nobody takes messages any more, the kernel is about to end.
    pub fn send(&self, message: JupyterMessage) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.sender.send(message);
    }

    /// For the thread that hands on a cell's output: returns when there is room again.
    pub fn wait_for_room(&self) {
        while self.waiting.load(Ordering::Relaxed) > MOST_WAITING && !self.sender.is_closed() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Queue {
    /// The next message. Say [`Queue::sent`] when it is out.
    pub async fn next(&mut self) -> Option<JupyterMessage> {
        self.receiver.recv().await
    }

    pub fn sent(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Holds up a cell that sends more messages than a Jupyter server takes.
pub struct Pace {
    second: Instant,
    sent: u32,
}

impl Pace {
    pub fn new() -> Self {
        Pace { second: Instant::now(), sent: 0 }
    }

    pub fn step(&mut self) {
        let passed = self.second.elapsed();
        if passed >= Duration::from_secs(1) {
            *self = Pace::new();
        } else if self.sent >= MOST_A_SECOND {
            std::thread::sleep(Duration::from_secs(1) - passed);
            *self = Pace::new();
        }
        self.sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::Status;

    #[tokio::test]
    async fn there_is_room_when_messages_are_out() {
        let (outbox, mut queue) = outbox();
        for _ in 0..=MOST_WAITING {
            outbox.send(JupyterMessage::new(Status::idle(), None));
        }
        let waiter = std::thread::spawn({
            let outbox = outbox.clone();
            move || outbox.wait_for_room()
        });
        assert!(!waiter.is_finished());
        queue.next().await.unwrap();
        queue.sent();
        waiter.join().unwrap();
    }

    #[test]
    fn the_pace_is_kept() {
        let started = Instant::now();
        let mut pace = Pace::new();
        (0..=MOST_A_SECOND).for_each(|_| pace.step());
        assert!(started.elapsed() >= Duration::from_secs(1));
    }
}
