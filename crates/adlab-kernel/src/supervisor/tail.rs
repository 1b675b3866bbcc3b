//! The end of what a cell has printed: where much of it is left out, the last lines are what is looked for.

use std::collections::VecDeque;

use crate::event::Stream;

/// So much is seen of it, in bytes, in lines, and in pieces: each is a message of its own.
const MOST_BYTES: usize = 4000;
const MOST_LINES: usize = 30;
const MOST_PIECES: usize = 60;

/// Pieces of text, in order; of much text the end.
#[derive(Default)]
pub struct Tail {
    pieces: VecDeque<(Stream, String)>,
    bytes: usize,
    /// There was more.
    is_cut: bool,
}

impl Tail {
    pub fn push(&mut self, stream: Stream, text: &str) {
        let end = &text[text.ceil_char_boundary(text.len().saturating_sub(MOST_BYTES))..];
        self.is_cut |= end.len() < text.len();
        self.bytes += end.len();
        match self.pieces.back_mut() {
            Some((last, before)) if *last == stream => before.push_str(end),
            _ => self.pieces.push_back((stream, end.to_owned())),
        }
        while self.bytes > MOST_BYTES || self.pieces.len() > MOST_PIECES {
            let has_many_pieces = self.pieces.len() > MOST_PIECES;
            let Some((_, first)) = self.pieces.front_mut() else { return };
            let surplus = if has_many_pieces { first.len() } else { self.bytes - MOST_BYTES };
            let cut = first.ceil_char_boundary(surplus.min(first.len()));
            first.drain(..cut);
            let is_empty = first.is_empty();
            self.bytes -= cut;
            self.is_cut = true;
            if is_empty {
                self.pieces.pop_front();
            }
        }
    }

    /// The last lines, of either stream; the first is a whole one, where there are several.
    pub fn lines(&self) -> Vec<(Stream, String)> {
        let text: String = self.pieces.iter().map(|(_, text)| text.as_str()).collect();
        let starts = text.trim_end_matches('\n').rmatch_indices('\n').map(|(at, _)| at + 1);
        let starts: Vec<usize> = starts.take(MOST_LINES).collect();
        let is_long = self.is_cut || starts.len() == MOST_LINES;
        let mut skip = starts.last().filter(|_| is_long).copied().unwrap_or(0);
        let mut lines = Vec::new();
        for (stream, text) in &self.pieces {
            let skipped = skip.min(text.len());
            skip -= skipped;
            if skipped < text.len() {
                lines.push((*stream, text[skipped..].to_owned()));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[(Stream, &str)]) -> Vec<(Stream, String)> {
        let mut tail = Tail::default();
        for (stream, text) in pieces {
            tail.push(*stream, text);
        }
        tail.lines()
    }

    #[test]
    fn the_last_lines_stay_whole_and_in_order() {
        let many: String = (0..10_000).map(|i| format!("line {i}\n")).collect();
        let last: String = (9970..10_000).map(|i| format!("line {i}\n")).collect();
        assert_eq!(lines(&[(Stream::Stdout, &many)]), [(Stream::Stdout, last.clone())]);
        let mixed = [(Stream::Stdout, many.as_str()), (Stream::Stderr, "E\n"), (Stream::Stdout, "a")];
        let seen = lines(&mixed);
        assert_eq!(seen[1..], [(Stream::Stderr, "E\n".to_owned()), (Stream::Stdout, "a".to_owned())]);
        assert!(seen[0].1.starts_with("line 9972\n"), "{seen:?}");
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let seen = lines(&[(Stream::Stdout, &"∂".repeat(100_000))]);
        assert!(seen[0].1.chars().all(|c| c == '∂') && seen[0].1.len() <= MOST_BYTES && seen[0].1.len() > 3900);
        assert_eq!(lines(&[(Stream::Stderr, "short")]), [(Stream::Stderr, "short".to_owned())]);
        let many_streams: Vec<_> = (0..5000).flat_map(|_| [(Stream::Stdout, "a"), (Stream::Stderr, "b")]).collect();
        assert_eq!(lines(&many_streams).len(), MOST_PIECES);
    }
}
