//! A notebook's cells, one after the other, without a front end: what they show goes into the notebook.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::Engine;
use crate::analysis::Analysis;
use crate::event::Event;
use crate::fault::Fault;
use crate::notebook::file;
use crate::notebook::outputs::{Displays, Finished, Outputs};
use crate::session::Session;
use crate::supervisor::Supervisor;
use crate::system::project::Project;

/// Runs the cells of one notebook.
pub struct Unattended {
    engine: Engine,
    displays: Displays,
    /// What the threads of a cell print when it has ended stands under the next.
    printed: Arc<Mutex<Outputs>>,
    ids: HashSet<String>,
    /// The execution count.
    number: usize,
    last: Option<usize>,
}

/// What came of a cell.
pub struct Ran {
    pub number: usize,
    pub took: Duration,
    pub fault: Option<Fault>,
    /// It was stopped, as it took too long.
    pub late: bool,
    /// Cells before it whose outputs it has changed.
    pub updated: Vec<usize>,
}

impl Unattended {
    /// Cells run in this folder, or in the one that this process is in.
    pub fn start(project: &Project, session: &Session, analysis: &Analysis, folder: Option<&Path>) -> Result<Self> {
        let engine = Engine::start(project.preload()?, session, analysis.clone(), folder)?;
        let (displays, printed) = (Displays::default(), Arc::default());
        Ok(Unattended { engine, displays, printed, ids: HashSet::new(), number: 0, last: None })
    }

    /// The count that the next cell has.
    pub fn next_number(&self) -> usize {
        self.number + 1
    }

    /// Runs one of the cells, and writes what it shows into it. A limit of zero is none.
    pub fn run(&mut self, cells: &mut [Value], place: usize, limit: Duration) -> Ran {
        self.number += 1;
        self.last = Some(place);
        let number = self.number;
        let id = cells[place]["id"].as_str().unwrap_or_default().to_owned();
        // Copied cells may have the id of the one that they were copied from, and are cells of their own.
        let id = if self.ids.insert(id.clone()) { id } else { format!("{id} at {place}") };
        let code = file::source(&cells[place]);
        let started = Instant::now();
        let (outputs, fault, late) = self.execute(&code, &id, limit);
        cells[place]["execution_count"] = number.into();
        let updated = self.displays.settle(outputs, cells, place);
        Ran { number, took: started.elapsed(), fault, late, updated }
    }

    fn execute(&mut self, code: &str, id: &str, limit: Duration) -> (Finished, Option<Fault>, bool) {
        let collected = Arc::clone(&self.printed);
        let supervisor = self.engine.supervisor();
        let sink = Box::new(move |event| match event {
            // Nobody is there to answer.
            Event::Input(_) => supervisor.answer(None),
            event => collected.lock().unwrap_or_else(|e| e.into_inner()).add(event),
        });
        let watchdog = Watchdog::start(self.engine.supervisor(), limit);
        let outcome = self.engine.execute(code, (!id.is_empty()).then_some(id), self.number, sink);
        let late = watchdog.stop();
        let mut outputs = self.take();
        let fault = match outcome {
            Ok(value) => {
                // A page is for someone who looks: a notebook keeps none.
                if let Some(result) = value.result {
                    outputs.result(&result, self.number);
                }
                None
            }
            Err(fault) => {
                let fault = if late { timed_out(fault, limit) } else { fault };
                outputs.error(&fault);
                Some(fault)
            }
        };
        (outputs.finish(), fault, late)
    }

    /// Ends what still runs. What ends with the notebook may print as well: under its last cell, which is said.
    pub fn end(self, cells: &mut [Value]) -> Option<usize> {
        let supervisor = self.engine.supervisor();
        drop(self.engine);
        supervisor.await_end();
        let late = take(&self.printed).finish().outputs;
        let (place, late) = (self.last?, late.as_array().filter(|late| !late.is_empty())?.clone());
        cells[place]["outputs"].as_array_mut()?.extend(late);
        Some(place)
    }

    fn take(&self) -> Outputs {
        take(&self.printed)
    }
}

fn take(printed: &Mutex<Outputs>) -> Outputs {
    std::mem::take(&mut *printed.lock().unwrap_or_else(|e| e.into_inner()))
}

fn timed_out(mut fault: Fault, limit: Duration) -> Fault {
    fault.evalue = format!("the cell took longer than {} s", limit.as_secs_f64());
    fault.traceback = vec![fault.evalue.clone(), "Give it more time with --timeout.".into()];
    fault
}

/// Interrupts a cell that takes too long.
struct Watchdog {
    done: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Watchdog {
    fn start(supervisor: Supervisor, limit: Duration) -> Self {
        let (done, wait) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let late = match limit {
                Duration::ZERO => wait.recv().is_err(),
                limit => wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout),
            };
            if late {
                supervisor.interrupt();
            }
            late
        });
        Watchdog { done, thread }
    }

    /// True if it struck.
    fn stop(self) -> bool {
        let _ = self.done.send(());
        self.thread.join().unwrap_or(false)
    }
}
