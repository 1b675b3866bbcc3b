//! Whole numbers among others, powers, indices: in Rust each kind of number keeps to itself.

use super::operands::{is_integer, is_name, operand_after, operand_before};
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "x ** 2", says: double_star },
    Rule { name: "x ^ 2", says: caret },
    Rule { name: "2 * x", says: mixed },
    Rule { name: "x == 1", says: comparison },
    Rule { name: "x.powi(2.0)", says: power_by_a_float },
    Rule { name: "x.pow(2)", says: pow_of_a_float },
    Rule { name: "v[i] with an i32", says: index },
    Rule { name: "let n: i32 = 2.5", says: float_for_integer },
    Rule { name: "1.0 here and 2 there", says: mixed_branches },
    Rule { name: "sin of an integer", says: method_of_an_integer },
    Rule { name: "f32 and f64", says: two_precisions },
    Rule { name: "if n {", says: condition },
    Rule { name: "for i in 3", says: no_range },
    Rule { name: "0..3.0", says: range_of_floats },
];

/// `x` to the power of `n`.
fn power(base: &str, exponent: &str) -> String {
    let base = match base {
        base if is_integer(base) => format!("{base}.0_f64"),
        base if base.parse::<f64>().is_ok() => format!("{base}_f64"),
        base => base.to_owned(),
    };
    let inner = exponent.trim_start_matches('(').trim_end_matches(')');
    let whole = |text: &str| is_integer(text.strip_prefix('-').unwrap_or(text));
    match whole(exponent) || whole(inner) {
        true => format!("{base}.powi({inner})"),
        false => format!("{base}.powf({exponent})"),
    }
}

fn double_star(case: &Case) -> Option<Advice> {
    let range = case.range()?;
    let (before, _) = case.around();
    // The second star and its operand, or only the star, are marked.
    let star = before.trim_end().strip_suffix('*').filter(|_| case.marked().starts_with('*'))?;
    case.is(&["E0614", "E0600", "E0277"]).then_some(())?;
    let (start, base) = operand_before(star);
    let after = &case.cell.code[range.start + 1..];
    let (end, exponent) = operand_after(after);
    if base.is_empty() || exponent.is_empty() {
        return None;
    }
    let advice = Advice::rust("a power is `x.powi(2)`, and `x.powf(0.5)` where the exponent is no whole number");
    let edited = advice.edit(start..range.start + 1 + end, power(base, exponent));
    Some(edited.message("`**` is no operator of Rust's").enough())
}

fn caret(case: &Case) -> Option<Advice> {
    let is_float = case.is(&["E0277", "E0369"]) && case.message().contains(" ^ ");
    let range = case.range().filter(|_| is_float && case.marked() == "^")?;
    let (before, after) = case.around();
    let ((start, base), (end, exponent)) = (operand_before(before), operand_after(after));
    let advice = Advice::rust("`^` is the exclusive or of whole numbers; a power is `x.powi(2)` or `x.powf(0.5)`");
    let edited = advice.edit(start..range.end + end, power(base, exponent));
    Some(edited.message("`^` is no power in Rust").enough())
}

const WHOLE: [&str; 13] =
    ["{integer}", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"];
const FLOATS: [&str; 7] = ["{float}", "f64", "f32", "Dual", "Var", "DualVec", "Taylor"];

/// What the operands of an operator are, without references and parameters.
fn kinds(case: &Case) -> Option<(String, String)> {
    let kind = |text: &str| text.trim_start_matches('&').split('<').next().unwrap_or_default().to_owned();
    let message = case.message();
    let operators = [
        "cannot multiply",
        "cannot divide",
        "cannot add",
        "cannot subtract",
        "cannot calculate the remainder of",
        "cannot add-assign",
        "cannot subtract-assign",
        "cannot multiply-assign",
        "cannot divide-assign",
    ];
    // The longest comes last.
    let known = operators.iter().rev().find(|words| message.starts_with(*words))?;
    let (first, second) = (kind(case.quoted(0)), kind(case.quoted(1)));
    // "cannot add b to a" and "cannot subtract b from a" have them the other way round.
    Some(match *known {
        "cannot add" | "cannot subtract" | "cannot add-assign" | "cannot subtract-assign" => (second, first),
        _ => (first, second),
    })
}

/// `2 * x` and the like, where `x` is no whole number.
fn mixed(case: &Case) -> Option<Advice> {
    let (left, right) = kinds(case)?;
    let whole = |kind: &str| WHOLE.contains(&kind);
    let float = |kind: &str| FLOATS.contains(&kind);
    // `T`, as a function that takes any numbers calls them.
    let any = |kind: &str| kind.len() == 1 && kind.starts_with(char::is_uppercase);
    let left_is_whole = whole(&left) && float(&right);
    if !(left_is_whole || (float(&left) || any(&left)) && whole(&right)) {
        return None;
    }
    let range = case.range()?;
    let (before, after) = case.around();
    if left_is_whole && case.marked().ends_with('=') {
        return Some(began_whole(case, operand_before(before).1));
    }
    let (at, operand) = match left_is_whole {
        true => operand_before(before),
        false => {
            // The operator is marked, and perhaps the `=` of `+=`.
            let (end, operand) = operand_after(after);
            (range.end + end - operand.len(), operand)
        }
    };
    let advice = Advice::rust("numbers of different kinds don't mix: `2.0` is a number with a point, `2` a whole one");
    if is_integer(operand) {
        return Some(advice.edit(at..at + operand.len(), format!("{operand}.0")).enough());
    }
    let is_plain = is_name(operand) || operand.ends_with(')') && operand.starts_with(|c: char| c.is_alphabetic());
    let converted = format!("({operand} as f64)");
    Some(match is_plain {
        true => advice.edit(at..at + operand.len(), converted).enough(),
        false => Advice::rust("`n as f64` makes a whole number one with a point").enough(),
    })
}

/// `let mut s = 0; … s += x;`
fn began_whole(case: &Case, name: &str) -> Advice {
    let advice = Advice::rust(format!("`{name}` began as a whole number, and is to take one with a point")).enough();
    let begin = format!("let mut {name} = ");
    let number = case.cell.code.find(&begin).map(|at| at + begin.len()).and_then(|start| {
        let length = case.cell.code[start..].find(';')?;
        is_integer(&case.cell.code[start..start + length]).then_some(start + length)
    });
    match number {
        Some(end) => advice.edit(end..end, ".0"),
        None => advice,
    }
}

/// `assert_eq!(x, 1)`
fn comparison(case: &Case) -> Option<Advice> {
    let kinds = (case.quoted(0), case.quoted(1));
    let is_mixed = |(a, b): (&str, &str)| WHOLE.contains(&a) && FLOATS.contains(&b);
    let is_it = case.message().starts_with("can't compare") && (is_mixed(kinds) || is_mixed((kinds.1, kinds.0)));
    let hint = "a number with a point is compared with one: `x == 1.0`, and a whole one with a whole one";
    is_it.then(|| Advice::rust(hint).enough())
}

fn power_by_a_float(case: &Case) -> Option<Advice> {
    let (before, _) = case.around();
    let is_it = case.is(&["E0308"]) && case.says("expected `i32`") && before.trim_end().ends_with(".powi(");
    let range = case.range().filter(|_| is_it)?;
    let number = case.marked();
    let whole = number.strip_suffix(".0").or(number.strip_suffix('.')).filter(|whole| is_integer(whole));
    let advice = Advice::rust("`powi` takes a whole number, `powf` any other");
    Some(match whole {
        Some(whole) => advice.edit(range, whole).enough(),
        None => {
            let start = before.rfind("powi")?;
            advice.edit(start..start + 4, "powf").enough()
        }
    })
}

fn pow_of_a_float(case: &Case) -> Option<Advice> {
    // A float has no `pow`; the course's numbers have one that takes a number of their own kind.
    let (before, _) = case.around();
    let missing = case.is(&["E0599", "E0689"]) && case.marked() == "pow";
    let by_integer = case.is(&["E0308"]) && before.trim_end().ends_with(".pow(") && is_integer(case.marked());
    if !missing && !by_integer {
        return None;
    }
    let start = if missing { case.range()?.start } else { before.rfind("pow")? };
    let advice = Advice::rust("a power is `x.powi(2)`, and `x.powf(0.5)` where the exponent is no whole number");
    Some(advice.edit(start..start + 3, "powi").enough())
}

fn index(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0277"]) && case.message().contains("cannot be indexed by") && case.quoted(0) != "str";
    let range = case.range().filter(|_| is_it)?;
    let by = case.quoted(1);
    if !WHOLE.contains(&by) {
        return FLOATS.contains(&by).then(|| Advice::rust("an index is a whole number: `v[0]`").enough());
    }
    let advice = Advice::rust("an index has the type `usize`").enough();
    let marked = case.marked();
    Some(match marked.strip_prefix('-').is_some_and(is_integer) {
        true => Advice::rust("an index counts from the front: the last element is `v[v.len() - 1]`").enough(),
        false if is_name(marked) => advice.edit(range, format!("{marked} as usize")),
        false => advice.edit(range, format!("({marked}) as usize")),
    })
}

fn float_for_integer(case: &Case) -> Option<Advice> {
    let label = case.primary().filter(|_| case.is(&["E0308"]))?;
    let expected = WHOLE.iter().find(|kind| label.text.starts_with(&format!("expected `{kind}`, found floating")))?;
    let is_due = |l: &crate::explain::diagnostic::Label| {
        l.text.starts_with("expected due to") || l.text.starts_with("arguments to")
    };
    if !case.diagnostic.labels.iter().any(|label| is_due(label) && !label.range.is_empty()) {
        return None;
    }
    let number = case.marked();
    let whole = number.strip_suffix(".0").or(number.strip_suffix('.')).filter(|whole| is_integer(whole));
    let advice = Advice::rust(format!("`{expected}` is a whole number; one with a point is an `f64`"));
    Some(match whole {
        Some(whole) => advice.edit(label.range.clone(), whole).enough(),
        None => advice,
    })
}

/// Where no type is written, the first number decides on it, or the last.
fn mixed_branches(case: &Case) -> Option<Advice> {
    let label = case.primary().filter(|_| case.is(&["E0308"]))?;
    let is_it =
        label.text.starts_with("expected `i32`, found floating") && case.line().1.trim_start().starts_with("let ");
    (is_it && case.diagnostic.labels.len() == 1 && !case.is_in_an_item()).then(|| {
        Advice::rust("all that one variable may be is of one kind: `2.0` is a number with a point, `2` a whole one")
            .enough()
    })
}

const OF_FLOATS: [&str; 14] =
    ["sin", "cos", "tan", "exp", "ln", "log", "sqrt", "powf", "powi", "abs", "tanh", "floor", "round", "recip"];

fn method_of_an_integer(case: &Case) -> Option<Advice> {
    let name = case.marked();
    let is_it = case.is(&["E0599", "E0689"]) && OF_FLOATS.contains(&name);
    let of_whole =
        case.message().contains("{integer}") || WHOLE.iter().any(|k| case.message().contains(&format!("`{k}`")));
    if !is_it || !of_whole {
        return None;
    }
    let (before, _) = case.around();
    let (start, number) = operand_before(before.trim_end().strip_suffix('.')?);
    let advice = Advice::rust(format!("`{name}` is a method of numbers with a point, not of whole numbers"));
    Some(match () {
        () if is_integer(number) => advice.edit(start..start + number.len(), format!("{number}.0_f64")).enough(),
        () if is_name(number) => advice.edit(start..start + number.len(), format!("({number} as f64)")).enough(),
        () => advice.enough(),
    })
}

fn two_precisions(case: &Case) -> Option<Advice> {
    const KINDS: [&str; 2] = ["f32", "f64"];
    let differ = |(a, b): (&str, &str)| KINDS.contains(&a) && KINDS.contains(&b) && a != b;
    let label = case.primary()?;
    let named = label.text.strip_prefix("expected `").and_then(|text| text.strip_suffix('`')?.split_once("`, found `"));
    let operator = kinds(case).is_some_and(|(a, b)| differ((a.as_str(), b.as_str())));
    let mismatch = named.filter(|kinds| case.is(&["E0308"]) && differ(*kinds));
    if !operator && mismatch.is_none() {
        return None;
    }
    let hint =
        "`f32` and `f64` don't mix: here all numbers with a point are `f64`; `f64::from(x)` makes one of an `f32`";
    let advice = Advice::rust(hint).enough();
    let is_wider = mismatch.is_some_and(|(expected, _)| expected == "f64");
    Some(if is_wider { advice.edit(label.range.clone(), format!("f64::from({})", case.marked())) } else { advice })
}

/// `if n { … }`, `while n { … }`
fn condition(case: &Case) -> Option<Advice> {
    let label = case.primary().filter(|_| case.is(&["E0308"]))?;
    let kind = label.text.strip_prefix("expected `bool`, found ")?.trim_matches('`');
    let (before, _) = case.around();
    let asks = ["if", "while"].iter().any(|word| before.trim_end().ends_with(word));
    let zero = match kind {
        "integer" => "0",
        "floating-point number" => "0.0",
        kind if WHOLE.contains(&kind) => "0",
        kind if FLOATS.contains(&kind) => "0.0",
        _ => return None,
    };
    let advice = Advice::rust("a condition is a comparison: a number is neither true nor false").enough();
    asks.then(|| advice.edit(label.range.end..label.range.end, format!(" != {zero}")))
}

fn no_range(case: &Case) -> Option<Advice> {
    let is_it =
        case.is(&["E0277"]) && case.message().ends_with("is not an iterator") && WHOLE.contains(&case.quoted(0));
    let range = case.range().filter(|_| is_it)?;
    let advice = Advice::rust("a loop goes over a range of whole numbers: `for i in 0..3 { … }`").enough();
    Some(advice.edit(range.start..range.start, "0.."))
}

fn range_of_floats(case: &Case) -> Option<Advice> {
    let (before, _) = case.around();
    let is_float = case.primary().is_some_and(|label| label.text == "expected integer, found floating-point number");
    let range = case.range().filter(|_| is_float && before.ends_with(".."))?;
    let hint = "a loop counts in whole numbers, `for i in 0..3`; `i as f64` makes a number with a point of one";
    let advice = Advice::rust(hint).enough();
    let whole = case.marked().strip_suffix(".0").filter(|whole| is_integer(whole));
    Some(whole.map(|whole| Advice::rust(hint).enough().edit(range, whole)).unwrap_or(advice))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        const FOUND: &str = "expected `i32`, found floating-point number";
        let deref = "type `{integer}` cannot be dereferenced";
        let xor = "no implementation for `f64 ^ {integer}`";
        let labelled = |label, message, cell| Sample { code: "E0308", message, cell, label };
        let pairs = [
            (sample("E0614", deref, "let y = x *«* 2»;"), "→ let y = x.powi(2);"),
            (sample("E0614", "type `{float}` cannot be dereferenced", "(x + 1.0) *«*0.5»"), "→ (x + 1.0).powf(0.5)"),
            (sample("E0614", deref, "2*«*3» + 1"), "→ 2.0_f64.powi(3) + 1"),
            (sample("E0614", deref, "x*«*-1»"), "→ x.powi(-1)"),
            (sample("E0369", xor, "f(x) «^» 2 + 1.0"), "→ f(x).powi(2) + 1.0"),
            (sample("E0277", "cannot multiply `{integer}` by `f64`", "2 «*» x"), "→ 2.0 * x"),
            (
                sample("E0277", "cannot add-assign `&f64` to `{integer}`", "let mut s = 0; for x in v { s «+=» x; }"),
                "→ let mut s = 0.0; for",
            ),
            (sample("E0277", "can't compare `{float}` with `{integer}`", "«assert_eq!(1.0, 1)»"), "`x == 1.0`"),
            (sample("E0277", "cannot add `{integer}` to `f64`", "x «+» 1;"), "→ x + 1.0;"),
            (sample("E0277", "cannot divide `f64` by `usize`", "sum «/» v.len()"), "→ sum / (v.len() as f64)"),
            (sample("E0277", "cannot multiply `i32` by `Dual<f64>`", "n «*» x"), "→ (n as f64) * x"),
            (sample("E0277", "cannot subtract `Var` from `{integer}`", "1 «-» x"), "→ 1.0 - x"),
            (labelled(FOUND, "mismatched types", "x.powi(«2.0»)"), "→ x.powi(2)"),
            (labelled(FOUND, "mismatched types", "x.powi(«0.5»)"), "→ x.powf(0.5)"),
            (labelled("expected `f64`, found integer", "mismatched types", "x.pow(«2»)"), "→ x.powi(2)"),
            (sample("E0277", "the type `[f64]` cannot be indexed by `i32`", "v[«i»]"), "→ v[i as usize]"),
            (sample("E0277", "the type `[f64]` cannot be indexed by `i32`", "v[«i + 1»]"), "→ v[(i + 1) as usize]"),
            (labelled(FOUND, "mismatched types", "let n = if a { «1.0» } else { 2 };"), "of one kind"),
            (sample("E0277", "cannot calculate the remainder of `{integer}` divided by `f64`", "5 «%» x"), "→ 5.0 % x"),
            (sample("E0599", "no method named `sqrt` found for type `{integer}`", "2.«sqrt»()"), "→ 2.0_f64.sqrt()"),
            (sample("E0599", "no method named `exp` found for type `i32`", "n.«exp»()"), "→ (n as f64).exp()"),
            (labelled("expected `f64`, found `f32`", "mismatched types", "f(«a»)"), "→ f(f64::from(a))"),
            (labelled("expected `f32`, found `f64`", "mismatched types", "a + «b»"), "don't mix"),
            (sample("E0277", "cannot add `f64` to `f32`", "a «+» b"), "don't mix"),
            (sample("E0277", "cannot add `usize` to `T`", "z «+» i"), "→ z + (i as f64)"),
            (labelled("expected `bool`, found `i32`", "mismatched types", "if «n» { 1 }"), "→ if n != 0 { 1 }"),
            (labelled("expected `bool`, found integer", "mismatched types", "while «1» { }"), "→ while 1 != 0 { }"),
            (sample("E0277", "`{integer}` is not an iterator", "for i in «3» { }"), "→ for i in 0..3 { }"),
            (
                labelled("expected integer, found floating-point number", "mismatched types", "for i in 0..«3.0» { }"),
                "→ for i in 0..3 { }",
            ),
        ];
        let silent = [
            sample("E0614", deref, "let y = «*x»;"),
            sample("E0369", "cannot add `String` to `f64`", "x «+» s"),
            sample("E0277", "cannot multiply `Tensor` by `i32`", "t «*» n"),
            sample("E0599", "no method named `sqrt` found for struct `Vec<f64>`", "v.«sqrt»()"),
            labelled("expected `bool`, found `f64`", "mismatched types", "let b: bool = «x»;"),
            labelled("expected `f64`, found integer", "mismatched types", "f(«2»)"),
            sample("E0277", "`Foo` is not an iterator", "for i in «foo» { }"),
        ];
        // A rule that needs a second label has a test of its own.
        let others: Vec<Rule> =
            RULES.iter().filter(|rule| rule.name != "let n: i32 = 2.5").map(|r| Rule { ..*r }).collect();
        check(&others, &pairs, &silent, &Scope::default());
    }

    #[test]
    fn a_float_where_a_whole_number_is_written() {
        let source = crate::scope::sources::Sources::default().push("let n: i32 = 2.0;", 1);
        let label = |range, text: &str, is_primary| crate::explain::diagnostic::Label {
            source: &source,
            range,
            text: text.into(),
            is_primary,
        };
        let found = label(13..16, "expected `i32`, found floating-point number", true);
        let due = label(7..10, "expected due to this", false);
        let cell = crate::cell::Cell::read(&source.code, None, 1).unwrap();
        let says = |labels| {
            let diagnostic = crate::explain::diagnostic::Diagnostic {
                message: "mismatched types".into(),
                code: Some("E0308".into()),
                labels,
                ..Default::default()
            };
            float_for_integer(&Case { diagnostic: &diagnostic, cell: &cell, scope: &Scope::default() })
        };
        assert_eq!(says(vec![due, found.clone()]).unwrap().edits, [(13..16, "2".to_owned())]);
        assert!(says(vec![found]).is_none());
    }
}
