//! What a program has found out about its numbers, and may have gone another way if it had been different.

/// A number that was looked at: where it stands, or [`NONE`](super::NONE) for a constant, and its value.
pub type Seen = (u32, f64);

/// A comparison, and what came out.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    pub test: Test,
    pub operands: [Seen; 2],
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    /// Less, equal, greater, or none of these.
    Order,
    /// The plain value was taken, so that anything may have been done with it. The second operand says nothing.
    Value,
}

/// What a test says, as a number.
pub type Outcome = i8;

impl Test {
    pub fn of(self, a: f64, b: f64) -> Outcome {
        match self {
            Test::Less => (a < b).into(),
            Test::LessOrEqual => (a <= b).into(),
            Test::Greater => (a > b).into(),
            Test::GreaterOrEqual => (a >= b).into(),
            Test::Equal => (a == b).into(),
            Test::Order => a.partial_cmp(&b).map_or(2, |order| order as i8),
            Test::Value => 0,
        }
    }
}
