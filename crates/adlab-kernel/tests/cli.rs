//! The command line on bad input: a clear error, a status that says so, and nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn adlab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlab"));
    command.args(arguments);
    command
}

/// Fails, and says what.
#[track_caller]
fn refused(command: &mut Command, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(!status.success(), "this should have failed: {text}");
    assert!(!text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
    text
}

fn notebook(dir: &Path, name: &str, language: &str, source: &str) -> String {
    let path = dir.join(name);
    let json = serde_json::json!({
        "cells": [{
            "cell_type": "code", "id": "a", "metadata": {}, "execution_count": null, "outputs": [], "source": source,
        }],
        "metadata": { "kernelspec": { "name": "x", "display_name": "x", "language": language } },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    fs::write(&path, json.to_string()).unwrap();
    path.to_string_lossy().into_owned()
}

fn is_root() -> bool {
    // SAFETY: asks the system who we are.
    unsafe { libc::geteuid() == 0 }
}

#[test]
fn run_refuses_what_is_no_rust_notebook() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    refused(&mut adlab(&["run", "/no/such/file.ipynb"]), &["cannot read /no/such/file.ipynb"]);
    refused(&mut adlab(&["run", &file("a.ipynb", "[1, 2")]), &["a.ipynb is no notebook", "not JSON"]);
    refused(&mut adlab(&["run", &file("b.ipynb", "{\"name\": 1}")]), &["b.ipynb is no notebook"]);
    let python = notebook(dir.path(), "c.ipynb", "python", "print(1)");
    refused(&mut adlab(&["run", &python]), &["is a python notebook", "Rust"]);
    refused(&mut adlab(&["run"]), &["NOTEBOOK"]);
}

#[test]
fn run_checks_the_output_folder_before_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = notebook(dir.path(), "n.ipynb", "rust", "1 + 1");
    let before = fs::read(&path).unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "kept").unwrap();
    refused(&mut adlab(&["run", "--output", &file.to_string_lossy(), &path]), &["output folder", "a-file"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    refused(&mut adlab(&["run", "--output", &dir.path().to_string_lossy(), &path]), &["would replace", "--in-place"]);
    if !is_root() {
        let locked = dir.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        refused(&mut adlab(&["run", "--output", &locked.to_string_lossy(), &path]), &["cannot write into", "locked"]);
    }
    refused(&mut adlab(&["run", "--output", "/proc/nowhere", &path]), &["output folder", "/proc/nowhere"]);
    assert_eq!(fs::read(&path).unwrap(), before, "the input is as it was");
}

#[test]
fn run_writes_only_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = notebook(dir.path(), "n.ipynb", "rust", "print!(\"so \"); 1 + 1");
    let before = fs::read(&path).unwrap();
    let out = dir.path().join("out");
    let run = |arguments: &[&str]| {
        let output = adlab(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["run", "--output", &out.to_string_lossy(), &path]);
    assert_eq!(fs::read(&path).unwrap(), before, "the input is as it was");
    let written = fs::read_to_string(out.join("n.ipynb")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&written).unwrap();
    let outputs = &json["cells"][0]["outputs"];
    assert_eq!(outputs[0]["text"], serde_json::json!(["so "]));
    assert_eq!(outputs[1]["data"]["text/plain"], serde_json::json!(["2"]));
    assert_eq!(json["cells"][0]["execution_count"], 1);
    run(&["run", "--in-place", &path]);
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn run_needs_no_network() {
    let dir = tempfile::tempdir().unwrap();
    let path = notebook(dir.path(), "n.ipynb", "rust", "assert_eq!(Dual::variable(2.0).derivative, 1.0);");
    let mut command = adlab(&["run", &path]);
    // Whoever asks the network asks this port, where nobody listens.
    for name in ["CARGO_HTTP_PROXY", "https_proxy", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:9");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn run_tells_of_a_cell_that_fails_takes_too_long_or_should_fail() {
    let dir = tempfile::tempdir().unwrap();
    let failing = notebook(dir.path(), "failing.ipynb", "rust", "assert!(1 > 2, \"one is not greater\");");
    refused(&mut adlab(&["run", &failing]), &["FAILED", "failing.ipynb", "one is not greater", "line 1"]);
    let endless = notebook(dir.path(), "endless.ipynb", "rust", "loop {}");
    refused(&mut adlab(&["run", "--timeout", "2", &endless]), &["longer than 2 s", "--timeout"]);
    let tame = notebook(dir.path(), "tame.ipynb", "rust", "1");
    let tagged =
        fs::read_to_string(&tame).unwrap().replace(r#""metadata":{},"#, r#""metadata":{"tags":["raises-exception"]},"#);
    fs::write(&tame, tagged).unwrap();
    refused(&mut adlab(&["run", &tame]), &["tame.ipynb", "should fail"]);
}

#[test]
fn install_says_where_it_may_not_write() {
    refused(
        &mut adlab(&["install", "--prefix", "/proc/nowhere"]),
        &["cannot write the kernelspec", "--user or --prefix"],
    );
    refused(&mut adlab(&["install", "--name", "Ad Lab"]), &["lower-case"]);
}

#[test]
fn kernel_says_what_is_wrong_with_the_connection_file() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("c.json");
    fs::write(&broken, "{\"ip\": \"127.0.0.1\"}").unwrap();
    refused(
        &mut adlab(&["kernel", "--connection-file", &broken.to_string_lossy()]),
        &["c.json is broken", "missing field"],
    );
    refused(&mut adlab(&["kernel", "--connection-file", "/no/such"]), &["cannot read the connection file /no/such"]);
    refused(&mut adlab(&["stock", "--control_file", "/no/such"]), &["cannot read the connection file /no/such"]);
}

#[test]
fn without_cargo_or_rust_src_it_says_how_to_get_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = notebook(dir.path(), "n.ipynb", "rust", "1");
    let bare = |arguments: &[&str]| {
        let mut command = adlab(arguments);
        command.env("PATH", dir.path()).env("HOME", dir.path()).env_remove("CARGO_HOME").env_remove("RUSTUP_HOME");
        command
    };
    // A checkout that has no warm build: with it come a toolchain, and what is needed of the source.
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    for name in ["kernel-spec", "crates", "Cargo.lock"] {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join(name);
        std::os::unix::fs::symlink(here, home.join(name)).unwrap();
    }
    let at_home = |arguments: &[&str]| {
        let mut command = bare(arguments);
        command.env("ADLAB_HOME", &home);
        command
    };
    refused(&mut at_home(&["run", &path]), &["cargo is missing", "rustup.rs"]);
    refused(&mut at_home(&["install"]), &["cargo is missing", "rustup.rs"]);
    refused(&mut at_home(&["doctor"]), &["MISSING  cargo", "MISSING  rust-src", "rustup component add rust-src"]);
    // A rustc whose standard library has no source.
    let rustc = dir.path().join("rustc");
    fs::write(&rustc, "#!/bin/sh\necho /nowhere\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(&rustc, dir.path().join("cargo")).unwrap();
    let with_shell = format!("{}:/usr/bin:/bin", dir.path().display());
    refused(at_home(&["install"]).env("PATH", &with_shell), &["rust-src is missing", "rustup component add rust-src"]);
    refused(at_home(&["run", &path]).env("PATH", &with_shell), &["source is missing", "rustup component add rust-src"]);
}

#[test]
fn without_cargo_the_toolchain_of_the_installation_serves() {
    let dir = tempfile::tempdir().unwrap();
    let path = notebook(dir.path(), "n.ipynb", "rust", "assert_eq!(1 + 1, 2);");
    let mut command = adlab(&["run", &path]);
    command.env("PATH", "/usr/bin:/bin").env("HOME", dir.path()).env_remove("CARGO_HOME").env_remove("RUSTUP_HOME");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_project_that_is_not_there_is_named() {
    refused(adlab(&["doctor"]).env("ADLAB_HOME", "/no/project"), &["ADLAB_HOME is /no/project"]);
}

/// A notebook with one answer, as nbgrader marks it.
fn solution(dir: &Path, name: &str, source: &str) -> String {
    let path = notebook(dir, name, "rust", source);
    let nbgrader =
        r#""metadata":{"nbgrader":{"schema_version":3,"grade_id":"a","grade":false,"solution":true,"locked":false}}"#;
    let marked = fs::read_to_string(&path).unwrap().replacen(r#""metadata":{}"#, nbgrader, 1);
    assert!(marked.contains("grade_id"));
    fs::write(&path, marked).unwrap();
    path
}

const ANSWER: &str = "fn f() -> i32 {\n    // BEGIN SOLUTION\n    1\n    // END SOLUTION\n}";

#[test]
fn assign_notices_a_stale_notebook() {
    let dir = tempfile::tempdir().unwrap();
    let solved = solution(dir.path(), "n.ipynb", ANSWER);
    let out = dir.path().join("students");
    fs::create_dir(&out).unwrap();
    let out = out.to_string_lossy().into_owned();
    refused(&mut adlab(&["assign", "--check", "--output", &out, &solved]), &["STALE"]);
    let done = adlab(&["assign", "--output", &out, &solved]).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && said.contains("1 answer replaced, 0 hidden tests cut, 0 points"), "{said}");
    assert!(adlab(&["assign", "--check", "--output", &out, &solved]).status().unwrap().success());
    let student = fs::read_to_string(Path::new(&out).join("n.ipynb")).unwrap();
    assert!(student.contains("todo!()") && !student.contains("SOLUTION"), "{student}");
    let torn = solution(dir.path(), "torn.ipynb", "// BEGIN SOLUTION\n1");
    refused(&mut adlab(&["assign", "--output", &out, &torn]), &["torn.ipynb", "without an `END SOLUTION`"]);
}

#[test]
fn assign_never_replaces_a_solution() {
    let dir = tempfile::tempdir().unwrap();
    let solved = solution(dir.path(), "1.ipynb", ANSWER);
    let before = fs::read_to_string(&solved).unwrap();
    let folder = dir.path().to_str().unwrap();
    for made in ["hard", "soft", "b", "empty"] {
        fs::create_dir(dir.path().join(made)).unwrap();
    }
    let link = |name: &str| dir.path().join(name).join("1.ipynb");
    std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
    std::os::unix::fs::symlink(&solved, link("soft")).unwrap();
    fs::hard_link(&solved, link("hard")).unwrap();
    for output in ["", "/.", "/link", "/soft", "/hard", "/b/..", "//"] {
        let output = format!("{folder}{output}");
        refused(&mut adlab(&["assign", "--output", &output, &solved]), &["would replace the solution", "--output"]);
        // The other way round.
        let linked = link("soft").to_string_lossy().into_owned();
        refused(&mut adlab(&["assign", "--output", &output, &linked]), &["would replace the solution", "--output"]);
    }
    refused(adlab(&["assign", "--output", ".", "1.ipynb"]).current_dir(dir.path()), &["would replace the solution"]);
    let out = format!("{folder}/out");
    let other = solution(&dir.path().join("b"), "1.ipynb", ANSWER);
    refused(&mut adlab(&["assign", "--output", &out, &solved, &other]), &["two notebooks"]);
    refused(&mut adlab(&["assign", "--output", &out, &solved, &solved]), &["two notebooks"]);
    // A solution that was not named.
    refused(&mut adlab(&["assign", "--output", &format!("{folder}/b"), &solved]), &["b/1.ipynb has answers in it"]);
    fs::create_dir(link("empty")).unwrap();
    refused(&mut adlab(&["assign", "--output", &format!("{folder}/empty"), &solved]), &["is a folder"]);
    for path in [&solved, &other] {
        assert_eq!(fs::read_to_string(path).unwrap(), before);
    }
    assert!(!dir.path().join("out").exists());
}

#[test]
fn assign_looks_at_all_before_it_writes_any() {
    let dir = tempfile::tempdir().unwrap();
    let good = solution(dir.path(), "1.ipynb", ANSWER);
    let given_away = solution(dir.path(), "2.ipynb", "let x = 1; // BEGIN SOLUTION\n1\n// END SOLUTION");
    let whole = solution(dir.path(), "3.ipynb", "1");
    let unmarked = notebook(dir.path(), "4.ipynb", "rust", ANSWER);
    let out = dir.path().join("out").to_string_lossy().into_owned();
    refused(
        &mut adlab(&["assign", "--output", &out, &good, &given_away, &whole, &unmarked]),
        &[
            "2.ipynb: cell \"a\": `let x = 1; // BEGIN SOLUTION` is no marker; write `// BEGIN SOLUTION`",
            "3.ipynb: cell \"a\": it is marked as a solution, and has none",
            "4.ipynb: cell \"a\": it has a solution, and is not marked as a solution cell",
        ],
    );
    assert!(!Path::new(&out).exists());
}

#[test]
fn lab_says_what_is_missing_and_hands_on_what_is_added() {
    let dir = tempfile::tempdir().unwrap();
    let in_it = |arguments: &[&str]| {
        let mut command = adlab(arguments);
        command.current_dir(dir.path()).env("PATH", dir.path());
        command
    };
    refused(&mut in_it(&["lab"]), &["JupyterLab is missing", "-m pip install jupyterlab"]);
    // What opens first has nothing but the lessons; who learns alone asks for the solutions.
    let files = || fs::read_dir(dir.path().join("adlab-lessons")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(files().count() == 4 && files().all(|name| name.to_string_lossy().ends_with(".ipynb")));
    let said = String::from_utf8(in_it(&["lab", "--copy-only"]).output().unwrap().stdout).unwrap();
    assert!(said.contains("adlab lab --solutions"), "{said}");
    let said = String::from_utf8(in_it(&["lab", "--copy-only", "--solutions"]).output().unwrap().stdout).unwrap();
    assert!(said.contains("added       solutions/1-forward-mode.ipynb") && !said.contains("--solutions"), "{said}");
    assert_eq!(files().count(), 5);
    let jupyter = dir.path().join("jupyter-lab");
    fs::write(&jupyter, "#!/bin/sh\necho \"$@\"\n").unwrap();
    fs::set_permissions(&jupyter, fs::Permissions::from_mode(0o755)).unwrap();
    let output = in_it(&["lab", "--no-browser", "--port", "1"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("adlab-lessons --LabApp.default_url=/lab/tree/1-forward-mode.ipynb"), "{said}");
    assert!(said.trim_end().ends_with("--no-browser --port 1") && !said.contains("added"), "{said}");
    // A file in the way of the folder is the student's.
    fs::remove_dir_all(dir.path().join("adlab-lessons")).unwrap();
    fs::write(dir.path().join("adlab-lessons"), "mine").unwrap();
    refused(&mut in_it(&["lab"]), &["cannot copy the lessons to", "go to a folder that is yours"]);
    assert_eq!(fs::read_to_string(dir.path().join("adlab-lessons")).unwrap(), "mine");
}

#[test]
fn course_makes_no_gradebook_of_another_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_string_lossy().into_owned();
    refused(&mut adlab(&["course"]), &["DIR"]);
    fs::write(dir.path().join("thesis.tex"), "mine").unwrap();
    refused(&mut adlab(&["course", &folder]), &["no nbgrader_config.py", "name a folder that is new or empty"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    refused(&mut adlab(&["course", "/proc/course"]), &["cannot make the course folder /proc/course"]);
    let course = format!("{folder}/AD 微分");
    for _ in 0..2 {
        assert!(adlab(&["course", &course]).output().unwrap().status.success());
        assert!(dir.path().join("AD 微分/source/lesson-1/1-forward-mode.ipynb").is_file());
    }
}

#[test]
fn clean_leaves_an_installation_alone() {
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("adlab/0.1.0");
    assert!(adlab(&["install", "--into", &prefix.to_string_lossy()]).output().unwrap().status.success());
    let mut command = Command::new(prefix.join("bin/adlab"));
    refused(command.arg("clean").env("XDG_CACHE_HOME", dir.path()), &["this adlab is installed in it"]);
    assert!(prefix.join("share/adlab/parts").is_file());
}
