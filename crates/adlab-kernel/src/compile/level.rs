//! How much the compiler is to optimise a cell.
//!
//! A cell that computes something once is compiled longer than it runs, so it is not optimised. One that loops is: itself,
//! or in a function that it calls, however far away.

use std::collections::{HashMap, HashSet};

use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use crate::assumptions::{ONE_FUNCTION, OWN_MODULES};

/// Calls that go over many values.
const MANY: [&str; 20] = [
    "iter",
    "iter_mut",
    "into_iter",
    "map",
    "sum",
    "product",
    "fold",
    "collect",
    "for_each",
    "sort",
    "sort_by",
    "chunks",
    "windows",
    "extend",
    "retain",
    "from_fn",
    "repeat",
    "chars",
    "spawn",
    "scan",
];

/// A function of a notebook's.
#[derive(Default)]
struct Function {
    /// The names in its body, by which it may call others.
    mentions: HashSet<String>,
    loops: bool,
}

impl Function {
    fn read(body: &SyntaxNode) -> Self {
        let mut function = Function::default();
        // In macros as well, where there are only tokens.
        for token in body.descendants_with_tokens().filter_map(|element| element.into_token()) {
            match token.kind() {
                SyntaxKind::FOR_KW | SyntaxKind::WHILE_KW | SyntaxKind::LOOP_KW => function.loops = true,
                SyntaxKind::IDENT => {
                    function.loops |= MANY.contains(&token.text());
                    function.mentions.insert(token.text().to_owned());
                }
                _ => {}
            }
        }
        function.loops |= body
            .text()
            .to_string()
            .split("vec![")
            .skip(1)
            .any(|rest| rest.split(']').next().is_some_and(|inside| inside.contains(';')));
        function
    }
}

/// The cell of this source, as evcxr generates it, is to be optimised.
pub fn is_worth_optimising(file: &SourceFile) -> bool {
    let mut functions: HashMap<String, Function> = HashMap::new();
    let mut called = Vec::new();
    for item in file.items() {
        match &item {
            ast::Item::Impl(found) => {
                for member in found.assoc_item_list().into_iter().flat_map(|list| list.assoc_items()) {
                    let ast::AssocItem::Fn(method) = member else { continue };
                    // An operator is called without its name.
                    add(&mut functions, &method, if found.trait_().is_some() { Some(&mut called) } else { None });
                }
            }
            ast::Item::Trait(found) => {
                for member in found.assoc_item_list().into_iter().flat_map(|list| list.assoc_items()) {
                    if let ast::AssocItem::Fn(method) = member {
                        add(&mut functions, &method, None);
                    }
                }
            }
            ast::Item::Fn(function) => {
                let is_cell = function.name().is_some_and(|name| name.text().starts_with(ONE_FUNCTION));
                add(&mut functions, function, is_cell.then_some(&mut called));
            }
            // evcxr's own.
            ast::Item::Module(module) if module.name().is_some_and(|name| name.text().starts_with(OWN_MODULES)) => {}
            ast::Item::Struct(_) | ast::Item::Enum(_) | ast::Item::Use(_) | ast::Item::TypeAlias(_) => {}
            // A macro, a module, a constant: all that is in it, under its name.
            other => {
                let name = other.syntax().children().find_map(ast::Name::cast).map(|name| name.text().to_string());
                let name = name.unwrap_or_default();
                let mut all = Function::read(other.syntax());
                // A macro of the kernel's is called after the one that it calls.
                all.mentions.remove(&name);
                functions.insert(name, all);
            }
        }
    }
    loops(&functions, called)
}

fn add(functions: &mut HashMap<String, Function>, function: &ast::Fn, called: Option<&mut Vec<String>>) {
    let (Some(name), Some(body)) = (function.name(), function.body()) else { return };
    let name = name.text().to_string();
    let new = Function::read(body.syntax());
    // Methods of several types may have the same name.
    let known = functions.entry(name.clone()).or_default();
    known.loops |= new.loops;
    known.mentions.extend(new.mentions);
    if let Some(called) = called {
        called.push(name);
    }
}

/// A function that is called, or called by one that is called, loops, or calls itself on some way.
fn loops(functions: &HashMap<String, Function>, mut called: Vec<String>) -> bool {
    let mut reached: HashSet<String> = called.iter().cloned().collect();
    while let Some(name) = called.pop() {
        let Some(function) = functions.get(&name) else { continue };
        if function.loops {
            return true;
        }
        for other in function.mentions.iter().filter(|other| functions.contains_key(*other)) {
            if comes_back(functions, other) {
                return true;
            }
            if reached.insert(other.clone()) {
                called.push(other.clone());
            }
        }
    }
    false
}

fn comes_back(functions: &HashMap<String, Function>, start: &str) -> bool {
    let mut seen = HashSet::new();
    let mut next = vec![start];
    while let Some(name) = next.pop() {
        for other in functions.get(name).into_iter().flat_map(|function| &function.mentions) {
            if other == start {
                return true;
            }
            if functions.contains_key(other) && seen.insert(other.as_str()) {
                next.push(other);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::Edition;

    fn cell(items: &str, statements: &str) -> bool {
        let source = format!("{items}\npub extern \"C\" fn run_user_code(x: u8) -> u8 {{\n{statements}\nx}}");
        is_worth_optimising(&SourceFile::parse(&source, Edition::Edition2024).tree())
    }

    #[test]
    fn loops_are_worth_it_wherever_they_are() {
        let prelude = "macro_rules! print { ($($a:tt)*) => {{ ::std::print!($($a)*); }} }";
        assert!(!cell(prelude, "print!(\"a\");"));
        assert!(!cell("", "let x = Dual::variable(0.5); x * x + x.sin()"));
        assert!(!cell("fn unused() { loop {} }", "println!(\"{}\", 1);"));
        assert!(!cell("struct S; impl S { fn area(&self) -> f64 { 1.0 } }", "S.area(); plot(|x| x * x, -1.0..1.0)"));
        for statements in [
            "for i in 0..9 {}",
            "while f() {}",
            "let v = (0..9).map(|i| i);",
            "println!(\"{}\", v.iter().sum::<f64>());",
            "let v = vec![1.0; n];",
            "plot(|x| { let mut z = x; for _ in 0..9 { z = z * x; } z }, -1.0..1.0)",
        ] {
            assert!(cell("", statements), "{statements}");
        }
    }

    #[test]
    fn so_do_calls_of_what_loops_or_recurs() {
        assert!(cell("fn f() { g() } fn g() { for i in 0..9 {} }", "f();"));
        assert!(cell("fn fib(n: u32) -> u32 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }", "fib(30)"));
        assert!(cell(
            "fn even(n: u32) -> bool { odd(n - 1) } fn odd(n: u32) -> bool { even(n - 1) }",
            "println!(\"{}\", odd(3));"
        ));
        assert!(cell("struct S; impl S { fn train(&self) { loop {} } }", "S.train()"));
        // An operator has no name where it is called.
        assert!(cell("impl Mul for S { fn mul(self, o: S) -> S { for i in 0..9 {} self } }", "a * b"));
        assert!(cell("macro_rules! many { () => { for i in 0..9 {} } }", "many!();"));
        assert!(cell("trait T { fn all(&self) { loop {} } }", "1.all()"));
        assert!(!cell("impl Mul for S { fn mul(self, o: S) -> S { S(self.0 * o.0) } }", "a * b"));
    }
}
