//! A notebook's file: read with clear errors, written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::json;
use crate::system::files::write_atomically;

/// A notebook as JSON: whatever we don't know of stays as it is.
#[derive(Debug, Clone)]
pub struct Notebook {
    pub path: PathBuf,
    json: Value,
}

impl Notebook {
    /// One that is to run as it is.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let notebook = Self::parse(path, &text)?;
        let metadata = &notebook.json["metadata"];
        let language = metadata["kernelspec"]["language"].as_str().or(metadata["language_info"]["name"].as_str());
        if let Some(language) = language.filter(|language| !language.eq_ignore_ascii_case("rust")) {
            bail!("{name} is a {language} notebook; adlab runs Rust");
        }
        Ok(notebook)
    }

    /// The notebook that a text is, whatever kernel it names.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let name = path.display();
        let json = json::parse(text).with_context(|| format!("{name} is no notebook: it is not JSON"))?;
        let version = json["nbformat"].as_u64();
        if version.is_none() || version == Some(4) && !json["cells"].is_array() {
            bail!("{name} is no notebook: it has no \"nbformat\" and \"cells\" (nbformat 4)");
        }
        if version != Some(4) {
            bail!(
                "{name} has notebook format {}: open and save it in Jupyter, which makes it format 4",
                json["nbformat"]
            );
        }
        Ok(Notebook { path: path.to_owned(), json })
    }

    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub fn cells(&self) -> &[Value] {
        self.json["cells"].as_array().map_or(&[], Vec::as_slice)
    }

    pub fn cells_mut(&mut self) -> &mut Vec<Value> {
        match &mut self.json["cells"] {
            Value::Array(cells) => cells,
            _ => unreachable!("checked when it was read"),
        }
    }

    pub fn metadata_mut(&mut self) -> &mut Value {
        &mut self.json["metadata"]
    }

    /// Notebook format 4.5 has names for cells.
    pub fn has_ids(&mut self) {
        if self.json["nbformat_minor"].as_u64().is_none_or(|minor| minor < 5) {
            self.json["nbformat_minor"] = 5.into();
        }
    }

    /// As Jupyter writes it: indented by one, with a newline at the end.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, format);
        serde::Serialize::serialize(&self.json, &mut serializer).expect("JSON in memory can be written");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }

    /// Writes the whole file or nothing.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_atomically(path, self.to_text().as_bytes())
    }
}

/// By its name.
pub fn is_notebook(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ipynb"))
}

/// A cell's `source`, which may be one string or a list of lines.
pub fn source(cell: &Value) -> String {
    text(&cell["source"])
}

pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Text as the format keeps it: a list of lines.
pub fn lines(text: &str) -> Value {
    text.split_inclusive('\n').collect::<Vec<_>>().into()
}

/// The tag by which Jupyter knows a cell that is to fail.
pub const FAILS: &str = "raises-exception";

pub fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|t| t == tag))
}

/// Jupyter's own runner has this tag as well.
pub fn is_skipped(cell: &Value) -> bool {
    has_tag(cell, "skip-execution")
}

/// It is a cell of code that has something to run.
pub fn is_run(cell: &Value) -> bool {
    cell["cell_type"] == "code" && !source(cell).trim().is_empty() && !is_skipped(cell)
}

/// A cell without outputs.
pub fn clear(cell: &mut Value) {
    if cell["cell_type"] == "code" {
        cell["execution_count"] = Value::Null;
        cell["outputs"] = Value::Array(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Notebook> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n.ipynb");
        fs::write(&path, content).unwrap();
        Notebook::read(&path)
    }

    #[test]
    fn what_is_no_rust_notebook_is_refused_with_a_reason() {
        for (content, reason) in [
            ("print(1)", "it is not JSON"),
            ("{\"a\": 1}", "it has no \"nbformat\""),
            ("{\"nbformat\": 3, \"worksheets\": []}", "format 3"),
            (
                r#"{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "python"}}}"#,
                "is a python notebook",
            ),
        ] {
            let error = format!("{:#}", read(content).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
        let error = format!("{:#}", Notebook::read(Path::new("/no/such.ipynb")).unwrap_err());
        assert!(error.contains("cannot read /no/such.ipynb"), "{error}");
    }

    #[test]
    fn a_notebook_is_written_as_jupyter_does() {
        let text = "{\n \"cells\": [],\n \"metadata\": {\n  \"z\": 1,\n  \"a\": \"∂\"\n },\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n";
        assert_eq!(read(text).unwrap().to_text(), text);
    }
}
