//! What small tensors leave behind, for the next ones.
//!
//! A tensor of a few numbers is three pieces of memory: what its names share, what its views share, and the numbers. To ask for
//! them and to give them back takes longer than most operations on so few. So what a temporary one leaves behind is kept as a
//! whole, up to a bound. Large ones leave their numbers only, see `buffers.rs`.

use std::cell::RefCell;

use super::buffers::LARGE;

/// From one kind to the next, there is room for so many numbers more. All of a kind have the same: who gets one may keep it,
/// and keeps hardly more than was asked for.
const STEP: usize = 4;
const KINDS: usize = LARGE / STEP;

/// So many of each kind are kept at most.
const KEPT: usize = 64;

/// What nobody uses, by kinds.
pub struct Spare<T>(RefCell<[Vec<T>; KINDS]>);

/// The kind that has so many numbers.
fn kind(count: usize) -> usize {
    count.saturating_sub(1) / STEP
}

/// How many numbers it has room for.
pub fn room(count: usize) -> usize {
    (kind(count) + 1) * STEP
}

impl<T> Spare<T> {
    pub const fn new() -> Spare<T> {
        Spare(RefCell::new([const { Vec::new() }; KINDS]))
    }

    /// One for so many numbers, which are fewer than [`LARGE`].
    pub fn take(&self, count: usize) -> Option<T> {
        self.0.borrow_mut()[kind(count)].pop()
    }

    /// Keeps one that has this room, if it is of a kind.
    pub fn put(&self, own: usize, one: T) {
        if own <= LARGE && own == room(own) {
            let kept = &mut self.0.borrow_mut()[kind(own)];
            if kept.len() < KEPT {
                kept.push(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_few_and_has_hardly_more_room_than_asked_for() {
        let spare = Spare::new();
        for own in (0..3 * LARGE).flat_map(|own| [own; 2 * KEPT]) {
            spare.put(own, own);
        }
        assert!(spare.0.borrow().iter().all(|kept| kept.len() == KEPT));
        for count in 0..LARGE {
            let own = spare.take(count).unwrap();
            assert!((count..=count + STEP).contains(&own), "{own} for {count}");
            assert_eq!(room(count), own);
            spare.put(own, own);
        }
    }
}
