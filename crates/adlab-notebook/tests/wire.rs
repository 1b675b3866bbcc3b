//! What a cell writes, byte by byte: the test starts itself once more as a "cell", with and without the kernel's variable.

use std::process::Command;

use adlab_notebook::prelude::*;

const CELL: &str = "ADLAB_NOTEBOOK_TEST_CELL";

/// Not a test by itself: the cell.
#[test]
fn cell() {
    if std::env::var_os(CELL).is_none() {
        return;
    }
    println!("CELL BEGINS");
    display(&Dual::new(2.0, -0.5));
    display(&());
    println!("between");
    display("text");
    3.5.evcxr_display();
    println!("CELL ENDS");
}

fn run(variable: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["cell", "--exact", "--nocapture"]).env(CELL, "1").env_remove("EVCXR_MULTIPLE_OUTPUTS");
    if let Some(value) = variable {
        command.env("EVCXR_MULTIPLE_OUTPUTS", value);
    }
    let output = String::from_utf8(command.output().expect("it runs").stdout).expect("text");
    let begin = output.find("CELL BEGINS\n").expect("a beginning") + "CELL BEGINS\n".len();
    output[begin..output.find("CELL ENDS").expect("an end")].to_owned()
}

fn block(text: &str) -> String {
    format!("EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT\n")
}

#[test]
fn a_kernel_that_shows_many_outputs_is_told_where_each_ends() {
    let flush = "EVCXR_FLUSH_OUTPUT\n";
    let expected = [&block("2 - 0.5ε"), flush, "between\n", &block("\"text\""), flush, &block("3.5")].concat();
    assert_eq!(run(Some("1")), expected);
}

#[test]
fn another_kernel_is_not() {
    assert_eq!(run(None), [&block("2 - 0.5ε"), "between\n", &block("\"text\""), &block("3.5")].concat());
}
