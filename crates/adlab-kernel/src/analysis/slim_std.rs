//! The standard library's source without what the analysis of types has no use for.
//!
//! rust-analyzer reads all of it when a kernel starts, and keeps it. Names, types and documentation are in what is left:
//! it is without the bodies of functions, without comments, tests, and the instructions of particular processors.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, TextRange};

/// rust-analyzer puts them together by their names, where there is no `Cargo.toml` beside them.
const CRATES: [&str; 3] = ["core", "alloc", "std"];

const WITHOUT: [&str; 3] = ["tests", "benches", "examples"];

/// Folders that only other systems' parts of std are in: nothing here reads them.
const OTHER_SYSTEMS: [&str; 14] = [
    "windows",
    "sgx",
    "fortanix_sgx",
    "uefi",
    "wasi",
    "wasm",
    "hermit",
    "solid",
    "itron",
    "xous",
    "zkvm",
    "teeos",
    "vexos",
    "motor",
];

/// `library` is the folder of rust-src.
pub fn write(library: &Path, to: &Path) -> Result<()> {
    for name in CRATES {
        copy(&library.join(name).join("src"), &to.join(name).join("src"))
            .with_context(|| format!("cannot copy the source of {name}"))?;
    }
    Ok(())
}

/// A library with nothing in it, for evcxr's own analyzer: see [`crate::analysis`].
pub fn write_empty(to: &Path) -> Result<()> {
    for name in CRATES {
        let source = to.join(name).join("src");
        fs::create_dir_all(&source)?;
        fs::write(source.join("lib.rs"), "#![no_core]\n")?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && !WITHOUT.iter().chain(&OTHER_SYSTEMS).any(|without| name == *without) {
            copy(&path, &to.join(&name))?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            fs::write(to.join(&name), slim(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}

/// Leaves out the bodies of functions, and comments that are no documentation.
fn slim(source: &str) -> String {
    let file = SourceFile::parse(source, Edition::Edition2024).tree();
    let mut out = Vec::new();
    for element in file.syntax().descendants_with_tokens() {
        if let Some(token) = element.as_token() {
            let is_doc = ["///", "//!", "/**", "/*!"].iter().any(|start| token.text().starts_with(start));
            if token.kind() == SyntaxKind::COMMENT && !is_doc {
                out.push((token.text_range(), ""));
            }
        } else if let Some(function) = element.into_node().and_then(ast::Fn::cast)
            && let Some(body) = function.body()
        {
            // A type that only the body tells.
            let hidden = function
                .ret_type()
                .is_some_and(|ty| ty.syntax().descendants().any(|node| node.kind() == SyntaxKind::IMPL_TRAIT_TYPE));
            if !hidden {
                out.push((body.syntax().text_range(), "{}"));
            }
        }
    }
    out.sort_by_key(|(range, _)| range.start());
    replace(source, &out)
}

/// `parts` are in order; what lies in a part before it is gone with it.
fn replace(source: &str, parts: &[(TextRange, &str)]) -> String {
    let (mut result, mut done) = (String::new(), 0);
    for (range, text) in parts {
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        if start >= done {
            result.push_str(&source[done..start]);
            result.push_str(text);
            done = end;
        }
    }
    result.push_str(&source[done..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_comments_go_and_the_rest_stays() {
        let source = "//! Crate.\n// note\n/// Doc.\npub fn f<T>(x: T) -> T where T: Copy {\n    fn inner() {}\n    x\n}\n\
                      fn g() -> impl Iterator<Item = u8> { [1].into_iter() }\n\
                      trait A { fn h(&self); fn i(&self) { /* here */ } const N: usize = { 3 }; }\n\
                      macro_rules! m { () => { fn k() { 1 } } }\n";
        let expected = "//! Crate.\n\n/// Doc.\npub fn f<T>(x: T) -> T where T: Copy {}\n\
                        fn g() -> impl Iterator<Item = u8> { [1].into_iter() }\n\
                        trait A { fn h(&self); fn i(&self) {} const N: usize = { 3 }; }\n\
                        macro_rules! m { () => { fn k() { 1 } } }\n";
        assert_eq!(slim(source), expected);
    }
}
