//! A faster record, for tapes that nobody looks at: those of [`gradient`](crate::gradient) and its kin.
//!
//! A function of one number is not written down. Its result refers to what its argument refers to, with the product of
//! both slopes: the chain rule, applied at once, as in forward mode. So is a function of two numbers that refer to the same
//! node, as x·x. What is left are the nodes where different numbers meet: a third or less of all. In 100·(b − a²)² + (a − 1)²
//! these are the difference b − a² and the sum.
//!
//! The derivatives are the same, up to rounding; where a slope is infinite, 0·∞ is NaN here as well. But derivatives by what
//! was not written down can't be asked for.

use crate::record::{NONE, Node, Op, Slot};
use crate::scalar::Scalar;

/// Stands in an index beside the place of a node, if the variable is a function of that node.
const FUNCTION: u32 = 1 << 31;

/// True for the variables of a tape that gathers.
#[inline(always)]
pub fn gathers<T: Scalar>(generation: u64) -> bool {
    T::GATHERS && generation & 1 == 1
}

/// Where the node stands that a variable is, or is a function of.
#[inline]
pub fn place(index: u32) -> u32 {
    index & NONE
}

/// True for a variable that was not written down.
#[inline]
pub fn is_function(index: u32) -> bool {
    index & FUNCTION != 0
}

/// The index of a function of a variable.
#[inline]
pub fn function_of(index: u32) -> u32 {
    index | FUNCTION
}

/// The index of a function of two variables, and its slope there.
#[inline(always)]
#[track_caller]
pub fn function_of_both<T: Scalar>(slot: &Slot<T>, indices: [u32; 2], slopes: [T; 2]) -> (u32, T) {
    match [place(indices[0]), place(indices[1])] {
        [a, b] if a == b => (function_of(a), slopes[0] + slopes[1]),
        // It is never shown, so that its name does not matter.
        places => (T::write(slot, Node::new(Op::Input, places, slopes)), T::from(1.0)),
    }
}
