//! Forward mode with several derivatives at once.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::display;
use crate::operators::{comparisons, left_operators, number_operators};
use crate::record::Op;
use crate::rules::{self, term};
use crate::scalar::{Scalar, Slopes};

/// A number with its derivatives by N inputs: `a + b₁ε₁ + … + b_Nε_N` with all εᵢεⱼ = 0.
///
/// One run of a function gives its value and N derivatives. The elementary functions, which cost most, are computed once
/// and not N times, as with N runs on [`Dual`](crate::Dual)s.
///
/// ```
/// use adlab::{DualVec, Scalar};
///
/// let [x, y] = DualVec::variables([0.5, 4.2]);
/// let z = x * y + x.sin();
/// assert_eq!(z.value, 2.579425538604203);
/// assert_eq!(z.derivatives, [5.077582561890373, 0.5]);
/// assert_eq!(format!("{z:.2}"), "2.58 + 5.08ε₁ + 0.50ε₂");
/// ```
#[derive(Clone, Copy)]
pub struct DualVec<const N: usize, T = f64> {
    /// The number itself.
    pub value: T,
    /// Its derivatives by the inputs that were seeded.
    pub derivatives: [T; N],
}

impl<const N: usize> DualVec<N> {
    /// `value + Σ derivativesᵢ εᵢ`
    #[inline]
    pub const fn new(value: f64, derivatives: [f64; N]) -> DualVec<N> {
        DualVec { value, derivatives }
    }

    /// All inputs of a function, each seeded in its own place: the derivative of the i-th one is 1 in place i.
    #[inline]
    pub fn variables(values: [f64; N]) -> [DualVec<N>; N] {
        let mut variables = [DualVec::constant(0.0); N];
        for i in 0..N {
            variables[i].value = values[i];
            variables[i].derivatives[i] = 1.0;
        }
        variables
    }

    /// A number that does not depend on the inputs.
    #[inline]
    pub const fn constant(value: f64) -> DualVec<N> {
        DualVec { value, derivatives: [0.0; N] }
    }
}

impl<const N: usize, T: Scalar> DualVec<N, T> {
    /// The chain rule: a function's value at `self`, and its slope there times each derivative.
    #[inline]
    fn chain(self, value: T, slope: T) -> DualVec<N, T> {
        self.each(value, |derivative| slope.times(derivative))
    }

    /// The chain rule for two arguments: each slope times its argument's derivatives, and the sum of both. An argument
    /// whose derivative is 0 counts as a constant.
    #[inline]
    fn chain2(self, other: DualVec<N, T>, value: T, (by_self, by_other): (T, T)) -> DualVec<N, T> {
        self.zip(other, value, |a, b| term(by_self, a) + term(by_other, b))
    }

    /// A result with this value, whose derivatives come from those of one number. A loop is faster than `map`, and sooner
    /// compiled.
    #[inline]
    fn each(mut self, value: T, rule: impl Fn(T) -> T) -> DualVec<N, T> {
        for i in 0..N {
            self.derivatives[i] = rule(self.derivatives[i]);
        }
        DualVec { value, ..self }
    }

    /// The same from those of two numbers. Few stay in registers, many are taken several at a time.
    #[inline]
    fn zip(mut self, other: DualVec<N, T>, value: T, rule: impl Fn(T, T) -> T) -> DualVec<N, T> {
        if const { N <= 8 } {
            for i in 0..N {
                self.derivatives[i] = rule(self.derivatives[i], other.derivatives[i]);
            }
        } else {
            for (a, b) in self.derivatives.iter_mut().zip(&other.derivatives) {
                *a = rule(*a, *b);
            }
        }
        DualVec { value, ..self }
    }
}

/// The sum rule: (a + b)′ = a′ + b′
impl<const N: usize, T: Scalar> Add for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn add(self, other: DualVec<N, T>) -> DualVec<N, T> {
        self.zip(other, self.value + other.value, |a, b| a + b)
    }
}

/// (a − b)′ = a′ − b′
impl<const N: usize, T: Scalar> Sub for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn sub(self, other: DualVec<N, T>) -> DualVec<N, T> {
        self.zip(other, self.value - other.value, |a, b| a - b)
    }
}

/// The product rule: (a·b)′ = a′·b + a·b′
impl<const N: usize, T: Scalar> Mul for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    #[allow(clippy::suspicious_arithmetic_impl)] // The rule has other operators than the operation.
    fn mul(self, other: DualVec<N, T>) -> DualVec<N, T> {
        self.zip(other, self.value * other.value, |a, b| a * other.value + self.value * b)
    }
}

/// The quotient rule: (a/b)′ = (a′ − (a/b)·b′)/b
impl<const N: usize, T: Scalar> Div for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    #[allow(clippy::suspicious_arithmetic_impl)] // The rule has other operators than the operation.
    fn div(self, other: DualVec<N, T>) -> DualVec<N, T> {
        let value = self.value / other.value;
        self.zip(other, value, |a, b| (a - value * b).over(other.value))
    }
}

/// (−a)′ = −a′
impl<const N: usize, T: Scalar> Neg for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn neg(self) -> DualVec<N, T> {
        self.each(-self.value, |a| -a)
    }
}

// Plain numbers are constants: their derivatives are not 0 but absent.

/// (a + c)′ = a′
impl<const N: usize, T: Scalar> Add<f64> for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn add(self, constant: f64) -> DualVec<N, T> {
        DualVec { value: self.value + constant, ..self }
    }
}

/// (a − c)′ = a′
impl<const N: usize, T: Scalar> Sub<f64> for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn sub(self, constant: f64) -> DualVec<N, T> {
        DualVec { value: self.value - constant, ..self }
    }
}

/// (a·c)′ = a′·c
impl<const N: usize, T: Scalar> Mul<f64> for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn mul(self, constant: f64) -> DualVec<N, T> {
        self.each(self.value * constant, |a| a * constant)
    }
}

/// (a/c)′ = a′/c
impl<const N: usize, T: Scalar> Div<f64> for DualVec<N, T> {
    type Output = DualVec<N, T>;

    #[inline]
    fn div(self, constant: f64) -> DualVec<N, T> {
        self.each(self.value / constant, |a| a / constant)
    }
}

/// The elementary functions, as for [`Dual`](crate::Dual).
impl<const N: usize, T: Scalar> Scalar for DualVec<N, T> {
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }

    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.derivatives.iter().all(|derivative| derivative.is_zero())
    }

    #[inline]
    fn times(self, other: DualVec<N, T>) -> DualVec<N, T> {
        let value = self.value.times(other.value);
        self.zip(other, value, |a, b| term(other.value, a) + term(self.value, b))
    }

    type Value = T;
    type Slope = T;

    #[inline]
    fn by_argument(self, _: Op, f: fn(T) -> T, rule: fn(T) -> T) -> DualVec<N, T> {
        self.chain(f(self.value), rule(self.value))
    }

    #[inline]
    fn by_value(self, _: Op, f: fn(T) -> T, rule: fn(T) -> T) -> DualVec<N, T> {
        let y = f(self.value);
        self.chain(y, rule(y))
    }

    #[inline]
    fn by_constant<C: Copy>(self, constant: C, _: Op, f: fn(T, C) -> T, rule: fn(T, C) -> T) -> DualVec<N, T> {
        self.chain(f(self.value, constant), rule(self.value, constant))
    }

    #[inline]
    fn by_both(self, other: DualVec<N, T>, _: Op, f: fn(T, T) -> T, rules: Slopes<T>) -> DualVec<N, T> {
        let y = f(self.value, other.value);
        self.chain2(other, y, rules(self.value, other.value, y))
    }

    #[inline]
    fn atan2(self, x: DualVec<N, T>) -> DualVec<N, T> {
        let r = self.value.hypot(x.value);
        self.chain2(x, self.value.atan2(x.value), rules::d_atan2(self.value, x.value, r))
    }

    /// The value is rounded once, the derivative is that of a product and a sum.
    #[inline]
    fn mul_add(self, a: DualVec<N, T>, b: DualVec<N, T>) -> DualVec<N, T> {
        DualVec { value: self.value.mul_add(a.value, b.value), ..self * a + b }
    }
}

left_operators!([const N: usize, T: Scalar] DualVec<N, T>);
number_operators!([const N: usize, T: Scalar] DualVec<N, T>);
comparisons!([const N: usize, T: Scalar] DualVec<N, T>, |x| x.value);

/// A plain number is a constant.
impl<const N: usize, T: Scalar> From<f64> for DualVec<N, T> {
    #[inline]
    fn from(value: f64) -> DualVec<N, T> {
        DualVec { value: T::from(value), derivatives: [T::from(0.0); N] }
    }
}

/// `2.5 + 5.07ε₁ + 0.5ε₂`, in full, or with as many decimals as the format asks for.
impl<const N: usize, T: Scalar> fmt::Display for DualVec<N, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::first(f, &self.value)?;
        for (i, derivative) in self.derivatives.iter().enumerate() {
            display::term(f, derivative, &format!("ε{}", display::subscript(i + 1)))?;
        }
        Ok(())
    }
}
