//! A cell, read once.

use std::ops::Range;
use std::path::Path;

use super::calls::{self, Call};
use super::commands::{self, Command, Refusal};
use super::insertions::{self, Around, Let};
use super::syntax::{Item, Tree};
use super::{awaits, files};

/// A cell to run, and all that its text tells.
pub struct Cell {
    /// As the student wrote it.
    pub code: String,
    /// The front end's name for it.
    pub id: Option<String>,
    /// Its execution count.
    pub number: usize,
    pub commands: Vec<Command>,
    /// The code with blanks in the place of commands: each byte stands where it stood.
    pub body: String,
    /// Where the body begins, behind commands and comments.
    pub start: usize,
    /// What it defines.
    pub items: Vec<Item>,
    /// The calls of macros that may define something.
    pub calls: Vec<Call>,
    /// The names of the variables that it makes.
    pub variables: Vec<String>,
    /// Those whose types evcxr has to be told.
    pub lets: Vec<Let>,
    /// The bytes of the last expression, which is to be shown. Nothing where the cell is no Rust.
    pub last_expression: Option<Range<usize>>,
    tree: Tree,
}

impl Cell {
    /// Not for what is nested too deep (see [`super::nesting`]). Refuses commands that there are not, or not here.
    pub fn read(code: &str, id: Option<&str>, number: usize) -> Result<Self, Refusal> {
        let front = commands::read(code)?;
        let tree = Tree::parse(&front.body);
        Ok(Cell {
            code: code.to_owned(),
            id: id.map(str::to_owned),
            number,
            commands: front.commands,
            start: front.end,
            items: tree.items(),
            calls: calls::calls(&tree),
            variables: tree.variables(),
            lets: insertions::lets(&tree),
            last_expression: tree.last_expression(),
            body: front.body,
            tree,
        })
    }

    /// There is code beside the commands.
    pub fn has_code(&self) -> bool {
        !self.body[self.start..].trim().is_empty() || self.body[..self.start].contains("#!")
    }

    /// rust-analyzer's parser has nothing to object.
    pub fn is_rust(&self) -> bool {
        self.tree.is_whole()
    }

    /// The variables that are closures, whose types have no name and can't be kept.
    pub fn closures(&self) -> Vec<String> {
        self.tree.closures()
    }

    /// Has the files that it includes looked for in this folder.
    pub fn files(&self, folder: &Path) -> Around {
        let may_include = files::WORDS.iter().any(|word| self.body.contains(word));
        if may_include { files::files(&self.tree, folder) } else { Around::default() }
    }

    pub fn may_await(&self) -> bool {
        self.body.contains("await")
    }

    /// Has it wait where it awaits, by this function.
    pub fn awaits(&self, wait: &str) -> Around {
        awaits::awaits(&self.tree, wait)
    }

    /// The byte at which a name stands first: not in a string or a comment.
    pub fn word(&self, name: &str) -> Option<usize> {
        self.tree.word(name)
    }

    /// Behind the bracket of each call of a macro, by its name alone.
    pub fn calls_of_macro(&self, name: &str) -> Vec<usize> {
        self.tree.calls_of_macro(name)
    }

    /// It calls a function of this name.
    pub fn calls(&self, name: &str) -> bool {
        self.tree.words_before_a_bracket().any(|word| word == name)
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    pub fn outline(&self) -> Outline {
        Outline { start: self.start, items: self.items.iter().map(Item::range).collect() }
    }
}

/// Where a cell's parts are: what rust-analyzer has to know of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    /// Where the body begins.
    pub start: usize,
    /// The bytes of its definitions, in order.
    pub items: Vec<Range<usize>>,
}

impl Outline {
    /// Of a text that is still being written.
    pub fn of(code: &str) -> Self {
        let (body, start) = commands::without(code);
        Outline { start, items: Tree::parse(&body).items().iter().map(Item::range).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_tells_all() {
        let code = ":opt 3\n// note\nlet a = 1.0; fn f() {}\nlet g = |x: f64| x;\na";
        let cell = Cell::read(code, Some("c"), 7).unwrap();
        assert_eq!(cell.commands, [Command::Level(Some(3))]);
        assert_eq!((cell.body.len(), cell.start), (code.len(), code.find("let").unwrap()));
        assert_eq!(cell.items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["fn f"]);
        assert_eq!((cell.lets.len(), cell.closures()), (2, vec!["g".to_owned()]));
        assert_eq!(cell.last_expression, Some(code.len() - 1..code.len()));
        assert_eq!(cell.word("g"), code.find("g ="));
        assert_eq!(cell.outline(), Outline::of(code));
        assert!(cell.has_code() && !Cell::read(":vars\n\n// note", None, 1).unwrap().has_code());
    }
}
