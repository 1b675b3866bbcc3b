//! Forward mode: numbers that carry derivatives along.
//!
//! | file | derivatives |
//! |---|---|
//! | `dual.rs` | by one input |
//! | `dual_vec.rs` | by N inputs at once |
//! | `taylor/` | of any order |

mod dual;
mod dual_vec;
mod taylor;

pub use dual::Dual;
pub use dual_vec::DualVec;
pub use taylor::Taylor;
