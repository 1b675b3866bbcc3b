//! The names under which statics are exported (see `cell/statics.rs`).
//!
//! A static lives on in the cells after it for as long as it has the same name, and the name is a hash of its text, of where
//! it stands, of everything that its type and its first value are made of, and of the cell that was run again with it.

use std::collections::BTreeMap;

use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{SourceFile, SyntaxNode};

use super::reach::Definitions;
use crate::assumptions::OWN_MODULES;
use crate::cell::statics::{AGAIN, NAME, NAMELESS};

/// The source with a name for each static, line by line and column by column the same.
pub fn named(text: &str, file: &SourceFile) -> Option<String> {
    if !text.contains(NAME) {
        return None;
    }
    let zeros = NAMELESS.find('0').expect("it has zeros");
    let mut named = text.to_owned();
    for (node, hash) in found(file) {
        for attribute in node.children().filter_map(ast::Attr::cast) {
            let (range, text) = (attribute.syntax().text_range(), attribute.to_string());
            let start = usize::from(range.start());
            if text.contains(NAME) {
                named.replace_range(start + zeros..start + zeros + hash.len(), &hash);
            } else if ["no_mangle", "export_name"].iter().any(|word| text.contains(word)) {
                // Under a name of its own it would keep its memory, whatever it is made of by then.
                named.replace_range(start..usize::from(range.end()), &" ".repeat(text.len()));
            }
        }
    }
    Some(named)
}

/// What becomes of each static: as long as its name stays, it lives on. By what people call it.
pub fn identities(file: &SourceFile) -> BTreeMap<String, String> {
    found(file).into_iter().map(|(node, hash)| (path(&node).join("::"), hash)).collect()
}

fn found(file: &SourceFile) -> Vec<(SyntaxNode, String)> {
    let statics = |node: &SyntaxNode| ast::Static::can_cast(node.kind());
    let nodes: Vec<SyntaxNode> =
        file.items().flat_map(|item| item.syntax().descendants().filter(statics).collect::<Vec<_>>()).collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let definitions = Definitions::of(file);
    let mut seen = BTreeMap::new();
    let named = nodes.into_iter().map(|node| {
        let path = path(&node);
        let again = node.ancestors().filter_map(ast::AnyHasAttrs::cast).find_map(|above| {
            let attributes =
                above.syntax().children().filter_map(ast::Attr::cast).map(|attribute| attribute.to_string());
            attributes.into_iter().find(|text| text.starts_with(AGAIN))
        });
        // Several of one name may stand in a function's blocks.
        let count: &mut usize = seen.entry(path.clone()).or_default();
        *count += 1;
        let text =
            format!("{}\n{count}\n{}\n{}", path.join("::"), again.unwrap_or_default(), definitions.identity(&node));
        (node, format!("{:016x}", super::reach::hash(text.bytes())))
    });
    named.collect()
}

/// The names of what it stands in, and its own.
fn path(node: &SyntaxNode) -> Vec<String> {
    let names = node.ancestors().filter_map(ast::Item::cast).filter_map(|item| match item {
        ast::Item::Impl(item) => Some(item.self_ty()?.syntax().text().to_string()),
        item => name(&item),
    });
    let mut names: Vec<String> = names.filter(|name| !name.starts_with(OWN_MODULES)).collect();
    names.reverse();
    names
}

fn name(item: &ast::Item) -> Option<String> {
    let name = match item {
        ast::Item::Fn(item) => item.name(),
        ast::Item::Module(item) => item.name(),
        ast::Item::Static(item) => item.name(),
        ast::Item::Trait(item) => item.name(),
        ast::Item::Const(item) => item.name(),
        _ => None,
    };
    name.map(|name| name.text().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::Edition;

    fn read(text: &str) -> SourceFile {
        SourceFile::parse(text, Edition::Edition2024).tree()
    }

    #[test]
    fn a_name_says_what_a_static_is_made_of() {
        let rest = "static OTHER: u8 = 1; fn start() -> P { P(1) } struct P(u8); struct Q;";
        let identity = |text: &str, rest: &str| identities(&read(&format!("{text} {rest}")))["LOG"].clone();
        let log = "static LOG: Mutex<Vec<P>> = Mutex::new(vec![start()]);";
        let before = identity(log, rest);
        for same in [rest.replace("struct Q;", "struct Q(u8);"), rest.replace("OTHER: u8 = 1", "OTHER: u8 = 2")] {
            assert_eq!(identity(log, &same), before, "{same}");
        }
        assert_eq!(identity("/// Doc.\npub static LOG:  Mutex<Vec<P>> = Mutex::new(vec![start()]);", rest), before);
        for other in [rest.replace("P(u8)", "P(u16)"), rest.replace("{ P(1) }", "{ P(2) }")] {
            assert_ne!(identity(log, &other), before, "{other}");
        }
        assert_ne!(identity(&log.replace("vec![start()]", "vec![]"), rest), before);
        assert_ne!(identity(&format!("{AGAIN}[7]\"] {log}"), rest), before);
    }

    #[test]
    fn each_has_a_name_of_its_own_and_columns_stay() {
        let text = format!(
            "fn f() {{ {{ {NAMELESS}static N: u8 = 1; }} {NAMELESS}static N: u8 = 1; }}\n\
             impl A {{ fn f() {{ {NAMELESS}static N: u8 = 1; }} }} impl B {{ fn f() {{ {NAMELESS}static N: u8 = 1; }} }}\n\
             #[no_mangle] {NAMELESS}pub static N: u8 = 1;"
        );
        let named = named(&text, &read(&text)).unwrap();
        let names: std::collections::BTreeSet<&str> =
            named.match_indices(NAME).map(|(at, _)| &named[at..at + NAME.len() + 16]).collect();
        assert_eq!((names.len(), named.len(), named.contains("no_mangle")), (5, text.len(), false), "{named}");
        assert_eq!(super::named("static N: u8 = 1;", &read("static N: u8 = 1;")), None);
    }
}
