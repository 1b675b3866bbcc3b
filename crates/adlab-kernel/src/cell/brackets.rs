//! Brackets, texts and comments that are open at the end of a cell, or were never opened.

use std::ops::Range;

use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxToken, TextRange, ast::AstNode};

/// What is wrong first. Ranges are bytes of the cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Flaw {
    /// Brackets that nothing closes; the outermost comes first.
    Open(Vec<Range<usize>>),
    /// A bracket that closes nothing.
    Stray(Range<usize>),
    /// A bracket, and another kind that stands where it should be closed.
    Crossed(Range<usize>, Range<usize>),
    /// A text without an end, and the first text that goes over a line's end, which may be the one that lacks its own.
    Text(Range<usize>, Option<Range<usize>>),
    Comment(Range<usize>),
}

/// Follows the brackets of the tokens; those in strings and comments don't count.
pub fn flaw(code: &str) -> Option<Flaw> {
    let tree = SourceFile::parse(code, Edition::Edition2024).tree();
    let mut open: Vec<(SyntaxKind, Range<usize>)> = Vec::new();
    let mut long_text = None;
    let mut first = None;
    for token in tree.syntax().descendants_with_tokens().filter_map(|element| element.into_token()) {
        let range = bytes(token.text_range());
        let opener = match token.kind() {
            kind @ (SyntaxKind::L_CURLY | SyntaxKind::L_PAREN | SyntaxKind::L_BRACK) => {
                open.push((kind, range));
                continue;
            }
            SyntaxKind::R_CURLY => SyntaxKind::L_CURLY,
            SyntaxKind::R_PAREN => SyntaxKind::L_PAREN,
            SyntaxKind::R_BRACK => SyntaxKind::L_BRACK,
            _ if is_open_text(&token) => return Some(Flaw::Text(range.start..range.start + 1, long_text)),
            SyntaxKind::COMMENT if is_open_comment(token.text()) => {
                return Some(Flaw::Comment(range.start..range.start + 2));
            }
            SyntaxKind::STRING if token.text().contains('\n') => {
                long_text.get_or_insert(range.start..range.start + 1);
                continue;
            }
            _ => continue,
        };
        match open.pop() {
            Some((kind, _)) if kind == opener => {}
            Some((_, before)) => drop(first.get_or_insert(Flaw::Crossed(before, range))),
            None => drop(first.get_or_insert(Flaw::Stray(range))),
        }
    }
    first.or_else(|| (!open.is_empty()).then(|| Flaw::Open(open.into_iter().map(|(_, range)| range).collect())))
}

fn bytes(range: TextRange) -> Range<usize> {
    range.start().into()..range.end().into()
}

/// A text that the cell's end has cut off.
fn is_open_text(token: &SyntaxToken) -> bool {
    let text = token.text();
    match token.kind() {
        SyntaxKind::STRING | SyntaxKind::BYTE_STRING | SyntaxKind::C_STRING => {
            let body = text.trim_start_matches(['b', 'c']);
            // A word that follows at once is its suffix.
            let body = body.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
            if body.starts_with('r') { !is_closed_raw(body) } else { !is_closed(body) }
        }
        _ => false,
    }
}

fn is_closed_raw(text: &str) -> bool {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    text.len() > 1 + hashes + end.len() && text.ends_with(&end)
}

/// The quote at the end is no escaped one.
fn is_closed(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.is_some_and(|inner| (inner.len() - inner.trim_end_matches('\\').len()) % 2 == 0)
}

/// Comments may stand in each other.
fn is_open_comment(text: &str) -> bool {
    text.starts_with("/*") && {
        let (mut depth, mut rest) = (0_usize, text);
        while let Some(at) = rest.find(['/', '*']) {
            rest = &rest[at..];
            let step = match rest.as_bytes() {
                [b'/', b'*', ..] => 1,
                [b'*', b'/', ..] => -1,
                _ => 0,
            };
            depth = depth.saturating_add_signed(step);
            rest = &rest[if step == 0 { 1 } else { 2 }..];
        }
        depth > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_or_stray_is_found() {
        assert_eq!(flaw("fn f() { if x { g([1, \"}\"]) /* { */ } } '{'; // ("), None);
        assert_eq!(flaw("let s = \"a\\\\\"; let t = r#\"\"{\"#; b\"(\"; c\"[\"; /* a /* b */ c */ '\\'';"), None);
        assert_eq!(flaw("fn f() {\n  g(1"), Some(Flaw::Open(vec![7..8, 12..13])));
        assert_eq!(flaw("f(1))"), Some(Flaw::Stray(4..5)));
        assert_eq!(flaw("}"), Some(Flaw::Stray(0..1)));
        assert_eq!(flaw("{ (1.0; }"), Some(Flaw::Crossed(2..3, 8..9)));
        assert_eq!(flaw("ε \"abc"), Some(Flaw::Text(3..4, None)));
        assert_eq!(flaw("f(\"a);\ng(\"b\");"), Some(Flaw::Text(11..12, Some(2..3))));
        assert_eq!(flaw("\"abc\\\""), Some(Flaw::Text(0..1, None)));
        assert_eq!(flaw("r#\"abc\""), Some(Flaw::Text(0..1, None)));
        assert_eq!(flaw("1 /* a /* b */"), Some(Flaw::Comment(2..4)));
    }
}
