//! The derivatives of the elementary functions, each once: dual numbers, the tape and tensors all use these.
//!
//! A rule is named after its function. Where the derivative is cheaper from the function's value `y` than from its
//! argument `x`, the rule takes `y`, and its parameter says so.

/// d sin x = cos x
#[inline]
pub fn d_sin(x: f64) -> f64 {
    x.cos()
}

/// d cos x = −sin x
#[inline]
pub fn d_cos(x: f64) -> f64 {
    -x.sin()
}

/// d tan x = 1 + y²
#[inline]
pub fn d_tan(y: f64) -> f64 {
    1.0 + y * y
}

/// d eˣ = y
#[inline]
pub fn d_exp(y: f64) -> f64 {
    y
}

/// d ln x = 1/x
#[inline]
pub fn d_ln(x: f64) -> f64 {
    1.0 / x
}

/// d √x = 1/(2y)
#[inline]
pub fn d_sqrt(y: f64) -> f64 {
    0.5 / y
}

/// d tanh x = 1 − y²
#[inline]
pub fn d_tanh(y: f64) -> f64 {
    1.0 - y * y
}

/// d |x| = sign x; 0 at the kink, the middle of all slopes that fit there.
#[inline]
pub fn d_abs(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// max(x, 0); NaN stays NaN.
#[inline]
pub fn relu(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

/// d relu = 1 where y > 0, else 0, as in PyTorch.
#[inline]
pub fn d_relu(y: f64) -> f64 {
    if y > 0.0 { 1.0 } else { 0.0 }
}

/// 1/(1 + e⁻ˣ), without overflow on either side.
#[inline]
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// d σ = y(1 − y)
#[inline]
pub fn d_sigmoid(y: f64) -> f64 {
    y * (1.0 - y)
}

/// d xⁿ = n·xⁿ⁻¹, and 0 for n = 0 even where x⁻¹ is infinite.
#[inline]
pub fn d_powi(x: f64, n: i32) -> f64 {
    if n == 0 { 0.0 } else { f64::from(n) * x.powi(n.saturating_sub(1)) }
}

/// d xᵖ = p·xᵖ⁻¹, and 0 for p = 0. This is also ∂/∂a aᵇ.
#[inline]
pub fn d_powf(x: f64, p: f64) -> f64 {
    if p == 0.0 { 0.0 } else { p * x.powf(p - 1.0) }
}

/// ∂/∂b aᵇ = y·ln a, and 0 at a = 0 with b ≥ 0, its limit for b > 0.
#[inline]
pub fn d_pow_exponent(a: f64, b: f64, y: f64) -> f64 {
    if a == 0.0 && b >= 0.0 { 0.0 } else { y * a.ln() }
}
