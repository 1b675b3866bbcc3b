//! A tool for GradBench: what its evals ask for, differentiated by adlab.
//!
//! | file | |
//! |---|---|
//! | `protocol.rs` | messages and answers, a line of JSON each |
//! | `timed.rs` | a function, run as often as is asked for |
//! | `evals/` | a file for each eval: the function as it is defined there, and its derivatives |
//! | `modes.rs` | differentiation within differentiation, by either mode |
//! | `pieces.rs` | gradients of long sums and loops, piece by piece |
//! | `descent.rs` | the descent that two evals are about |

mod descent;
mod evals;
mod modes;
mod pieces;
mod protocol;
mod timed;

pub use protocol::answer;
