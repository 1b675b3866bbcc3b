//! Messages on their way to the front ends, with an eye on how many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Beyond this many messages, a cell that prints waits: so the memory stays bounded, however much it prints.
const MOST_WAITING: usize = 64;
/// A Jupyter server, as it comes, drops output above 1000 messages or 1 MB a second, counted over three seconds.
const MESSAGES_A_SECOND: f64 = 800.0;
const BYTES_A_SECOND: f64 = 0.8e6;
const BYTES_AT_ONCE: f64 = 2.2e6;

/// A message for all front ends, with its type as the topic.
pub fn about(content: impl Into<JupyterMessageContent>, request: &JupyterMessage) -> JupyterMessage {
    let message = JupyterMessage::new(content, Some(request));
    let topic = message.message_type().to_owned();
    message.with_zmq_identities(vec![topic.into_bytes().into()])
}

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

    /// For the thread that hands on a cell's output: returns when there is room again, or the cell is given up.
    pub fn wait_for_room(&self, given_up: impl Fn() -> bool) {
        while self.waiting.load(Ordering::Relaxed) > MOST_WAITING && !self.sender.is_closed() && !given_up() {
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

/// Holds up a cell that sends more than a Jupyter server takes.
pub struct Pace {
    messages: Bucket,
    bytes: Bucket,
}

impl Pace {
    pub fn new() -> Self {
        Pace { messages: Bucket::new(MESSAGES_A_SECOND, 100.0), bytes: Bucket::new(BYTES_A_SECOND, BYTES_AT_ONCE) }
    }

    /// How long to wait after a message of this size.
    pub fn step(&mut self, bytes: usize) -> Duration {
        self.messages.take(1.0).max(self.bytes.take(bytes as f64))
    }
}

/// Fills up at its rate, to a limit; what is taken beyond has to be waited for.
struct Bucket {
    rate: f64,
    most: f64,
    credit: f64,
    since: Instant,
}

impl Bucket {
    fn new(rate: f64, most: f64) -> Self {
        Bucket { rate, most, credit: most, since: Instant::now() }
    }

    fn take(&mut self, amount: f64) -> Duration {
        let earned = self.since.elapsed().as_secs_f64() * self.rate;
        self.since = Instant::now();
        self.credit = (self.credit + earned).min(self.most) - amount;
        Duration::from_secs_f64((-self.credit / self.rate).max(0.0))
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
            move || outbox.wait_for_room(|| false)
        });
        assert!(!waiter.is_finished());
        outbox.wait_for_room(|| true);
        queue.next().await.unwrap();
        queue.sent();
        waiter.join().unwrap();
    }

    #[test]
    fn the_pace_is_kept() {
        let mut pace = Pace::new();
        assert_eq!(pace.step(1000), Duration::ZERO);
        let waits: f64 = (0..200).map(|_| pace.step(0).as_secs_f64()).last().unwrap();
        assert!((waits - 100.0 / MESSAGES_A_SECOND).abs() < 0.05, "{waits}");
        let mut pace = Pace::new();
        assert_eq!(pace.step(2_000_000), Duration::ZERO);
        assert!(pace.step(1_000_000).as_secs_f64() > 0.9);
    }
}
