//! `adlab assign`: the students' notebooks, made from the solutions.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

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
    refuse_to_overwrite(&students, &options.solutions)?;
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

/// Nothing is written over a solution, nor two notebooks into one file.
fn refuse_to_overwrite(students: &[(PathBuf, Notebook)], solutions: &[PathBuf]) -> Result<()> {
    let real = |path: &Path| path.canonicalize().ok();
    for (i, (target, _)) in students.iter().enumerate() {
        if let Some(solution) =
            solutions.iter().find(|solution| real(target).is_some() && real(target) == real(solution))
        {
            bail!("this would replace the solution {} itself; choose another folder with --output", solution.display());
        }
        if students[..i].iter().any(|(other, _)| other == target) {
            bail!("two notebooks would be written to {}: give them to separate runs", target.display());
        }
    }
    Ok(())
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
pub fn student_version(mut notebook: Notebook) -> Result<Notebook> {
    for cell in notebook.cells_mut() {
        let (begin, end) = if cell["cell_type"] == "code" {
            ("// BEGIN SOLUTION", "// END SOLUTION")
        } else {
            ("<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->")
        };
        let stub = if cell["cell_type"] == "code" { code_stub } else { text_stub };
        let original = file::source(cell);
        let solved = original.lines().any(|line| line.trim_start().starts_with(begin));
        let source = replace_regions(&original, begin, end, stub)
            .and_then(|source| without_hidden_tests(&source))
            .and_then(|source| refuse_what_gives_away(&source, cell, solved).map(|()| source))
            .with_context(|| format!("cell {}", cell["id"]))?;
        cell["source"] = file::lines(&source);
        clear(cell);
    }
    Ok(notebook)
}

/// Tests that students are not to see are left out.
fn without_hidden_tests(source: &str) -> Result<String> {
    let mut hidden = false;
    let mut kept = Vec::new();
    for line in source.lines() {
        match line.trim() {
            "// BEGIN HIDDEN TESTS" if !hidden => hidden = true,
            "// END HIDDEN TESTS" if hidden => hidden = false,
            _ if hidden => {}
            _ => kept.push(line),
        }
    }
    if hidden {
        bail!("`// BEGIN HIDDEN TESTS` without an `// END HIDDEN TESTS`");
    }
    Ok(kept.join("\n"))
}

/// A marker that is written in another way would hand out what stands behind it.
fn refuse_what_gives_away(source: &str, cell: &Value, solved: bool) -> Result<()> {
    let plain =
        |line: &str| -> String { line.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase() };
    for line in source.lines() {
        let words = plain(line);
        if ["BEGINSOLUTION", "ENDSOLUTION", "BEGINHIDDENTESTS", "ENDHIDDENTESTS"]
            .iter()
            .any(|word| words.contains(word))
        {
            bail!(
                "`{}` is no marker; write `// BEGIN SOLUTION` and `// END SOLUTION`, each on a line of its own",
                line.trim()
            );
        }
    }
    let nbgrader = &cell["metadata"]["nbgrader"];
    if cell["cell_type"] == "code" && nbgrader["solution"] == true && nbgrader["locked"] != true && !solved {
        bail!("it is marked as a solution, and has no `// BEGIN SOLUTION`: all of it would be handed out");
    }
    Ok(())
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
    fn what_would_hand_out_an_answer_is_refused() {
        let plain = serde_json::json!({ "cell_type": "code" });
        for source in [
            "//BEGIN SOLUTION\n1\n//END SOLUTION",
            "### BEGIN SOLUTION\n1",
            "// Begin Solution",
            "/// BEGIN SOLUTION",
            "/* BEGIN SOLUTION */",
            "let x = 1; // BEGIN SOLUTION",
            "<!--BEGIN SOLUTION-->",
            "# BEGIN HIDDEN TESTS",
        ] {
            let error = refuse_what_gives_away(source, &plain, false).unwrap_err().to_string();
            assert!(error.contains("is no marker"), "{source}: {error}");
        }
        refuse_what_gives_away("// the solution begins here", &plain, false).unwrap();
        let mut solution = serde_json::json!({ "cell_type": "code", "metadata": { "nbgrader": { "solution": true } } });
        assert!(
            refuse_what_gives_away("1", &solution, false).is_err()
                && refuse_what_gives_away("1", &solution, true).is_ok()
        );
        solution["metadata"]["nbgrader"]["solution"] = false.into();
        refuse_what_gives_away("1", &solution, false).unwrap();
        let source = "assert!(a);\n// BEGIN HIDDEN TESTS\nassert!(b);\n// END HIDDEN TESTS\nassert!(c);";
        assert_eq!(without_hidden_tests(source).unwrap(), "assert!(a);\nassert!(c);");
        assert!(without_hidden_tests("// BEGIN HIDDEN TESTS").is_err());
    }

    #[test]
    fn text_answers_are_cleared() {
        let source = "Why?\n\n<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->";
        let student = replace_regions(source, "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->", text_stub);
        assert_eq!(student.unwrap(), "Why?\n\n*Your answer here.*");
    }
}
