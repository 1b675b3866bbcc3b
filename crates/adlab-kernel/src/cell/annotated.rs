//! A cell's code with insertions of the kernel's, and the way back to the student's columns.

/// The names of `impl`s' markers begin with it.
pub const MARKER: &str = "_ADLAB_";

/// Text of the kernel's, and the byte that it goes before.
pub type Insertion = (usize, String);

/// A cell's code with what the kernel has put in.
#[derive(Debug, Clone, Default)]
pub struct Annotated {
    pub code: String,
    inserts: Vec<Insert>,
}

/// `length` characters were put at `column` (0-based) of `line` (1-based).
#[derive(Debug, Clone)]
struct Insert {
    line: usize,
    column: usize,
    length: usize,
}

impl Annotated {
    /// Code as it is.
    pub fn plain(code: &str) -> Self {
        Annotated { code: code.to_owned(), inserts: Vec::new() }
    }

    /// The student's own text.
    pub fn push(&mut self, text: &str) {
        self.code.push_str(text);
    }

    /// Text of the kernel's, without a line end.
    pub fn insert(&mut self, text: &str) {
        // Where it stands in the annotated text, so that several on a line add up.
        let line_start = self.code.rfind('\n').map_or(0, |i| i + 1);
        self.inserts.push(Insert {
            line: self.code.matches('\n').count() + 1,
            column: self.code[line_start..].chars().count(),
            length: text.chars().count(),
        });
        self.code.push_str(text);
    }

    /// The place is within what the kernel has put in.
    pub fn is_inside(&self, line: usize, column: usize) -> bool {
        self.inserts.iter().any(|i| i.line == line && i.column + 1 < column && column <= i.column + i.length)
    }

    /// The column (1-based) in the student's text of one in the annotated text.
    pub fn original_column(&self, line: usize, column: usize) -> usize {
        let shift: usize = self
            .inserts
            .iter()
            .filter(|i| i.line == line && i.column < column)
            .map(|i| i.length.min(column - 1 - i.column))
            .sum();
        column - shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_map_back() {
        let mut annotated = Annotated::default();
        annotated.push("ε = 1;\nab");
        annotated.insert("12345");
        annotated.push("cd");
        annotated.insert("∂∂");
        annotated.push("ef\ngh");
        assert_eq!(annotated.code, "ε = 1;\nab12345cd∂∂ef\ngh");
        let original = |line, letter| {
            let text = annotated.code.lines().nth(line - 1).unwrap();
            annotated.original_column(line, text[..text.find(letter).unwrap()].chars().count() + 1)
        };
        assert_eq!(
            (original(1, "="), original(2, "b"), original(2, "c"), original(2, "e"), original(3, "h")),
            (3, 2, 3, 5, 2)
        );
        // Inside of an insertion: where it stands.
        assert_eq!(annotated.original_column(2, 5), 3);
    }
}
