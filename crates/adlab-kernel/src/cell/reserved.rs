//! The names that checks go by, which the cells that they check must not give another meaning.

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};
use serde::{Deserialize, Serialize};

use super::made::made;
use super::methods::{self, Methods};
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

const OF_KERNEL: &str = "adlab_";

/// The crates that can be relied upon.
const CRATES: [&str; 5] = ["std", "core", "alloc", "adlab", "adlab_notebook"];

/// What checks go by beside what every cell has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reserved {
    /// Names of the library's, and those that answers are to define themselves, which no macro may.
    pub names: BTreeSet<String>,
    pub answers: BTreeSet<String>,
    pub methods: Methods,
}

/// What begins the path of a name that a cell has already.
const OUTER: [&str; 3] = ["self", "super", "crate"];

/// A name that every cell has, or one of these others, that a cell gives another meaning. `earlier` has the text of the macros
/// and traits that cells before it have defined.
pub fn hidden(code: &str, others: &Reserved, earlier: &str) -> Option<String> {
    let is_one_of = |list: &str, name: &str| list.split_whitespace().any(|one| one == name);
    let is_hidden = |defined: &Defined| match defined {
        Defined::Macro(name) => is_one_of(MACROS, name),
        Defined::Named(name) => is_one_of(NAMES, name) || others.names.contains(name),
        Defined::Made(name) => is_one_of(NAMES, name) || others.names.contains(name) || others.answers.contains(name),
        // It may be either.
        Defined::Used(name) => is_one_of(MACROS, name) || is_one_of(NAMES, name) || others.names.contains(name),
        Defined::Elsewhere(_) => true,
    };
    let (tree, earlier) = (Tree::parse(code), Tree::parse(earlier));
    let made = made(&tree, &earlier).into_iter().map(Defined::Made);
    let name = defined(&tree).into_iter().chain(made).find(is_hidden).map(Defined::name);
    name.or_else(|| of_the_kernel(&tree)).or_else(|| methods::hidden(&tree, &earlier, &others.methods))
}

/// A name by which cells and the kernel speak to each other: no cell calls it, or has one of its own.
fn of_the_kernel(tree: &Tree) -> Option<String> {
    let tokens = tree.tokens();
    let mut words = tokens.iter().flat_map(|(_, token)| token.text().split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.find(|word| word.starts_with(OF_KERNEL) && !CRATES.contains(word)).map(str::to_owned)
}

enum Defined {
    Macro(String),
    Named(String),
    /// By a macro, whose text alone is seen.
    Made(String),
    /// Brought in from elsewhere.
    Used(String),
    /// By a file, which nobody has read.
    Elsewhere(String),
}

impl Defined {
    fn name(self) -> String {
        match self {
            Defined::Macro(name)
            | Defined::Named(name)
            | Defined::Made(name)
            | Defined::Used(name)
            | Defined::Elsewhere(name) => name,
        }
    }
}

/// All that a cell defines that others may see by its name alone: also what stands in modules, from which it can be brought in,
/// and what macros define.
fn defined(tree: &Tree) -> Vec<Defined> {
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
                let path = text.trim_start_matches("::");
                let first: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // One level up, a name is what it is there.
                let is_of_outer = OUTER.contains(&first.as_str()) && path.matches("::").count() == 1;
                !CRATES.contains(&first.as_str()) && !is_of_outer || text.contains(" as ")
            });
            return tree
                .filter(|_| is_foreign)
                .map_or_else(Vec::new, |tree| used_names(&tree).into_iter().map(Defined::Used).collect());
        }
        ast::Item::Module(module) => {
            let name = ast::HasName::name(module).map(|name| Defined::Named(name.text().to_string()));
            if module.item_list().is_none() {
                return name.into_iter().chain([Defined::Elsewhere("mod".into())]).collect();
            }
            let items = module.item_list().into_iter().flat_map(|list| list.syntax().children().collect::<Vec<_>>());
            return name.into_iter().chain(items.flat_map(|node| defined_by(&node))).collect();
        }
        // Of macros, all are found by their words.
        ast::Item::MacroRules(_) => return Vec::new(),
        ast::Item::MacroCall(call) => {
            let name = call.path().map(|path| path.syntax().text().to_string()).unwrap_or_default();
            let is_file = name.rsplit("::").next().is_some_and(|name| name.trim() == "include");
            return is_file.then(|| Defined::Elsewhere("include".into())).into_iter().collect();
        }
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
    let own: BTreeSet<String> = bound(&tree).into_iter().chain(defined(&tree).into_iter().map(Defined::name)).collect();
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

/// The names that a cell speaks of, but for fields and methods, and for what it calls so itself.
pub fn words(code: &str) -> BTreeSet<String> {
    let tree = Tree::parse(code);
    let (tokens, own) = (tree.tokens(), bound(&tree));
    let is_word =
        |place: usize| tokens[place].1.kind() == SyntaxKind::IDENT && (place == 0 || tokens[place - 1].1.text() != ".");
    let words = (0..tokens.len()).filter(|place| is_word(*place)).map(|place| tokens[place].1.text().to_owned());
    words.filter(|word| !own.contains(word)).collect()
}

/// The names of variables and parameters, wherever they stand.
fn bound(tree: &Tree) -> Vec<String> {
    let patterns = tree.all().descendants().filter_map(ast::IdentPat::cast);
    patterns.filter_map(|pattern| ast::HasName::name(&pattern)).map(|name| name.text().to_string()).collect()
}

/// The names of the types that a cell defines.
pub fn types(code: &str) -> BTreeSet<String> {
    let items = Tree::parse(code).items().into_iter();
    let names = items.filter_map(|item| match item.kind {
        Kind::Type(name) => Some(name),
        _ => None,
    });
    names.collect()
}

/// The names of what a cell's macros may define.
pub fn made_by(tree: &Tree) -> Vec<String> {
    made(tree, &Tree::parse(""))
}

/// The text of a cell's macros and traits, for [`hidden`].
pub fn kept(code: &str) -> String {
    let items = Tree::parse(code).items();
    let is_kept = |title: &str| title.starts_with("macro ") || title.starts_with("trait ");
    items.iter().filter(|item| is_kept(&item.title)).map(|item| format!("{}\n", item.text)).collect()
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

/// A cell without those methods of an `impl` that stand for one of these keys already; nothing, if it has none of them. They keep
/// their place, by another name.
pub fn without_methods(code: &str, given: &BTreeSet<&str>) -> Option<String> {
    let tree = Tree::parse(code);
    let mut names: Vec<std::ops::Range<usize>> = Vec::new();
    for item in tree.statements().filter_map(ast::Impl::cast).filter(|item| item.trait_().is_none()) {
        let Some(Kind::Impl(details)) = describe(&ast::Item::Impl(item.clone()), 0).map(|item| item.kind) else {
            continue;
        };
        for member in item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items()) {
            let ast::AssocItem::Fn(function) = member else { continue };
            let Some(name) = ast::HasName::name(&function) else { continue };
            if given.contains(format!("{} {}", details.header, name.text()).as_str()) {
                names.extend(tree.range(name.syntax()));
            }
        }
    }
    let mut text = code.to_owned();
    names.iter().rev().for_each(|name| text.insert_str(name.start, "of_mine_"));
    (!names.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others() -> Reserved {
        let names = ["Dual".to_owned(), "close".to_owned()].into();
        Reserved { names, answers: ["answer".to_owned()].into(), ..Reserved::default() }
    }

    fn hides(code: &str) -> Option<String> {
        hidden(code, &others(), "")
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
            ("macro_rules! make { () => { struct Dual; } }\nmake!();", "Dual"),
            ("macro_rules! make { ($n:ident) => { pub struct $n; } }\nmake!(Vec);", "Vec"),
            ("macro_rules! make { () => { fn answer() -> Mine { Mine } } }", "answer"),
            ("macro_rules! make { () => { use mine::quiet as close; } }", "close"),
            ("mod m { macro_rules! make { () => { type f64 = u8; } } make!(); }", "f64"),
            ("mod m { include!(\"m.rs\"); }", "include"),
            ("#[path = \"m.rs\"] mod m;", "mod"),
            ("unsafe extern \"C\" { fn adlab_end(tell: usize); }", "adlab_end"),
            ("#[unsafe(export_name = \"adlab_panicked\")] extern \"C\" fn quiet() {}", "adlab_panicked"),
            ("::adlab_store::panicked()", "adlab_store"),
            ("use crate::Mine::{Some, None};", "Some"),
        ] {
            assert_eq!(hides(code).as_deref(), Some(name), "{code}");
        }
        let earlier = kept("macro_rules! make { ($n:ident) => { struct $n; } } struct S; trait Q { fn all(self) {} }");
        for (code, name) in
            [("make!(Dual);", Some("Dual")), ("make!(Mine);", None), ("impl<T> Q for T {}", Some("all"))]
        {
            assert_eq!(hidden(code, &others(), &earlier).as_deref(), name, "{code}");
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
            "#[cfg(test)] mod tests { use super::*; use super::{Dual, answer}; #[test] fn f() { assert!(true); } }",
            "use crate::Dual;",
            "macro_rules! unit { ($n:ident, $t:ty) => { struct $n($t); } }\nunit!(Metres, f64);",
            "macro_rules! units { ($($n:ident: $t:ty),*) => { $(struct $n($t);)* } }\nunits!(Metres: f64);",
            "macro_rules! op { ($t:ident, $f:ident) => { impl $t for D { fn $f(self) {} fn drop(&mut self) {} } } }\nop!(Drop, drop);",
            "fn f() -> &'static str { include_str!(\"data.csv\") }",
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
    fn a_method_that_is_given_stays() {
        let given = ["implD sin"].into();
        assert_eq!(
            without_methods("impl D {\n  fn sin(self) {}\n  fn cos(self) {}\n}\nimpl E { fn sin() {} }", &given)
                .as_deref(),
            Some("impl D {\n  fn of_mine_sin(self) {}\n  fn cos(self) {}\n}\nimpl E { fn sin() {} }")
        );
        assert_eq!(without_methods("impl D { fn cos(self) {} } impl Q for D { fn sin(self) {} }", &given), None);
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
