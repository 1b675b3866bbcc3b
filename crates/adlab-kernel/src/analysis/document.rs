//! The source that is analysed: a cell among what came before it.

use crate::cell::Outline;

/// The function that the cell's statements stand in.
pub const FUNCTION: &str = "adlab_cell";

/// What a cell finds.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The prelude, and the definitions of other cells.
    pub items: String,
    /// Names and types.
    pub variables: Vec<(String, String)>,
}

pub struct Document {
    pub text: String,
    pieces: Vec<Piece>,
}

/// A part of the cell, and where it stands in the document.
struct Piece {
    in_cell: usize,
    in_document: usize,
    length: usize,
}

impl Document {
    /// Definitions go beside each other, and statements into a function, as evcxr does.
    pub fn new(around: &Surroundings, code: &str, outline: &Outline) -> Self {
        let mut document = Document { text: String::new(), pieces: Vec::new() };
        document.text.push_str("#![allow(unused, dead_code)]\n");
        document.text.push_str(&around.items);
        document.text.push('\n');
        let mut statements = Vec::new();
        let mut done = outline.start;
        for item in &outline.items {
            if item.start < done || item.end > code.len() {
                continue;
            }
            statements.push((done, item.start));
            document.put(code, item.start, item.end);
            document.text.push('\n');
            done = item.end;
        }
        statements.push((done, code.len()));
        document.text.push_str("async fn ");
        document.text.push_str(FUNCTION);
        document.text.push('(');
        for (name, ty) in &around.variables {
            document.text.push_str(&format!("{name}: {ty}, "));
        }
        document.text.push_str(") -> ::core::result::Result<(), ::std::boxed::Box<dyn ::std::error::Error>> {\n");
        for (from, to) in statements {
            document.put(code, from, to);
        }
        document.text.push_str("\n}\n");
        document
    }

    fn put(&mut self, code: &str, from: usize, to: usize) {
        self.pieces.push(Piece { in_cell: from, in_document: self.text.len(), length: to - from });
        self.text.push_str(&code[from..to]);
    }

    /// Where a byte of the cell stands.
    pub fn place(&self, byte: usize) -> Option<usize> {
        // Between two parts, what has been typed last counts.
        let piece =
            self.pieces.iter().rev().find(|p| p.length > 0 && (p.in_cell..=p.in_cell + p.length).contains(&byte))?;
        Some(piece.in_document + (byte - piece.in_cell))
    }

    /// The byte of the cell that stands there.
    pub fn origin(&self, byte: usize) -> Option<usize> {
        let piece = self.pieces.iter().find(|p| (p.in_document..=p.in_document + p.length).contains(&byte))?;
        Some(piece.in_cell + (byte - piece.in_document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_cell_is_found_again() {
        let code = ":dep x\nlet a = 1;\nfn f() {}\nlet b = f();";
        let around = Surroundings { items: "use y::*;".into(), variables: vec![("v".into(), "Vec<f64>".into())] };
        let document = Document::new(&around, code, &Outline::of(code));
        let function = document.text.find(FUNCTION).unwrap();
        assert!(document.text[..function].contains("use y::*;") && document.text[..function].contains("fn f() {}"));
        assert!(document.text[function..].contains("(v: Vec<f64>, )") && !document.text.contains(":dep"));
        for word in ["let a", "fn f", "let b"] {
            let byte = code.find(word).unwrap();
            let place = document.place(byte + 1).unwrap();
            assert_eq!(&document.text[place - 1..place - 1 + word.len()], word);
            assert_eq!(document.origin(place), Some(byte + 1));
        }
        assert_eq!(document.place(2), None);
    }
}
