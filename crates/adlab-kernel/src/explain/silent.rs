//! Cells that run, and may do something else than their writer believes: a note for each.

use ra_ap_syntax::ast::{self, AstNode, AstToken, BinaryOp, HasLoopBody, HasName};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};

use crate::cell::Cell;
use crate::cell::syntax::Tree;

/// What is to be said of a cell that has run.
pub fn notes(cell: &Cell) -> String {
    let tree = cell.tree();
    let notes = unused_main(cell).into_iter().chain(powers(tree)).chain(quotients(tree));
    let notes = notes.chain(rests(tree)).chain(new_in_each_round(tree)).chain(thrown_away(tree));
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

/// `1 / 2`, where Python says 0.5.
fn rests(tree: &Tree) -> Vec<String> {
    let divisions = nodes(tree).filter_map(ast::BinExpr::cast).filter_map(|it| {
        let is_division = it.op_kind() == Some(BinaryOp::ArithOp(ast::ArithOp::Div));
        let number = |side: Option<ast::Expr>| side?.syntax().text().to_string().parse::<u64>().ok();
        let (left, right) = (number(it.lhs())?, number(it.rhs())?);
        let has_rest = is_division && left.checked_rem(right)? > 0;
        has_rest
            .then(|| format!("of whole numbers, `{left} / {right}` is {}: write `{left}.0 / {right}.0`", left / right))
    });
    divisions.collect()
}

/// `let sum = sum + x;` in a loop: a new `sum`, that ends with the round.
fn new_in_each_round(tree: &Tree) -> Vec<String> {
    let bodies = nodes(tree).filter_map(|node| {
        let body = ast::WhileExpr::cast(node.clone()).and_then(|it| it.loop_body());
        let body = body.or_else(|| ast::ForExpr::cast(node.clone()).and_then(|it| it.loop_body()));
        body.or_else(|| ast::LoopExpr::cast(node).and_then(|it| it.loop_body()))
    });
    let lets = bodies.flat_map(|body| body.statements().collect::<Vec<_>>()).filter_map(|statement| match statement {
        ast::Stmt::LetStmt(it) => Some(it),
        _ => None,
    });
    let lost = lets.filter_map(|it| {
        let Some(ast::Pat::IdentPat(pattern)) = it.pat() else { return None };
        let name = pattern.name()?.text().to_string();
        let value = it.initializer()?.syntax().clone();
        let after = std::iter::successors(it.syntax().next_sibling(), SyntaxNode::next_sibling);
        // Used again in the round, it may be meant.
        let is_lost = names(&value, &name) && !after.into_iter().any(|node| names(&node, &name));
        is_lost.then(|| {
            format!(
                "`let {name} = …` makes a new `{name}` in each round, and the one outside stays as it was: write \
                 `{name} = …`, without `let`, and `let mut {name}` before the loop"
            )
        })
    });
    lost.collect()
}

/// Whether a name is used in it, or in a text's braces.
fn names(node: &SyntaxNode, name: &str) -> bool {
    node.descendants_with_tokens()
        .filter_map(|it| it.into_token())
        .any(|token| token.text() == name || token.kind() == SyntaxKind::STRING && token.text().contains(name))
}

/// Methods of numbers, vectors and tensors that do nothing else.
const COMPUTES: [&str; 16] = [
    "sin", "cos", "tan", "exp", "ln", "sqrt", "abs", "tanh", "powi", "powf", "relu", "sigmoid", "len", "grad", "item",
    "wrt",
];

/// `x + 1.0;` at the end of a cell: computed, and neither kept nor shown.
fn thrown_away(tree: &Tree) -> Option<String> {
    let last = ast::ExprStmt::cast(tree.statements().last()?)?;
    last.semicolon_token()?;
    let expression = last.expr()?;
    let only_computes = match &expression {
        ast::Expr::BinExpr(it) => !matches!(it.op_kind()?, BinaryOp::Assignment { .. } | BinaryOp::LogicOp(_)),
        ast::Expr::MethodCallExpr(it) => COMPUTES.contains(&&*it.name_ref()?.text().to_string()),
        ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) | ast::Expr::IndexExpr(_) => true,
        _ => false,
    };
    let text = expression.syntax().text();
    only_computes.then(|| format!("a line that ends in `;` shows nothing: to see its value, write `{text}` without it"))
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
            (
                "let mut z = 1.0;\nfor i in 0..3 {\n    let z = z * 2.0;\n}\nz",
                "`let z = …` makes a new `z` in each round",
            ),
            ("fn f() { loop { let n = n + 1; } }", "without `let`"),
            ("while z < 3.0 { let z = z + 1.0; }", "`let mut z`"),
            ("let x = 3.0;\nx + 1.0;", "write `x + 1.0` without it"),
            ("x == 3.0;", "write `x == 3.0` without it"),
            ("v[0];", "`v[0]`"),
            ("x.grad();", "`x.grad()`"),
            ("z.backward();\nx.grad().item();", "`x.grad().item()`"),
            ("let half = 1/2;", "`1 / 2` is 0: write `1.0 / 2.0`"),
            ("7 / 2 * n", "`7 / 2` is 3"),
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
            "for i in 0..3 { let z = z * 2.0; println!(\"{z}\"); }",
            "for i in 0..3 { let z = z * 2.0; v.push(z) }",
            "for x in v { let y = x * 2.0; }",
            "let z = z * 2.0;",
            "for i in 0..3 { z = z * 2.0; }",
            "x + 1.0",
            "x += 1.0;",
            "6 / 2",
            "1 / 0",
            "1.0 / 2.0",
            "n / 2",
            "z.backward();",
            "v.push(1.0);",
            "a && b();",
            "f(x);",
            "x; y = 2.0;",
        ] {
            assert_eq!(notes(&Cell::read(code, None, 1).unwrap()), "", "{code}");
        }
    }
}
