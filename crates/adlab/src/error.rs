//! What can go wrong with tensors, said so that one knows what to do.

use std::fmt;

/// An error of a tensor operation. The plain forms of the operations panic with its text, the `try_` forms return it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Error {
    /// Two shapes that an operation can't bring together.
    Shapes { op: &'static str, left: Vec<usize>, right: Vec<usize> },
    /// Data that does not fill a shape.
    Fill { numbers: usize, shape: Vec<usize> },
    /// An axis or an index that is not there.
    Index { what: &'static str, index: usize, shape: Vec<usize> },
    /// One number was asked of a tensor that has several, or none.
    NotOneNumber { op: &'static str, shape: Vec<usize> },
    /// `backward` from a tensor that isn't a single number, without a seed.
    NotScalar { shape: Vec<usize> },
    /// A seed of another shape than the result's.
    Seed { seed: Vec<usize>, result: Vec<usize> },
    /// Nothing that the result was computed from requires a gradient.
    NoHistory,
    /// A second backward pass over the same computation.
    BackwardTwice { op: &'static str },
    /// A value that an operation kept for its derivative was changed in place.
    Modified { op: &'static str, version: u64, expected: u64 },
    /// An in-place operation on a leaf that requires a gradient.
    InPlaceOnLeaf { op: &'static str },
    /// An in-place operation on a view of such a leaf.
    InPlaceOnViewOfLeaf { op: &'static str },
    /// An in-place operation on a view, where gradients are tracked.
    InPlaceOnTrackedView { op: &'static str },
    /// A view whose tensor was changed in place after the view was made.
    StaleView { version: u64, expected: u64 },
    /// A gradient that was not computed yet.
    NoGradient { tracked: bool, leaf: bool },
    /// `set_data` on a tensor that isn't a leaf.
    NotLeaf { op: &'static str },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shapes { op, left, right } => write!(
                f,
                "{op}: the shapes {left:?} and {right:?} do not fit together; {}",
                if *op == "matmul" {
                    "(m × k) times (k × n) wants the same k"
                } else {
                    "from the right, each pair of sizes must be equal, or one of them 1"
                }
            ),
            Error::Fill { numbers, shape } => {
                write!(
                    f,
                    "{numbers} numbers do not fill the shape {shape:?}, which holds {}",
                    shape.iter().product::<usize>()
                )
            }
            Error::Index { what, index, shape } => {
                write!(f, "there is no {what} {index} in a tensor of shape {shape:?}; counting starts at 0")
            }
            Error::NotOneNumber { op, shape } => {
                write!(f, "{op} wants a tensor with one number, and this has the shape {shape:?}")
            }
            Error::NotScalar { shape } => write!(
                f,
                "backward: the result has the shape {shape:?}, and only of a single number is the gradient clear; sum it \
                 first, or give a seed of this shape with backward_with(&seed)"
            ),
            Error::Seed { seed, result } => {
                write!(f, "backward: the seed has the shape {seed:?}, the result {result:?}; they must be the same")
            }
            Error::NoHistory => write!(
                f,
                "backward: nothing that this was computed from requires a gradient; make the inputs with \
                 tensor(…).requires_grad()"
            ),
            Error::BackwardTwice { op } => write!(
                f,
                "backward a second time through the same computation: the values kept for the derivative of {op} were \
                 freed by the first pass; compute the result again, then call backward"
            ),
            Error::Modified { op, version, expected } => write!(
                f,
                "backward: {op} kept a value for its derivative, and that value was modified by an in-place operation \
                 since (it is at version {version}, kept at version {expected}); use the operation that makes a new tensor \
                 (y + 3.0, not y.add_(3.0))"
            ),
            Error::InPlaceOnLeaf { op } => write!(
                f,
                "{op}: this tensor is a leaf that requires a gradient, and can't be changed in place: the change would be \
                 part of the computation; make a new tensor, or change it inside no_grad(|| …) or with set_data"
            ),
            Error::InPlaceOnViewOfLeaf { op } => write!(
                f,
                "{op}: this is a view of a leaf that requires a gradient, and shares its numbers: changing it in place would \
                 change the leaf; make a new tensor, or change it inside no_grad(|| …)"
            ),
            Error::InPlaceOnTrackedView { op } => write!(
                f,
                "{op}: changing a view in place is not supported where gradients are tracked; change the whole tensor, or \
                 compute a new one"
            ),
            Error::StaleView { version, expected } => write!(
                f,
                "this is a view of a tensor that was changed in place since (now at version {version}, viewed at version \
                 {expected}); take the view again"
            ),
            Error::NoGradient { tracked: false, .. } => {
                write!(f, "no gradient: this tensor does not track any; make it with tensor(…).requires_grad()")
            }
            Error::NoGradient { leaf: false, .. } => {
                write!(f, "no gradient: only leaves keep theirs, and this tensor was computed from others")
            }
            Error::NoGradient { .. } => write!(f, "no gradient yet: call backward() on a result first"),
            Error::NotLeaf { op } => {
                write!(f, "{op}: this tensor was computed from others; only leaves can be given new numbers")
            }
        }
    }
}

impl std::error::Error for Error {}

/// The value, or a panic with the error's text at the caller's line.
#[track_caller]
pub(crate) fn expect<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
