//! What nbgrader has to know of each cell, and what only Jupyter knows of its last run.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::notebook::file::Notebook;

/// A cell, for people.
pub fn name(cell: &Value, place: usize) -> String {
    let nbgrader = &cell["metadata"]["nbgrader"]["grade_id"];
    match nbgrader.as_str().filter(|id| !id.is_empty()).or(cell["id"].as_str()) {
        Some(id) => format!("cell {id:?}"),
        None => format!("cell number {}", place + 1),
    }
}

/// What nbgrader would stumble over, or count otherwise than it was meant.
pub fn faults(notebook: &Notebook) -> Vec<String> {
    let (mut ids, mut grade_ids) = (HashSet::new(), HashSet::new());
    let mut faults = Vec::new();
    for (place, cell) in notebook.cells().iter().enumerate() {
        let mut fault = |what: &str| faults.push(format!("{}: {what}", name(cell, place)));
        if cell["id"].as_str().is_some_and(|id| !ids.insert(id)) {
            fault("another cell has the same id; give it one of its own");
        }
        let metadata = &cell["metadata"];
        let is_marked = |word: &str| word.to_lowercase().contains("solution") || word.to_lowercase().contains("answer");
        let tags = metadata["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let keys = metadata.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        let nbgrader = &metadata["nbgrader"];
        if nbgrader["solution"] != true
            && let Some(word) = tags.chain(keys).find(|word| is_marked(word))
        {
            fault(&format!(
                "it is tagged {word:?}, and nbgrader does not know it as a solution: it would be handed out as it is"
            ));
        }
        if nbgrader.is_null() {
            continue;
        }
        let has = |what: &str| nbgrader[what] == true;
        let is_known = ["grade", "solution", "locked"].iter().all(|key| nbgrader[key].is_boolean());
        if nbgrader["schema_version"] != 3 || !is_known {
            fault(
                "its nbgrader metadata is no schema 3, with \"grade\", \"solution\" and \"locked\": mark it again in Jupyter",
            );
            continue;
        }
        let is_graded = has("grade") || has("task");
        if is_graded || has("solution") || has("locked") {
            match nbgrader["grade_id"].as_str() {
                None | Some("") => fault("it has no \"grade_id\" in its nbgrader metadata"),
                Some(id) if !grade_ids.insert(id) => {
                    fault("another cell has the same \"grade_id\"; give it one of its own")
                }
                Some(_) => {}
            }
        }
        if is_graded && !nbgrader["points"].as_f64().is_some_and(|points| points >= 0.0 && points.is_finite()) {
            fault("it is graded, and has no \"points\" of 0 or more in its nbgrader metadata");
        }
        let is_code = cell["cell_type"] == "code";
        if has("task") && is_code {
            fault("it is marked as a task, and is code: a task is text, and the answer to it in cells below");
        }
        if !is_code && !has("task") && has("grade") != has("solution") {
            fault("a written answer is marked by hand: it needs both \"grade\" and \"solution\", and points");
        }
    }
    faults
}

/// What a cell counts.
pub fn points(cell: &Value) -> f64 {
    let nbgrader = &cell["metadata"]["nbgrader"];
    let counts = nbgrader["grade"] == true || nbgrader["task"] == true;
    nbgrader["points"].as_f64().filter(|_| counts).unwrap_or(0.0)
}

/// Keeps students from deleting what is marked, and from changing what is given, as nbgrader does.
pub fn lock(cell: &mut Value) {
    let nbgrader = &cell["metadata"]["nbgrader"];
    let has = |what: &str| nbgrader[what] == true;
    let (is_answer, is_given) = (has("solution"), has("grade") || has("locked"));
    let keys: &[&str] = match (is_answer, is_given) {
        (true, _) => &["deletable"],
        (false, true) => &["deletable", "editable"],
        (false, false) => &[],
    };
    if let Some(metadata) = cell["metadata"].as_object_mut() {
        metadata.extend(keys.iter().map(|key| ((*key).to_owned(), false.into())));
        // As Jupyter writes it.
        let mut sorted: Vec<_> = std::mem::take(metadata).into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        metadata.extend(sorted);
    }
}

/// When a cell ran, how long, for whom, and how its output was shown.
const OF_A_RUN: [&str; 8] =
    ["collapsed", "scrolled", "ExecuteTime", "execution", "executionInfo", "outputId", "outputs_hidden", "papermill"];

/// Variables, widgets and times that front ends keep for the whole notebook.
const OF_A_SESSION: [&str; 4] = ["celltoolbar", "widgets", "papermill", "varInspector"];

pub fn clear_cell(cell: &mut Value) {
    remove(&mut cell["metadata"], &OF_A_RUN);
    if let Some(jupyter) = cell["metadata"].get_mut("jupyter") {
        remove(jupyter, &OF_A_RUN);
        if jupyter.as_object().is_some_and(Map::is_empty) {
            remove(&mut cell["metadata"], &["jupyter"]);
        }
    }
}

pub fn clear_notebook(notebook: &mut Notebook) {
    remove(notebook.metadata_mut(), &OF_A_SESSION);
}

fn remove(metadata: &mut Value, keys: &[&str]) {
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.retain(|key, _| !keys.contains(&key.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn cell(kind: &str, nbgrader: Value) -> Value {
        json!({ "cell_type": kind, "id": "a", "source": "", "metadata": { "nbgrader": nbgrader } })
    }

    fn faults_of(cells: Value) -> String {
        let notebook = json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells });
        faults(&Notebook::parse(Path::new("n.ipynb"), &notebook.to_string()).unwrap()).join("\n")
    }

    #[test]
    fn what_nbgrader_would_stumble_over_is_named() {
        let marked = |grade: bool, solution: bool, more: Value| {
            let mut nbgrader =
                json!({ "schema_version": 3, "grade_id": "a", "grade": grade, "solution": solution, "locked": true });
            nbgrader.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            nbgrader
        };
        let sound = marked(true, false, json!({ "points": 0 }));
        assert_eq!(faults_of(json!([cell("code", sound.clone())])), "");
        let mut unnamed = sound.clone();
        unnamed["grade_id"] = "".into();
        for (cells, reason) in [
            (json!([cell("code", sound.clone()), cell("code", sound.clone())]), "the same id"),
            (json!([cell("code", sound.clone()), cell("code", sound)]), "the same \"grade_id\""),
            (json!([cell("code", unnamed)]), "no \"grade_id\""),
            (json!([cell("code", marked(true, false, json!({})))]), "no \"points\""),
            (json!([cell("code", marked(true, false, json!({ "points": -1 })))]), "no \"points\""),
            (json!([cell("code", marked(true, false, json!({ "points": "2" })))]), "no \"points\""),
            (json!([cell("markdown", marked(false, false, json!({ "task": true })))]), "no \"points\""),
            (json!([cell("code", marked(false, false, json!({ "task": true, "points": 1 })))]), "a task is text"),
            (json!([cell("markdown", marked(false, true, json!({})))]), "needs both"),
            (json!([cell("markdown", marked(true, false, json!({ "points": 1 })))]), "needs both"),
            (json!([cell("code", json!({ "grade": true }))]), "no schema 3"),
            (
                json!([{ "cell_type": "code", "id": "a", "source": "", "metadata": { "tags": ["solution"] } }]),
                "is tagged",
            ),
            (
                json!([{ "cell_type": "code", "id": "a", "source": "", "metadata": { "solution2": "hidden" } }]),
                "is tagged",
            ),
        ] {
            let faults = faults_of(cells);
            assert!(faults.contains(reason) && faults.contains("cell \"a\""), "{reason}: {faults}");
        }
    }

    #[test]
    fn a_run_leaves_nothing_behind() {
        let mut cell = json!({ "metadata": { "ExecuteTime": {}, "collapsed": true, "execution": {}, "tags": ["t"],
            "jupyter": { "outputs_hidden": true }, "executionInfo": { "user": {} } } });
        clear_cell(&mut cell);
        assert_eq!(cell, json!({ "metadata": { "tags": ["t"] } }));
        let mut cell = json!({ "metadata": { "jupyter": { "outputs_hidden": true, "source_hidden": true } } });
        clear_cell(&mut cell);
        assert_eq!(cell, json!({ "metadata": { "jupyter": { "source_hidden": true } } }));
    }
}
