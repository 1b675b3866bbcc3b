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
    let shown = display("text");
    shown.update(&7);
    clear_output(true);
    clear_output(false);
    interact(slider("n", 1..=3), |n| println!("n is {n}"));
    let _ = checkbox("b", true).show();
    for _ in progress([(); 2]) {}
    3.5.evcxr_display();
    println!("CELL ENDS");
}

fn run(variable: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["cell", "--exact", "--nocapture"]).env(CELL, "1").env_remove("ADLAB_MULTIPLE_OUTPUTS");
    if let Some(value) = variable {
        command.env("ADLAB_MULTIPLE_OUTPUTS", value);
    }
    let output = String::from_utf8(command.output().expect("it runs").stdout).expect("text");
    let begin = output.find("CELL BEGINS\n").expect("a beginning") + "CELL BEGINS\n".len();
    output[begin..output.find("CELL ENDS").expect("an end")].to_owned()
}

/// The names of outputs, in the order in which they come, in place of random ones.
fn with_short_names(output: &str) -> String {
    let words = output.split(|c: char| c.is_whitespace() || c == '"');
    let mut names: Vec<&str> = words.filter(|word| word.starts_with("adlab-")).collect();
    names.dedup();
    names.iter().zip('a'..).fold(output.to_owned(), |output, (name, letter)| output.replace(name, &letter.to_string()))
}

fn block(text: &str) -> String {
    format!("EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT\n")
}

#[test]
fn a_kernel_that_shows_many_outputs_is_told_what_to_do_with_each() {
    let output = with_short_names(&run(Some("1")));
    let expected = [
        &block("2 - 0.5ε"),
        "EVCXR_FLUSH_OUTPUT a\nbetween\n",
        &block("\"text\""),
        "EVCXR_FLUSH_OUTPUT b\n",
        &block("7"),
        "ADLAB_UPDATE_OUTPUT b\nADLAB_CLEAR_OUTPUT wait\nADLAB_CLEAR_OUTPUT now\n",
        "ADLAB_WIDGET begin {\"id\":\"c\",\"shows\":true,\"controls\":[{\"kind\":\"int slider\",\"name\":\"n\",\"min\":1,\"max\":3,\
         \"value\":2,\"step\":1,\"format\":\"d\"}]}\nn is 2\n\
         ADLAB_WIDGET end n = 2, a slider from 1 to 3. In Jupyter, it moves the picture.\n",
        "ADLAB_WIDGET begin {\"id\":\"d\",\"shows\":false,\"controls\":[{\"kind\":\"checkbox\",\"name\":\"b\",\"value\":true}]}\n\
         ADLAB_WIDGET end b = true, a box to tick. In Jupyter, it can be moved.\n",
    ];
    let bar = output.strip_prefix(&expected.concat()).expect(&output);
    assert!(bar.contains("░ 0/2, 0.0 s\nEVCXR_END_CONTENT\nEVCXR_FLUSH_OUTPUT e\n"), "{bar}");
    assert!(bar.contains("█ 2/2, 0.0 s\nEVCXR_END_CONTENT\nADLAB_UPDATE_OUTPUT e\n"), "{bar}");
    assert!(bar.ends_with(&block("3.5")), "{bar}");
}

/// What can't be moved is said.
const WORDS: &str = "n is 2\nn = 2, a slider from 1 to 3. In Jupyter, it moves the picture.\n\
                     b = true, a box to tick. In Jupyter, it can be moved.\n";

#[test]
fn another_kernel_is_not() {
    let expected =
        [&block("2 - 0.5ε"), "between\n", &block("\"text\""), &block("7"), WORDS, "2/2, 0.0 s\n", &block("3.5")];
    assert_eq!(run(None), expected.concat());
}
