//! Automatic differentiation to read and to learn from.
//!
//! | | for | read |
//! |---|---|---|
//! | [`Dual`] | forward mode: one input, any number of outputs | `forward/dual.rs` |
//! | [`DualVec`] | forward mode: N inputs at once | `forward/dual_vec.rs` |
//! | [`Taylor`] | forward mode: derivatives of any order | `forward/taylor/` |
//! | [`Tape`] and [`Var`] | reverse mode: one output, any number of inputs | `reverse/` |
//! | [`Recording`] | reverse mode of what is recorded once and replayed, for loops that want speed | `replay/` |
//! | [`Tensor`] | reverse mode on arrays, in the style of PyTorch | `tensor/` |
//! | [`Sgd`], [`Adam`] | what to do with gradients | `optim/` |
//!
//! What is asked most often is answered in one call, in `functions/`: [`derivative`], [`derivatives`], [`gradient`],
//! [`jacobian`], [`hessian`], products with vectors ([`jvp`], [`vjp`], [`hvp`], [`directional_derivative`]), and
//! [`check_gradient`].
//!
//! ```
//! use adlab::{Scalar, derivative, gradient, hessian};
//!
//! assert_eq!(derivative(|x| x * 4.2 + x.sin(), 0.5), 5.077582561890373);
//! assert_eq!(gradient(|x| x[0] * x[1] + x[0].sin(), &[0.5, 4.2]), [5.077582561890373, 0.5]);
//! assert_eq!(hessian(|x| x[0] * x[0] * x[1], &[1.0, 2.0]).to_vec(), [4.0, 2.0, 2.0, 0.0]);
//! ```
//!
//! # To be read in an evening
//! Not all of it: the core, some 1700 of 10 000 lines, in this order.
//!
//! 1. `rules.rs`: the derivative of each elementary function, once, in a line that can be differentiated itself.
//! 2. `scalar/mod.rs`: [`Scalar`], what a differentiable function may do with its numbers. Each elementary function is its
//!    value and its rule.
//! 3. `forward/dual.rs`: the rules of sum, product, quotient and chain, on numbers that carry their derivative along.
//! 4. `reverse/var.rs` and `reverse/chain.rs`: the same rules, written down for later.
//! 5. `record/sweep.rs`: the pass backwards over what is written, which is reverse mode, and the one forwards.
//! 6. `reverse/tape.rs` and `reverse/gradient.rs`: the record and what the pass gives, as objects.
//!
//! Everything else is built on these, and each part can be read on its own.
//!
//! Rooms, each using only those below it: `replay`, `functions`, `optim`, `random`, `tensor`, `reverse`, `forward`, `operators`,
//! `scalar`, `rules`, `record`, `display`, `error`.

mod display;
mod error;
mod forward;
mod functions;
mod operators;
mod optim;
mod random;
mod record;
mod replay;
mod reverse;
mod rules;
mod scalar;
mod tensor;

// What the front page shows is tested, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;

pub use error::Error;
pub use forward::{Dual, DualVec, Taylor};
pub use functions::{
    GradientCheck, InputCheck, Jacobian, Mode, check_gradient, check_gradient_with, derivative, derivatives,
    directional_derivative, forward_gradient, gradient, hessian, hvp, jacobian, jvp, nested_derivative,
    value_and_derivative, value_and_gradient, vjp,
};
pub use optim::{Adam, Sgd};
pub use random::{Normal, Uniform};
pub use record::Op;
pub use replay::{Recording, record, record_many};
pub use reverse::{Gradient, Operand, Record, Tape, Var};
pub use scalar::Scalar;
pub use tensor::{Backward, Svd, Tensor, no_grad, tensor};
