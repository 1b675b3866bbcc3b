//! What the types of variables are made of: all definitions that a type reaches.
//!
//! rustc's TypeId of a struct says nothing of the types of its fields, so an old value could be read as a new type of the
//! same name. Here each type has a fingerprint of the text of everything that its values depend on; what does not matter
//! (comments, white space, visibility, derived traits, methods) is left out of it.
//!
//! - A type reaches what its text names: structs, enums, unions, aliases, constants, `const fn`s, macros in types; imports by
//!   where they lead; and of the `impl`s of all of these, and of their traits, the associated types and constants, where one
//!   of these has a name that was reached, or all of this is given to a type of another crate, which may ask for them.
//! - What a macro's call defines is made of the call and of its macro.
//! - A trait object holds on to compiled methods, so behind a `dyn` methods count: of its traits, of all their `impl`s, of the
//!   functions that these call.
//! - What can be turned back into any type (`dyn Any`, `dyn Error`) depends on all types that there were when it was made.

mod definitions;
mod macros;
mod text;

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxNode};

pub use self::definitions::Definitions;
use self::definitions::{Definition, Impl, Kind};
use self::macros::FOREIGN;
use self::text::Text;
pub use self::text::hash;

/// Traits by which a value of any type comes back.
const DOWNCASTS: [&str; 2] = ["Any", "Error"];

impl Definitions {
    /// Changes when something changes of which a value of this type depends. Behind a `|` are the types, each with a
    /// fingerprint of its own, of which only those that were there before count.
    pub fn fingerprint(&self, ty: &str) -> String {
        let file = SourceFile::parse(&format!("type A = {ty};"), Edition::Edition2024);
        let ty = file.syntax_node().descendants().find_map(ast::Type::cast);
        let mut reached = self.reach(&ty.map(|ty| Text::of(ty.syntax())).unwrap_or_default());
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
                .map(|(name, _)| format!("{name}:{}", self.reach(&Text::word(name)).hash()));
            fingerprint +=
                &format!("|{}", types.collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join(","));
        }
        fingerprint
    }

    /// Changes when a definition does, or something that it uses, functions too.
    pub fn identity(&self, definition: &SyntaxNode) -> String {
        let text = Text::of(definition);
        let mut reached = self.reach(&text);
        reached.follow_objects();
        format!("{} {}", text.normal, reached.hash())
    }

    /// A macro's call may have an `impl` of one of these traits.
    fn may_implement(&self, call: &Text, traits: &BTreeSet<String>) -> bool {
        let may_be_trait = |word: &&String| match self.by_name.get(*word) {
            Some(found) => found.iter().any(|found| found.kind == Kind::Behaviour),
            None => word.starts_with(char::is_uppercase) && !FOREIGN.contains(&word.as_str()),
        };
        let words = self.reach(call).words;
        words.contains("impl") && traits.iter().filter(may_be_trait).any(|name| words.contains(name))
    }

    fn reach(&self, text: &Text) -> Reached<'_> {
        let mut reached =
            Reached { definitions: self, words: BTreeSet::new(), generics: BTreeSet::new(), parts: BTreeSet::new() };
        reached.follow(text);
        reached
    }
}

/// What has been found on the way.
struct Reached<'a> {
    definitions: &'a Definitions,
    words: BTreeSet<String>,
    generics: BTreeSet<String>,
    parts: BTreeSet<&'a str>,
}

impl<'a> Reached<'a> {
    fn follow(&mut self, text: &Text) {
        self.follow_words(text);
        let definitions = self.definitions;
        let mut left: Vec<&Impl> = definitions.impls.iter().collect();
        loop {
            let (found, others) = left.into_iter().partition(|found| self.asks_for(found));
            left = others;
            let found: Vec<&Impl> = found;
            if found.is_empty() {
                return;
            }
            for found in found {
                for form in [Some(&found.form), definitions.default_of(found)].into_iter().flatten() {
                    if !form.names.is_empty() {
                        self.parts.insert(&form.text.normal);
                        self.follow_words(&form.text);
                    }
                }
            }
        }
    }

    fn follow_words(&mut self, text: &Text) {
        self.generics.extend(text.generics.iter().cloned());
        let mut next: Vec<String> = text.words.iter().cloned().collect();
        while let Some(word) = next.pop() {
            if !self.words.insert(word.clone()) {
                continue;
            }
            let found = self.definitions.by_name.get(&word).into_iter().flatten();
            for found in found.filter(|found| found.kind != Kind::Behaviour) {
                self.parts.insert(&found.text.normal);
                self.generics.extend(found.text.generics.iter().cloned());
                next.extend(found.text.words.iter().cloned());
            }
        }
    }

    /// Associated types or constants of this `impl` may be a part of what was reached.
    fn asks_for(&self, found: &Impl) -> bool {
        let forms = [Some(&found.form), self.definitions.default_of(found)].into_iter().flatten();
        let is_meant = found.names.iter().any(|name| self.words.contains(name));
        let is_foreign = |name: &String| !FOREIGN.contains(&&**name) && !self.definitions.by_name.contains_key(name);
        let is_given_away = || self.words.contains("dyn") || self.generics.iter().any(is_foreign);
        let is_named = forms.flat_map(|form| &form.names).any(|name| self.words.contains(name));
        (is_meant || found.is_for_all) && is_named || is_meant && is_given_away()
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
                self.follow(text);
            }
            if (self.words.len(), self.parts.len()) == before {
                return;
            }
        }
    }
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
        let items =
            |ty: &str| format!("struct P; struct W<A>(Peekable<A>); impl Iterator for P {{ type Item = {ty}; }}");
        for ty in ["Peekable<P>", "std::iter::Peekable<P>", "Vec<Peekable::<P>>", "W<P>", "Foreign<Vec<P>>"] {
            changes(ty, &items("i32"), &items("f32"));
        }
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
        // Operators of its own, and what others ask for.
        let operator = "impl Add for P { type Output = P; fn add(self, o: P) -> P { o } }";
        for ty in ["P", "Vec<P>", "Option<Rc<P>>", "Pair<P>", "HashMap<String, P>"] {
            let before = "struct P(f64); struct Pair<A>(A, A); trait T { const N: usize = 1; } impl T for P {}";
            stays(ty, before, &format!("{before} {operator} impl Q for P {{ const M: usize = 2; type I = P; }}"));
        }
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
