//! Automatic differentiation to read and to learn from.
//!
//! | | for | read |
//! |---|---|---|
//! | [`Dual`] | forward mode: one input, any number of outputs | `dual.rs` |
//! | [`Tape`] and [`Var`] | reverse mode: one output, any number of inputs | `tape.rs`, `var.rs` |
//! | [`Tensor`] | reverse mode on arrays, in the style of PyTorch | `tensor/` |
//!
//! [`Scalar`] is what the numbers have in common, and `rules.rs` has the derivative of each elementary function, once.
//! [`derivative`] and [`gradient`] answer the most frequent question in one call.
//!
//! ```
//! use adlab::{Scalar, derivative, gradient};
//!
//! assert_eq!(derivative(|x| x * 4.2 + x.sin(), 0.5), 5.077582561890373);
//! assert_eq!(gradient(|x| x[0] * x[1] + x[0].sin(), &[0.5, 4.2]), [5.077582561890373, 0.5]);
//! ```

mod derivative;
mod dual;
mod error;
mod random;
mod rules;
mod scalar;
mod tape;
mod tensor;
mod var;

pub use derivative::{derivative, gradient};
pub use dual::Dual;
pub use error::Error;
pub use random::{Normal, Uniform};
pub use scalar::Scalar;
pub use tape::{Op, Operand, Record, Tape};
pub use tensor::{Tensor, no_grad, tensor};
pub use var::{Gradient, Var};
