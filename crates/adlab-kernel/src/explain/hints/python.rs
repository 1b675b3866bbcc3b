//! The habits of Python, and how Rust says the same.

use super::elsewhere::{instead_of, interval};
use super::operands::{is_name, operand_before};
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "# comment", says: comment },
    Rule { name: "%magic", says: magic },
    Rule { name: "import", says: import },
    Rule { name: "def", says: function },
    Rule { name: "class", says: class },
    Rule { name: "for … in …:", says: for_loop },
    Rule { name: "if …:", says: block },
    Rule { name: "try:", says: exceptions },
    Rule { name: "lambda", says: lambda },
    Rule { name: "a if c else b", says: conditional },
    Rule { name: "[… for …]", says: comprehension },
    Rule { name: "f\"…\"", says: f_string },
    Rule { name: "{\"a\": 1}", says: dictionary },
    Rule { name: "assert", says: assert },
    Rule { name: "print x", says: print },
    Rule { name: "not", says: not },
    Rule { name: "words of other languages", says: foreign },
    Rule { name: "v[1:3]", says: slice },
];

fn is_syntax(case: &Case) -> bool {
    case.code().is_empty() || case.code().starts_with("E07")
}

/// A line of a cell that is no Rust.
struct Line<'a> {
    /// Where its first word begins.
    start: usize,
    text: &'a str,
    /// With blanks in the place of what stands in quotes and comments.
    code: String,
}

fn statement<'a>(case: &'a Case) -> Option<Line<'a>> {
    let (start, line) = case.line();
    let text = line.trim_start();
    let (start, text) = (start + line.len() - text.len(), text.trim_end());
    is_syntax(case).then(|| Line { start, text, code: without_text(text) })
}

fn without_text(line: &str) -> String {
    let mut in_text = false;
    let mut result = String::new();
    let mut letters = line.char_indices();
    while let Some((at, c)) = letters.next() {
        match c {
            '"' => in_text = !in_text,
            '/' if !in_text && line[at..].starts_with("//") => {
                result.push_str(&" ".repeat(line.len() - at));
                break;
            }
            '\\' if in_text => {
                let next = letters.next().map_or(0, |(_, c)| c.len_utf8());
                result.push_str(&" ".repeat(1 + next));
                continue;
            }
            _ if in_text => {
                result.push_str(&" ".repeat(c.len_utf8()));
                continue;
            }
            _ => {}
        }
        result.push(c);
    }
    result
}

fn comment(case: &Case) -> Option<Advice> {
    let Line { start, text: line, code } = statement(case)?;
    let at = code.find('#').filter(|at| !line[at + 1..].starts_with(['[', '!']))?;
    let start = start + at;
    let advice = Advice::rust("a comment begins with `//`").explains_all();
    Some(advice.edit(start..start + 1, "//").message("`#` begins no comment in Rust"))
}

fn magic(case: &Case) -> Option<Advice> {
    let Line { text: line, .. } = statement(case)?;
    let is_magic = line.starts_with('%') || line.starts_with("pip ") || line.starts_with("conda ");
    is_magic.then(|| {
        Advice::notebook(
            "`!program` runs a program, `:dep name = \"version\"` adds a crate, `:help` shows all commands",
        )
        .message("this is a command of Python's notebooks")
        .explains_all()
    })
}

fn import(case: &Case) -> Option<Advice> {
    let Line { text: line, .. } = statement(case)?;
    let module =
        line.strip_prefix("import ").or_else(|| line.strip_prefix("from ").filter(|_| line.contains(" import ")))?;
    let general = "`use` brings names in; what this course needs is there already";
    let hint = instead_of(module.trim()).unwrap_or(general);
    Some(Advice::rust(hint).message("`import` is Python's").explains_all())
}

/// `def f(x, y):` as Rust's header of a function.
fn header(line: &str) -> Option<String> {
    let (name, rest) = line.strip_prefix("def ")?.split_once('(')?;
    let (parameters, _) = rest.split_once(')')?;
    let typed = parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let name = parameter.split([':', '=']).next().unwrap_or_default().trim();
        if name == "self" { "&self".to_owned() } else { format!("{name}: f64") }
    });
    Some(format!("fn {}({}) -> f64 {{", name.trim(), typed.collect::<Vec<_>>().join(", ")))
}

fn function(case: &Case) -> Option<Advice> {
    let Line { start, text: line, .. } = statement(case)?;
    let header = header(line)?;
    let advice =
        Advice::rust("a function is `fn f(x: f64) -> f64 { … }`: its last expression, without `;`, is its value");
    Some(advice.message("`def` is Python's").explains_all().edit(start..start + line.len(), header))
}

fn class(case: &Case) -> Option<Advice> {
    let Line { text: line, .. } = statement(case)?;
    let name = line.strip_prefix("class ")?.split(['(', ':', ' ', '{']).next().filter(|name| is_name(name))?;
    let hint = format!("a type is `struct {name} {{ x: f64 }}`, and its methods stand in `impl {name} {{ … }}`");
    Some(Advice::rust(hint).message("`class` is Python's").explains_all())
}

/// What follows a block's header with a colon.
fn in_braces(advice: Advice) -> Advice {
    advice.message("a colon opens no block in Rust").explains_all()
}

const BLOCKS: &str = "a block stands in braces `{ … }`";

fn for_loop(case: &Case) -> Option<Advice> {
    let Line { start, text: line, .. } = statement(case)?;
    let (names, rest) = line.strip_prefix("for ")?.split_once(" in ")?;
    let what = rest.strip_suffix(':')?;
    let over = interval(what).unwrap_or_else(|| if is_name(what) { format!("&{what}") } else { what.to_owned() });
    let names = if names.contains(',') && !names.contains('(') { format!("({names})") } else { names.to_owned() };
    let advice = in_braces(Advice::rust(BLOCKS));
    Some(advice.edit(start..start + line.len(), format!("for {names} in {over} {{")))
}

fn block(case: &Case) -> Option<Advice> {
    let Line { start, text: line, .. } = statement(case)?;
    let word = line.split([' ', ':', '(']).next()?;
    if !["if", "elif", "else", "while"].contains(&word) || word == "else" && line != "else:" {
        return None;
    }
    // On one line, or with the colon at its end.
    let head = line.strip_suffix(':').or_else(|| line.split_once(": ").map(|(head, _)| head))?;
    let words = head.split(' ').map(|word| match word {
        "elif" => "else if",
        "and" => "&&",
        "or" => "||",
        "True" => "true",
        "False" => "false",
        word => word,
    });
    let head = words.collect::<Vec<_>>().join(" ").replace("not ", "!");
    let end = start + line.len().min(line.find(": ").map_or(line.len(), |at| at + 1));
    Some(in_braces(Advice::rust(BLOCKS)).edit(start..end, format!("{head} {{")))
}

fn exceptions(case: &Case) -> Option<Advice> {
    let Line { text: line, .. } = statement(case)?;
    let is_it =
        ["try:", "finally:"].contains(&line) || ["except", "raise ", "with "].iter().any(|word| line.starts_with(word));
    is_it.then(|| {
        let hint = "what can fail gives a `Result`: `?` hands its error on, `match` looks at it, `.unwrap()` panics";
        Advice::rust(hint).message("Rust has no exceptions").explains_all()
    })
}

fn lambda(case: &Case) -> Option<Advice> {
    let Line { start, text: line, code } = statement(case)?;
    let at = code.find("lambda ")?;
    let (parameters, _) = line[at + 7..].split_once(':')?;
    let end = at + 7 + parameters.len() + 1;
    let advice = Advice::rust("a function without a name is written `|x| x * x`").message("`lambda` is Python's");
    Some(advice.explains_all().edit(start + at..start + end, format!("|{}|", parameters.trim())))
}

/// `a if c else b`
fn conditional(case: &Case) -> Option<Advice> {
    let Line { start, text: line, code } = statement(case)?;
    let at = code.find(" if ")?;
    let (before, rest) = (&line[..at], &line[at + 4..]);
    let (condition, otherwise) = rest.split_once(" else ").filter(|_| !code.contains('{'))?;
    let value_at = before.rfind(['=', '(']).map_or(0, |at| at + 1);
    let value = before[value_at..].trim();
    let other = otherwise.trim_end_matches([';', ')']);
    let gap = if value_at == 0 || before.ends_with('(') { "" } else { " " };
    let choice = format!("{gap}if {condition} {{ {value} }} else {{ {other} }}");
    let end = start + line.len() - (otherwise.len() - other.len());
    let advice = Advice::rust("`if` comes first, and each value stands in braces").explains_all();
    Some(advice.message("this is Python's order").edit(start + value_at..end, choice))
}

fn comprehension(case: &Case) -> Option<Advice> {
    let Line { start, text: line, code } = statement(case)?;
    let open = code.find('[').filter(|at| code[*at..].contains(" for "))?;
    let (value, rest) = line[open + 1..].split_once(" for ")?;
    let (name, rest) = rest.split_once(" in ")?;
    let (over, _) = rest.split_once(']').filter(|(over, _)| !over.contains(" if "))?;
    let end = open + 1 + value.len() + 5 + name.len() + 4 + over.len() + 1;
    let items = match interval(over) {
        Some(interval) => format!("({interval})"),
        None if over.contains("..") => format!("({over})"),
        None => format!("{over}.iter()"),
    };
    let advice =
        Advice::rust("a vector is made from an iterator: `(0..3).map(|i| …).collect::<Vec<_>>()`").explains_all();
    let made = format!("{items}.map(|{name}| {value}).collect::<Vec<_>>()");
    Some(advice.message("this is a list comprehension of Python's").edit(start + open..start + end, made))
}

fn f_string(case: &Case) -> Option<Advice> {
    let Line { start, text: line, code } = statement(case)?;
    let at =
        code.match_indices("f\"").map(|(at, _)| at).find(|at| !code[..*at].ends_with(|c: char| c.is_alphanumeric()))?;
    let length = line[at + 2..].find('"')? + 3;
    let text = &line[at + 1..at + length];
    let printed = line[..at].strip_suffix("print(");
    let (from, made) = match printed {
        Some(before) => (before.len(), format!("println!({text}")),
        None => (at, format!("format!({text})")),
    };
    let hint = "`println!(\"x = {x}\")` prints, and `format!(\"x = {x}\")` makes a text";
    let advice = Advice::rust(hint).message("`f\"…\"` is Python's").explains_all();
    Some(advice.edit(start + from..start + at + length, made))
}

fn dictionary(case: &Case) -> Option<Advice> {
    let Line { text: line, .. } = statement(case)?;
    let inner = line.split_once('{')?.1.trim_start();
    let is_it = inner.starts_with('"') && case.message().contains("found `:`");
    is_it.then(|| {
        let hint = "a table of keys is `std::collections::HashMap::from([(\"a\", 1), (\"b\", 2)])`";
        Advice::rust(hint).message("this is a dictionary of Python's").explains_all()
    })
}

fn assert(case: &Case) -> Option<Advice> {
    let Line { start, text: line, .. } = statement(case)?;
    let condition = line.strip_prefix("assert ")?.trim_end_matches(';');
    let made = match condition.split_once(" == ") {
        Some((left, right)) => format!("assert_eq!({left}, {right});"),
        None => format!("assert!({condition});"),
    };
    let advice = Advice::rust("`assert!(…)` and `assert_eq!(…, …)` are macros").explains_all();
    Some(advice.message("`assert` needs a `!` and parentheses").edit(start..start + line.len(), made))
}

fn print(case: &Case) -> Option<Advice> {
    let Line { start, text: line, .. } = statement(case)?;
    let what = line.strip_prefix("print ").filter(|what| !what.starts_with(['=', '.', '(']))?;
    let made =
        if what.starts_with('"') { format!("println!({what});") } else { format!("println!(\"{{}}\", {what});") };
    let advice = Advice::rust("`println!` prints a line").explains_all();
    Some(advice.edit(start..start + line.len(), made))
}

fn not(case: &Case) -> Option<Advice> {
    let Line { start, code, .. } = statement(case)?;
    let at = code.find("not ").filter(|at| *at == 0 || code[..*at].ends_with([' ', '(']))?;
    let advice = Advice::rust("`!` is Python's `not`, `&&` its `and`, `||` its `or`").explains_all();
    Some(advice.edit(start + at..start + at + 4, "!"))
}

/// What a statement has in other languages, what it has in Rust, and a word on it.
const FOREIGN: [(&str, &str, &str); 9] = [
    ("elif ", "else if ", "the next case is `else if x == 2 { … }`"),
    ("function ", "fn ", "a function is `fn f(x: f64) -> f64 { … }`"),
    ("func ", "fn ", "a function is `fn f(x: f64) -> f64 { … }`"),
    ("fun ", "fn ", "a function is `fn f(x: f64) -> f64 { … }`"),
    ("switch ", "match ", "cases are `match x { 1 => …, _ => … }`"),
    ("del ", "", "a variable goes by `drop(x);`, or stays"),
    ("global ", "", "a function is given what it needs as parameters"),
    ("new ", "", "a struct is made by `Point { x: 1.0, y: 2.0 }`, or by a function, as `Point::new(1.0, 2.0)`"),
    (" is None", ".is_none()", "`x.is_none()` and `x.is_some()` ask an `Option`"),
];

fn foreign(case: &Case) -> Option<Advice> {
    let Line { start, code, .. } = statement(case)?;
    let begins = |at: usize| at == 0 || code[..at].ends_with([' ', '(', '=']);
    let (at, (word, instead, hint)) = FOREIGN.iter().find_map(|entry| {
        let at = code.find(entry.0)?;
        (begins(at) || entry.0.starts_with(' ')).then_some((at, entry))
    })?;
    let advice = Advice::rust(*hint).message(format!("`{}` is of another language", word.trim())).explains_all();
    Some(if instead.is_empty() { advice } else { advice.edit(start + at..start + at + word.len(), *instead) })
}

/// `v[1:3]`, `v[:2]`, `v[1:]`
fn slice(case: &Case) -> Option<Advice> {
    let Line { start, text: line, code } = statement(case)?;
    let (open, close) = code.match_indices('[').find_map(|(open, _)| {
        let close = open + code[open..].find(']')?;
        let inner = &code[open + 1..close];
        (inner.matches(':').count() == 1 && !inner.contains(['{', ';', '='])).then_some((open, close))
    })?;
    let name = operand_before(&line[..open]).1;
    let inner = line[open + 1..close].replacen(':', "..", 1);
    let advice = Advice::rust("a part of a vector is lent by `&v[1..3]`").message("a part is written with two dots");
    let from = start + open - name.len();
    is_name(name).then(|| advice.explains_all().edit(from..start + close + 1, format!("&{name}[{inner}]")))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let no = "expected `;`, found `x`";
        let brace = "expected `{`, found `:`";
        let pairs = [
            (sample("", no, "let x = 1.0;  # «a» comment"), "→ let x = 1.0;  // a comment"),
            (sample("", no, "%«timeit» 1+1"), "of Python's notebooks"),
            (sample("", no, "import «numpy» as np"), "`tensor([1.0, 2.0])` makes an array"),
            (sample("", no, "from «math» import sin"), "methods of numbers"),
            (sample("", no, "import «os»"), "there already"),
            (sample("", no, "def «f»(x, y=1):\n    return x"), "→ fn f(x: f64, y: f64) -> f64 {\n"),
            (sample("", no, "class «A»(B):"), "`impl A { … }`"),
            (sample("", brace, "for i in range(1, 3)«:»"), "→ for i in 1..3 {"),
            (sample("", brace, "for i, x in enumerate(v)«:»"), "→ for (i, x) in enumerate(v) {"),
            (sample("", brace, "for i in range(len(v))«:»"), "→ for i in 0..v.len() {"),
            (sample("", brace, "for x in xs«:»"), "→ for x in &xs {"),
            (sample("", brace, "if not a and b«:»\n    f();"), "→ if !a && b {\n"),
            (sample("", no, "elif «x» > 0:"), "→ else if x > 0 {"),
            (sample("", "expected identifier, found reserved keyword `try`", "«try»:"), "no exceptions"),
            (sample("", no, "let f = lambda «x»: x * 2;"), "→ let f = |x| x * 2;"),
            (sample("", no, "let y = x «if» x > 0.0 else 0.0;"), "→ let y = if x > 0.0 { x } else { 0.0 };"),
            (
                sample("", no, "let w = [i * 2 «for» i in range(3)];"),
                "→ let w = (0..3).map(|i| i * 2).collect::<Vec<_>>();",
            ),
            (sample("", "prefix `f` is unknown", "print(«f»\"x = {x}\")"), "→ println!(\"x = {x}\")"),
            (sample("", no, "let s = f«\"x = {x}\"»;"), "→ let s = format!(\"x = {x}\");"),
            (sample("", "expected one of `.` or `}`, found `:`", "let d = {\"a\"«:» 1};"), "HashMap::from"),
            (sample("", no, "assert «x» == 1.0"), "→ assert_eq!(x, 1.0);"),
            (sample("", no, "func «f»(x: f64) -> f64 { x }"), "→ fn f(x: f64) -> f64 { x }"),
            (sample("", no, "x «is» None"), "→ x.is_none()"),
            (sample("", no, "del «x»"), "`drop(x);`"),
            (sample("", no, "print «x»"), "→ println!(\"{}\", x);"),
            (sample("", "unexpected keyword `true`", "if not «true» { }"), "→ if !true { }"),
            (sample("", no, "if a { 1 } elif «x» { 2 }"), "→ if a { 1 } else if x { 2 }"),
            (sample("", "expected one of `.`, `]`, or an operator, found `:`", "v[1«:»3]"), "→ &v[1..3]"),
            (sample("", "expected expression, found `:`", "let w = v[«:»2];"), "→ let w = &v[..2];"),
        ];
        let silent = [
            sample("E0308", "mismatched types", "if x «y» { }"),
            sample("", no, "let v: [f64; 2] = [a::b «x»];"),
            sample("", "expected expression, found `;`", "let x = 5 % «;»"),
            sample("", brace, "if x«»"),
            sample("", no, "let s = \"do not # f(lambda x: 1)\"«»"),
            sample("", no, "let x = 3«» // 1 if not 2 else 3"),
        ];
        check(RULES, &pairs, &silent, &Scope::default());
    }
}
