//! What ran in this session.

use jupyter_protocol::messaging::{HistoryEntry, HistoryRequest};

/// This kernel keeps one session's history; Jupyter numbers sessions from 1.
const SESSION: usize = 1;

#[derive(Default)]
pub struct History {
    entries: Vec<Entry>,
}

struct Entry {
    number: usize,
    input: String,
    output: String,
}

impl History {
    pub fn push(&mut self, number: usize, input: &str, output: &str) {
        self.entries.push(Entry { number, input: input.to_owned(), output: output.to_owned() });
    }

    pub fn answer(&self, request: &HistoryRequest) -> Vec<HistoryEntry> {
        let (entries, with_output): (Vec<&Entry>, bool) = match request {
            HistoryRequest::Tail { n, output, .. } => (last(self.entries.iter().collect(), *n), *output),
            HistoryRequest::Range { session, start, stop, output, .. } => {
                let ours = matches!(session, None | Some(0 | 1));
                let stop = if *stop <= 0 { i32::MAX } else { *stop };
                let inside = |e: &&Entry| ours && (*start..stop).contains(&(e.number as i32));
                (self.entries.iter().filter(inside).collect(), *output)
            }
            HistoryRequest::Search { pattern, unique, output, n, .. } => {
                let mut found: Vec<&Entry> = self.entries.iter().filter(|e| glob(pattern, &e.input)).collect();
                if *unique {
                    let all = found.clone();
                    let mut i = 0;
                    found.retain(|e| {
                        i += 1;
                        !all[i..].iter().any(|later| later.input == e.input)
                    });
                }
                (last(found, *n), *output)
            }
        };
        entries
            .into_iter()
            .map(|e| {
                if with_output {
                    HistoryEntry::InputOutput(SESSION, e.number, (e.input.clone(), e.output.clone()))
                } else {
                    HistoryEntry::Input(SESSION, e.number, e.input.clone())
                }
            })
            .collect()
    }
}

fn last(mut entries: Vec<&Entry>, n: i32) -> Vec<&Entry> {
    let n = usize::try_from(n).unwrap_or(0);
    entries.split_off(entries.len().saturating_sub(n))
}

/// Shell patterns with `*` and `?`, as the protocol asks for.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // Which prefixes of the pattern match the text so far.
    let mut matches = vec![false; pattern.len() + 1];
    matches[0] = true;
    for i in 0..pattern.len() {
        matches[i + 1] = matches[i] && pattern[i] == '*';
    }
    for c in text {
        let before = std::mem::replace(&mut matches, vec![false; pattern.len() + 1]);
        for (i, p) in pattern.iter().enumerate() {
            matches[i + 1] = match p {
                '*' => before[i + 1] || matches[i] || before[i],
                '?' => before[i],
                p => before[i] && *p == c,
            };
        }
    }
    matches[pattern.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let mut history = History::default();
        for (number, input) in [(1, "let a = 1;"), (2, "a"), (3, "a"), (4, "let b = 2;")] {
            history.push(number, input, "1");
        }
        history
    }

    fn numbers(request: HistoryRequest) -> Vec<usize> {
        let number = |entry| match entry {
            HistoryEntry::Input(_, n, _) | HistoryEntry::InputOutput(_, n, _) => n,
        };
        history().answer(&request).into_iter().map(number).collect()
    }

    #[test]
    fn tail_range_and_search() {
        let tail = |n| HistoryRequest::Tail { n, output: false, raw: true };
        assert_eq!(numbers(tail(2)), [3, 4]);
        assert_eq!(numbers(tail(99)), [1, 2, 3, 4]);
        assert_eq!(numbers(tail(-1)), [0; 0]);
        let range = |session, start, stop| HistoryRequest::Range { session, start, stop, output: true, raw: true };
        assert_eq!(numbers(range(Some(0), 2, 4)), [2, 3]);
        assert_eq!(numbers(range(Some(7), 2, 4)), [0; 0]);
        let search = |pattern: &str, unique, n| HistoryRequest::Search {
            pattern: pattern.into(),
            unique,
            output: false,
            raw: true,
            n,
        };
        assert_eq!(numbers(search("let*", false, 10)), [1, 4]);
        assert_eq!(numbers(search("*", true, 10)), [1, 3, 4]);
        assert_eq!(numbers(search("?", false, 1)), [3]);
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in
            [("*", "", true), ("a*c", "abc", true), ("a*c", "ab", false), ("?", "ab", false), ("**b", "ab", true)]
        {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
