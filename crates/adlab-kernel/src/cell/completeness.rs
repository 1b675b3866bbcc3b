//! Whether a cell can run as it stands: a console asks before it starts a new line.

use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, ast::AstNode};

use super::commands;
use super::nesting::is_too_deep;

#[derive(Debug, PartialEq)]
pub enum Completeness {
    Complete,
    /// With the white space that the next line should start with.
    Incomplete {
        indent: String,
    },
    Invalid,
}

pub fn completeness(code: &str) -> Completeness {
    if commands::is_command(code.trim_start()) || code.trim_start().starts_with('?') {
        return Completeness::Complete;
    }
    if is_too_deep(code) {
        return Completeness::Invalid;
    }
    match open_brackets(code) {
        Brackets::Open(depth) => Completeness::Incomplete { indent: "    ".repeat(depth) },
        Brackets::Wrong => Completeness::Invalid,
        Brackets::Closed => {
            let parse = SourceFile::parse(&format!("fn f(){{{code}\n}}"), Edition::Edition2024);
            if parse.errors().is_empty() {
                Completeness::Complete
            } else if wants_more(code) {
                Completeness::Incomplete { indent: String::new() }
            } else {
                Completeness::Invalid
            }
        }
    }
}

enum Brackets {
    Closed,
    Open(usize),
    Wrong,
}

/// Follows the brackets of the tokens; those in strings and comments don't count.
fn open_brackets(code: &str) -> Brackets {
    let tree = SourceFile::parse(code, Edition::Edition2024).tree();
    let mut open = Vec::new();
    for token in tree.syntax().descendants_with_tokens().filter_map(|e| e.into_token()) {
        let opener = match token.kind() {
            kind @ (SyntaxKind::L_CURLY | SyntaxKind::L_PAREN | SyntaxKind::L_BRACK) => {
                open.push(kind);
                continue;
            }
            SyntaxKind::R_CURLY => SyntaxKind::L_CURLY,
            SyntaxKind::R_PAREN => SyntaxKind::L_PAREN,
            SyntaxKind::R_BRACK => SyntaxKind::L_BRACK,
            SyntaxKind::STRING if !is_closed_string(token.text()) => return Brackets::Open(0),
            SyntaxKind::COMMENT if token.text().starts_with("/*") && !token.text().ends_with("*/") => {
                return Brackets::Open(0);
            }
            _ => continue,
        };
        if open.pop() != Some(opener) {
            return Brackets::Wrong;
        }
    }
    match open.len() {
        0 => Brackets::Closed,
        depth => Brackets::Open(depth),
    }
}

fn is_closed_string(text: &str) -> bool {
    let hashes = text.trim_start_matches('r').chars().take_while(|c| *c == '#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    text.len() > end.len() + hashes && text.ends_with(&end)
}

/// The last line ends in the middle of an expression.
fn wants_more(code: &str) -> bool {
    let last = code.trim_end();
    ["=", "+", "-", "*", "/", "%", "&", "|", "^", "<", ",", ".", "::", "->", "=>"].iter().any(|end| last.ends_with(end))
        || last.ends_with(']') && last.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("#["))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_incomplete_invalid() {
        for code in [
            "let x = 1;",
            "x",
            "",
            "fn f() {}",
            "println!(\"{\");",
            "// {",
            ":vars",
            "!ls",
            "?f64::sin",
            "r#\"{\"#",
            "'{'",
        ] {
            assert_eq!(completeness(code), Completeness::Complete, "{code}");
        }
        for (code, depth) in [
            ("fn f() {", 1),
            ("fn f() {\n    if x {", 2),
            ("foo(", 1),
            ("[1, 2", 1),
            ("\"abc", 0),
            ("/* abc", 0),
            ("let x =", 0),
            ("1 +", 0),
            ("#[derive(Debug)]", 0),
        ] {
            assert_eq!(completeness(code), Completeness::Incomplete { indent: "    ".repeat(depth) }, "{code}");
        }
        let deep = "(".repeat(100_000);
        for code in [&deep, ")", "let = 3;", "fn f( }", "let x 1;"] {
            assert_eq!(completeness(code), Completeness::Invalid, "{code}");
        }
    }
}
