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
    /// A power with an integer, in a node; a record shows it as [`Op::Pow`].
    #[doc(hidden)]
    Powi,
}

impl Op {
    /// All of them, in their order.
    pub(super) const ALL: [Op; 41] = [
        Op::Input,
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Div,
        Op::Pow,
        Op::Neg,
        Op::Sin,
        Op::Cos,
        Op::Tan,
        Op::Asin,
        Op::Acos,
        Op::Atan,
        Op::Atan2,
        Op::Sinh,
        Op::Cosh,
        Op::Tanh,
        Op::Asinh,
        Op::Acosh,
        Op::Atanh,
        Op::Exp,
        Op::Exp2,
        Op::ExpM1,
        Op::Ln,
        Op::Log2,
        Op::Log10,
        Op::Ln1p,
        Op::Sqrt,
        Op::Cbrt,
        Op::Recip,
        Op::Hypot,
        Op::Abs,
        Op::Signum,
        Op::Floor,
        Op::Min,
        Op::Max,
        Op::Relu,
        Op::Sigmoid,
        Op::Softplus,
        Op::Erf,
        Op::Powi,
    ];

    /// How the operation is written: `×`, `sin`.
    pub fn symbol(self) -> &'static str {
        match self {
            Op::Input => "input",
            Op::Add => "+",
            Op::Sub | Op::Neg => "−",
            Op::Mul => "×",
            Op::Div => "÷",
            Op::Pow | Op::Powi => "^",
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
        matches!(self, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow | Op::Powi)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_number() {
        assert!(Op::ALL.iter().enumerate().all(|(number, &op)| op as usize == number));
        assert_eq!(Op::ALL.last(), Some(&Op::Powi), "the last one is among them");
    }
}
