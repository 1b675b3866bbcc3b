//! What is different in a notebook: cells, values that are kept, crates.

use super::rule::{Advice, Case, Rule};
use crate::assumptions::BORROWS;

pub const RULES: &[Rule] = &[
    Rule { name: "a reference is kept", says: borrows },
    Rule { name: "return", says: returns },
    Rule { name: "? on an Option", says: question_mark },
    Rule { name: "? on an error of no kind", says: error_of_no_kind },
    Rule { name: "name?", says: documentation },
    Rule { name: "a crate is missing", says: crate_is_missing },
    Rule { name: "the type of a variable", says: unknown_type },
    Rule { name: "an impl that is gone", says: former_impl },
];

fn borrows(case: &Case) -> Option<Advice> {
    let name = case.quoted(0);
    let message =
        format!("the variable `{name}` borrows from another one, and a reference can't be kept for later cells");
    case.message().contains(BORROWS).then(|| {
        Advice::notebook(
            "keep a value of its own, with `.clone()`, `.to_vec()`, `.collect::<Vec<_>>()` or `*`; or put the lines that use \
             it in braces { … }",
        )
        .message(message)
        .enough()
    })
}

/// `return x;` outside of a function.
fn returns(case: &Case) -> Option<Advice> {
    let label = case.primary()?;
    let (before, after) = case.around();
    let bare = case.marked() == "return";
    let word = before.trim_end().strip_suffix("return").map(str::len).or(bare.then_some(label.range.start));
    // What rustc expects there is text of the kernel's, so the label has none left.
    let is_cells = (label.text.is_empty() || case.is(&["E0069"])) && !case.is_in_an_item();
    if !case.is(&["E0308", "E0069"]) || !is_cells {
        return None;
    }
    let word = word?;
    let advice = Advice::notebook("a cell is no function: the value of its last expression, without `;`, is shown");
    let advice = advice.message("a cell can't return").enough();
    if bare {
        return Some(advice);
    }
    let advice = advice.edit(word..label.range.start, "");
    let semicolon = after.find(';').filter(|at| after[..*at].trim().is_empty() && after[at + 1..].trim().is_empty());
    Some(match semicolon.map(|at| label.range.end + at) {
        Some(at) => advice.edit(at..at + 1, ""),
        None => advice,
    })
}

fn question_mark(case: &Case) -> Option<Advice> {
    let of_option = case.message().starts_with("the `?` operator can only be used on `Result`s, not `Option`s");
    if !of_option || case.is_in_an_item() {
        return None;
    }
    let advice = Advice::notebook(
        "`.unwrap()` gives what the `Option` holds, and panics where there is nothing; `.ok_or(\"…\")?` gives an error of \
         your own words",
    );
    Some(advice.message("in a cell, `?` is for a `Result`, and this is an `Option`").enough())
}

/// What a cell's `?` meets is shown, so it must be an error.
fn error_of_no_kind(case: &Case) -> Option<Advice> {
    let is_it = case.message().starts_with("`?` couldn't convert the error");
    let is_it = is_it && ["Evcxr", "Display"].iter().any(|word| case.message().contains(word));
    (is_it && !case.is_in_an_item()).then(|| {
        let advice =
            Advice::notebook("`.unwrap()` panics with it; or make it an error: `.map_err(|e| format!(\"{e:?}\"))?`");
        advice.message("in a cell, `?` is for errors that can be shown, and this can't").enough()
    })
}

/// `name?` shows documentation in Python's notebooks.
fn documentation(case: &Case) -> Option<Advice> {
    let is_it = case.message().starts_with("the `?` operator can only be applied to values that implement");
    let name = case.cell.code.trim().strip_suffix('?').filter(|name| is_it && super::operands::is_name(name))?;
    Some(Advice::notebook(format!("`?{name}` shows the documentation of `{name}`")))
}

fn crate_is_missing(case: &Case) -> Option<Advice> {
    let says = case.says("crate") || case.message().starts_with("unresolved import");
    let name = case.quoted(0).split("::").next().unwrap_or_default();
    let is_crate = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    // What rustc knows to be in the standard library is no crate.
    let is_known = case.diagnostic.notes.iter().any(|note| note.text.contains("importing"));
    let is_there =
        is_known || ["std", "core", "alloc", "self", "super", "crate", "adlab", "adlab_notebook"].contains(&name);
    if !case.is(&["E0432", "E0433", "E0463"]) || !says || !is_crate || is_there {
        return None;
    }
    Some(Advice::notebook(format!(
        "if `{name}` is a crate that is not there yet, a line `:dep {name} = \"version\"` above adds it"
    )))
}

fn unknown_type(case: &Case) -> Option<Advice> {
    if !case.is(&["E0282", "E0283", "E0284"]) || case.is_in_an_item() {
        return None;
    }
    let (_, line) = case.line();
    let closure = case.cell.closures().into_iter().find(|name| line.contains(&format!("let {name} = ")));
    if let Some(name) = closure.filter(|_| line.contains('|')) {
        let hint =
            format!("make it a function, `fn {name}(x: f64) -> f64 {{ … }}`: a closure can't be kept for later cells");
        return Some(Advice::notebook(hint).enough());
    }
    let name = line.trim_start().strip_prefix("let ")?.trim_start_matches("mut ");
    // What is marked is the variable, and not what its value is made with.
    let name = name
        .split([':', ' ', '='])
        .next()
        .filter(|name| case.marked().ends_with(*name) && case.cell.variables.iter().any(|own| own == name))?;
    // As far as rustc knows it.
    let known = case.message().strip_prefix("type annotations needed for `").and_then(|ty| ty.strip_suffix('`'));
    let ty = known.map_or("Vec<f64>".to_owned(), |ty| ty.replace('_', "f64"));
    let mutable = if line.contains("let mut ") { "mut " } else { "" };
    Some(Advice::notebook(format!(
        "a variable's type must be known in its own cell; write it: `let {mutable}{name}: {ty} = …;`"
    )))
}

/// An operator or a method is missing which a cell had for the type.
fn former_impl(case: &Case) -> Option<Advice> {
    if !case.is(&["E0369", "E0277", "E0599", "E0600", "E0368", "E0614"]) {
        return None;
    }
    let message = case.message();
    let words = message.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty()).find_map(|ty| case.scope.definitions.former_impl(ty)).map(Advice::notebook)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, check, sample};
    use super::*;
    use crate::cell::Cell;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let mut scope = Scope::default();
        let cell = |code: &str, number| Cell::read(code, Some("c"), number).unwrap();
        let old = cell("struct D; impl std::ops::Add for D {}", 3);
        let plan = scope.definitions.plan(&old);
        scope.definitions.commit(&plan, &Default::default(), 3);
        let new = cell("struct D;", 4);
        let plan = scope.definitions.plan(&new);
        scope.definitions.commit(&plan, &plan.removed, 4);
        let mismatch = |cell| sample("E0308", "mismatched types", cell);
        let option =
            "the `?` operator can only be used on `Result`s, not `Option`s, in a closure that returns `Result`";
        let pairs = [
            (
                sample("", "The variable `r` contains a reference with a non-static lifetime so", "let «r» = &v;"),
                ".to_vec()",
            ),
            (mismatch("let x = 1;\nreturn «x»;"), "→ let x = 1;\nx"),
            (mismatch("return «5»"), "a cell can't return"),
            (sample("E0069", "`return;` in a function whose return type is not `()`", "«return»;"), "can't return"),
            (sample("E0277", option, "v.first()«?»"), "`.unwrap()` gives"),
            (
                sample("E0277", "`?` couldn't convert the error: `My: std::fmt::Display` is not satisfied", "g()«?»"),
                "for errors that can be shown",
            ),
            (
                sample("E0277", "the `?` operator can only be applied to values that implement `Try`", "«plot?»"),
                "`?plot` shows the documentation",
            ),
            (sample("E0432", "unresolved import `rand`", "use «rand»::Rng;"), "`:dep rand = \"version\"`"),
            (
                sample("E0282", "type annotations needed for `Vec<_>`", "let mut «v» = vec![];"),
                "`let mut v: Vec<f64> = …;`",
            ),
            (
                sample("E0284", "type annotations needed", "let model = |«x»| x * 2.0;"),
                "`fn model(x: f64) -> f64 { … }`",
            ),
            (sample("E0369", "cannot add `D` to `D`", "D «+» D"), "cell [3] defined `impl std::ops::Add for D`"),
        ];
        let silent = [
            sample("E0277", option, "fn f() -> Result<i32, String> { v.first()«?» }"),
            sample("E0432", "unresolved import `std::nothing`", "use std::«nothing»;"),
            sample("E0433", "cannot find type `Foo` in this scope", "«Foo»::new()"),
            sample("E0282", "type annotations needed", "«None»"),
            sample("E0283", "type annotations needed", "let d = v.iter().«sum»();"),
            sample("E0369", "cannot add `P` to `P`", "P «+» P"),
            Sample { label: "expected `f64`, found integer", ..mismatch("|x: f64| -> f64 { return «5»; }") },
            mismatch("fn f() -> f64 { return «5»; }"),
        ];
        check(RULES, &pairs, &silent, &scope);
    }
}
