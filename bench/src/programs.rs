//! The programs that are differentiated, for any kind of number.

use std::ops::{Add, Div, Mul, Sub};
use std::sync::LazyLock;

/// What the programs do with their numbers.
pub trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn value(self) -> f64;
}

/// One program: its name, its function, and where it is differentiated.
pub struct Program {
    pub name: &'static str,
    pub kind: Kind,
    pub inputs: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Rosenbrock,
    Speelpenning,
    LogSumExp,
    Mixture,
    LaxWendroff,
    Toon,
}

pub fn all() -> Vec<Program> {
    let program =
        |name, kind, n: usize, x: fn(f64) -> f64| Program { name, kind, inputs: (0..n).map(|i| x(i as f64)).collect() };
    let wave: fn(f64) -> f64 = |i| 0.5 + 0.5 * (2.0 * std::f64::consts::PI * (i + 1.5) / CELLS as f64).sin();
    vec![
        program("Rosenbrock 1000", Kind::Rosenbrock, 1000, |i| 1.0 + 0.5 * (i * 0.7).sin()),
        program("Speelpenning", Kind::Speelpenning, 1000, |i| (1.0 + i) / (2.0 + i)),
        program("log-sum-exp", Kind::LogSumExp, 1000, |i| 3.0 * (i * 1.3).sin()),
        program("GMM", Kind::Mixture, CLUSTERS * (1 + 2 * FEATURES), |i| 0.3 * (i * 0.9).cos()),
        program("Rosenbrock 10⁵", Kind::Rosenbrock, 100_000, |i| 1.0 + 0.5 * (i * 0.7).sin()),
        program("Lax–Wendroff", Kind::LaxWendroff, CELLS, wave),
        program("Toon", Kind::Toon, CELLS, wave),
    ]
}

#[inline(always)]
pub fn run<T: Number>(kind: Kind, x: &[T]) -> T {
    match kind {
        Kind::Rosenbrock => rosenbrock(x),
        Kind::Speelpenning => speelpenning(x),
        Kind::LogSumExp => log_sum_exp(x),
        Kind::Mixture => mixture(x),
        Kind::LaxWendroff => lax_wendroff(x),
        Kind::Toon => toon(x),
    }
}

fn rosenbrock<T: Number>(x: &[T]) -> T {
    let term = |a: T, b: T| {
        let (step, rest) = (b - a * a, a - 1.0);
        step * step * 100.0 + rest * rest
    };
    let mut sum = term(x[0], x[1]);
    for i in 1..x.len() - 1 {
        sum = sum + term(x[i], x[i + 1]);
    }
    sum
}

fn speelpenning<T: Number>(x: &[T]) -> T {
    let mut product = x[0];
    for &x in &x[1..] {
        product = product * x;
    }
    product
}

fn log_sum_exp<T: Number>(x: &[T]) -> T {
    let mut greatest = x[0];
    for &x in &x[1..] {
        if x.value() > greatest.value() {
            greatest = x;
        }
    }
    let mut sum = (x[0] - greatest).exp();
    for &x in &x[1..] {
        sum = sum + (x - greatest).exp();
    }
    sum.ln() + greatest
}

/// Clusters, features of a point, and points of the mixture.
pub const CLUSTERS: usize = 5;
pub const FEATURES: usize = 10;
pub const POINTS: usize = 100;

static DATA: LazyLock<Vec<f64>> = LazyLock::new(|| (0..POINTS * FEATURES).map(|i| (i as f64 * 0.37).sin()).collect());

/// The negative log-likelihood of a mixture of Gaussians with diagonal covariances: weights, means, logarithms of the
/// inverse deviations.
fn mixture<T: Number>(x: &[T]) -> T {
    let (weights, rest) = x.split_at(CLUSTERS);
    let (means, logs) = rest.split_at(CLUSTERS * FEATURES);
    let mut inverse = [logs[0]; CLUSTERS * FEATURES];
    let mut total = [logs[0]; CLUSTERS];
    for k in 0..CLUSTERS {
        for d in 0..FEATURES {
            let log = logs[k * FEATURES + d];
            inverse[k * FEATURES + d] = log.exp();
            total[k] = if d == 0 { log } else { total[k] + log };
        }
    }
    let mut sum = log_sum_exp(weights) * -(POINTS as f64);
    for n in 0..POINTS {
        let mut terms = [weights[0]; CLUSTERS];
        for k in 0..CLUSTERS {
            let distance = |d: usize| {
                let scaled = (means[k * FEATURES + d] - DATA[n * FEATURES + d]) * inverse[k * FEATURES + d];
                scaled * scaled
            };
            let mut square = distance(0);
            for d in 1..FEATURES {
                square = square + distance(d);
            }
            terms[k] = weights[k] + total[k] - square * 0.5;
        }
        sum = sum + log_sum_exp(&terms);
    }
    sum
}

/// Cells and steps of the two advection schemes.
pub const CELLS: usize = 100;
pub const STEPS: usize = 200;
pub const COURANT: f64 = 0.125;

fn lax_wendroff<T: Number>(x: &[T]) -> T {
    let mut q: Vec<T> = x.to_vec();
    let mut flux = vec![q[0]; CELLS - 1];
    for _ in 0..STEPS {
        for i in 0..CELLS - 1 {
            flux[i] = ((q[i] + q[i + 1]) + (q[i] - q[i + 1]) * COURANT) * (0.5 * COURANT);
        }
        for i in 1..CELLS - 1 {
            q[i] = q[i] + (flux[i - 1] - flux[i]);
        }
        q[0] = q[CELLS - 2];
        q[CELLS - 1] = q[1];
    }
    sum_of_squares(&q)
}

fn toon<T: Number>(x: &[T]) -> T {
    let mut q: Vec<T> = x.to_vec();
    let mut flux = vec![q[0]; CELLS - 1];
    for _ in 0..STEPS {
        for i in 0..CELLS - 1 {
            let ratio = (((q[i] + 1e-6) / (q[i + 1] + 1e-6)).ln() * COURANT).exp() - 1.0;
            flux[i] = ratio * q[i] * q[i + 1] / (q[i] - q[i + 1] + 1e-6);
        }
        for i in 1..CELLS - 1 {
            q[i] = q[i] + (flux[i - 1] - flux[i]);
        }
        q[0] = q[CELLS - 2];
        q[CELLS - 1] = q[1];
    }
    sum_of_squares(&q)
}

fn sum_of_squares<T: Number>(q: &[T]) -> T {
    let mut sum = q[0] * q[0];
    for &q in &q[1..] {
        sum = sum + q * q;
    }
    sum
}
