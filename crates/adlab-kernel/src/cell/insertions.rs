//! Writes the types of a cell's variables into the cell, where the student has left them out: evcxr keeps a variable by
//! its type, and takes the one that is written.

use ra_ap_syntax::ast::{self, AstNode};

use crate::analysis::types::{Variable, is_whole};
use crate::cell::syntax;

/// Text of the kernel's, and the byte of the cell that it goes before.
pub type Insertion = (usize, String);

/// A `let` at the top level of a cell that doesn't say what evcxr needs.
struct Let {
    /// Bytes of the cell: all of it, and the end of its pattern.
    start: usize,
    end: usize,
    pattern_end: usize,
    /// `let name = …`, as against patterns and types with gaps.
    is_plain: bool,
    value: Option<ast::Expr>,
}

fn lets(code: &str) -> Vec<Let> {
    let nodes = syntax::statements(code).into_iter().filter_map(ast::LetStmt::cast);
    let found = nodes.filter_map(|statement| {
        let byte = |at: ra_ap_syntax::TextSize| usize::from(at) - syntax::OFFSET;
        let (pattern, range) = (statement.pat()?, statement.syntax().text_range());
        let is_name =
            matches!(&pattern, ast::Pat::IdentPat(name) if name.pat().is_none() && name.ref_token().is_none());
        let ty = statement.ty().map(|ty| ty.syntax().text().to_string());
        if is_name && ty.as_deref().is_some_and(is_whole) {
            return None;
        }
        Some(Let {
            start: byte(range.start()),
            end: byte(range.end()),
            pattern_end: byte(pattern.syntax().text_range().end()),
            is_plain: is_name && ty.is_none(),
            value: statement.initializer(),
        })
    });
    found.filter(|found| found.end <= code.len()).collect()
}

/// There is a type to find out.
pub fn leaves_types_out(code: &str) -> bool {
    !lets(code).is_empty()
}

/// The types, written where they belong. `known` has the variables of each `let` by the byte at which it begins.
pub fn annotations(code: &str, known: &[(usize, Vec<Variable>)]) -> Vec<Insertion> {
    let mut insertions = Vec::new();
    for found in lets(code) {
        let Some((_, variables)) = known.iter().find(|(start, _)| *start == found.start) else { continue };
        let types: Option<Vec<(&Variable, &str)>> = variables.iter().map(|v| Some((v, v.ty.as_deref()?))).collect();
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

/// Has the value of the last expression shown. evcxr would do it too, but compiles once more where that fails, in search of
/// another way.
pub fn display(code: &str) -> Vec<Insertion> {
    match syntax::last_expression(code) {
        Some(range) => vec![(range.start, "EvcxrDisplay::evcxr_display(&(".into()), (range.end, "));".into())],
        None => Vec::new(),
    }
}

/// The types as they are likely to be, where all values are numbers, texts and the like.
pub fn guess(code: &str) -> Option<Vec<Insertion>> {
    let types = lets(code).into_iter().map(|found| {
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
        for (at, text) in annotations(code, known).iter().rev() {
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
        assert_eq!(annotated("let _ = f();", &[(0, vec![])]), "let _ = f();");
    }

    #[test]
    fn plain_values_need_no_analysis() {
        let types = |code| guess(code).map(|found| found.into_iter().map(|(_, text)| text).collect::<String>());
        assert_eq!(types("let a = 0.5; let b = -3; let c = \"x\"; let d = 2u8; f();").unwrap(), ": f64: i32: &str: u8");
        assert_eq!(types("let a = 0.5; let b = vec![a];"), None);
        assert_eq!(types("let (a, b) = (1, 2);"), None);
        assert_eq!(types("f();").unwrap(), "");
        assert!(!leaves_types_out("let a: f64 = 1.0; { let b = 1; }") && leaves_types_out("let a: Vec<_> = f();"));
    }
}
