//! Whether a cell can run as it stands: a console asks before it starts a new line.

use ra_ap_syntax::{Edition, SourceFile};

use super::brackets::{self, Flaw};
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
    match brackets::flaw(code) {
        Some(Flaw::Open(brackets)) => Completeness::Incomplete { indent: "    ".repeat(brackets.len()) },
        Some(Flaw::Text(..) | Flaw::Comment(_)) => Completeness::Incomplete { indent: String::new() },
        Some(Flaw::Stray(_) | Flaw::Crossed(..)) => Completeness::Invalid,
        None => {
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
