//! What a cell shows, in the bounds of what a page bears.
//!
//! The first [`MOST_TEXT`] bytes of text are shown as they come. Then a note stands for the rest, in an output that
//! changes: how much it is so far, in which file all of it is, and the last lines. When the cell has ended, these lines
//! are shown as any others. Of many outputs the first are shown, and the last.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use super::fit::{fit, size};
use super::note::note;
use super::tail::Tail;
use super::whole::Whole;
use crate::event::{Bundle, Event, Sink, Stream};

/// How much text stays on the page.
const MOST_TEXT: usize = 200_000;
/// How much is sent of what does not stay: `\r` writes over it.
const MOST_WRITTEN_OVER: usize = 2_000_000;
/// A text that follows one of the other stream is an output of its own on the page, and counts for so many bytes more.
const OUTPUT: usize = 100;
/// A line that is cut where the text is.
const LONG_LINE: usize = 2000;
/// How many outputs are shown, and how many bytes they may have.
const MOST_OUTPUTS: usize = 200;
const MOST_OUTPUT_BYTES: usize = 20_000_000;
/// How often the note changes.
const PAUSE: Duration = Duration::from_millis(500);

/// In front of a cell's sink.
pub struct Flood {
    sink: Sink,
    text: Text,
    /// To which the last text went.
    stream: Option<Stream>,
    outputs: usize,
    output_bytes: usize,
    /// All text so far, until there is a file.
    begun: String,
    whole: Option<std::io::Result<Whole>>,
    rest: Option<Rest>,
}

/// What is not shown.
struct Rest {
    /// The note's.
    id: String,
    bytes: usize,
    tail: Tail,
    outputs: usize,
    last_output: Option<(Bundle, Option<String>)>,
    /// When the note was changed last, if it is on the page; and what has come since then, or since the end was shown.
    told: Option<Instant>,
    has_news: bool,
    has_more: bool,
}

impl Flood {
    pub fn new(sink: Sink) -> Self {
        Flood {
            sink,
            text: Text::default(),
            stream: None,
            outputs: 0,
            output_bytes: 0,
            begun: String::new(),
            whole: None,
            rest: None,
        }
    }

    pub fn add(&mut self, event: Event) {
        match event {
            Event::Text(stream, text) => self.text(stream, text),
            Event::Display(bundle, id) => self.output(fit(bundle), id),
            Event::Update(bundle, id) => match self.rest.as_mut().and_then(|rest| rest.last_output.as_mut()) {
                Some((last, Some(known))) if *known == id => *last = fit(bundle),
                _ => (self.sink)(Event::Update(fit(bundle), id)),
            },
            Event::Clear { .. } => {
                self.settle();
                (self.sink)(event);
                self.begin_anew();
            }
            Event::Widget(_) => {
                // What it shows first stays with it.
                self.settle();
                (self.sink)(event);
            }
            Event::Input(_) => {
                // Who is asked sees what was said last.
                self.tell();
                (self.sink)(event);
            }
        }
    }

    /// A word of the kernel's own, which nothing cuts.
    pub fn note(&mut self, text: &str) {
        self.settle();
        (self.sink)(Event::Display(note(text), None));
    }

    /// To be called now and then while the cell runs.
    pub fn tick(&mut self) {
        let is_due = |rest: &Rest| rest.has_news && rest.told.is_none_or(|told| told.elapsed() >= PAUSE);
        if self.rest.as_ref().is_some_and(is_due) {
            self.tell();
        }
    }

    /// The cell has ended, or pauses: the note tells what is left out for good, and the end of it follows.
    pub fn settle(&mut self) {
        let Some(mut rest) = self.rest.take_if(|rest| rest.has_more) else { return };
        self.say(&mut rest, false);
        for (stream, text) in std::mem::take(&mut rest.tail).lines() {
            (self.sink)(Event::Text(stream, text));
        }
        if let Some((bundle, id)) = rest.last_output.take() {
            (self.sink)(Event::Display(bundle, id));
        }
        rest.has_more = false;
        self.rest = Some(rest);
    }

    fn text(&mut self, stream: Stream, text: String) {
        self.record(&text);
        if self.stream.replace(stream) != Some(stream) {
            self.text.lines += OUTPUT;
        }
        let shown = self.text.take(&text);
        let (shown, left_out) = (text[..shown].to_owned(), &text[shown..]);
        if !shown.is_empty() {
            (self.sink)(Event::Text(stream, shown));
        }
        if !left_out.is_empty() {
            let rest = self.rest();
            rest.bytes += left_out.len();
            rest.tail.push(stream, left_out);
            self.tick();
        }
    }

    fn output(&mut self, bundle: Bundle, id: Option<String>) {
        if let Some((_, text)) = bundle.iter().find(|(mime, _)| mime == "text/plain") {
            self.record(&format!("{text}\n"));
        }
        self.outputs += 1;
        let event = Event::Display(bundle, id);
        self.output_bytes += event.size();
        if self.outputs <= MOST_OUTPUTS && self.output_bytes <= MOST_OUTPUT_BYTES {
            return (self.sink)(event);
        }
        let Event::Display(bundle, id) = event else { return };
        let rest = self.rest();
        rest.outputs += 1;
        rest.last_output = Some((bundle, id));
        self.tick();
    }

    /// What is left out; from the first time on, all text goes into a file.
    fn rest(&mut self) -> &mut Rest {
        if self.whole.is_none() {
            self.whole = Some(Whole::create());
            let begun = std::mem::take(&mut self.begun);
            self.record(&begun);
        }
        let rest = self.rest.get_or_insert_with(|| Rest {
            id: format!("adlab-rest-{:x}", RandomState::new().hash_one(0)),
            bytes: 0,
            tail: Tail::default(),
            outputs: 0,
            last_output: None,
            told: None,
            has_news: true,
            has_more: true,
        });
        (rest.has_news, rest.has_more) = (true, true);
        rest
    }

    fn record(&mut self, text: &str) {
        match &mut self.whole {
            None => self.begun.push_str(text),
            Some(Ok(whole)) => whole.write(text),
            Some(Err(_)) => {}
        }
    }

    /// The note as it is now, with the last lines.
    fn tell(&mut self) {
        if let Some(mut rest) = self.rest.take() {
            self.say(&mut rest, true);
            self.rest = Some(rest);
        }
    }

    fn say(&mut self, rest: &mut Rest, is_running: bool) {
        let bytes = (rest.bytes > 0).then(|| size(rest.bytes));
        let outputs = match rest.outputs {
            0 => None,
            1 => Some("1 output".to_owned()),
            many => Some(format!("{many} outputs")),
        };
        let much = bytes.into_iter().chain(outputs).collect::<Vec<_>>().join(" and ");
        let place = match &mut self.whole {
            Some(Ok(whole)) => {
                whole.flush();
                whole.place()
            }
            Some(Err(error)) => format!("no file can have all of it: {error}"),
            None => return,
        };
        let text = if is_running {
            let end: String = rest.tail.lines().into_iter().map(|(_, text)| text).collect();
            format!("⋯ still printing; output cut here: {much} more so far ({place})\n{end}")
        } else {
            format!("⋯ output cut here: {much} more ({place}); it ends with")
        };
        let (note, id) = (vec![("text/plain".into(), text)], rest.id.clone());
        (self.sink)(match rest.told.replace(Instant::now()) {
            None => Event::Display(note, Some(id)),
            Some(_) => Event::Update(note, id),
        });
        rest.has_news = false;
    }

    /// The page is empty again.
    fn begin_anew(&mut self) {
        (self.text, self.stream) = (Text::default(), None);
        (self.outputs, self.output_bytes) = (0, 0);
        self.rest = None;
        self.begun.clear();
        if let Some(Ok(whole)) = &mut self.whole {
            whole.clear();
        }
    }
}

/// How much text there is on the page.
#[derive(Default)]
struct Text {
    /// In lines that are complete.
    lines: usize,
    /// In the last line, and where in it the next character goes.
    line: usize,
    at: usize,
    sent: usize,
    is_full: bool,
}

impl Text {
    /// How much of it, in bytes, is to be shown.
    fn take(&mut self, text: &str) -> usize {
        if self.is_full {
            return 0;
        }
        let mut taken = 0;
        for piece in text.split_inclusive(['\n', '\r']) {
            let room = (MOST_TEXT.saturating_sub(self.lines + self.at)).min(MOST_WRITTEN_OVER - self.sent);
            if piece.len() > room {
                self.is_full = true;
                // Rather not in the middle of a line.
                return if piece.len() > LONG_LINE { taken + piece.floor_char_boundary(room) } else { taken };
            }
            taken += piece.len();
            self.sent += piece.len();
            self.at += piece.len();
            self.line = self.line.max(self.at);
            match piece.as_bytes().last() {
                Some(b'\n') => {
                    self.lines += self.line;
                    (self.line, self.at) = (0, 0);
                }
                Some(b'\r') => self.at = 0,
                _ => {}
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What a flood lets through, and the text of its last note.
    struct Seen(Arc<Mutex<Vec<Event>>>);

    impl Seen {
        fn take(&self) -> Vec<Event> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn flood() -> (Flood, Seen) {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        (Flood::new(Box::new(move |event| events.lock().unwrap().push(event))), Seen(seen))
    }

    fn out(text: &str) -> Event {
        Event::Text(Stream::Stdout, text.to_owned())
    }

    fn plain(text: &str) -> Bundle {
        vec![("text/plain".into(), text.into())]
    }

    fn text(event: &Event) -> &str {
        match event {
            Event::Text(_, text) => text,
            Event::Display(bundle, _) | Event::Update(bundle, _) => &bundle[0].1,
            _ => "",
        }
    }

    /// Removes the file that a note names: its text.
    fn take_file(note: &str) -> String {
        let path = note.split_whitespace().find(|word| word.ends_with(".txt,")).expect(note).trim_end_matches(',');
        let whole = std::fs::read_to_string(path).unwrap();
        std::fs::remove_file(path).unwrap();
        whole
    }

    #[test]
    fn a_page_bears_few_changes_of_streams() {
        let (mut flood, seen) = flood();
        for _ in 0..10_000 {
            flood.add(out("o"));
            flood.add(Event::Text(Stream::Stderr, "e".to_owned()));
        }
        flood.settle();
        let seen = seen.take();
        assert!(seen.len() > 1000 && seen.len() < 2500, "{}", seen.len());
        take_file(text(seen.iter().find(|e| matches!(e, Event::Update(..))).unwrap()));
    }

    #[test]
    fn what_a_page_bears_is_not_touched() {
        let (mut flood, seen) = flood();
        let lines: Vec<String> = (0..19_000).map(|i| format!("line {i:04}\n")).collect();
        for line in &lines {
            flood.add(out(line));
        }
        flood.add(Event::Display(plain("a"), None));
        flood.settle();
        let seen = seen.take();
        assert_eq!(seen.len(), lines.len() + 1);
        assert!(seen.iter().zip(&lines).all(|(event, line)| text(event) == line));
        assert!(flood.whole.is_none());
    }

    #[test]
    fn much_text_is_cut_at_a_line_and_ends_with_its_end() {
        let (mut flood, seen) = flood();
        let whole: String = (0..1_000_000).map(|i| format!("line {i}\n")).collect();
        for piece in whole.as_bytes().chunks(50_001) {
            flood.add(out(std::str::from_utf8(piece).unwrap()));
        }
        flood.settle();
        flood.settle();
        let seen = seen.take();
        let shown: String = seen.iter().map_while(|e| matches!(e, Event::Text(..)).then(|| text(e))).collect();
        assert!(shown.len() <= MOST_TEXT && shown.len() > MOST_TEXT - 200 && whole.starts_with(&shown));
        assert!(shown.ends_with('\n'));
        let [.., note, end] = &seen[..] else { panic!() };
        assert!(text(note).starts_with("⋯ output cut here: 11.7 MB more (all of it is in "), "{note:?}");
        assert!(matches!(note, Event::Update(..)));
        assert!(whole.ends_with(text(end)) && text(end).lines().count() == 30);
        assert!(seen.len() < 20);
        assert!(take_file(text(note)) == whole);
    }

    #[test]
    fn what_is_written_over_is_not_on_the_page() {
        let (mut flood, seen) = flood();
        for i in 0..30_000 {
            flood.add(out(&format!("\r{i:09}")));
        }
        assert!(flood.rest.is_none() && seen.take().len() == 30_000);
        for i in 0..200_000 {
            flood.add(out(&format!("\r{i:09}")));
        }
        assert!(flood.rest.is_some() && seen.take().len() < 180_000);
        flood.settle();
        take_file(text(&seen.take()[0]));
    }

    #[test]
    fn of_many_outputs_the_first_are_shown_and_the_last() {
        let (mut flood, seen) = flood();
        for i in 0..1000 {
            flood.add(Event::Display(plain(&format!("{i}")), Some(format!("id {i}"))));
        }
        flood.add(Event::Update(plain("new"), "id 999".into()));
        flood.add(out("text goes on\n"));
        flood.settle();
        let seen = seen.take();
        assert!((0..MOST_OUTPUTS).all(|i| text(&seen[i]) == i.to_string()));
        let [note, end] = &seen[seen.len() - 2..] else { panic!() };
        assert!(text(note).starts_with("⋯ output cut here: 800 outputs more"), "{note:?}");
        assert_eq!(*end, Event::Display(plain("new"), Some("id 999".into())));
        assert!(seen.contains(&out("text goes on\n")));
        let whole = take_file(text(note));
        assert!(whole.starts_with("0\n1\n") && whole.ends_with("999\ntext goes on\n"));
    }

    #[test]
    fn a_page_that_is_cleared_bears_as_much_again() {
        let (mut flood, seen) = flood();
        for _ in 0..5 {
            flood.add(out(&"x".repeat(MOST_TEXT - OUTPUT)));
            flood.add(Event::Clear { wait: true });
        }
        assert!(flood.whole.is_none() && seen.take().len() == 10);
        flood.add(out(&"x".repeat(MOST_TEXT)));
        flood.add(Event::Clear { wait: false });
        flood.add(out(&"y".repeat(MOST_TEXT)));
        flood.note("a word of the kernel's\n");
        let seen = seen.take();
        let [.., note, end, word] = &seen[..] else { panic!() };
        assert_eq!((text(end), text(word)), (&*"y".repeat(OUTPUT), "a word of the kernel's"));
        assert_eq!(take_file(text(note)), "y".repeat(MOST_TEXT));
    }
}
