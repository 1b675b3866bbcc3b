//! `adlab assign`: the students' notebooks, made from the solutions.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::notebook::file::{self, Notebook, clear};

#[derive(clap::Args)]
pub struct Options {
    /// Write the students' notebooks into this folder
    #[arg(long, value_name = "DIR", default_value = "notebooks")]
    output: PathBuf,
    /// Change nothing; fail if a student's notebook is not what its solution makes
    #[arg(long)]
    check: bool,
    /// The solution notebooks
    #[arg(required = true, value_name = "SOLUTION")]
    solutions: Vec<PathBuf>,
}

pub fn assign(options: &Options) -> Result<bool> {
    let students: Vec<(PathBuf, Notebook)> = options
        .solutions
        .iter()
        .map(|path| {
            let solution = Notebook::read(path)?;
            let target = options.output.join(solution.name());
            let student = student_version(solution).with_context(|| format!("in {}", path.display()))?;
            Ok((target, student))
        })
        .collect::<Result<_>>()?;
    if !options.check {
        std::fs::create_dir_all(&options.output)
            .with_context(|| format!("cannot make the output folder {}", options.output.display()))?;
    }
    let mut good = true;
    for (target, student) in students {
        if options.check {
            good &= is_current(&target, &student);
        } else {
            student.write(&target)?;
            println!("wrote   {}", target.display());
        }
    }
    Ok(good)
}

fn is_current(target: &Path, student: &Notebook) -> bool {
    let current = std::fs::read_to_string(target).is_ok_and(|text| text == student.to_text());
    if current {
        println!("ok      {}", target.display());
    } else {
        println!("STALE   {}: run `adlab assign notebooks/solutions/*.ipynb`", target.display());
    }
    current
}

/// Without outputs, and with a stub in place of each solution.
fn student_version(mut notebook: Notebook) -> Result<Notebook> {
    for cell in notebook.cells_mut() {
        let (begin, end) = if cell["cell_type"] == "code" {
            ("// BEGIN SOLUTION", "// END SOLUTION")
        } else {
            ("<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->")
        };
        let stub = if cell["cell_type"] == "code" { code_stub } else { text_stub };
        let source =
            replace_regions(&file::source(cell), begin, end, stub).with_context(|| format!("cell {}", cell["id"]))?;
        cell["source"] = file::lines(&source);
        clear(cell);
    }
    Ok(notebook)
}

/// `// BEGIN SOLUTION: add the values` becomes `todo!("add the values")`, so that the types around it still check.
fn code_stub(indent: &str, begin_line: &str) -> String {
    let hint = begin_line.split_once("SOLUTION").map_or("", |(_, rest)| rest.trim_start_matches(':').trim());
    if hint.is_empty() { format!("{indent}todo!()") } else { format!("{indent}todo!({hint:?})") }
}

fn text_stub(indent: &str, _begin_line: &str) -> String {
    format!("{indent}*Your answer here.*")
}

fn replace_regions(source: &str, begin: &str, end: &str, stub: fn(&str, &str) -> String) -> Result<String> {
    let mut kept = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        if line.trim_start().starts_with(begin) {
            if inside {
                bail!("`{begin}` inside of a solution");
            }
            inside = true;
            let indent = &line[..line.len() - line.trim_start().len()];
            kept.push(stub(indent, line));
        } else if line.trim() == end {
            if !inside {
                bail!("`{end}` without a `{begin}`");
            }
            inside = false;
        } else if !inside {
            kept.push(line.to_owned());
        }
    }
    if inside {
        bail!("`{begin}` without an `{end}`");
    }
    Ok(kept.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> Result<String> {
        replace_regions(source, "// BEGIN SOLUTION", "// END SOLUTION", code_stub)
    }

    #[test]
    fn a_solution_becomes_a_stub() {
        let source = "fn f() -> f64 {\n    // BEGIN SOLUTION\n    1.0\n    // END SOLUTION\n}\nf()";
        assert_eq!(code(source).unwrap(), "fn f() -> f64 {\n    todo!()\n}\nf()");
        let source = "// BEGIN SOLUTION: say \"why\"\nx\n// END SOLUTION";
        assert_eq!(code(source).unwrap(), "todo!(\"say \\\"why\\\"\")");
    }

    #[test]
    fn regions_must_match() {
        for (source, reason) in [
            ("// BEGIN SOLUTION\n1", "without an `// END"),
            ("// END SOLUTION", "without a `// BEGIN"),
            ("// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION", "inside of a solution"),
        ] {
            let error = code(source).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn text_answers_are_cleared() {
        let source = "Why?\n\n<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->";
        let student = replace_regions(source, "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->", text_stub);
        assert_eq!(student.unwrap(), "Why?\n\n*Your answer here.*");
    }
}
