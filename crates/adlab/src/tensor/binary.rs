//! Functions of two numbers, with broadcasting, and their derivatives.

use super::axes::Axes;
use super::buffers::Buffer;
use super::data::{Numbers, Rule, Tensor};
use super::graph::{Recorder, is_recording};
use super::layout;
use crate::error::{Error, expect};
use crate::rules;

/// A function of two numbers, and the rule that its record keeps. Those below are statics: of a constant, each crate that
/// has an operator's code would compile the loops again.
pub struct Binary {
    pub name: &'static str,
    /// The numbers alone. Each has a loop of its own, which the compiler can make fast.
    pub f: fn(&Tensor, &Tensor) -> Tensor,
    pub rule: fn(&mut Recorder) -> Rule,
}

/// ∂(a + b) = (g, g)
pub static ADD: Binary = Binary {
    name: "add",
    f: |a, b| a.zip(b, |a, b| a + b),
    rule: |_| Rule::map(|g, _| Ok([Some(g.clone()), Some(g.clone())].into())),
};

/// ∂(a − b) = (g, −g)
pub static SUB: Binary = Binary {
    name: "sub",
    f: |a, b| a.zip(b, |a, b| a - b),
    rule: |_| Rule::map(|g, _| Ok([Some(g.clone()), Some(-g)].into())),
};

/// ∂(a·b) = (g·b, g·a)
pub static MUL: Binary = Binary {
    name: "mul",
    f: |a, b| a.zip(b, |a, b| a * b),
    rule: |recorder| {
        recorder.keep_for(0, 1);
        recorder.keep_for(1, 0);
        Rule::map(|g, node| {
            let by_a = node.wanted(0, || Ok(g * node.input(1)?))?;
            let by_b = node.wanted(1, || Ok(g * node.input(0)?))?;
            Ok([by_a, by_b].into())
        })
    },
};

/// ∂(a/b) = (g/b, −g·a/b²)
pub static DIV: Binary = Binary {
    name: "div",
    f: |a, b| a.zip(b, |a, b| a / b),
    rule: |recorder| {
        recorder.keep(1);
        recorder.keep_for(1, 0);
        Rule::map(|g, node| {
            let b = node.input(1)?;
            let by_a = g / &b;
            let by_b = node.wanted(1, || Ok(-(&by_a * node.input(0)? / &b)))?;
            Ok([Some(by_a), by_b].into())
        })
    },
};

/// ∂(aᵇ) = (g·b·aᵇ⁻¹, g·aᵇ·ln a); 0 by a where b = 0 even if a⁻¹ is infinite, and 0 by b where a = 0 and b ≥ 0.
static POW: Binary = Binary {
    name: "pow",
    f: |a, b| a.zip(b, f64::powf),
    rule: |recorder| {
        recorder.keep(0);
        recorder.keep(1);
        recorder.keep_result();
        Rule::map(|g, node| {
            let (a, b, y) = (node.input(0)?, node.input(1)?, node.result()?);
            let by_a = node.wanted(0, || {
                let power = a.pow(&b - 1.0);
                let no_slope = b.equal(0.0) * power.map(|x| f64::from(u8::from(!x.is_finite())));
                Ok(Tensor::where_(&no_slope, 0.0, g * (&b * power)))
            })?;
            let by_b = node.wanted(1, || {
                let base_is_zero = a.equal(0.0) * b.greater_equal(0.0);
                Ok(Tensor::where_(&base_is_zero, 0.0, g * (y * a.ln())))
            })?;
            Ok([by_a, by_b].into())
        })
    },
};

/// The partial derivatives of a function of a and b, from these and its value y.
type Partials = fn(Tensor, Tensor, Tensor) -> (Tensor, Tensor);

fn by_partials(recorder: &mut Recorder, partials: Partials) -> Rule {
    recorder.keep(0);
    recorder.keep(1);
    recorder.keep_result();
    Rule::map(move |g, node| {
        let (by_a, by_b) = partials(node.input(0)?, node.input(1)?, node.result()?);
        Ok([Some(g * by_a), Some(g * by_b)].into())
    })
}

/// Towards b it is 1 where b was taken, ½ on a tie.
static MAXIMUM: Binary =
    Binary { name: "maximum", f: |a, b| a.zip(b, maximum), rule: |recorder| by_partials(recorder, rules::d_choice) };

static MINIMUM: Binary = Binary {
    name: "minimum",
    f: |a, b| a.zip(b, |a, b| -maximum(-a, -b)),
    rule: |recorder| by_partials(recorder, rules::d_choice),
};

static ATAN2: Binary = Binary {
    name: "atan2",
    f: |a, b| a.zip(b, f64::atan2),
    rule: |recorder| {
        by_partials(recorder, |y, x, _| {
            let r = y.hypot(&x);
            // Dividing twice, r² does not overflow.
            (x.direction(&r).direction(&r), -y.direction(&r).direction(&r))
        })
    },
};

static HYPOT: Binary = Binary {
    name: "hypot",
    f: |a, b| a.zip(b, f64::hypot),
    rule: |recorder| by_partials(recorder, |x, y, r| (x.direction(&r), y.direction(&r))),
};

/// NaN where one of them is.
fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

impl Binary {
    /// Number by number, with broadcasting.
    pub fn apply(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
        let (left, right) = (&a.inner.layout.shape, &b.inner.layout.shape);
        if left != right && layout::broadcast(left, right).is_none() {
            return Err(Error::Shapes { op: self.name, left: left.to_vec(), right: right.to_vec() });
        }
        Tensor::record(self.name, &[a, b], (self.f)(a, b), self.rule)
    }

    /// The same, or a panic. All of it is compiled with this crate, and nothing in who calls an operator.
    #[track_caller]
    pub fn of(&self, a: &Tensor, b: &Tensor) -> Tensor {
        expect(self.apply(a, b))
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

    /// aᵇ, where both may vary: ∂/∂a = b·aᵇ⁻¹, and 0 where b = 0; ∂/∂b = aᵇ·ln a, and 0 where a = 0 and b ≥ 0.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn pow(&self, exponent: impl Into<Tensor>) -> Tensor {
        expect(self.try_pow(exponent))
    }

    /// [`pow`](Tensor::pow) with a `Result`.
    pub fn try_pow(&self, exponent: impl Into<Tensor>) -> Result<Tensor, Error> {
        POW.apply(self, &exponent.into())
    }

    /// The greater of two, number by number; NaN where one of them is. The gradient goes to the one that was taken, half to
    /// each on a tie.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn maximum(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_maximum(other))
    }

    /// [`maximum`](Tensor::maximum) with a `Result`.
    pub fn try_maximum(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        MAXIMUM.apply(self, &other.into())
    }

    /// The smaller of two, number by number, like [`maximum`](Tensor::maximum).
    #[track_caller]
    pub fn minimum(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_minimum(other))
    }

    /// [`minimum`](Tensor::minimum) with a `Result`.
    pub fn try_minimum(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        MINIMUM.apply(self, &other.into())
    }

    /// The angle of the point (x, y), where this is y: in radians, from −π to π. ∂/∂y = x/(x² + y²), ∂/∂x = −y/(x² + y²). At
    /// the origin, both are 0, and the second derivatives NaN, as in PyTorch.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn atan2(&self, x: impl Into<Tensor>) -> Tensor {
        expect(self.try_atan2(x))
    }

    /// [`atan2`](Tensor::atan2) with a `Result`.
    pub fn try_atan2(&self, x: impl Into<Tensor>) -> Result<Tensor, Error> {
        ATAN2.apply(self, &x.into())
    }

    /// √(x² + y²) without overflow: ∂/∂x = x/√(x² + y²), and 0 at the origin. The second derivatives are NaN there, as it is
    /// the tip of a cone.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn hypot(&self, other: impl Into<Tensor>) -> Tensor {
        expect(self.try_hypot(other))
    }

    /// [`hypot`](Tensor::hypot) with a `Result`.
    pub fn try_hypot(&self, other: impl Into<Tensor>) -> Result<Tensor, Error> {
        HYPOT.apply(self, &other.into())
    }

    /// x/r, where r is a length that x is a part of: 0 where r is 0. There it jumps, and its derivatives are NaN.
    pub(super) fn direction(&self, r: &Tensor) -> Tensor {
        if !is_recording() {
            return self.zip(r, |x, r| if r == 0.0 { 0.0 } else { x / r });
        }
        let origin = r.equal(0.0);
        let direction = self / (r + &origin);
        if !origin.numbers().contains(&1.0) {
            return direction;
        }
        // √ has the slope ∞ at 0, and r the slope 0: their product is NaN. Elsewhere, nothing is added.
        direction + Tensor::where_(&origin, Tensor::where_(&origin, r, 1.0).sqrt(), 0.0)
    }

    /// A function of two numbers, with broadcasting and without history; the shapes are known to fit.
    pub(super) fn zip(&self, other: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
        let layout = &self.inner.layout;
        if *layout == other.inner.layout && layout.is_whole() {
            let (a, b) = (self.whole_numbers(), other.whole_numbers());
            return Tensor::collect(&layout.shape, a.iter().zip(b.iter()).map(|(&a, &b)| f(a, b)));
        }
        if let Some(b) = other.one_number_for(self) {
            return self.map(|a| f(a, b));
        }
        if let Some(a) = self.one_number_for(other) {
            return other.map(|b| f(a, b));
        }
        let shape = layout::broadcast(self.sizes(), other.sizes()).expect("shapes were checked");
        let (a, b) = (self.numbers_in(&shape), other.numbers_in(&shape));
        Tensor::collect(&shape, a.iter().zip(b.iter()).map(|(&a, &b)| f(a, b)))
    }

    /// The numbers, repeated to fill a shape.
    fn numbers_in(&self, shape: &Axes) -> Numbers<'_> {
        if self.sizes() == shape {
            return self.numbers();
        }
        Numbers::Copied(Buffer(self.inner.layout.expanded(shape).read(&self.inner.storage.borrow())))
    }

    /// Where each number of another tensor meets one and the same of this, and the result has the other's shape: that one.
    /// It is often so: the gradient of a sum, a constant.
    pub(super) fn one_number_for(&self, other: &Tensor) -> Option<f64> {
        let (own, others) = (&self.inner.layout, &other.inner.layout.shape);
        let fits = own.shape == *others || own.count() == 1 && own.shape.len() <= others.len();
        if fits { self.one_number() } else { None }
    }

    /// The number that is shown everywhere, if there is but one.
    pub(super) fn one_number(&self) -> Option<f64> {
        let layout = &self.inner.layout;
        layout.is_one_number().then(|| self.inner.storage.borrow()[layout.offset])
    }
}
