//! What people ask of automatic differentiation, each in one call.
//!
//! | file | | mode |
//! |---|---|---|
//! | `derivative.rs` | `derivative`, `nested_derivative`, `derivatives` | forward: one input |
//! | `gradient.rs` | `gradient`: one output by all inputs | reverse |
//! | `chunks.rs` | `forward_gradient`: the same, some inputs at a time | forward |
//! | `jacobian.rs` | `jacobian`: all outputs by all inputs | the one that needs fewer passes |
//! | `products.rs` | `jvp`, `vjp`, `hvp`, `directional_derivative`: along one direction | forward, reverse, forward over reverse |
//! | `hessian.rs` | `hessian`: all second derivatives | forward over reverse |
//! | `check.rs` | `check_gradient` | reverse, against central differences |
//! | `confusion.rs` | catches derivatives within derivatives that mix up their inputs | |
//!
//! The functions that are generic over their closure only wrap it: the work is done by functions that are compiled once.

mod check;
mod chunks;
mod confusion;
mod derivative;
mod gradient;
mod hessian;
mod jacobian;
mod products;

pub use check::{GradientCheck, InputCheck, check_gradient, check_gradient_with};
pub use chunks::forward_gradient;
pub use derivative::{derivative, derivatives, nested_derivative, value_and_derivative};
pub use gradient::{gradient, value_and_gradient};
pub use hessian::hessian;
pub use jacobian::{Jacobian, Mode, jacobian};
pub use products::{directional_derivative, hvp, jvp, vjp};
