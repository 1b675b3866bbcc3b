//! What the kernel takes for granted of evcxr, asked of evcxr itself.

// Not all of it is text that can be asked for.
#[allow(dead_code)]
#[path = "../src/assumptions.rs"]
mod assumptions;
#[allow(dead_code, unused_imports)]
#[path = "../src/cell/mod.rs"]
mod cell;
#[allow(dead_code)]
#[path = "../src/compile/generated.rs"]
mod generated;
#[path = "../src/compile/reach/mod.rs"]
mod reach;
#[allow(dead_code)]
#[path = "../src/compile/statics.rs"]
mod statics;

use std::process::Command;

use assumptions::*;
use evcxr::{Error, EvalContext, EvalContextOutputs};
use generated::Generated;

/// evcxr with a process of its own kind, which this program is when it is started like that.
fn start(folder: &std::path::Path) -> EvalContext {
    // SAFETY: this test is the only one of its program, and evcxr has not started yet.
    unsafe { std::env::set_var(BUILD_FOLDER_VAR, folder) };
    let command = Command::new(env!("CARGO_BIN_EXE_adlab"));
    let (context, outputs) = EvalContext::with_subprocess_command(command).unwrap();
    let EvalContextOutputs { stdout, stderr } = outputs;
    std::thread::spawn(move || stdout.iter().for_each(drop));
    std::thread::spawn(move || stderr.iter().for_each(drop));
    context
}

#[test]
fn evcxr_is_as_the_kernel_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut evcxr = start(folder.path());
    let mut run = |code: &str| {
        let outcome = evcxr.eval(code);
        (outcome, evcxr.last_source().unwrap())
    };
    // The three forms of a cell: without variables, with definitions alone, with a store of variables.
    for (code, has_store) in [
        ("struct S(f64);\nimpl S { fn f(&self) -> f64 { self.0 } }", false),
        ("assert!(true);", false),
        ("let a: i32 = 1;", true),
        ("let b: f64 = 2.0; struct T; \"0\".parse::<u8>()?;", true),
        ("fn g() -> i32 { 3 } b + f64::from(a + g())", true),
        ("struct U;", false),
    ] {
        let (outcome, source) = run(code);
        outcome.unwrap_or_else(|error| panic!("{code}: {error}"));
        let simple =
            Generated::simplified(source.clone(), "lib").unwrap_or_else(|error| panic!("{code}: {error}\n{source}"));
        assert!(simple.is_whole);
        let simple = simple.text;
        assert_eq!(simple.contains("\npub use ::lib::*;\n"), has_store, "{code}:\n{source}");
        assert_eq!(simple.lines().count(), source.lines().count());
        assert_eq!(simple.matches(&format!("fn {ONE_FUNCTION}(")).count(), 1);
        // Nothing that could be forged is left, and no name that a student may define.
        let is_all_definitions = !has_store && code.starts_with("struct");
        assert_eq!(simple.matches("::lib::panicked();").count(), usize::from(!is_all_definitions), "{simple}");
        assert_eq!(
            simple.matches("::lib::met(&error);").count(),
            usize::from(source.contains(ERROR_TYPE) && has_store)
        );
        for text in [PANIC_NOTIFICATION, "USER_ERROR_OCCURRED", "\nOk(()", "  Ok(_)", "  Err(_)"] {
            assert!(!simple.contains(text), "{text} in:\n{simple}");
        }
        let numbered = source.matches(STORE_CALLS[0]).count() + source.matches(STORE_CALLS[2]).count();
        assert_eq!(simple.matches(", \"cbf29ce484222325\"").count(), numbered, "{simple}");
        assert!(!has_store || source.contains(&format!("mod {OWN_MODULES}")));
        // Its function is the last thing in it, behind all definitions.
        let head = source.rfind(&format!("{HEAD}{FUNCTION}")).unwrap();
        for definition in ["struct S(f64)", "impl S {", "struct T;", "fn g() -> i32"] {
            assert!(source.rfind(definition).is_none_or(|at| at < head), "{definition} in:\n{source}");
            assert!(!code.contains(definition) || source.contains(definition), "{definition} is not in:\n{source}");
        }
    }
    let (_, source) = run("let c: f64 = b * 2.0;");
    for call in STORE_CALLS {
        assert!(source.contains(call), "no {call} in:\n{source}");
    }

    // What it says of cells that it refuses.
    let message = |outcome: Result<_, Error>| match outcome.map(|_: evcxr::EvalOutputs| ()).unwrap_err() {
        Error::CompilationErrors(errors) => errors.iter().map(|error| error.message()).collect::<String>(),
        other => other.to_string(),
    };
    for (code, words) in [
        ("let f = |x: f64| x;", IS_CLOSURE),
        ("let i = (0..3).map(|x| x * 2);", HAS_NO_NAME),
        ("let text: String = String::new(); let slice: &str = &text;", BORROWS),
    ] {
        let said = message(run(code).0);
        assert!(said.contains(words), "{code}: {said}");
    }

    // The files of its folder.
    assert!(folder.path().join(SOURCE).is_file());
    let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
    assert!(manifest.contains(&format!("name = \"{PACKAGE}\"")), "{manifest}");
    let names: Vec<String> = walk(folder.path());
    let has = |test: &dyn Fn(&str) -> bool| names.iter().any(|name| test(name));
    assert!(has(&|name| name.starts_with("libcode_")) && has(&|name| name == format!("{PACKAGE}.d")), "{names:?}");
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        names.push(entry.file_name().to_string_lossy().into_owned());
        if entry.path().is_dir() {
            names.extend(walk(&entry.path()));
        }
    }
    names
}
