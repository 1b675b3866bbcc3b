//! Values whose text is too long to be read: its beginning and its end, and how much there is, in bounded time and memory.

use std::fmt::{self, Debug, Display, Write};

/// In bytes: a text that is shown whole, and what is shown of a longer one.
const LONG: usize = 10_000;
const BEGIN: usize = 3_000;
const END: usize = 1_000;
/// How many pieces of text are waited for: some tenths of a second.
const MOST_PIECES: usize = 4_000_000;

/// The `Debug` form.
pub(crate) fn debug<T: Debug + ?Sized>(value: &T) -> String {
    written(format_args!("{value:?}"))
}

/// The `Display` form.
pub(crate) fn display<T: Display + ?Sized>(value: &T) -> String {
    written(format_args!("{value}"))
}

/// The `Debug` form of a list that is too long to be written to its end; nothing where it isn't.
pub(crate) fn list<T: Debug>(list: &[T]) -> Option<String> {
    const MANY: usize = 100_000;
    let (first, last) = (list.get(..100)?, list.get(list.len().checked_sub(MANY)? + MANY - 30..)?);
    let inner = |part: &[T]| part.iter().map(|element| debug(element)).collect::<Vec<_>>().join(", ");
    Some(format!("[{}, …, {}]  ({} elements)", inner(first), inner(last), list.len()))
}

fn written(text: fmt::Arguments) -> String {
    let mut ends = Ends::default();
    let is_whole = ends.write_fmt(text).is_ok();
    if is_whole && ends.end.is_empty() { ends.begin } else { ends.shown(is_whole) }
}

/// A text in the making: its two ends.
#[derive(Default)]
struct Ends {
    begin: String,
    /// What follows, or the last of it.
    end: String,
    length: usize,
    pieces: usize,
    elements: Elements,
}

impl Write for Ends {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.pieces += 1;
        if self.pieces > MOST_PIECES {
            return Err(fmt::Error);
        }
        self.length += text.len();
        self.elements.read(text.as_bytes());
        let room = if self.end.is_empty() { LONG - self.begin.len() } else { 0 };
        let (first, rest) = text.split_at(text.floor_char_boundary(room));
        self.begin.push_str(first);
        self.end.push_str(last(rest, END));
        if self.end.len() > 4 * END {
            self.end = last(&self.end, END).to_owned();
        }
        Ok(())
    }
}

impl Ends {
    fn shown(&self, is_whole: bool) -> String {
        let begin = &self.begin[..self.begin.floor_char_boundary(BEGIN)];
        // Between two lines, or two elements, where there are such.
        let gap = ["\n", ", "].into_iter().find(|gap| begin.contains(gap));
        let begin = gap.and_then(|gap| Some(&begin[..begin.rfind(gap)? + gap.len()])).unwrap_or(begin);
        let both = if self.end.len() < END { self.begin.clone() + &self.end } else { self.end.clone() };
        let end = last(&both, END);
        let end = gap.and_then(|gap| Some(&end[end.trim_end().find(gap)? + gap.len()..])).unwrap_or(end);
        let dots = match gap {
            Some("\n") => "⋮\n",
            Some(_) => "…, ",
            None => " … ",
        };
        let (end, more) = if is_whole { (end, "") } else { ("", "more than ") };
        let much = match self.elements.count() {
            Some((count, what)) => format!("{count} {what}"),
            None if self.length < 1_000_000 => format!("{} kB of text", (self.length + 500) / 1000),
            None => format!("{:.1} MB of text", self.length as f64 / 1e6),
        };
        let whole = format!("{begin}{dots}{end}");
        format!(
            "{}{}({more}{much})",
            whole.trim_end_matches(['\n', ' ', ',']),
            if gap == Some("\n") { "\n" } else { "  " }
        )
    }
}

/// So many bytes at the end, or fewer, between characters.
fn last(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}

/// Counts the elements of what is written as `[a, b]`, or `{a, b}`.
#[derive(Default)]
struct Elements {
    opened: Option<u8>,
    depth: usize,
    commas: usize,
    /// Within a text or a character, since so many bytes.
    quote: Option<(u8, usize)>,
    is_escaped: bool,
    /// The list has ended; it is none.
    is_over: bool,
    is_other: bool,
}

impl Elements {
    fn read(&mut self, bytes: &[u8]) {
        // As Rust writes it, `'\u{10ffff}'`.
        const LONGEST_CHARACTER: usize = 11;
        for &byte in bytes {
            if self.is_other {
                return;
            }
            if let Some((mark, length)) = &mut self.quote {
                *length += 1;
                let is_end = byte == *mark && !self.is_escaped || *mark == b'\'' && *length > LONGEST_CHARACTER;
                self.is_escaped = byte == b'\\' && !self.is_escaped;
                if is_end {
                    self.quote = None;
                }
                continue;
            }
            match byte {
                _ if self.is_over => self.is_other = true,
                b'[' | b'{' | b'(' => {
                    self.opened.get_or_insert(byte);
                    self.depth += 1;
                }
                _ if self.depth == 0 => self.is_other = true,
                b']' | b'}' | b')' => {
                    self.depth -= 1;
                    self.is_over = self.depth == 0;
                }
                b'"' | b'\'' => self.quote = Some((byte, 0)),
                b',' if self.depth == 1 => self.commas += 1,
                _ => {}
            }
        }
    }

    /// How many there are so far, and what they are called.
    fn count(&self) -> Option<(usize, &'static str)> {
        match self.opened {
            Some(b'[') if !self.is_other => Some((self.commas + 1, "elements")),
            Some(b'{') if !self.is_other => Some((self.commas + 1, "entries")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn short_texts_are_whole() {
        let list: Vec<usize> = (0..1000).collect();
        assert_eq!(debug(&list), format!("{list:?}"));
        assert_eq!(debug(&"∂".repeat(3000)), format!("{:?}", "∂".repeat(3000)));
        assert_eq!((debug(""), display("")), ("\"\"".into(), "".into()));
    }

    #[test]
    fn long_lists_have_both_ends_and_a_number() {
        let shown = debug(&(0..100_000).collect::<Vec<_>>());
        assert!(shown.starts_with("[0, 1, 2, ") && shown.contains(", …, "), "{shown}");
        assert!(shown.ends_with(", 99998, 99999]  (100000 elements)") && shown.len() < BEGIN + END + 100, "{shown}");
        let tricky: BTreeMap<String, Vec<(char, &str)>> =
            (0..1000).map(|i| (format!("{i:04}, \"[{{"), vec![('"', "a, b"), ('\'', "]"), (',', "\\")])).collect();
        let shown = debug(&tricky);
        assert!(shown.starts_with("{\"0000, \\\"[{\": [('\"', ") && shown.ends_with("}  (1000 entries)"), "{shown}");
        assert!(debug(&(0..9999).collect::<BTreeSet<_>>()).ends_with("9998}  (9999 entries)"));
        let rows = vec![vec![0.5; 100_000]; 2];
        assert!(debug(&rows).ends_with("0.5]]  (2 elements)"));
    }

    #[test]
    fn other_long_texts_have_a_size() {
        #[derive(Debug)]
        #[allow(dead_code)]
        struct Student {
            name: String,
            points: Vec<u8>,
        }
        let shown = debug(&Student { name: "∂".repeat(1_000_000), points: vec![1, 2] });
        assert!(shown.starts_with("Student { name: \"∂∂"), "{shown}");
        assert!(shown.contains("∂ … ∂") && shown.ends_with("∂\", points: [1, 2] }  (3.0 MB of text)"), "{shown}");
        let lines: String = (0..10_000).map(|i| format!("line {i}\n")).collect();
        let shown = display(&lines);
        assert!(shown.starts_with("line 0\nline 1\n") && shown.contains("\n⋮\nline "), "{shown}");
        assert!(shown.ends_with("line 9998\nline 9999\n(99 kB of text)"), "{shown}");
        // Not a list: more follows it.
        struct Shaped(Vec<f64>);
        impl Debug for Shaped {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}, shape=[1, 2]", self.0)
            }
        }
        let shaped = debug(&Shaped(vec![0.0; 10_000]));
        assert!(shaped.ends_with("0.0], shape=[1, 2]  (50 kB of text)"), "{shaped}");
    }

    #[test]
    fn what_takes_too_long_to_write_is_not_written_to_its_end() {
        let shown = debug(&(0..5_000_000_u32).collect::<std::collections::VecDeque<_>>());
        assert!(shown.starts_with("[0, 1, 2, ") && shown.len() < BEGIN + 100, "{shown}");
        let counted = shown.rsplit_once(", …  (more than ").expect(&shown).1.strip_suffix(" elements)").expect(&shown);
        let counted: usize = counted.parse().expect(counted);
        assert!(counted > 1_000_000 && counted < 5_000_000, "{counted}");
    }

    #[test]
    fn lists_that_are_known_need_not_be_written() {
        assert_eq!(list(&[1; 99_999]), None);
        let shown = list(&(0..50_000_000).collect::<Vec<u32>>()).expect("a long list");
        assert!(shown.starts_with("[0, 1, 2, ") && shown.contains(", 99, …, 49999970, "), "{shown}");
        assert!(shown.ends_with(", 49999999]  (50000000 elements)"), "{shown}");
    }
}
