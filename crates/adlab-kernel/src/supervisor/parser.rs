//! Takes a cell's stdout apart: what is text, what is for show, what is meant for the kernel.
//!
//! Values and figures come as evcxr's content blocks, one for each MIME type:
//! ```text
//! EVCXR_BEGIN_CONTENT image/svg+xml
//! <svg …
//! EVCXR_END_CONTENT
//! ```
//! Blocks that follow each other are one output in several forms. Then a line says what to do with it:
//! `EVCXR_FLUSH_OUTPUT [id]` shows it at once, under this name if there is one, and `ADLAB_UPDATE_OUTPUT id` puts it in the
//! place of the one of this name. An output that the cell's end finds unfinished is the value of its last expression.
//!
//! `ADLAB_CLEAR_OUTPUT now|wait` takes away what the cell has shown, `EVCXR_INPUT_REQUEST:prompt` asks the student; between
//! `ADLAB_WIDGET begin {…}` and `ADLAB_WIDGET end …` stands what a picture with controls shows first.

use super::io::partial_char;
use crate::assumptions::{BEGIN_CONTENT, END_CONTENT, FLUSH_OUTPUT, INPUT_REQUEST, PASSWORD_REQUEST};
use crate::event::{Bundle, Controls, Prompt, Widget};
use crate::runtime::protocol::{CLEAR_OUTPUT, UPDATE_OUTPUT, WIDGET_BEGIN, WIDGET_END};

/// A piece of what a cell has written.
#[derive(Debug, PartialEq)]
pub enum Parsed {
    Text(String),
    /// To be shown, perhaps under a name.
    Display(Bundle, Option<String>),
    /// To be shown in place of what has this name.
    Update(Bundle, String),
    /// What the cell has shown so far goes away, now or when something new comes.
    Clear {
        wait: bool,
    },
    Input(Prompt),
    Widget(Widget),
}

/// A line that is meant for the kernel begins with one of these.
const WORDS: [&str; 8] = [
    BEGIN_CONTENT,
    FLUSH_OUTPUT,
    UPDATE_OUTPUT,
    CLEAR_OUTPUT,
    WIDGET_BEGIN,
    WIDGET_END,
    INPUT_REQUEST,
    PASSWORD_REQUEST,
];

/// Beyond this size, what follows a word is no line for the kernel, and a line of content is taken in by pieces.
const LONGEST_LINE: usize = 64 * 1024;
/// How much is kept of one form of an output.
const LONGEST_CONTENT: usize = 64 << 20;

/// A parser that is fed bytes as they come.
#[derive(Default)]
pub struct Parser {
    pending: Vec<u8>,
    block: Option<Block>,
    bundle: Bundle,
}

struct Block {
    mime: String,
    content: String,
    /// The last line is still to come to its end.
    within_line: bool,
}

impl Block {
    /// What no page bears is not kept.
    fn push(&mut self, text: &[u8]) {
        if self.content.len() < LONGEST_CONTENT {
            self.content.push_str(&String::from_utf8_lossy(text));
        }
        self.within_line = !text.ends_with(b"\n");
    }
}

impl Parser {
    /// Takes in bytes, and hands out what is complete.
    pub fn feed(&mut self, bytes: &[u8], items: &mut Vec<Parsed>) {
        self.pending.extend_from_slice(bytes);
        while self.step(items) {}
    }

    /// The cell has ended: the rest of its text, and the value of its last expression.
    pub fn finish(&mut self, items: &mut Vec<Parsed>) -> Option<Bundle> {
        if let Some(block) = self.block.take() {
            // Cut short: show what there is as text.
            push_text(items, block.content.as_bytes());
        }
        let rest = std::mem::take(&mut self.pending);
        push_text(items, &rest);
        let bundle = std::mem::take(&mut self.bundle);
        (!bundle.is_empty()).then_some(bundle)
    }

    fn step(&mut self, items: &mut Vec<Parsed>) -> bool {
        if self.block.is_some() {
            return self.step_in_block(items);
        }
        // Most text has none.
        let may_have_words = self.pending.contains(&b'_');
        let words = WORDS.iter().filter(|_| may_have_words);
        let Some(start) = words.filter_map(|word| find(&self.pending, word.as_bytes())).min() else {
            let keep = partial_word(&self.pending).max(partial_char(&self.pending));
            let text = self.take(self.pending.len() - keep);
            self.text(&text, items);
            return false;
        };
        let text = self.take(start);
        self.text(&text, items);
        let Some(end) = self.pending.iter().position(|&b| b == b'\n') else {
            if self.pending.len() > LONGEST_LINE {
                let text = self.take(self.pending.len() - partial_char(&self.pending));
                self.text(&text, items);
            }
            return false;
        };
        let line = self.take(end + 1);
        self.line(&line, items);
        true
    }

    fn line(&mut self, raw: &[u8], items: &mut Vec<Parsed>) {
        let line = String::from_utf8_lossy(raw);
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(mime) = line.strip_prefix(BEGIN_CONTENT) {
            self.block = Some(Block { mime: mime.to_owned(), content: String::new(), within_line: false });
        } else if let Some(id) = line.strip_prefix(FLUSH_OUTPUT).filter(|id| id.is_empty() || id.starts_with(' ')) {
            let id = id.trim();
            self.show((!id.is_empty()).then(|| id.to_owned()), items);
        } else if let Some(id) = line.strip_prefix(UPDATE_OUTPUT) {
            let bundle = std::mem::take(&mut self.bundle);
            items.push(Parsed::Update(bundle, id.trim().to_owned()));
        } else if let Some(when) = line.strip_prefix(CLEAR_OUTPUT) {
            items.push(Parsed::Clear { wait: when.trim() == "wait" });
        } else if let Some(controls) = line.strip_prefix(WIDGET_BEGIN).and_then(Controls::read) {
            self.show(None, items);
            items.push(Parsed::Widget(Widget::Begin(controls)));
        } else if let Some(words) = line.strip_prefix(WIDGET_END) {
            // What came last has been shown, and is no last expression.
            self.show(None, items);
            items.push(Parsed::Widget(Widget::End(words.to_owned())));
        } else if let Some(text) = line.strip_prefix(INPUT_REQUEST) {
            items.push(Parsed::Input(Prompt { text: text.to_owned(), password: false }));
        } else if let Some(text) = line.strip_prefix(PASSWORD_REQUEST) {
            items.push(Parsed::Input(Prompt { text: text.to_owned(), password: true }));
        } else {
            self.text(raw, items);
        }
    }

    fn step_in_block(&mut self, items: &mut Vec<Parsed>) -> bool {
        let Some(block) = &mut self.block else { return false };
        let end = self.pending.iter().position(|&b| b == b'\n');
        let length = match end {
            Some(end) => end + 1,
            None if self.pending.len() > LONGEST_LINE => self.pending.len() - partial_char(&self.pending),
            None => return false,
        };
        let raw: Vec<u8> = self.pending.drain(..length).collect();
        if block.within_line || raw.trim_ascii_end() != END_CONTENT.as_bytes() {
            block.push(&raw);
            return end.is_some();
        }
        if let Some(mut block) = self.block.take() {
            block.content.truncate(block.content.trim_end_matches('\n').len());
            // The same form again: it is the next output.
            if self.bundle.iter().any(|(known, _)| *known == block.mime) {
                self.show(None, items);
            }
            self.bundle.push((block.mime, block.content));
        }
        true
    }

    fn show(&mut self, id: Option<String>, items: &mut Vec<Parsed>) {
        let bundle = std::mem::take(&mut self.bundle);
        if !bundle.is_empty() {
            items.push(Parsed::Display(bundle, id));
        }
    }

    /// Text after an output means that the output was no last expression.
    fn text(&mut self, bytes: &[u8], items: &mut Vec<Parsed>) {
        if !bytes.is_empty() {
            self.show(None, items);
            push_text(items, bytes);
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.pending.drain(..length).collect()
    }
}

fn push_text(items: &mut Vec<Parsed>, bytes: &[u8]) {
    if !bytes.is_empty() {
        items.push(Parsed::Text(String::from_utf8_lossy(bytes).into_owned()));
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|w| w == pattern)
}

/// How many bytes at the end may be the beginning of a word.
fn partial_word(bytes: &[u8]) -> usize {
    let of = |word: &&str| (1..word.len()).rev().find(|&n| bytes.ends_with(&word.as_bytes()[..n]));
    WORDS.iter().filter_map(of).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chunks: &[&str]) -> (Vec<Parsed>, Option<Bundle>) {
        let (mut parser, mut items) = (Parser::default(), Vec::new());
        for chunk in chunks {
            parser.feed(chunk.as_bytes(), &mut items);
        }
        let result = parser.finish(&mut items);
        (items, result)
    }

    fn text(s: &str) -> Parsed {
        Parsed::Text(s.into())
    }

    fn block(mime: &str, content: &str) -> String {
        format!("{BEGIN_CONTENT}{mime}\n{content}\n{END_CONTENT}\n")
    }

    #[test]
    fn text_comes_through_as_it_is_written() {
        assert_eq!(parse(&["a", "b\n"]).0, [text("a"), text("b\n")]);
        assert_eq!(parse(&["no newline EVC"]).0, [text("no newline "), text("EVC")]);
        assert_eq!(parse(&["EVCXR_OF_YOURS 1\n"]).0, [text("EVCXR_OF_YOURS 1\n")]);
        assert_eq!(parse(&["ADLAB_MEMORY? "]).0, [text("ADLAB_MEMORY? ")]);
    }

    #[test]
    fn a_last_expression_is_the_result() {
        let (items, result) = parse(&["x\n", &block("text/plain", "1\n2")]);
        assert_eq!(items, [text("x\n")]);
        assert_eq!(result, Some(vec![("text/plain".into(), "1\n2".into())]));
    }

    #[test]
    fn outputs_stay_apart_and_in_order() {
        let one = block("text/plain", "1");
        let two = block("text/html", "<b>2</b>") + &block("text/plain", "2");
        let stream = format!("{one}{FLUSH_OUTPUT}\nbetween\n{two}{FLUSH_OUTPUT}\n{one}{one}");
        let expected = [
            Parsed::Display(vec![("text/plain".into(), "1".into())], None),
            text("between\n"),
            Parsed::Display(vec![("text/html".into(), "<b>2</b>".into()), ("text/plain".into(), "2".into())], None),
            Parsed::Display(vec![("text/plain".into(), "1".into())], None),
        ];
        // However the bytes are cut, the outputs are the same.
        for size in [1, 2, 7, 1000] {
            let (mut parser, mut items) = (Parser::default(), Vec::new());
            for chunk in stream.as_bytes().chunks(size) {
                parser.feed(chunk, &mut items);
            }
            let result = parser.finish(&mut items);
            assert_eq!(join_text(items), expected);
            assert_eq!(result, Some(vec![("text/plain".into(), "1".into())]));
        }
    }

    fn join_text(items: Vec<Parsed>) -> Vec<Parsed> {
        let mut joined: Vec<Parsed> = Vec::new();
        for item in items {
            match (joined.last_mut(), item) {
                (Some(Parsed::Text(before)), Parsed::Text(more)) => before.push_str(&more),
                (_, item) => joined.push(item),
            }
        }
        joined
    }

    #[test]
    fn what_looks_like_a_word_keeps_none_from_being_seen() {
        for start in ["ADLAB_", "EVCXR_", "EVCXR_BEGIN_", "ADLAB_UPDATE_OUTPUT"] {
            let (items, result) = parse(&[start, &block("text/plain", "1")]);
            assert_eq!((join_text(items), result.is_some()), (vec![text(start)], true), "{start}");
        }
    }

    #[test]
    fn a_mark_behind_text_on_its_line_is_found() {
        let (items, result) = parse(&["abc", &block("text/plain", "1")]);
        assert_eq!(items, [text("abc")]);
        assert!(result.is_some());
    }

    #[test]
    fn named_outputs_updates_clears_and_questions() {
        let one = block("text/plain", "1");
        let stream = format!(
            "{one}{FLUSH_OUTPUT} a1\n{one}{UPDATE_OUTPUT}a1\n{CLEAR_OUTPUT}wait\n{CLEAR_OUTPUT}now\n{INPUT_REQUEST}your name? \n{PASSWORD_REQUEST}p\n"
        );
        let bundle = || vec![("text/plain".to_owned(), "1".to_owned())];
        let question = |text: &str, password| Parsed::Input(Prompt { text: text.into(), password });
        let expected = [
            Parsed::Display(bundle(), Some("a1".into())),
            Parsed::Update(bundle(), "a1".into()),
            Parsed::Clear { wait: true },
            Parsed::Clear { wait: false },
            question("your name? ", false),
            question("p", true),
        ];
        assert_eq!(parse(&[&stream]), (expected.into(), None));
    }

    #[test]
    fn controls_stand_around_what_they_show() {
        let json = r#"{"id":"a","shows":true,"controls":[{"kind":"slider","name":"x","value":0.5,"min":0.0}]}"#;
        let stream = format!("{WIDGET_BEGIN}{json}\n{}{WIDGET_END}x = 0.5\n", block("text/plain", "1"));
        for size in [1, 7, 1000] {
            let (mut parser, mut items) = (Parser::default(), Vec::new());
            stream.as_bytes().chunks(size).for_each(|chunk| parser.feed(chunk, &mut items));
            let [Parsed::Widget(Widget::Begin(controls)), Parsed::Display(..), Parsed::Widget(Widget::End(words))] =
                &items[..]
            else {
                panic!("{items:?}")
            };
            assert_eq!((controls.id.as_str(), controls.shows, words.as_str()), ("a", true, "x = 0.5"));
            assert_eq!((&controls.controls[0].value, &controls.controls[0].all["min"]), (&0.5.into(), &0.0.into()));
        }
        let own = "ADLAB_WIDGET begin mine\n";
        assert_eq!(parse(&[own]).0, [text(own)]);
    }

    #[test]
    fn lines_without_end_take_no_memory() {
        let long = "x".repeat(300_000);
        let big = block("text/html", &format!("{long}{END_CONTENT}\n{long}"));
        let chunks: Vec<&str> = big.as_bytes().chunks(30_001).map(|c| std::str::from_utf8(c).unwrap()).collect();
        let (items, result) = parse(&chunks);
        assert!(items.is_empty());
        assert_eq!(result.unwrap()[0].1, format!("{long}{END_CONTENT}\n{long}"));
        let (mut parser, mut items) = (Parser::default(), Vec::new());
        for _ in 0..10 {
            parser.feed(format!("{BEGIN_CONTENT}{long}").as_bytes(), &mut items);
            assert!(parser.pending.len() < LONGEST_LINE);
        }
        assert_eq!(join_text(items), [text(&format!("{BEGIN_CONTENT}{long}").repeat(10))]);
    }

    #[test]
    fn characters_are_not_cut() {
        let (mut parser, mut items) = (Parser::default(), Vec::new());
        for byte in "∂ε😀".bytes() {
            parser.feed(&[byte], &mut items);
        }
        assert_eq!(join_text(items), [text("∂ε😀")]);
        let mut items = Vec::new();
        parser.feed(&[b'a', 0xff, b'b'], &mut items);
        assert_eq!(items, [text("a\u{fffd}b")]);
    }
}
