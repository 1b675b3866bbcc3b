//! Errors in words: what is wrong, and what to do.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shapes { op, left, right } => {
                write!(f, "{op}: the shapes {left:?} and {right:?} do not fit together; {}", rule_of_shapes(op))
            }
            Error::Differ { op, left, right } => write!(
                f,
                "{op}: the shapes {left:?} and {right:?} must be the same; reshape one of them if the numbers are the same"
            ),
            Error::Join { op, axis, left, right } => write!(
                f,
                "{op}: the shapes {left:?} and {right:?} do not fit together along axis {axis}: all other sizes must be the \
                 same"
            ),
            Error::Nothing { op } => write!(f, "{op}: there are no tensors; give it one at least"),
            Error::Fill { numbers, shape } => {
                write!(
                    f,
                    "{numbers} numbers do not fill the shape {shape:?}, which holds {}",
                    shape.iter().product::<usize>()
                )
            }
            Error::Dimensions { op, wanted, shape } => write!(
                f,
                "{op} wants a tensor with {wanted} axes, and this has {} (its shape is {shape:?})",
                shape.len()
            ),
            Error::Axis { op, axis, shape } => write!(
                f,
                "{op}: there is no axis {axis} in a tensor of shape {shape:?}, which has {}; counting starts at 0",
                shape.len()
            ),
            Error::Index { what, index, shape } => {
                write!(f, "there is no {what} {index} in a tensor of shape {shape:?}; counting starts at 0")
            }
            Error::Place { index, shape } => write!(
                f,
                "there is no number at {index:?} in a tensor of shape {shape:?}; give one position for each axis, counted \
                 from 0"
            ),
            Error::Range { start, end, axis, shape } if start > end => write!(
                f,
                "slice: the range {start}..{end} along axis {axis} of a tensor of shape {shape:?} ends before it begins"
            ),
            Error::Range { start, end, axis, shape } => write!(
                f,
                "slice: the range {start}..{end} goes beyond axis {axis} of a tensor of shape {shape:?}, which ends at {}",
                shape[*axis]
            ),
            Error::Permutation { axes, shape } => write!(
                f,
                "permute: {axes:?} is no order of the axes of a tensor of shape {shape:?}; name each of 0..{} once",
                shape.len()
            ),
            Error::Squeeze { axis, shape } => write!(
                f,
                "squeeze: axis {axis} of a tensor of shape {shape:?} has the size {}, and only an axis of size 1 can go away; \
                 to take one part of it, use select",
                shape[*axis]
            ),
            Error::Classes { op, classes, shape } => write!(
                f,
                "{op} wants a matrix with one class for each row, and got the shape {shape:?} and {classes} classes"
            ),
            Error::Empty { op, shape } => {
                write!(
                    f,
                    "{op}: a tensor of shape {shape:?} has no numbers there, and so none that is the greatest or smallest"
                )
            }
            Error::NotOneNumber { op, shape } => {
                write!(f, "{op} wants a tensor with one number, and this has the shape {shape:?}")
            }
            Error::NotProbability { op, of, number } => write!(
                f,
                "{op}: there is {number} in the {of}, and a probability is a number from 0 to 1; scores (logits) of any size go \
                 to {op}_with_logits"
            ),
            Error::NotFinite { op } => write!(f, "{op}: there is an infinite number or NaN in the tensor"),
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
            Error::NotDifferentiated { op } => write!(
                f,
                "{op} is not differentiated, and this tensor tracks gradients; say detach() first if no gradient is to flow \
                 through it"
            ),
            Error::BackwardTwice { op } => write!(
                f,
                "backward a second time through the same computation: the values kept for the derivative of {op} were \
                 freed by the first pass; compute the result again, then call backward, or let the first pass keep them with \
                 Backward::of(&result).retain_graph().run()"
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
                "{op}: this is a view of what detach() has made of a view, and can't be changed in place where gradients are \
                 tracked; compute a new tensor"
            ),
            Error::InPlaceOnExpanded { op, shape } => write!(
                f,
                "{op}: this view of shape {shape:?} shows the same number several times, and can't be changed in place; \
                 change the tensor that it is a view of, or compute a new one"
            ),
            Error::StaleView { version, expected } => write!(
                f,
                "this is a view of a tensor that was changed in place since (now at version {version}, viewed at version \
                 {expected}); take the view again"
            ),
            Error::NoGradient { tracked: false, .. } => {
                write!(f, "no gradient: this tensor does not track any; make it with tensor(…).requires_grad()")
            }
            Error::NoGradient { leaf: false, .. } => write!(
                f,
                "no gradient: only leaves keep theirs, and this tensor was computed from others; say retain_grad() before the \
                 pass, or ask for it with gradients(&[&tensor])"
            ),
            Error::NoGradient { cut: true, .. } => write!(
                f,
                "no gradient: requires_grad() was called on a result of this tensor, which made a new leaf of the result, and \
                 gradients end there; call requires_grad() on inputs only, and retain_grad() on a result that is to keep its \
                 gradient"
            ),
            Error::NoGradient { .. } => write!(
                f,
                "no gradient yet: no backward pass has come to this tensor; call backward() on a result that was computed from \
                 it, and not from a copy without history, as detach(), no_grad(…) or to_vec() give"
            ),
            Error::Inputs { wanted, given } => {
                write!(f, "this function was recorded with {wanted} inputs, and now has {given}: it needs as many")
            }
            Error::OtherBranch { test, then, now } => write!(
                f,
                "at these inputs the function may do something else than what was recorded: it asks {:?} {test} {:?}, where it \
                 had asked {:?} {test} {:?}, and the answer is another; record it again at these inputs",
                now[0], now[1], then[0], then[1]
            ),
            Error::OtherValue { then, now } => write!(
                f,
                "the function took the plain value of a variable, which was {then:?} when it was recorded and is {now:?} \
                 now; compute and compare with the variables themselves, without value(), or record it again at these inputs"
            ),
            Error::NotLeaf { op } => {
                write!(f, "{op}: this tensor was computed from others; only leaves can be given new numbers")
            }
        }
    }
}

fn rule_of_shapes(op: &str) -> &'static str {
    match op {
        "matmul" => "(m × k) times (k × n) wants the same k, and one axis at least",
        "set_data" => "they must be the same",
        op if op.ends_with('_') && op != "where_" => {
            "the change must have the tensor's own shape, or one that is broadcast to it"
        }
        "expand" => "from the right, each size must be equal, or 1 in the first",
        _ => "from the right, each pair of sizes must be equal, or one of them 1",
    }
}
