//! The names of what macros may define, by their text alone.

use ra_ap_syntax::ast::{self, AstNode, HasName};
use ra_ap_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use super::syntax::Tree;

/// The words before a name that is defined.
const WORDS: [&str; 9] = ["struct", "enum", "union", "type", "fn", "mod", "trait", "const", "static"];

/// Of a cell's macros, and of its calls of those that there were before.
pub fn made(tree: &Tree, earlier: &Tree) -> Vec<String> {
    let rules = |tree: &Tree| tree.all().descendants().filter_map(ast::MacroRules::cast).collect::<Vec<_>>();
    let own: Vec<Made> = rules(tree).iter().map(Made::by).collect();
    let before: Vec<Made> = rules(earlier).iter().map(Made::by).collect();
    let calls: Vec<ast::MacroCall> = tree.all().descendants().filter_map(ast::MacroCall::cast).collect();
    let by_calls = own.iter().chain(&before).flat_map(|made| calls.iter().flat_map(|call| made.of(call)));
    own.iter().flat_map(|made| made.names.clone()).chain(by_calls).collect()
}

/// What a macro defines.
struct Made {
    of: String,
    names: Vec<String>,
    /// It is told some names.
    is_told: bool,
    /// The place of each variable that is a name, where a call has one after the other; nothing where some are repeated.
    places: Option<Vec<usize>>,
    /// All that it is told are names.
    are_all_names: bool,
}

impl Made {
    fn by(rules: &ast::MacroRules) -> Self {
        let of = rules.name().map(|name| name.text().to_string()).unwrap_or_default();
        let tokens = inside(rules.syntax());
        let (mut names, mut variables) = (Vec::new(), Vec::new());
        // The brackets that are open: whether it is that of an `impl`.
        let (mut open, mut begins_impl) = (Vec::new(), false);
        for (place, token) in tokens.iter().enumerate() {
            let text = |after: usize| tokens.get(place + after).map_or("", |token| token.text());
            let mut add = |at: usize| match text(at) {
                "$" => variables.push(text(at + 1).to_owned()),
                name => names.push(name.to_owned()),
            };
            match token.text() {
                "impl" => begins_impl = true,
                "{" => open.push(std::mem::take(&mut begins_impl)),
                "}" => drop(open.pop()),
                "as" => add(1),
                word if WORDS.contains(&word) && !open.contains(&true) => add(if text(1) == "mut" { 2 } else { 1 }),
                _ => {}
            }
        }
        // (pattern) => {what it gives}; (pattern) => …
        let trees = rules.token_tree().map(|tree| tree.syntax().children().filter_map(ast::TokenTree::cast).collect());
        let trees: Vec<ast::TokenTree> = trees.unwrap_or_default();
        let pattern: Vec<SyntaxToken> = trees.iter().step_by(2).flat_map(|tree| inside(tree.syntax())).collect();
        let patterns = pattern.windows(4).filter(|four| four[0].text() == "$" && four[2].text() == ":");
        let patterns: Vec<(&str, &str)> = patterns.map(|four| (four[1].text(), four[3].text())).collect();
        let is_repeated = trees.len() > 2 || pattern.windows(2).any(|two| two[0].text() == "$" && two[1].text() == "(");
        let places = patterns.iter().enumerate().filter(|(_, (name, _))| variables.iter().any(|own| own == name));
        let places = (!is_repeated).then(|| places.map(|(place, _)| place).collect());
        let are_all_names = patterns.iter().all(|(_, kind)| *kind == "ident");
        Made { of, names, is_told: !variables.is_empty(), places, are_all_names }
    }

    /// The names that a call tells it.
    fn of(&self, call: &ast::MacroCall) -> Vec<String> {
        let name = call.path().and_then(|path| path.segment()?.name_ref()).map(|name| name.text().to_string());
        let Some(arguments) = call.token_tree().filter(|_| self.is_told && name.as_deref() == Some(&self.of)) else {
            return Vec::new();
        };
        let tokens = inside(arguments.syntax());
        let tokens = &tokens[1..tokens.len().max(2) - 1];
        let parts: Vec<&[SyntaxToken]> = tokens.split(|token| token.kind() == SyntaxKind::COMMA).collect();
        let is_name = |token: &&SyntaxToken| token.kind() == SyntaxKind::IDENT;
        match &self.places {
            Some(places) => {
                let parts = places.iter().filter_map(|place| parts.get(*place));
                parts.flat_map(|part| part.iter().filter(is_name)).map(|token| token.text().to_owned()).collect()
            }
            // The first of each, where types may follow.
            None if !self.are_all_names => {
                parts.iter().filter_map(|part| part.iter().find(is_name)).map(|token| token.text().to_owned()).collect()
            }
            None => tokens.iter().filter(is_name).map(|token| token.text().to_owned()).collect(),
        }
    }
}

fn inside(node: &SyntaxNode) -> Vec<SyntaxToken> {
    let tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
    tokens.filter(|token| !token.kind().is_trivia()).collect()
}
