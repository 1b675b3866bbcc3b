//! Forward mode of higher order: numbers that carry their Taylor series along.
//!
//! All rests on two facts. Products of series are Cauchy products: those are here. And a function y of a series x has the
//! derivative y′ = rule·x′, by the chain rule, so that its series is the integral y = y₀ + ∫ rule·x′, with the same rules as
//! for first derivatives: that is in `chain.rs`.

mod chain;

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::display;
use crate::operators::{comparisons, left_operators, number_operators};
use crate::scalar::Scalar;

/// A truncated Taylor series `c₀ + c₁t + … + c_{N−1}t^{N−1}`: a value, and all derivatives up to order N − 1.
///
/// One run of a function on x + t gives f(x), f′(x), f″(x), …: the k-th derivative is k!·c_k. A product takes O(N²)
/// operations, a function O(N³), and a power with a varying exponent O(N⁴), where nesting [`Dual`](crate::Dual)s takes
/// O(2ᴺ).
///
/// ```
/// use adlab::{Scalar, Taylor};
///
/// let x = Taylor::<4>::variable(0.0);
/// assert_eq!(format!("{}", (x * 2.0).exp()), "1 + 2t + 2t² + 1.3333333333333333t³");
/// assert_eq!((x * 2.0).exp().derivatives(), [1.0, 2.0, 4.0, 8.0]);
/// ```
///
/// Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 13.
#[derive(Clone, Copy)]
pub struct Taylor<const N: usize> {
    /// c_k stands in place k.
    coefficients: [f64; N],
    /// How many of them are known. All are, but in the middle of a rule: the derivative of a series that is known up to
    /// tᵏ is known up to tᵏ⁻¹, and integrating it brings the lost one back.
    known: usize,
}

impl<const N: usize> Taylor<N> {
    /// The input that we differentiate by: `x + t`.
    pub fn variable(x: f64) -> Taylor<N> {
        let mut series = Taylor::constant(x);
        if N > 1 {
            series.coefficients[1] = 1.0;
        }
        series
    }

    /// A number that does not depend on the input.
    pub fn constant(value: f64) -> Taylor<N> {
        const { assert!(N > 0, "a Taylor series has at least one coefficient, its value") };
        let mut coefficients = [0.0; N];
        coefficients[0] = value;
        Taylor { coefficients, known: N }
    }

    /// The series with these coefficients.
    pub fn new(coefficients: [f64; N]) -> Taylor<N> {
        const { assert!(N > 0, "a Taylor series has at least one coefficient, its value") };
        Taylor { coefficients, known: N }
    }

    /// The coefficients c₀, c₁, …
    pub fn coefficients(self) -> [f64; N] {
        self.coefficients
    }

    /// The value and its derivatives: in place k the k-th derivative, k!·c_k.
    pub fn derivatives(self) -> [f64; N] {
        let mut factorial = 1.0;
        let mut derivatives = self.coefficients;
        for (k, derivative) in derivatives.iter_mut().enumerate().skip(1) {
            factorial *= k as f64;
            *derivative *= factorial;
        }
        derivatives
    }

    /// The first terms only.
    fn first(mut self, terms: usize) -> Taylor<N> {
        if terms < self.known {
            self.known = terms;
            self.coefficients[terms..].fill(0.0);
        }
        self
    }

    /// One term less.
    fn shorter(self) -> Taylor<N> {
        self.first(self.known.saturating_sub(1).max(1))
    }

    fn with_value(mut self, value: f64) -> Taylor<N> {
        self.coefficients[0] = value;
        self
    }

    /// A series of which nothing but the value is known yet.
    fn value_only(self, value: f64) -> Taylor<N> {
        self.with_value(value).first(1)
    }

    /// Term by term.
    fn zip(self, other: Taylor<N>, f: impl Fn(f64, f64) -> f64) -> Taylor<N> {
        let mut series = self.first(other.known);
        for k in 0..series.known {
            series.coefficients[k] = f(self.coefficients[k], other.coefficients[k]);
        }
        series
    }

    fn map(mut self, f: impl Fn(f64) -> f64) -> Taylor<N> {
        for coefficient in &mut self.coefficients[..self.known] {
            *coefficient = f(*coefficient);
        }
        self
    }
}

/// cₖ = aₖ + bₖ
impl<const N: usize> Add for Taylor<N> {
    type Output = Taylor<N>;

    fn add(self, other: Taylor<N>) -> Taylor<N> {
        self.zip(other, |a, b| a + b)
    }
}

/// cₖ = aₖ − bₖ
impl<const N: usize> Sub for Taylor<N> {
    type Output = Taylor<N>;

    fn sub(self, other: Taylor<N>) -> Taylor<N> {
        self.zip(other, |a, b| a - b)
    }
}

/// The Cauchy product: cₖ = Σ aⱼ·bₖ₋ⱼ
impl<const N: usize> Mul for Taylor<N> {
    type Output = Taylor<N>;

    fn mul(self, other: Taylor<N>) -> Taylor<N> {
        let (a, b) = (self.coefficients, other.coefficients);
        let mut product = self.first(other.known);
        for k in 0..product.known {
            product.coefficients[k] = (0..=k).map(|j| a[j] * b[k - j]).sum();
        }
        product
    }
}

/// The quotient q with q·b = a: qₖ = (aₖ − Σ qⱼ·bₖ₋ⱼ)/b₀, over j < k
impl<const N: usize> Div for Taylor<N> {
    type Output = Taylor<N>;

    fn div(self, other: Taylor<N>) -> Taylor<N> {
        let (a, b) = (self.coefficients, other.coefficients);
        let mut quotient = self.first(other.known);
        for k in 0..quotient.known {
            let before: f64 = (0..k).map(|j| quotient.coefficients[j] * b[k - j]).sum();
            quotient.coefficients[k] = (a[k] - before) / b[0];
        }
        quotient
    }
}

/// cₖ = −aₖ
impl<const N: usize> Neg for Taylor<N> {
    type Output = Taylor<N>;

    fn neg(self) -> Taylor<N> {
        self.map(|a| -a)
    }
}

// Plain numbers are constants.

impl<const N: usize> Add<f64> for Taylor<N> {
    type Output = Taylor<N>;

    fn add(self, constant: f64) -> Taylor<N> {
        self.with_value(self.value() + constant)
    }
}

impl<const N: usize> Sub<f64> for Taylor<N> {
    type Output = Taylor<N>;

    fn sub(self, constant: f64) -> Taylor<N> {
        self.with_value(self.value() - constant)
    }
}

impl<const N: usize> Mul<f64> for Taylor<N> {
    type Output = Taylor<N>;

    fn mul(self, constant: f64) -> Taylor<N> {
        self.map(|a| a * constant)
    }
}

impl<const N: usize> Div<f64> for Taylor<N> {
    type Output = Taylor<N>;

    fn div(self, constant: f64) -> Taylor<N> {
        self.map(|a| a / constant)
    }
}

left_operators!([const N: usize] Taylor<N>);
number_operators!([const N: usize] Taylor<N>);
comparisons!([const N: usize] Taylor<N>, |x| x.coefficients[0]);

/// A plain number is a constant.
impl<const N: usize> From<f64> for Taylor<N> {
    fn from(value: f64) -> Taylor<N> {
        Taylor::constant(value)
    }
}

/// `1 + 2t + 2t²`, in full, or with as many decimals as the format asks for.
impl<const N: usize> fmt::Display for Taylor<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display::first(f, &self.value())?;
        for (k, coefficient) in self.coefficients.iter().enumerate().skip(1) {
            let power = if k == 1 { String::new() } else { display::superscript(k) };
            display::term(f, coefficient, &format!("t{power}"))?;
        }
        Ok(())
    }
}
