//! The names that checks go by, which the cells that they check must not give another meaning.

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};

use super::syntax::{Kind, Tree, describe, used_names};

/// Macros that every cell has.
const MACROS: &str = "assert assert_eq assert_ne debug_assert debug_assert_eq debug_assert_ne panic todo unimplemented \
    unreachable matches print println eprint eprintln write writeln format format_args vec dbg compile_error concat env \
    include include_str stringify line file column module_path option_env cfg";

/// Types, traits, functions and crates that every cell has.
const NAMES: &str = "bool char str u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 \
    Option Some None Result Ok Err Vec String Box Clone Copy Send Sync Sized Drop Fn FnMut FnOnce drop ToString ToOwned Iterator \
    IntoIterator Extend DoubleEndedIterator ExactSizeIterator Default From Into TryFrom TryInto FromIterator AsRef AsMut \
    PartialEq PartialOrd Eq Ord Debug std core alloc adlab adlab_notebook";

/// The crates that can be relied upon.
const CRATES: [&str; 5] = ["std", "core", "alloc", "adlab", "adlab_notebook"];

/// A name that every cell has, or one of these others, that a cell gives another meaning.
pub fn hidden(code: &str, others: &BTreeSet<String>) -> Option<String> {
    let is_one_of = |list: &str, name: &str| list.split_whitespace().any(|one| one == name);
    let is_hidden = |defined: &Defined| match defined {
        Defined::Macro(name) => is_one_of(MACROS, name),
        Defined::Named(name) => is_one_of(NAMES, name) || others.contains(name),
        // It may be either.
        Defined::Used(name) => is_one_of(MACROS, name) || is_one_of(NAMES, name) || others.contains(name),
    };
    defined(code).into_iter().find(is_hidden).map(Defined::name)
}

enum Defined {
    Macro(String),
    Named(String),
    /// Brought in from elsewhere.
    Used(String),
}

impl Defined {
    fn name(self) -> String {
        match self {
            Defined::Macro(name) | Defined::Named(name) | Defined::Used(name) => name,
        }
    }
}

/// All that a cell defines that others may see by its name alone: also what stands in modules, from which it can be brought in,
/// and what macros define.
fn defined(code: &str) -> Vec<Defined> {
    let tree = Tree::parse(code);
    let mut all: Vec<Defined> = tree.statements().flat_map(|node| defined_by(&node)).collect();
    let tokens = tree.tokens();
    let of_macros = tokens.windows(3).filter(|three| three[0].1.text() == "macro_rules" && three[1].1.text() == "!");
    for three in of_macros {
        if three[2].1.kind() == SyntaxKind::DOLLAR {
            // A macro that defines macros of any name.
            all.extend(tokens.iter().map(|(_, token)| Defined::Macro(token.text().to_owned())));
        }
        all.push(Defined::Macro(three[2].1.text().to_owned()));
    }
    all
}

fn defined_by(node: &SyntaxNode) -> Vec<Defined> {
    let Some(item) = ast::Item::cast(node.clone()) else { return Vec::new() };
    match &item {
        ast::Item::ExternCrate(item) => {
            let name = item.rename().and_then(|rename| ast::HasName::name(&rename));
            return name.map(|name| Defined::Used(name.text().to_string())).into_iter().collect();
        }
        ast::Item::Use(item) => {
            let tree = item.use_tree();
            let is_foreign = tree.as_ref().is_some_and(|tree| {
                let text = tree.syntax().text().to_string();
                let first: String =
                    text.trim_start_matches("::").chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                !CRATES.contains(&first.as_str()) || text.contains(" as ")
            });
            return tree
                .filter(|_| is_foreign)
                .map_or_else(Vec::new, |tree| used_names(&tree).into_iter().map(Defined::Used).collect());
        }
        ast::Item::Module(module) => {
            let name = ast::HasName::name(module).map(|name| Defined::Named(name.text().to_string()));
            let items = module.item_list().into_iter().flat_map(|list| list.syntax().children().collect::<Vec<_>>());
            return name.into_iter().chain(items.flat_map(|node| defined_by(&node))).collect();
        }
        // Of macros, all are found by their words.
        ast::Item::MacroRules(_) => return Vec::new(),
        _ => {}
    }
    let mut names = match describe(&item, 0).map(|item| item.kind) {
        Some(Kind::Named(names)) => names,
        Some(Kind::Type(name)) => vec![name],
        _ => Vec::new(),
    };
    if let ast::Item::Enum(item) = &item {
        // `use Mine::*;` brings them in.
        let is_opened = node.parent().is_some_and(|parent| parent.text().to_string().contains("::*"));
        let variants = item.variant_list().into_iter().flat_map(|list| list.variants().collect::<Vec<_>>());
        let variants = variants.into_iter().filter(|_| is_opened).filter_map(|variant| ast::HasName::name(&variant));
        names.extend(variants.map(|name| name.text().to_string()));
    }
    names.into_iter().map(Defined::Named).collect()
}

/// The names of functions, types and macros that a cell uses and does not define.
pub fn used(code: &str) -> BTreeSet<String> {
    let tree = Tree::parse(code);
    let own: BTreeSet<String> = bound(&tree).into_iter().chain(defined(code).into_iter().map(Defined::name)).collect();
    let tokens = tree.tokens();
    let text = |place: Option<usize>| place.and_then(|place| tokens.get(place)).map_or("", |(_, token)| token.text());
    // In a macro's call, a path's signs stand apart.
    let is_path = |at: Option<usize>, beside: Option<usize>| text(at) == "::" || text(at) == ":" && text(beside) == ":";
    let is_use = |place: usize| {
        let (name, before, next) = (tokens[place].1.text(), place.checked_sub(1), Some(place + 1));
        let is_part = matches!(text(before), "." | "fn" | "'") || is_path(before, place.checked_sub(2));
        let is_type = name.starts_with(|c: char| c.is_uppercase());
        !is_part && (is_type || matches!(text(next), "(" | "!") || is_path(next, Some(place + 2)))
    };
    let idents = (0..tokens.len()).filter(|place| tokens[*place].1.kind() == SyntaxKind::IDENT);
    idents
        .filter(|place| is_use(*place))
        .map(|place| tokens[place].1.text().to_owned())
        .filter(|n| !own.contains(n))
        .collect()
}

/// The names of variables and parameters, wherever they stand.
fn bound(tree: &Tree) -> Vec<String> {
    let patterns = tree.all().descendants().filter_map(ast::IdentPat::cast);
    patterns.filter_map(|pattern| ast::HasName::name(&pattern)).map(|name| name.text().to_string()).collect()
}

/// What stands for each definition of a cell: two with the same can't both be in force.
pub fn keys(code: &str) -> BTreeSet<String> {
    let items = Tree::parse(code).items();
    let keys = items.into_iter().flat_map(|item| match item.kind {
        Kind::Named(names) => names,
        Kind::Type(name) => vec![name],
        Kind::Impl(details) if details.of_trait => vec![details.header],
        Kind::Impl(details) => details.members.iter().map(|member| format!("{} {member}", details.header)).collect(),
        Kind::Call => Vec::new(),
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(code: &str) -> Option<String> {
        hidden(code, &["Dual".to_owned(), "close".to_owned()].into())
    }

    #[test]
    fn what_checks_go_by_is_not_given_another_meaning() {
        for (code, name) in [
            ("macro_rules! assert { ($($t:tt)*) => {} }", "assert"),
            ("fn answer() -> f64 { 0.5 }\nmacro_rules! assert_eq { ($($t:tt)*) => {} }", "assert_eq"),
            (
                "mod cheat { macro_rules! quiet { () => {} } pub(crate) use quiet as panic; }\nuse cheat::panic;",
                "panic",
            ),
            ("mod cheat { pub fn drop<T>(_: T) {} }\nuse cheat::*;", "drop"),
            ("mod a { pub mod b { pub struct Vec; } }", "Vec"),
            ("type f64 = Fake;", "f64"),
            ("struct Option;", "Option"),
            ("enum Mine { Some, None }\nuse Mine::*;", "Some"),
            ("use std::println as assert;", "assert"),
            ("use std::{format as x, print as assert_ne};", "assert_ne"),
            ("mod std { pub mod f64 {} }", "std"),
            ("extern crate alloc as core;", "core"),
            ("macro_rules! outer { () => { macro_rules! assert { () => {} } } }", "assert"),
            ("macro_rules! outer { ($n:ident) => { macro_rules! $n { () => {} } } }\nouter!(assert);", "assert"),
            ("struct Dual;", "Dual"),
            ("fn close(_: f64, _: f64) -> bool { true }", "close"),
            ("#[macro_use] mod m { macro_rules! matches { () => {} } }", "matches"),
        ] {
            assert_eq!(hides(code).as_deref(), Some(name), "{code}");
        }
        for code in [
            "fn answer() -> f64 { 0.5 }",
            "let close = |a: f64, b: f64| a == b;",
            "struct DualNumber; impl Drop for DualNumber { fn drop(&mut self) {} }",
            "use std::ops::{Add, Mul};\nuse std::fmt::{self, Debug, Result};\nuse std::f64;",
            "fn line(x: f64) -> f64 { x } fn vec() {} mod file {}",
            "macro_rules! square { ($x:expr) => { $x * $x } }",
            "assert!(true); let x = \"macro_rules! assert\"; // macro_rules! assert",
            "enum Mine { Some, None }",
            "fn f() { fn drop() {} }",
        ] {
            assert_eq!(hides(code), None, "{code}");
        }
    }

    #[test]
    fn names_that_are_used_are_found() {
        let code = "let close = |a: f64| a.abs(); let t = Tape::new(); let z = f(t.var(1.0), close(2.0)); assert!(z.sum() > 1.0 && Pair::of(1).is_x()); fn g() {} g()";
        assert_eq!(used(code), ["Pair", "Tape", "assert", "f"].map(str::to_owned).into());
    }

    #[test]
    fn definitions_that_exclude_each_other_have_the_same_key() {
        let keys = |code| keys(code).into_iter().collect::<Vec<_>>();
        assert_eq!(
            keys("impl Mul for D {} impl D { fn sin() {} fn cos() {} }"),
            ["implD cos", "implD sin", "implMulforD"]
        );
        assert_eq!(keys("struct S; fn f() {} let x = 1;"), ["S", "f"]);
    }
}
