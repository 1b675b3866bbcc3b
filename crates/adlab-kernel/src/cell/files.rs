//! Files that a cell includes when it is compiled: they are looked for beside the notebook, as all other files are, not
//! beside the source that is made of the cell.

use std::path::Path;

use ra_ap_syntax::ast::{self, AstNode, HasAttrs, HasName};
use ra_ap_syntax::{SyntaxKind, SyntaxToken};

use super::insertions::Around;
use super::syntax::Tree;

/// Without any of them, there is nothing to look for.
pub const WORDS: [&str; 3] = ["include", "CARGO_MANIFEST_DIR", "mod "];

const INCLUDES: [&str; 3] = ["include_str", "include_bytes", "include"];
/// As cargo calls the folder of a program.
const FOLDER: &str = "\"CARGO_MANIFEST_DIR\"";

/// Has the cell's files, wherever in it they are named, looked for in this folder.
pub fn files(tree: &Tree, folder: &Path) -> Around {
    let Some(folder) = folder.to_str() else { return Around::default() };
    let tokens = tree.tokens();
    let mut found = Around::default();
    for (place, (at, token)) in tokens.iter().enumerate() {
        let after = |n: usize| tokens.get(place + n).map_or("", |(_, token)| token.text());
        let before = place.checked_sub(1).map_or("", |before| tokens[before].1.text());
        let is_relative = |text: &str| text.starts_with('"') && !text.starts_with("\"/");
        if before == "[" && token.text() == "path" && after(1) == "=" && is_relative(after(2)) {
            let folder = format!("{:?}", format!("{folder}/"));
            found.starts.push((tokens[place + 2].0 + 1, folder.trim_matches('"').to_owned()));
        }
        if token.kind() != SyntaxKind::IDENT || after(1) != "!" || !["(", "[", "{"].contains(&after(2)) {
            continue;
        }
        if INCLUDES.contains(&token.text()) {
            included(&tokens[place + 3..], folder, &mut found);
        } else if token.text() == "env" && after(3) == FOLDER {
            let start = path_start(&tokens[..place]).unwrap_or(*at);
            if let Some((end, last)) = tokens.get(place + 4) {
                found.starts.push((start, "/*".into()));
                found.ends.push((end + last.text().len(), format!("*/{folder:?}")));
            }
        }
    }
    for module in tree.statements().filter_map(ast::Module::cast).filter(|module| module.item_list().is_none()) {
        let file = module.name().map(|name| module_file(name.text(), folder));
        let has_path = module.attrs().any(|attribute| attribute.syntax().text().to_string().contains("path"));
        if let (Some(file), Some(range), false) = (file, tree.range(module.syntax()), has_path) {
            found.starts.push((range.start, format!("#[path = {file:?}] ")));
        }
    }
    found
}

/// The file of `mod name;`.
fn module_file(name: &str, folder: &str) -> String {
    let [file, in_folder] = [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")];
    if Path::new(&in_folder).is_file() { in_folder } else { file }
}

/// `argument` is what stands behind the bracket: a text, or several in `concat!`.
fn included(argument: &[(usize, SyntaxToken)], folder: &str, found: &mut Around) {
    let text = |n: usize| argument.get(n).map_or("", |(_, token)| token.text());
    let (first, is_joined) = if text(0) == "concat" && text(1) == "!" { (3, true) } else { (0, false) };
    let Some((at, token)) = argument.get(first).filter(|(_, token)| token.kind() == SyntaxKind::STRING) else { return };
    if token.text().trim_start_matches(['r', '#', '"']).starts_with('/') {
        return;
    }
    let folder = format!("{:?}", format!("{folder}/"));
    if is_joined {
        found.starts.push((*at, format!("{folder}, ")));
    } else {
        found.starts.push((*at, format!("::core::concat!({folder}, ")));
        found.ends.push((at + token.text().len(), ")".into()));
    }
}

/// Where a path that ends behind these tokens begins: `std::` before `env!`.
fn path_start(before: &[(usize, SyntaxToken)]) -> Option<usize> {
    let [.., (start, krate), (_, colons)] = before else { return None };
    let is_path = ["std", "core"].contains(&krate.text()) && colons.text() == "::";
    is_path.then_some(*start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> String {
        files(&Tree::parse(code), Path::new("/n b")).written_into(code)
    }

    #[test]
    fn files_are_looked_for_beside_the_notebook() {
        for (code, expected) in [
            ("let t = include_str!(\"a.txt\");", "let t = include_str!(::core::concat!(\"/n b/\", \"a.txt\"));"),
            (
                "const B: &[u8] = std::include_bytes!(r\"../b\");",
                "const B: &[u8] = std::include_bytes!(::core::concat!(\"/n b/\", r\"../b\"));",
            ),
            (
                "println!(\"{}\", include_str!(\"a\",));",
                "println!(\"{}\", include_str!(::core::concat!(\"/n b/\", \"a\"),));",
            ),
            ("include!{\"a.rs\"}", "include!{::core::concat!(\"/n b/\", \"a.rs\")}"),
            ("include_str!(concat!(\"a\", \".txt\"))", "include_str!(concat!(\"/n b/\", \"a\", \".txt\"))"),
            ("env!(\"CARGO_MANIFEST_DIR\")", "/*env!(\"CARGO_MANIFEST_DIR\")*/\"/n b\""),
            ("f(std::env!(\"CARGO_MANIFEST_DIR\"))", "f(/*std::env!(\"CARGO_MANIFEST_DIR\")*/\"/n b\")"),
            (
                "include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/a\"))",
                "include_str!(concat!(/*env!(\"CARGO_MANIFEST_DIR\")*/\"/n b\", \"/a\"))",
            ),
        ] {
            assert_eq!(found(code), expected);
        }
        assert_eq!(found("/// Doc.\npub mod a;"), "#[path = \"/n b/a.rs\"] /// Doc.\npub mod a;");
        assert_eq!(found("#[path = \"x/y.rs\"] mod a;"), "#[path = \"/n b/x/y.rs\"] mod a;");
        for code in [
            "mod a { fn f() {} }",
            "#[path = \"/y.rs\"] mod a;",
            "include_str!(\"/a/b\")",
            "// include_str!(\"a\")",
            "\"include_str!(a)\"",
            "env!(\"HOME\")",
            "include_str(\"a\")",
        ] {
            assert_eq!(found(code), code);
        }
    }
}
