//! Wrong answers, as data beside the solutions: each check must catch those that are meant for it, and no other check may.
//!
//! A Markdown file has a heading `## CELL` for each answer, and below it, for each wrong one, a heading `### name`, a line
//! "fails `CHECK`: words that must be said", and the code that stands in place of the solution.

use anyhow::{Context, Result, bail};

use crate::notebook::file;

#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// The cell of the answer.
    pub cell: String,
    pub name: String,
    /// The check that must fail.
    pub check: String,
    /// What it must say.
    pub says: String,
    pub code: String,
}

pub fn parse(text: &str) -> Result<Vec<Wrong>> {
    let mut all: Vec<Wrong> = Vec::new();
    let (mut cell, mut in_code) = (String::new(), false);
    for line in text.lines() {
        if line.trim_end() == "```" && in_code {
            in_code = false;
        } else if in_code {
            let wrong = all.last_mut().context("code without a heading `### name`")?;
            wrong.code += line;
            wrong.code.push('\n');
        } else if line.starts_with("```") {
            in_code = true;
        } else if let Some(name) = line.strip_prefix("### ") {
            let (cell, name) = (cell.clone(), name.trim().to_owned());
            all.push(Wrong { cell, name, check: String::new(), says: String::new(), code: String::new() });
        } else if let Some(name) = line.strip_prefix("## ") {
            name.trim().clone_into(&mut cell);
        } else if let Some(rest) = line.strip_prefix("fails `") {
            let wrong = all.last_mut().context("`fails` without a heading `### name`")?;
            let (check, says) =
                rest.split_once("`:").with_context(|| format!("no words after the check in: {line}"))?;
            (wrong.check, wrong.says) = (check.to_owned(), says.trim().to_owned());
        }
    }
    if let Some(wrong) =
        all.iter().find(|wrong| wrong.check.is_empty() || wrong.code.is_empty() || wrong.cell.is_empty())
    {
        bail!("{:?} has no cell, no code, or no line \"fails `CHECK`: words\"", wrong.name);
    }
    Ok(all)
}

/// In rounds in which every other check has a wrong answer, so that few notebooks try them all, and a fault of one can be seen
/// in the others. A check without points may build on what has some: those have rounds of their own.
pub fn rounds(all: &[Wrong], has_points: &dyn Fn(&str) -> bool) -> Vec<Vec<Wrong>> {
    let mut checks: Vec<&str> = Vec::new();
    for wrong in all {
        if !checks.contains(&wrong.check.as_str()) {
            checks.push(&wrong.check);
        }
    }
    let of = |check: &str| all.iter().filter(|wrong| wrong.check == check).cloned().collect::<Vec<_>>();
    let (marked, unmarked): (Vec<&str>, Vec<&str>) = checks.into_iter().partition(|check| has_points(check));
    let every_other = |parity| marked.iter().copied().skip(parity).step_by(2).collect::<Vec<_>>();
    let mut rounds = Vec::new();
    for checks in [every_other(0), every_other(1), unmarked] {
        let queues: Vec<Vec<Wrong>> = checks.into_iter().map(of).collect();
        let longest = queues.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..longest {
            let mut round: Vec<Wrong> = Vec::new();
            for wrong in queues.iter().filter_map(|queue| queue.get(at)) {
                // One answer may have several checks.
                match round.iter().any(|other| other.cell == wrong.cell) {
                    true => rounds.push(vec![wrong.clone()]),
                    false => round.push(wrong.clone()),
                }
            }
            rounds.push(round);
        }
    }
    rounds
}

/// The source of a solution's cell with other code in place of the solution.
pub fn in_place(source: &str, code: &str) -> Result<String> {
    let is_marker = |line: &str, word: &str| line.trim_start().starts_with(word);
    let lines: Vec<&str> = source.lines().collect();
    let begin = lines.iter().position(|line| is_marker(line, "// BEGIN SOLUTION")).context("it has no solution")?;
    let end = lines.iter().position(|line| is_marker(line, "// END SOLUTION")).context("its solution has no end")?;
    if lines[end + 1..].iter().any(|line| is_marker(line, "// BEGIN SOLUTION")) {
        bail!("it has several solutions, and a wrong answer is for one");
    }
    let code: Vec<&str> = code.lines().collect();
    Ok([&lines[..begin], &code, &lines[end + 1..]].concat().join("\n"))
}

/// The name of the file of wrong answers that belongs to a solution.
pub fn file_of(solution: &file::Notebook) -> std::path::PathBuf {
    std::path::PathBuf::from(solution.name()).with_extension("md")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Wrong\n\n## add\n\n### a sign\n\nfails `check-add`: value\n\n```rust\na - b\n```\n\n### a constant\n\n\
        fails `check-add`: slope\n\n```rust\n3.0\n```\n\n## sub\n\n### a sign\n\nfails `check-sub`: value\n\n```rust\na + b\n```\n";

    #[test]
    fn wrong_answers_are_read() {
        let all = parse(TEXT).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((all[1].cell.as_str(), all[1].check.as_str(), all[1].says.as_str()), ("add", "check-add", "slope"));
        assert_eq!(all[2].code, "a + b\n");
        let lengths = |has_points: &dyn Fn(&str) -> bool| -> Vec<usize> {
            rounds(&all, has_points).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(&|_| true), [1, 1, 1]);
        assert_eq!(lengths(&|_| false), [2, 1]);
        assert!(parse("## a\n### b\n```rust\n1\n```").is_err());
    }

    #[test]
    fn it_stands_where_the_solution_stood() {
        let source = "fn f() {\n    // BEGIN SOLUTION\n    1\n    // END SOLUTION\n}";
        assert_eq!(in_place(source, "2\n").unwrap(), "fn f() {\n2\n}");
        assert!(in_place("fn f() {}", "2").is_err());
    }
}
