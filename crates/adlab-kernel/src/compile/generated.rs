//! The source of a cell as evcxr has written it, simplified line for line.
//!
//! - Its function has one name: evcxr counts its builds in it, so that the same cell would never be the same twice.
//! - The store of variables, and what a cell tells of itself, are in a library (`variable-store/lib.rs`): variables carry the
//!   fingerprint of what their types are made of, and that a cell has panicked is not printed, where it could be forged or lost.
//! - It uses no name that a student may have defined.
//! - Macros come first: evcxr writes items in any order, and a macro must stand before what uses it.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use ra_ap_syntax::ast::{self, HasModuleItem, HasName};
use ra_ap_syntax::{AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode};

use super::reach::Definitions;
use super::statics;
use crate::assumptions::{
    CATCHES, CATCHES_WITHOUT_STORE, CAUGHT, CAUGHT_WITHOUT_STORE, ERROR_MET, ERROR_TYPE, FUNCTION, HEAD, ONE_FUNCTION,
    RETURNED, STORE_BEGIN, STORE_CALLS, STORE_END, STORE_NAME, WITH_STORE, WITHOUT_STORE,
};
use crate::cell::calls;

/// The function of a cell that is all definitions.
const WITHOUT_STORE_AND_NAMES: &str =
    "(\nevcxr_variable_store: *mut ::core::ffi::c_void) -> *mut ::core::ffi::c_void {evcxr_variable_store}\n";

/// A source, simplified.
pub struct Generated {
    pub text: String,
    /// As evcxr has written it: read once.
    pub file: SourceFile,
    /// It is Rust from the beginning to the end.
    pub is_whole: bool,
}

impl Generated {
    fn read(text: String) -> Self {
        let parsed = SourceFile::parse(&text, Edition::Edition2024);
        Generated { file: parsed.tree(), is_whole: parsed.errors().is_empty(), text }
    }

    /// Simplifies evcxr's source. `library` is what cells are linked with.
    pub fn simplified(source: String, library: &str) -> Result<Self> {
        let source = Generated::read(source).prepared();
        let text = source.simple(library)?;
        Ok(Generated { text, ..source })
    }

    /// Calls that define something stand there as they are, and statics have their names; columns stay.
    fn prepared(self) -> Self {
        let source = match self.with_calls() {
            Some(text) => Generated::read(text),
            None => self,
        };
        match statics::named(&source.text, &source.file) {
            Some(text) => Generated::read(text),
            None => source,
        }
    }

    fn with_calls(&self) -> Option<String> {
        if !self.text.contains(calls::NAME) {
            return None;
        }
        let mut text = self.text.clone();
        for item in self.file.items() {
            let ast::Item::MacroRules(item) = item else { continue };
            let name = item.name().map(|name| name.text().to_string()).unwrap_or_default();
            let (start, end) = (usize::from(item.syntax().text_range().start()), item.syntax().text_range().end());
            let end = usize::from(end);
            let [before, after] = calls::under_name(&name);
            if name.starts_with(calls::NAME) && text[start..end].starts_with(&before) && text[..end].ends_with(&after) {
                // By this name it is known still where errors are, as `impl`s are by theirs.
                let marker = format!("{:width$}", format!("const {name}: () = ();"), width = before.len());
                text.replace_range(start..start + before.len(), &marker);
                text.replace_range(end - after.len()..end, &" ".repeat(after.len()));
            }
        }
        Some(text)
    }

    fn simple(&self, library: &str) -> Result<String> {
        let (before, after) = self.around_the_name()?;
        let before = match self.macros() {
            Some(found) => found.first(before),
            None => before.to_owned(),
        };
        if WITHOUT_STORE.iter().any(|form| after.starts_with(form)) {
            let after = match between(after, CATCHES_WITHOUT_STORE, CAUGHT_WITHOUT_STORE) {
                Some([begin, code, end]) => {
                    let begin = format!("{begin}if !::{library}::caught(||{{\n");
                    format!("{begin}{code}}}) {{\n    ::{library}::panicked();\n}}\n{end}")
                }
                None => after.to_owned(),
            };
            // Its parameter has a name that a student may have given to a constant.
            let after = match after.strip_prefix(WITHOUT_STORE[1]) {
                Some(rest) => format!("{WITHOUT_STORE_AND_NAMES}{rest}"),
                None => after,
            };
            return Ok(format!("{}{ONE_FUNCTION}{after}", with_errors(&before, library)?));
        }
        if !after.starts_with(WITH_STORE) {
            bail!(missing(WITH_STORE));
        }
        let items = before
            .strip_suffix(HEAD)
            .and_then(|items| items.strip_suffix(STORE_END))
            .with_context(|| missing(STORE_END))?;
        let (items, store) = items.rsplit_once(STORE_BEGIN).with_context(|| missing(STORE_BEGIN))?;
        let items = with_errors(items, library)?;
        let after = match after.contains(&format!("{{ ::{library}::forget(")) {
            true => with_own_names(after),
            false => after.to_owned(),
        };
        let lines = "\n".repeat(store.matches('\n').count());
        let definitions = Definitions::of(&self.file);
        let after = with_fingerprints(&with_full_names(&after, library), |ty| definitions.fingerprint(ty))?;
        Ok(format!("{items}{STORE_BEGIN}pub use ::{library}::*;{lines}{STORE_END}{HEAD}{ONE_FUNCTION}{after}"))
    }

    /// A copy of each macro, and the place for them, behind the crate's attributes and on their line; nothing where there are
    /// none. A copy and its original are the same, so it does not matter which of them is used. Calls that make macros
    /// come behind them.
    fn macros(&self) -> Option<Macros> {
        let rules = |item: ast::Item| match item {
            ast::Item::MacroRules(item) => Some(item),
            _ => None,
        };
        let makers = self.file.items().filter_map(rules).filter(|item| {
            let inside = item.token_tree().map(|rules| rules.syntax().text().to_string()).unwrap_or_default();
            inside.contains("macro_rules") && !["struct ", "enum ", "fn ", "impl"].iter().any(|w| inside.contains(w))
        });
        let makers: Vec<String> = makers.filter_map(|item| item.name()).map(|name| name.text().to_string()).collect();
        let makes = |call: &ast::MacroCall| call.path().is_some_and(|path| makers.contains(&path.to_string()));
        let calls: Vec<SyntaxNode> = self
            .file
            .items()
            .filter_map(|item| match item {
                ast::Item::MacroCall(call) if makes(&call) => Some(call.syntax().clone()),
                _ => None,
            })
            .collect();
        // Without `#[macro_export]`, which a crate may have once for a name.
        let macros = self.file.items().filter_map(rules).map(|item| {
            let text = on_one_line(item.syntax())?;
            Some(text.replace("#[macro_export]", ""))
        });
        let macros = macros.chain(calls.iter().map(on_one_line)).collect::<Option<Vec<String>>>()?.concat();
        let attributes = self.file.syntax().children().take_while(|node| !ast::Item::can_cast(node.kind()));
        let end = attributes.last().map_or(0, |attribute| usize::from(attribute.text_range().end()));
        let moved = calls.iter().map(|call| call.text_range().into()).collect();
        (!macros.is_empty() && self.is_whole).then_some(Macros { end, macros, moved })
    }

    /// What stands before the name of the cell's function, and behind it.
    fn around_the_name(&self) -> Result<(&str, &str)> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let functions = self.file.items().filter_map(|item| match item {
            ast::Item::Fn(function) => function.name(),
            _ => None,
        });
        let named = functions.filter(|name| name.text().strip_prefix(FUNCTION).is_some_and(is_number)).last();
        let text = self.text.as_str();
        // What is no Rust may hide it.
        let start = match named.filter(|_| self.is_whole) {
            Some(name) => usize::from(name.syntax().text_range().start()),
            None => text.rfind(&format!("{HEAD}{FUNCTION}")).with_context(|| missing(FUNCTION))? + HEAD.len(),
        };
        let end = text[start + FUNCTION.len()..].find(|c: char| !c.is_ascii_digit());
        Ok((&text[..start], &text[end.map_or(text.len(), |length| start + FUNCTION.len() + length)..]))
    }
}

/// What is to come first.
struct Macros {
    macros: String,
    /// Where: behind the crate's attributes.
    end: usize,
    /// The calls among them: they can't stand in two places.
    moved: Vec<Range<usize>>,
}

impl Macros {
    fn first(&self, before: &str) -> String {
        let mut text = before.to_owned();
        for range in &self.moved {
            let blank = |c: char| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) };
            text.replace_range(range.clone(), &before[range.clone()].chars().map(blank).collect::<String>());
        }
        text.insert_str(self.end, &self.macros);
        text
    }
}

/// Its text without line ends; nothing where they are in a string.
fn on_one_line(node: &SyntaxNode) -> Option<String> {
    let mut line = String::new();
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => line.push(' '),
            _ if token.text().contains('\n') => return None,
            _ => line.push_str(token.text()),
        }
    }
    Some(line + " ")
}

/// What `?` meets is told to the library.
fn with_errors(items: &str, library: &str) -> Result<String> {
    if !items.contains(ERROR_TYPE) {
        return Ok(items.to_owned());
    }
    let (before, after) = items.rsplit_once(ERROR_MET).with_context(|| missing(ERROR_MET))?;
    Ok(format!("{before}::{library}::met(&error);\n{after}"))
}

/// What is before a cell's code, the code, and what is behind it.
fn between<'a>(function: &'a str, begin: &str, end: &str) -> Option<[&'a str; 3]> {
    let (function, after) = function.rsplit_once(end)?;
    let (before, code) = function.split_once(begin)?;
    Some([before, code, after])
}

/// A cell's code is called by the library: what catches a panic is compiled there. Its names a student can't define.
fn with_full_names(function: &str, library: &str) -> String {
    let function = match between(function, CATCHES, CAUGHT) {
        Some([begin, code, end]) => format!(
            "{begin}match ::{library}::caught(\n  (||{{\n{code}}})) {{ \n  true => {{}}\n  false => {{\n    \
             ::{library}::panicked();\n}}}}\n{end}"
        ),
        None => function.to_owned(),
    };
    match function.rsplit_once(RETURNED) {
        Some((code, end)) => format!("{code}\n::core::result::Result::Ok(())}})();\n{end}"),
        None => function,
    }
}

/// Where a variable is to be forgotten, something else may have its name: there, variables have names that nothing has.
fn with_own_names(function: &str) -> String {
    let named = |line: &str| -> Option<String> {
        if let Some((before, after)) = line.split_once(&format!(" = {}", STORE_CALLS[1])) {
            let (word, name) = before.rsplit_once(' ')?;
            return Some(format!("{word} _adlab_{name} = {}{after}", STORE_CALLS[1]));
        }
        let (before, name) = line.strip_suffix(");").filter(|_| line.contains(STORE_CALLS[2]))?.rsplit_once("), ")?;
        Some(format!("{before}), _adlab_{name});"))
    };
    function
        .split_inclusive('\n')
        .map(|line| {
            let end = &line[line.trim_end_matches('\n').len()..];
            named(line.trim_end_matches('\n')).map_or_else(|| line.to_owned(), |text| text + end)
        })
        .collect()
}

/// Behind each variable that is checked or kept, the fingerprint of its type.
fn with_fingerprints(function: &str, fingerprint: impl Fn(&str) -> String) -> Result<String> {
    let calls = [STORE_CALLS[0], STORE_CALLS[2]];
    let (mut marked, mut rest) = (String::new(), function);
    while let Some((at, call)) = calls.iter().filter_map(|call| Some((rest.find(call)?, call))).min() {
        let ty = at + call.len();
        let name = rest[ty..].find(STORE_NAME).with_context(|| missing(STORE_NAME))? + ty;
        let end = rest[name..].find(");").with_context(|| missing(");"))? + name;
        // Behind a name in parentheses.
        let end = if rest[end..].starts_with("));") { end + 1 } else { end };
        marked += &format!("{}, {:?}", &rest[..end], fingerprint(&rest[ty..name]));
        rest = &rest[end..];
    }
    Ok(marked + rest)
}

fn missing(text: &str) -> String {
    format!("evcxr's source of a cell has no `{}`: this kernel was made for evcxr 0.22", text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: &str = "
            struct EvcxrUserCodeError {}
            impl F {
                fn from(error: T) {
                    eprintln!(\"{}\", error);
                    println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);
                }
            }
";

    fn whole(items: &str, statements: &str) -> String {
        format!(
            "{items}{ERRORS}mod evcxr_internal_runtime {{\npub struct S;\nimpl S {{\n}}\n}}{HEAD}{FUNCTION}12{WITH_STORE}  -> X {{\n\
             {CATCHES}let _ = (|| -> R {{\n{statements}\
             evcxr_variable_store.put_variable::<Vec<P>>(stringify!(p), p);\nOk(())}})();\n{CAUGHT}}}\n"
        )
    }

    fn simplified(source: &str) -> String {
        let simple = Generated::simplified(source.to_owned(), "lib").unwrap().text;
        assert_eq!(simple.lines().count(), source.lines().count(), "{simple}");
        simple
    }

    #[test]
    fn a_source_is_simplified_and_lines_stay() {
        let simple = simplified(&whole("struct P;", "let p = 1;\n"));
        for text in [
            "mod evcxr_internal_runtime {\npub use ::lib::*;\n\n\n}",
            "fn run_user_code(\nmut",
            "\n::core::result::Result::Ok(())})();\n",
            "match ::lib::caught(\n  (||{\n",
            "})) { \n  true => {}\n  false => {\n    ::lib::panicked();\n}}\n",
            "::lib::met(&error);",
            ">>(stringify!(p), p, \"",
        ] {
            assert!(simple.contains(text), "no {text} in:\n{simple}");
        }
        assert!(!simple.contains("println!"));
        for form in WITHOUT_STORE {
            let source = format!("fn f() {{}}{HEAD}{FUNCTION}1{form}{CATCHES_WITHOUT_STORE}{CAUGHT_WITHOUT_STORE}");
            let simple = simplified(&source);
            assert!(
                simple.contains("fn run_user_code(\n")
                    && simple.contains("if !::lib::caught(||{\n}) {\n    ::lib::panicked();\n}\n")
                    && !simple.contains("x: *")
            );
        }
    }

    #[test]
    fn a_student_s_text_stays_as_it_is() {
        let texts = format!("r#\"{STORE_BEGIN}{HEAD}{FUNCTION}1({CATCHES}{CAUGHT}{RETURNED}{ERROR_MET}\"#");
        let simple = simplified(&whole(
            &format!("const T: &str = {texts};"),
            &format!("let t = {texts};\nmatch r {{\n  Ok(_) => {{}}\n  Err(_) => {{}}\n}}\n"),
        ));
        assert_eq!(simple.matches(&texts).count(), 2, "{simple}");
        assert_eq!((simple.matches("fn run_user_code(").count(), simple.matches("::lib::").count()), (1, 4));
    }

    #[test]
    fn macros_come_first_and_lines_stay() {
        let items = "#![allow(a)]\nfn f() -> i32 { two!() }\nmacro_rules! two {\n    // here\n    () => { 2 };\n}\n#[macro_export] macro_rules! eprintln { () => {} }";
        let simple = simplified(&whole(items, ""));
        let first = simple.lines().next().unwrap();
        assert!(first.starts_with("#![allow(a)]macro_rules! two {") && first.contains("() => { 2 };"), "{first}");
        assert_eq!(simple.matches("#[macro_export]").count(), 1);
        assert!(first.contains("macro_rules! eprintln") && simple.matches("macro_rules!").count() == 4);
    }

    #[test]
    fn variables_have_the_fingerprints_of_their_types() {
        let source = "vars_ok &= evcxr_variable_store.check_variable::<Vec<(f64, P)>>(stringify!(a));\n\
                      let a = evcxr_variable_store.take_variable::<Vec<(f64, P)>>(stringify!(a));\n\
                      evcxr_variable_store.put_variable::<P>(stringify!(b), b);\n";
        let expected = "vars_ok &= evcxr_variable_store.check_variable::<Vec<(f64, P)>>(stringify!(a), \"13\");\n\
                        let a = evcxr_variable_store.take_variable::<Vec<(f64, P)>>(stringify!(a));\n\
                        evcxr_variable_store.put_variable::<P>(stringify!(b), b, \"1\");\n";
        assert_eq!(with_fingerprints(source, |ty| ty.len().to_string()).unwrap(), expected);
    }

    #[test]
    fn what_is_to_be_forgotten_may_have_another_s_name() {
        let source = "let mut N = evcxr_variable_store.take_variable::<Vec<(f64, P)>>(stringify!(N));\n\
                      { ::lib::forget(\"N\"); }\n\
                      evcxr_variable_store.put_variable::<Vec<(f64, P)>>(stringify!(N), N);\n}";
        let expected = source.replace("mut N", "mut _adlab_N").replace("(N), N)", "(N), _adlab_N)");
        assert_eq!(with_own_names(source), expected);
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let source = whole("struct P;", "");
        for text in [HEAD, WITH_STORE, STORE_BEGIN, ERROR_MET, STORE_NAME] {
            let error = Generated::simplified(source.replace(text, " "), "lib").err().unwrap().to_string();
            assert!(error.contains("this kernel was made for evcxr 0.22"), "{error}");
        }
    }
}
