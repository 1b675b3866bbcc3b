//! Reverse mode: numbers that write down what is done with them.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Index, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::rules;
use crate::scalar::Scalar;
use crate::tape::{NONE, Node, Op, Slot};

/// A number on a [`Tape`](crate::Tape): a value, and where the record says how it came about.
///
/// It is a plain copy without a lifetime, so that formulas read as they should, and a notebook can keep it. Made by
/// [`Tape::var`](crate::Tape::var); a `Var` made from a plain number is a constant, and belongs to no tape.
#[derive(Clone, Copy)]
pub struct Var {
    pub(crate) tape: Option<&'static Slot>,
    pub(crate) generation: u64,
    pub(crate) index: u32,
    pub(crate) value: f64,
}

impl Var {
    fn constant(value: f64) -> Var {
        Var { tape: None, generation: 0, index: NONE, value }
    }

    /// The derivatives of this result by everything that it was computed from, in one pass backwards over the tape.
    ///
    /// # Panics
    /// If this is a constant, or its tape was cleared or dropped.
    #[track_caller]
    pub fn backward(self) -> Gradient {
        self.backward_with(1.0)
    }

    /// Like [`backward`](Var::backward), with another seed than 1: every derivative is multiplied by it.
    #[track_caller]
    pub fn backward_with(self, seed: f64) -> Gradient {
        let Some(slot) = self.tape else {
            panic!("this is a constant: nothing was recorded that it depends on; make the inputs with tape.var(…)");
        };
        self.check();
        let nodes = slot.nodes.borrow();
        let end = self.index as usize;
        let mut adjoints = vec![0.0; end + 1];
        // What the result does not depend on is left out: an infinite slope there would make NaN of 0·∞.
        let mut reached = vec![false; end + 1];
        adjoints[end] = seed;
        reached[end] = true;
        for (index, node) in nodes.iter().enumerate().take(end + 1).rev() {
            if !reached[index] {
                continue;
            }
            let adjoint = adjoints[index];
            for (input, partial) in node.inputs.into_iter().zip(node.partials) {
                if input != NONE {
                    adjoints[input as usize] += adjoint * partial;
                    reached[input as usize] = true;
                }
            }
        }
        Gradient { tape: slot, generation: self.generation, adjoints }
    }

    /// Refuses a variable whose tape is no more.
    #[inline]
    #[track_caller]
    fn check(self) {
        if let Some(slot) = self.tape {
            assert!(
                slot.generation.get() == self.generation,
                "this variable's tape was cleared or dropped: make the tape and its variables again, and keep the tape \
                 in a variable of its own as long as they are used"
            );
        }
    }

    /// Records a function of one variable.
    #[inline]
    #[track_caller]
    fn unary(self, op: Op, value: f64, partial: f64) -> Var {
        self.check();
        match self.tape {
            None => Var::constant(value),
            Some(slot) => {
                let node = Node { op, inputs: [self.index, NONE], partials: [partial, 0.0], value };
                slot.push(node, self.generation)
            }
        }
    }

    /// Records a function of two, of which either may be a constant.
    #[inline]
    #[track_caller]
    fn binary(self, other: Var, op: Op, value: f64, partials: [f64; 2]) -> Var {
        self.check();
        other.check();
        let (slot, generation) = match (self.tape, other.tape) {
            (None, None) => return Var::constant(value),
            (Some(a), Some(b)) => {
                assert!(
                    std::ptr::eq(a, b),
                    "these two variables are on different tapes: make both with the same tape.var(…)"
                );
                (a, self.generation)
            }
            (Some(a), None) => (a, self.generation),
            (None, Some(b)) => (b, other.generation),
        };
        let operands = [self, other];
        let keep = |i: usize| if operands[i].tape.is_none() { operands[i].value } else { partials[i] };
        let node = Node { op, inputs: [self.index, other.index], partials: [keep(0), keep(1)], value };
        slot.push(node, generation)
    }
}

impl Scalar for Var {
    #[inline]
    fn value(self) -> f64 {
        self.value
    }

    #[inline]
    #[track_caller]
    fn sin(self) -> Var {
        self.unary(Op::Sin, self.value.sin(), rules::d_sin(self.value))
    }

    #[inline]
    #[track_caller]
    fn cos(self) -> Var {
        self.unary(Op::Cos, self.value.cos(), rules::d_cos(self.value))
    }

    #[inline]
    #[track_caller]
    fn tan(self) -> Var {
        let y = self.value.tan();
        self.unary(Op::Tan, y, rules::d_tan(y))
    }

    #[inline]
    #[track_caller]
    fn exp(self) -> Var {
        let y = self.value.exp();
        self.unary(Op::Exp, y, rules::d_exp(y))
    }

    #[inline]
    #[track_caller]
    fn ln(self) -> Var {
        self.unary(Op::Ln, self.value.ln(), rules::d_ln(self.value))
    }

    #[inline]
    #[track_caller]
    fn sqrt(self) -> Var {
        let y = self.value.sqrt();
        self.unary(Op::Sqrt, y, rules::d_sqrt(y))
    }

    #[inline]
    #[track_caller]
    fn tanh(self) -> Var {
        let y = self.value.tanh();
        self.unary(Op::Tanh, y, rules::d_tanh(y))
    }

    #[inline]
    #[track_caller]
    fn abs(self) -> Var {
        self.unary(Op::Abs, self.value.abs(), rules::d_abs(self.value))
    }

    #[inline]
    #[track_caller]
    fn relu(self) -> Var {
        let y = rules::relu(self.value);
        self.unary(Op::Relu, y, rules::d_relu(y))
    }

    #[inline]
    #[track_caller]
    fn sigmoid(self) -> Var {
        let y = rules::sigmoid(self.value);
        self.unary(Op::Sigmoid, y, rules::d_sigmoid(y))
    }

    #[inline]
    #[track_caller]
    fn powi(self, n: i32) -> Var {
        let exponent = Var::constant(f64::from(n));
        self.binary(exponent, Op::Pow, self.value.powi(n), [rules::d_powi(self.value, n), 0.0])
    }

    #[inline]
    #[track_caller]
    fn powf(self, p: f64) -> Var {
        self.binary(Var::constant(p), Op::Pow, self.value.powf(p), [rules::d_powf(self.value, p), 0.0])
    }

    #[inline]
    #[track_caller]
    fn pow(self, exponent: Var) -> Var {
        let (a, b) = (self.value, exponent.value);
        let y = a.powf(b);
        self.binary(exponent, Op::Pow, y, [rules::d_powf(a, b), rules::d_pow_exponent(a, b, y)])
    }
}

/// ∂(a + b) = (1, 1)
impl Add for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn add(self, other: Var) -> Var {
        self.binary(other, Op::Add, self.value + other.value, [1.0, 1.0])
    }
}

/// ∂(a − b) = (1, −1)
impl Sub for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn sub(self, other: Var) -> Var {
        self.binary(other, Op::Sub, self.value - other.value, [1.0, -1.0])
    }
}

/// ∂(a·b) = (b, a)
impl Mul for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn mul(self, other: Var) -> Var {
        self.binary(other, Op::Mul, self.value * other.value, [other.value, self.value])
    }
}

/// ∂(a/b) = (1/b, −a/b²)
impl Div for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn div(self, other: Var) -> Var {
        let value = self.value / other.value;
        self.binary(other, Op::Div, value, [1.0 / other.value, -value / other.value])
    }
}

impl Neg for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn neg(self) -> Var {
        self.unary(Op::Neg, -self.value, -1.0)
    }
}

// Plain numbers on either side are constants.

impl Add<f64> for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn add(self, other: f64) -> Var {
        self + Var::constant(other)
    }
}

impl Sub<f64> for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn sub(self, other: f64) -> Var {
        self - Var::constant(other)
    }
}

impl Mul<f64> for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn mul(self, other: f64) -> Var {
        self * Var::constant(other)
    }
}

impl Div<f64> for Var {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn div(self, other: f64) -> Var {
        self / Var::constant(other)
    }
}

impl Add<Var> for f64 {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn add(self, other: Var) -> Var {
        Var::constant(self) + other
    }
}

impl Sub<Var> for f64 {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn sub(self, other: Var) -> Var {
        Var::constant(self) - other
    }
}

impl Mul<Var> for f64 {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn mul(self, other: Var) -> Var {
        Var::constant(self) * other
    }
}

impl Div<Var> for f64 {
    type Output = Var;

    #[inline]
    #[track_caller]
    fn div(self, other: Var) -> Var {
        Var::constant(self) / other
    }
}

impl<T> AddAssign<T> for Var
where
    Var: Add<T, Output = Var>,
{
    #[inline]
    #[track_caller]
    fn add_assign(&mut self, other: T) {
        *self = *self + other;
    }
}

impl<T> SubAssign<T> for Var
where
    Var: Sub<T, Output = Var>,
{
    #[inline]
    #[track_caller]
    fn sub_assign(&mut self, other: T) {
        *self = *self - other;
    }
}

impl<T> MulAssign<T> for Var
where
    Var: Mul<T, Output = Var>,
{
    #[inline]
    #[track_caller]
    fn mul_assign(&mut self, other: T) {
        *self = *self * other;
    }
}

impl<T> DivAssign<T> for Var
where
    Var: Div<T, Output = Var>,
{
    #[inline]
    #[track_caller]
    fn div_assign(&mut self, other: T) {
        *self = *self / other;
    }
}

impl Sum for Var {
    fn sum<I: Iterator<Item = Var>>(numbers: I) -> Var {
        numbers.reduce(Var::add).unwrap_or(Var::constant(0.0))
    }
}

impl Product for Var {
    fn product<I: Iterator<Item = Var>>(numbers: I) -> Var {
        numbers.reduce(Var::mul).unwrap_or(Var::constant(1.0))
    }
}

/// A plain number is a constant.
impl From<f64> for Var {
    #[inline]
    fn from(value: f64) -> Var {
        Var::constant(value)
    }
}

impl PartialEq for Var {
    #[inline]
    fn eq(&self, other: &Var) -> bool {
        self.value == other.value
    }
}

impl PartialEq<f64> for Var {
    #[inline]
    fn eq(&self, other: &f64) -> bool {
        self.value == *other
    }
}

impl PartialOrd for Var {
    #[inline]
    fn partial_cmp(&self, other: &Var) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl PartialOrd<f64> for Var {
    #[inline]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.value.partial_cmp(other)
    }
}

impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}

/// The derivatives of one result by everything on its tape (the adjoints).
#[derive(Clone)]
pub struct Gradient {
    tape: &'static Slot,
    generation: u64,
    adjoints: Vec<f64>,
}

impl Gradient {
    /// The derivative with respect to `var`; 0 where the result does not depend on it.
    ///
    /// # Panics
    /// If `var` is a constant or on another tape.
    #[track_caller]
    pub fn wrt(&self, var: Var) -> f64 {
        self[var]
    }
}

/// `gradient[x]` is `gradient.wrt(x)`.
impl Index<Var> for Gradient {
    type Output = f64;

    #[track_caller]
    fn index(&self, var: Var) -> &f64 {
        let Some(slot) = var.tape else {
            panic!("a constant has no derivative: ask for that of a variable made with tape.var(…)");
        };
        assert!(
            std::ptr::eq(slot, self.tape) && var.generation == self.generation,
            "this variable is not on the tape of this gradient: it is of another tape, or the tape was cleared between"
        );
        // What was recorded after the result does not influence it.
        self.adjoints.get(var.index as usize).unwrap_or(&0.0)
    }
}

impl fmt::Debug for Gradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gradient").field(&self.adjoints).finish()
    }
}
