//! Cells, with their names.

use serde_json::Value;

use crate::notebook::file::Notebook;

/// The cells of a kind, each with a name for people.
pub fn cells<'a>(notebook: &'a Notebook, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    notebook.cells().iter().filter(move |cell| cell["cell_type"] == kind).map(|cell| (name(cell), cell))
}

pub fn name(cell: &Value) -> &str {
    cell["id"].as_str().unwrap_or("a cell without an id")
}

#[cfg(test)]
pub fn notebook(cells: Value) -> Notebook {
    let json = serde_json::json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells });
    Notebook::parse(std::path::Path::new("n.ipynb"), &json.to_string()).unwrap()
}
