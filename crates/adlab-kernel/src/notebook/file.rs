//! Notebook files: reading with clear errors, writing atomically, outputs in the format's own shape.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::explain::crash::Fault;
use crate::supervisor::handle::{Event, Stream};
use crate::supervisor::parser::Bundle;

/// A notebook as JSON: whatever we don't know of stays as it is.
#[derive(Debug, Clone)]
pub struct Notebook {
    pub path: PathBuf,
    json: Value,
}

impl Notebook {
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let json: Value =
            serde_json::from_str(&text).with_context(|| format!("{name} is no notebook: it is not JSON"))?;
        let version = json["nbformat"].as_u64();
        if version.is_none() || !json["cells"].is_array() {
            bail!("{name} is no notebook: it has no \"nbformat\" and \"cells\" (nbformat 4)");
        }
        if version != Some(4) {
            bail!(
                "{name} has notebook format {}: open and save it in Jupyter, which makes it format 4",
                json["nbformat"]
            );
        }
        let metadata = &json["metadata"];
        let language = metadata["kernelspec"]["language"].as_str().or(metadata["language_info"]["name"].as_str());
        if let Some(language) = language.filter(|language| !language.eq_ignore_ascii_case("rust")) {
            bail!("{name} is a {language} notebook; adlab runs Rust");
        }
        let path = path.to_owned();
        Ok(Notebook { path, json })
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

pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let attempt = || -> Result<()> {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        let mut file = builder.permissions(fs::Permissions::from_mode(0o666)).tempfile_in(dir)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
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

pub fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|t| t == tag))
}

/// What a cell may print; a loop that prints without end must not fill the memory.
const MOST_TEXT: usize = 16 << 20;
const TOO_MUCH_TEXT: &str = "\n(the cell printed more than 16 MB; the rest is left out)\n";

/// A cell's outputs in the making.
#[derive(Default)]
pub struct Outputs {
    list: Vec<Value>,
    /// The text that comes last, while more of the same may come.
    open: Option<(Stream, String)>,
    /// The names of displays, and where they stand in the list.
    named: HashMap<String, usize>,
    /// New contents for displays of other cells.
    elsewhere: Vec<(Bundle, String)>,
    text_bytes: usize,
    /// The next output takes the place of all.
    clear_before_next: bool,
}

impl Outputs {
    /// Takes in what a cell shows; a question is not for here.
    pub fn add(&mut self, event: Event) {
        if let Event::Clear { wait } = event {
            self.clear_before_next = wait;
            if !wait {
                self.clear();
            }
            return;
        }
        match event {
            Event::Text(stream, text) => self.text(stream, &text),
            Event::Display(bundle, id) => {
                self.push(json!({ "data": data(&bundle, true), "metadata": {}, "output_type": "display_data" }));
                if let Some(id) = id {
                    self.named.insert(id, self.list.len() - 1);
                }
            }
            Event::Update(bundle, id) => match self.named.get(&id).and_then(|&place| self.list.get_mut(place)) {
                Some(output) => output["data"] = data(&bundle, true).into(),
                None => self.elsewhere.push((bundle, id)),
            },
            Event::Clear { .. } | Event::Input(_) => {}
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.open = None;
        self.named.clear();
        self.text_bytes = 0;
    }

    fn push(&mut self, output: Value) {
        self.close();
        self.list.push(output);
    }

    /// What comes next is an output of its own.
    fn close(&mut self) {
        if std::mem::take(&mut self.clear_before_next) {
            self.clear();
        }
        if let Some((stream, text)) = self.open.take() {
            self.list.push(json!({ "name": stream.name(), "output_type": "stream", "text": lines(&text) }));
        }
    }

    fn text(&mut self, stream: Stream, text: &str) {
        if self.text_bytes > MOST_TEXT {
            return;
        }
        self.text_bytes += text.len();
        if self.text_bytes > MOST_TEXT {
            return self.push(json!({ "name": "stderr", "output_type": "stream", "text": [TOO_MUCH_TEXT] }));
        }
        match &mut self.open {
            Some((last, whole)) if *last == stream && !self.clear_before_next => whole.push_str(text),
            _ => {
                self.close();
                self.open = Some((stream, text.to_owned()));
            }
        }
    }

    pub fn result(&mut self, bundle: &Bundle, count: usize) {
        self.push(json!({
            "data": data(bundle, true),
            "execution_count": count,
            "metadata": {},
            "output_type": "execute_result",
        }));
    }

    pub fn error(&mut self, fault: &Fault) {
        self.push(json!({
            "ename": fault.ename,
            "evalue": fault.evalue,
            "output_type": "error",
            "traceback": fault.traceback,
        }));
    }

    /// As a notebook keeps them.
    pub fn finish(mut self) -> Finished {
        // An output that was to be cleared by the next stays where none comes.
        self.clear_before_next = false;
        self.close();
        Finished { outputs: Value::Array(self.list), named: self.named, elsewhere: self.elsewhere }
    }
}

/// A cell's outputs, complete.
pub struct Finished {
    pub outputs: Value,
    named: HashMap<String, usize>,
    elsewhere: Vec<(Bundle, String)>,
}

/// The displays of a notebook that have names: the place of the cell, and that of the output.
#[derive(Default)]
pub struct Displays(HashMap<String, (usize, usize)>);

impl Displays {
    /// Puts a cell's outputs into it, and what it has updated into the cells before.
    pub fn settle(&mut self, finished: Finished, cells: &mut [Value], cell: usize) {
        for (bundle, id) in finished.elsewhere {
            if let Some(&(cell, output)) = self.0.get(&id) {
                cells[cell]["outputs"][output]["data"] = data(&bundle, true).into();
            }
        }
        self.0.extend(finished.named.into_iter().map(|(id, output)| (id, (cell, output))));
        cells[cell]["outputs"] = finished.outputs;
    }
}

impl Stream {
    pub fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// A bundle as JSON; on disk, text goes by lines. Without `text/plain` a front end has nothing to fall back on.
pub fn data(bundle: &Bundle, on_disk: bool) -> Map<String, Value> {
    let mut data = Map::new();
    for (mime, content) in bundle {
        let value = if mime.ends_with("json") {
            serde_json::from_str(content).unwrap_or_else(|_| content.as_str().into())
        } else if on_disk && (mime.starts_with("text/") || mime == "image/svg+xml") {
            lines(content)
        } else {
            content.as_str().into()
        };
        data.insert(mime.clone(), value);
    }
    if !data.contains_key("text/plain") {
        let kinds: Vec<&str> = bundle.iter().map(|(mime, _)| mime.as_str()).collect();
        data.insert("text/plain".into(), format!("<{}>", kinds.join(", ")).into());
    }
    data
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
            ("{\"nbformat\": 3, \"cells\": []}", "format 3"),
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

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n.ipynb");
        fs::create_dir(&path).unwrap();
        assert!(write_atomically(&path, b"x").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn streams_are_joined() {
        let mut outputs = Outputs::default();
        outputs.add(Event::Text(Stream::Stdout, "a".into()));
        outputs.add(Event::Text(Stream::Stdout, "b\nc".into()));
        outputs.add(Event::Text(Stream::Stderr, "d".into()));
        let list = outputs.finish().outputs;
        assert_eq!(list[0]["text"], json!(["ab\n", "c"]));
        assert_eq!(list[1]["name"], "stderr");
    }

    #[test]
    fn updates_and_clears_act_on_what_is_there() {
        let bundle = |text: &str| vec![("text/plain".to_owned(), text.to_owned())];
        let mut outputs = Outputs::default();
        outputs.add(Event::Display(bundle("old"), Some("a".into())));
        outputs.add(Event::Text(Stream::Stdout, "text".into()));
        outputs.add(Event::Update(bundle("new"), "a".into()));
        outputs.add(Event::Update(bundle("nowhere"), "b".into()));
        outputs.add(Event::Clear { wait: true });
        outputs.add(Event::Text(Stream::Stdout, "only this".into()));
        outputs.add(Event::Text(Stream::Stdout, ", and this".into()));
        outputs.add(Event::Display(bundle("last"), None));
        assert_eq!(outputs.list.len(), 2);
        assert_eq!(outputs.list[0]["text"], json!(["only this, and this"]));
        outputs.add(Event::Clear { wait: false });
        assert!(outputs.list.is_empty() && outputs.text_bytes == 0);
    }

    #[test]
    fn a_display_is_updated_from_another_cell() {
        let bundle = |text: &str| vec![("text/plain".to_owned(), text.to_owned())];
        let (mut displays, mut cells) = (Displays::default(), vec![json!({}), json!({})]);
        let mut outputs = Outputs::default();
        outputs.add(Event::Text(Stream::Stdout, "text".into()));
        outputs.add(Event::Display(bundle("old"), Some("a".into())));
        displays.settle(outputs.finish(), &mut cells, 0);
        let mut outputs = Outputs::default();
        outputs.add(Event::Update(bundle("new"), "a".into()));
        outputs.add(Event::Update(bundle("nowhere"), "b".into()));
        displays.settle(outputs.finish(), &mut cells, 1);
        assert_eq!(cells[0]["outputs"][1]["data"]["text/plain"], json!(["new"]));
        assert_eq!(cells[1]["outputs"], json!([]));
    }
}
