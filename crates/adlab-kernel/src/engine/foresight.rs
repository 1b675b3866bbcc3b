//! What is known of the cells that come next, and how far they have been rehearsed.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::evcxr_context::Saved;
use crate::ahead::tally::Tally;
use crate::ahead::{Next, Pool, following};
use crate::compile::ahead as compile;
use crate::scope::Scope;

/// What is known of the cells that come next.
pub(super) struct Ahead {
    pub(super) pool: Pool,
    pub(super) tally: Tally,
    pub(super) notebook: Option<PathBuf>,
    /// What comes next, as far as it can be told.
    pub(super) next: Vec<Next>,
    /// What came next in the notebook when that was last looked at.
    known: Vec<Next>,
    /// The first of them, rehearsed from where cells are now.
    pub(super) foreseen: VecDeque<Foreseen>,
    /// The cell that ran last, if what follows it is still to be found.
    pub(super) last: Option<Next>,
    /// Others were queued behind it.
    pub(super) is_queued: bool,
    /// A cell waits to be run.
    pub(super) is_wanted: Box<dyn Fn() -> bool + Send>,
    /// How many compilers there may be where nobody reads.
    pub(super) lanes: usize,
    /// Of what was rehearsed last, nothing was to be compiled, and nothing has been since.
    pub(super) all_is_there: bool,
    /// When the last cell had ended.
    pub(super) since: Instant,
    /// The count of the cell that ran last.
    pub(super) number: usize,
    /// A rehearsal goes on.
    pub(super) rehearses: bool,
    /// Meanwhile evcxr has panicked.
    pub(super) has_panicked: bool,
}

/// A cell that was rehearsed.
pub(super) struct Foreseen {
    pub(super) next: Next,
    /// The keys of its sources.
    pub(super) keys: Vec<String>,
    /// The jobs that it has left.
    pub(super) jobs: Vec<PathBuf>,
    /// All is as it was before: also where it fails, what comes behind it is what was foreseen.
    pub(super) changes_nothing: bool,
    pub(super) after: Moment,
}

/// What there is to go back to.
#[derive(Clone)]
pub(super) struct Moment {
    pub(super) scope: Scope,
    pub(super) evcxr: Saved,
}

/// What is to be done when there is nothing else to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing, until something happens.
    Done,
    /// To look again after a while.
    Later(Duration),
}

impl Ahead {
    /// From the beginning of the notebook.
    pub(super) fn new(pool: Pool, is_wanted: Box<dyn Fn() -> bool + Send>, lanes: usize) -> Self {
        let notebook = following::notebook();
        let next = notebook.as_deref().and_then(|path| following::following(path, None)).unwrap_or_default();
        Ahead {
            pool,
            tally: Tally::default(),
            notebook,
            known: next.clone(),
            next,
            foreseen: VecDeque::new(),
            last: None,
            is_queued: false,
            is_wanted,
            lanes,
            all_is_there: false,
            since: Instant::now(),
            number: 0,
            rehearses: false,
            has_panicked: false,
        }
    }

    /// Finds what follows the cell that ran last. Where that is not in the notebook, it is what followed the one before.
    pub(super) fn look_behind(&mut self) {
        if let (Some(cell), Some(notebook)) = (self.last.take(), &self.notebook) {
            match following::following(notebook, Some(&cell)) {
                Some(next) => {
                    self.next.clone_from(&next);
                    self.known = next;
                }
                None => self.next.clone_from(&self.known),
            }
        }
    }

    /// There is something to rehearse.
    pub(super) fn has_more(&mut self) -> bool {
        let same = self.foreseen.iter().zip(&self.next).take_while(|(foreseen, next)| foreseen.next == **next).count();
        self.forget_from(same);
        same < self.next.len()
    }

    /// Nothing of what was foreseen holds.
    pub(super) fn begin_anew(&mut self) {
        self.forget_from(0);
        for folder in self.pool.end_all() {
            self.tally.forget(&compile::key_of(&folder));
        }
    }

    /// What does not compile as it is has to be rehearsed again: evcxr may mend it. Where it is to fail, that was foreseen.
    pub(super) fn forget_refused(&mut self) {
        for folder in self.pool.take_refused() {
            let is_it = |foreseen: &Foreseen| foreseen.jobs.contains(&folder) && !foreseen.next.fails;
            if let Some(place) = self.foreseen.iter().position(is_it) {
                self.forget_from(place);
            }
        }
    }

    pub(super) fn forget_from(&mut self, place: usize) {
        self.foreseen.truncate(place);
    }
}
