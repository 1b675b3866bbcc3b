//! Names that other languages have: functions, types, modules, words.

use super::operands::{is_integer, is_name, operand_after};
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "print(x)", says: print },
    Rule { name: "keyword arguments", says: keyword_argument },
    Rule { name: "range", says: range },
    Rule { name: "x = 3", says: without_let },
    Rule { name: "types of other languages", says: ty },
    Rule { name: "f64(3)", says: conversion },
    Rule { name: "words", says: word },
    Rule { name: "modules", says: module },
];

const MODULES: [(&[&str], &str); 6] = [
    (&["numpy", "np", "jax", "jnp"], "`tensor([1.0, 2.0])` makes an array, and `x.sin()`, `t.sum()`, … are methods"),
    (
        &["torch", "nn", "tensorflow", "tf", "autograd"],
        "`tensor(…)`, `Tensor`, `Sgd` and `Adam` are there without an import",
    ),
    (
        &["matplotlib", "plt", "pyplot", "seaborn", "sns"],
        "`plot(…)`, `scatter(…)`, `curves(…)` are there without an import",
    ),
    (&["math", "cmath"], "functions are methods of numbers, `x.sin()`, and constants are `std::f64::consts::PI`"),
    (&["random"], "`Uniform` and `Normal` are there without an import"),
    (&["time"], "`std::time::Instant::now()` starts a clock, and `.elapsed()` reads it"),
];

pub fn instead_of(module: &str) -> Option<&'static str> {
    let root = module.split(['.', ' ', ',']).next().unwrap_or_default();
    MODULES.iter().find(|(names, _)| names.contains(&root)).map(|(_, instead)| *instead)
}

/// `range(a, b)`, as Rust writes it.
pub fn interval(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix("range(")?.strip_suffix(')')?;
    let inner = match inner.strip_prefix("len(").and_then(|inner| inner.strip_suffix(')')) {
        Some(name) => format!("{name}.len()"),
        None => inner.to_owned(),
    };
    let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
    match parts.as_slice() {
        [end] => Some(format!("0..{end}")),
        [start, end] => Some(format!("{start}..{end}")),
        [start, end, step] if is_integer(step) => Some(format!("({start}..{end}).step_by({step})")),
        _ => None,
    }
}

fn print(case: &Case) -> Option<Advice> {
    let range = case.range().filter(|_| case.is(&["E0423"]) && case.marked() == "print")?;
    let (_, after) = case.around();
    let argument = after.strip_prefix('(')?.split(')').next()?;
    let advice = Advice::rust("`println!` prints a line: `println!(\"{x}\")`, `println!(\"{} {}\", a, b)`").enough();
    let open = range.end + 1;
    let length = argument.len();
    Some(match argument {
        text if text.starts_with('"') || text.is_empty() => advice.edit(range, "println!"),
        name if is_name(name) => advice.edit(range.start..open + length, format!("println!(\"{{{name}}}\"")),
        _ => advice.edit(range, "println!").edit(open..open, "\"{}\", "),
    })
}

/// `requires_grad=True` and its like.
fn keyword_argument(case: &Case) -> Option<Advice> {
    let name = case.marked();
    let (before, after) = case.around();
    let value = after.trim_start().strip_prefix('=').filter(|rest| !rest.starts_with('='))?;
    let in_brackets = before.trim_end().ends_with([',', '(']);
    if !case.is(&["E0425"]) || !in_brackets || !is_name(name) {
        return None;
    }
    let advice = Advice::rust("arguments have no names; what can be chosen is a method, as `.requires_grad()`");
    let advice = advice.message(format!("`{name}=…` is Python's")).explains_all();
    let turns_on = name == "requires_grad" && value.trim_start().starts_with("True");
    let end = after.find(')').filter(|_| turns_on);
    let start = before.trim_end().strip_suffix(',').map(str::len);
    Some(match (start, end) {
        (Some(start), Some(end)) => advice.edit(start..case.range()?.end + end + 1, ").requires_grad()"),
        _ => advice,
    })
}

fn range(case: &Case) -> Option<Advice> {
    let range = case.range().filter(|_| case.is(&["E0425"]) && case.marked() == "range")?;
    let (_, after) = case.around();
    let call = format!("range{}", &after[..operand_after(after).0]);
    let advice = Advice::rust("a range is written `0..3`: from 0, before 3").enough();
    Some(match interval(&call) {
        Some(interval) => advice.edit(range.start..range.start + call.len(), interval),
        None => advice,
    })
}

/// `x = 3` for a variable that is not there.
fn without_let(case: &Case) -> Option<Advice> {
    let name = case.marked();
    let (before, after) = case.around();
    let line_begins =
        before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty() || line.trim_end().ends_with(';'));
    let assigns = after.trim_start().strip_prefix('=').is_some_and(|rest| !rest.starts_with(['=', '>']));
    if !case.is(&["E0425"]) || !line_begins || !assigns || !is_name(name) || case.is_in_an_item() {
        return None;
    }
    let start = case.range()?.start;
    let advice = Advice::rust("a new variable begins with `let`").enough().edit(start..start, "let ");
    let line = after.lines().next().unwrap_or_default();
    let end = start + name.len() + line.trim_end().len();
    let is_ended = line.contains([';', '{', '(', '[']) || line.contains("//");
    Some(if is_ended { advice } else { advice.edit(end..end, ";") })
}

const TYPES: [(&str, &str); 7] = [
    ("int", "i32"),
    ("float", "f64"),
    ("double", "f64"),
    ("string", "String"),
    ("list", "Vec<f64>"),
    ("array", "[f64; 3]"),
    ("boolean", "bool"),
];

fn ty(case: &Case) -> Option<Advice> {
    let (_, instead) = TYPES.iter().find(|(name, _)| *name == case.marked())?;
    let is_it = case.is(&["E0425", "E0412"]) && case.message().starts_with("cannot find type");
    let range = case.range().filter(|_| is_it)?;
    let hint = "numbers are `f64`, whole ones `i32` or `usize`, texts `String` or `&str`, lists `Vec<f64>`";
    Some(Advice::rust(hint).enough().edit(range, *instead))
}

const WORDS: [(&str, &str, &str); 24] = [
    ("max", "", "the larger of two numbers is `a.max(b)`"),
    ("min", "", "the smaller of two numbers is `a.min(b)`"),
    ("mean", "", "the mean of `v` is `v.iter().sum::<f64>() / v.len() as f64`; of a tensor, `t.mean()`"),
    ("linspace", "", "ten steps from 0 to 1 are `(0..=10).map(|i| i as f64 / 10.0).collect::<Vec<_>>()`"),
    ("True", "true", "`true` and `false` are written small"),
    ("False", "false", "`true` and `false` are written small"),
    ("null", "None", "what may be missing is an `Option`: `Some(x)`, or `None`"),
    ("nil", "None", "what may be missing is an `Option`: `Some(x)`, or `None`"),
    ("pass", "", "an empty block is `{}`"),
    ("elif", "", "it is `else if … { … }`"),
    ("len", "", "the length of `v` is `v.len()`"),
    ("sum", "", "the sum of `v` is `v.iter().sum::<f64>()`; of a tensor, `t.sum()`"),
    ("str", "", "`x.to_string()` makes a text of a value"),
    ("int", "", "`x as i32` makes a whole number of a number, `text.parse::<i32>()` of a text"),
    ("float", "", "`n as f64` makes a number with a point of a whole one, `text.parse::<f64>()` of a text"),
    ("list", "", "`vec![1.0, 2.0]` is a vector; `.collect::<Vec<_>>()` makes one of an iterator"),
    ("dict", "", "a table of keys is `std::collections::HashMap`"),
    ("enumerate", "", "`for (i, x) in v.iter().enumerate() { … }`"),
    ("zip", "", "`for (a, b) in v.iter().zip(&w) { … }`"),
    ("sorted", "", "`v.sort()` sorts a vector; of numbers with a point, `v.sort_by(f64::total_cmp)`"),
    ("lambda", "", "a function without a name is written `|x| x * x`"),
    ("printf", "", "`println!(\"{x}\")` prints"),
    ("console", "", "`println!(\"{x}\")` prints"),
    ("System", "", "`println!(\"{x}\")` prints"),
];

fn conversion(case: &Case) -> Option<Advice> {
    let ty = case.marked();
    let is_it =
        case.is(&["E0423"]) && case.message().contains("builtin type") && ["f64", "i32", "usize", "f32"].contains(&ty);
    let range = case.range().filter(|_| is_it)?;
    let (_, after) = case.around();
    let (end, inner) = operand_after(after);
    let inner = inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).filter(|inner| !inner.is_empty());
    let advice = Advice::rust(format!("a number is made one of another kind by `n as {ty}`")).enough();
    let operand =
        |inner: &str| if is_name(inner) || is_integer(inner) { inner.to_owned() } else { format!("({inner})") };
    Some(match inner {
        Some(inner) => advice.edit(range.start..range.end + end, format!("{} as {ty}", operand(inner))),
        None => advice,
    })
}

fn word(case: &Case) -> Option<Advice> {
    let (_, instead, hint) = WORDS.iter().find(|(word, ..)| *word == case.marked())?;
    let range = case.range().filter(|_| case.is(&["E0425", "E0433", "E0423", "E0412", "E0573"]))?;
    // A value of this name may be the student's own, in a cell that has not run: then it is not called.
    let (_, after) = case.around();
    let is_function = instead.is_empty() && !["pass", "elif", "lambda", "console", "System"].contains(&case.marked());
    if is_function && !after.starts_with('(') {
        return None;
    }
    let advice = Advice::rust(*hint).enough();
    Some(if instead.is_empty() { advice } else { advice.edit(range, *instead) })
}

/// `np.sin(x)`
fn module(case: &Case) -> Option<Advice> {
    let (_, after) = case.around();
    let is_used = after.trim_start().starts_with(['.', ':']);
    let instead = instead_of(case.marked()).filter(|_| is_used && case.is(&["E0425", "E0433"]))?;
    let name = case.marked();
    Some(Advice::rust(instead).message(format!("there is no module `{name}`")).enough())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let value = "cannot find value `x` in this scope";
        let pairs = [
            (sample("E0423", "expected function, found macro `print`", "«print»(x)"), "→ println!(\"{x}\")"),
            (sample("E0423", "expected function, found macro `print`", "«print»(\"a\")"), "→ println!(\"a\")"),
            (sample("E0425", value, "tensor(0.5, «requires_grad»=True)"), "→ tensor(0.5).requires_grad()"),
            (sample("E0425", value, "plot(x, «color»=1)"), "arguments have no names"),
            (sample("E0425", value, "for i in «range»(3) { }"), "→ for i in 0..3 { }"),
            (sample("E0425", value, "«x» = 3;"), "→ let x = 3;"),
            (sample("E0425", value, "«x» = 3"), "→ let x = 3;"),
            (sample("E0425", "cannot find type `float` in this scope", "fn f(x: «float») {}"), "→ fn f(x: f64) {}"),
            (sample("E0425", value, "let b = «True»;"), "→ let b = true;"),
            (
                sample("E0423", "expected function, found builtin type `f64`", "let x = «f64»(3);"),
                "→ let x = 3 as f64;",
            ),
            (sample("E0425", value, "«len»(v)"), "`v.len()`"),
            (sample("E0425", value, "«np».sin(x)"), "there is no module `np`"),
        ];
        let silent = [
            sample("E0425", value, "«x» == 3"),
            sample("E0425", value, "«len» + 1"),
            sample("E0425", value, "let y = «x»;"),
            sample("E0425", value, "«time» + 1"),
        ];
        check(RULES, &pairs, &silent, &Scope::default());
    }
}
