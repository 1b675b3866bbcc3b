//! Pictures with controls, as Jupyter's widgets: their models live here, and front ends hear of each change.
//!
//! A cell says which controls it has, and what they show first ([`Widget`]); here they become models, each with a comm
//! ([`models`]). When one is moved, what is to be answered waits until nothing else does ([`waiting`]); the answer is a page
//! below the controls ([`page`]). The engine knows nothing of all this: it has a closure called, by its name.
//!
//! Protocol: <https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md>, version 2.1.

mod models;
mod page;
mod waiting;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jupyter_protocol::messaging::{CommClose, CommInfo, CommInfoReply, CommMsg, CommOpen};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use serde_json::{Map, Value, json};

use self::models::{Model, admitted, models, of_box, of_control, of_figure, property};
use self::waiting::{Turn, Waiting};
use super::outbox::about;
use super::replies::event_content;
use crate::engine::moves::Move;
use crate::event::{Bundle, Control, Controls, Event, Widget};
use crate::notebook::outputs::Outputs;

type Contents = Vec<JupyterMessageContent>;

const TARGET: &str = "jupyter.widget";
/// Where a front end asks for all there is.
const CONTROL_TARGET: &str = "jupyter.widget.control";
const VIEW: &str = "application/vnd.jupyter.widget-view+json";
const PICTURES: [&str; 2] = ["image/svg+xml", "image/png"];

const NOTHING: &str = "The closure shows nothing: let it end in what is to be seen, without a semicolon.";
const FAILED: &str = "Its cell has failed, and was undone: nothing moves here.";

/// All that there are.
#[derive(Default)]
pub struct Widgets {
    shown: BTreeMap<String, Shown>,
    /// To which each model belongs.
    owners: HashMap<String, String>,
    /// The comms of front ends that ask.
    asking: HashSet<String>,
    cell: Cell,
    waiting: Waiting,
    /// Closures that nothing can move any more, and the process that runs cells still has.
    forgotten: Vec<String>,
}

struct Shown {
    /// The name of its closure.
    closure: String,
    /// The cell that has shown it, and its execution count.
    cell: String,
    number: usize,
    /// Its closure is to show something.
    shows: bool,
    controls: Vec<Control>,
    models: Vec<Model>,
}

/// The cell that runs, or was the last to do so.
#[derive(Default)]
struct Cell {
    name: String,
    number: usize,
    opened: Vec<String>,
    /// It has been run once more: those that it had shown before.
    closed: Vec<String>,
    /// Controls of which the first picture is being shown, and what of it has been.
    begun: Option<(Controls, Vec<Event>)>,
}

/// What the engine is to do.
pub struct Wanted {
    pub order: Move,
    /// The picture that is to have the answer.
    pub id: Option<String>,
}

/// A message of a widget's, or any other.
pub fn message(content: JupyterMessageContent, request: &JupyterMessage) -> JupyterMessage {
    let is_open = matches!(content, JupyterMessageContent::CommOpen(_));
    let message = about(content, request);
    if is_open { message.with_metadata(json!({ "version": models::PROTOCOL })) } else { message }
}

/// How much there is to be drawn, in bytes.
pub fn size(content: &JupyterMessageContent) -> usize {
    match content {
        JupyterMessageContent::CommMsg(message) => {
            let value = message.data.get("state").and_then(|state| state["value"].as_str());
            value.map_or(0, str::len)
        }
        _ => 0,
    }
}

impl Widgets {
    /// A cell runs, perhaps once more: what it has shown before goes.
    pub fn begin(&mut self, cell: &str, number: usize) -> Contents {
        let closed = self.of_cell(cell);
        self.cell = Cell { name: cell.to_owned(), number, closed, ..Cell::default() };
        self.forget_cell(cell)
    }

    fn of_cell(&self, cell: &str) -> Vec<String> {
        self.shown.iter().filter(|(_, shown)| shown.cell == cell).map(|(id, _)| id.clone()).collect()
    }

    /// This cell shows nothing any more.
    pub fn forget_cell(&mut self, cell: &str) -> Contents {
        self.of_cell(cell).iter().flat_map(|id| self.close(id)).collect()
    }

    /// What a cell shows becomes messages.
    pub fn take_in(&mut self, event: Event) -> Contents {
        match (event, self.cell.begun.take()) {
            (Event::Widget(Widget::Begin(controls)), before) => {
                self.cell.begun = Some((controls, Vec::new()));
                // One that was not ended.
                before.into_iter().flat_map(|(_, events)| events).filter_map(event_content).collect()
            }
            (Event::Widget(Widget::End(words)), Some((controls, events))) => self.open(controls, events, &words),
            (event, Some((controls, mut events))) => {
                events.push(event);
                self.cell.begun = Some((controls, events));
                Vec::new()
            }
            (event, None) => event_content(event).into_iter().collect(),
        }
    }

    /// The cell has ended.
    pub fn end(&mut self, is_done: bool) -> Contents {
        let begun = self.cell.begun.take().into_iter().flat_map(|(_, events)| events);
        let mut contents: Contents = begun.filter_map(event_content).collect();
        if !is_done {
            // The picture stays, and its closure is gone.
            for id in std::mem::take(&mut self.cell.opened) {
                contents.extend(self.freeze(&id));
            }
        }
        contents
    }

    /// Models, and the picture with which they are shown; where there are no widgets, it is a picture as any other.
    fn open(&mut self, widget: Controls, events: Vec<Event>, words: &str) -> Contents {
        let closure = widget.id;
        let widget = Controls { id: self.cell.new_name(), ..widget };
        let mut outputs = Outputs::default();
        events.into_iter().for_each(|event| outputs.add(event));
        let outputs = outputs.finish();
        let html = page(&outputs.outputs, widget.shows);
        let all = models(&widget, &html);
        let mut contents: Contents = all.iter().map(opening).collect();
        let view = json!({ "version_major": 2, "version_minor": 0, "model_id": of_box(&widget.id) });
        let mut bundle = plain(&outputs.outputs);
        let text =
            bundle.pop().map_or(String::new(), |(_, text)| if text.is_empty() { text } else { text + "\n" }) + words;
        bundle.extend([("text/plain".to_owned(), text), (VIEW.to_owned(), view.to_string())]);
        contents.extend(event_content(Event::Display(bundle, None)));
        contents.extend(elsewhere(outputs.elsewhere));
        for model in &all {
            self.owners.insert(model.id.clone(), widget.id.clone());
        }
        let Cell { name, number, opened, .. } = &mut self.cell;
        opened.push(widget.id.clone());
        let Controls { id, shows, controls } = widget;
        let shown = Shown { closure, cell: name.clone(), number: *number, shows, controls, models: all };
        self.shown.insert(id, shown);
        contents
    }

    fn freeze(&mut self, id: &str) -> Contents {
        self.waiting.forget(id);
        let Some(shown) = self.shown.get_mut(id) else { return Vec::new() };
        let mut contents = Vec::new();
        for number in 0..shown.controls.len() {
            contents.extend(shown.set(&of_control(id, number), json!({ "disabled": true })));
        }
        let figure = of_figure(id);
        let before = shown.model(&figure).and_then(|model| model.state["value"].as_str()).unwrap_or_default();
        let value = format!("{}{before}", page::note(FAILED));
        contents.extend(shown.set(&figure, json!({ "value": value })));
        contents
    }

    fn close(&mut self, id: &str) -> Contents {
        let Some(shown) = self.shown.remove(id) else { return Vec::new() };
        self.waiting.forget(id);
        self.forgotten.push(shown.closure);
        // What refers to others goes before them.
        let models = shown.models.into_iter().rev();
        models
            .map(|model| {
                self.owners.remove(&model.id);
                CommClose { comm_id: model.id.into(), data: Map::new() }.into()
            })
            .collect()
    }

    /// A front end opens a comm: one to ask by, or one that nobody here knows.
    pub fn opened(&mut self, open: &CommOpen) -> Contents {
        if open.target_name == CONTROL_TARGET {
            self.asking.insert(open.comm_id.0.clone());
            return Vec::new();
        }
        // The protocol says to close it.
        vec![CommClose { comm_id: open.comm_id.clone(), ..Default::default() }.into()]
    }

    /// A front end closes a comm.
    pub fn closed(&mut self, comm: &str) -> Contents {
        self.asking.remove(comm);
        self.owners.get(comm).cloned().map_or(Vec::new(), |id| self.close(&id))
    }

    /// What a front end says by a comm.
    pub fn told(&mut self, message: &CommMsg) -> Contents {
        let (comm, data) = (message.comm_id.0.as_str(), &message.data);
        match data.get("method").and_then(Value::as_str) {
            Some("request_states") if self.asking.contains(comm) => vec![self.states(comm)],
            Some("request_state") => self.state(comm).into_iter().collect(),
            Some("update") => self.update(comm, data.get("state").and_then(Value::as_object)),
            Some("custom") if data.get("content").is_some_and(|content| content["event"] == "click") => {
                self.press(comm);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn states(&self, comm: &str) -> JupyterMessageContent {
        let all = self.shown.values().flat_map(|shown| &shown.models).map(|model| {
            let of = |name: &str| model.state[name].clone();
            let state = json!({
                "model_name": of("_model_name"),
                "model_module": of("_model_module"),
                "model_module_version": of("_model_module_version"),
                "state": model.state,
            });
            (model.id.clone(), state)
        });
        let states: Map<String, Value> = all.collect();
        saying(comm, json!({ "method": "update_states", "states": states, "buffer_paths": [] }))
    }

    fn state(&self, comm: &str) -> Option<JupyterMessageContent> {
        let model = self.shown.get(self.owners.get(comm)?)?.model(comm)?;
        Some(updating(comm, "update", model.state.clone()))
    }

    /// A control was moved, or something else has changed on a page; others hear of it.
    fn update(&mut self, comm: &str, state: Option<&Map<String, Value>>) -> Contents {
        let Some((id, state)) = self.owners.get(comm).cloned().zip(state) else { return Vec::new() };
        let Some(shown) = self.shown.get_mut(&id) else { return Vec::new() };
        let number = (0..shown.controls.len()).find(|number| of_control(&id, *number) == comm);
        let mut control = number.map(|number| &mut shown.controls[number]);
        let Some(model) = shown.models.iter_mut().find(|model| model.id == comm) else { return Vec::new() };
        let (mut echo, mut correction) = (Map::new(), Map::new());
        for (name, value) in state {
            if !model.state.contains_key(name) {
                continue;
            }
            let mut value = value.clone();
            if let Some(control) = control.as_mut().filter(|control| property(control) == name) {
                let meant = admitted(control, &value).unwrap_or_else(|| control.value.clone());
                // To a browser, 2 and 2.0 are one number.
                if meant != value && (meant.as_f64() != value.as_f64() || meant.as_f64().is_none()) {
                    correction.insert(name.clone(), meant.clone());
                }
                control.value = meant.clone();
                value = meant;
                self.waiting.moved(&id);
            }
            model.state.insert(name.clone(), value.clone());
            echo.insert(name.clone(), value);
        }
        let mut contents = Vec::new();
        if !echo.is_empty() {
            contents.push(updating(comm, "echo_update", echo));
        }
        if !correction.is_empty() {
            contents.push(updating(comm, "update", correction));
        }
        contents
    }

    fn press(&mut self, comm: &str) {
        let Some(id) = self.owners.get(comm).cloned() else { return };
        let Some(shown) = self.shown.get(&id) else { return };
        let is_pressed = |number: &usize| of_control(&id, *number) == comm;
        let button = (0..shown.controls.len()).filter(|number| shown.controls[*number].kind == "button");
        if let Some(number) = button.into_iter().find(is_pressed) {
            self.waiting.pressed(&id, number);
        }
    }

    pub fn info(&self, target: Option<&str>) -> CommInfoReply {
        let is_asked = target.is_none_or(|target| target == TARGET);
        let ids = self.owners.keys().filter(|_| is_asked).cloned();
        let comms = ids.map(|id| (id.into(), CommInfo { target_name: TARGET.into() })).collect();
        CommInfoReply { comms, ..Default::default() }
    }

    /// What the engine is to do next, if something is.
    pub fn next(&mut self) -> Option<Wanted> {
        if !self.forgotten.is_empty() {
            let order = format!("forget {}", std::mem::take(&mut self.forgotten).join(" "));
            return Some(Wanted { order: Move { order, number: 0 }, id: None });
        }
        let Turn { id, press } = self.waiting.next()?;
        let shown = self.shown.get(&id)?;
        // All of them: where a move was undone, its value was, too.
        let values = shown.controls.iter().enumerate().filter(|(_, control)| !property(control).is_empty());
        let mut order = format!("move {}", shown.closure);
        values.for_each(|(number, control)| order += &format!(" {number}={}", control.value));
        order += &press.map_or(String::new(), |number| format!(" {number}=press"));
        Some(Wanted { order: Move { order, number: shown.number }, id: Some(id) })
    }

    /// What has come of a move.
    pub fn answer(&mut self, id: &str, outputs: Outputs) -> Contents {
        let finished = outputs.finish();
        let mut contents = match self.shown.get_mut(id) {
            Some(shown) => {
                let html = page(&finished.outputs, shown.shows);
                shown.set(&of_figure(id), json!({ "value": html }))
            }
            None => Vec::new(),
        };
        contents.extend(elsewhere(finished.elsewhere));
        contents
    }
}

impl Cell {
    /// The same whenever the notebook is opened: what it keeps of a widget takes the place of what it had kept. But no name is
    /// closed and opened at once.
    fn new_name(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.name, self.opened.len()).hash(&mut hasher);
        let names = ["", "-again"].map(|end| format!("adlab-{:016x}{end}", hasher.finish()));
        let is_free = |name: &&String| !self.closed.contains(name) && !self.opened.contains(name);
        names.iter().find(is_free).unwrap_or(&names[0]).clone()
    }
}

impl Shown {
    fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// Changes what a model has, and says so.
    fn set(&mut self, id: &str, state: Value) -> Contents {
        let model = self.models.iter_mut().find(|model| model.id == id);
        let Some((model, Value::Object(state))) = model.zip(Some(state)) else { return Vec::new() };
        model.state.extend(state.clone());
        vec![updating(id, "update", state)]
    }
}

fn page(outputs: &Value, shows: bool) -> String {
    match outputs.as_array().is_none_or(Vec::is_empty) {
        true if shows => page::note(NOTHING),
        true => String::new(),
        false => page::html(outputs),
    }
}

fn opening(model: &Model) -> JupyterMessageContent {
    let data = json!({ "state": model.state, "buffer_paths": [] });
    let data = data.as_object().cloned().unwrap_or_default();
    CommOpen { comm_id: model.id.clone().into(), target_name: TARGET.into(), data, target_module: None }.into()
}

fn updating(comm: &str, method: &str, state: Map<String, Value>) -> JupyterMessageContent {
    saying(comm, json!({ "method": method, "state": state, "buffer_paths": [] }))
}

fn saying(comm: &str, data: Value) -> JupyterMessageContent {
    CommMsg { comm_id: comm.to_owned().into(), data: data.as_object().cloned().unwrap_or_default() }.into()
}

fn elsewhere(updates: Vec<(Bundle, String)>) -> Contents {
    updates.into_iter().filter_map(|(bundle, id)| event_content(Event::Update(bundle, id))).collect()
}

/// The forms of what was shown last, for where there are no widgets; behind them, as text, all of it.
fn plain(outputs: &Value) -> Bundle {
    let text = |value: &Value| match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect::<String>(),
        value => value.as_str().unwrap_or_default().to_owned(),
    };
    let (mut bundle, mut words) = (Vec::new(), Vec::new());
    for output in outputs.as_array().into_iter().flatten() {
        let data = &output["data"];
        let forms = PICTURES.iter().filter(|mime| data.get(**mime).is_some());
        let forms: Vec<_> = forms.map(|mime| ((*mime).to_owned(), text(&data[*mime]))).collect();
        if !forms.is_empty() {
            bundle = forms;
        }
        words.push(text(if data.is_null() { &output["text"] } else { &data["text/plain"] }).trim_end().to_owned());
    }
    bundle.push(("text/plain".to_owned(), words.join("\n")));
    bundle
}
