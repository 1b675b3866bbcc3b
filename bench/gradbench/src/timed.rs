//! A function, run as often as is asked for. Reading its input and writing its output are not timed.

use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Error, Value};

/// A function of an eval.
pub type Function = fn(Value) -> Result<Run, Error>;

pub struct Run {
    pub output: Value,
    pub timings: Vec<Timing>,
}

#[derive(Serialize)]
pub struct Timing {
    name: &'static str,
    nanoseconds: u64,
}

/// How often, at least. Some evals do not say.
#[derive(Deserialize)]
struct Often {
    #[serde(default = "once")]
    min_runs: usize,
    #[serde(default)]
    min_seconds: f64,
}

fn once() -> usize {
    1
}

/// Runs `f`, and answers with its last result.
pub fn timed<I: DeserializeOwned, O: Serialize>(input: Value, f: impl Fn(&I) -> O) -> Result<Run, Error> {
    timed_and_shown(input, f, |_, output| output)
}

/// The same, where the result is not yet as it is to be answered.
pub fn timed_and_shown<I: DeserializeOwned, O, S: Serialize>(
    input: Value,
    f: impl Fn(&I) -> O,
    show: impl Fn(&I, O) -> S,
) -> Result<Run, Error> {
    let often = if input.is_object() { Often::deserialize(&input)? } else { Often { min_runs: 1, min_seconds: 0.0 } };
    let input: I = serde_json::from_value(input)?;
    let (mut timings, mut seconds) = (Vec::new(), 0.0);
    loop {
        let start = Instant::now();
        let output = f(&input);
        let time = start.elapsed();
        timings.push(Timing { name: "evaluate", nanoseconds: time.as_nanos() as u64 });
        seconds += time.as_secs_f64();
        if timings.len() >= often.min_runs && seconds >= often.min_seconds {
            return Ok(Run { output: serde_json::to_value(show(&input, output))?, timings });
        }
    }
}
