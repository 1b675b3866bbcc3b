//! Messages on their way to the front ends, with an eye on how many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jupyter_protocol::JupyterMessage;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Beyond this many messages, a cell that prints waits: so the memory stays bounded, however much it prints.
const MOST_WAITING: usize = 64;
/// A Jupyter server drops output above 1000 messages a second.
const MOST_A_SECOND: f64 = 800.0;
const BURST: f64 = 100.0;

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
    /// How many may go at once.
    credit: f64,
    since: Instant,
}

impl Pace {
    pub fn new() -> Self {
        Pace { credit: BURST, since: Instant::now() }
    }

    pub fn step(&mut self) {
        let earned = self.since.elapsed().as_secs_f64() * MOST_A_SECOND;
        self.since = Instant::now();
        self.credit = (self.credit + earned).min(BURST) - 1.0;
        if self.credit < 0.0 {
            std::thread::sleep(Duration::from_secs_f64(-self.credit / MOST_A_SECOND));
        }
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
        (0..500).for_each(|_| pace.step());
        let least = (500.0 - BURST) / MOST_A_SECOND;
        assert!(started.elapsed().as_secs_f64() > 0.9 * least);
    }
}
