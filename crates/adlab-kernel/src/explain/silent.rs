//! Cells that run, and may do something else than their writer believes: a note for each.

use ra_ap_syntax::ast::{self, AstNode, AstToken, BinaryOp};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};

use crate::cell::Cell;
use crate::cell::syntax::Tree;

/// What is to be said of a cell that has run.
pub fn notes(cell: &Cell) -> String {
    let tree = cell.tree();
    let notes = unused_main(cell).into_iter().chain(powers(tree)).chain(quotients(tree));
    notes.map(|note| format!("note: {note}\n")).collect()
}

/// A program's `main`, in a cell, is a function like any other.
fn unused_main(cell: &Cell) -> Option<String> {
    let defines = cell.items.iter().any(|item| item.title == "fn main");
    (defines && !cell.calls("main")).then(|| {
        "a cell runs from its first line to its last, and `main` is a function: write `main();` to run it".to_owned()
    })
}

/// `x ^ 2`, where a power is meant: to Rust it is a number, too.
fn powers(tree: &Tree) -> Vec<String> {
    let powers = nodes(tree).filter_map(ast::BinExpr::cast).filter_map(|power| {
        let is_xor = power.op_kind() == Some(BinaryOp::ArithOp(ast::ArithOp::BitXor));
        let (left, right) = (power.lhs()?.syntax().text().to_string(), power.rhs()?.syntax().text().to_string());
        let exponent: u32 = right.parse().ok()?;
        // Who writes bits writes them in another base, or changes the last one.
        let is_meant = exponent >= 2 && !left.starts_with("0x") && !left.starts_with("0b");
        // A number alone has no type of which to take the power.
        let base = if left.parse::<u32>().is_ok() { format!("{left}_i32") } else { left.clone() };
        (is_xor && is_meant).then(|| {
            format!(
                "`{left} ^ {right}` compares bits (XOR); a power is `{base}.pow({right})`, of an f64 `.powi({right})`"
            )
        })
    });
    powers.collect()
}

/// `7 // 2`, where Python divides: to Rust it is 7, and a comment.
fn quotients(tree: &Tree) -> Vec<String> {
    let tokens = nodes(tree).flat_map(|node| node.children_with_tokens().filter_map(|child| child.into_token()));
    let quotients = tokens.filter_map(ast::Comment::cast).filter_map(|comment| {
        let right = comment.text().strip_prefix("//")?.trim();
        let before = comment.syntax().prev_token()?;
        let before = if before.kind() == SyntaxKind::WHITESPACE { before.prev_token()? } else { before };
        let is_quotient = before.kind() == SyntaxKind::INT_NUMBER && right.parse::<u32>().is_ok();
        let left = before.text();
        is_quotient.then(|| format!("`//` begins a comment; whole numbers are divided by `{left} / {right}`"))
    });
    quotients.collect()
}

fn nodes(tree: &Tree) -> impl Iterator<Item = SyntaxNode> {
    tree.all().descendants()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_else_is_told() {
        for (code, words) in [
            ("2 ^ 3", "`2_i32.pow(3)`"),
            ("fn f(n: i32) -> i32 { n ^ 2 }", "`n.pow(2)`"),
            ("7 // 2", "`7 / 2`"),
            ("fn main() { println!(\"x\"); }", "`main();`"),
        ] {
            let notes = notes(&Cell::read(code, None, 1).unwrap());
            assert!(notes.starts_with("note: ") && notes.contains(words), "{code}: {notes}");
        }
        for code in [
            "a ^ 1",
            "0xff ^ 15",
            "a ^ b",
            "x + 7 // of 2",
            "f(7) // 2",
            "let a = 7; // 2",
            "x // 2",
            "\"7 // 2 ^ 3\"",
            "fn main() {} main()",
        ] {
            assert_eq!(notes(&Cell::read(code, None, 1).unwrap()), "", "{code}");
        }
    }
}
