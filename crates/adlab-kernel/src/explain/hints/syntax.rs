//! What is no Rust yet: a sign is missing, or one too many.

use super::operands::is_name;
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "typographic quotes", says: typographic_quotes },
    Rule { name: "text in single quotes", says: single_quotes },
    Rule { name: "int x = 3", says: type_first },
    Rule { name: "1,5", says: decimal_comma },
    Rule { name: "x := 3", says: walrus },
    Rule { name: "missing semicolon", says: semicolon },
    Rule { name: "something is missing", says: between },
    Rule { name: "the cell ends too early", says: early_end },
    Rule { name: "parameter without a type", says: parameter },
    Rule { name: "return type without an arrow", says: arrow },
    Rule { name: "x -> x * x", says: arrow_as_a_closure },
    Rule { name: "name with a hyphen", says: hyphen },
    Rule { name: "a word of Rust's as a name", says: keyword },
    Rule { name: "println!(x)", says: format_without_text },
];

fn is_syntax(case: &Case) -> bool {
    case.code().is_empty() || case.code().starts_with("E07")
}

fn typographic_quotes(case: &Case) -> Option<Advice> {
    let is_quote = |c: char| "“”„‟‘’".contains(c);
    if !case.message().starts_with("unknown start of token") || !case.marked().starts_with(is_quote) {
        return None;
    }
    let (start, line) = case.line();
    let quotes = line.char_indices().filter(|(_, c)| is_quote(*c));
    let advice = Advice::rust("text stands in straight quotes: `\"text\"`").explains_all();
    let edits = quotes.map(|(at, c)| (start + at..start + at + c.len_utf8(), "\"".to_owned()));
    Some(Advice { edits: edits.collect(), ..advice.message("these quotes are of the kind for print") })
}

fn single_quotes(case: &Case) -> Option<Advice> {
    let (start, line) = case.line();
    let is_it = ["character literal may only", "unterminated character literal"];
    // `f('it is')` is told of as a lifetime, with what follows.
    let as_a_lifetime = is_syntax(case) && case.says("lifetime");
    let quotes: Vec<usize> = line.match_indices('\'').map(|(at, _)| at).collect();
    if !(is_it.iter().any(|words| case.message().starts_with(words)) || as_a_lifetime) || quotes.len() != 2 {
        return None;
    }
    let quote = |at: usize| start + at..start + at + 1;
    let advice = Advice::rust("text stands in double quotes; `'a'` is a single letter").explains_all();
    Some(advice.edit(quote(quotes[0]), "\"").edit(quote(quotes[1]), "\"").message("text in single quotes"))
}

fn semicolon(case: &Case) -> Option<Advice> {
    if !case.message().starts_with("expected `;`") {
        return None;
    }
    let range = case.range()?;
    let between = &case.cell.code[range.start..];
    let rest = between.trim_start_matches([' ', '\t']);
    if let Some(divisor) = rest.strip_prefix("//").and_then(|rest| rest.lines().next()) {
        let divisor = divisor.trim().trim_end_matches(';');
        if is_name(divisor) || divisor.parse::<f64>().is_ok() {
            let at = range.start + between.len() - rest.len();
            let advice = Advice::rust("`//` begins a comment; `/` divides, and drops the rest of whole numbers");
            return Some(advice.enough().edit(at..at + 2, "/"));
        }
    }
    if rest.is_empty() || rest.starts_with(['\n', '\r']) || rest.starts_with("//") {
        let advice = Advice::rust("each statement ends with `;`; only a cell's last expression has none, and is shown");
        return Some(advice.edit(range.start..range.start, ";").message("a `;` is missing here").enough());
    }
    None
}

/// What rustc says where anything might follow.
fn between(case: &Case) -> Option<Advice> {
    let message = case.message();
    let lists_all = message.starts_with("expected one of") && message.contains("or an operator");
    if !message.starts_with("expected `;`") && !lists_all || message.ends_with("the end of the cell") {
        return None;
    }
    // A field of a struct, below one without a comma.
    let (before, after) = case.around();
    let last = before.trim_end();
    let is_field =
        is_name(case.marked()) && after.trim_start().starts_with(':') && !after.trim_start().starts_with("::");
    if is_field && before[last.len()..].contains('\n') && !last.ends_with([',', '{', '(']) {
        let advice = Advice::rust("the fields of a struct have a comma between them").message("a `,` is missing");
        return Some(advice.enough().edit(last.len()..last.len(), ","));
    }
    let found = message.rsplit_once("found ").map_or("this", |(_, found)| found);
    let hint = "is an operator, a comma, a bracket or a `;` missing before it? or is it one word too many?";
    Some(Advice::rust(hint).message(format!("{found} can't follow what stands before it")).enough())
}

/// `let x = 1,5;`
fn decimal_comma(case: &Case) -> Option<Advice> {
    let (before, after) = case.around();
    let digit = |c: char| c.is_ascii_digit();
    let is_it = case.marked() == "," && before.ends_with(digit) && after.starts_with(digit);
    let range = case.range().filter(|_| is_it && is_syntax(case))?;
    let advice = Advice::rust("a number has a point, not a comma").message("a comma in a number");
    Some(advice.explains_all().edit(range, "."))
}

/// `let x := 3;` and `x := 3;`
fn walrus(case: &Case) -> Option<Advice> {
    let (start, line) = case.line();
    let at = line.find(":=").filter(|_| is_syntax(case))?;
    let indent = line.len() - line.trim_start().len();
    let advice = Advice::rust("a variable is made by `let x = …;`").message("`:=` is no sign of Rust's").explains_all();
    let begun = line.trim_start().starts_with("let ");
    let advice = if begun { advice } else { advice.edit(start + indent..start + indent, "let ") };
    Some(advice.edit(start + at..start + at + 2, "="))
}

fn early_end(case: &Case) -> Option<Advice> {
    let (expected, _) = case.message().strip_prefix("expected ")?.split_once(", found the end of the cell")?;
    let missing = match expected {
        "expression" => "an expression: a value, or what makes one",
        "pattern" => "a name",
        "identifier" => "a name",
        "type" => "a type, as `f64`",
        "`{`" => "a block `{ … }`",
        _ => "something",
    };
    Some(Advice::rust(format!("here follows {missing}")).message("the cell ends too early").enough())
}

/// `fn f(x) { … }`
fn parameter(case: &Case) -> Option<Advice> {
    let (before, _) = case.around();
    let name = before.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let in_a_header = before[before.rfind(['{', '}', ';']).map_or(0, |at| at + 1)..].contains("fn ");
    if !case.message().starts_with("expected one of `:`, `@`, or `|`") || !in_a_header || !is_name(name) {
        return None;
    }
    let advice = Advice::rust("a parameter has its type behind it: `x: f64`").enough();
    let advice = advice.message(format!("the parameter `{name}` has no type"));
    let at = before.trim_end().len();
    let marked = case.marked();
    if marked == "=" {
        let hint = "a parameter has a type, and no value of its own: who calls the function gives all of them";
        return Some(Advice::rust(hint).message(format!("the parameter `{name}` can't have a default")).enough());
    }
    let of_this_name =
        is_name(marked) && !case.message().contains("found `)`") && !case.message().contains("found `,`");
    Some(advice.edit(at..at, if of_this_name { ":" } else { ": f64" }))
}

/// `fn f(x: f64) f64 { … }`
fn arrow(case: &Case) -> Option<Advice> {
    let (start, line) = case.line();
    if !case.message().starts_with("expected one of `->`, `where`, or `{`") || !line.contains("fn ") {
        return None;
    }
    let advice = Advice::rust("a function that gives a value says so: `fn f(x: f64) -> f64 { … }`").enough();
    if let Some(at) = line.find("- >") {
        return Some(advice.edit(start + at..start + at + 3, "->").message("the arrow `->` is one sign"));
    }
    if let Some(at) = line.find(") ->").map(|at| at + 1).or(line.rfind("):").map(|at| at + 1)) {
        return Some(advice.edit(start + at..start + line.len(), " -> f64 {"));
    }
    let is_type = is_name(case.marked()) && !case.marked().is_empty();
    Some(if is_type { advice.edit(case.range()?.start..case.range()?.start, "-> ") } else { advice })
}

fn arrow_as_a_closure(case: &Case) -> Option<Advice> {
    let (before, after) = case.around();
    let name = before.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let is_it =
        case.message().starts_with("`->`") || is_syntax(case) && case.marked() == "=>" && !before.contains("match");
    if !is_it || !is_name(name) || after.is_empty() {
        return None;
    }
    let start = before.trim_end().len() - name.len();
    let advice = Advice::rust("a function without a name is written `|x| x * x`").explains_all();
    Some(advice.edit(start..case.range()?.end, format!("|{name}|")))
}

fn hyphen(case: &Case) -> Option<Advice> {
    let is_it = case.message().starts_with("expected a pattern, found an expression");
    let name = case.marked();
    let parts: Vec<&str> = name.split('-').collect();
    if !is_it || parts.len() < 2 || !parts.iter().all(|part| is_name(part)) {
        return None;
    }
    let advice = Advice::rust("a name has letters, digits and `_`, and no hyphens").enough();
    Some(advice.edit(case.range()?, parts.join("_")))
}

fn keyword(case: &Case) -> Option<Advice> {
    let word = case.marked();
    let is_it = case.message().starts_with("expected identifier, found keyword")
        || case.message().starts_with("expected identifier, found reserved keyword")
        || case.message().starts_with("expected pattern, found keyword");
    (is_it && is_name(word)).then(|| {
        Advice::rust(format!("`{word}` is a word of the language, and can't be a name: `{word}_` can")).enough()
    })
}

const TYPES: [(&str, &str); 8] = [
    ("int", "i32"),
    ("float", "f64"),
    ("double", "f64"),
    ("bool", "bool"),
    ("string", "String"),
    ("auto", ""),
    ("var", ""),
    ("f64", "f64"),
];

/// `int x = 3;` of C and its kin.
fn type_first(case: &Case) -> Option<Advice> {
    let (start, line) = case.line();
    let trimmed = line.trim_start();
    let (word, rest) = trimmed.split_once(' ')?;
    let (_, ty) = TYPES.iter().find(|(known, _)| *known == word)?;
    let (name, _) = rest.split_once('=').filter(|(name, _)| is_name(name.trim()))?;
    if !is_syntax(case) {
        return None;
    }
    let start = start + line.len() - trimmed.len();
    let name_end = start + word.len() + 1 + name.trim_end().len();
    let advice = Advice::rust("a variable begins with `let`, and its type, where it is written, comes behind its name");
    let advice = advice.message("the type comes behind the name");
    let advice = advice.explains_all().edit(start..start + word.len(), "let");
    Some(if ty.is_empty() { advice } else { advice.edit(name_end..name_end, format!(": {ty}")) })
}

fn format_without_text(case: &Case) -> Option<Advice> {
    let is_it = case.message().starts_with("format argument must be a string literal");
    let range = case.range().filter(|_| is_it)?;
    let advice = Advice::rust("what is printed begins with a text, in which `{}` stands for a value").enough();
    let marked = case.marked();
    Some(match is_name(marked) {
        true => advice.edit(range, format!("\"{{{marked}}}\"")),
        false => advice.edit(range.start..range.start, "\"{}\", "),
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let colon = ["`)`", "`f64`"].map(|found| format!("expected one of `:`, `@`, or `|`, found {found}"));
        let arrow = ["`f64`", "`-`"].map(|found| format!("expected one of `->`, `where`, or `{{`, found {found}"));
        let pairs = [
            (sample("", "unknown start of token: \\u{201c}", "f(«“»hi”);"), "→ f(\"hi\");"),
            (
                sample("", "character literal may only contain one codepoint", "let c = «'hello'»;"),
                "→ let c = \"hello\";",
            ),
            (sample("E0762", "unterminated character literal", "let c = 'it is«';»"), "→ let c = \"it is\";"),
            (sample("", "expected `;`, found `w`", "let w = 2.0«»\nw"), "a `;` is missing here | each statement ends"),
            (sample("", "expected `;`, found the end of the cell", "let x = 3.0«»"), "→ let x = 3.0;"),
            (sample("", "expected `;`, found the end of the cell", "let x = 3«» // 2;"), "→ let x = 3 / 2;"),
            (sample("", "expected one of `:`, `@`, or `|`, found `=`", "fn f(x «=» 1.0) {}"), "can't have a default"),
            (sample("", "expected one of `.`, `;`, or an operator, found `x`", "let z = 2 «x»;"), "`x` can't follow"),
            (sample("", "expected one of `.`, `;`, or an operator, found `,`", "let z = 1«,»5;"), "→ let z = 1.5;"),
            (
                sample("", "expected one of `,`, `:`, or `}`, found `b`, or an operator", "P {\n a: 1\n «b»: 2 }"),
                "→ P {\n a: 1,\n b: 2 }",
            ),
            (sample("", "expected type, found `=`", "let x :«=» 3;"), "→ let x = 3;"),
            (sample("", "expected one of `!` or `::`, found `:`", "x «:»= 3;"), "→ let x = 3;"),
            (
                sample("", "expected expression, found the end of the cell", "1 +«»"),
                "ends too early | here follows an expression",
            ),
            (
                sample("", "expected `where` or `;` after struct name, found the end of the cell", "struct S«»"),
                "ends too early",
            ),
            (sample("", &colon[0], "fn f(x«)» { x }"), "→ fn f(x: f64) { x }"),
            (sample("", &colon[1], "fn f(x «f64») { x }"), "→ fn f(x: f64) { x }"),
            (sample("", &arrow[0], "fn f(x: f64) «f64» { x }"), "→ fn f(x: f64) -> f64 { x }"),
            (sample("", &arrow[1], "fn f(x: f64) «-» > f64 { x }"), "→ fn f(x: f64) -> f64 { x }"),
            (
                sample("", "`->` is not valid syntax for field accesses", "let f = x «->» x * x;"),
                "→ let f = |x| x * x;",
            ),
            (sample("", "expected a pattern, found an expression", "let «my-var» = 3;"), "→ let my_var = 3;"),
            (sample("", "expected identifier, found keyword `type`", "let «type» = 3;"), "`type_` can"),
            (sample("", "expected one of `!` or `::`, found `x`", "int «x» = 3;"), "→ let x: i32 = 3;"),
            (sample("", "format argument must be a string literal", "println!(«x»);"), "→ println!(\"{x}\");"),
            (
                sample("", "format argument must be a string literal", "println!(«x + 1»);"),
                "→ println!(\"{}\", x + 1);",
            ),
        ];
        let silent = [
            sample("", "expected expression, found `;`", "let x = 5 % «;»"),
            sample("", &colon[0], "match x { y«)» => 1 }"),
        ];
        check(RULES, &pairs, &silent, &Scope::default());
    }
}
