//! The memory of large tensors, used again.
//!
//! The system gives and takes memory page by page, and clears it: for a temporary result that takes longer than to compute
//! it. The allocator asks the system for each large piece, and gives back what several of some size have left at its end; and
//! what it has no places for takes it some time. So what these leave behind is kept for the next ones, up to a bound.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// From so many numbers on: 1 KiB. Up to there, the allocator has places of its own for each size; and smaller tensors are
/// kept whole, see `spare.rs`.
pub const LARGE: usize = 1 << 7;

/// So many numbers are kept at most, by each thread: 32 MiB, in so many pieces.
pub const KEPT: usize = 4 << 20;
const KEPT_PIECES: usize = 64;

thread_local! {
    static FREE: RefCell<Free> = const { RefCell::new(Free { buffers: Vec::new(), numbers: 0 }) };
}

/// What nobody uses, the oldest first, and how many numbers there is room for in it.
struct Free {
    buffers: Vec<Vec<f64>>,
    numbers: usize,
}

impl Free {
    /// One that has the room, and not much more: who gets it may keep it.
    fn take(&mut self, count: usize) -> Option<Vec<f64>> {
        let place = self.buffers.iter().rposition(|buffer| (count..=count + count / 4).contains(&buffer.capacity()))?;
        let buffer = self.buffers.remove(place);
        self.numbers -= buffer.capacity();
        Some(buffer)
    }

    fn put(&mut self, mut buffer: Vec<f64>) {
        buffer.clear();
        self.numbers += buffer.capacity();
        self.buffers.push(buffer);
        // The oldest go first: what is computed now is of other sizes.
        while self.numbers > KEPT || self.buffers.len() > KEPT_PIECES {
            self.numbers -= self.buffers.remove(0).capacity();
        }
    }
}

/// Numbers whose memory is kept for others when they are gone.
pub struct Buffer(pub Vec<f64>);

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.capacity() >= LARGE {
            // At the thread's end the list may be gone before the tensor.
            let _ = FREE.try_with(|free| free.borrow_mut().put(std::mem::take(&mut self.0)));
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<f64>;

    fn deref(&self) -> &Vec<f64> {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<f64> {
        &mut self.0
    }
}

/// The numbers of an iterator that knows how many they are.
#[inline]
pub fn collect(numbers: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
    let mut buffer = with_capacity(numbers.len());
    buffer.extend(numbers);
    buffer
}

/// So many zeros.
pub fn zeros(count: usize) -> Vec<f64> {
    if count < LARGE {
        return vec![0.0; count];
    }
    let mut buffer = with_capacity(count);
    buffer.resize(count, 0.0);
    buffer
}

/// No numbers, and room for so many.
pub fn with_capacity(count: usize) -> Vec<f64> {
    if count < LARGE {
        return Vec::with_capacity(count);
    }
    let used = FREE.try_with(|free| free.borrow_mut().take(count)).ok().flatten();
    used.unwrap_or_else(|| Vec::with_capacity(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_bounded() {
        let (large, address) = {
            let buffer = Buffer(vec![1.0; 2 * LARGE]);
            (buffer.len(), buffer.as_ptr())
        };
        let again = collect((0..large).map(|i| i as f64));
        assert_eq!((again.as_ptr(), again.len(), again[3]), (address, large, 3.0));
        let other = with_capacity(large);
        assert_ne!(other.as_ptr(), address, "it is in use");
        drop(Buffer(again));
        assert_eq!(zeros(large), vec![0.0; large], "nothing shows of what was there");
        (0..20).for_each(|_| drop(Buffer(Vec::with_capacity(KEPT / 3))));
        (0..20).map(|_| Buffer(Vec::with_capacity(KEPT / 3))).for_each(drop);
        let buffers: Vec<Buffer> = (0..20).map(|_| Buffer(Vec::with_capacity(KEPT / 3))).collect();
        drop(buffers);
        let kept = || FREE.with_borrow(|free| (free.numbers, free.buffers.iter().map(Vec::capacity).sum::<usize>()));
        assert!(kept().0 > KEPT / 2 && kept().0 <= KEPT && kept().0 == kept().1, "{:?}", kept());
        let buffers: Vec<Buffer> = (0..20_000).map(|_| Buffer(Vec::with_capacity(LARGE))).collect();
        drop(buffers);
        assert_eq!(kept(), (KEPT_PIECES * LARGE, KEPT_PIECES * LARGE));
    }
}
