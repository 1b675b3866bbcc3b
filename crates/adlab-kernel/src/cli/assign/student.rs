//! A solution notebook as students get it.

use anyhow::{Result, bail};
use serde_json::Value;

use super::{metadata, stubs};
use crate::notebook::file::{self, Notebook, clear};
use crate::notebook::markers::{self, Cut};

/// The students' notebook, and what was done for it.
pub struct Student {
    pub notebook: Notebook,
    answers: usize,
    hidden_tests: usize,
    mark_schemes: usize,
    points: f64,
}

impl Student {
    /// In words: `11 answers replaced, 8 hidden tests cut, 10 points`.
    pub fn said(&self) -> String {
        let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut parts = vec![
            format!("{} replaced", many(self.answers, "answer")),
            format!("{} cut", many(self.hidden_tests, "hidden test")),
        ];
        if self.mark_schemes > 0 {
            parts.push(format!("{} cut", many(self.mark_schemes, "mark scheme")));
        }
        parts.push(format!("{} point{}", self.points, if self.points == 1.0 { "" } else { "s" }));
        parts.join(", ")
    }
}

/// With a stub in place of each solution, without what is hidden, and without outputs. All faults are named at once.
pub fn student_version(mut notebook: Notebook) -> Result<Student> {
    let mut faults = metadata::faults(&notebook);
    let (mut answers, mut hidden_tests, mut mark_schemes) = (0, 0, 0);
    let mut points = 0.0;
    for (place, cell) in notebook.cells_mut().iter_mut().enumerate() {
        let name = metadata::name(cell, place);
        match cut(cell) {
            Ok(cut) => {
                answers += cut.solutions;
                hidden_tests += cut.hidden_tests;
                mark_schemes += cut.mark_schemes;
            }
            Err(error) => faults.push(format!("{name}: {error:#}")),
        }
        points += metadata::points(cell);
        metadata::lock(cell);
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    metadata::clear_notebook(&mut notebook);
    Ok(Student { notebook, answers, hidden_tests, mark_schemes, points })
}

/// Cuts out of a cell what students don't get.
fn cut(cell: &mut Value) -> Result<Cut> {
    let is_code = cell["cell_type"] == "code";
    let cut = markers::cut(&file::source(cell), is_code)?;
    refuse_what_is_marked_elsewhere(cell, &cut)?;
    if is_code && cut.solutions > 0 {
        stubs::refuse_what_does_not_compile(&cut.source)?;
    }
    if cell.get("attachments").is_some() {
        keep_attachments(cell, &cut.source);
    }
    cell["source"] = file::lines(&cut.source);
    clear(cell);
    metadata::clear_cell(cell);
    Ok(cut)
}

/// nbgrader has each kind of region in its own kind of cell, and takes a solution cell without one for all solution.
fn refuse_what_is_marked_elsewhere(cell: &Value, cut: &Cut) -> Result<()> {
    let has = |what: &str| cell["metadata"]["nbgrader"][what] == true;
    let written = if cell["cell_type"] == "code" {
        "`// BEGIN SOLUTION` and `// END SOLUTION`"
    } else {
        "`<!-- BEGIN SOLUTION -->` and `<!-- END SOLUTION -->`"
    };
    for (is_wrong, what) in [
        (
            has("solution") && cut.solutions == 0,
            format!(
                "it is marked as a solution, and has none: all of it would be handed out; write {written} around the answer"
            ),
        ),
        (
            !has("solution") && cut.solutions > 0,
            "it has a solution, and is not marked as a solution cell: \
            write `\"solution\": true` into its nbgrader metadata, with `\"grade\": true` and points if it is text"
                .into(),
        ),
        (
            !has("grade") && cut.hidden_tests > 0,
            "it has hidden tests, and is not marked as a test: \
            write `\"grade\": true` and `\"points\"` into its nbgrader metadata"
                .into(),
        ),
        (
            !has("task") && cut.mark_schemes > 0,
            "it has a mark scheme, and is not marked as a task: \
            write `\"task\": true` and `\"points\"` into its nbgrader metadata"
                .into(),
        ),
    ] {
        if is_wrong {
            bail!("{what}");
        }
    }
    Ok(())
}

/// Pictures of an answer go with it. Those that the text still shows stay.
fn keep_attachments(cell: &mut Value, source: &str) {
    let Some(attachments) = cell["attachments"].as_object_mut() else { return };
    attachments.retain(|name, _| {
        let shown = format!("attachment:{name}");
        let escaped = shown.replace(' ', "%20");
        source.contains(&shown) || source.contains(&escaped)
    });
    if attachments.is_empty()
        && let Some(cell) = cell.as_object_mut()
    {
        cell.remove("attachments");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn notebook(cells: &Value) -> Notebook {
        let notebook = json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells });
        Notebook::parse(Path::new("n.ipynb"), &notebook.to_string()).unwrap()
    }

    /// A cell with all of nbgrader's metadata.
    fn cell(kind: &str, source: &str, changes: Value) -> Value {
        let mut nbgrader = json!({ "schema_version": 3, "grade_id": "a", "grade": false, "solution": false,
            "locked": false, "task": false });
        for (key, value) in changes.as_object().unwrap() {
            nbgrader[key] = value.clone();
        }
        json!({ "cell_type": kind, "id": "a", "source": source, "metadata": { "nbgrader": nbgrader } })
    }

    const ANSWER: &str = "fn f() -> f64 {\n    // BEGIN SOLUTION: two\n    2.0\n    // END SOLUTION\n}";
    const TEXT: &str = "![q](attachment:q.png)\n<!-- BEGIN SOLUTION -->\n![a](attachment:a.png)\n<!-- END SOLUTION -->";

    #[test]
    fn what_was_done_is_said() {
        let test = "assert!(a);\n// BEGIN HIDDEN TESTS\nassert!(b);\n// END HIDDEN TESTS";
        let mut cells = [
            cell("code", ANSWER, json!({ "solution": true })),
            cell("code", test, json!({ "grade": true, "locked": true, "points": 0.5 })),
            cell("markdown", TEXT, json!({ "grade": true, "solution": true, "points": 2 })),
            cell(
                "markdown",
                "Do.\n<!-- BEGIN MARK SCHEME -->\n2\n<!-- END MARK SCHEME -->",
                json!({ "task": true, "points": 1 }),
            ),
        ];
        for (cell, id) in cells.iter_mut().zip(["a", "b", "c", "d"]) {
            cell["id"] = id.into();
            cell["metadata"]["nbgrader"]["grade_id"] = id.into();
        }
        cells[2]["attachments"] = json!({ "q.png": { "image/png": "" }, "a.png": { "image/png": "" } });
        let student = student_version(notebook(&json!(cells))).unwrap();
        assert_eq!(student.said(), "2 answers replaced, 1 hidden test cut, 1 mark scheme cut, 3.5 points");
        let sources: Vec<String> = student.notebook.cells().iter().map(file::source).collect();
        assert_eq!(sources[0], "fn f() -> f64 {\n    todo!(\"two\")\n}");
        assert_eq!(sources[1..], ["assert!(a);", "![q](attachment:q.png)\n*Your answer here.*", "Do."]);
        let kept = student.notebook.cells()[2]["attachments"].as_object().unwrap();
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["q.png"]);
    }

    #[test]
    fn what_would_hand_out_an_answer_is_refused() {
        for (cell, reason) in [
            (cell("code", "2", json!({ "solution": true })), "all of it would be handed out"),
            (cell("code", "2", json!({ "solution": true, "locked": true })), "all of it would be handed out"),
            (cell("code", "", json!({ "solution": true })), "all of it would be handed out"),
            (
                cell("markdown", "2", json!({ "solution": true, "grade": true, "points": 1 })),
                "write `<!-- BEGIN SOLUTION -->`",
            ),
            (cell("code", ANSWER, json!({ "locked": true })), "is not marked as a solution cell"),
            (
                json!({ "cell_type": "code", "id": "a", "source": ANSWER, "metadata": {} }),
                "is not marked as a solution cell",
            ),
            (cell("code", "// BEGIN HIDDEN TESTS\n// END HIDDEN TESTS", json!({})), "is not marked as a test"),
            (
                cell("markdown", "BEGIN MARK SCHEME\nEND MARK SCHEME", json!({ "locked": true })),
                "is not marked as a task",
            ),
            (cell("raw", "# BEGIN SOLUTION", json!({})), "without an `END SOLUTION`"),
            (
                cell("code", "impl F {\n// BEGIN SOLUTION\nfn f() {}\n// END SOLUTION\n}", json!({ "solution": true })),
                "todo!()",
            ),
        ] {
            let error = student_version(notebook(&json!([cell]))).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("cell \"a\""), "{error}");
        }
    }
}
