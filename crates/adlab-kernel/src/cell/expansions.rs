//! What a macro gives, as far as its text tells: items, statements, or a value.
//!
//! An arm's text becomes a sample of what it gives: each variable by something of its kind, each repetition once. The
//! sample is then read as any Rust is.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};

/// What a call stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gives {
    Items,
    /// It has no value, not even as a cell's last expression.
    Statements,
    Value,
}

/// What stands between the brackets of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    words: Vec<String>,
    pub begin_as_item: bool,
}

impl Arguments {
    pub fn read(tree: &SyntaxNode) -> Self {
        let tokens = inside(tree);
        Arguments {
            begin_as_item: begins_as_item(&tokens),
            words: tokens.iter().map(|token| token.text().to_owned()).collect(),
        }
    }
}

/// Macros of the standard library's that define.
const DEFINE: [&str; 2] = ["macro_rules", "thread_local"];

/// How far macros are followed that call each other.
const DEEPEST: usize = 8;

/// What all arms of a macro give that may be meant; nothing where that differs, or can't be told. `macros` has the text of
/// a macro that the notebook defines.
pub fn gives(
    text: &str,
    call: Option<&Arguments>,
    macros: &impl Fn(&str) -> Option<String>,
    depth: usize,
) -> Option<Gives> {
    let file = SourceFile::parse(text, Edition::Edition2024).syntax_node();
    let rules = file.descendants().find_map(ast::MacroRules::cast)?.token_tree()?;
    // (pattern) => {what it gives}; (pattern) => …
    let trees: Vec<Vec<SyntaxToken>> =
        rules.syntax().children().filter_map(ast::TokenTree::cast).map(|tree| inside(tree.syntax())).collect();
    let arms: Vec<&[Vec<SyntaxToken>]> = trees.chunks_exact(2).collect();
    let meant: Vec<_> = arms.iter().filter(|arm| call.is_some_and(|call| may_match(&arm[0], &call.words))).collect();
    let meant = if meant.is_empty() { arms.iter().collect() } else { meant };
    // Of several, the one that gives nothing is the end of one that calls itself.
    let telling = meant.into_iter().filter(|arm| arms.len() == 1 || !arm[1].is_empty());
    let mut given = telling.map(|arm| of_arm(&arm[0], &arm[1], call, macros, depth));
    let first = given.next()?;
    given.all(|other| other == first).then_some(first)
}

fn of_arm(
    pattern: &[SyntaxToken],
    body: &[SyntaxToken],
    call: Option<&Arguments>,
    macros: &impl Fn(&str) -> Option<String>,
    depth: usize,
) -> Gives {
    let sample = sample(body, pattern, call);
    let defines = |call: ast::MacroCall| {
        let name = call.path().and_then(|path| path.segment()?.name_ref()).map(|name| name.text().to_string());
        name.is_some_and(|name| match macros(&name) {
            // One that calls itself: what else it gives has told.
            Some(_) if depth >= DEEPEST => true,
            Some(inner) => gives(&inner, None, macros, depth + 1) == Some(Gives::Items),
            None => DEFINE.contains(&name.as_str()),
        })
    };
    let is_item = |node: SyntaxNode| match ast::Item::cast(node) {
        Some(ast::Item::MacroCall(call)) => defines(call),
        other => other.is_some(),
    };
    let mut parts = SourceFile::parse(&sample, Edition::Edition2024).syntax_node().children();
    if !sample.trim().is_empty() && parts.all(is_item) {
        return Gives::Items;
    }
    let statements = SourceFile::parse(&format!("fn f() {{ {sample} }}"), Edition::Edition2024).syntax_node();
    let last = statements.descendants().find_map(ast::StmtList::cast).and_then(|list| list.tail_expr());
    if last.is_some() { Gives::Value } else { Gives::Statements }
}

/// What an arm gives, with something in the place of its variables.
fn sample(body: &[SyntaxToken], pattern: &[SyntaxToken], call: Option<&Arguments>) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(token) = body.get(at) {
        let next = body.get(at + 1).map(SyntaxToken::kind);
        match (token.kind(), next) {
            (SyntaxKind::DOLLAR, Some(SyntaxKind::L_PAREN)) => {
                let end = at + 1 + closing(&body[at + 1..]);
                text += &sample(&body[at + 2..end.min(body.len())], pattern, call);
                let is_operator = |kind| matches!(kind, SyntaxKind::STAR | SyntaxKind::PLUS | SyntaxKind::QUESTION);
                // A sign may stand between what is repeated.
                let has_operator = body.get(end + 1).is_some_and(|token| is_operator(token.kind()));
                at = end + if has_operator { 2 } else { 3 };
            }
            (SyntaxKind::DOLLAR, Some(_)) => {
                text += &format!(" {} ", instead_of(body[at + 1].text(), pattern, call));
                at += 2;
            }
            _ => {
                text += token.text();
                // As it was written: signs of two characters are two tokens here.
                let is_apart =
                    body.get(at + 1).is_some_and(|next| next.text_range().start() != token.text_range().end());
                text += if is_apart { " " } else { "" };
                at += 1;
            }
        }
    }
    text
}

/// Where the bracket is closed with which this text begins.
fn closing(tokens: &[SyntaxToken]) -> usize {
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        match token.kind() {
            SyntaxKind::L_PAREN => depth += 1,
            SyntaxKind::R_PAREN => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.unwrap_or(tokens.len())
}

/// Something of a variable's kind.
fn instead_of(name: &str, pattern: &[SyntaxToken], call: Option<&Arguments>) -> &'static str {
    let of = pattern.windows(4).find(|four| {
        four[0].kind() == SyntaxKind::DOLLAR && four[1].text() == name && four[2].kind() == SyntaxKind::COLON
    });
    match of.map_or("", |four| four[3].text()) {
        "item" => "struct X;",
        // What it is given: of a call, that can be seen.
        "tt" if call.is_some_and(|call| call.begin_as_item) => "struct X;",
        "vis" => "",
        "block" => "{}",
        "expr" | "literal" => "0",
        "stmt" => "0;",
        "lifetime" => "'a",
        _ => "x",
    }
}

/// The words before a pattern's first variable are the call's.
fn may_match(pattern: &[SyntaxToken], words: &[String]) -> bool {
    let fixed = pattern.iter().take_while(|token| token.kind() != SyntaxKind::DOLLAR);
    let count = fixed.clone().count();
    words.len() >= count
        && (count < pattern.len() || words.len() == count)
        && fixed.zip(words).all(|(token, word)| token.text() == word)
}

/// What stands between the brackets.
fn inside(tree: &SyntaxNode) -> Vec<SyntaxToken> {
    let tokens = tree.descendants_with_tokens().filter_map(|element| element.into_token());
    let tokens: Vec<_> = tokens.filter(|token| !token.kind().is_trivia()).collect();
    tokens.get(1..tokens.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// Of another's macro: it may have signs of its own further on (`static ref X`), so that only the beginning tells.
fn begins_as_item(tokens: &[SyntaxToken]) -> bool {
    const ITEMS: [&str; 13] =
        ["pub", "struct", "enum", "union", "fn", "impl", "trait", "type", "static", "const", "mod", "use", "extern"];
    let mut words = tokens.iter().map(SyntaxToken::text);
    let mut first = words.next();
    while first == Some("#") {
        // An attribute: to the end of its brackets.
        let mut depth = 0;
        let _ = words.find(|word| {
            depth += usize::from(*word == "[");
            depth -= usize::from(*word == "]" && depth > 0);
            depth == 0
        });
        first = words.next();
    }
    if first == Some("unsafe") {
        first = words.next();
    }
    // `const { … }` is an expression.
    first.is_some_and(|word| ITEMS.contains(&word)) && words.next() != Some("{")
}
