//! Output on its way to the front end, collected for a moment: a Jupyter server drops output above 1000 messages a second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::event::{Bundle, Event, Stream, Widget};

/// How long output is collected.
const MOMENT: Duration = Duration::from_millis(30);
/// How long, after what was on the page has changed: drawing takes a browser longer than adding does.
const REDRAW: Duration = Duration::from_millis(100);
/// Beyond this size it is sent on at once.
const MOST_BYTES: usize = 64 * 1024;
const MESSAGE: usize = 200;

/// What was shown, in order.
#[derive(Default)]
pub struct Batch {
    chunks: VecDeque<Event>,
    bytes: usize,
    since: Option<Instant>,
    /// Something in it changes what is on the page; and when that was done last.
    redraws: bool,
    redrawn: Option<Instant>,
}

impl Batch {
    pub fn text(&mut self, stream: Stream, text: &str) {
        match self.chunks.back_mut() {
            Some(Event::Text(last, before)) if *last == stream => {
                before.push_str(text);
                self.bytes += text.len();
            }
            _ => self.push(Event::Text(stream, text.to_owned())),
        }
    }

    pub fn display(&mut self, bundle: Bundle, id: Option<String>) {
        self.push(Event::Display(bundle, id));
    }

    /// Of several updates of one output, the last counts.
    pub fn update(&mut self, bundle: Bundle, id: String) {
        for chunk in &mut self.chunks {
            if let Event::Display(shown, Some(known)) = chunk
                && *known == id
            {
                *shown = bundle;
                return;
            }
        }
        self.keep(|chunk| !matches!(chunk, Event::Update(_, known) if *known == id));
        self.push(Event::Update(bundle, id));
    }

    /// What would be shown for a moment only is left out; outputs of other cells may have changed.
    pub fn clear(&mut self, wait: bool) {
        self.keep(|chunk| matches!(chunk, Event::Update(..) | Event::Widget(_)));
        self.push(Event::Clear { wait });
    }

    pub fn widget(&mut self, widget: Widget) {
        self.push(Event::Widget(widget));
    }

    fn keep(&mut self, is_kept: impl Fn(&Event) -> bool) {
        let bytes = &mut self.bytes;
        self.chunks.retain(|chunk| {
            let is_kept = is_kept(chunk);
            *bytes -= if is_kept { 0 } else { size(chunk) };
            is_kept
        });
    }

    fn push(&mut self, event: Event) {
        self.redraws |= matches!(event, Event::Update(..) | Event::Clear { .. });
        self.since.get_or_insert_with(Instant::now);
        self.bytes += size(&event);
        self.chunks.push_back(event);
    }

    pub fn is_big(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    /// How long until it should go; `None` if there is nothing.
    pub fn due_in(&self) -> Option<Duration> {
        let wait = MOMENT.saturating_sub(self.since?.elapsed());
        let redraw = self.redrawn.filter(|_| self.redraws).map(|last| REDRAW.saturating_sub(last.elapsed()));
        Some(redraw.map_or(wait, |redraw| redraw.max(wait)))
    }

    pub fn take(&mut self) -> impl Iterator<Item = Event> + use<> {
        let redrawn = if self.redraws { Some(Instant::now()) } else { self.redrawn };
        std::mem::replace(self, Batch { redrawn, ..Batch::default() }).chunks.into_iter()
    }
}

/// Each message counts for some bytes more.
fn size(event: &Event) -> usize {
    event.size() + MESSAGE
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
    fn what_would_be_gone_within_the_moment_is_left_out() {
        let bundle = |text: &str| vec![("text/plain".to_owned(), text.to_owned())];
        let mut batch = Batch::default();
        batch.display(bundle("1"), Some("x".into()));
        batch.display(bundle("2"), None);
        batch.update(bundle("3"), "x".into());
        let shown = [Event::Display(bundle("3"), Some("x".into())), Event::Display(bundle("2"), None)];
        assert_eq!(batch.take().collect::<Vec<_>>(), shown);
        for step in ["a", "b"] {
            batch.text(Stream::Stdout, step);
            batch.update(bundle(step), "elsewhere".into());
            batch.clear(true);
        }
        assert_eq!(batch.bytes, 1 + 2 * MESSAGE);
        batch.text(Stream::Stdout, "c");
        let shown =
            [Event::Update(bundle("b"), "elsewhere".into()), Event::Clear { wait: true }, text(Stream::Stdout, "c")];
        assert_eq!(batch.take().collect::<Vec<_>>(), shown);
        batch.text(Stream::Stdout, "d");
        assert!(batch.due_in().is_some_and(|wait| wait <= MOMENT));
        batch.update(bundle("4"), "elsewhere".into());
        assert!(batch.due_in().is_some_and(|wait| wait > MOMENT && wait <= REDRAW));
    }

    #[test]
    fn much_output_does_not_wait() {
        let mut batch = Batch::default();
        batch.text(Stream::Stdout, &"x".repeat(MOST_BYTES + 1));
        assert!(batch.is_big());
    }
}
