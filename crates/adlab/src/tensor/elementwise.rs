//! Functions of each number, and their derivatives.

use super::Tensor;
use super::array::{self, Array};
use super::graph::{Rule, Saved};
use crate::error::{Error, expect};
use crate::rules;

/// A function of one number. Its derivative is computed from what it saves: its argument or its value.
struct Unary {
    name: &'static str,
    f: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    saves: Saves,
}

#[derive(PartialEq)]
enum Saves {
    Argument,
    Value,
}

const SIN: Unary = Unary { name: "sin", f: f64::sin, derivative: rules::d_sin, saves: Saves::Argument };
const COS: Unary = Unary { name: "cos", f: f64::cos, derivative: rules::d_cos, saves: Saves::Argument };
const TAN: Unary = Unary { name: "tan", f: f64::tan, derivative: rules::d_tan, saves: Saves::Value };
const EXP: Unary = Unary { name: "exp", f: f64::exp, derivative: rules::d_exp, saves: Saves::Value };
const LN: Unary = Unary { name: "ln", f: f64::ln, derivative: rules::d_ln, saves: Saves::Argument };
const SQRT: Unary = Unary { name: "sqrt", f: f64::sqrt, derivative: rules::d_sqrt, saves: Saves::Value };
const TANH: Unary = Unary { name: "tanh", f: f64::tanh, derivative: rules::d_tanh, saves: Saves::Value };
const ABS: Unary = Unary { name: "abs", f: f64::abs, derivative: rules::d_abs, saves: Saves::Argument };
const RELU: Unary = Unary { name: "relu", f: crate::Scalar::relu, derivative: rules::d_relu, saves: Saves::Value };
const SIGMOID: Unary = Unary { name: "sigmoid", f: crate::Scalar::sigmoid, derivative: rules::d_sigmoid, saves: Saves::Value };

impl Tensor {
    /// d sin x = cos x
    #[track_caller]
    pub fn sin(&self) -> Tensor {
        self.unary(&SIN)
    }

    /// d cos x = −sin x
    #[track_caller]
    pub fn cos(&self) -> Tensor {
        self.unary(&COS)
    }

    /// d tan x = 1 + tan² x
    #[track_caller]
    pub fn tan(&self) -> Tensor {
        self.unary(&TAN)
    }

    /// d eˣ = eˣ
    #[track_caller]
    pub fn exp(&self) -> Tensor {
        self.unary(&EXP)
    }

    /// d ln x = 1/x
    #[track_caller]
    pub fn ln(&self) -> Tensor {
        self.unary(&LN)
    }

    /// d √x = 1/(2√x)
    #[track_caller]
    pub fn sqrt(&self) -> Tensor {
        self.unary(&SQRT)
    }

    /// d tanh x = 1 − tanh² x
    #[track_caller]
    pub fn tanh(&self) -> Tensor {
        self.unary(&TANH)
    }

    /// d |x| = sign x, and 0 at the kink
    #[track_caller]
    pub fn abs(&self) -> Tensor {
        self.unary(&ABS)
    }

    /// max(x, 0); d relu = 1 where x > 0, else 0
    #[track_caller]
    pub fn relu(&self) -> Tensor {
        self.unary(&RELU)
    }

    /// σ(x) = 1/(1 + e⁻ˣ); d σ = σ(1 − σ)
    #[track_caller]
    pub fn sigmoid(&self) -> Tensor {
        self.unary(&SIGMOID)
    }

    /// Each number to the power n: d xⁿ = n·xⁿ⁻¹
    #[track_caller]
    pub fn powi(&self, n: i32) -> Tensor {
        self.power("powi", move |x| x.powi(n), move |x| rules::d_powi(x, n))
    }

    /// Each number to the power p: d xᵖ = p·xᵖ⁻¹
    #[track_caller]
    pub fn powf(&self, p: f64) -> Tensor {
        self.power("powf", move |x| x.powf(p), move |x| rules::d_powf(x, p))
    }

    #[track_caller]
    fn unary(&self, op: &'static Unary) -> Tensor {
        let result = Tensor::plain(self.array().map(op.f));
        expect(Tensor::record(op.name, &[self], result, |result, _| {
            let saved = Saved::of(if op.saves == Saves::Value { result } else { self }, op.name);
            let derivative = op.derivative;
            Box::new(move |g| Ok(vec![Some(g.zip(&saved.get()?, |g, s| g * derivative(s)))]))
        }))
    }

    #[track_caller]
    fn power(&self, op: &'static str, f: impl Fn(f64) -> f64, derivative: impl Fn(f64) -> f64 + 'static) -> Tensor {
        let result = Tensor::plain(self.array().map(f));
        expect(Tensor::record(op, &[self], result, |_, _| {
            let saved = Saved::of(self, op);
            Box::new(move |g| Ok(vec![Some(g.zip(&saved.get()?, |g, x| g * derivative(x)))]))
        }))
    }
}

/// A function of two numbers.
pub struct Binary {
    pub name: &'static str,
    pub f: fn(f64, f64) -> f64,
    rule: fn(&Tensor, &Tensor, &[bool]) -> Rule,
}

/// ∂(a + b) = (g, g)
pub const ADD: Binary =
    Binary { name: "add", f: |a, b| a + b, rule: |_, _, _| Box::new(|g| Ok(vec![Some(g.clone()), Some(g.clone())])) };

/// ∂(a − b) = (g, −g)
pub const SUB: Binary = Binary {
    name: "sub",
    f: |a, b| a - b,
    rule: |_, _, _| Box::new(|g| Ok(vec![Some(g.clone()), Some(g.map(|g| -g))])),
};

/// ∂(a·b) = (g·b, g·a)
pub const MUL: Binary = Binary {
    name: "mul",
    f: |a, b| a * b,
    rule: |a, b, wanted| {
        // Each is kept only if the other's gradient is wanted.
        let b = wanted[0].then(|| Saved::of(b, "mul"));
        let a = wanted[1].then(|| Saved::of(a, "mul"));
        Box::new(move |g| Ok(vec![times(g, &b)?, times(g, &a)?]))
    },
};

/// ∂(a/b) = (g/b, −g·a/b²)
pub const DIV: Binary = Binary {
    name: "div",
    f: |a, b| a / b,
    rule: |a, b, wanted| {
        let b = Saved::of(b, "div");
        let a = wanted[1].then(|| Saved::of(a, "div"));
        Box::new(move |g| {
            let b = b.get()?;
            let by_a = g.zip(&b, |g, b| g / b);
            let by_b = match &a {
                Some(a) => Some(by_a.zip(&a.get()?, |g, a| g * a).zip(&b, |ga, b| -ga / b)),
                None => None,
            };
            Ok(vec![Some(by_a), by_b])
        })
    },
};

fn times(g: &Array, saved: &Option<Saved>) -> Result<Option<Array>, Error> {
    match saved {
        Some(saved) => Ok(Some(g.zip(&saved.get()?, |g, s| g * s))),
        None => Ok(None),
    }
}

impl Binary {
    /// Element by element, with broadcasting.
    pub fn apply(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
        self.check(a, b)?;
        let result = Tensor::plain(a.array().zip(&b.array(), self.f));
        Tensor::record(self.name, &[a, b], result, |_, wanted| (self.rule)(a, b, wanted))
    }

    /// The rule for given operands; in-place operations record it for themselves.
    pub fn rule(&self, a: &Tensor, b: &Tensor, wanted: &[bool]) -> Rule {
        (self.rule)(a, b, wanted)
    }

    fn check(&self, a: &Tensor, b: &Tensor) -> Result<(), Error> {
        let (left, right) = (a.shape(), b.shape());
        match array::broadcast(&left, &right) {
            Some(_) => Ok(()),
            None => Err(Error::Shapes { op: self.name, left, right }),
        }
    }
}

impl Tensor {
    /// `self + other` with a `Result`.
    pub fn try_add(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        ADD.apply(self, &other.into())
    }

    /// `self - other` with a `Result`.
    pub fn try_sub(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        SUB.apply(self, &other.into())
    }

    /// `self * other` with a `Result`.
    pub fn try_mul(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        MUL.apply(self, &other.into())
    }

    /// `self / other` with a `Result`.
    pub fn try_div(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        DIV.apply(self, &other.into())
    }
}
