//! `.await` in a cell's own code, where Rust has none: the cell waits there. No crate and no thread is needed for it
//! (`wait` in `variable-store/lib.rs`), and nothing else in the cell changes.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxNode};

use super::insertions::Around;
use super::syntax::Tree;

/// What a macro is given is read as arguments, or as the elements of an array; and what stands around it.
const READINGS: [(&str, &str); 2] = [("fn f() { f(", "\n) }"), ("fn f() { [", "\n] }")];

/// Calls of `wait` in the place of those that are in no function, closure or `async` block.
pub fn awaits(tree: &Tree, wait: &str) -> Around {
    let mut found = Around::default();
    for statement in tree.statements() {
        let start = usize::from(statement.text_range().start());
        if let Some(range) = tree.range(&statement) {
            collect(&statement, range.start as isize - start as isize, wait, &mut found);
        }
    }
    found
}

/// `shift` leads from the bytes of the node's file to those of the cell.
fn collect(node: &SyntaxNode, shift: isize, wait: &str, found: &mut Around) {
    if is_a_body_of_its_own(node) {
        return;
    }
    if let Some(tokens) = ast::TokenTree::cast(node.clone()) {
        return within_macro(&tokens, shift, wait, found);
    }
    // Inner ones first: where one ends at the other's end, it is closed before.
    node.children().for_each(|child| collect(&child, shift, wait, found));
    let at = |size: ra_ap_syntax::TextSize| (usize::from(size) as isize + shift) as usize;
    if let Some(awaiting) = ast::AwaitExpr::cast(node.clone())
        && let Some(future) = awaiting.expr()
    {
        let (future, all) = (future.syntax().text_range(), node.text_range());
        found.starts.push((at(future.start()), format!("{wait}(")));
        found.ends.push((at(future.end()), ")/*".into()));
        found.ends.push((at(all.end()), "*/".into()));
    }
}

fn within_macro(tokens: &ast::TokenTree, shift: isize, wait: &str, found: &mut Around) {
    let text = tokens.syntax().text().to_string();
    let Some(inner) = text.get(1..text.len() - 1).filter(|inner| inner.contains("await")) else { return };
    let start = usize::from(tokens.syntax().text_range().start()) as isize + 1 + shift;
    for (before, after) in READINGS {
        let parsed = SourceFile::parse(&format!("{before}{inner}{after}"), Edition::Edition2024);
        if parsed.errors().is_empty() {
            let arguments = parsed.syntax_node().descendants().find_map(ast::StmtList::cast);
            for child in arguments.iter().flat_map(|list| list.syntax().children()) {
                collect(&child, start - before.len() as isize, wait, found);
            }
            return;
        }
    }
}

fn is_a_body_of_its_own(node: &SyntaxNode) -> bool {
    ast::Item::can_cast(node.kind()) && !ast::MacroCall::can_cast(node.kind())
        || ast::ClosureExpr::can_cast(node.kind())
        || ast::BlockExpr::cast(node.clone()).is_some_and(|block| block.async_token().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(code: &str) -> String {
        awaits(&Tree::parse(code), "wait").written_into(code)
    }

    #[test]
    fn a_cell_waits_where_it_awaits() {
        for (code, expected) in [
            ("let a = f(1).await?;", "let a = wait(f(1))/*.await*/?;"),
            ("a().await.b().await", "wait(wait(a())/*.await*/.b())/*.await*/"),
            ("a.await.await", "wait(wait(a)/*.await*/)/*.await*/"),
            (
                "println!(\"{} {:?}\", f().await, vec![g().await; 2]);",
                "println!(\"{} {:?}\", wait(f())/*.await*/, vec![wait(g())/*.await*/; 2]);",
            ),
            ("for x in v { f(x)\n  .await }", "for x in v { wait(f(x))/*\n  .await*/ }"),
            ("let \u{3b5} = f().await;", "let \u{3b5} = wait(f())/*.await*/;"),
        ] {
            assert_eq!(waiting(code), expected);
        }
    }

    #[test]
    fn what_is_no_code_of_the_cell_s_own_stays() {
        for code in [
            "async fn f() { g().await }",
            "let a = async { g().await };",
            "let c = async |x| f(x).await; let d = |x| f(x).await;",
            "let a = vec![async move { g().await }];",
            "let text = \"f().await\"; // g().await",
            "macro_rules! w { ($e:expr) => { $e.await } }",
            "fn f() { g().await }",
        ] {
            assert_eq!(waiting(code), code);
        }
    }
}
