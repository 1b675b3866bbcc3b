//! Macro calls at the top level of a cell that stand for definitions: `op!(Add, add, +);`, `thread_local! { … }`.
//!
//! A call between statements is a statement to Rust, and what it defines would end with its cell. A call is taken for a
//! definition where its macro, if it is the notebook's, gives items and nothing else, or else where its text begins as an
//! item does. Of several arms, those count whose first words are the call's.

use std::ops::Range;

use ra_ap_syntax::ast::{self, AstNode};

use super::expansions::{Arguments, Gives, gives};
use super::statics;
use super::syntax::{Item, Kind, Tree};

/// A call of a macro that stands where a statement may.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The bytes of the cell that it takes, with its semicolon.
    pub range: Range<usize>,
    /// The macro's last name.
    pub name: String,
    arguments: Arguments,
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
            arguments: Arguments::read(arguments.syntax()),
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
    pub fn gives(&self, macros: &impl Fn(&str) -> Option<String>) -> Gives {
        match macros(&self.name) {
            Some(text) => gives(&text, Some(&self.arguments), macros, 0).unwrap_or(Gives::Value),
            None if self.arguments.begin_as_item && !EXPRESSIONS.contains(&self.name.as_str()) => Gives::Items,
            None => Gives::Value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(macros: &str, code: &str) -> Vec<String> {
        let known = |name: &str| {
            let items = Tree::parse(macros).items();
            items.into_iter().find(|item| item.title == format!("macro {name}")).map(|item| item.text)
        };
        let calls = calls(&Tree::parse(code)).into_iter().filter(|call| call.gives(&known) == Gives::Items);
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
            // By the words with which the call begins.
            ("(A, $n:ident) => { fn $n() {} }; (B $x:expr) => { $x }", true),
            ("(B, $n:ident) => { fn $n() {} }; (A, $x:expr) => { $x }", false),
            ("($($i:item)*) => { $($i)* }", true),
            ("($($i:item)*) => { $(#[derive(Debug)] $i)* }", true),
            ("($n:ident, $m:ident) => { struct $n(u8); let $m = 1; }", false),
            ("($n:ident, $m:ident) => { fn $n() -> u8 { 1 } $n() }", false),
            ("($n:ident, $m:ident) => { use a::{b, c}; const $m: P = P { x: 1 }.y; $(#[$a])* enum $n { A, B } }", true),
            ("($n:ident) => { thread_local! { static $n: u8 = 1; } }", true),
            ("($n:ident) => { struct $n; inner!(X); m!(A, b); }; () => {}", true),
            ("($n:ident) => { struct $n; println!(); }", false),
        ] {
            let macros = format!("macro_rules! m {{ {text} }} macro_rules! inner {{ ($n:ident) => {{ struct $n; }} }}");
            assert_eq!(definitions(&macros, "m!(A, b);").len(), usize::from(expected), "{text}");
        }
    }

    #[test]
    fn statements_have_no_value() {
        for (body, expected) in [
            ("$( println!(\"{}\", $x); )*", Gives::Statements),
            ("", Gives::Statements),
            ("let y = 1; f(y);", Gives::Statements),
            ("{ f(1); 2 }", Gives::Value),
            ("($($x),*)", Gives::Value),
            ("vec![1]", Gives::Value),
        ] {
            let text = format!("macro_rules! m {{ ($($x:expr),*) => {{ {body} }} }}");
            let call = calls(&Tree::parse("m!(1)")).remove(0);
            assert_eq!(call.gives(&|name: &str| (name == "m").then(|| text.clone())), expected, "{body}");
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
