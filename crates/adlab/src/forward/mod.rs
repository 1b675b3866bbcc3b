//! Forward mode: numbers that carry derivatives along.
//!
//! | folder | derivatives |
//! |---|---|
//! | `dual/` | by one input |
//! | `dual_vec/` | by N inputs at once |
//! | `taylor/` | of any order |

mod dual;
mod dual_vec;
mod taylor;

pub use dual::Dual;
pub use dual_vec::DualVec;
pub use taylor::Taylor;
