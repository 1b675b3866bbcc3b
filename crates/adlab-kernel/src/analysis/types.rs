//! The types of a cell's variables.

use std::collections::VecDeque;

use ra_ap_hir::{FindPathConfig, HirDisplay, Module, ModuleDef, Semantics, Type, attach_db};
use ra_ap_ide::{Edition, FileId, RootDatabase};
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};

use super::document::FUNCTION;
use super::world::World;
use crate::cell::insertions::{Variable, is_whole};

/// How many texts are known.
const MOST: usize = 64;

/// The variables of each `let`, in order, with the byte of the document at which it begins.
type Found = Vec<(usize, Vec<Variable>)>;

/// What was found last, while there are the same crates: what is rehearsed is asked for again when it is run.
#[derive(Default)]
pub struct Known(VecDeque<(String, Found)>);

impl Known {
    pub fn variables(&mut self, world: &mut World, text: &str) -> Found {
        if let Some((_, found)) = self.0.iter().find(|(known, _)| known == text) {
            return found.clone();
        }
        world.set_cell(text.to_owned());
        let found = variables(world);
        self.0.truncate(MOST - 1);
        self.0.push_front((text.to_owned(), found.clone()));
        found
    }
}

fn variables(world: &World) -> Found {
    let db = world.host.raw_database();
    attach_db(db, || of_function(db, world.cell)).unwrap_or_default()
}

fn of_function(db: &RootDatabase, cell: FileId) -> Option<Found> {
    let sema = Semantics::new(db);
    let file = sema.parse_guess_edition(cell);
    let function = file.items().find_map(|item| match item {
        ast::Item::Fn(function) => function.name().is_some_and(|name| name.text() == FUNCTION).then_some(function),
        _ => None,
    })?;
    let module = sema.scope(function.syntax())?.module();
    let body = function.body()?;
    let lets = body.statements().filter_map(|statement| match statement {
        ast::Stmt::LetStmt(statement) => Some(statement),
        _ => None,
    });
    let of_let = |statement: ast::LetStmt| {
        let patterns =
            statement.pat().into_iter().flat_map(|pattern| pattern.syntax().descendants().collect::<Vec<_>>());
        // A constant, as `None` is one, is no variable; and one of several alternatives has each name again.
        let names =
            patterns.filter_map(ast::IdentPat::cast).filter(|name| sema.resolve_bind_pat_to_const(name).is_none());
        let mut variables: Vec<Variable> = Vec::new();
        for variable in names.filter_map(|pattern| {
            let ty = sema.type_of_binding_in_pat(&pattern)?;
            let written = || {
                let text = ty.display_source_code(db, module.into(), true).ok()?;
                Some(with_paths(db, &ty, module, text)).filter(|text| is_whole(text))
            };
            Some(Variable {
                name: pattern.name()?.text().to_string(),
                mutable: pattern.mut_token().is_some(),
                ty: if ty.is_closure() { None } else { written() },
            })
        }) {
            if !variables.iter().any(|known| known.name == variable.name) {
                variables.push(variable);
            }
        }
        (usize::from(statement.syntax().text_range().start()), variables)
    };
    Some(lets.map(of_let).collect())
}

/// rust-analyzer writes the trait of a `dyn` by its name alone, which may not be there.
fn with_paths(db: &RootDatabase, ty: &Type, module: Module, mut text: String) -> String {
    let mut traits = Vec::new();
    ty.walk(db, |part| traits.extend(part.as_dyn_trait()));
    let config =
        FindPathConfig { prefer_no_std: false, prefer_prelude: true, prefer_absolute: false, allow_unstable: false };
    for found in traits {
        let name = found.name(db).display(db, Edition::Edition2024).to_string();
        let Some(path) = module.find_path(db, ModuleDef::Trait(found), config) else { continue };
        let (short, long) = (format!("dyn {name}"), format!("dyn {}", path.display(db, Edition::Edition2024)));
        if short != long && !text.contains(&long) {
            text = text.replace(&short, &long);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::document::{Document, Surroundings};
    use super::*;
    use crate::cell::Outline;

    /// What the analysis of a cell finds, in the slim library that sessions use.
    #[test]
    fn types_are_found_without_the_bodies_of_the_standard_library() {
        let library = tempfile::tempdir().unwrap();
        crate::analysis::slim_std::write(&crate::system::toolchain::rust_src().expect("rust-src"), library.path())
            .unwrap();
        let mut world = World::new(library.path()).unwrap();
        let scope = Surroundings {
            items: "struct Pair<T> { a: T, b: Vec<T> }\nfn twice(x: f64) -> f64 { 2.0 * x }".into(),
            variables: vec![("old".into(), "Vec<f64>".into())],
        };
        let code = "struct Own(i32); trait Shape {} impl Shape for Own {}
            let a = 0.5; let mut n = 3; let text = \"x\"; let string = format!(\"{a}\");
            let v = vec![1.0, 2.0]; let zeros = vec![0u8; 9]; let array = [[1.0; 3]; 2]; let boxed = Box::new([1, 2]);
            let squares: Vec<_> = old.iter().map(|x| x * x).collect();
            let most = old.iter().copied().fold(f64::MIN, f64::max);
            let counts = old.chunks(2).map(|c| (c.len(), c[0])).collect::<std::collections::HashMap<_, _>>();
            let mut grown = Vec::new(); grown.push(twice(a));
            let (own, pair) = (Own(1), Pair { a: 1u8, b: vec![] });
            let Pair { b, .. } = Pair { a: 'c', b: vec!['d'] };
            let f = twice; let maybe = old.first().cloned(); let Some(found) = maybe else { panic!() };
            let read = \"1\".parse::<i64>(); let rc = std::rc::Rc::new(std::cell::RefCell::new(a));
            let joined = std::thread::spawn(|| 1).join(); let failed: Result<i32, Box<dyn std::error::Error>> = Ok(1);
            let Err(why) = failed else { panic!() }; let shape: Box<dyn Shape + Send> = Box::new(Own(1)); let kept = vec![shape];
            let closure = |x: f64| x; let lazy = old.iter(); let open = Default::default();";
        let document = Document::new(&scope, code, &Outline::of(code));
        let mut known = Known::default();
        assert_eq!(known.variables(&mut world, &document.text), known.variables(&mut world, &document.text));
        let found = variables(&world).into_iter().flat_map(|(_, variables)| variables);
        let found: Vec<(String, String)> =
            found.map(|v| (v.name, v.ty.map_or("-".into(), |ty| ty.replace(" + 'static", "")))).collect();
        let expected = [
            ("a", "f64"),
            ("n", "i32"),
            ("text", "&str"),
            ("string", "String"),
            ("v", "Vec<f64>"),
            ("zeros", "Vec<u8>"),
            ("array", "[[f64; 3]; 2]"),
            ("boxed", "Box<[i32; 2]>"),
            ("squares", "Vec<f64>"),
            ("most", "f64"),
            ("counts", "std::collections::HashMap<usize, f64>"),
            ("grown", "Vec<f64>"),
            ("own", "Own"),
            ("pair", "Pair<u8>"),
            ("b", "Vec<char>"),
            ("f", "fn(f64) -> f64"),
            ("maybe", "Option<f64>"),
            ("found", "f64"),
            ("read", "Result<i64, std::num::ParseIntError>"),
            ("rc", "std::rc::Rc<std::cell::RefCell<f64>>"),
            ("joined", "Result<i32, Box<dyn std::any::Any + Send>>"),
            ("failed", "Result<i32, Box<dyn std::error::Error>>"),
            ("why", "Box<dyn std::error::Error>"),
            ("shape", "Box<dyn Shape + Send>"),
            ("kept", "Vec<Box<dyn Shape + Send>>"),
            ("closure", "-"),
            ("lazy", "std::slice::Iter<'_, f64>"),
            ("open", "-"),
        ];
        for ((name, ty), (expected_name, expected_ty)) in found.iter().zip(expected) {
            assert_eq!((name.as_str(), ty.as_str()), (expected_name, expected_ty));
        }
        assert_eq!(found.len(), expected.len());
    }
}
