//! Takes a cell's stdout apart: what is text, what is for show, what is meant for the kernel.
//!
//! Values and figures come as evcxr's content blocks, one for each MIME type:
//! ```text
//! EVCXR_BEGIN_CONTENT image/svg+xml
//! <svg …
//! EVCXR_END_CONTENT
//! ```
//! Blocks that follow each other are one output in several forms. Then a line says what to do with it:
//! `EVCXR_FLUSH_OUTPUT [id]` shows it at once, under this name if there is one, and `EVCXR_UPDATE_OUTPUT id` puts it in the
//! place of the one of this name. An output that the cell's end finds unfinished is the value of its last expression.
//!
//! `EVCXR_CLEAR_OUTPUT now|wait` takes away what the cell has shown, `EVCXR_INPUT_REQUEST:prompt` asks the student.

/// One output in several forms: (MIME type, content).
pub type Bundle = Vec<(String, String)>;

/// What the panic hook says (see `prelude::PREPARE`).
#[derive(Debug, Clone, PartialEq)]
pub struct PanicInfo {
    pub message: String,
    /// Line in the generated source, from 1; 0 where the panic was outside of it.
    pub line: usize,
    pub column: usize,
    pub file: String,
    pub thread: String,
}

/// A question to the student.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prompt {
    pub text: String,
    /// What is typed is not to be seen.
    pub password: bool,
}

#[derive(Debug, PartialEq)]
pub enum Item {
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
    PanicInfo(PanicInfo),
    /// The cell caught a panic of the student's code.
    Panicked,
    /// `?` met an error.
    UserError,
    /// A line that only evcxr understands.
    ForEvcxr(String),
}

const MARK: &[u8] = b"EVCXR_";
const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";
const FLUSH: &str = "EVCXR_FLUSH_OUTPUT";
const UPDATE: &str = "EVCXR_UPDATE_OUTPUT ";
const CLEAR: &str = "EVCXR_CLEAR_OUTPUT ";
const INPUT: &str = "EVCXR_INPUT_REQUEST:";
const PASSWORD: &str = "EVCXR_INPUT_REQUEST_PASSWORD:";
const PANIC_INFO: &str = "EVCXR_PANIC_INFO ";
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const USER_ERROR: &str = "EVCXR_ERROR_OCCURRED";
const CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";

/// A parser that is fed bytes as they come.
#[derive(Default)]
pub struct Parser {
    pending: Vec<u8>,
    block: Option<Block>,
    bundle: Bundle,
}

struct Block {
    header: Header,
    content: String,
}

enum Header {
    Mime(String),
    Panic(String),
}

impl Parser {
    /// Takes in bytes, and hands out what is complete.
    pub fn feed(&mut self, bytes: &[u8], items: &mut Vec<Item>) {
        self.pending.extend_from_slice(bytes);
        while self.step(items) {}
    }

    /// The cell has ended: the rest of its text, and the value of its last expression.
    pub fn finish(&mut self, items: &mut Vec<Item>) -> Option<Bundle> {
        if let Some(block) = self.block.take() {
            // Cut short: show what there is as text.
            push_text(items, block.content.as_bytes());
        }
        let rest = std::mem::take(&mut self.pending);
        push_text(items, &rest);
        let bundle = std::mem::take(&mut self.bundle);
        (!bundle.is_empty()).then_some(bundle)
    }

    fn step(&mut self, items: &mut Vec<Item>) -> bool {
        if self.block.is_some() {
            return self.step_in_block(items);
        }
        let Some(start) = find(&self.pending, MARK) else {
            let keep = partial_mark(&self.pending).max(partial_char(&self.pending));
            let text = self.take(self.pending.len() - keep);
            self.text(&text, items);
            return false;
        };
        let text = self.take(start);
        self.text(&text, items);
        let Some(end) = self.pending.iter().position(|&b| b == b'\n') else {
            return false;
        };
        let line = self.take(end + 1);
        self.line(&line, items);
        true
    }

    fn line(&mut self, raw: &[u8], items: &mut Vec<Item>) {
        let line = String::from_utf8_lossy(raw);
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(mime) = line.strip_prefix(BEGIN) {
            self.open(Header::Mime(mime.to_owned()));
        } else if let Some(place) = line.strip_prefix(PANIC_INFO) {
            self.open(Header::Panic(place.to_owned()));
        } else if let Some(id) = line.strip_prefix(FLUSH).filter(|id| id.is_empty() || id.starts_with(' ')) {
            let id = id.trim();
            self.show((!id.is_empty()).then(|| id.to_owned()), items);
        } else if let Some(id) = line.strip_prefix(UPDATE) {
            let bundle = std::mem::take(&mut self.bundle);
            items.push(Item::Update(bundle, id.trim().to_owned()));
        } else if let Some(when) = line.strip_prefix(CLEAR) {
            items.push(Item::Clear { wait: when.trim() == "wait" });
        } else if let Some(text) = line.strip_prefix(INPUT) {
            items.push(Item::Input(Prompt { text: text.to_owned(), password: false }));
        } else if let Some(text) = line.strip_prefix(PASSWORD) {
            items.push(Item::Input(Prompt { text: text.to_owned(), password: true }));
        } else if line == PANICKED {
            items.push(Item::Panicked);
        } else if line == USER_ERROR {
            items.push(Item::UserError);
        } else if line.starts_with(CHANGED_TYPE) {
            items.push(Item::ForEvcxr(line.to_owned()));
        } else {
            self.text(raw, items);
        }
    }

    fn open(&mut self, header: Header) {
        let content = String::new();
        self.block = Some(Block { header, content });
    }

    fn step_in_block(&mut self, items: &mut Vec<Item>) -> bool {
        let Some(end) = self.pending.iter().position(|&b| b == b'\n') else {
            return false;
        };
        let raw = self.take(end + 1);
        let line = String::from_utf8_lossy(&raw);
        if line.trim_end() != END {
            if let Some(block) = &mut self.block {
                block.content.push_str(&line);
            }
            return true;
        }
        if let Some(mut block) = self.block.take() {
            block.content.truncate(block.content.trim_end_matches('\n').len());
            match block.header {
                Header::Panic(place) => items.push(Item::PanicInfo(panic_info(&place, block.content))),
                Header::Mime(mime) => {
                    // The same form again: it is the next output.
                    if self.bundle.iter().any(|(known, _)| *known == mime) {
                        self.show(None, items);
                    }
                    self.bundle.push((mime, block.content));
                }
            }
        }
        true
    }

    fn show(&mut self, id: Option<String>, items: &mut Vec<Item>) {
        let bundle = std::mem::take(&mut self.bundle);
        if !bundle.is_empty() {
            items.push(Item::Display(bundle, id));
        }
    }

    /// Text after an output means that the output was no last expression.
    fn text(&mut self, bytes: &[u8], items: &mut Vec<Item>) {
        if !bytes.is_empty() {
            self.show(None, items);
            push_text(items, bytes);
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.pending.drain(..length).collect()
    }
}

fn push_text(items: &mut Vec<Item>, bytes: &[u8]) {
    if !bytes.is_empty() {
        items.push(Item::Text(String::from_utf8_lossy(bytes).into_owned()));
    }
}

fn panic_info(place: &str, message: String) -> PanicInfo {
    let mut parts = place.splitn(4, '\t');
    let mut next = || parts.next().unwrap_or_default();
    PanicInfo {
        line: next().parse().unwrap_or(0),
        column: next().parse().unwrap_or(0),
        thread: next().to_owned(),
        file: next().to_owned(),
        message,
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|w| w == pattern)
}

/// How many bytes at the end may be the beginning of a mark.
fn partial_mark(bytes: &[u8]) -> usize {
    (1..MARK.len()).rev().find(|&n| bytes.ends_with(&MARK[..n])).unwrap_or(0)
}

/// How many bytes at the end are the beginning of a character that is still to come.
pub fn partial_char(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    match std::str::from_utf8(tail) {
        Ok(_) => 0,
        Err(_) => (1..=tail.len())
            .find(|&n| {
                let lead = tail[tail.len() - n];
                let needs = match lead {
                    0xC2..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF4 => 4,
                    _ => 0,
                };
                needs > n
            })
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chunks: &[&str]) -> (Vec<Item>, Option<Bundle>) {
        let (mut parser, mut items) = (Parser::default(), Vec::new());
        for chunk in chunks {
            parser.feed(chunk.as_bytes(), &mut items);
        }
        let result = parser.finish(&mut items);
        (items, result)
    }

    fn text(s: &str) -> Item {
        Item::Text(s.into())
    }

    fn block(mime: &str, content: &str) -> String {
        format!("{BEGIN}{mime}\n{content}\n{END}\n")
    }

    #[test]
    fn text_comes_through_as_it_is_written() {
        assert_eq!(parse(&["a", "b\n"]).0, [text("a"), text("b\n")]);
        assert_eq!(parse(&["no newline EVC"]).0, [text("no newline "), text("EVC")]);
        assert_eq!(parse(&["EVCXR_OF_YOURS 1\n"]).0, [text("EVCXR_OF_YOURS 1\n")]);
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
        let stream = format!("{one}{FLUSH}\nbetween\n{two}{FLUSH}\n{one}{one}");
        let expected = [
            Item::Display(vec![("text/plain".into(), "1".into())], None),
            text("between\n"),
            Item::Display(vec![("text/html".into(), "<b>2</b>".into()), ("text/plain".into(), "2".into())], None),
            Item::Display(vec![("text/plain".into(), "1".into())], None),
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

    fn join_text(items: Vec<Item>) -> Vec<Item> {
        let mut joined: Vec<Item> = Vec::new();
        for item in items {
            match (joined.last_mut(), item) {
                (Some(Item::Text(before)), Item::Text(more)) => before.push_str(&more),
                (_, item) => joined.push(item),
            }
        }
        joined
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
        let stream =
            format!("{one}{FLUSH} a1\n{one}{UPDATE}a1\n{CLEAR}wait\n{CLEAR}now\n{INPUT}your name? \n{PASSWORD}p\n");
        let bundle = || vec![("text/plain".to_owned(), "1".to_owned())];
        let question = |text: &str, password| Item::Input(Prompt { text: text.into(), password });
        let expected = [
            Item::Display(bundle(), Some("a1".into())),
            Item::Update(bundle(), "a1".into()),
            Item::Clear { wait: true },
            Item::Clear { wait: false },
            question("your name? ", false),
            question("p", true),
        ];
        assert_eq!(parse(&[&stream]), (expected.into(), None));
    }

    #[test]
    fn a_panic_tells_its_place() {
        let stream = format!("{PANIC_INFO}7\t9\tmain\tsrc/lib.rs\nleft\nright\n{END}\n{PANICKED}\n");
        let (items, _) = parse(&[&stream]);
        let info = PanicInfo {
            message: "left\nright".into(),
            line: 7,
            column: 9,
            file: "src/lib.rs".into(),
            thread: "main".into(),
        };
        assert_eq!(items, [Item::PanicInfo(info), Item::Panicked]);
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
