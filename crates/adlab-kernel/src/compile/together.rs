//! Cells that are compiled in one go.
//!
//! Half of what a compiler takes for a cell, it takes for any: it starts, reads the libraries, and links. So cells that are
//! known beforehand are compiled together, each a module of one crate, with an entry of its own (`runtime/entry.rs`). As each
//! is a crate when it is compiled alone, nobody must be able to tell:
//!
//! - A cell that could see which module or file it stands in is compiled alone, and so is one whose names other cells would meet.
//! - Where they do not compile together, each is compiled alone, and says what is wrong with it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode};

use crate::assumptions::{ERROR_TYPE, HEAD, ONE_FUNCTION};
use crate::cell::statics;

/// In the first cell's folder.
const FOLDER: &str = "together";
/// As panics have it, a cell's source is a file of this name, in a folder.
const FILE: &str = "lib.rs";

/// What tells where a cell stands, or is there once for a crate.
const TELLING: [&str; 28] = [
    "file",
    "module_path",
    "type_name",
    "type_name_of_val",
    "type_id",
    "TypeId",
    "PhantomData",
    "Location",
    "location",
    "Backtrace",
    "set_hook",
    "take_hook",
    "PanicHookInfo",
    "PanicInfo",
    "no_mangle",
    "export_name",
    "link",
    "link_name",
    "link_section",
    "used",
    "macro_export",
    "feature",
    "recursion_limit",
    "global_allocator",
    "global_asm",
    "asm",
    "naked_asm",
    "dbg",
];

/// By these, a value comes back as one of the notebook's types, which the compiler knows by where it is defined.
const FROM_ANY: [&str; 2] = ["Any", "Error"];

/// The cell of this source, as it is compiled, has to be compiled alone.
pub fn is_alone(source: &str) -> bool {
    let file = SourceFile::parse(source, Edition::Edition2024).tree();
    let own: BTreeSet<String> = file.syntax().descendants().filter_map(own_name).collect();
    let has_types = own.iter().any(|name| !ERROR_TYPE.contains(name));
    !cfg!(target_os = "linux")
        || source.contains(statics::NAME)
        || has_word(&file, &TELLING)
        || has_types && has_word(&file, &FROM_ANY)
        || meets_others(&file, &own)
}

/// It has one of these words, or says where its crate is.
fn has_word(file: &SourceFile, words: &[&str]) -> bool {
    let name = |item: &ast::Item| match item {
        ast::Item::MacroRules(item) => item.name(),
        ast::Item::Fn(item) => item.name(),
        _ => None,
    };
    let parts = file.syntax().children().flat_map(|node| match ast::Item::cast(node.clone()) {
        // The kernel's own, which names the student's line.
        Some(item) if name(&item).is_some_and(|name| name.text() == "dbg") => Vec::new(),
        // Its entry is a new one.
        Some(item) if name(&item).is_some_and(|name| name.text() == ONE_FUNCTION) => node
            .children()
            .filter(|part| !ast::Attr::can_cast(part.kind()) && !ast::Abi::can_cast(part.kind()))
            .collect(),
        _ => vec![node],
    });
    let mut tokens = parts.flat_map(|node| node.descendants_with_tokens()).filter_map(|element| element.into_token());
    tokens.any(|token| match token.kind() {
        SyntaxKind::CRATE_KW | SyntaxKind::SUPER_KW | SyntaxKind::EXTERN_KW => true,
        SyntaxKind::IDENT => words.contains(&token.text().trim_start_matches("r#")),
        _ => false,
    })
}

/// It says something of types that are not its own, or a macro may: that would hold for the others, too.
fn meets_others(file: &SourceFile, own: &BTreeSet<String>) -> bool {
    let is_own = |node: &SyntaxNode| {
        let names = node.descendants().filter_map(ast::NameRef::cast);
        names.into_iter().any(|name| own.contains(name.text().trim_start_matches("r#")))
    };
    file.items().any(|item| matches!(item, ast::Item::MacroCall(_)))
        || file.syntax().descendants().filter_map(ast::Impl::cast).any(|item| {
            let (of, ty) = (item.trait_(), item.self_ty());
            of.is_some_and(|of| {
                // Of the trait, its own name: what it is given is another's to the others.
                let of = of.syntax().children().find_map(ast::Path::cast).and_then(|path| path.segment()?.name_ref());
                !of.is_some_and(|name| own.contains(name.text().trim_start_matches("r#")))
                    && !ty.is_some_and(|ty| is_own(ty.syntax()))
            })
        })
}

/// The name of a type or a trait.
fn own_name(node: SyntaxNode) -> Option<String> {
    let name = match ast::Item::cast(node)? {
        ast::Item::Struct(item) => item.name(),
        ast::Item::Enum(item) => item.name(),
        ast::Item::Union(item) => item.name(),
        ast::Item::Trait(item) => item.name(),
        _ => None,
    };
    name.map(|name| name.text().trim_start_matches("r#").to_owned())
}

/// The sources of cells and the names of their entries, as files in a folder. The name of the crate's own.
pub fn write(folder: &Path, cells: &[(&str, String)]) -> Result<String> {
    let mut root = String::new();
    for (place, (source, entry)) in cells.iter().enumerate() {
        let module = folder.join(FOLDER).join(place.to_string());
        fs::create_dir_all(&module)?;
        fs::write(module.join(FILE), with_entry(source, entry)?)?;
        root += &format!("#[path = \"{place}/{FILE}\"] mod cell_{place};\n");
    }
    fs::write(folder.join(FOLDER).join(FILE), root)?;
    Ok(format!("{FOLDER}/{FILE}"))
}

/// All that a library was made from is here.
pub fn is_of_all(source: &str) -> bool {
    source
        .strip_prefix(FOLDER)
        .is_some_and(|rest| rest.starts_with('/') && rest.ends_with(FILE) && !rest.contains(".."))
}

/// A module with an entry of this name, line by line the same.
fn with_entry(source: &str, entry: &str) -> Result<String> {
    let one = format!("{HEAD}{ONE_FUNCTION}(");
    let (before, after) = source.rsplit_once(&one).context("a cell has no entry")?;
    Ok(format!("{before}{}{ONE_FUNCTION}({after}", HEAD.replace("no_mangle", &format!("export_name = \"{entry}\""))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(items: &str, code: &str) -> String {
        format!(
            "#![allow(dead_code)]macro_rules! dbg {{ ($($a:tt)*) => {{ ::std::dbg!($($a)*) }} }}\n{items}{HEAD}{ONE_FUNCTION}(x: u8) {{\n{code}\n}}"
        )
    }

    #[test]
    fn a_cell_that_can_tell_is_compiled_alone() {
        for code in [
            "",
            "let a: Box<dyn std::error::Error> = \"no\".into();",
            "let files = 1; plot(f, 0.0..1.0)",
            "println!(\"a crate, a file\");",
            "panic!(\"no\")",
        ] {
            assert!(!is_alone(&source("fn f() {} mod m { pub fn g() {} }", code)), "{code}");
        }
        for code in [
            "file!()",
            "std::any::type_name::<P>()",
            "println!(\"{}\", module_path!());",
            "dbg!(1);",
            "crate::f()",
            "unsafe { std::arch::asm!(\".globl memcmp\") }",
            "let r#file = 1;",
            "unsafe extern \"C\" { fn abs(x: i32) -> i32; }",
            "let at = std::panic::Location::caller();",
            "std::panic::set_hook(Box::new(|_| {}));",
            "fn f() { mod m { use super::*; } }",
        ] {
            assert!(is_alone(&source("", code)), "{code}");
        }
        for items in [
            "#![feature(x)]",
            "#[macro_export] macro_rules! m { () => {} }",
            "use std::file as f;",
            "mod m { use super::*; }",
            "#[unsafe(no_mangle)] fn f() {}",
            "static adlab_static_1: u8 = 1;",
            "pub(crate) fn f() {}",
        ] {
            assert!(is_alone(&source(items, "")), "{items}");
        }
    }

    #[test]
    fn a_cell_that_meets_others_is_compiled_alone() {
        let own = "struct P; enum E { A } trait T {}";
        for items in [
            "impl P {}",
            "impl std::ops::Mul<f64> for P {}",
            "impl std::ops::Mul<f64> for &Vec<P> {}",
            "impl T for f64 {}",
            "impl<A> T for A {}",
            "impl From<f64> for E {}",
            "fn f() -> Result<(), String> { Ok(()) }",
        ] {
            assert!(!is_alone(&source(&format!("{own} {items}"), "")), "{items}");
        }
        for items in [
            "impl std::ops::Mul<P> for f64 {}",
            "impl From<P> for Vec<f64> {}",
            "impl std::iter::Sum<P> for f64 {}",
            "make!(A);",
            "fn f() -> Result<(), Box<dyn std::error::Error>> { Ok(()) }",
            "struct Q(Box<dyn std::any::Any>);",
            "fn f() { impl From<P> for u8 { fn from(p: P) -> u8 { 1 } } }",
        ] {
            assert!(is_alone(&source(&format!("{own} {items}"), "")), "{items}");
        }
    }

    #[test]
    fn each_cell_is_a_module_with_the_same_lines() {
        let folder = tempfile::tempdir().unwrap();
        let sources = [source("fn f() {}", "f();"), source("", "1")];
        let cells = [(sources[0].as_str(), "one".to_owned()), (sources[1].as_str(), "two".to_owned())];
        let root = write(folder.path(), &cells).unwrap();
        assert!(is_of_all(&root) && !is_of_all("src/lib.rs") && !is_of_all("/together/lib.rs"));
        let text = fs::read_to_string(folder.path().join(root)).unwrap();
        assert_eq!(text, "#[path = \"0/lib.rs\"] mod cell_0;\n#[path = \"1/lib.rs\"] mod cell_1;\n");
        let module = fs::read_to_string(folder.path().join("together/0/lib.rs")).unwrap();
        assert_eq!(module, sources[0].replace("no_mangle", "export_name = \"one\""));
        assert!(with_entry("fn f() {}", "one").is_err());
    }
}
