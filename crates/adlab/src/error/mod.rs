//! What can go wrong with tensors and recordings. `message.rs` says it so that one knows what to do.

mod message;

/// An error of a tensor operation, or of a replay. The plain forms of the operations panic with its text, the `try_` forms return it.
///
/// `op` is the operation, as its method is named. Nothing has changed where an operation fails.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes that an operation can't bring together by broadcasting, or by the rule of matrix products.
    Shapes {
        /// The operation.
        op: &'static str,
        /// The shape of the first.
        left: Vec<usize>,
        /// The shape of the second.
        right: Vec<usize>,
    },
    /// Two shapes that must be the same.
    Differ {
        /// The operation.
        op: &'static str,
        /// The shape of the first.
        left: Vec<usize>,
        /// The shape of the second.
        right: Vec<usize>,
    },
    /// Two shapes that must be the same but along one axis.
    Join {
        /// The operation.
        op: &'static str,
        /// The axis along which they may differ.
        axis: usize,
        /// The shape of the first.
        left: Vec<usize>,
        /// The shape of the other.
        right: Vec<usize>,
    },
    /// No tensors, where there must be one.
    Nothing {
        /// The operation.
        op: &'static str,
    },
    /// Numbers that do not fill a shape.
    Fill {
        /// How many there are.
        numbers: usize,
        /// The shape.
        shape: Vec<usize>,
    },
    /// Another number of axes than an operation is for.
    Dimensions {
        /// The operation.
        op: &'static str,
        /// How many axes it wants.
        wanted: usize,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// An axis that is not there.
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis.
        axis: usize,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// An index that is not there.
    Index {
        /// What it is an index of: `index` of a part, `class`.
        what: &'static str,
        /// The index.
        index: usize,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// A number that is not there.
    Place {
        /// Its index, one position for each axis.
        index: Vec<usize>,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// A range that is reversed, or ends beyond the axis.
    Range {
        /// Where it begins.
        start: usize,
        /// Before what it ends.
        end: usize,
        /// The axis.
        axis: usize,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// An order of axes that does not name each once.
    Permutation {
        /// The order.
        axes: Vec<usize>,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// An axis that can't go away, as it has not the size 1.
    Squeeze {
        /// The axis.
        axis: usize,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// Not one class for each row of a matrix.
    Classes {
        /// The operation.
        op: &'static str,
        /// How many classes there are.
        classes: usize,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// An extreme of no numbers.
    Empty {
        /// The operation.
        op: &'static str,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// One number was asked of a tensor that has several, or none.
    NotOneNumber {
        /// The operation.
        op: &'static str,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// A number that is no probability, where there must be one.
    NotProbability {
        /// The operation.
        op: &'static str,
        /// Where it is: `input` or `target`.
        of: &'static str,
        /// The number.
        number: f64,
    },
    /// An infinite number, or NaN, where an operation can't go on with it.
    NotFinite {
        /// The operation.
        op: &'static str,
    },
    /// `backward` from a tensor that isn't a single number, without a seed.
    NotScalar {
        /// The result's shape.
        shape: Vec<usize>,
    },
    /// A seed of another shape than the result's.
    Seed {
        /// The seed's shape.
        seed: Vec<usize>,
        /// The result's shape.
        result: Vec<usize>,
    },
    /// Nothing that the result was computed from requires a gradient.
    NoHistory,
    /// An operation that has no derivative here.
    NotDifferentiated {
        /// The operation.
        op: &'static str,
    },
    /// A second backward pass over the same computation.
    BackwardTwice {
        /// The operation whose kept values are gone.
        op: &'static str,
    },
    /// A value that an operation kept for its derivative was changed in place.
    Modified {
        /// The operation that kept it.
        op: &'static str,
        /// How often it was changed by now.
        version: u64,
        /// How often it had been when it was kept.
        expected: u64,
    },
    /// An in-place operation on a leaf that requires a gradient.
    InPlaceOnLeaf {
        /// The operation.
        op: &'static str,
    },
    /// An in-place operation on a view of such a leaf.
    InPlaceOnViewOfLeaf {
        /// The operation.
        op: &'static str,
    },
    /// An in-place operation on a view of a detached view, where gradients are tracked.
    InPlaceOnTrackedView {
        /// The operation.
        op: &'static str,
    },
    /// An in-place operation on a view that shows a number several times.
    InPlaceOnExpanded {
        /// The operation.
        op: &'static str,
        /// The view's shape.
        shape: Vec<usize>,
    },
    /// A view whose tensor was changed in place after the view was made.
    StaleView {
        /// How often it was changed by now.
        version: u64,
        /// How often it had been when the view was made.
        expected: u64,
    },
    /// A gradient that was not computed yet, or never will be.
    NoGradient {
        /// The tensor tracks gradients.
        tracked: bool,
        /// It was not computed from others.
        leaf: bool,
        /// A result of it was made a leaf, where gradients end.
        cut: bool,
    },
    /// New numbers for a tensor that isn't a leaf.
    NotLeaf {
        /// The operation.
        op: &'static str,
    },
    /// Inputs for a recording that has more, or fewer.
    Inputs {
        /// How many it has.
        wanted: usize,
        /// How many there are.
        given: usize,
    },
    /// A replay where a comparison comes out otherwise than when it was recorded.
    OtherBranch {
        /// How it is written: `<`.
        test: &'static str,
        /// What was compared when it was recorded.
        then: [f64; 2],
        /// What these numbers are now.
        now: [f64; 2],
    },
    /// A replay where a number is another one whose plain value was taken when it was recorded.
    OtherValue {
        /// What it was.
        then: f64,
        /// What it is now.
        now: f64,
    },
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
