//! A cell's outputs, in the notebook format's own shape.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::file::lines;
use crate::event::{Bundle, Event, Stream, Widget};
use crate::fault::Fault;

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
            // Nothing moves on paper.
            Event::Widget(Widget::End(words)) => self.add(Event::Display(vec![("text/plain".into(), words)], None)),
            Event::Clear { .. } | Event::Input(_) | Event::Widget(_) => {}
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.open = None;
        self.named.clear();
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
    /// New contents for displays of other cells.
    pub elsewhere: Vec<(Bundle, String)>,
}

/// The displays of a notebook that have names: the place of the cell, and that of the output.
#[derive(Default)]
pub struct Displays(HashMap<String, (usize, usize)>);

impl Displays {
    /// Puts a cell's outputs into it, and what it has updated into the cells before, which are said.
    pub fn settle(&mut self, finished: Finished, cells: &mut [Value], cell: usize) -> Vec<usize> {
        let mut updated = Vec::new();
        for (bundle, id) in finished.elsewhere {
            if let Some(&(cell, output)) = self.0.get(&id) {
                cells[cell]["outputs"][output]["data"] = data(&bundle, true).into();
                updated.push(cell);
            }
        }
        self.0.extend(finished.named.into_iter().map(|(id, output)| (id, (cell, output))));
        cells[cell]["outputs"] = finished.outputs;
        updated
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
        assert!(outputs.list.is_empty());
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
        assert_eq!(displays.settle(outputs.finish(), &mut cells, 1), [0]);
        assert_eq!(cells[0]["outputs"][1]["data"]["text/plain"], json!(["new"]));
        assert_eq!(cells[1]["outputs"], json!([]));
    }
}
