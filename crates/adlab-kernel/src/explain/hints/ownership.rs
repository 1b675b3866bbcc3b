//! Values that are moved away, and variables that can't be changed.

use super::operands::{is_name, operand_after, operand_before};
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "a tensor moved by an operator", says: moved_by_an_operator },
    Rule { name: "an operand moved in a loop", says: moved_as_an_operand },
    Rule { name: "a variable moved", says: moved },
    Rule { name: "a closure that outlives its cell", says: outlives },
    Rule { name: "not mutable, made here", says: made_here },
    Rule { name: "not mutable, from an earlier cell", says: not_mutable },
];

/// `x * x` in a loop, where each round needs `x` again.
fn moved_as_an_operand(case: &Case) -> Option<Advice> {
    let name = case.quoted(0);
    let label =
        |words: &str| case.diagnostic.labels.iter().find(|label| label.text.starts_with(words) && label.source.current);
    let place = label("value moved here").or(case.primary()).filter(|_| case.is(&["E0382"]))?;
    let (before, after) = (&case.cell.code[..place.range.start], &case.cell.code[place.range.end..]);
    let operator = |c: char| "+-*/".contains(c);
    let is_operand = before.trim_end().ends_with(operator) || after.trim_start().starts_with(operator);
    let is_plain = case.cell.code[place.range.clone()] == *name && !after.trim_start().starts_with("//");
    let hint = format!("an operator takes its operands; `&{name}` lends it, and keeps `{name}`");
    (is_operand && is_plain).then(|| Advice::rust(hint).enough().edit(place.range.start..place.range.start, "&"))
}

/// `t * t`, where `&t * &t` keeps it.
fn moved_by_an_operator(case: &Case) -> Option<Advice> {
    let by_operator = case.is(&["E0382"]) && case.says("due to usage in operator");
    let name = case.quoted(0);
    let range = case.diagnostic.labels.iter().find(|label| label.text.contains("due to usage in operator"))?;
    if !by_operator || !range.source.current {
        return None;
    }
    let text = &case.cell.code[range.range.clone()];
    let advice =
        Advice::rust(format!("an operator takes its operands; `&{name}` lends it, and keeps `{name}`")).enough();
    // Only where both operands are plain names.
    let operator = text.find([' ', '*', '+', '-', '/'])?;
    let (start, left) = operand_before(&text[..operator]);
    let rest = text[operator..].trim_start();
    let right_at = text.len() - rest[1..].trim_start().len();
    let (_, right) = operand_after(&text[right_at..]);
    if !is_name(left) || !is_name(right) || start != 0 {
        return Some(advice);
    }
    let at = range.range.start;
    // What else stands there may be a plain number, which is not lent.
    let lent = [(at, left), (at + right_at, right)].into_iter().filter(|(_, operand)| *operand == name);
    Some(lent.fold(advice, |advice, (at, _)| advice.edit(at..at, "&")))
}

fn moved(case: &Case) -> Option<Advice> {
    let name = case.quoted(0);
    if !case.is(&["E0382", "E0505", "E0507"]) || !is_name(name) {
        return None;
    }
    // In a function it is the function's own.
    if case.is_in_an_item() || !case.is_variable(name) {
        return None;
    }
    Some(Advice::notebook(format!(
        "`{name}` would be gone for later cells too; hand over `&{name}` or `{name}.clone()` and keep it"
    )))
}

/// A closure for `interact`, or for a thread, borrows a variable.
fn outlives(case: &Case) -> Option<Advice> {
    let name = case.quoted(0);
    let is_kept = case.is(&["E0373"]) || case.is(&["E0597"]) && case.says("borrowed for `'static`");
    if !is_kept || !is_name(name) || case.is_in_an_item() {
        return None;
    }
    let copy = match case.is_variable(name) {
        true => {
            format!("; so that later cells keep `{name}`, say `let own = {name}.clone();` first, and use `own` in it")
        }
        false => String::new(),
    };
    Some(Advice::notebook(format!(
        "the closure lives on when this cell has ended: `move |…| …` gives it `{name}`{copy}"
    )))
}

/// rustc shows where it was made.
fn made_here(case: &Case) -> Option<Advice> {
    let first =
        |label: &&crate::explain::diagnostic::Label| label.text.starts_with("first assignment") && label.source.current;
    let label = case.diagnostic.labels.iter().find(first).filter(|_| case.is(&["E0384"]))?;
    let is_name = case.cell.code.get(label.range.clone()) == Some(case.quoted(0));
    let advice = Advice::rust("what is to change is made with `let mut`").enough();
    Some(if is_name { advice.edit(label.range.start..label.range.start, "mut ") } else { Advice::default() })
}

fn not_mutable(case: &Case) -> Option<Advice> {
    let name = case.quoted(0);
    // Where it was made in this cell, or is a function's own, rustc shows the line.
    let is_own = case.diagnostic.corrections.iter().any(|correction| correction.source.current)
        || case.says("first assignment")
        || case.is_in_an_item()
        || case.cell.variables.iter().any(|own| own == name);
    if !case.is(&["E0384", "E0594", "E0596"]) || is_own || !case.scope.variables.is_known(name) {
        return None;
    }
    let maker = case.scope.variables.maker(name)?;
    Some(
        Advice::notebook(format!(
            "cell [{maker}] made `{name}`: write `let mut {name}` there, and run it again; or say `let mut {name} = {name};` \
             in this cell first"
        ))
        .enough(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let mut scope = Scope::default();
        scope.variables.update(["t", "n", "v"].into_iter(), &[], 3);
        let moved = |cell| Sample {
            code: "E0382",
            message: "use of moved value: `t`",
            cell,
            label: "`t` moved due to usage in operator",
        };
        let again = "cannot assign twice to immutable variable `n`";
        let pairs = [
            (moved("let u = «t * t»;"), "→ let u = &t * &t;"),
            (moved("let u = «t + f(t)»;"), "`&t` lends it"),
            (moved("let u = «t * n»;"), "→ let u = &t * n;"),
            (
                Sample {
                    code: "E0382",
                    message: "use of moved value: `x`",
                    cell: "z = z * «x» * x;",
                    label: "value moved here",
                },
                "→ z = z * &x * x;",
            ),
            (sample("E0382", "borrow of moved value: `v`", "drop(v); «v».len()"), "`v.clone()` and keep it"),
            (
                Sample {
                    code: "E0597",
                    message: "`v` does not live long enough",
                    cell: "interact(slider(\"n\", 0..2), |n| «v»[n])",
                    label: "argument requires that `v` is borrowed for `'static`",
                },
                "`let own = v.clone();`",
            ),
            (
                Sample {
                    code: "E0384", message: again, cell: "let «n» = 3; n = 4;", label: "first assignment to `n`"
                },
                "→ let mut n = 3; n = 4;",
            ),
            (sample("E0384", again, "«n = 4»"), "cell [3] made `n`: write `let mut n` there"),
        ];
        let silent = [
            sample("E0597", "`v` does not live long enough", "{ let r; { let v = 1; r = &«v»; } r; }"),
            // A function's own, though the notebook has a variable of this name.
            sample("E0384", again, "fn f() { let n = 3; «n = 4»; }"),
            sample("E0384", "cannot assign twice to immutable variable `other`", "«other = 4»"),
            sample("E0382", "borrow of moved value: `v`", "fn f(v: Vec<f64>) { drop(v); «v».len(); }"),
            sample("E0382", "borrow of moved value: `local`", "{ let local = vec![1]; drop(local); «local».len(); }"),
        ];
        check(RULES, &pairs, &silent, &scope);
    }
}
