//! Makes an `impl` replaceable.
//!
//! evcxr replaces a named item when it is defined again, and keeps an unnamed one for ever; an unnamed item that follows
//! a named one in its cell belongs to it. So a named marker goes before each top-level `impl`, on the same line, and the
//! `impl` that a student corrects takes the place of the wrong one.

use ra_ap_syntax::ast::{self, AstNode, HasModuleItem};
use ra_ap_syntax::{Edition, SourceFile, SyntaxNode};

/// A cell's code with its markers.
pub struct Marked {
    pub code: String,
    inserts: Vec<Insert>,
}

/// `length` characters were put at `column` (0-based) of `line` (1-based).
struct Insert {
    line: usize,
    column: usize,
    length: usize,
}

impl Marked {
    /// The column (1-based) in the student's text of a column in the marked text.
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

/// Puts markers into a cell's code. `cell_id` is the front end's name for the cell, where it has one.
pub fn mark(code: &str, cell_id: Option<&str>) -> Marked {
    let mut marked = Marked { code: String::with_capacity(code.len()), inserts: Vec::new() };
    let mut done = 0;
    let mut seen: Vec<String> = Vec::new();
    for (start, item) in top_level_impls(code) {
        let mut name = marker_name(&item, cell_id);
        let again = seen.iter().filter(|s| **s == name).count();
        seen.push(name.clone());
        if again > 0 {
            name.push_str(&format!("_{again}"));
        }
        let marker = format!("const {name}: () = (); ");
        marked.code.push_str(&code[done..start]);
        // Where it stands in the marked text, so that several on a line add up.
        let line_start = marked.code.rfind('\n').map_or(0, |i| i + 1);
        marked.inserts.push(Insert {
            line: marked.code.matches('\n').count() + 1,
            column: marked.code[line_start..].chars().count(),
            length: marker.len(),
        });
        marked.code.push_str(&marker);
        done = start;
    }
    marked.code.push_str(&code[done..]);
    marked
}

const WRAPPER: &str = "fn f(){";

/// A cell's statements and items.
fn statements(code: &str) -> Vec<SyntaxNode> {
    let file = SourceFile::parse(&format!("{WRAPPER}{code}\n}}"), Edition::Edition2024).tree();
    let Some(ast::Item::Fn(wrapper)) = file.items().next() else {
        return Vec::new();
    };
    let Some(body) = wrapper.body().and_then(|body| body.stmt_list()) else {
        return Vec::new();
    };
    body.syntax().children().collect()
}

/// The variables of a cell that are closures, whose types have no name and can't be kept.
pub fn closures(code: &str) -> Vec<String> {
    statements(code)
        .into_iter()
        .filter_map(ast::LetStmt::cast)
        .filter(|stmt| matches!(stmt.initializer(), Some(ast::Expr::ClosureExpr(_))))
        .filter_map(|stmt| Some(stmt.pat()?.syntax().text().to_string()))
        .collect()
}

/// The `impl`s of a cell and where they start.
fn top_level_impls(code: &str) -> Vec<(usize, ast::Impl)> {
    statements(code)
        .into_iter()
        .filter_map(ast::Impl::cast)
        .filter_map(|item| {
            let start = usize::from(item.syntax().text_range().start());
            Some((start.checked_sub(WRAPPER.len())?, item))
        })
        .filter(|(start, _)| *start < code.len())
        .collect()
}

/// Two `impl`s with the same marker are versions of one: the later replaces the earlier.
///
/// A trait is implemented for a type once, so the header names it. Methods of a type may stand in several `impl`s: the
/// cell tells them apart, or, where a front end names no cells, their first method.
fn marker_name(item: &ast::Impl, cell_id: Option<&str>) -> String {
    let header: String =
        item.syntax().text().to_string().chars().take_while(|c| *c != '{').filter(|c| !c.is_whitespace()).collect();
    let place = match (item.trait_(), cell_id) {
        (Some(_), _) => String::new(),
        (None, Some(id)) => id.to_owned(),
        (None, None) => first_method(item),
    };
    format!("_ADLAB_{:016X}", hash(&format!("{header}\n{place}")))
}

fn first_method(item: &ast::Impl) -> String {
    item.assoc_item_list()
        .and_then(|list| list.assoc_items().next())
        .map(|member| {
            let text = member.syntax().text().to_string();
            text.chars().take_while(|c| !"({=".contains(*c)).collect()
        })
        .unwrap_or_default()
}

/// FNV-1a: short, and the same in every build.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers(code: &str, id: Option<&str>) -> Vec<String> {
        let marked = mark(code, id);
        marked
            .code
            .match_indices("_ADLAB_")
            .map(|(i, _)| marked.code[i..].split(':').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_corrected_impl_keeps_its_marker() {
        for id in [None, Some("cell")] {
            let wrong = markers("impl Add for D { fn add(self) -> D { todo!() } }", id);
            let right = markers("impl Add for D {\n  fn add(self) -> D { self }\n}", id);
            assert_eq!(wrong, right);
            let methods = markers("impl D { fn new() -> D { todo!() } }", id);
            assert_eq!(methods, markers("impl D { fn new() -> D { D } fn two() {} }", id));
            assert_ne!(wrong, methods);
        }
    }

    #[test]
    fn different_impls_have_different_markers() {
        let all = markers("impl A for D {}\nimpl A for E {}\nimpl D { fn a() {} }\nimpl D { fn b() {} }", Some("x"));
        let mut unique = all.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((all.len(), unique.len()), (4, 4));
        assert_ne!(markers("impl D { fn a() {} }", Some("x")), markers("impl D { fn a() {} }", Some("y")));
        assert_ne!(markers("impl D { fn a() {} }", None), markers("impl D { fn b() {} }", None));
    }

    #[test]
    fn lines_stay_and_columns_map_back() {
        let code = "let x = 1;\n  impl D { fn ε() {} } impl E {}\n";
        let marked = mark(code, None);
        assert_eq!(marked.code.lines().count(), code.lines().count());
        let (before, after) = (code.lines().nth(1).unwrap(), marked.code.lines().nth(1).unwrap());
        for word in ["impl D", "ε()", "impl E"] {
            let column = |line: &str| line[..line.find(word).unwrap()].chars().count() + 1;
            assert_eq!(marked.original_column(2, column(after)), column(before), "{word}");
        }
        assert_eq!(marked.original_column(1, 5), 5);
    }

    #[test]
    fn closures_are_found() {
        assert_eq!(closures("let f = |x: f64| x; let g = 1; let h = move || f(2.0);"), ["f", "h"]);
        assert!(closures("{ let f = |x: f64| x; }").is_empty());
    }

    #[test]
    fn only_top_level_impls_are_marked() {
        assert!(markers("fn f() { struct S; impl S {} }", None).is_empty());
        assert!(markers("mod m { pub struct S; impl S {} }", None).is_empty());
        assert_eq!(mark("let s = \"impl X {}\"; // impl Y {}", None).code, "let s = \"impl X {}\"; // impl Y {}");
        assert_eq!(mark("let x = ", None).code, "let x = ");
    }

    #[test]
    fn doc_comments_and_attributes_stay_with_their_impl() {
        let code = "/// Adds.\n#[allow(unused)]\nimpl D {}";
        let marked = mark(code, None).code;
        assert!(marked.starts_with("const _ADLAB_") && marked.ends_with(code), "{marked}");
    }
}
