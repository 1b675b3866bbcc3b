//! Functions of each number, and their derivatives.

use super::data::{Node, Pullback, Rule, Tensor};
use super::exponentials::{exponentials, sigmoids, tangents};
use super::graph::{Recorder, is_recording};
use super::many::{MANY, OfMany};
use super::sines::{cosines, minus_sines, sines};
use crate::error::{Error, expect};
use crate::rules::{self, Real};
use crate::scalar::Scalar;

/// So many numbers are computed at a time where a function is of many.
const PART: usize = 512;

/// A function of one number. Its derivative is computed from what it keeps: its argument or its value. It stands here twice,
/// the same rule for numbers, which is fast, and for tensors, which can be differentiated again.
struct Unary {
    name: &'static str,
    f: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    recorded: fn(Tensor) -> Tensor,
    keeps: Keeps,
    /// Function and derivative of many numbers, where that is faster than one by one.
    of_many: Option<[OfMany; 2]>,
}

#[derive(Clone, Copy, PartialEq)]
enum Keeps {
    Argument,
    Value,
    Nothing,
}

const fn unary(
    name: &'static str,
    f: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    recorded: fn(Tensor) -> Tensor,
    keeps: Keeps,
) -> Unary {
    Unary { name, f, derivative, recorded, keeps, of_many: None }
}

const fn of_many(unary: Unary, of_many: [OfMany; 2]) -> Unary {
    Unary { of_many: Some(of_many), ..unary }
}

use Keeps::{Argument, Nothing, Value};

impl Recorder<'_> {
    fn keep_what(&mut self, keeps: Keeps) {
        match keeps {
            Argument => self.keep(0),
            Value => self.keep_result(),
            Nothing => {}
        }
    }
}

impl Pullback for Unary {
    fn pull_back(&self, g: &Tensor, node: &Node) -> Result<Tensor, Error> {
        let kept = match self.keeps {
            Argument => node.input(0)?,
            Value => node.result()?,
            Nothing => return Ok(g * 0.0),
        };
        Ok(match self.of_many {
            _ if is_recording() => g * (self.recorded)(kept),
            Some([_, derivative]) if kept.numel() >= MANY => g.times_in_parts(&kept, derivative),
            _ => g.zip(&kept, |g, kept| g * (self.derivative)(kept)),
        })
    }
}

static SIN: Unary = of_many(unary("sin", f64::sin, rules::d_sin, rules::d_sin, Argument), [sines, cosines]);
static COS: Unary = of_many(unary("cos", f64::cos, rules::d_cos, rules::d_cos, Argument), [cosines, minus_sines]);
static TAN: Unary = unary("tan", f64::tan, rules::d_tan, rules::d_tan, Value);
static ASIN: Unary = unary("asin", f64::asin, rules::d_asin, rules::d_asin, Argument);
static ACOS: Unary = unary("acos", f64::acos, rules::d_acos, rules::d_acos, Argument);
static ATAN: Unary = unary("atan", f64::atan, rules::d_atan, rules::d_atan, Argument);
static SINH: Unary = unary("sinh", f64::sinh, rules::d_sinh, rules::d_sinh, Argument);
static COSH: Unary = unary("cosh", f64::cosh, rules::d_cosh, rules::d_cosh, Argument);
static TANH: Unary = of_many(
    unary("tanh", f64::tanh, rules::d_tanh, rules::d_tanh, Value),
    [tangents, |y| y.iter_mut().for_each(|y| *y = rules::d_tanh(*y))],
);
static ASINH: Unary = unary("asinh", Scalar::asinh, rules::d_asinh, rules::d_asinh, Argument);
static ACOSH: Unary = unary("acosh", Scalar::acosh, rules::d_acosh, rules::d_acosh, Argument);
static ATANH: Unary = unary("atanh", Scalar::atanh, rules::d_atanh, rules::d_atanh, Argument);
static EXP: Unary = of_many(unary("exp", f64::exp, rules::d_exp, rules::d_exp, Value), [exponentials, |_| ()]);
static EXP2: Unary = unary("exp2", f64::exp2, rules::d_exp2, rules::d_exp2, Value);
static EXP_M1: Unary = unary("exp_m1", f64::exp_m1, rules::d_exp_m1, rules::d_exp_m1, Argument);
static LN: Unary = unary("ln", f64::ln, rules::d_ln, rules::d_ln, Argument);
static LOG2: Unary = unary("log2", f64::log2, rules::d_log2, rules::d_log2, Argument);
static LOG10: Unary = unary("log10", f64::log10, rules::d_log10, rules::d_log10, Argument);
static LN_1P: Unary = unary("ln_1p", f64::ln_1p, rules::d_ln_1p, rules::d_ln_1p, Argument);
static SQRT: Unary = unary("sqrt", f64::sqrt, rules::d_sqrt, rules::d_sqrt, Value);
static CBRT: Unary = unary("cbrt", f64::cbrt, rules::d_cbrt, rules::d_cbrt, Value);
static RECIP: Unary = unary("recip", f64::recip, rules::d_recip, rules::d_recip, Value);
static ABS: Unary = unary("abs", f64::abs, rules::d_abs, rules::d_abs, Argument);
static SIGN: Unary = unary("sign", Real::sign, rules::d_step, rules::d_step, Nothing);
static FLOOR: Unary = unary("floor", f64::floor, rules::d_step, rules::d_step, Nothing);
static SIGMOID: Unary = of_many(
    unary("sigmoid", Scalar::sigmoid, rules::d_sigmoid, rules::d_sigmoid, Value),
    [sigmoids, |y| y.iter_mut().for_each(|y| *y = rules::d_sigmoid(*y))],
);
static SOFTPLUS: Unary = unary("softplus", Scalar::softplus, rules::d_softplus, rules::d_softplus, Argument);
/// For the rules of other functions.
static ONE_MINUS_SQUARE: Unary =
    unary("one_minus_square", Scalar::one_minus_square, |x| x * -2.0, |x| x * -2.0, Argument);
static ERF: Unary = unary("erf", Scalar::erf, rules::d_erf, rules::d_erf, Argument);

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

    /// d asin x = 1/√(1 − x²); NaN outside of [−1, 1]
    #[track_caller]
    pub fn asin(&self) -> Tensor {
        self.unary(&ASIN)
    }

    /// d acos x = −1/√(1 − x²); NaN outside of [−1, 1]
    #[track_caller]
    pub fn acos(&self) -> Tensor {
        self.unary(&ACOS)
    }

    /// d atan x = 1/(1 + x²)
    #[track_caller]
    pub fn atan(&self) -> Tensor {
        self.unary(&ATAN)
    }

    /// d sinh x = cosh x
    #[track_caller]
    pub fn sinh(&self) -> Tensor {
        self.unary(&SINH)
    }

    /// d cosh x = sinh x
    #[track_caller]
    pub fn cosh(&self) -> Tensor {
        self.unary(&COSH)
    }

    /// d tanh x = 1 − tanh² x
    #[track_caller]
    pub fn tanh(&self) -> Tensor {
        self.unary(&TANH)
    }

    /// d asinh x = 1/√(x² + 1)
    #[track_caller]
    pub fn asinh(&self) -> Tensor {
        self.unary(&ASINH)
    }

    /// d acosh x = 1/√(x² − 1); NaN below 1
    #[track_caller]
    pub fn acosh(&self) -> Tensor {
        self.unary(&ACOSH)
    }

    /// d atanh x = 1/(1 − x²); NaN outside of [−1, 1]
    #[track_caller]
    pub fn atanh(&self) -> Tensor {
        self.unary(&ATANH)
    }

    /// d eˣ = eˣ
    #[track_caller]
    pub fn exp(&self) -> Tensor {
        self.unary(&EXP)
    }

    /// d 2ˣ = 2ˣ·ln 2
    #[track_caller]
    pub fn exp2(&self) -> Tensor {
        self.unary(&EXP2)
    }

    /// eˣ − 1, exact for small x; d (eˣ − 1) = eˣ
    #[track_caller]
    pub fn exp_m1(&self) -> Tensor {
        self.unary(&EXP_M1)
    }

    /// The natural logarithm: d ln x = 1/x, ∞ at 0; NaN below 0
    #[track_caller]
    pub fn ln(&self) -> Tensor {
        self.unary(&LN)
    }

    /// d log₂ x = 1/(x·ln 2)
    #[track_caller]
    pub fn log2(&self) -> Tensor {
        self.unary(&LOG2)
    }

    /// d log₁₀ x = 1/(x·ln 10)
    #[track_caller]
    pub fn log10(&self) -> Tensor {
        self.unary(&LOG10)
    }

    /// ln(1 + x), exact for small x; d ln(1 + x) = 1/(1 + x)
    #[track_caller]
    pub fn ln_1p(&self) -> Tensor {
        self.unary(&LN_1P)
    }

    /// d √x = 1/(2√x), ∞ at 0; NaN below 0
    #[track_caller]
    pub fn sqrt(&self) -> Tensor {
        self.unary(&SQRT)
    }

    /// d ∛x = 1/(3∛x²), ∞ at 0
    #[track_caller]
    pub fn cbrt(&self) -> Tensor {
        self.unary(&CBRT)
    }

    /// 1/x; d (1/x) = −1/x²
    #[track_caller]
    pub fn recip(&self) -> Tensor {
        self.unary(&RECIP)
    }

    /// d |x| = sign x, and 0 at the kink; d² |x| = 0, there as well
    #[track_caller]
    pub fn abs(&self) -> Tensor {
        self.unary(&ABS)
    }

    /// −1, 0 or 1, as x is; d sign x = 0
    #[track_caller]
    pub fn sign(&self) -> Tensor {
        self.unary(&SIGN)
    }

    /// The greatest whole number that is not above x; d ⌊x⌋ = 0
    #[track_caller]
    pub fn floor(&self) -> Tensor {
        self.unary(&FLOOR)
    }

    /// max(x, 0); d relu = 1 where x > 0, else 0
    #[track_caller]
    pub fn relu(&self) -> Tensor {
        self.looped("relu", Value, Scalar::relu, rules::d_relu, rules::d_relu)
    }

    /// σ(x) = 1/(1 + e⁻ˣ); d σ = σ(1 − σ)
    #[track_caller]
    pub fn sigmoid(&self) -> Tensor {
        self.unary(&SIGMOID)
    }

    /// ln(1 + eˣ), a smooth relu, without overflow; d softplus = σ(x)
    #[track_caller]
    pub fn softplus(&self) -> Tensor {
        self.unary(&SOFTPLUS)
    }

    /// The error function 2/√π·∫₀ˣ e^(−t²) dt; d erf x = 2/√π·e^(−x²)
    #[track_caller]
    pub fn erf(&self) -> Tensor {
        self.unary(&ERF)
    }

    /// Each number to the power n: d xⁿ = n·xⁿ⁻¹, and 0 for n = 0
    #[track_caller]
    pub fn powi(&self, n: i32) -> Tensor {
        if n == 2 {
            // What it is most, and several times as fast.
            return self.looped("powi", Argument, |x| x * x, |x| x * 2.0, |x| rules::d_powi(x, 2));
        }
        self.looped("powi", Argument, |x| x.powi(n), move |x| rules::d_powi(x, n), move |x| rules::d_powi(x, n))
    }

    /// Each number to the power p: d xᵖ = p·xᵖ⁻¹, and 0 for p = 0
    #[track_caller]
    pub fn powf(&self, p: f64) -> Tensor {
        self.looped("powf", Argument, |x| x.powf(p), move |x| rules::d_powf(x, p), move |x| rules::d_powf(x, p))
    }

    /// x²; d x² = 2x
    #[track_caller]
    pub fn square(&self) -> Tensor {
        self.powi(2)
    }

    pub(super) fn one_minus_square(&self) -> Tensor {
        self.unary(&ONE_MINUS_SQUARE)
    }

    /// eˣ of each number, without history.
    pub(super) fn exponentials(&self) -> Tensor {
        if self.numel() >= MANY { self.in_parts(|part, _| exponentials(part)) } else { self.map(f64::exp) }
    }

    #[track_caller]
    fn unary(&self, op: &'static Unary) -> Tensor {
        let value = match op.of_many {
            Some([f, _]) if self.numel() >= MANY => self.in_parts(|part, _| f(part)),
            _ => self.map(op.f),
        };
        expect(Tensor::record(op.name, &[self], value, |recorder| {
            recorder.keep_what(op.keeps);
            Rule::Of(op)
        }))
    }

    /// A function whose loops are its own: one that takes no longer than a call does, or that has an exponent.
    #[track_caller]
    fn looped(
        &self,
        op: &'static str,
        keeps: Keeps,
        f: impl Fn(f64) -> f64,
        derivative: impl Fn(f64) -> f64 + 'static,
        recorded: impl Fn(Tensor) -> Tensor + 'static,
    ) -> Tensor {
        let by_kept = move |g: &Tensor, kept: Tensor| match is_recording() {
            true => g * recorded(kept),
            false => g.zip(&kept, |g, kept| g * derivative(kept)),
        };
        expect(Tensor::record(op, &[self], self.map(f), |recorder| {
            recorder.keep_what(keeps);
            match keeps {
                Value => Rule::of_one(move |g, node| Ok(by_kept(g, node.result()?))),
                _ => Rule::of_one(move |g, node| Ok(by_kept(g, node.input(0)?))),
            }
        }))
    }

    /// A function of many numbers, and of where the first of them stands, without history. Each part is computed while it is
    /// in the cache.
    fn in_parts(&self, mut f: impl FnMut(&mut [f64], usize)) -> Tensor {
        let own = self.numbers();
        Tensor::begun(self.sizes(), own.len(), |numbers| {
            for part in own.chunks(PART) {
                let start = numbers.len();
                numbers.extend_from_slice(part);
                f(&mut numbers[start..], start);
            }
        })
    }

    /// A gradient times a function of what was kept, which has the same shape.
    fn times_in_parts(&self, kept: &Tensor, f: OfMany) -> Tensor {
        if let Some(g) = self.one_number_for(kept) {
            return kept.in_parts(|part, _| {
                f(part);
                part.iter_mut().for_each(|x| *x *= g);
            });
        }
        let gradient = self.numbers();
        kept.in_parts(|part, start| {
            f(part);
            part.iter_mut().zip(&gradient[start..]).for_each(|(x, g)| *x *= g);
        })
    }

    /// A function of each number, without history.
    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Tensor {
        let layout = &self.inner.layout;
        if let Some(x) = self.one_number() {
            return Tensor::collect(&layout.shape, std::iter::repeat_n(f(x), layout.count()));
        }
        Tensor::collect(&layout.shape, self.numbers().iter().map(|&x| f(x)))
    }
}
