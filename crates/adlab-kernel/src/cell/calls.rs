//! Macro calls at the top level of a cell that stand for definitions: `op!(Add, add, +);`, `thread_local! { … }`.
//!
//! A call between statements is a statement to Rust, and what it defines would end with its cell. A call is taken for a
//! definition where its macro, if it is the notebook's, gives items and nothing else, or else where its text begins as an
//! item does.

use std::ops::Range;

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};

use super::statics;
use super::syntax::{Item, Kind, Tree};

/// A call of a macro that stands where a statement may.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The bytes of the cell that it takes, with its semicolon.
    pub range: Range<usize>,
    /// The macro's last name.
    pub name: String,
    /// Between its brackets, an item begins.
    begins_as_item: bool,
    /// To be a definition, it needs a semicolon that it has not.
    pub is_open: bool,
}

/// How a call is named, so that it can be replaced as an item is: evcxr would take it for a statement.
/// `compile/generated.rs` takes the name off again.
pub const NAME: &str = "_ADLAB_CALL_";

/// What stands before a call under its name, and behind it.
pub fn under_name(name: &str) -> [String; 2] {
    [format!("macro_rules! {name} {{ () => {{ "), " } }".to_owned()]
}

/// Macros whose argument may be an item, and which are none.
const EXPRESSIONS: [&str; 6] = ["stringify", "quote", "quote_spanned", "parse_quote", "concat", "dbg"];

const ITEMS: [SyntaxKind; 13] = [
    SyntaxKind::PUB_KW,
    SyntaxKind::STRUCT_KW,
    SyntaxKind::ENUM_KW,
    SyntaxKind::UNION_KW,
    SyntaxKind::FN_KW,
    SyntaxKind::IMPL_KW,
    SyntaxKind::TRAIT_KW,
    SyntaxKind::TYPE_KW,
    SyntaxKind::STATIC_KW,
    SyntaxKind::CONST_KW,
    SyntaxKind::MOD_KW,
    SyntaxKind::USE_KW,
    SyntaxKind::EXTERN_KW,
];

/// Those of a cell.
pub fn calls(tree: &Tree) -> Vec<Call> {
    let statements = tree.statements().filter(|node| statics::names(node).is_none());
    let found = statements.filter_map(|node| {
        let call = match ast::ExprStmt::cast(node.clone()) {
            Some(statement) => ast::MacroExpr::cast(statement.expr()?.syntax().clone())?,
            None => ast::MacroExpr::cast(node.clone())?,
        };
        let call = call.macro_call()?;
        let arguments = call.token_tree()?;
        Some(Call {
            range: tree.range(&node)?,
            name: call.path()?.segment()?.name_ref()?.text().to_string(),
            begins_as_item: begins_as_item(&tokens(arguments.syntax())),
            is_open: arguments.l_curly_token().is_none() && !node.text().to_string().ends_with(';'),
        })
    });
    found.collect()
}

impl Call {
    /// As a definition of this name; `text` is the cell's.
    pub fn as_item(&self, name: &str, text: &str) -> Item {
        let [before, after] = under_name(name);
        Item {
            start: self.range.start,
            title: format!("{}!", self.name),
            kind: Kind::Call,
            text: text[self.range.clone()].to_owned(),
            insertions: vec![(0, before), (self.range.len(), if self.is_open { format!(";{after}") } else { after })],
        }
    }

    /// `macros` gives the text of a macro that the notebook defines.
    pub fn is_definition(&self, macros: &impl Fn(&str) -> Option<String>) -> bool {
        match macros(&self.name) {
            Some(text) => gives_items(&text, macros, 0) == Some(true),
            None => self.begins_as_item && !EXPRESSIONS.contains(&self.name.as_str()),
        }
    }
}

/// Whether all that a macro gives are items; nothing where it gives nothing.
fn gives_items(text: &str, macros: &impl Fn(&str) -> Option<String>, depth: usize) -> Option<bool> {
    let file = SourceFile::parse(text, Edition::Edition2024).syntax_node();
    let rules = file.descendants().find_map(ast::MacroRules::cast)?.token_tree()?;
    // (pattern) => {what it gives}; (pattern) => …
    let arms = rules.syntax().children().filter_map(ast::TokenTree::cast).collect::<Vec<_>>();
    let given = arms.chunks(2).filter_map(|arm| {
        let tokens = tokens(arm.get(1)?.syntax());
        let first = significant(&tokens);
        match first.first()? {
            token if is_name(token) && first.get(1).is_some_and(|next| next.kind() == SyntaxKind::BANG) => {
                if token.text() == "macro_rules" {
                    return Some(true);
                }
                // Of a rule that begins with another call, that one tells.
                let inner = macros(token.text()).filter(|inner| depth < 8 && inner != text)?;
                gives_items(&inner, macros, depth + 1)
            }
            _ => Some(begins_as_item(&tokens)),
        }
    });
    given.reduce(|all, one| all && one)
}

fn is_name(token: &SyntaxToken) -> bool {
    token.kind() == SyntaxKind::IDENT
}

/// What stands between the brackets.
fn tokens(tree: &SyntaxNode) -> Vec<SyntaxToken> {
    let tokens = tree.descendants_with_tokens().filter_map(|element| element.into_token());
    let tokens: Vec<_> =
        tokens.filter(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)).collect();
    tokens.get(1..tokens.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// Without what may stand before an item: attributes, and the beginning of a repetition, `$(`.
fn significant(mut tokens: &[SyntaxToken]) -> &[SyntaxToken] {
    loop {
        let kind = |at: usize| tokens.get(at).map(SyntaxToken::kind);
        let skipped = match (kind(0), kind(1)) {
            (Some(SyntaxKind::POUND), Some(SyntaxKind::L_BRACK)) => {
                let mut depth = 0;
                let end = tokens.iter().position(|token| {
                    match token.kind() {
                        SyntaxKind::L_BRACK => depth += 1,
                        SyntaxKind::R_BRACK => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && token.kind() == SyntaxKind::R_BRACK
                });
                end.map_or(tokens.len(), |end| end + 1)
            }
            (Some(SyntaxKind::DOLLAR), Some(SyntaxKind::L_PAREN)) => 2,
            // `$(#[$meta])* $vis struct`: what repeats, and a visibility.
            (Some(SyntaxKind::R_PAREN), Some(SyntaxKind::STAR)) => 2,
            (Some(SyntaxKind::DOLLAR), Some(SyntaxKind::IDENT)) if tokens.get(2).is_some_and(is_item_word) => 2,
            (Some(SyntaxKind::UNSAFE_KW), Some(next)) if ITEMS.contains(&next) => 1,
            _ => return tokens,
        };
        tokens = &tokens[skipped..];
    }
}

fn is_item_word(token: &SyntaxToken) -> bool {
    ITEMS.contains(&token.kind()) || token.text() == "union"
}

fn begins_as_item(tokens: &[SyntaxToken]) -> bool {
    let tokens = significant(tokens);
    // `const { … }` is an expression.
    let is_block = tokens.get(1).is_some_and(|next| next.kind() == SyntaxKind::L_CURLY);
    tokens.first().is_some_and(is_item_word) && !is_block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(macros: &str, code: &str) -> Vec<String> {
        let known = |name: &str| {
            let items = Tree::parse(macros).items();
            items.into_iter().find(|item| item.title == format!("macro {name}")).map(|item| item.text)
        };
        let calls = calls(&Tree::parse(code)).into_iter().filter(|call| call.is_definition(&known));
        calls.map(|call| code[call.range].to_owned()).collect()
    }

    #[test]
    fn a_macro_of_the_notebook_s_tells_by_what_it_gives() {
        for (text, expected) in [
            ("($t:ident, $f:ident) => { impl $t for D { fn $f() {} } }", true),
            ("($($t:ident),*) => { $(#[derive(Debug)] pub struct $t;)* }", true),
            ("($(#[$m:meta])* $v:vis $n:ident) => { $(#[$m])* $v struct $n; }", true),
            ("() => {}; ($n:ident) => { fn $n() {} }", true),
            ("($n:ident) => { macro_rules! $n { () => { 1 } } }", true),
            ("($n:ident) => { inner!($n); }", true),
            ("($x:expr) => { 2.0 * $x }", false),
            ("($x:expr) => { { struct Inner; $x } }", false),
            ("($x:ident) => { let $x = 1; }", false),
            ("($n:ident) => { fn $n() {} }; ($x:expr, 1) => { $x }", false),
            ("() => {}", false),
        ] {
            let macros = format!("macro_rules! m {{ {text} }} macro_rules! inner {{ ($n:ident) => {{ struct $n; }} }}");
            assert_eq!(definitions(&macros, "m!(A, b);").len(), usize::from(expected), "{text}");
        }
    }

    #[test]
    fn another_s_by_what_it_is_given() {
        let code = "bitflags! { pub enum A {} }\nlazy_static::lazy_static! { pub static ref B: u8 = 1; }\n\
                    bitflags! { #[derive(Debug)] struct C: u8 {} }\nstringify!(struct D;);\nvec![1]; println!(\"static\");\n\
                    m!(const { 1 }); let x = m!(struct E;); f(m!(struct F;)); m!(struct G;)";
        let found = definitions("", code);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].starts_with("bitflags!") && found[0].ends_with('}') && found[3] == "m!(struct G;)");
        let open = calls(&Tree::parse("m!(a); m! { a } m!(a)"));
        assert_eq!(open.iter().map(|call| call.is_open).collect::<Vec<_>>(), [false, false, true]);
    }
}
