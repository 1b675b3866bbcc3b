//! The memory of large tensors, used again.
//!
//! The system gives and takes large pieces of memory page by page, and clears them: for a temporary result that takes
//! longer than to compute it. So what large tensors leave behind is kept for the next ones, up to a bound.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// From so many numbers on, the allocator asks the system each time.
const LARGE: usize = 16 << 10;

/// So many numbers are kept at most, by each thread: 32 MiB.
const KEPT: usize = 4 << 20;

thread_local! {
    /// What nobody uses.
    static FREE: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
}

/// Numbers whose memory is kept for others when they are gone.
pub struct Buffer(pub Vec<f64>);

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.capacity() >= LARGE {
            give_back(std::mem::take(&mut self.0));
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
    let used =
        if count < LARGE { None } else { FREE.try_with(|free| fitting(&mut free.borrow_mut(), count)).ok().flatten() };
    used.unwrap_or_else(|| Vec::with_capacity(count))
}

/// One that has the room, and not twice as much.
fn fitting(free: &mut Vec<Vec<f64>>, count: usize) -> Option<Vec<f64>> {
    let place = free.iter().rposition(|buffer| (count..2 * count).contains(&buffer.capacity()))?;
    Some(free.swap_remove(place))
}

fn give_back(mut buffer: Vec<f64>) {
    buffer.clear();
    // At the thread's end the list may be gone before the tensor.
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        free.push(buffer);
        let mut kept: usize = free.iter().map(Vec::capacity).sum();
        // The oldest go first: what is computed now is of other sizes.
        while kept > KEPT {
            kept -= free.remove(0).capacity();
        }
    });
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
        let kept: usize = FREE.with(|free| free.borrow().iter().map(Vec::capacity).sum());
        assert!(kept > KEPT / 2 && kept <= KEPT, "{kept}");
    }
}
