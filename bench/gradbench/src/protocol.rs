//! What evals ask, and what is answered. An eval begins with `start`, names a module in `define`, and then has functions of
//! it run by `evaluate`; what else it sends is acknowledged.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evals;
use crate::timed::{Function, Timing};

#[derive(Deserialize)]
struct Message {
    id: i64,
    kind: String,
    #[serde(default)]
    module: String,
    #[serde(default)]
    function: String,
    #[serde(default)]
    input: Value,
}

#[derive(Default, Serialize)]
struct Answer {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings: Option<Vec<Timing>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The answer to a message, both as a line of JSON.
///
/// # Panics
/// If the line is no message: then nobody could be answered.
pub fn answer(line: &str) -> String {
    let message: Message = serde_json::from_str(line).expect("a message of GradBench");
    let empty = Answer { id: message.id, ..Answer::default() };
    let failed = |error| Answer { success: Some(false), error: Some(error), ..Answer::default() };
    let answer = match message.kind.as_str() {
        "start" => Answer { tool: Some("adlab"), ..empty },
        "define" if functions(&message.module).is_some() => Answer { success: Some(true), ..empty },
        "define" => Answer { id: message.id, ..failed(format!("there is no module {}", message.module)) },
        "evaluate" => Answer { id: message.id, ..evaluate(message).unwrap_or_else(failed) },
        _ => empty,
    };
    serde_json::to_string(&answer).expect("an answer is JSON")
}

fn functions(module: &str) -> Option<&'static [(&'static str, Function)]> {
    evals::ALL.iter().find(|(name, _)| *name == module).map(|(_, functions)| *functions)
}

fn evaluate(message: Message) -> Result<Answer, String> {
    let (module, name) = (&message.module, &message.function);
    let found = functions(module).and_then(|functions| functions.iter().find(|(known, _)| known == name));
    let (_, function) = found.ok_or_else(|| format!("there is no function {name} in a module {module}"))?;
    let run = function(message.input).map_err(|error| format!("the input of {module}::{name}: {error}"))?;
    Ok(Answer { success: Some(true), output: Some(run.output), timings: Some(run.timings), ..Answer::default() })
}
