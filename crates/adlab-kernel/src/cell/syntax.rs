//! What a cell defines, by its syntax.

use std::ops::Range;

use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};

use super::annotated::Insertion;
use super::statics;

/// A definition at the top level of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it starts, in bytes.
    pub start: usize,
    /// For people: `fn area`, `impl Area for Square`.
    pub title: String,
    pub text: String,
    pub kind: Kind,
    /// What evcxr has to be given beside the text, by the text's bytes.
    pub insertions: Vec<Insertion>,
}

impl Item {
    /// The text with its insertions.
    pub fn code(&self) -> String {
        let mut code = self.text.clone();
        for (at, text) in self.insertions.iter().rev() {
            code.insert_str(*at, text);
        }
        code
    }

    /// The bytes of the cell that it takes.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A `use` may have several names.
    Named(Vec<String>),
    /// A struct, enum, union or type: variables may be made of it.
    Type(String),
    Impl(Impl),
    /// A call of a macro that defines something.
    Call,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impl {
    /// All up to the brace, without white space: two with the same header are for the same type.
    pub header: String,
    /// Of a trait, which has one for a type, or of the type's own methods, which may have several.
    pub of_trait: bool,
    /// The names of its methods and constants.
    pub members: Vec<String>,
    /// The type's name.
    pub target: String,
}

/// What stands around a cell, so that its statements can be read.
const WRAPPER: &str = "fn f(){";

/// How much later things stand in the tree than in the cell.
const OFFSET: usize = WRAPPER.len();

/// A cell's syntax.
pub struct Tree {
    file: SourceFile,
    /// The cell's statements and items.
    body: Option<ast::StmtList>,
    /// It is Rust from the beginning to the end.
    is_whole: bool,
    length: usize,
}

impl Tree {
    pub fn parse(code: &str) -> Self {
        let parsed = SourceFile::parse(&format!("{WRAPPER}{code}\n}}"), Edition::Edition2024);
        let file = parsed.tree();
        let body = match file.items().next() {
            Some(ast::Item::Fn(wrapper)) => wrapper.body().and_then(|body| body.stmt_list()),
            _ => None,
        };
        Tree { body, is_whole: parsed.errors().is_empty(), length: code.len(), file }
    }

    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The whole of it, with what stands around the cell.
    pub fn all(&self) -> SyntaxNode {
        self.file.syntax().clone()
    }

    /// The cell's statements and items, in order.
    pub fn statements(&self) -> impl Iterator<Item = SyntaxNode> + use<> {
        self.body.iter().flat_map(|body| body.syntax().children()).collect::<Vec<_>>().into_iter()
    }

    /// The bytes of the cell that a node covers; nothing if it reaches beyond.
    pub fn range(&self, node: &SyntaxNode) -> Option<Range<usize>> {
        let range = node.text_range();
        let (start, end) = (usize::from(range.start()).checked_sub(OFFSET)?, usize::from(range.end()) - OFFSET);
        (end <= self.length).then_some(start..end)
    }

    /// The definitions of a cell.
    pub fn items(&self) -> Vec<Item> {
        let items = self.statements().filter_map(|node| {
            let mut item = match (ast::Item::cast(node.clone()), statics::names(&node)) {
                (Some(item), _) => describe(&item, OFFSET)?,
                (None, Some(names)) => Item {
                    start: usize::from(node.text_range().start()).checked_sub(OFFSET)?,
                    title: format!("static {}", names.join(", ")),
                    text: node.text().to_string(),
                    kind: Kind::Named(names),
                    insertions: Vec::new(),
                },
                (None, None) => return None,
            };
            item.insertions = statics::insertions(&node);
            Some(item)
        });
        items.filter(|item| item.start < self.length).collect()
    }

    /// The names of the variables that a cell makes for later ones.
    pub fn variables(&self) -> Vec<String> {
        let patterns = self.statements().filter_map(ast::LetStmt::cast).filter_map(|statement| statement.pat());
        let names = patterns.flat_map(|pattern| pattern.syntax().descendants().collect::<Vec<_>>());
        names.filter_map(ast::IdentPat::cast).filter_map(|name| Some(name.name()?.text().to_string())).collect()
    }

    /// The variables of a cell that are closures, whose types have no name and can't be kept.
    pub fn closures(&self) -> Vec<String> {
        self.statements()
            .filter_map(ast::LetStmt::cast)
            .filter(|stmt| matches!(stmt.initializer(), Some(ast::Expr::ClosureExpr(_))))
            .filter_map(|stmt| Some(stmt.pat()?.syntax().text().to_string()))
            .collect()
    }

    /// All that is no white space and no comment, each with the byte of the cell at which it begins.
    pub fn tokens(&self) -> Vec<(usize, SyntaxToken)> {
        let all = self.file.syntax().descendants_with_tokens().filter_map(|element| element.into_token());
        let of_cell = all.filter(|token| !token.kind().is_trivia()).filter_map(|token| {
            let start = usize::from(token.text_range().start()).checked_sub(OFFSET)?;
            (start + token.text().len() <= self.length).then_some((start, token))
        });
        of_cell.collect()
    }

    /// Where a name stands first in a cell: not in a string or a comment.
    pub fn word(&self, name: &str) -> Option<usize> {
        let tokens = self.file.syntax().descendants_with_tokens().filter_map(|element| element.into_token());
        tokens
            .filter(|token| token.kind() == SyntaxKind::IDENT && token.text() == name)
            .find_map(|token| usize::from(token.text_range().start()).checked_sub(OFFSET))
    }

    /// With those of the wrapper.
    fn all_tokens(&self) -> Vec<SyntaxToken> {
        let tokens = self.file.syntax().descendants_with_tokens().filter_map(|element| element.into_token());
        tokens.filter(|token| !token.kind().is_trivia()).collect()
    }

    /// Behind the bracket of each call of a macro, by its name alone.
    pub fn calls_of_macro(&self, name: &str) -> Vec<usize> {
        let tokens = self.all_tokens();
        let opens = [SyntaxKind::L_PAREN, SyntaxKind::L_BRACK, SyntaxKind::L_CURLY];
        let calls = tokens.windows(4).filter(|four| {
            let is_path = four[0].kind() == SyntaxKind::COLON2 || four[0].kind() == SyntaxKind::COLON;
            four[1].text() == name && four[2].text() == "!" && opens.contains(&four[3].kind()) && !is_path
        });
        calls.filter_map(|four| usize::from(four[3].text_range().end()).checked_sub(OFFSET)).collect()
    }

    /// The names that stand before a parenthesis, but for those that are defined there.
    pub fn words_before_a_bracket(&self) -> impl Iterator<Item = String> + use<> {
        let tokens = self.all_tokens();
        let calls = tokens.windows(3).filter(|three| three[2].text() == "(" && three[0].text() != "fn");
        calls.map(|three| three[1].text().to_owned()).collect::<Vec<_>>().into_iter()
    }

    /// The bytes of a cell's last expression, which is to be shown. None where the cell is no Rust.
    pub fn last_expression(&self) -> Option<Range<usize>> {
        self.range(self.body.as_ref().filter(|_| self.is_whole)?.tail_expr()?.syntax())
    }
}

/// The definition that covers a line (from 1) of a source file, and the one before it, on the same level.
pub fn item_at_line(source: &str, line: usize) -> Option<(Item, Option<Item>)> {
    let start: usize = source.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let end = start + source[start..].find('\n').unwrap_or(source.len() - start);
    let file = SourceFile::parse(source, Edition::Edition2024).tree();
    let items: Vec<ast::Item> = file.items().collect();
    let covers = |item: &ast::Item| {
        let range = item.syntax().text_range();
        usize::from(range.start()) < end && usize::from(range.end()) > start
    };
    // Several may stand on a line; what follows a marker is what the marker is for.
    let found = items.iter().rposition(covers)?;
    let before = found.checked_sub(1).and_then(|before| describe(&items[before], 0));
    Some((describe(&items[found], 0)?, before))
}

pub(super) fn describe(item: &ast::Item, offset: usize) -> Option<Item> {
    let start = usize::from(item.syntax().text_range().start()).checked_sub(offset)?;
    let text = item.syntax().text().to_string();
    let name = |word: &str, name: Option<ast::Name>| Some((word.to_owned(), name?.text().to_string()));
    let (word, name) = match item {
        ast::Item::Impl(item) => {
            let (title, details) = describe_impl(item);
            return Some(Item { start, title, text, kind: Kind::Impl(details), insertions: Vec::new() });
        }
        ast::Item::Use(item) => {
            let names = used_names(&item.use_tree()?);
            let title = format!("use {}", names.join(", "));
            return Some(Item { start, title, text, kind: Kind::Named(names), insertions: Vec::new() });
        }
        ast::Item::Struct(item) => name("struct", item.name()),
        ast::Item::Enum(item) => name("enum", item.name()),
        ast::Item::Union(item) => name("union", item.name()),
        ast::Item::TypeAlias(item) => name("type", item.name()),
        ast::Item::Const(item) => name("const", item.name()),
        ast::Item::Fn(item) => name("fn", item.name()),
        ast::Item::MacroRules(item) => name("macro", item.name()),
        ast::Item::Module(item) => name("mod", item.name()),
        ast::Item::Static(item) => name("static", item.name()),
        ast::Item::Trait(item) => name("trait", item.name()),
        ast::Item::MacroCall(_) => {
            return Some(Item { start, title: String::new(), text, kind: Kind::Call, insertions: Vec::new() });
        }
        // What has no name, evcxr keeps for ever.
        _ => {
            let kind = Kind::Named(Vec::new());
            return Some(Item { start, title: String::new(), text, kind, insertions: Vec::new() });
        }
    }?;
    let title = format!("{word} {name}");
    let kind = match word.as_str() {
        "struct" | "enum" | "union" | "type" => Kind::Type(name),
        _ => Kind::Named(vec![name]),
    };
    Some(Item { start, title, text, kind, insertions: Vec::new() })
}

fn describe_impl(item: &ast::Impl) -> (String, Impl) {
    // Without the comments and attributes above it.
    let text = item.syntax().text().to_string();
    let from = item
        .impl_token()
        .map_or(0, |token| usize::from(token.text_range().start()) - usize::from(item.syntax().text_range().start()));
    let title = text[from..].split('{').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let header = title.chars().filter(|c| !c.is_whitespace()).collect();
    let members = item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items());
    let members = members.filter_map(|member| match member {
        ast::AssocItem::Fn(item) => item.name(),
        ast::AssocItem::Const(item) => item.name(),
        ast::AssocItem::TypeAlias(item) => item.name(),
        ast::AssocItem::MacroCall(_) => None,
    });
    let members = members.map(|name| name.text().to_string()).collect();
    let target = item.self_ty().map(|ty| ty.syntax().text().to_string()).unwrap_or_default();
    let target = target.split('<').next().unwrap_or_default().trim().to_owned();
    (title, Impl { header, of_trait: item.trait_().is_some(), members, target })
}

/// The names that a `use` brings in.
pub(super) fn used_names(tree: &ast::UseTree) -> Vec<String> {
    if let Some(list) = tree.use_tree_list() {
        return list.use_trees().flat_map(|tree| used_names(&tree)).collect();
    }
    if let Some(rename) = tree.rename() {
        return rename.name().map(|name| name.text().to_string()).into_iter().collect();
    }
    let last = |path: ast::Path| path.segment()?.name_ref().map(|name| name.text().to_string()).filter(|n| n != "self");
    match tree.path() {
        Some(path) if tree.star_token().is_none() => match last(path.clone()) {
            Some(name) => vec![name],
            // `use a::b::{self}`: the name is on the way there.
            None => {
                let outer = tree.syntax().ancestors().skip(1).find_map(ast::UseTree::cast);
                outer.and_then(|outer| last(outer.path()?)).into_iter().collect()
            }
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(code: &str) -> Vec<Item> {
        Tree::parse(code).items()
    }

    fn titles(code: &str) -> Vec<String> {
        items(code).into_iter().map(|item| item.title).collect()
    }

    fn names(code: &str) -> Vec<String> {
        match &items(code)[0].kind {
            Kind::Named(names) => names.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn definitions_of_all_kinds_are_found() {
        let code = "let x = 1; fn f() { struct Inner; }\nstruct S; enum E { A } trait T {} const C: i32 = 1; static D: i32 = 2;\n\
                    macro_rules! m { () => {} } mod n {} type A = f64; impl T for S {} /// Doc.\nimpl S { fn a() {} const B: i32 = 1; }";
        let expected = [
            "fn f",
            "struct S",
            "enum E",
            "trait T",
            "const C",
            "static D",
            "macro m",
            "mod n",
            "type A",
            "impl T for S",
            "impl S",
        ];
        assert_eq!(titles(code), expected);
        let Kind::Impl(last) = &items(code)[10].kind else { panic!() };
        assert_eq!((last.of_trait, last.members.as_slice()), (false, ["a".to_owned(), "B".to_owned()].as_slice()));
        assert!(titles("let s = \"impl X {}\"; // fn y() {}").is_empty());
        assert!(titles("let x = ").is_empty());
    }

    #[test]
    fn a_use_has_the_names_that_it_brings_in() {
        assert_eq!(
            names("use std::collections::{HashMap, BTreeMap as Map, hash_map::{self, Entry}};"),
            ["HashMap", "Map", "hash_map", "Entry"]
        );
        assert_eq!(names("use std::ops::Add;"), ["Add"]);
        assert!(names("use std::ops::*;").is_empty());
        assert!(names("use std::ops::Add as _;").is_empty());
    }

    #[test]
    fn variables_are_found() {
        let code = "let (a, mut b): (i32, f64) = f(); { let inner = 1; } let Pair { c, .. } = p; let _ = 2;";
        assert_eq!(Tree::parse(code).variables(), ["a", "b", "c"]);
    }

    #[test]
    fn closures_are_found() {
        let closures = |code| Tree::parse(code).closures();
        let last_expression = |code| Tree::parse(code).last_expression();
        assert_eq!(closures("let f = |x: f64| x; let g = 1; let h = move || f(2.0);"), ["f", "h"]);
        assert!(closures("{ let f = |x: f64| x; }").is_empty());
        assert_eq!(last_expression("let x = 1;\nx + 1 // one"), Some(11..16));
        assert_eq!(last_expression("x;"), None);
        assert_eq!(last_expression("f(\n1\n)"), Some(0..6));
        assert_eq!(Tree::parse("// two\nlet t = \"two\"; two()").word("two"), Some(22));
    }

    #[test]
    fn a_line_of_a_source_belongs_to_an_item() {
        let source = "fn a() {\n  1\n}\nconst _M: () = (); impl S {\n  fn b() {}\n}\n";
        let at = |line| item_at_line(source, line).map(|(item, before)| (item.title, before.map(|b| b.title)));
        assert_eq!(at(2), Some(("fn a".into(), None)));
        assert_eq!(at(4), Some(("impl S".into(), Some("const _M".into()))));
        assert_eq!(at(5), Some(("impl S".into(), Some("const _M".into()))));
        assert_eq!((at(0), at(9)), (None, None));
    }
}
