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
/// … to this: cells share their libraries.
pub const PREFER_DYNAMIC: &str = "-Cprefer-dynamic";

// ---- Its folder.

/// The package that it makes of cells.
pub const PACKAGE: &str = "ctx";
pub const SOURCE: &str = "src/lib.rs";
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
/// Its generated code prints that the student's code has panicked.
pub const PANIC_NOTIFICATION: &str = "EVCXR_PANIC_NOTIFICATION";
/// And that `?` has met an error.
pub const ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";
/// And that a variable has changed its type; the name follows.
pub const VARIABLE_CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";

// ---- What it says of cells that it refuses.

/// A variable's value is a closure.
pub const IS_CLOSURE: &str = "is a closure";
/// A variable's type has no name.
pub const HAS_NO_NAME: &str = "cannot be persisted";
/// A variable borrows.
pub const BORROWS: &str = "non-static lifetime";

/// For rustc's error of this code, it adds tokio, whatever the cell.
pub const AWAIT_OUTSIDE_OF_ASYNC: &str = "E0728";

// ---- The source that it generates.

/// The function of a cell has this name and a number.
pub const FUNCTION: &str = "run_user_code_";
/// What we make of it.
pub const ONE_FUNCTION: &str = "run_user_code";
/// What stands before the name.
pub const HEAD: &str = "\n#[unsafe(no_mangle)]\npub extern \"C\" fn ";
/// The modules of its own.
pub const OWN_MODULES: &str = "evcxr_";
/// What stands behind the name, where there are variables to be kept.
pub const WITH_STORE: &str = "(\nmut evcxr_variable_store: *mut evcxr_internal_runtime::VariableStore)\n";
/// And where there are none, or where a cell is all definitions.
pub const WITHOUT_STORE: [&str; 2] = [
    "(\nevcxr_variable_store: *mut u8) -> *mut u8 {\n",
    "(\nmut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {x}\n",
];
/// The store itself stands right before the function.
pub const STORE_BEGIN: &str = "\nmod evcxr_internal_runtime {\n";
pub const STORE_END: &str = "\n}";
/// Calls that check, load and store variables, one a line.
pub const STORE_CALLS: [&str; 3] = [
    "evcxr_variable_store.check_variable::<",
    "evcxr_variable_store.take_variable::<",
    "evcxr_variable_store.put_variable::<",
];
/// Behind a variable's type.
pub const STORE_NAME: &str = ">(stringify!(";
/// How a cell's code begins, and that it has panicked, as it is caught where there are variables …
pub const CATCHES: &str = "match std::panic::catch_unwind(\n  std::panic::AssertUnwindSafe(||{\n";
pub const CAUGHT: &str = "})) { \n  Ok(_) => {}\n  Err(_) => {\n    println!(\"EVCXR_PANIC_NOTIFICATION\");\n}}\n";
/// … and where there are none.
pub const CATCHES_WITHOUT_STORE: &str = "if std::panic::catch_unwind(||{\n";
pub const CAUGHT_WITHOUT_STORE: &str = "}).is_err() {\n    println!(\"EVCXR_PANIC_NOTIFICATION\");\n}\n";
/// The end of a cell in which `?` may stand.
pub const RETURNED: &str = "\nOk(())})();\n";
/// The type of the errors that `?` makes …
pub const ERROR_TYPE: &str = "struct EvcxrUserCodeError {}";
/// … and how they are told.
pub const ERROR_MET: &str = "eprintln!(\"{}\", error);\n                    \
                             println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);";
