//! All that is taken for granted of evcxr 0.22, in one place: its names, the text that it generates, what it says.
//!
//! A text that is to be rewritten and has changed is an error, never a text that is passed on as it was; and `tests/evcxr.rs`
//! asks evcxr itself.
//! What else is assumed, and stands nowhere in its text:
//! - evcxr keeps the [`std::process::Command`] that it was given, environment and all, and starts the next process with it;
//! - after each evaluation it waits until what came through its stdout channel has been taken away;
//! - in evcxr's folder nobody else may build: it writes `Cargo.toml` and the source there for each cell;
//! - items come in any order, and so do the lines that load and store variables;
//! - a named item is replaced by one of the same name, an unnamed one is kept for ever, and belongs to the named one that
//!   it follows in its cell.

use anyhow::{Context, Result, bail};

// ---- Its environment.

/// The folder in which it builds.
pub const BUILD_FOLDER_VAR: &str = "EVCXR_TMPDIR";
/// The folder of [`CONFIG_FILE`].
pub const CONFIG_FOLDER_VAR: &str = "EVCXR_CONFIG_DIR";
pub const CONFIG_FILE: &str = "evcxr.toml";
/// It sets it for the process that runs cells, and refuses to start where it is set.
pub const IS_RUNTIME_VAR: &str = "EVCXR_IS_RUNTIME";
/// It sets this one, too.
pub const BACKTRACE_VAR: &str = "RUST_BACKTRACE";
/// Names the file in which it looks for the path of the library that a build has made.
pub const LIBRARY_PATH_VAR: &str = "EVCXR_EXECUTION_SO_PATH";
/// Its analyzer reads the standard library's source from there.
pub const RUST_SRC_VAR: &str = "RUST_SRC_PATH";
/// It sets it for every build.
pub const RUSTFLAGS_VAR: &str = "RUSTFLAGS";

// ---- Its folder.

/// The package that it makes of cells.
pub const PACKAGE: &str = "ctx";
pub const SOURCE: &str = "src/lib.rs";
/// The libraries of cells that have run are renamed to this and a number.
pub const OLD_LIBRARY: &str = "libcode_";
/// Only its analyzer asks cargo for metadata with this word.
pub const METADATA_OF_ANALYZER: &str = "--filter-platform";

// ---- What it says to the process that runs cells, and hears from it.

/// With a library and a function.
pub const LOAD_AND_RUN: &str = "LOAD_AND_RUN";
pub const EXECUTION_COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
/// It reads lines of text: one that is no UTF-8 makes it give up on the cell, without committing what it believes the cell
/// has defined, and without starting the process again.
pub const GIVES_UP: &[u8] = b"\xff\n";

// ---- What cells write to their stdout, by its generated code or by its conventions.

/// A value in one form begins, with its MIME type.
pub const BEGIN_CONTENT: &str = "EVCXR_BEGIN_CONTENT ";
pub const END_CONTENT: &str = "EVCXR_END_CONTENT";
/// A word that evcxr's maintainer has reserved for several outputs in a cell (issue 510).
pub const FLUSH_OUTPUT: &str = "EVCXR_FLUSH_OUTPUT";
pub const INPUT_REQUEST: &str = "EVCXR_INPUT_REQUEST:";
pub const PASSWORD_REQUEST: &str = "EVCXR_INPUT_REQUEST_PASSWORD:";
/// The student's code has panicked.
pub const PANIC_NOTIFICATION: &str = "EVCXR_PANIC_NOTIFICATION";
/// `?` has met an error.
pub const ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";
/// With a variable's name.
pub const VARIABLE_CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";

// ---- What it says of cells that it refuses.

/// A variable's value is a closure.
pub const IS_CLOSURE: &str = "is a closure";
/// A variable's type has no name.
pub const HAS_NO_NAME: &str = "cannot be persisted";
/// A variable borrows.
pub const BORROWS: &str = "non-static lifetime";

// ---- The source that it generates.

/// The function of a cell has this name and a number.
const FUNCTION: &str = "fn run_user_code_";
/// What we make of it.
pub const ONE_FUNCTION: &str = "run_user_code";
/// The modules of its own.
pub const OWN_MODULES: &str = "evcxr_";
/// Calls that check, load and store variables, one a line.
pub const STORE_CALLS: [&str; 3] = [
    "evcxr_variable_store.check_variable::<",
    "evcxr_variable_store.take_variable::<",
    "evcxr_variable_store.put_variable::<",
];
/// Those by which a variable is checked and kept, with its type behind them, and what follows the type.
const NUMBERED_CALLS: [&str; 2] = [STORE_CALLS[0], STORE_CALLS[2]];
const STORE_NAME: &str = ">(stringify!(";
const STORE_BEGIN: &str = "\nmod evcxr_internal_runtime {\n";
const STORE_END: &str = "\n}\n#[unsafe(no_mangle)]";
/// A cell that needs no variables has no store, nor has one that is all definitions.
const NO_STORE: [&str; 2] = [
    "(\nevcxr_variable_store: *mut u8) -> *mut u8 {\n",
    "(\nmut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {x}\n",
];

/// evcxr counts its builds in the name of the function, so that the same cell is never the same twice. Each library has
/// one, so one name does for all.
pub fn with_one_name(source: &str) -> Result<String> {
    let at = source.rfind(FUNCTION).with_context(|| missing(FUNCTION))?;
    let number = at + FUNCTION.len();
    let end = source[number..].find(|c: char| !c.is_ascii_digit()).map_or(source.len(), |length| number + length);
    Ok(format!("{}{}", &source[..number - 1], &source[end..]))
}

/// The source with this line in the place of evcxr's own store of variables; lines stay.
pub fn with_store(source: &str, line: &str) -> Result<String> {
    let Some(begin) = source.find(STORE_BEGIN) else {
        if NO_STORE.iter().any(|form| source.contains(form)) {
            return Ok(source.to_owned());
        }
        bail!(missing(STORE_BEGIN.trim()));
    };
    let start = begin + STORE_BEGIN.len();
    let length = source[start..].find(STORE_END).with_context(|| missing(STORE_END.trim()))?;
    let lines = "\n".repeat(source[start..start + length].matches('\n').count());
    Ok(format!("{}{line}{lines}{}", &source[..start], &source[start + length..]))
}

/// The source with a number behind each variable that is checked or kept: that of its type, as `number` has it.
pub fn with_numbers(source: &str, number: impl Fn(&str) -> u64) -> Result<String> {
    let (mut numbered, mut done) = (String::new(), 0);
    while let Some((at, call)) =
        NUMBERED_CALLS.iter().filter_map(|call| Some((source[done..].find(call)? + done, call))).min()
    {
        let ty = at + call.len();
        let name = source[ty..].find(STORE_NAME).with_context(|| missing(STORE_NAME))? + ty;
        let end = source[name..].find(");").with_context(|| missing(");"))? + name;
        // Of a name in parentheses, the closing one comes first.
        let end = if source[end..].starts_with("));") { end + 1 } else { end };
        numbered += &format!("{}, 0x{:016x}", &source[done..end], number(&source[ty..name]));
        done = end;
    }
    Ok(numbered + &source[done..])
}

fn missing(text: &str) -> String {
    format!("evcxr's source of a cell has no `{text}`: this kernel was made for evcxr 0.22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_has_one_name() {
        let named = |source| with_one_name(source).unwrap();
        assert_eq!(
            named("fn run_user_code_1() {}\nfn run_user_code_23(\nx)"),
            "fn run_user_code_1() {}\nfn run_user_code(\nx)"
        );
    }

    #[test]
    fn the_store_is_replaced_and_lines_stay() {
        let source =
            "use a;\nmod evcxr_internal_runtime {\npub struct S;\nimpl S {\n}\n}\n#[unsafe(no_mangle)]\nfn f() {}\n";
        let with = with_store(source, "pub use x::*;").unwrap();
        assert_eq!(
            with,
            "use a;\nmod evcxr_internal_runtime {\npub use x::*;\n\n\n}\n#[unsafe(no_mangle)]\nfn f() {}\n"
        );
        assert_eq!(with.lines().count(), source.lines().count());
        for form in NO_STORE {
            let without = format!("pub extern \"C\" fn run_user_code_1{form}}}");
            assert_eq!(with_store(&without, "x").unwrap(), without);
        }
    }

    #[test]
    fn variables_are_numbered_by_their_types() {
        let source = "vars_ok &= evcxr_variable_store.check_variable::<Vec<(f64, P)>>(stringify!(a));\n\
                      let a = evcxr_variable_store.take_variable::<Vec<(f64, P)>>(stringify!(a));\n\
                      f(\"x\");\nevcxr_variable_store.put_variable::<P>(stringify!(b), b);\n";
        let expected = "vars_ok &= evcxr_variable_store.check_variable::<Vec<(f64, P)>>(stringify!(a), 0x000000000000000d);\n\
                        let a = evcxr_variable_store.take_variable::<Vec<(f64, P)>>(stringify!(a));\n\
                        f(\"x\");\nevcxr_variable_store.put_variable::<P>(stringify!(b), b, 0x0000000000000001);\n";
        assert_eq!(with_numbers(source, |ty| ty.len() as u64).unwrap(), expected);
        assert_eq!(with_numbers("fn f() {}", |_| 1).unwrap(), "fn f() {}");
        assert!(with_numbers("evcxr_variable_store.put_variable::<P>(name);", |_| 1).is_err());
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let error = |result: Result<String>| result.unwrap_err().to_string();
        assert!(error(with_one_name("fn f() {}")).contains("no `fn run_user_code_`: this kernel was made for evcxr"));
        assert!(error(with_store("fn f() {}", "")).contains("no `mod evcxr_internal_runtime {`"));
        assert!(error(with_store("\nmod evcxr_internal_runtime {\n}", "")).contains("no `}\n#[unsafe(no_mangle)]`"));
    }
}
