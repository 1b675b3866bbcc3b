//! Code is as rustfmt writes it, but compact: it is read on a screen, beside the text.

use anyhow::Result;

use super::cells::cells;
use crate::notebook::file::{self, Notebook};
use crate::system::filter::Filter;

pub const RUSTFMT: Filter = Filter {
    program: "rustfmt",
    arguments: &[
        "--edition",
        "2024",
        "--config",
        "max_width=116,use_small_heuristics=Max,struct_lit_width=36,chain_width=90",
    ],
};

const BEGIN: &str = "fn main() {\n";
const END: &str = "}\n";

pub fn faults(notebook: &Notebook) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    if !RUSTFMT.is_there() {
        return Ok(faults);
    }
    for (name, cell) in cells(notebook, "code") {
        let source = file::source(cell);
        // What is no Rust is for the kernel.
        if source.trim_start().starts_with([':', '!', '%']) {
            continue;
        }
        let program = function(&source);
        let (is_rust, said) = RUSTFMT.apply(&program)?;
        if !is_rust {
            faults.push(format!("{name}: rustfmt cannot read it: {}", said.trim_end()));
        } else if said != program {
            faults.push(format!("{name}: rustfmt would write\n{}", body(&said)));
        }
    }
    Ok(faults)
}

/// What a cell does, in a function: no file has it as it is.
fn function(source: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
    format!("{BEGIN}{}{END}", source.lines().map(line).collect::<String>())
}

fn body(program: &str) -> String {
    let lines = program.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).unwrap_or(program).lines();
    lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cells::notebook;
    use super::*;

    #[test]
    fn code_is_formatted() {
        let found = |source: &str| {
            let cell = json!({ "cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [] });
            faults(&notebook(json!([cell]))).unwrap().join("; ")
        };
        assert_eq!(found("let x = 1;\n\nif x > 0 {\n    x\n} else {\n    0\n};\nx"), "");
        assert_eq!(found(":dep rand"), "");
        assert_eq!(found("let x=1;\nx"), "a: rustfmt would write\nlet x = 1;\nx");
        assert!(found("let x = (;").starts_with("a: rustfmt cannot read it: error"));
    }
}
