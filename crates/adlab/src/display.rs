//! How numbers with derivatives are written: `2.5 + 5.07ε`.

use std::fmt::{Display, Formatter, Result};

/// The first number of a sum, with as many decimals as the format asks for.
pub fn first(f: &mut Formatter<'_>, number: &dyn Display) -> Result {
    let text = text(f, number);
    if is_sum(&text) { write!(f, "({text})") } else { f.write_str(&text) }
}

/// A further one with its sign and its unit: ` - 3ε`.
pub fn term(f: &mut Formatter<'_>, number: &dyn Display, unit: &str) -> Result {
    let text = text(f, number);
    if is_sum(&text) {
        return write!(f, " + ({text}){unit}");
    }
    match text.strip_prefix('-') {
        // −0 only puzzles.
        Some("0") => write!(f, " + 0{unit}"),
        Some(size) => write!(f, " - {size}{unit}"),
        None => write!(f, " + {text}{unit}"),
    }
}

fn text(f: &Formatter<'_>, number: &dyn Display) -> String {
    match f.precision() {
        Some(decimals) => short(format!("{number:.decimals$}"), decimals, |x| format!("{x:.decimals$e}")),
        None => short(format!("{number}"), 0, |x| format!("{x:e}")),
    }
}

/// A number in full; in scientific form where that is a long row of zeros, as of 1e200.
pub fn in_full(x: f64) -> String {
    short(x.to_string(), 0, |x| format!("{x:e}"))
}

/// More digits than any f64 has, beside the decimals that were asked for, are zeros, or none that count.
fn short(text: String, decimals: usize, scientific: impl Fn(f64) -> String) -> String {
    match text.parse() {
        Ok(x) if text.len() > 24 + decimals => scientific(x),
        _ => text,
    }
}

/// True for a number that is itself written as a sum, and so wants brackets.
fn is_sum(text: &str) -> bool {
    text.contains(' ')
}

/// A number for a table: with at most so many decimals, or in scientific form where that would be all zeros, or long.
pub fn tabular(x: f64, decimals: usize) -> String {
    if x == 0.0 || !x.is_finite() || (1e-3..1e6).contains(&x.abs()) {
        format!("{x:.decimals$}")
    } else {
        format!("{x:.decimals$e}")
    }
}

/// A number in small digits: `ε₁₂`.
pub fn subscript(number: usize) -> String {
    number
        .to_string()
        .chars()
        .map(|digit| char::from_u32('₀' as u32 + digit as u32 - '0' as u32).unwrap_or(digit))
        .collect()
}

/// A number in raised digits: `t¹²`.
pub fn superscript(number: usize) -> String {
    let raised = |digit| match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        _ => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    number.to_string().chars().map(raised).collect()
}
