//! The operations that a tape can record.

/// What a node of a [`Tape`](crate::Tape) does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Input,
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Neg,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Atan2,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Exp,
    Exp2,
    ExpM1,
    Ln,
    Log2,
    Log10,
    Ln1p,
    Sqrt,
    Cbrt,
    Recip,
    Hypot,
    Abs,
    Signum,
    Floor,
    Min,
    Max,
    Relu,
    Sigmoid,
    Softplus,
    Erf,
}

impl Op {
    /// How the operation is written: `×`, `sin`.
    pub fn symbol(self) -> &'static str {
        match self {
            Op::Input => "input",
            Op::Add => "+",
            Op::Sub | Op::Neg => "−",
            Op::Mul => "×",
            Op::Div => "÷",
            Op::Pow => "^",
            Op::Sin => "sin",
            Op::Cos => "cos",
            Op::Tan => "tan",
            Op::Asin => "asin",
            Op::Acos => "acos",
            Op::Atan => "atan",
            Op::Atan2 => "atan2",
            Op::Sinh => "sinh",
            Op::Cosh => "cosh",
            Op::Tanh => "tanh",
            Op::Asinh => "asinh",
            Op::Acosh => "acosh",
            Op::Atanh => "atanh",
            Op::Exp => "exp",
            Op::Exp2 => "exp2",
            Op::ExpM1 => "exp_m1",
            Op::Ln => "ln",
            Op::Log2 => "log2",
            Op::Log10 => "log10",
            Op::Ln1p => "ln_1p",
            Op::Sqrt => "√",
            Op::Cbrt => "cbrt",
            Op::Recip => "1/",
            Op::Hypot => "hypot",
            Op::Abs => "abs",
            Op::Signum => "sign",
            Op::Floor => "floor",
            Op::Min => "min",
            Op::Max => "max",
            Op::Relu => "relu",
            Op::Sigmoid => "σ",
            Op::Softplus => "softplus",
            Op::Erf => "erf",
        }
    }

    /// True if the symbol stands between two operands, as in `x × y`; false for `sin x` and `max(x, y)`.
    pub fn is_infix(self) -> bool {
        matches!(self, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow)
    }

    /// How many operands it has.
    pub fn operands(self) -> usize {
        match self {
            Op::Input => 0,
            Op::Atan2 | Op::Hypot | Op::Min | Op::Max => 2,
            _ if self.is_infix() => 2,
            _ => 1,
        }
    }
}
