//! How deep brackets may stand in each other, and how long an expression may be: what reads a cell calls itself for each level
//! and each sign, and so does the compiler.

/// The compiler overflows its stack somewhere beyond.
const DEEPEST: usize = 1000;

/// Of signs such as `+`, `.` and `-` in one expression; what finds types takes minutes beyond.
const LONGEST: usize = 4000;
const SIGNS: &str = "+-*/%^!&|<>=.?";

/// For threads that parse cells. Only what is used of it takes memory.
pub const DEEP_STACK: usize = 256 << 20;

/// Why nobody is to parse a cell. Brackets in strings count as well, which does no harm.
pub fn is_too_much(code: &str) -> Option<String> {
    if has_deep_brackets(code) {
        return Some(format!("brackets stand more than {DEEPEST} deep in each other"));
    }
    // Most cells have not so many signs at all.
    let may_be_long = code.chars().filter(|c| SIGNS.contains(*c)).nth(LONGEST).is_some();
    (may_be_long && longest(code) > LONGEST).then(|| format!("an expression has more than {LONGEST} signs"))
}

pub fn is_too_deep(code: &str) -> bool {
    is_too_much(code).is_some()
}

fn has_deep_brackets(code: &str) -> bool {
    let steps = code.bytes().map(|byte| match byte {
        b'(' | b'[' | b'{' => 1,
        b')' | b']' | b'}' => -1,
        _ => 0,
    });
    let depths = steps.scan(0_i64, |depth, step| {
        *depth = (*depth + step).max(0);
        Some(*depth)
    });
    depths.max().unwrap_or(0) as usize > DEEPEST
}

/// The most signs between two commas, semicolons or braces, in what is neither text nor a comment.
fn longest(code: &str) -> usize {
    let (mut longest, mut count, mut rest) = (0, 0, code);
    while let Some(c) = rest.chars().next() {
        let end = |from: &str, mark: &str| from.find(mark).map_or(from.len(), |at| at + mark.len());
        let taken = match c {
            '/' if rest.starts_with("//") => end(rest, "\n"),
            '/' if rest.starts_with("/*") => end(rest, "*/"),
            '"' => 1 + text_end(&rest[1..]),
            c => {
                count = if ",;{}".contains(c) { 0 } else { count + usize::from(SIGNS.contains(c)) };
                longest = longest.max(count);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    longest
}

/// Behind the quote that ends a text.
fn text_end(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_parse_is_told() {
        let many = |text: &str| text.repeat(LONGEST + 1);
        for code in [
            format!("let x = {}1;", many("-")),
            format!("let x = 1.0{};", many(" + x")),
            format!("let x = y{};", many(".abs()")),
            format!("fn f(x: {}f64) {{}}", many("&")),
            format!("{}1", many("|x| ")),
            "(".repeat(DEEPEST + 1),
        ] {
            assert!(is_too_much(&code).is_some(), "{}", &code[..20]);
        }
        for code in [
            format!("// {}\nlet x = 1;", many("-")),
            format!("/* {} */ let s = \"\\\"{}\";", many("="), many(".")),
            format!("let x = [{}];", many("-1.0, ")),
            many("x += y.abs();\n"),
        ] {
            assert_eq!(is_too_much(&code), None, "{}", &code[..20]);
        }
    }
}
