//! One memory for a static in all cells.
//!
//! Each cell is a library of its own, with all definitions in it, so a static would begin anew in each. Exported under a
//! name that says what it is made of, all cells find the first one that was loaded (see `compile/statics.rs`, which
//! writes the name). A `thread_local!` becomes such a static, whose value leads to the first library's.

use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName, HasVisibility};
use ra_ap_syntax::{Edition, SourceFile, SyntaxNode};

use super::LIBRARY;
use super::annotated::Insertion;

/// Only there does the loader share what two libraries export.
pub const ARE_SHARED: bool = cfg!(target_os = "linux");

/// The attribute of a static, before it has its name: the zeros stand for it, so that columns stay.
pub const NAMELESS: &str = "#[unsafe(export_name = \"adlab_static_0000000000000000\")] ";
/// Where the name begins in it.
pub const NAME: &str = "adlab_static_";

/// Before a definition with statics that is run again, with the cell's number behind it: they begin anew.
pub const AGAIN: &str = "#[doc = \"again in ";

/// The attributes of the statics in a definition, and what makes statics of its `thread_local!`s, by its own bytes.
pub fn insertions(definition: &SyntaxNode) -> Vec<Insertion> {
    let mut insertions = Vec::new();
    let begin = usize::from(definition.text_range().start());
    for node in definition.descendants().filter(|_| ARE_SHARED) {
        let (start, end) =
            (usize::from(node.text_range().start()) - begin, usize::from(node.text_range().end()) - begin);
        if is_static(&node) {
            insertions.push((start, NAMELESS.to_owned()));
        } else if let Some(made) = locals(&node) {
            insertions.push((start, made.before));
            insertions.push((end, format!(" ::{LIBRARY}::Local::new({}) }}; ", made.names[0])));
        }
    }
    insertions
}

/// The names of the statics that a call of `thread_local!` makes: it is a definition of these.
pub fn names(call: &SyntaxNode) -> Option<Vec<String>> {
    locals(call).filter(|_| ARE_SHARED).map(|made| made.names)
}

/// Not one of another language's.
fn is_static(node: &SyntaxNode) -> bool {
    ast::Static::can_cast(node.kind()) && !node.ancestors().any(|above| ast::ExternBlock::can_cast(above.kind()))
}

struct Locals {
    names: Vec<String>,
    /// The call stands in the first one's value; of the others there is a call each, before it.
    before: String,
}

/// Of a node that is a call of `thread_local!`, with all that belongs to it.
fn locals(node: &SyntaxNode) -> Option<Locals> {
    let call = match ast::MacroCall::cast(node.clone()) {
        // As an item, in a module.
        Some(call) if node.parent().is_some_and(|above| !ast::MacroExpr::can_cast(above.kind())) => call,
        Some(_) => return None,
        // As a statement.
        None => {
            let call = match ast::ExprStmt::cast(node.clone()) {
                Some(statement) => ast::MacroExpr::cast(statement.expr()?.syntax().clone())?,
                None => ast::MacroExpr::cast(node.clone())?,
            };
            let is_all = call.syntax() == node;
            let has_statement = node.parent().is_some_and(|above| ast::ExprStmt::can_cast(above.kind()));
            if is_all && has_statement {
                return None;
            }
            call.macro_call()?
        }
    };
    if call.path()?.segment()?.name_ref()?.text() != "thread_local" {
        return None;
    }
    let text = call.token_tree()?.syntax().text().to_string();
    let text = text.get(1..text.len().checked_sub(1)?)?;
    let file = SourceFile::parse(&format!("{text};"), Edition::Edition2024).tree();
    let statics = file.items().map(|item| match item {
        ast::Item::Static(item) => Some(item),
        _ => None,
    });
    let statics: Vec<ast::Static> = statics.collect::<Option<_>>()?;
    let mut made = Locals { names: Vec::new(), before: String::new() };
    for (place, local) in statics.iter().enumerate().rev() {
        let (name, ty) = (local.name()?.text().to_string(), on_one_line(local.ty()?.syntax()));
        let visible = local.visibility().map(|v| format!("{} ", v.syntax().text())).unwrap_or_default();
        let value = match place {
            0 => String::new(),
            _ => {
                let body = on_one_line(local.body()?.syntax());
                format!("::std::thread_local! {{ static {name}: {ty} = {body}; }} ::{LIBRARY}::Local::new({name}) }}; ")
            }
        };
        let ty = format!("::{LIBRARY}::Local<::std::thread::LocalKey<{ty}>>");
        made.before += &format!("{NAMELESS}{visible}static {name}: {ty} = {{ {value}");
        made.names.insert(0, name);
    }
    (!made.names.is_empty()).then_some(made)
}

/// Without line ends and comments.
fn on_one_line(node: &SyntaxNode) -> String {
    let tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
    let words = tokens.map(|token| match token.kind() {
        ra_ap_syntax::SyntaxKind::WHITESPACE | ra_ap_syntax::SyntaxKind::COMMENT => " ".to_owned(),
        _ => token.text().replace('\n', "\\n"),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::cell::syntax::Tree;

    fn with_attributes(code: &str) -> String {
        let mut text = code.to_owned();
        for item in Tree::parse(code).items().iter().rev() {
            text.replace_range(item.range(), &item.code());
        }
        text.replace(NAMELESS, "@").replace(&format!("::{LIBRARY}::"), "::")
    }

    #[test]
    fn statics_are_found_in_all_definitions() {
        for (code, expected) in [
            ("static A: u8 = 1;", "@static A: u8 = 1;"),
            ("fn f() { static N: u8 = 1; }", "fn f() { @static N: u8 = 1; }"),
            (
                "mod m { pub static B: u8 = 1; } impl T { fn f() { static C: u8 = 1; } }",
                "mod m { @pub static B: u8 = 1; } impl T { fn f() { @static C: u8 = 1; } }",
            ),
            // A statement's own end with their cell, as in any block.
            ("{ static A: u8 = 1; }", "{ static A: u8 = 1; }"),
            ("extern \"C\" { static A: u8; }", "extern \"C\" { static A: u8; }"),
        ] {
            assert_eq!(with_attributes(code), expected);
        }
    }

    #[test]
    fn thread_locals_become_statics() {
        let made = with_attributes(
            "thread_local! {\n    // two\n    static A: Vec<u8> = f();\n    pub static B: u8 = const { 1 }\n}\nA",
        );
        assert_eq!(
            made,
            "@pub static B: ::Local<::std::thread::LocalKey<u8>> = { ::std::thread_local! { static B: u8 = const { 1 }; } ::Local::new(B) }; \
             @static A: ::Local<::std::thread::LocalKey<Vec<u8>>> = { thread_local! {\n    // two\n    static A: Vec<u8> = f();\n    \
             pub static B: u8 = const { 1 }\n} ::Local::new(A) }; \nA"
        );
        for (code, expected) in [
            (
                "thread_local!(static A: u8 = 1);",
                "@static A: ::Local<::std::thread::LocalKey<u8>> = { thread_local!(static A: u8 = 1); ::Local::new(A) }; ",
            ),
            (
                "mod m { thread_local! { static A: u8 = 1; } }",
                "mod m { @static A: ::Local<::std::thread::LocalKey<u8>> = { thread_local! { static A: u8 = 1; } ::Local::new(A) };  }",
            ),
            (
                "fn f() { thread_local! { static A: u8 = 1; } A.get() }",
                "fn f() { @static A: ::Local<::std::thread::LocalKey<u8>> = { thread_local! { static A: u8 = 1; } ::Local::new(A) };  A.get() }",
            ),
        ] {
            assert_eq!(with_attributes(code), expected);
        }
        let items = Tree::parse("thread_local! { static A: u8 = 1; static B: u8 = 2; } vec![1];").items();
        assert_eq!(items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["static A, B"]);
    }
}
