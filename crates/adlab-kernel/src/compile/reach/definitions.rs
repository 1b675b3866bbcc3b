//! The definitions of a source, by their names.

use std::collections::{BTreeSet, HashMap};

use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast::{self, AstNode, HasGenericParams, HasModuleItem, HasName};

use super::macros::{FOREIGN, Made};
use super::text::{MAKE, Text};

/// The definitions of a source.
#[derive(Default)]
pub struct Definitions {
    pub(super) by_name: HashMap<String, Vec<Definition>>,
    pub(super) impls: Vec<Impl>,
    /// The associated constants of traits, which an `impl` may leave as they are.
    defaults: HashMap<String, Members>,
    pub(super) calls: Vec<Text>,
    /// What the macros of the notebook's define, as far as they tell.
    pub(super) macros: HashMap<String, Made>,
}

pub(super) struct Definition {
    pub(super) text: Text,
    pub(super) kind: Kind,
}

#[derive(PartialEq, Clone, Copy)]
pub(super) enum Kind {
    /// A value's form may depend on it.
    Form,
    /// The same, and it is a type of its own.
    Type,
    /// A trait or a function: it matters to trait objects alone.
    Behaviour,
}

pub(super) struct Impl {
    /// The last names of the trait and of the type.
    pub(super) names: Vec<String>,
    /// It is for types that it does not name.
    pub(super) is_for_all: bool,
    pub(super) form: Members,
    pub(super) whole: Text,
}

/// Associated types and constants.
#[derive(Default)]
pub(super) struct Members {
    pub(super) text: Text,
    pub(super) names: BTreeSet<String>,
}

impl Definitions {
    pub fn of(file: &SourceFile) -> Self {
        let mut definitions = Definitions::default();
        for item in file.items() {
            definitions.add(&item);
        }
        definitions.add_calls();
        definitions
    }

    fn add(&mut self, item: &ast::Item) {
        use Kind::{Behaviour, Form, Type};
        let node = item.syntax();
        let (name, kind) = match item {
            ast::Item::Struct(item) => (item.name(), Type),
            ast::Item::Enum(item) => (item.name(), Type),
            ast::Item::Union(item) => (item.name(), Type),
            ast::Item::TypeAlias(item) => (item.name(), Form),
            ast::Item::Const(item) => (item.name(), Form),
            ast::Item::MacroRules(item) => {
                let name = item.name().map(|name| name.text().to_string()).unwrap_or_default();
                self.macros.insert(name, Made::by(node));
                (item.name(), Form)
            }
            ast::Item::Fn(item) => (item.name(), if item.const_token().is_some() { Form } else { Behaviour }),
            ast::Item::Trait(item) => {
                let form = Members::of(item.assoc_item_list());
                let name = item.name().map(|name| name.text().to_string()).unwrap_or_default();
                self.defaults.insert(name, form);
                (item.name(), Behaviour)
            }
            ast::Item::Module(module) => {
                for item in module.item_list().into_iter().flat_map(|list| list.items()) {
                    self.add(&item);
                }
                return;
            }
            ast::Item::Use(item) => return self.add_imports(item.use_tree(), &[]),
            ast::Item::Impl(item) => return self.add_impl(item),
            ast::Item::MacroCall(call) => return self.calls.push(Text::of(call.syntax())),
            _ => return,
        };
        let is_configured_out =
            node.children().filter_map(ast::Attr::cast).any(|attr| attr.to_string() == "#[cfg(any())]");
        if let Some(name) = name.filter(|_| !is_configured_out) {
            self.insert(name.text().to_string(), Text::of(node), kind);
        }
    }

    pub(super) fn insert(&mut self, name: String, text: Text, kind: Kind) {
        self.by_name.entry(name.trim_start_matches("r#").to_owned()).or_default().push(Definition { text, kind });
    }

    /// Each name of a `use` stands for the path that it leads to.
    fn add_imports(&mut self, tree: Option<ast::UseTree>, before: &[String]) {
        let Some(tree) = tree else { return };
        let segments = tree.path().into_iter().flat_map(|path| path.segments().collect::<Vec<_>>());
        let path: Vec<String> = before.iter().cloned().chain(segments.map(|segment| segment.to_string())).collect();
        if let Some(list) = tree.use_tree_list() {
            for tree in list.use_trees() {
                self.add_imports(Some(tree), &path);
            }
            return;
        }
        let names = path.iter().rev().find(|name| *name != "self");
        let alias = tree.rename().and_then(|rename| rename.name()).map(|name| name.text().to_string());
        if let Some(name) = alias.or_else(|| names.cloned()).filter(|_| tree.star_token().is_none()) {
            // A name is not made of itself.
            let words = path.iter().filter(|word| **word != name).cloned().collect();
            self.insert(name, Text { normal: path.join("::"), words, ..Text::default() }, Kind::Form);
        }
    }

    /// A call of a macro defines what its macro, and those that this calls, say. Of a call that gives names, or of
    /// another's macro, any type of whose name it has a word may be: of no other it is known that they are not its.
    fn add_calls(&mut self) {
        let is_type = |word: &str| word.starts_with(char::is_uppercase) && !FOREIGN.contains(&word);
        let calls = std::mem::take(&mut self.calls);
        for call in &calls {
            let mut known = BTreeSet::new();
            let mut next: Vec<&String> = call.words.iter().collect();
            let (mut names, mut has_others) = (BTreeSet::new(), call.words.iter().any(|word| MAKE.contains(&&**word)));
            while let Some(word) = next.pop() {
                let Some(made) = self.macros.get(word).filter(|_| known.insert(word)) else { continue };
                has_others |= made.has_others;
                names.extend(made.names.iter().cloned());
                next.extend(self.by_name[word].iter().flat_map(|found| &found.text.words));
            }
            if has_others || known.is_empty() {
                names.extend(call.words.iter().filter(|word| is_type(word)).cloned());
            }
            for name in names {
                let words = call.words.iter().filter(|word| **word != name).cloned().collect();
                let (normal, generics) = (call.normal.clone(), call.generics.clone());
                self.insert(name, Text { normal, words, generics }, Kind::Type);
            }
        }
        self.calls = calls;
    }

    fn add_impl(&mut self, item: &ast::Impl) {
        let last_name = |ty: Option<ast::Type>| {
            let path = match ty? {
                ast::Type::PathType(ty) => ty.path()?,
                other => other.syntax().descendants().find_map(ast::Path::cast)?,
            };
            Some(path.segment()?.name_ref()?.text().to_string())
        };
        let form = Members::of(item.assoc_item_list());
        let names: Vec<String> = [last_name(item.trait_()), last_name(item.self_ty())].into_iter().flatten().collect();
        let parameters = item.generic_param_list().into_iter().flat_map(|list| list.type_or_const_params());
        let is_for_all = parameters.map(|parameter| Text::of(parameter.syntax())).any(|parameter| {
            names.last().is_some_and(|ty| parameter.normal.trim_start().starts_with(&format!("{ty} ")))
        });
        self.impls.push(Impl { names, is_for_all, form, whole: Text::of(item.syntax()) });
    }

    /// What an `impl` leaves as its trait has it.
    pub(super) fn default_of(&self, of: &Impl) -> Option<&Members> {
        of.names.first().and_then(|name| self.defaults.get(name))
    }
}

impl Members {
    fn of(items: Option<ast::AssocItemList>) -> Self {
        let mut form = Members::default();
        for member in items.into_iter().flat_map(|list| list.assoc_items()) {
            let name = match &member {
                ast::AssocItem::Const(item) => item.name(),
                ast::AssocItem::TypeAlias(item) => item.name(),
                _ => continue,
            };
            form.text.add(member.syntax());
            form.names.extend(name.map(|name| name.text().trim_start_matches("r#").to_owned()));
        }
        form
    }
}
