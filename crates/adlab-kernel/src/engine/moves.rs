//! A control was moved: what its cell has kept for later is called, as a transaction of its own. evcxr has no part in it.

use std::time::Instant;

use super::Engine;
use crate::event::{Bundle, Sink};
use crate::explain;
use crate::fault::Fault;

/// Of so many cells the source is known, to find the line that has panicked.
const MOST_SOURCES: usize = 64;

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What the preloaded crate is told.
    pub order: String,
    /// The execution count of the cell that has kept the closure.
    pub number: usize,
}

impl Engine {
    /// Gives what the closure is worth; what it prints and displays goes to the sink.
    pub(super) fn answer_move(&mut self, wanted: &Move, sink: Sink) -> Result<Option<Bundle>, Fault> {
        if !self.supervisor.is_connected() {
            return Err(explain::gone());
        }
        self.supervisor.begin(sink);
        let is_there = self.supervisor.answer_move(&wanted.order);
        let report = self.supervisor.end();
        if !is_there {
            self.forget_variables();
        }
        if let Some(ahead) = &mut self.ahead {
            // Whoever moves something does not read, and waits for a picture.
            ahead.since = Instant::now();
        }
        let generated = self.kept.get(&wanted.number).map_or("", String::as_str);
        match explain::failed(&report, !is_there, &self.scope.sources.as_of(wanted.number), generated) {
            Some(fault) => Err(fault),
            None => Ok(report.result),
        }
    }

    /// A cell has kept something, of which evcxr had made this source.
    pub(super) fn keep(&mut self, number: usize, generated: &str) {
        self.kept.insert(number, generated.to_owned());
        if self.kept.len() > MOST_SOURCES {
            self.kept.pop_first();
        }
    }
}
