//! What checks compare is of the types that were handed out: an answer that gives one of the student's own in their place is
//! none, as that may be equal to everything.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::ast::{self, AstNode, HasName};
use ra_ap_syntax::{NodeOrToken, SyntaxKind, SyntaxNode};
use serde::{Deserialize, Serialize};

use crate::cell::reserved;
use crate::cell::syntax::{Kind, Tree};

/// Traits by which values are compared.
const COMPARE: [&str; 4] = ["PartialEq", "PartialOrd", "Eq", "Ord"];

/// Of a solution.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Promises {
    /// The types that its answers name: what a function returns, what a field is, the `Output` of an operator.
    types: BTreeMap<String, String>,
    /// Traits that are derived, with their types.
    derived: BTreeSet<(String, String)>,
    /// All that it defines.
    defined: BTreeSet<String>,
}

impl Promises {
    /// `is_answer` says that students may change the cell.
    pub fn add(&mut self, code: &str, is_answer: bool) {
        let tree = Tree::parse(code);
        if is_answer {
            self.types.extend(types(&tree));
        }
        self.derived.extend(derived(&tree));
        self.defined.extend(names(&tree));
    }

    /// Of these types (see [`types_and_traits`]), those that are the student's own.
    pub fn own(&self, types: &BTreeSet<String>) -> BTreeSet<String> {
        types.difference(&self.defined).cloned().collect()
    }

    /// Why an answer is none; `own` has the student's own types.
    pub fn broken(&self, code: &str, own: &BTreeSet<String>) -> Option<String> {
        let tree = Tree::parse(code);
        let is_hidden = |ty: &str| has_word(ty, |word| word == "impl");
        let other = types(&tree).into_iter().find_map(|(what, ty)| {
            let promised = self.types.get(&what)?;
            let is_broken = *promised != ty && (has_own(&ty, own) || is_hidden(&ty) && !is_hidden(promised));
            is_broken.then(|| format!("`{what}` is `{ty}`, and `{promised}` in the notebook that was handed out"))
        });
        other.or_else(|| {
            let by_hand = impls(&tree).into_iter().find(|pair| self.derived.contains(pair));
            by_hand.map(|(name, ty)| format!("`{name}` of `{ty}` is derived where it was handed out: checks go by it"))
        })
    }
}

/// A type has one of these in it.
pub fn has_own(ty: &str, own: &BTreeSet<String>) -> bool {
    has_word(ty, |word| own.contains(word))
}

fn has_word(text: &str, is_one: impl Fn(&str) -> bool) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_one)
}

/// What is named by a type, with that.
fn types(tree: &Tree) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for item in tree.statements().filter_map(ast::Item::cast) {
        match &item {
            ast::Item::Fn(function) => all.extend(returned(function, "")),
            ast::Item::Impl(item) => {
                let header = header(item);
                for member in item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items()) {
                    match &member {
                        ast::AssocItem::Fn(function) => all.extend(returned(function, &header)),
                        ast::AssocItem::TypeAlias(alias) => {
                            if let (Some(name), Some(ty)) = (alias.name(), alias.ty()) {
                                all.insert(format!("{header}{}", name.text()), plain(ty.syntax()));
                            }
                        }
                        _ => {}
                    }
                }
            }
            ast::Item::Struct(item) => {
                let name = item.name().map(|name| name.text().to_string()).unwrap_or_default();
                let fields: Vec<(String, Option<ast::Type>)> = match item.field_list() {
                    Some(ast::FieldList::RecordFieldList(list)) => {
                        list.fields().filter_map(|field| Some((field.name()?.text().to_string(), field.ty()))).collect()
                    }
                    Some(ast::FieldList::TupleFieldList(list)) => {
                        list.fields().enumerate().map(|(place, field)| (place.to_string(), field.ty())).collect()
                    }
                    None => Vec::new(),
                };
                let fields = fields.into_iter().filter_map(|(field, ty)| Some((field, plain(ty?.syntax()))));
                all.extend(fields.map(|(field, ty)| (format!("{name}.{field}"), ty)));
            }
            ast::Item::TypeAlias(alias) => {
                if let (Some(name), Some(ty)) = (alias.name(), alias.ty()) {
                    all.insert(name.text().to_string(), plain(ty.syntax()));
                }
            }
            ast::Item::Const(item) => {
                if let (Some(name), Some(ty)) = (item.name(), item.ty()) {
                    all.insert(name.text().to_string(), plain(ty.syntax()));
                }
            }
            _ => {}
        }
    }
    all
}

fn returned(function: &ast::Fn, of: &str) -> Option<(String, String)> {
    let ty = function.ret_type().and_then(|returned| returned.ty());
    let ty = ty.map_or("()".to_owned(), |ty| plain(ty.syntax()));
    Some((format!("{of}{}", function.name()?.text()), ty))
}

/// `DualNumber::`, `Add for DualNumber::`
fn header(item: &ast::Impl) -> String {
    let ty = item.self_ty().map(|ty| plain(ty.syntax())).unwrap_or_default();
    match item.trait_() {
        Some(of) => format!("{} for {ty}::", plain(of.syntax())),
        None => format!("{ty}::"),
    }
}

/// Text without comments, with single blanks where words would meet.
fn plain(node: &SyntaxNode) -> String {
    let mut text = String::new();
    for token in node.descendants_with_tokens().filter_map(NodeOrToken::into_token).filter(|t| !t.kind().is_trivia()) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if text.ends_with(is_word) && token.text().starts_with(is_word) {
            text.push(' ');
        }
        text += token.text();
    }
    text
}

/// The traits of comparison that a cell writes out, with their types.
fn impls(tree: &Tree) -> Vec<(String, String)> {
    let items = tree.all().descendants().filter_map(ast::Impl::cast);
    let pairs = items.filter_map(|item| {
        let of = item.trait_()?.syntax().text().to_string();
        let name = of.split('<').next()?.rsplit("::").next()?.trim().to_owned();
        let ty = item.self_ty()?.syntax().text().to_string();
        let ty = ty.split('<').next()?.trim().to_owned();
        COMPARE.contains(&name.as_str()).then_some((name, ty))
    });
    pairs.collect()
}

/// Those that it derives.
fn derived(tree: &Tree) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for item in tree.items() {
        let Kind::Type(name) = &item.kind else { continue };
        let attributes = item.text.split("derive(").skip(1).filter_map(|rest| rest.split(')').next());
        let words =
            attributes.flat_map(|list| list.split(',').map(|word| word.rsplit("::").next().unwrap_or(word).trim()));
        found.extend(words.filter(|word| COMPARE.contains(word)).map(|word| (word.to_owned(), name.clone())));
    }
    found
}

/// Of a cell's types and traits, wherever in it they stand.
pub fn types_and_traits(code: &str) -> Vec<String> {
    names(&Tree::parse(code))
}

fn names(tree: &Tree) -> Vec<String> {
    const WORDS: [SyntaxKind; 5] =
        [SyntaxKind::STRUCT, SyntaxKind::ENUM, SyntaxKind::UNION, SyntaxKind::TYPE_ALIAS, SyntaxKind::TRAIT];
    let items = tree.all().descendants().filter(|node| {
        // The `Output` of an operator has the name that the trait gives it.
        WORDS.contains(&node.kind()) && node.parent().is_none_or(|list| list.kind() != SyntaxKind::ASSOC_ITEM_LIST)
    });
    let names = items.filter_map(|node| node.children().find_map(ast::Name::cast)).map(|name| name.text().to_string());
    let renamed = tree.all().descendants().filter_map(ast::Rename::cast).filter_map(|rename| rename.name());
    let made = reserved::made_by(tree);
    names.chain(renamed.map(|name| name.text().to_string())).chain(made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_of_the_types_that_were_handed_out() {
        let mut promises = Promises::default();
        promises.add("#[derive(Clone, PartialEq)] struct Point { x: f64 }", false);
        promises.add(
            "fn double(x: f64) -> f64 { x } fn pair() -> (f64, Point) { todo!() } fn say() {}\n\
             impl Mul for Point { type Output = Point; fn mul(self, other: Point) -> Point { self } }\n\
             struct Mine { v: f64 } fn many<T>(x: T) -> Vec<T> { todo!() }",
            true,
        );
        let broken = |codes: &[&str]| {
            let own = promises.own(&codes.iter().flat_map(|code| types_and_traits(code)).collect());
            codes.iter().filter_map(|code| promises.broken(code, &own)).collect::<Vec<_>>()
        };
        for codes in [
            &["struct Yes; fn double(x: f64) -> Yes { Yes }"][..],
            &["fn double(x: f64) -> Yes { Yes }", "struct Yes;"],
            &["struct Yes; type Real = Yes; fn double(x: f64) -> Real { Yes }"],
            &["fn pair() -> (f64, Yes) { todo!() } enum Yes {}"],
            &["fn double(x: f64) -> impl PartialEq<f64> { x }"],
            &["trait Is { type It; } fn double(x: f64) -> <f64 as Is>::It { todo!() }"],
            &["mod m { pub struct Yes; } fn double(x: f64) -> m::Yes { todo!() }"],
            &["macro_rules! s { () => { struct Yes; } } s!(); fn double(x: f64) -> Yes { todo!() }"],
            &["struct Yes; impl Mul for Point { type Output = Yes; fn mul(self, other: Point) -> Yes { Yes } }"],
            &["struct Yes; struct Mine { v: Yes }"],
            &["impl PartialEq for Point { fn eq(&self, _: &Point) -> bool { true } }"],
            &["impl std::cmp::PartialEq<f64> for Point { fn eq(&self, _: &f64) -> bool { true } }"],
        ] {
            assert_eq!(broken(codes).len(), 1, "{codes:?}");
        }
        for code in [
            "fn double(x: f64) -> f64 { x + x }",
            "fn double<T: Add>(x: T) -> T { x }",
            "struct Own; fn helper() -> Own { Own } fn double(x : f64)->/* it */f64 { x }",
            "fn many<T>(x: T) -> std::vec::Vec<T> { todo!() }",
            "impl Mul for Point { type Output = Self; fn mul(self, other: Self) -> Self { self } }",
            "struct Mine { v: f64, more: Own } struct Own; impl PartialEq for Own { fn eq(&self, _: &Own) -> bool { true } }",
        ] {
            assert!(broken(&[code]).is_empty(), "{code}: {:?}", broken(&[code]));
        }
    }
}
