//! What the types of variables are made of: all definitions that a type reaches.
//!
//! rustc's TypeId of a struct says nothing of the types of its fields, so an old value could be read as a new type of the
//! same name. Here each type has a fingerprint of the text of everything that its values depend on; what does not matter
//! (comments, white space, visibility, derived traits, methods) is left out of it.
//!
//! - A type reaches what its text names: structs, enums, unions, aliases, constants, `const fn`s, macros in types; imports by
//!   where they lead; and of the `impl`s of all of these, and of their traits, the associated types and constants.
//! - What a macro's call defines is made of the call and of its macro.
//! - A trait object holds on to compiled methods, so behind a `dyn` methods count: of its traits, of all their `impl`s, of the
//!   functions that these call.
//! - What can be turned back into any type (`dyn Any`, `dyn Error`) depends on all types that there were when it was made.

use std::collections::{BTreeSet, HashMap};

use ra_ap_syntax::ast::{self, AstNode, HasGenericParams, HasModuleItem, HasName};
use ra_ap_syntax::{SourceFile, SyntaxKind, SyntaxNode};

/// Traits by which a value of any type comes back.
const DOWNCASTS: [&str; 2] = ["Any", "Error"];

/// Types that no macro of a notebook's defines.
const FOREIGN: [&str; 14] = [
    "Vec", "String", "Box", "Rc", "Arc", "Option", "Result", "RefCell", "Cell", "Mutex", "HashMap", "HashSet",
    "BTreeMap", "Self",
];

/// Before the name of what a value may be made of.
const MAKE: [&str; 5] = ["struct", "enum", "union", "type", "const"];

/// The definitions of a source.
#[derive(Default)]
pub struct Definitions {
    by_name: HashMap<String, Vec<Definition>>,
    impls: Vec<Impl>,
    /// The associated constants of traits, which an `impl` may leave as they are.
    defaults: HashMap<String, Text>,
    calls: Vec<Text>,
    /// What the macros of the notebook's define, as far as they tell.
    macros: HashMap<String, Made>,
}

/// What the calls of a macro define.
#[derive(Default)]
struct Made {
    names: BTreeSet<String>,
    /// And names that a call gives.
    has_others: bool,
}

struct Definition {
    text: Text,
    kind: Kind,
}

#[derive(PartialEq, Clone, Copy)]
enum Kind {
    /// A value's form may depend on it.
    Form,
    /// The same, and it is a type of its own.
    Type,
    /// A trait or a function: it matters to trait objects alone.
    Behaviour,
}

struct Impl {
    /// The last names of the trait and of the type.
    names: Vec<String>,
    /// Where it is for types that it does not name, the names of its associated types and constants.
    for_all: BTreeSet<String>,
    /// Its associated types and constants.
    form: Text,
    whole: Text,
}

/// What counts of a text, and the names in it.
#[derive(Default)]
struct Text {
    normal: String,
    words: BTreeSet<String>,
}

impl Text {
    fn of(node: &SyntaxNode) -> Self {
        let mut text = Text::default();
        text.add(node);
        text
    }

    fn add(&mut self, node: &SyntaxNode) {
        let skipped = |node: &SyntaxNode| match node.kind() {
            SyntaxKind::VISIBILITY => true,
            SyntaxKind::ATTR => !node.text().to_string().contains("repr"),
            _ => false,
        };
        let tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
        for token in tokens.filter(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)) {
            let inside = token.parent_ancestors().take_while(|above| above != node).any(|above| skipped(&above));
            if inside {
                continue;
            }
            let kind = token.kind();
            if matches!(kind, SyntaxKind::IDENT | SyntaxKind::DYN_KW | SyntaxKind::IMPL_KW)
                || MAKE.contains(&token.text())
            {
                self.words.insert(token.text().trim_start_matches("r#").to_owned());
            }
            if matches!(token.kind(), SyntaxKind::R_CURLY | SyntaxKind::R_PAREN | SyntaxKind::R_BRACK) {
                // A last comma says nothing.
                self.normal.truncate(self.normal.trim_end_matches(" , ").len());
            }
            self.normal.push(' ');
            self.normal.push_str(token.text());
            self.normal.push(' ');
        }
    }
}

impl Made {
    /// By a macro's text: the names behind `struct` and the like, or what a call gives in their places.
    fn by(rules: &SyntaxNode) -> Self {
        let tokens = rules.descendants_with_tokens().filter_map(|element| element.into_token());
        let tokens: Vec<_> = tokens.filter(|token| !token.kind().is_trivia()).collect();
        let mut made = Made::default();
        for pair in tokens.windows(2) {
            match (pair[0].text(), pair[1].kind(), pair[1].text()) {
                (word, SyntaxKind::IDENT, name) if MAKE.contains(&word) => {
                    made.names.insert(name.to_owned());
                }
                (word, SyntaxKind::DOLLAR, _) if MAKE.contains(&word) => made.has_others = true,
                // What it is given may be anything.
                (":", _, "item" | "tt") => made.has_others = true,
                _ => {}
            }
        }
        made
    }
}

/// The associated types and constants.
fn form(items: Option<ast::AssocItemList>) -> Text {
    let mut form = Text::default();
    for member in items.into_iter().flat_map(|list| list.assoc_items()) {
        if matches!(member, ast::AssocItem::Const(_) | ast::AssocItem::TypeAlias(_)) {
            form.add(member.syntax());
        }
    }
    form
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
                let form = form(item.assoc_item_list());
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

    fn insert(&mut self, name: String, text: Text, kind: Kind) {
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
            self.insert(name, Text { normal: path.join("::"), words }, Kind::Form);
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
                self.insert(name, Text { normal: call.normal.clone(), words }, Kind::Type);
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
        let form = form(item.assoc_item_list());
        let names: Vec<String> = [last_name(item.trait_()), last_name(item.self_ty())].into_iter().flatten().collect();
        let parameters = item.generic_param_list().into_iter().flat_map(|list| list.type_or_const_params());
        let is_for_all = parameters.map(|parameter| Text::of(parameter.syntax())).any(|parameter| {
            names.last().is_some_and(|ty| parameter.normal.trim_start().starts_with(&format!("{ty} ")))
        });
        let members = item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items());
        let members = members.filter_map(|member| match member {
            ast::AssocItem::Const(item) => item.name(),
            ast::AssocItem::TypeAlias(item) => item.name(),
            _ => None,
        });
        let for_all = members.filter(|_| is_for_all).map(|name| name.text().to_string()).collect();
        self.impls.push(Impl { names, for_all, form, whole: Text::of(item.syntax()) });
    }

    /// Changes when something changes of which a value of this type depends. Behind a `|` are the types, each with a
    /// fingerprint of its own, of which only those that were there before count.
    pub fn fingerprint(&self, ty: &str) -> String {
        let file = SourceFile::parse(&format!("type A = {ty};"), ra_ap_syntax::Edition::Edition2024);
        let ty = file.syntax_node().descendants().find_map(ast::Type::cast);
        let mut reached = self.reach(&ty.map(|ty| Text::of(ty.syntax()).words).unwrap_or_default());
        if !reached.words.contains("dyn") {
            return reached.hash();
        }
        reached.follow_objects();
        let mut fingerprint = reached.hash();
        if DOWNCASTS.iter().any(|name| reached.words.contains(*name)) {
            let is_type = |found: &[Definition]| found.iter().any(|found| found.kind == Kind::Type);
            let types = self
                .by_name
                .iter()
                .filter(|(_, found)| is_type(found))
                .map(|(name, _)| format!("{name}:{}", self.reach(&BTreeSet::from([name.clone()])).hash()));
            fingerprint +=
                &format!("|{}", types.collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join(","));
        }
        fingerprint
    }
}

impl Definitions {
    /// Changes when a definition does, or something that it uses, functions too.
    pub fn identity(&self, definition: &SyntaxNode) -> String {
        let text = Text::of(definition);
        let mut reached = self.reach(&text.words);
        reached.follow_objects();
        format!("{} {}", text.normal, reached.hash())
    }

    /// A macro's call may have an `impl` of one of these traits.
    fn may_implement(&self, call: &Text, traits: &BTreeSet<String>) -> bool {
        let may_be_trait = |word: &&String| match self.by_name.get(*word) {
            Some(found) => found.iter().any(|found| found.kind == Kind::Behaviour),
            None => word.starts_with(char::is_uppercase) && !FOREIGN.contains(&word.as_str()),
        };
        let words = self.reach(&call.words).words;
        words.contains("impl") && traits.iter().filter(may_be_trait).any(|name| words.contains(name))
    }

    fn reach(&self, words: &BTreeSet<String>) -> Reached<'_> {
        let mut reached = Reached { definitions: self, words: BTreeSet::new(), parts: BTreeSet::new() };
        reached.follow(words);
        reached
    }
}

/// What has been found on the way.
struct Reached<'a> {
    definitions: &'a Definitions,
    words: BTreeSet<String>,
    parts: BTreeSet<&'a str>,
}

impl<'a> Reached<'a> {
    fn follow(&mut self, words: &BTreeSet<String>) {
        let mut next: Vec<String> = words.iter().cloned().collect();
        while let Some(word) = next.pop() {
            if !self.words.insert(word.clone()) {
                continue;
            }
            let definitions = self.definitions;
            for found in
                definitions.by_name.get(&word).into_iter().flatten().filter(|found| found.kind != Kind::Behaviour)
            {
                self.parts.insert(&found.text.normal);
                next.extend(found.text.words.iter().cloned());
            }
            for found in
                definitions.impls.iter().filter(|found| found.for_all.contains(&word) || found.names.contains(&word))
            {
                let default = found.names.first().and_then(|name| definitions.defaults.get(name));
                for form in [Some(&found.form), default].into_iter().flatten().filter(|form| !form.normal.is_empty()) {
                    self.parts.insert(&form.normal);
                    next.extend(form.words.iter().cloned());
                }
            }
        }
    }

    fn hash(&self) -> String {
        format!("{:016x}", hash(self.parts.iter().flat_map(|part| part.bytes().chain([0]))))
    }

    /// Behind trait objects, until nothing new is found.
    fn follow_objects(&mut self) {
        let definitions = self.definitions;
        loop {
            let before = (self.words.len(), self.parts.len());
            let known = self.words.clone();
            let named = known.iter().filter_map(|word| definitions.by_name.get(word)).flatten();
            let behaviour = named.filter(|found| found.kind == Kind::Behaviour).map(|found| &found.text);
            let of_traits = |found: &&Impl| found.names.len() == 2 && known.contains(&found.names[0]);
            let impls = definitions.impls.iter().filter(of_traits).map(|found| &found.whole);
            let calls = definitions.calls.iter().filter(|call| definitions.may_implement(call, &known));
            for text in behaviour.chain(impls).chain(calls) {
                self.parts.insert(&text.normal);
                self.follow(&text.words);
            }
            if (self.words.len(), self.parts.len()) == before {
                return;
            }
        }
    }
}

/// FNV-1a: the same in every build.
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::Edition;

    fn fingerprint(source: &str, ty: &str) -> String {
        Definitions::of(&SourceFile::parse(source, Edition::Edition2024).tree()).fingerprint(ty)
    }

    #[track_caller]
    fn changes(ty: &str, before: &str, after: &str) {
        assert_ne!(fingerprint(before, ty), fingerprint(after, ty), "{ty}: {before} / {after}");
    }

    #[track_caller]
    fn stays(ty: &str, before: &str, after: &str) {
        assert_eq!(fingerprint(before, ty), fingerprint(after, ty), "{ty}: {before} / {after}");
    }

    #[test]
    fn what_a_value_is_made_of_counts() {
        for ty in
            ["P", "Vec<P>", "std::rc::Rc<std::cell::RefCell<P>>", "[(f64, Option<P>); 3]", "&'static P", "Q", "m::R"]
        {
            let rest = "struct Q { p: Vec<P> } mod m { pub struct R(super::P); }";
            changes(ty, &format!("struct P(i32); {rest}"), &format!("struct P(f64); {rest}"));
        }
        changes("P", "struct P { x: f64, y: f64 }", "struct P { y: f64, x: f64 }");
        changes("P", "enum P { A, B }", "enum P { B, A }");
        changes("P", "struct P(T); type T = i32;", "struct P(T); type T = f32;");
        changes("P", "struct P([f64; N]); const N: usize = 2;", "struct P([f64; N]); const N: usize = 3;");
        changes(
            "P",
            "struct P([f64; n()]); const fn n() -> usize { 2 }",
            "struct P([f64; n()]); const fn n() -> usize { 3 }",
        );
        changes(
            "P",
            "struct P([f64; S::N]); struct S; impl S { const N: usize = 2; }",
            "struct P([f64; S::N]); struct S; impl S { const N: usize = 3; }",
        );
        changes(
            "P<S>",
            "trait T { type O; } struct P<A: T>(A::O); struct S; impl T for S { type O = i32; }",
            "trait T { type O; } struct P<A: T>(A::O); struct S; impl T for S { type O = f32; }",
        );
        changes("Q", "mod a { pub struct Q(i32); } use a::Q;", "mod b { pub struct Q(f32); } use b::Q;");
        changes("P", "#[repr(u8)] enum P { A }", "#[repr(u16)] enum P { A }");
        for (impls, more) in [("impl T for S {}", ""), ("impl<A> T for A {", "}"), ("impl<A: Copy> T for A {", "}")] {
            let of = |n: &str| {
                let n = format!("const N: usize = {n};");
                let (default, own) = if more.is_empty() { (n.as_str(), "") } else { ("const N: usize;", n.as_str()) };
                format!("trait T {{ {default} }} struct S; {impls}{own}{more} struct P([i32; S::N]);")
            };
            changes("P", &of("1"), &of("2"));
        }
        let mk = "macro_rules! mk { ($t:ty) => { struct P($t); } } macro_rules! mk2 { ($t:ty) => { mk!($t); } }";
        changes("P", &format!("{mk} mk!(i32);"), &format!("{mk} mk!(f32);"));
        changes("P", &format!("{mk} mk2!(i32);"), &format!("{mk} mk2!(f32);"));
        let out = "macro_rules! out { ($t:ty) => { impl T for S { type O = $t; } } } struct P(<S as T>::O); struct S;";
        changes("P", &format!("{out} out!(i32);"), &format!("{out} out!(f32);"));
        changes(
            "P",
            "struct P(n!()); macro_rules! n { () => { i32 } }",
            "struct P(n!()); macro_rules! n { () => { f32 } }",
        );
    }

    #[test]
    fn what_does_not_matter_does_not_count() {
        let before = "struct P { x: f64 } impl P { fn f(&self) -> f64 { 1.0 } } fn other() {} struct Other(i32);";
        for after in [
            "/// A point.\n#[derive(Debug, Clone)]\npub struct P {\n    pub x: f64, // here\n} impl P { fn f(&self) -> f64 { 2.0 } fn g() {} }",
            "struct P { x: f64 } struct Other(f64); fn other() { loop {} } impl Drop for P { fn drop(&mut self) {} }",
            "#[cfg(any())] const other: () = (); struct P { x: f64 } use std::rc::Rc; const _ADLAB_1: () = ();",
        ] {
            stays("Vec<P>", before, after);
        }
        let normal = |source: &str| Text::of(&SourceFile::parse(source, Edition::Edition2024).syntax_node()).normal;
        assert_eq!(
            normal("#[derive(Debug)] struct R { x: f64 }"),
            normal("/// doc\n#[derive(Debug, Clone)]\npub struct R {\n    pub x: f64,\n}")
        );
        stays("Vec<f64>", "struct f(i32);", "");
        stays("i32", "impl<A> T for A { const N: i32 = 1; }", "impl<A> T for A { const N: i32 = 2; }");
        let op = "macro_rules! op { ($t:ident, $f:ident) => { impl $t for P { type Output = P; fn $f(self) {} } } } struct P;";
        stays("P", &format!("{op} op!(Add, add);"), &format!("{op} op!(Add, add); op!(Mul, mul);"));
        stays("i32", "struct A(i32);", "struct A(f64);");
        stays("Rc<P>", "use std::rc::Rc; struct P;", "use std::rc::{Rc, Weak}; struct P;");
        stays(
            "P<S>",
            "trait T { fn a(); } struct P<A: T>(A); struct S; impl T for S { fn a() {} }",
            "trait T { fn a(); fn b() {} } struct P<A: T>(A); struct S; impl T for S { fn a() { f() } }",
        );
        stays("Box<dyn Fn(f64) -> f64>", "struct P(i32); fn f() {}", "struct P(f64); fn f() { loop {} }");
    }

    #[test]
    fn behind_a_trait_object_methods_count() {
        let rest = "struct Square(f64); impl Shape for Square { fn area(&self) -> f64 { side(self) } fn name(&self) -> f64 { 0.0 } } fn side(s: &Square) -> f64 { s.0 }";
        let shape = "trait Shape { fn area(&self) -> f64; fn name(&self) -> f64; }";
        let before = format!("{shape} {rest}");
        for ty in ["Vec<Box<dyn Shape>>", "Scene"] {
            let scene = "struct Scene { all: Vec<Box<dyn Shape>> }";
            let before = format!("{before} {scene}");
            changes(
                ty,
                &before,
                &before.replace(
                    "fn area(&self) -> f64; fn name(&self) -> f64;",
                    "fn name(&self) -> f64; fn area(&self) -> f64;",
                ),
            );
            changes(ty, &before, &before.replace("{ 0.0 }", "{ 1.0 }"));
            changes(ty, &before, &before.replace("{ s.0 }", "{ s.0 * s.0 }"));
            changes(ty, &before, &before.replace("Square(f64)", "Square(f32)"));
            stays(ty, &before, &format!("{before} fn unused() {{}} struct Unused;"));
        }
        let im = "macro_rules! im { ($v:expr) => { impl T for S { fn f(&self) -> i32 { $v } } } } trait T { fn f(&self); } struct S;";
        changes("Box<dyn T>", &format!("{im} im!(1);"), &format!("{im} im!(2);"));
        stays("Box<dyn T>", &format!("{im} im!(1);"), &format!("{im} im!(1); other!(2);"));
        let debug = format!("{im} im!(1); macro_rules! mk {{ ($n:ident) => {{ #[derive(T)] struct $n; }} }} mk!(A);");
        stays("Box<dyn T>", &debug, &format!("{debug} mk!(B);"));
        changes(
            "Box<dyn std::fmt::Display>",
            "struct S; impl std::fmt::Display for S { fn fmt() { 1 } }",
            "struct S; impl std::fmt::Display for S { fn fmt() { 2 } }",
        );
        for ty in ["Box<dyn std::any::Any>", "Box<dyn std::error::Error>"] {
            changes(ty, "struct P(T); type T = i32;", "struct P(T); type T = f64;");
            let (before, after) =
                (fingerprint("struct P(i32);", ty), fingerprint("struct P(i32); struct Q(P); use a::R;", ty));
            let ((all, types), (all_after, types_after)) =
                (before.split_once('|').unwrap(), after.split_once('|').unwrap());
            assert!(all == all_after && types_after.split(',').any(|found| found == types), "{types} {types_after}");
        }
    }
}
