//! What a macro gives, as far as its text tells: items, statements, or a value.

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
        let tokens = tokens(tree);
        Arguments {
            begin_as_item: begins_as_item(&tokens),
            words: tokens.iter().map(|token| token.text().to_owned()).collect(),
        }
    }
}

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

/// What all arms of a macro give that may be meant; nothing where that differs, or can't be told.
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
        rules.syntax().children().filter_map(ast::TokenTree::cast).map(|tree| tokens(tree.syntax())).collect();
    let arms: Vec<&[Vec<SyntaxToken>]> = trees.chunks_exact(2).collect();
    let meant: Vec<_> = arms.iter().filter(|arm| call.is_some_and(|call| may_match(&arm[0], &call.words))).collect();
    let meant = if meant.is_empty() { arms.iter().collect() } else { meant };
    let mut all = None;
    for arm in meant {
        let body = &arm[1];
        let given = if body.is_empty() {
            // By its end: for one that calls itself, the arm that says what it gives is another.
            if arms.len() > 1 { continue } else { Gives::Statements }
        } else if are_items(body, &arm[0], call, macros, depth) {
            Gives::Items
        } else if ends_as_statement(body) {
            Gives::Statements
        } else {
            Gives::Value
        };
        if all.is_some_and(|all| all != given) {
            return None;
        }
        all = Some(given);
    }
    all
}

/// The words before a pattern's first variable are the call's.
fn may_match(pattern: &[SyntaxToken], words: &[String]) -> bool {
    let fixed = pattern.iter().take_while(|token| token.kind() != SyntaxKind::DOLLAR);
    let count = fixed.clone().count();
    words.len() >= count
        && (count < pattern.len() || words.len() == count)
        && fixed.zip(words).all(|(token, word)| token.text() == word)
}

/// Whether an arm gives items from its beginning to its end.
fn are_items(
    body: &[SyntaxToken],
    pattern: &[SyntaxToken],
    call: Option<&Arguments>,
    macros: &impl Fn(&str) -> Option<String>,
    depth: usize,
) -> bool {
    let kind = |at: usize| body.get(at).map(SyntaxToken::kind);
    // The brackets around a place; those of a repetition are as if they were not there.
    let mut around = Vec::new();
    let (mut is_between, mut ends_with_brace) = (true, true);
    let mut at = 0;
    while let Some(token) = body.get(at) {
        let is_top = around.iter().all(|is_repetition| *is_repetition);
        if is_top && is_between {
            let rest = &body[at..];
            let first = significant(rest);
            let is_given = match fragment(first, pattern) {
                Some("item") => true,
                // What it is given: of a call, that can be seen.
                Some("tt") => call.is_some_and(|call| call.begin_as_item),
                _ => false,
            };
            if is_given {
                at += rest.len() - first.len() + 2;
                continue;
            }
            match token.kind() {
                SyntaxKind::R_PAREN => {
                    around.pop();
                    at += 1;
                    continue;
                }
                SyntaxKind::DOLLAR if kind(at + 1) == Some(SyntaxKind::L_PAREN) && !begins_as_item(rest) => {
                    around.push(true);
                    at += 2;
                    continue;
                }
                SyntaxKind::STAR | SyntaxKind::PLUS | SyntaxKind::QUESTION | SyntaxKind::SEMICOLON => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let is_call =
                first.first().is_some_and(is_name) && first.get(1).is_some_and(|t| t.kind() == SyntaxKind::BANG);
            if is_call {
                let name = first[0].text();
                let gives_items = match macros(name) {
                    // One that calls itself: what stood before has told.
                    Some(_) if depth >= 8 => at > 0,
                    Some(inner) => gives(&inner, None, macros, depth + 1) == Some(Gives::Items),
                    None => DEFINE.contains(&name),
                };
                if !gives_items {
                    return false;
                }
            } else if !begins_as_item(rest) {
                return false;
            }
            is_between = false;
            ends_with_brace = !first
                .iter()
                .find(|token| is_item_word(token) && token.kind() != SyntaxKind::PUB_KW)
                .is_some_and(|word| {
                    use SyntaxKind::{CONST_KW, STATIC_KW, TYPE_KW, USE_KW};
                    matches!(word.kind(), CONST_KW | STATIC_KW | TYPE_KW | USE_KW)
                        && !first.iter().take(4).any(|t| t.kind() == SyntaxKind::FN_KW)
                });
        }
        match token.kind() {
            SyntaxKind::L_PAREN => around.push(at > 0 && kind(at - 1) == Some(SyntaxKind::DOLLAR)),
            SyntaxKind::L_BRACK | SyntaxKind::L_CURLY => around.push(false),
            SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY => {
                around.pop();
            }
            _ => {}
        }
        let is_top = around.iter().all(|is_repetition| *is_repetition);
        is_between |=
            is_top && (token.kind() == SyntaxKind::SEMICOLON || ends_with_brace && token.kind() == SyntaxKind::R_CURLY);
        at += 1;
    }
    true
}

/// Macros of the standard library's that define.
const DEFINE: [&str; 2] = ["macro_rules", "thread_local"];

/// What a pattern says of the variable with which a text begins.
fn fragment<'a>(text: &[SyntaxToken], pattern: &'a [SyntaxToken]) -> Option<&'a str> {
    let name = text.get(1).filter(|_| text[0].kind() == SyntaxKind::DOLLAR)?;
    let of = pattern.windows(4).find(|four| {
        four[0].kind() == SyntaxKind::DOLLAR && four[1].text() == name.text() && four[2].kind() == SyntaxKind::COLON
    })?;
    Some(of[3].text())
}

/// `…;`, also at the end of a repetition.
fn ends_as_statement(body: &[SyntaxToken]) -> bool {
    let mut rest = body.iter().rev().skip_while(|token| {
        matches!(token.kind(), SyntaxKind::STAR | SyntaxKind::PLUS | SyntaxKind::QUESTION | SyntaxKind::R_PAREN)
    });
    rest.next().is_some_and(|token| token.kind() == SyntaxKind::SEMICOLON)
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
