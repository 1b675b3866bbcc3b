//! The source that is analysed: a cell among what came before it.

use ra_ap_syntax::ast::{self, AstNode};

use crate::cell::syntax;
use crate::cell::annotated::after_commands;

/// The function that the cell's statements stand in.
pub const FUNCTION: &str = "adlab_cell";

/// What a cell finds.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The prelude, and the definitions of other cells.
    pub items: String,
    /// Names and types.
    pub variables: Vec<(String, String)>,
}

pub struct Draft {
    pub text: String,
    pieces: Vec<Piece>,
}

/// A part of the cell, and where it stands in the draft.
struct Piece {
    in_cell: usize,
    in_draft: usize,
    length: usize,
}

impl Draft {
    /// Definitions go beside each other, and statements into a function, as evcxr does.
    pub fn new(scope: &Scope, code: &str) -> Self {
        let mut draft = Draft { text: String::new(), pieces: Vec::new() };
        draft.text.push_str("#![allow(unused, dead_code)]\n");
        draft.text.push_str(&scope.items);
        draft.text.push('\n');
        let start = after_commands(code);
        let mut statements = Vec::new();
        let mut done = start;
        for node in syntax::statements(code).into_iter().filter(|node| ast::Item::can_cast(node.kind())) {
            let range = node.text_range();
            let (from, to) = (usize::from(range.start()) - syntax::OFFSET, usize::from(range.end()) - syntax::OFFSET);
            if from < done || to > code.len() {
                continue;
            }
            statements.push((done, from));
            draft.put(code, from, to);
            draft.text.push('\n');
            done = to;
        }
        statements.push((done, code.len()));
        draft.text.push_str("async fn ");
        draft.text.push_str(FUNCTION);
        draft.text.push('(');
        for (name, ty) in &scope.variables {
            draft.text.push_str(&format!("mut {name}: {ty}, "));
        }
        draft.text.push_str(") -> ::core::result::Result<(), ::std::boxed::Box<dyn ::std::error::Error>> {\n");
        for (from, to) in statements {
            draft.put(code, from, to);
        }
        draft.text.push_str("\n}\n");
        draft
    }

    fn put(&mut self, code: &str, from: usize, to: usize) {
        self.pieces.push(Piece { in_cell: from, in_draft: self.text.len(), length: to - from });
        self.text.push_str(&code[from..to]);
    }

    /// Where a byte of the cell stands.
    pub fn place(&self, byte: usize) -> Option<usize> {
        // Between two parts, what has been typed last counts.
        let piece =
            self.pieces.iter().rev().find(|p| p.length > 0 && (p.in_cell..=p.in_cell + p.length).contains(&byte))?;
        Some(piece.in_draft + (byte - piece.in_cell))
    }

    /// The byte of the cell that stands there.
    pub fn origin(&self, byte: usize) -> Option<usize> {
        let piece = self.pieces.iter().find(|p| (p.in_draft..=p.in_draft + p.length).contains(&byte))?;
        Some(piece.in_cell + (byte - piece.in_draft))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_cell_is_found_again() {
        let code = ":dep x\nlet a = 1;\nfn f() {}\nlet b = f();";
        let scope = Scope { items: "use y::*;".into(), variables: vec![("v".into(), "Vec<f64>".into())] };
        let draft = Draft::new(&scope, code);
        let function = draft.text.find(FUNCTION).unwrap();
        assert!(draft.text[..function].contains("use y::*;") && draft.text[..function].contains("fn f() {}"));
        assert!(draft.text[function..].contains("mut v: Vec<f64>") && !draft.text.contains(":dep"));
        for word in ["let a", "fn f", "let b"] {
            let byte = code.find(word).unwrap();
            let place = draft.place(byte + 1).unwrap();
            assert_eq!(&draft.text[place - 1..place - 1 + word.len()], word);
            assert_eq!(draft.origin(place), Some(byte + 1));
        }
        assert_eq!(draft.place(2), None);
    }
}
