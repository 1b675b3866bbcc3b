//! Whether `todo!()` stands where a value may stand, as far as the syntax tells.

use anyhow::{Result, bail};
use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast::{self, AstNode};

use crate::cell::commands;
use crate::cell::syntax::Tree;

/// Of a cell as students get it.
pub fn refuse_what_does_not_compile(source: &str) -> Result<()> {
    let (body, _) = commands::without(source);
    let tree = Tree::parse(&body);
    if !tree.is_whole() {
        bail!(
            "with `todo!()` in place of the solution it is no Rust: let the solution reach to the end of its block, \
             and take whole statements"
        );
    }
    let calls = tree.all().descendants().filter_map(ast::MacroCall::cast);
    calls.filter(is_stub).try_for_each(|call| refuse_where_no_value_is(call.syntax()))
}

fn is_stub(call: &ast::MacroCall) -> bool {
    call.path().is_some_and(|path| path.syntax().text() == "todo")
}

fn refuse_where_no_value_is(stub: &SyntaxNode) -> Result<()> {
    let around: Vec<SyntaxNode> = stub.ancestors().skip(1).collect();
    if around.first().is_some_and(|parent| !ast::MacroExpr::can_cast(parent.kind())) {
        bail!(
            "`todo!()` would stand where no value may: keep the head of the function, and put the solution \
             between its braces"
        );
    }
    let is_boundary = |node: &SyntaxNode| {
        ast::Fn::can_cast(node.kind()) || ast::ClosureExpr::can_cast(node.kind()) || is_constant(node)
    };
    let Some(place) = around.iter().position(is_boundary) else { return Ok(()) };
    if is_constant(&around[place]) {
        bail!("`todo!()` would be the value of a constant, and can't be compiled: let the answer be a function");
    }
    let function = ast::Fn::cast(around[place].clone());
    let is_last = function.as_ref().and_then(ast::Fn::body).and_then(|body| body.tail_expr()).is_some_and(|last| {
        let range = last.syntax().text_range();
        range.contains_range(stub.text_range())
    });
    let returns = function.and_then(|function| function.ret_type()).map(|returned| returned.syntax().clone());
    if is_last && returns.is_some_and(|node| node.descendants().any(|node| ast::ImplTraitType::can_cast(node.kind()))) {
        bail!(
            "`todo!()` can't be compiled in a function that returns `impl …`: name the type, or return a `Box<dyn …>`"
        );
    }
    Ok(())
}

fn is_constant(node: &SyntaxNode) -> bool {
    ast::Const::can_cast(node.kind()) || ast::Static::can_cast(node.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_stands_where_a_value_may() {
        for source in [
            "fn f() -> f64 {\n    todo!(\"hint\")\n}\nprintln!(\"{}\", f());",
            "impl Add for A {\n    type Output = A;\n    fn add(self, other: A) -> A {\n        todo!()\n    }\n}",
            "let x: f64 =\n    todo!()\n;",
            ":opt 2\nlet f = |x: f64| -> f64 { todo!() };",
            "todo!()",
            "match x {\n    1 => todo!(),\n    _ => 2,\n}",
            // Of a closure that is returned, it is the value.
            "fn f() -> impl Fn(f64) -> f64 {\n    move |x| todo!()\n}",
        ] {
            refuse_what_does_not_compile(source).unwrap();
        }
        for (source, reason) in [
            ("impl A {\n    todo!()\n}", "no Rust"),
            ("impl A {\n    todo!();\n}", "where no value may"),
            ("mod a {\n    todo!();\n}", "where no value may"),
            ("fn f() -> todo!() {}", "where no value may"),
            ("fn f() -> f64 {\n    todo!()\n    x + 1.0\n}", "no Rust"),
            ("struct A {\n    todo!()\n}", "no Rust"),
            ("fn f() {\n    todo!()\n", "no Rust"),
            ("/*\ntodo!()\n*/ */", "no Rust"),
            ("const A: f64 = todo!();", "of a constant"),
            ("static A: f64 = {\n    todo!()\n};", "of a constant"),
            ("fn f() -> impl Iterator<Item = f64> {\n    todo!()\n}", "returns `impl …`"),
        ] {
            let error = refuse_what_does_not_compile(source).unwrap_err().to_string();
            assert!(error.contains(reason), "{source}: {error}");
        }
    }
}
