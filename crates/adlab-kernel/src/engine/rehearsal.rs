//! Rehearses the cells that come next, so that they are compiled when they are run.
//!
//! A rehearsal takes the way of a cell (`run` in [`super`]), with the same evcxr, but nothing is compiled and nothing runs:
//! each build leaves a job ([`crate::compile::ahead`]) and seems to succeed, and the process that runs cells is told of a
//! library that is not there. Each cell is rehearsed in the state that the one before has left; then all goes back to where
//! cells really are. So a rehearsal leaves nothing behind but jobs, and what they put into the cache.
//!
//! On the map, `docs/architecture.md`: *The next cell is compiled before it is run*.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Engine;
use super::foresight::{Ahead, Foreseen, Look, Moment};
use crate::ahead::{Next, Pool, TOGETHER, Urgency, rule};
use crate::cell::Cell;
use crate::cell::nesting::is_too_deep;
use crate::compile::ahead::{self as compile, Act, Found};
use crate::compile::cells_folder;
use crate::compile::tools::{AHEAD, Tools};
use crate::fault::Fault;
use crate::system::processes::cores;

/// How often it is looked whether types can be found already, or whether there is memory again.
const LOOK: Duration = Duration::from_millis(100);
/// How often evcxr is to try to come back.
const ATTEMPTS: usize = 5;
/// How many jobs there are for each compiler, where it is known what comes next, when more are looked for, and how many then:
/// enough that none is idle.
const STOCK: [usize; 2] = [TOGETHER, 2 * TOGETHER];
/// How far it is looked. Most of it may be there already.
const FAR: usize = 32;

impl Engine {
    /// From now on, what comes next is compiled ahead, by so many compilers where nobody reads. `tell` is called where there is
    /// something to look at, from another thread; `is_wanted` says whether a cell waits. Without effect where the rule says no.
    pub fn look_ahead_from_now(
        &mut self,
        tell: impl Fn() + Send + Sync + 'static,
        is_wanted: impl Fn() -> bool + Send + 'static,
        lanes: usize,
    ) -> Result<()> {
        if rule::off(cells_folder().as_deref()).is_some() {
            return Ok(());
        }
        let pool = Pool::start(Tools::of_session()?.bin().join(AHEAD), tell)?;
        compile::listen(&self.build)?;
        self.ahead = Some(Ahead::new(pool, Box::new(is_wanted), lanes));
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
            (None, None) => "The next cells are not compiled before you run them, in this session.".into(),
        }
    }

    /// To be called when no cell waits; ends as soon as one does.
    pub fn look_ahead(&mut self) -> Look {
        let Some(ahead) = self.ahead.as_mut().filter(|_| self.stranded.is_none()) else { return Look::Done };
        ahead.look_behind();
        ahead.forget_refused();
        // What is queued comes at once.
        if ahead.is_queued || !ahead.has_more() {
            return Look::Done;
        }
        let pause = rule::pause().saturating_sub(ahead.since.elapsed());
        if !pause.is_zero() {
            return Look::Later(pause);
        }
        if rule::waits().is_some() {
            return Look::Later(LOOK);
        }
        let lanes = rule::lanes(cores());
        match self.rehearse_more(Urgency::Reading, lanes, |ahead| (ahead.is_wanted)()) {
            true => Look::Done,
            // Without types there is no more to be done yet.
            false => Look::Later(LOOK),
        }
    }

    /// A cell is about to run, and these behind it.
    pub(super) fn make_way(&mut self, cell: &Next, queued: &[Next]) {
        let Some(ahead) = &mut self.ahead else { return };
        // What came of other sources than cells' is of no interest.
        compile::heard(&self.build);
        ahead.forget_refused();
        if ahead.foreseen.front().is_none_or(|first| first.next != *cell) {
            ahead.begin_anew();
        }
        ahead.last = None;
        if queued.is_empty() {
            return;
        }
        let lanes = ahead.lanes;
        let [few, enough] = STOCK.map(|count| count * lanes);
        ahead.next = std::iter::once(cell).chain(queued.iter().take(FAR)).cloned().collect();
        // Where all is there already, there is nothing to gain.
        if ahead.has_more() && !ahead.all_is_there && ahead.pool.len() < few && rule::waits().is_none() {
            let supervisor = self.supervisor.clone();
            self.rehearse_more(Urgency::Waited, lanes, |ahead| ahead.pool.len() >= enough || supervisor.is_unwanted());
        }
    }

    /// It has run, as it should or not.
    pub(super) fn learn(&mut self, cell: Next, number: usize, is_done: bool, queued: &[Next]) {
        let Some(ahead) = &mut self.ahead else { return };
        ahead.since = Instant::now();
        let found = compile::heard(&self.build);
        ahead.tally.run(&found);
        ahead.all_is_there &= !found.iter().any(|found| matches!(found, Found::Made(_)));
        let first = ahead.foreseen.front().filter(|first| first.next == cell);
        let fails = first.is_some_and(|first| first.next.fails);
        let was_compiled = |first: &Foreseen| found.iter().all(|found| first.keys.iter().any(|key| key == found.key()));
        let holds = |first: &Foreseen| match is_done {
            true => !fails && was_compiled(first),
            // It has left all as it was.
            false => first.changes_nothing,
        };
        if first.is_some_and(holds) {
            ahead.foreseen.pop_front();
        } else {
            ahead.begin_anew();
        }
        ahead.number = number;
        // Where a cell fails that was not meant to, those that are queued do not run.
        ahead.is_queued = (is_done || fails) && !queued.is_empty();
        ahead.last = (!ahead.is_queued).then_some(cell);
    }

    /// Rehearses what comes next, until it is enough. False where types can't be found yet.
    fn rehearse_more(&mut self, urgency: Urgency, lanes: usize, is_enough: impl Fn(&Ahead) -> bool) -> bool {
        let Some(ahead) = &self.ahead else { return true };
        let Some(first) = ahead.next.get(ahead.foreseen.len()) else { return true };
        if !self.analysis.is_ready() && !needs_no_types(&first.code) {
            return false;
        }
        let here = self.moment();
        let (errors, process) = (self.evcxr.errors.clone(), self.supervisor.process());
        self.evcxr.has_died = false;
        let from = ahead.foreseen.back().map(|last| last.after.clone());
        let mut is_sound = from.is_none_or(|moment| self.go_to(&moment) == Return::Done);
        let mut is_new = false;
        while is_sound
            && let Some(ahead) = &self.ahead
            && !is_enough(ahead)
            && let Some(next) = ahead.next.get(ahead.foreseen.len()).cloned()
            && (self.analysis.is_ready() || needs_no_types(&next.code))
        {
            let number = ahead.number + ahead.foreseen.len() + 1;
            let (before, state) = (next.fails.then(|| self.moment()), self.state());
            let (rehearsed, found) = self.rehearse(&next, number);
            let has_come_back = before.is_none_or(|before| self.go_to(&before) == Return::Done);
            let (after, changes_nothing) = (self.moment(), self.state() == state);
            let Some(ahead) = &mut self.ahead else { break };
            let keys = found.iter().map(|found| found.key().to_owned()).collect();
            let mut jobs = Vec::new();
            for found in found {
                if let Found::Left(key, folder) = found {
                    ahead.tally.leave(&key);
                    jobs.push(folder);
                }
            }
            is_new |= !jobs.is_empty();
            ahead.pool.add(jobs.iter().cloned(), urgency, lanes);
            match rehearsed {
                Rehearsed::Done => ahead.foreseen.push_back(Foreseen { next, keys, jobs, changes_nothing, after }),
                // What comes behind it can't be told.
                Rehearsed::End => ahead.next.truncate(ahead.foreseen.len()),
                Rehearsed::GivenUp => break,
            }
            is_sound = has_come_back && !ahead.has_panicked && !self.evcxr.has_died;
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.all_is_there = !is_new;
        }
        self.come_back(here, process);
        self.evcxr.errors = errors;
        true
    }

    /// Rehearses a cell, and gives what became of its sources.
    fn rehearse(&mut self, next: &Next, number: usize) -> (Rehearsed, Vec<Found>) {
        let cell = if is_too_deep(&next.code) { None } else { Cell::read(&next.code, next.id.as_deref(), number).ok() };
        // What is refused, or empty, changes nothing.
        let Some(cell) = cell.filter(|cell| cell.has_code() || !cell.commands.is_empty()) else {
            return (Rehearsed::Done, Vec::new());
        };
        // For a crate that is named in the code, evcxr would ask cargo.
        if !cell.commands.is_empty() || cell.code.contains("extern crate") {
            return (Rehearsed::End, Vec::new());
        }
        if compile::begin(&self.build, Act::Cell).is_err() {
            return (Rehearsed::GivenUp, Vec::new());
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.rehearses = true;
        }
        let before = self.scope.clone();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run(&cell)));
        let is_given_up = self.gives_up();
        if let Some(ahead) = &mut self.ahead {
            ahead.rehearses = false;
            ahead.has_panicked |= outcome.is_err();
        }
        compile::end(&self.build);
        let found = compile::heard(&self.build);
        if matches!(outcome, Ok(Ok(_))) {
            return (Rehearsed::Done, found);
        }
        // It changes nothing either: evcxr has kept nothing of it.
        self.scope = before;
        (if is_given_up { Rehearsed::GivenUp } else { Rehearsed::Done }, found)
    }

    /// A cell waits while another is rehearsed.
    fn gives_up(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.rehearses && (ahead.is_wanted)()) || self.supervisor.is_unwanted()
    }

    /// As if no cell had been rehearsed. `process` is the one that ran cells before.
    fn come_back(&mut self, here: Moment, process: Option<i32>) {
        let has_panicked = self.ahead.as_ref().is_some_and(|ahead| ahead.has_panicked);
        let came = self.go_to(&here);
        if self.evcxr.has_died {
            // The next cell is to find it as it is.
            self.supervisor.kill_successor(process);
        }
        if has_panicked || came == Return::Panicked {
            // No more of it in this session.
            self.ahead = None;
        }
        match came {
            Return::Done => {}
            Return::Panicked => self.fate = Some(self.start_anew()),
            Return::Failed => {
                if let Some(ahead) = &mut self.ahead {
                    ahead.begin_anew();
                }
                self.stranded = Some(here);
            }
        }
    }

    /// All that sources of later cells are made of: variables, with their types, and definitions.
    fn state(&self) -> (BTreeMap<String, String>, String) {
        let variables = self.evcxr.variables().map(|(name, ty)| (name.to_owned(), ty.to_owned()));
        (variables.collect(), self.scope.definitions.text())
    }

    fn moment(&self) -> Moment {
        Moment { scope: self.scope.clone(), evcxr: self.evcxr.save() }
    }

    fn go_to(&mut self, moment: &Moment) -> Return {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(LOOK);
            }
            if compile::begin(&self.build, Act::Return).is_err() {
                continue;
            }
            let outcome = self.evcxr.attempt(|evcxr| evcxr.restore(&moment.evcxr));
            compile::end(&self.build);
            self.scope = moment.scope.clone();
            match outcome {
                Some(Ok(_)) => return Return::Done,
                // If its process had ended, it has a new one now.
                Some(Err(_)) => {}
                None => return Return::Panicked,
            }
        }
        Return::Failed
    }

    /// Why no cell can be run now, if so.
    pub(super) fn is_held(&mut self) -> Option<Fault> {
        if let Some(here) = self.stranded.take()
            && self.go_to(&here) != Return::Done
        {
            self.stranded = Some(here);
            return Some(Fault::kernel(
                "the session's folder can't be written to; make room on the disk, and run the cell again",
            ));
        }
        self.fate.take()
    }

    /// The session ends.
    pub(super) fn write_tally(&self) {
        if let (Some(ahead), Some(cells)) = (&self.ahead, cells_folder()) {
            ahead.tally.write(&cells);
        }
    }
}

/// What came of a rehearsal.
enum Rehearsed {
    Done,
    /// What comes behind this cell can't be told.
    End,
    /// A cell that is to be run has come.
    GivenUp,
}

/// How evcxr came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Return {
    Done,
    /// It could not write, or start a program.
    Failed,
    Panicked,
}

/// The student has written the types of all its variables, or it has none.
fn needs_no_types(code: &str) -> bool {
    !is_too_deep(code) && Cell::read(code, None, 0).is_ok_and(|cell| cell.lets.is_empty())
}
