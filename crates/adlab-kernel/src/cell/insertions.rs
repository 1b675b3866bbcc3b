//! Writes the types of a cell's variables into the cell, where the student has left them out: evcxr keeps a variable by
//! its type, and takes the one that is written.

use std::ops::Range;

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind};

use super::annotated::Insertion;
use super::syntax::Tree;

/// What stands around parts of expressions. Where another insertion is at the same byte, starts come behind it, and ends
/// before it.
#[derive(Debug, Default, PartialEq)]
pub struct Around {
    pub starts: Vec<Insertion>,
    pub ends: Vec<Insertion>,
}

impl Around {
    pub fn and(mut self, other: Around) -> Self {
        self.starts.extend(other.starts);
        self.ends.extend(other.ends);
        self
    }

    /// All insertions, in the order in which they are to be made at the same byte.
    pub fn with<'a>(&'a self, others: impl Iterator<Item = &'a Insertion>) -> Vec<Insertion> {
        self.ends.iter().chain(others).chain(&self.starts).cloned().collect()
    }

    #[cfg(test)]
    pub fn written_into(&self, code: &str) -> String {
        let mut all = self.with([].iter());
        all.sort_by_key(|(at, _)| *at);
        let mut result = code.to_owned();
        for (at, text) in all.iter().rev() {
            result.insert_str(*at, text);
        }
        result
    }
}

/// A variable that a `let` at the top level of a cell makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    pub name: String,
    pub mutable: bool,
    /// As Rust writes it; nothing where it has no name, or where it can't be told.
    pub ty: Option<String>,
}

/// The variables of each `let`, by the byte of the cell at which it begins.
pub type Types = Vec<(usize, Vec<Variable>)>;

/// A `let` at the top level of a cell that doesn't say what evcxr needs.
pub struct Let {
    /// Bytes of the cell: all of it, and the end of its pattern.
    start: usize,
    end: usize,
    pattern_end: usize,
    /// `let name = …`, as against patterns and types with gaps.
    is_plain: bool,
    value: Option<ast::Expr>,
}

/// Those of a cell in which there is a type to find out.
pub fn lets(tree: &Tree) -> Vec<Let> {
    let statements = tree.statements().filter_map(ast::LetStmt::cast);
    let found = statements.filter_map(|statement| {
        let (pattern, range) = (statement.pat()?, tree.range(statement.syntax())?);
        let is_name =
            matches!(&pattern, ast::Pat::IdentPat(name) if name.pat().is_none() && name.ref_token().is_none());
        let ty = statement.ty().map(|ty| ty.syntax().text().to_string());
        if is_name && ty.as_deref().is_some_and(is_whole) {
            return None;
        }
        Some(Let {
            start: range.start,
            end: range.end,
            pattern_end: tree.range(pattern.syntax())?.end,
            is_plain: is_name && ty.is_none(),
            value: statement.initializer(),
        })
    });
    found.collect()
}

/// A type in which nothing is left open.
pub fn is_whole(text: &str) -> bool {
    let file = SourceFile::parse(&format!("type A = {text};"), Edition::Edition2024);
    let open = [SyntaxKind::ERROR, SyntaxKind::INFER_TYPE, SyntaxKind::UNDERSCORE_EXPR];
    file.errors().is_empty()
        && !text.contains('{')
        && !file.syntax_node().descendants_with_tokens().any(|node| open.contains(&node.kind()))
}

/// The types, written where they belong. `known` has the variables of each `let` by the byte at which it begins.
pub fn annotations(lets: &[Let], known: &[(usize, Vec<Variable>)]) -> Vec<Insertion> {
    let mut insertions = Vec::new();
    for found in lets {
        let Some((_, variables)) = known.iter().find(|(start, _)| *start == found.start) else { continue };
        if variables.is_empty() && found.value.is_some() {
            // A pattern of constants, which evcxr would take for variables.
            insertions.push((found.start, "{ ".into()));
            insertions.push((found.end, " }".into()));
        }
        let bytes = found.value.as_ref().and_then(included_bytes);
        let types: Option<Vec<(&Variable, &str)>> =
            variables.iter().map(|v| Some((v, bytes.or(v.ty.as_deref())?))).collect();
        let Some(types) = types.filter(|types| !types.is_empty()) else { continue };
        if found.is_plain {
            insertions.push((found.pattern_end, format!(": {}", types[0].1)));
        } else if found.value.is_some() {
            // evcxr takes the type of a plain variable only: declared first, then given what the pattern finds.
            let declared: String = types
                .iter()
                .map(|(v, ty)| format!("let {}{}: {ty}; ", if v.mutable { "mut " } else { "" }, v.name))
                .collect();
            let names: String = types.iter().map(|(v, _)| format!("{}, ", v.name)).collect();
            insertions.push((found.start, format!("{declared}({names}) = {{ ")));
            insertions.push((found.end, format!(" ({names}) }};")));
        }
    }
    insertions
}

/// How long the array is, only the compiler knows.
fn included_bytes(value: &ast::Expr) -> Option<&'static str> {
    let ast::Expr::MacroExpr(call) = value else { return None };
    let path = call.macro_call()?.path()?.syntax().text().to_string();
    (path.rsplit(':').next()? == "include_bytes").then_some("&'static [u8]")
}

/// The method by which a value is shown: the preloaded crate's, for all that is `Debug`, or one of the type's own.
pub const SHOW: &str = "evcxr_display";

/// Has the value of the last expression shown. evcxr would do it too, but compiles once more where that fails, in search of
/// another way. Where a type may have a method of its own for it, a call finds that first; where none has, to name the
/// trait makes the better errors.
pub fn display(last_expression: Option<&Range<usize>>, may_be_own: bool) -> Vec<Insertion> {
    let Some(range) = last_expression else { return Vec::new() };
    let (before, after) = match may_be_own {
        true => ("let _ = (".to_owned(), format!(").{SHOW}();")),
        false => (format!("EvcxrDisplay::{SHOW}(&("), "));".to_owned()),
    };
    vec![(range.start, before), (range.end, after)]
}

/// The types as they are likely to be, where all values are numbers, texts and the like.
pub fn guess(lets: &[Let]) -> Option<Vec<Insertion>> {
    let types = lets.iter().map(|found| {
        let ty = found.value.as_ref().and_then(likely_type).filter(|_| found.is_plain)?;
        Some((found.pattern_end, format!(": {ty}")))
    });
    types.collect()
}

fn likely_type(value: &ast::Expr) -> Option<String> {
    use ast::LiteralKind as Kind;
    match value {
        ast::Expr::PrefixExpr(negative) if negative.op_kind() == Some(ast::UnaryOp::Neg) => {
            likely_type(&negative.expr()?)
        }
        ast::Expr::Literal(literal) => Some(match literal.kind() {
            Kind::FloatNumber(number) => number.suffix().unwrap_or("f64").to_owned(),
            Kind::IntNumber(number) => number.suffix().unwrap_or("i32").to_owned(),
            Kind::Bool(_) => "bool".to_owned(),
            Kind::Char(_) => "char".to_owned(),
            Kind::String(_) => "&str".to_owned(),
            _ => return None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, mutable: bool, ty: &str) -> Variable {
        Variable { name: name.into(), mutable, ty: (!ty.is_empty()).then(|| ty.into()) }
    }

    fn annotated(code: &str, known: &[(usize, Vec<Variable>)]) -> String {
        let mut result = code.to_owned();
        for (at, text) in annotations(&lets(&Tree::parse(code)), known).iter().rev() {
            result.insert_str(*at, text);
        }
        result
    }

    #[test]
    fn types_are_written_where_they_are_left_out() {
        let code = "let mut a = 1.5; let b: f64 = a; let c = |x: f64| x;";
        let known = [(0, vec![variable("a", true, "f64")]), (33, vec![variable("c", false, "")])];
        assert_eq!(annotated(code, &known), "let mut a: f64 = 1.5; let b: f64 = a; let c = |x: f64| x;");
    }

    #[test]
    fn patterns_are_taken_apart() {
        let code = "let (a, mut b) = f();\nlet v: Vec<_> = g();";
        let known = [
            (0, vec![variable("a", false, "A"), variable("b", true, "B")]),
            (22, vec![variable("v", false, "Vec<u8>")]),
        ];
        assert_eq!(
            annotated(code, &known),
            "let a: A; let mut b: B; (a, b, ) = { let (a, mut b) = f(); (a, b, ) };\n\
             let v: Vec<u8>; (v, ) = { let v: Vec<_> = g(); (v, ) };"
        );
        assert_eq!(
            annotated("let None = f() else { panic!() };", &[(0, vec![])]),
            "{ let None = f() else { panic!() }; }"
        );
    }

    #[test]
    fn plain_values_need_no_analysis() {
        let types = |code| {
            guess(&lets(&Tree::parse(code))).map(|found| found.into_iter().map(|(_, text)| text).collect::<String>())
        };
        assert_eq!(types("let a = 0.5; let b = -3; let c = \"x\"; let d = 2u8; f();").unwrap(), ": f64: i32: &str: u8");
        assert_eq!(types("let a = 0.5; let b = vec![a];"), None);
        assert_eq!(types("let (a, b) = (1, 2);"), None);
        assert_eq!(types("f();").unwrap(), "");
        let open = |code| lets(&Tree::parse(code)).len();
        assert_eq!((open("let a: f64 = 1.0; { let b = 1; }"), open("let a: Vec<_> = f();")), (0, 1));
    }

    #[test]
    fn types_with_gaps_are_no_types() {
        for (text, expected) in [
            ("Vec<(f64, &str)>", true),
            ("Box<dyn Fn(f64) -> f64>", true),
            ("[f64; 3]", true),
            ("Vec<_>", false),
            ("[f64; _]", false),
            ("{unknown}", false),
        ] {
            assert_eq!(is_whole(text), expected, "{text}");
        }
    }
}
