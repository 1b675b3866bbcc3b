//! Rehearses the cells that come next, so that they are compiled when they are run.
//!
//! A rehearsal takes the way of a cell (`run` in [`super`]), with the same evcxr, but nothing is compiled and nothing runs:
//! each build leaves a job ([`crate::compile::ahead`]) and seems to succeed, and the process that runs cells is told of a
//! library that is not there. Each cell is rehearsed in the state that the one before has left; then all goes back to where
//! cells really are. So a rehearsal leaves nothing behind but jobs, and what they put into the cache.
//!
//! On the map, `docs/architecture.md`: *The next cell is compiled before it is run*.

use std::time::{Duration, Instant};

use anyhow::Result;
use evcxr::Error;

use super::Engine;
use super::foresight::{Ahead, Foreseen, Look, Moment};
use crate::ahead::{Next, Pool, Urgency, following, rule};
use crate::cell::Cell;
use crate::cell::commands::Command;
use crate::cell::nesting::is_too_deep;
use crate::compile::ahead::{self as compile, Act, Found};
use crate::compile::cells_folder;
use crate::compile::tools::{AHEAD, Tools};
use crate::fault::Fault;

/// How often it is looked whether types can be found already, or whether there is memory again.
const LOOK: Duration = Duration::from_millis(100);
/// How many jobs for each compiler wait to be done, where it is known what comes next: enough that none is idle.
const STOCK: usize = 2;

impl Engine {
    /// From now on, what comes next is compiled ahead. `tell` is called where there is something to look at, from another
    /// thread. Without effect where the rule says no.
    pub fn look_ahead_from_now(&mut self, tell: impl Fn() + Send + Sync + 'static) -> Result<()> {
        if rule::off(cells_folder().as_deref()).is_some() || self.sandbox.is_closed() {
            return Ok(());
        }
        let pool = Pool::start(Tools::of_session()?.bin().join(AHEAD), tell)?;
        compile::listen(&self.build)?;
        self.ahead = Some(Ahead::new(pool));
        Ok(())
    }

    pub(super) fn rehearses(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.rehearses)
    }

    /// What `:ahead` answers.
    pub(super) fn tell_ahead(&self) -> String {
        match (&self.ahead, rule::off(cells_folder().as_deref())) {
            (Some(ahead), _) => {
                let waits = rule::waits().map(|why| format!(" It waits: {why}.")).unwrap_or_default();
                format!("The next cells are compiled while you read.{waits} In this session, {}.", ahead.tally.counts())
            }
            (None, Some(why)) => format!("The next cells are not compiled before you run them: {why}."),
            (None, None) => "The next cells are not compiled before they are run, where notebooks are marked.".into(),
        }
    }

    /// To be called when no cell waits; ends as soon as one is wanted.
    pub fn look_ahead(&mut self, is_wanted: impl Fn() -> bool) -> Look {
        let Some(ahead) = &mut self.ahead else { return Look::Done };
        ahead.forget_refused();
        if !ahead.has_more() {
            return Look::Done;
        }
        let pause = rule::pause().saturating_sub(ahead.since.elapsed());
        if !pause.is_zero() {
            return Look::Later(pause);
        }
        if rule::waits().is_some() {
            return Look::Later(LOOK);
        }
        let lanes = rule::lanes(rule::cores());
        match self.rehearse_more(Urgency::Reading, lanes, |_| is_wanted()) {
            true => Look::Done,
            // Without types there is no more to be done yet.
            false => Look::Later(LOOK),
        }
    }

    /// A cell is about to run, and these behind it.
    pub(super) fn make_way(&mut self, cell: &Next, queued: &[Next]) {
        let Some(ahead) = &mut self.ahead else { return };
        if only_shows(&cell.code) {
            return;
        }
        // What came of other sources than cells' is of no interest.
        compile::heard(&self.build);
        if ahead.foreseen.front().is_none_or(|first| first.next != *cell) {
            ahead.begin_anew();
        }
        if queued.is_empty() {
            return;
        }
        ahead.next = std::iter::once(cell).chain(queued).cloned().collect();
        if rule::waits().is_none() {
            let (lanes, enough) = (rule::cores(), STOCK * rule::cores());
            if self.ahead.as_ref().is_some_and(|ahead| ahead.pool.len() < lanes) {
                self.rehearse_more(Urgency::Waited, lanes, |ahead| ahead.pool.len() >= enough);
            }
        }
    }

    /// It has run, as it should or not.
    pub(super) fn learn(&mut self, cell: Next, number: usize, is_done: bool, queued: &[Next]) {
        let Some(ahead) = &mut self.ahead else { return };
        ahead.since = Instant::now();
        if only_shows(&cell.code) {
            return;
        }
        let found = compile::heard(&self.build);
        ahead.tally.run(&found);
        let is_foreseen = |first: &Foreseen| {
            let key = |found: &Found| match found {
                Found::Ready(key) | Found::Made(key) | Found::Left(key, _) => key.clone(),
            };
            first.next == cell && found.iter().all(|found| first.keys.contains(&key(found)))
        };
        if is_done && ahead.foreseen.front().is_some_and(is_foreseen) {
            ahead.foreseen.pop_front();
        } else {
            ahead.begin_anew();
        }
        ahead.number = number;
        if !queued.is_empty() {
            ahead.next = queued.to_vec();
        } else if let Some(next) =
            ahead.notebook.as_deref().and_then(|notebook| following::following(notebook, Some(&cell)))
        {
            ahead.next = next;
        }
    }

    /// Rehearses what comes next, until it is enough. False where types can't be found yet.
    fn rehearse_more(&mut self, urgency: Urgency, lanes: usize, is_enough: impl Fn(&Ahead) -> bool) -> bool {
        let Some(ahead) = &self.ahead else { return true };
        let has_types = |next: &Next| self.analysis.is_ready() || needs_no_types(&next.code);
        if ahead.next.get(ahead.foreseen.len()).is_some_and(|next| !has_types(next)) {
            return false;
        }
        let here = Moment { scope: self.scope.clone(), evcxr: self.evcxr.save() };
        let from = ahead.foreseen.back().map(|last| (last.after.scope.clone(), last.after.evcxr.clone()));
        let mut is_sound = from.is_none_or(|(scope, evcxr)| self.go_to(Moment { scope, evcxr }));
        while is_sound
            && let Some(ahead) = &self.ahead
            && !is_enough(ahead)
            && let Some(next) = ahead.next.get(ahead.foreseen.len()).cloned()
            && (self.analysis.is_ready() || needs_no_types(&next.code))
        {
            let number = ahead.number + ahead.foreseen.len() + 1;
            let (goes_on, found) = self.rehearse(&next, number);
            let Some(ahead) = &mut self.ahead else { break };
            let mut foreseen = Foreseen {
                next,
                keys: Vec::new(),
                jobs: Vec::new(),
                after: Moment { scope: self.scope.clone(), evcxr: self.evcxr.save() },
            };
            for found in found {
                match found {
                    Found::Left(key, folder) => {
                        ahead.tally.leave(&key);
                        foreseen.jobs.push(folder);
                        foreseen.keys.push(key);
                    }
                    Found::Ready(key) | Found::Made(key) => foreseen.keys.push(key),
                }
            }
            ahead.pool.add(foreseen.jobs.iter().cloned(), urgency, lanes);
            if goes_on {
                ahead.foreseen.push_back(foreseen);
            } else {
                // What comes behind it can't be told.
                ahead.next.truncate(ahead.foreseen.len());
            }
            is_sound = !ahead.has_panicked && !ahead.is_lost;
        }
        self.come_back(here);
        true
    }

    /// Rehearses a cell. Whether what follows can be foreseen, and what became of its sources.
    fn rehearse(&mut self, next: &Next, number: usize) -> (bool, Vec<Found>) {
        let cell = if is_too_deep(&next.code) { None } else { Cell::read(&next.code, next.id.as_deref(), number).ok() };
        // What is refused, or empty, changes nothing.
        let Some(cell) = cell.filter(|cell| cell.has_code() || !cell.commands.is_empty()) else {
            return (true, Vec::new());
        };
        if !cell.commands.is_empty() {
            return (false, Vec::new());
        }
        if compile::begin(&self.build, Act::Cell).is_err() {
            return (false, Vec::new());
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.rehearses = true;
        }
        let before = (self.scope.clone(), self.evcxr.save());
        let outcome = self.run(&cell);
        if let Some(ahead) = &mut self.ahead {
            ahead.rehearses = false;
        }
        let _ = compile::end(&self.build);
        if outcome.is_err() {
            // It changes nothing either: evcxr has kept nothing of it.
            self.scope = before.0;
        }
        (true, compile::heard(&self.build))
    }

    /// As if no cell had been rehearsed.
    fn come_back(&mut self, here: Moment) {
        let Some(ahead) = &mut self.ahead else { return };
        let (was_lost, has_panicked) = (std::mem::take(&mut ahead.is_lost), ahead.has_panicked);
        let is_sound = self.go_to(here);
        let Some(ahead) = &mut self.ahead else { return };
        let is_lost = was_lost || std::mem::take(&mut ahead.is_lost);
        if has_panicked || !is_sound && !is_lost {
            // No more of it in this session.
            self.ahead = None;
        }
        if is_lost {
            // The next cell is to find it as it is.
            self.supervisor.kill();
        }
        if !is_sound && !is_lost {
            self.fate = Some(self.start_anew());
        }
    }

    /// False where evcxr can't.
    fn go_to(&mut self, moment: Moment) -> bool {
        if compile::begin(&self.build, Act::Return).is_err() {
            return false;
        }
        let mut outcome = self.evcxr.attempt(|evcxr| evcxr.restore(&moment.evcxr));
        if let Some(Err(Error::SubprocessTerminated(_))) = outcome {
            if let Some(ahead) = &mut self.ahead {
                ahead.is_lost = true;
            }
            // It has a new process now.
            outcome = self.evcxr.attempt(|evcxr| evcxr.restore(&moment.evcxr));
        }
        let _ = compile::end(&self.build);
        self.scope = moment.scope;
        matches!(outcome, Some(Ok(_)))
    }

    /// Another cell was to run, but evcxr is as new: why.
    pub(super) fn take_fate(&mut self) -> Option<Fault> {
        self.fate.take()
    }

    /// The session ends.
    pub(super) fn write_tally(&self) {
        if let (Some(ahead), Some(cells)) = (&self.ahead, cells_folder()) {
            ahead.tally.write(&cells);
        }
    }
}

/// It asks what there is, and changes nothing.
fn only_shows(code: &str) -> bool {
    !is_too_deep(code)
        && Cell::read(code, None, 0).is_ok_and(|cell| {
            !cell.has_code() && !cell.commands.is_empty() && cell.commands.iter().all(Command::only_shows)
        })
}

/// The student has written the types of all its variables, or it has none.
fn needs_no_types(code: &str) -> bool {
    !is_too_deep(code) && Cell::read(code, None, 0).is_ok_and(|cell| cell.lets.is_empty())
}
