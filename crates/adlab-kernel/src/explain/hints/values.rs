//! Values that are wrapped, shown, or of a text.

use super::operands::is_name;
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "a value in a Result", says: wrapped },
    Rule { name: "a reference in an Option", says: optional_reference },
    Rule { name: "{} of a vector", says: display },
    Rule { name: "None without a type", says: none },
    Rule { name: "sum() of what", says: open_result },
    Rule { name: "sort of floats", says: sort },
    Rule { name: "letters of a text", says: letter },
    Rule { name: "arithmetic of vectors", says: vector },
    Rule { name: "\"=\" * 20", says: repeat },
    Rule { name: "let s: str", says: unsized_text },
    Rule { name: "\"n = \" + n", says: text_and_value },
    Rule { name: "plot(f, a, b)", says: no_range },
];

/// `let x: f64 = "1".parse();`
fn wrapped(case: &Case) -> Option<Advice> {
    let label = case.primary().filter(|_| case.is(&["E0308"]))?;
    let (expected, found) = label.text.strip_prefix("expected `")?.split_once("`, found `")?;
    let kind = ["Result<", "Option<"].into_iter().find(|kind| found.starts_with(kind))?;
    if expected.starts_with(kind) || expected == "()" || case.marked().is_empty() {
        return None;
    }
    let kind = kind.trim_end_matches('<');
    let hint = format!("`.unwrap()` takes the value out of a `{kind}`, and panics where there is none");
    Some(Advice::rust(hint).enough().edit(label.range.end..label.range.end, ".unwrap()"))
}

/// `v.first() + 1`, `v.iter().max() * 2`
fn optional_reference(case: &Case) -> Option<Advice> {
    let is_operator = case.is(&["E0369", "E0277"]) && case.message().starts_with("cannot ");
    let kind = ["Option<", "Result<"].into_iter().find(|kind| case.message().contains(&format!("`{kind}")))?;
    is_operator.then(|| {
        let kind = kind.trim_end_matches('<');
        let article = if kind == "Option" { "an" } else { "a" };
        Advice::rust(format!(
            "this is {article} `{kind}`: `.unwrap()` takes the value out, and panics where there is none"
        ))
    })
}

fn display(case: &Case) -> Option<Advice> {
    let (ty, rest) = case.message().strip_prefix('`')?.split_once('`')?;
    let rest = rest.contains("doesn't implement").then_some(rest)?;
    let label = case.diagnostic.labels.iter().find(|label| label.text.contains("formatting parameter"));
    let defined = case.cell.items.iter().any(|item| item.title.split(' ').nth(1) == Some(ty))
        || case.scope.definitions.cell_of(ty).is_some();
    if rest.contains("Debug") {
        let hint = format!("`#[derive(Debug)]` above `{ty}` lets `{{:?}}` show it");
        return defined.then(|| Advice::rust(hint).enough());
    }
    if !rest.contains("Display") {
        return None;
    }
    let hint = match defined {
        true => format!("`{{:?}}` shows `{ty}`, if `#[derive(Debug)]` stands above it"),
        false => format!("`{{:?}}` shows a `{}`", ty.split('<').next().unwrap_or(ty)),
    };
    let advice = Advice::rust(hint).enough();
    let place = label.filter(|label| label.source.current);
    let Some(place) = place else { return Some(advice) };
    let text = &case.cell.code[place.range.clone()];
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    Some(match inner.filter(|inner| inner.is_empty() || is_name(inner)) {
        Some(inner) => advice.edit(place.range.clone(), format!("{{{inner}:?}}")),
        None => advice,
    })
}

fn none(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0282", "E0283"]) && case.marked() == "None";
    let range = case.range().filter(|_| is_it)?;
    Some(Advice::rust("of `None` alone, it is not known what is missing").enough().edit(range, "None::<f64>"))
}

/// `v.iter().sum()`
fn open_result(case: &Case) -> Option<Advice> {
    let (_, ty) = [("sum", "f64"), ("product", "f64"), ("parse", "f64"), ("collect", "Vec<_>")]
        .into_iter()
        .find(|(name, _)| *name == case.marked())?;
    let range = case
        .range()
        .filter(|range| case.is(&["E0282", "E0283", "E0284"]) && case.cell.code[range.end..].starts_with('('))?;
    let hint = format!("`{}` can make several types: say which", case.marked());
    Some(Advice::rust(hint).enough().edit(range.end..range.end, format!("::<{ty}>")))
}

fn sort(case: &Case) -> Option<Advice> {
    let range = case.range().filter(|_| case.is(&["E0277"]) && case.message().contains("f64: Ord"))?;
    let (_, after) = case.around();
    let instead = match case.marked() {
        "sort" | "sort_unstable" => "sort_by(f64::total_cmp)",
        "max" => "copied().fold(f64::MIN, f64::max)",
        "min" => "copied().fold(f64::MAX, f64::min)",
        _ => return None,
    };
    let advice = Advice::rust("numbers with a point have no full order (there is NaN), so it must be said").enough();
    Some(if after.starts_with("()") { advice.edit(range.start..range.end + 2, instead) } else { advice })
}

fn letter(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0277"]) && case.message().starts_with("the type `str` cannot be indexed");
    is_it.then(|| {
        Advice::rust("a text has no index: its letters are `s.chars()`, the first is `s.chars().next()`").enough()
    })
}

fn vector(case: &Case) -> Option<Advice> {
    let of_vector = ["`Vec<", "`[f64; ", "`[{float}; ", "`[i32; "].iter().any(|ty| case.message().contains(ty));
    let is_operator = case.is(&["E0369", "E0277"]) && case.message().starts_with("cannot ");
    let is_method = case.is(&["E0599"]) && ["sum", "mean", "dot", "norm"].contains(&case.marked());
    (of_vector && (is_operator || is_method)).then(|| {
        let hint = "a vector has no arithmetic of its own: `v.iter().map(|x| 2.0 * x).collect::<Vec<_>>()`, \
                    `v.iter().sum::<f64>()`; a tensor has: `tensor(v)`";
        Advice::rust(hint).enough()
    })
}

fn repeat(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0369"]) && case.message().starts_with("cannot multiply `&str` by");
    is_it.then(|| Advice::rust("a text is repeated by `\"=\".repeat(20)`").enough())
}

fn unsized_text(case: &Case) -> Option<Advice> {
    let is_it =
        case.is(&["E0308", "E0277"]) && (case.says("expected `str`, found `&") || case.says("values of type `str`"));
    let (start, line) = case.line();
    let at = line.find(": str").filter(|_| is_it)? + 2;
    let advice = Advice::rust("a text in quotes is a `&str`; one of its own is a `String`");
    Some(advice.explains_all().edit(start + at..start + at, "&"))
}

fn text_and_value(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0369"]) && case.message().starts_with("cannot add") && case.quoted(1) == "&str";
    is_it.then(|| Advice::rust("a text is put together by `format!(\"n = {n}\")`, and printed by `println!`").enough())
}

/// The ends of a range as two arguments, or in brackets.
fn no_range(case: &Case) -> Option<Advice> {
    let wants_one = case.is(&["E0308", "E0061"]) && case.says("expected `Range<f64>`, found ");
    let advice = Advice::rust("a range is written with two dots: `plot(f, -3.0..3.0)`").enough();
    let inner = case.marked().strip_prefix('(').and_then(|text| text.strip_suffix(')')).map(|text| text.split(", "));
    let ends: Vec<&str> = inner.into_iter().flatten().collect();
    let range = case.range().filter(|_| wants_one)?;
    Some(match ends.as_slice() {
        [low, high] => advice.edit(range, format!("{low}..{high}")),
        _ => advice,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let mismatch = |label, cell| Sample { code: "E0308", message: "mismatched types", cell, label };
        let vector = "`Vec<f64>` doesn't implement `std::fmt::Display`";
        let shown =
            |message, cell| Sample { code: "E0277", message, cell, label: "required by this formatting parameter" };
        let pairs = [
            (
                mismatch("expected `f64`, found `Result<_, _>`", "let r: f64 = «s.parse()»;"),
                "→ let r: f64 = s.parse().unwrap();",
            ),
            (sample("E0369", "cannot add `{integer}` to `Option<&i32>`", "v.first() «+» 1"), "this is an `Option`"),
            (shown(vector, "println!(\"«{}»\", v);"), "→ println!(\"{:?}\", v);"),
            (shown(vector, "println!(\"«{v}»\");"), "→ println!(\"{v:?}\");"),
            (
                shown("`P` doesn't implement `Debug`", "struct P; println!(\"«{:?}»\", P);"),
                "`#[derive(Debug)]` above `P`",
            ),
            (sample("E0282", "type annotations needed", "«None»"), "→ None::<f64>"),
            (mismatch("expected `str`, found `&str`", "let s: str = «\"a\"»;"), "→ let s: &str = \"a\";"),
        ];
        let ordered = |cell| sample("E0277", "the trait bound `f64: Ord` is not satisfied", cell);
        let pairs = pairs.into_iter().chain([
            (sample("E0283", "type annotations needed", "v.iter().«sum»()"), "→ v.iter().sum::<f64>()"),
            (sample("E0369", "cannot multiply `Vec<f64>` by `{float}`", "v «*» 2.0"), "`tensor(v)`"),
            (sample("E0369", "cannot multiply `&str` by `{integer}`", "s «*» 20"), ".repeat(20)"),
            (ordered("v.«sort»();"), "→ v.sort_by(f64::total_cmp);"),
            (ordered("v.iter().«max»()"), "→ v.iter().copied().fold(f64::MIN, f64::max)"),
            (sample("E0277", "the type `str` cannot be indexed by `{integer}`", "s[«0»]"), "`s.chars()`"),
            (sample("E0369", "cannot add `i32` to `&str`", "\"n = \" «+» n"), "`format!(\"n = {n}\")`"),
            (
                mismatch("expected `Range<f64>`, found `({float}, {float})`", "plot(f, «(-3.0, 3.0)»)"),
                "→ plot(f, -3.0..3.0)",
            ),
            (mismatch("expected `Range<f64>`, found floating-point number", "plot(f, «-3.0», 3.0)"), "two dots"),
        ]);
        let pairs: Vec<_> = pairs.collect();
        let silent = [
            mismatch("expected `Result<f64, String>`, found `Result<f64, i32>`", "let r: R = «f()»;"),
            mismatch("expected `f64`, found integer", "let r: f64 = «3»;"),
            sample("E0277", "`F` doesn't implement `Fn`", "«f»"),
        ];
        check(RULES, &pairs, &silent, &Scope::default());
    }
}
