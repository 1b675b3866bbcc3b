//! Output on its way to the front end, collected for a moment: a Jupyter server drops output above 1000 messages a second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::event::{Bundle, Event, Stream};

/// How long output is collected.
const MOMENT: Duration = Duration::from_millis(30);
/// Beyond this size it is sent on at once.
const MOST_BYTES: usize = 64 * 1024;

/// Texts and updates, in order.
#[derive(Default)]
pub struct Batch {
    chunks: VecDeque<Event>,
    bytes: usize,
    since: Option<Instant>,
}

impl Batch {
    pub fn text(&mut self, stream: Stream, text: &str) {
        match self.chunks.back_mut() {
            Some(Event::Text(last, before)) if *last == stream => before.push_str(text),
            _ => self.chunks.push_back(Event::Text(stream, text.to_owned())),
        }
        self.grow(text.len());
    }

    /// Of several updates of one output, the last counts.
    pub fn update(&mut self, bundle: Bundle, id: String) {
        let size = bundle.iter().map(|(_, content)| content.len()).sum();
        self.chunks.retain(|chunk| !matches!(chunk, Event::Update(_, known) if *known == id));
        self.chunks.push_back(Event::Update(bundle, id));
        self.grow(size);
    }

    fn grow(&mut self, bytes: usize) {
        self.since.get_or_insert_with(Instant::now);
        self.bytes += bytes;
    }

    pub fn is_big(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    /// How long until it should go; `None` if there is nothing.
    pub fn due_in(&self) -> Option<Duration> {
        let since = self.since?;
        Some(MOMENT.saturating_sub(since.elapsed()))
    }

    pub fn take(&mut self) -> impl Iterator<Item = Event> + use<> {
        std::mem::take(self).chunks.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stream: Stream, text: &str) -> Event {
        Event::Text(stream, text.into())
    }

    #[test]
    fn streams_keep_their_order_and_updates_replace_each_other() {
        let mut batch = Batch::default();
        assert!(batch.due_in().is_none());
        batch.text(Stream::Stdout, "a");
        batch.text(Stream::Stdout, "b");
        batch.text(Stream::Stderr, "c");
        batch.update(vec![("text/plain".into(), "1".into())], "x".into());
        batch.text(Stream::Stdout, "d");
        batch.update(vec![("text/plain".into(), "2".into())], "x".into());
        assert!(batch.due_in().is_some_and(|wait| wait <= MOMENT));
        let sent: Vec<Event> = batch.take().collect();
        let update = Event::Update(vec![("text/plain".into(), "2".into())], "x".into());
        assert_eq!(sent, [text(Stream::Stdout, "ab"), text(Stream::Stderr, "c"), text(Stream::Stdout, "d"), update]);
        assert_eq!(batch.take().count(), 0);
    }

    #[test]
    fn much_output_does_not_wait() {
        let mut batch = Batch::default();
        batch.text(Stream::Stdout, &"x".repeat(MOST_BYTES + 1));
        assert!(batch.is_big());
    }
}
