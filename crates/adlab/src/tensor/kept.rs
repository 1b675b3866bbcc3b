//! What a recorded operation keeps for its derivative: numbers of its first two inputs, and of its result.

use super::layout::Layout;
use super::storage::Storage;

/// Numbers as they were. They share the tensor's storage, and know when that was changed in place. Its history they don't
/// hold: the node does.
pub struct Saved {
    pub storage: Storage,
    pub layout: Layout,
    pub expected: u64,
}

/// What is kept of one operation.
#[derive(Default)]
pub struct Kept {
    /// By places: the inputs', and the result's. A box is memory, and there may be nothing in it: it stays for the next operation
    /// that is recorded here.
    places: [Option<Box<Option<Saved>>>; 3],
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Nothing,
    Something,
    /// A pass backwards has used it, and was the last one.
    Spent,
}

/// The place of the result; those of the inputs are 0 and 1.
pub const RESULT: usize = 2;

impl Kept {
    pub fn put(&mut self, place: usize, saved: Saved) {
        **self.places[place].get_or_insert_default() = Some(saved);
        self.state = State::Something;
    }

    pub fn at(&self, place: usize) -> &Saved {
        self.places[place].as_deref().and_then(Option::as_ref).expect("a rule asks for what it has kept")
    }

    /// True if there is something.
    pub fn is_something(&self) -> bool {
        self.state == State::Something
    }

    /// True if it was thrown away after a pass.
    pub fn is_spent(&self) -> bool {
        self.state == State::Spent
    }

    /// Throws away what is kept, after the last pass. An operation that keeps nothing can be passed as often as one likes.
    pub fn spend(&mut self) {
        if self.state == State::Something {
            self.empty();
            self.state = State::Spent;
        }
    }

    /// As new.
    pub fn empty(&mut self) {
        self.places.iter_mut().flatten().for_each(|place| **place = None);
        self.state = State::Nothing;
    }
}
