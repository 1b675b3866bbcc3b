//! Tensors: arrays that remember how they were computed, in the style of PyTorch.
//!
//! | file | |
//! |---|---|
//! | `axes.rs`, `layout.rs` | shapes, strides, broadcasting; places among numbers |
//! | `data.rs` | what a tensor is made of: numbers, and the operation that they come from |
//! | `storage.rs`, `make.rs` | where numbers are; how a tensor gets its memory, and leaves it to the next |
//! | `buffers.rs`, `spare.rs` | the memory of large ones, and of small ones, kept for that |
//! | `array.rs` | tensors as arrays: made from numbers, asked for them |
//! | `graph.rs`, `kept.rs`, `each.rs` | the record: how operations are written down, what they keep, no_grad |
//! | `nodes.rs` | how operations get their memory, and leave it to the next |
//! | `backward.rs`, `waiting.rs`, `hooks.rs` | the pass backwards over it, and how to watch it |
//! | `elementwise.rs`, `real.rs` | functions of each number, with their derivatives as a table |
//! | `many.rs`, `sines.rs`, `exponentials.rs` | functions of many numbers at once |
//! | `binary.rs`, `compare.rs` | functions of two numbers, comparisons and choices |
//! | `matmul.rs`, `small.rs`, `wide.rs` | matrix products: their rules; small ones; large ones |
//! | `sums.rs`, `reduce.rs`, `extreme.rs`, `softmax.rs` | sums, means, norms; maxima and minima; softmax and its logarithm |
//! | `loss.rs` | losses |
//! | `view.rs` | slices, transposes, reshapes: views that share storage |
//! | `pick.rs`, `join.rs` | numbers picked by index; tensors put together |
//! | `in_place.rs` | changes in place, and which of them are refused |
//! | `svd.rs` | the singular value decomposition, which is not differentiated |
//! | `convert.rs`, `operators.rs`, `display.rs` | from numbers, `+ − × ÷`, and how a tensor is written |

mod array;
mod axes;
mod backward;
mod binary;
mod buffers;
mod compare;
mod convert;
mod data;
mod display;
mod each;
mod elementwise;
mod exponentials;
mod extreme;
mod graph;
mod hooks;
mod in_place;
mod join;
mod kept;
mod layout;
mod loss;
mod make;
mod many;
mod matmul;
mod nodes;
mod operators;
mod pick;
mod real;
mod reduce;
mod sines;
mod small;
mod softmax;
mod spare;
mod storage;
mod sums;
mod svd;
mod view;
mod waiting;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use backward::Backward;
pub use convert::tensor;
pub use data::Tensor;
pub use graph::no_grad;
pub use svd::Svd;
