//! The words around an operator, in a text that may be no Rust.

/// A word of the kind that names things.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

pub fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '_') && !text.starts_with('_')
}

/// The operand that ends a text: a number, a name with what it is called with, something in brackets. Its byte and itself.
pub fn operand_before(text: &str) -> (usize, &str) {
    let trimmed = text.trim_end();
    let (mut depth, mut start) = (0_i32, trimmed.len());
    for (at, c) in trimmed.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c if c.is_alphanumeric() || matches!(c, '_' | '.' | ':') => {}
            _ => break,
        }
        start = at;
    }
    (start, &trimmed[start..])
}

/// The operand that begins a text, with the byte at which it ends.
pub fn operand_after(text: &str) -> (usize, &str) {
    let begin = text.len() - text.trim_start().len();
    let mut depth = 0_i32;
    let mut end = begin;
    for (at, c) in text[begin..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '-' | '&' if at == 0 => {}
            c if c.is_alphanumeric() || matches!(c, '_' | ':') => {}
            '.' if !text[begin + at..].starts_with("..") => {}
            _ => break,
        }
        end = begin + at + c.len_utf8();
    }
    (end, &text[begin..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_found() {
        assert_eq!(operand_before("let y = 3.0 + f(x, 1).abs() "), (14, "f(x, 1).abs()"));
        assert_eq!(operand_before("(x + 1)"), (0, "(x + 1)"));
        assert_eq!(operand_after(" 2.5 * x"), (4, "2.5"));
        assert_eq!(operand_after(" f(a b)[0].c, d"), (12, "f(a b)[0].c"));
        assert_eq!(operand_after("0..3"), (1, "0"));
        assert!(is_name("x_1") && !is_name("1x") && is_integer("1_000") && !is_integer("1.0"));
    }
}
