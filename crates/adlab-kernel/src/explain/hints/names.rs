//! Names that are not there: why, by what the session knows.

use super::operands::operand_after;
use super::rule::{Advice, Case, Rule};
use crate::scope::variables::Gone;

pub const RULES: &[Rule] = &[
    Rule { name: "a field of self", says: field },
    Rule { name: "sin(x)", says: function_of_a_number },
    Rule { name: "PI", says: constant },
    Rule { name: "a variable, in a function", says: in_a_function },
    Rule { name: "a variable that is gone", says: gone },
    Rule { name: "a definition that is gone", says: former },
    Rule { name: "its cell has failed", says: failed },
    Rule { name: "made further down", says: further_down },
    Rule { name: "made in a block", says: in_a_block },
    Rule { name: "nothing has run", says: nothing_has_run },
    Rule { name: "no cell defines it", says: nowhere },
];

const MISSING: [&str; 6] = ["E0425", "E0412", "E0422", "E0405", "E0531", "E0574"];

/// The name that is missing.
fn missing<'a>(case: &'a Case) -> Option<&'a str> {
    let is_missing = case.is(&MISSING) && case.message().starts_with("cannot find");
    is_missing.then(|| case.quoted(0)).filter(|name| !name.is_empty())
}

/// … or that means something else where the student's is missing: `path`, an attribute, or `line`, a macro.
fn missing_value<'a>(case: &'a Case) -> Option<&'a str> {
    let is_other = case.is(&["E0423"]) && case.message().starts_with("expected value, found");
    missing(case).or_else(|| is_other.then(|| case.quoted(0)))
}

/// rustc proposes `self.x`: nothing is to be added.
fn field(case: &Case) -> Option<Advice> {
    missing(case)?;
    let proposes = |text: &str| text.contains("self.") || text.contains("Self::");
    let known = case.diagnostic.corrections.iter().flat_map(|c| &c.edits).any(|(_, text)| proposes(text));
    (known || case.says("available field")).then(Advice::default)
}

const FUNCTIONS: [&str; 20] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "ln", "log", "log2", "log10", "sqrt",
    "abs", "floor", "ceil", "round", "pow",
];

fn function_of_a_number(case: &Case) -> Option<Advice> {
    let name = missing(case).filter(|name| FUNCTIONS.contains(name))?;
    let range = case.range()?;
    let (_, after) = case.around();
    if !after.starts_with('(') {
        let is_value = after.trim_start().starts_with([',', ')']) && name != "pow";
        let method = if name == "log" { "ln" } else { name };
        let closure = format!("|x| x.{method}()");
        return is_value.then(|| {
            Advice::rust(format!("`{method}` is a method; as a function it is `{closure}`"))
                .enough()
                .edit(range, closure.clone())
        });
    }
    let (end, call) = operand_after(after);
    let inner = call.strip_prefix('(').and_then(|call| call.strip_suffix(')')).unwrap_or_default();
    let method = match name {
        "log" => "ln",
        "pow" => "powf",
        name => name,
    };
    let advice =
        Advice::rust(format!("`{method}` is a method: `x.{method}({})`", if name == "pow" { "n" } else { "" }));
    let is_one = !inner.is_empty() && !inner.contains(',') && name != "pow";
    if !is_one {
        return Some(advice.enough());
    }
    let is_simple = inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '(' | ')'));
    let number = match inner {
        inner if super::operands::is_integer(inner) => format!("{inner}.0_f64"),
        inner if inner.parse::<f64>().is_ok() => format!("{inner}_f64"),
        inner if is_simple => inner.to_owned(),
        inner => format!("({inner})"),
    };
    Some(advice.edit(range.start..range.end + end, format!("{number}.{method}()")).enough())
}

fn constant(case: &Case) -> Option<Advice> {
    let name = missing(case).filter(|name| ["PI", "TAU", "E", "SQRT_2", "LN_2", "pi"].contains(name))?;
    let full = format!("std::f64::consts::{}", name.to_uppercase());
    let advice = Advice::rust(format!("`use {full};` brings it in, or write it out")).enough();
    Some(advice.edit(case.range()?, full))
}

/// Definitions stand for themselves.
fn in_a_function(case: &Case) -> Option<Advice> {
    let name = missing_value(case).filter(|name| case.is_variable(name))?;
    let item = case.item_at(case.range()?.start)?;
    let kind = item.title.split(' ').next().unwrap_or_default();
    Some(match kind {
        "fn" => Advice::notebook(format!(
            "a function can't see the notebook's variables: give `{}` a parameter for `{name}`",
            item.title
        )),
        "impl" | "trait" => Advice::notebook(format!(
            "methods can't see the notebook's variables: give this one a parameter for `{name}`, or the type a field"
        )),
        kind => Advice::notebook(format!("a `{kind}` can't see the notebook's variables: write the value of `{name}`")),
    })
}

/// In a definition, a variable would be of no use.
fn is_value_in_an_item(case: &Case) -> bool {
    case.is_in_an_item()
        && ["cannot find value", "expected value"].iter().any(|start| case.message().starts_with(start))
}

fn gone(case: &Case) -> Option<Advice> {
    let name = missing_value(case).filter(|_| !is_value_in_an_item(case))?;
    // How the cell that moved it can keep it: a closure that outlives its cell takes it, lent or not.
    let keep = |number: usize| match case.scope.sources.code_of(number) {
        Some(code) if code.contains("move |") => {
            format!("say `let own = {name}.clone();` there, use `own` in the closure")
        }
        _ => format!("write `&{name}` or `{name}.clone()` there"),
    };
    Some(Advice::notebook(match case.scope.variables.gone(name)? {
        Gone::Changed(number) => format!("what the type of `{name}` is made of has changed; run cell [{number}] again"),
        Gone::Moved(number, maker) if number == maker => {
            format!("cell [{number}] made `{name}` and moved it away: {}, and run it again", keep(number))
        }
        Gone::Moved(number, maker) => format!(
            "cell [{number}] moved `{name}` away: {}, and run cell [{maker}], which makes it, again",
            keep(number)
        ),
        Gone::Lost(number) => {
            format!("`{name}` was lost when the process that runs cells ended; run cell [{number}] again")
        }
    }))
}

fn former(case: &Case) -> Option<Advice> {
    let name = missing_value(case)?;
    case.scope.definitions.former(name).map(Advice::notebook)
}

fn failed(case: &Case) -> Option<Advice> {
    let name = missing_value(case).filter(|_| !is_value_in_an_item(case))?;
    let number = case.scope.failed(name)?;
    Some(Advice::notebook(format!("cell [{number}] was to define `{name}`, and failed: correct it, and run it again")))
}

fn further_down(case: &Case) -> Option<Advice> {
    let name = missing_value(case).filter(|name| case.cell.variables.iter().any(|own| own == name))?;
    let (_, after) = case.around();
    let is_later = after.contains(&format!("let {name}")) || after.contains(&format!("let mut {name}"));
    is_later.then(|| Advice::rust(format!("`let {name}` comes further down: a variable is made before it is used")))
}

/// `{ let x = 1; } x`
fn in_a_block(case: &Case) -> Option<Advice> {
    let name = missing(case)?;
    case.says("is available in a different scope")
        .then(|| Advice::rust(format!("`{name}` ends with its block `{{ … }}`: make it before the block")))
}

fn nothing_has_run(case: &Case) -> Option<Advice> {
    missing(case)?;
    let is_first = case.scope.is_empty() && case.cell.number == 1;
    is_first.then(|| {
        Advice::notebook("no cell has run since the kernel was started: run those above first, if there are any")
    })
}

fn nowhere(case: &Case) -> Option<Advice> {
    // Nobody means an attribute as a value.
    let name = missing_value(case).filter(|_| !case.is(&["E0423"]) || case.says("attribute"))?;
    let is_local = case.is_in_an_item() && name.len() == 1;
    Some(match is_local {
        // A slip in a function: it is not for another cell to mend.
        true => Advice::rust(format!("`{name}` is neither a parameter of this function nor made in it")),
        false => {
            Advice::notebook(format!("no cell that has run defines `{name}`; run the one that does, if there is one"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, said, sample};
    use super::*;
    use crate::cell::Cell;
    use crate::scope::Scope;

    fn no<'a>(message: &'a str, cell: &'a str) -> Sample<'a> {
        sample("E0425", message, cell)
    }

    #[test]
    fn each_rule_speaks_where_it_should() {
        let mut scope = Scope::default();
        let made = ["x", "moved", "path"].map(str::to_owned);
        scope.variables.update(["x", "moved", "path", "changed"].into_iter(), &made, 1);
        scope.variables.update(["x", "changed"].into_iter(), &["both".into()], 4);
        scope.variables.change(&["changed".to_owned()].into());
        scope.fail(&Cell::read("let bad = f(); let line = bad; fn broken() {}", None, 5).unwrap());
        let mut lost = Scope::default();
        lost.variables.update(["l"].into_iter(), &["l".into()], 2);
        lost.variables.lose();
        let value = |name: &str| format!("cannot find value `{name}` in this scope");
        let names = ["x", "moved", "both", "changed", "bad", "later", "other", "y", "PI", "a"].map(value);
        let [x, moved, both, changed, bad, later, other, y, pi, a] = names.each_ref();
        let found = [
            "built-in attribute `path`",
            "macro `line`",
            "built-in attribute `x`",
            "attribute macro `test`",
            "macro `column`",
        ];
        let found = found.map(|other| format!("expected value, found {other}"));
        let [path, line, attribute, test, column] =
            found.each_ref().map(|message| move |cell| sample("E0423", message, cell));
        let field =
            Sample { label: "you might have meant the available field", ..no(a, "fn get(&self) -> f64 { «a» }") };
        let pairs = [
            (field, ""),
            (no("cannot find function `sin` in this scope", "«sin»(1.0)"), "→ 1.0_f64.sin()"),
            (no("cannot find function `sqrt` in this scope", "2.0 * «sqrt»(x + 1.0)"), "→ 2.0 * (x + 1.0).sqrt()"),
            (no("cannot find value `sin` in this scope", "plot(«sin», 0.0..1.0)"), "→ plot(|x| x.sin(), 0.0..1.0)"),
            (no("cannot find function `log` in this scope", "«log»(f(x))"), "→ f(x).ln()"),
            (no("cannot find function `pow` in this scope", "«pow»(x, 2)"), "`x.powf(n)`"),
            (no(pi, "«PI» * 2.0"), "→ std::f64::consts::PI * 2.0"),
            (no(x, "fn g(v: f64) -> f64 { «x» * v }"), "give `fn g` a parameter for `x`"),
            (no(x, "const A: f64 = «x»;"), "a `const` can't see"),
            (no(x, "struct S; impl S { fn f() -> f64 { «x» } }"), "or the type a field"),
            (
                no(moved, "«moved»"),
                "cell [4] moved `moved` away: write `&moved` or `moved.clone()` there, and run cell [1]",
            ),
            (no(both, "«both»"), "cell [4] made `both` and moved it away"),
            (path("«path».len()"), "cell [4] moved `path` away"),
            (line("«line» + 1"), "cell [5] was to define `line`"),
            (column("f(«column»); let column = 1;"), "comes further down"),
            (attribute("fn g() -> f64 { «x» }"), "give `fn g` a parameter for `x`"),
            (test("«test» + 1"), "no cell that has run defines `test`"),
            (no(changed, "«changed»"), "run cell [1] again"),
            (no(bad, "fn g() -> f64 { «bad» }"), "no cell that has run defines"),
            (no(bad, "«bad» + 1"), "cell [5] was to define `bad`, and failed"),
            (no("cannot find function `broken` in this scope", "«broken»()"), "cell [5] was to define `broken`"),
            (no(later, "f(«later»); let later = 1;"), "comes further down"),
            (
                Sample { label: "the binding `y` is available in a different scope", ..no(y, "{ let y = 1; } «y»") },
                "ends with its block",
            ),
            (no(y, "fn g(x: f64) -> f64 { «y» }"), "neither a parameter"),
            (no(other, "«other»"), "no cell that has run defines `other`"),
        ];
        let mut spoken = Vec::new();
        for (sample, expected) in &pairs {
            let (name, text) = said(RULES, sample, &scope).unwrap();
            assert!(text.contains(expected), "{name}: {text}");
            spoken.push(name);
        }
        let others = ["a definition that is gone", "nothing has run"];
        assert!(RULES.iter().all(|rule| others.contains(&rule.name) || spoken.contains(&rule.name)));
        let (_, text) = said(RULES, &no(&value("l"), "«l»"), &lost).unwrap();
        assert!(text.contains("was lost") && text.contains("cell [2]"), "{text}");
        let silent = [
            sample("E0308", "mismatched types", "«x»"),
            sample("E0425", "something else", "«x»"),
            sample("E0423", "expected value, found struct `S`", "let s = «S»;"),
        ];
        for sample in &silent {
            assert_eq!(said(RULES, sample, &scope), None);
        }
    }

    #[test]
    fn what_is_gone_and_what_never_was() {
        let missing = |name: &str, number, scope: &Scope| {
            let diagnostic = crate::explain::diagnostic::Diagnostic {
                message: format!("cannot find value `{name}` in this scope"),
                code: Some("E0425".into()),
                ..Default::default()
            };
            let cell = Cell::read(name, None, number).unwrap();
            super::super::advice(&Case { diagnostic: &diagnostic, cell: &cell, scope }).unwrap().hint.unwrap().text
        };
        let mut scope = Scope::default();
        assert!(missing("f", 1, &scope).contains("no cell has run since"));
        assert!(missing("f", 2, &scope).contains("no cell that has run defines"));
        for code in ["fn f() {}", "fn g() {}"] {
            let cell = Cell::read(code, Some("a"), 3).unwrap();
            let plan = scope.definitions.plan(&cell);
            scope.definitions.commit(&plan, &plan.removed, 3);
        }
        assert!(missing("f", 4, &scope).contains("cell [3] defined it, and no longer did"));
    }
}
