//! What a cell brings forth while it runs, and what is known of it when it has ended.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One output in several forms: (MIME type, content).
pub type Bundle = Vec<(String, String)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// A question to the student.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prompt {
    pub text: String,
    /// What is typed is not to be seen.
    pub password: bool,
}

#[derive(Debug, PartialEq)]
pub enum Event {
    Text(Stream, String),
    /// A new output, perhaps with a name.
    Display(Bundle, Option<String>),
    /// A new content for the output of this name.
    Update(Bundle, String),
    /// The cell's outputs go away, now or when something new comes.
    Clear {
        wait: bool,
    },
    /// A question, to be answered through the supervisor.
    Input(Prompt),
    /// Controls come, or have shown what they show first.
    Widget(Widget),
}

/// What a cell says of controls that a student may move. Between the two comes what they show first.
#[derive(Debug, Clone, PartialEq)]
pub enum Widget {
    Begin(Controls),
    /// With a word on what would move, for where nothing does.
    End(String),
}

/// Controls, and the closure that answers when they are moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Controls {
    /// The closure's name.
    pub id: String,
    /// It is to show something.
    pub shows: bool,
    pub controls: Vec<Control>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    pub kind: String,
    pub name: String,
    pub value: Value,
    /// All of it, with what else belongs to its kind.
    pub all: Map<String, Value>,
}

impl Controls {
    /// What a cell says of them.
    pub fn read(json: &str) -> Option<Self> {
        let all: Value = serde_json::from_str(json).ok()?;
        let controls = all["controls"].as_array()?.iter().map(Control::read).collect::<Option<_>>()?;
        Some(Controls { id: all["id"].as_str()?.to_owned(), shows: all["shows"].as_bool()?, controls })
    }
}

impl Control {
    pub fn read(json: &Value) -> Option<Self> {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let all = json.as_object()?.clone();
        Some(Control { kind: text("kind")?, name: text("name")?, value: json["value"].clone(), all })
    }
}

impl Event {
    /// With stderr as stdout.
    pub fn on_stdout(self) -> Self {
        match self {
            Event::Text(_, text) => Event::Text(Stream::Stdout, text),
            other => other,
        }
    }

    /// In bytes, about.
    pub fn size(&self) -> usize {
        match self {
            Event::Text(_, text) => text.len(),
            Event::Display(bundle, _) | Event::Update(bundle, _) => bundle.iter().map(|(_, text)| text.len()).sum(),
            Event::Clear { .. } | Event::Input(_) | Event::Widget(_) => 0,
        }
    }
}

/// It may take its time: then the cell waits.
pub type Sink = Box<dyn FnMut(Event) + Send>;

/// Where a panic was, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicInfo {
    pub message: String,
    /// Line in the generated source, from 1; 0 where the panic was outside of it.
    pub line: usize,
    pub column: usize,
    pub file: String,
    pub thread: String,
}

/// Why a cell's process is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    Signal(i32),
    Exit(i32),
    Unknown,
}

/// What is known of a cell when it has ended.
#[derive(Debug, Default)]
pub struct Report {
    /// The value of the last expression.
    pub result: Option<Bundle>,
    pub panic: Option<PanicInfo>,
    /// What `?` met.
    pub error: Option<String>,
    pub death: Option<Death>,
    /// What a cell that died had written to stderr last.
    pub last_words: String,
    /// The variables of which the types have changed.
    pub changed: BTreeSet<String>,
    /// What stopped the runtime itself.
    pub broken: Option<String>,
    pub interrupted: bool,
    /// It has kept something for later, which answers when a control is moved.
    pub has_controls: bool,
    /// What the cell has taken too much of.
    pub overrun: Option<String>,
}
