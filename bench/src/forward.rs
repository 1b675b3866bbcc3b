//! Forward mode beside num-dual, and beside derivatives that were worked out by hand.

use std::hint::black_box;
use std::ops::{Add, Div, Mul, Sub};

use adlab::{Dual, DualVec, Scalar, forward_gradient};
use nalgebra::SVector;
use num_dual::{Derivative, Dual64, DualNum, DualSVec64};

use crate::measure::Samples;

/// What the two functions below compute with; constants are numbers that were made before.
trait Number: Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    fn exp(&self) -> Self;
    fn ln(&self) -> Self;
    fn plus(&self, constant: f64) -> Self;
    fn scaled(&self, constant: f64) -> Self;
}

impl<const N: usize> Number for DualVec<N> {
    #[inline(always)]
    fn exp(&self) -> Self {
        Scalar::exp(*self)
    }
    #[inline(always)]
    fn ln(&self) -> Self {
        Scalar::ln(*self)
    }
    #[inline(always)]
    fn plus(&self, constant: f64) -> Self {
        *self + constant
    }
    #[inline(always)]
    fn scaled(&self, constant: f64) -> Self {
        *self * constant
    }
}

impl<const N: usize> Number for DualSVec64<N> {
    #[inline(always)]
    fn exp(&self) -> Self {
        DualNum::exp(self)
    }
    #[inline(always)]
    fn ln(&self) -> Self {
        DualNum::ln(self)
    }
    #[inline(always)]
    fn plus(&self, constant: f64) -> Self {
        self.clone() + constant
    }
    #[inline(always)]
    fn scaled(&self, constant: f64) -> Self {
        self.clone() * constant
    }
}

#[inline(always)]
fn rosenbrock<T: Number>(x: &[T]) -> T {
    let term = |i: usize| {
        let (step, rest) = (x[i + 1].clone() - x[i].clone() * x[i].clone(), x[i].plus(-1.0));
        (step.clone() * step).scaled(100.0) + rest.clone() * rest
    };
    (1..x.len() - 1).fold(term(0), |sum, i| sum + term(i))
}

#[inline(always)]
fn log_sum_exp<T: Number>(x: &[T]) -> T {
    x[1..].iter().fold(x[0].exp(), |sum, x| sum + x.exp()).ln()
}

fn ours<const N: usize>(f: fn(&[DualVec<N>]) -> DualVec<N>, x: [f64; N]) -> [f64; N] {
    f(&DualVec::variables(x)).derivatives
}

fn theirs<const N: usize>(f: fn(&[DualSVec64<N>]) -> DualSVec64<N>, x: [f64; N]) -> [f64; N] {
    let x: [DualSVec64<N>; N] = std::array::from_fn(|i| {
        let mut unit = SVector::<f64, N>::zeros();
        unit[i] = 1.0;
        DualSVec64::new(x[i], Derivative::some(unit))
    });
    f(&x).eps.unwrap_generic(nalgebra::Const::<N>, nalgebra::Const::<1>).into()
}

fn row(
    rounds: usize,
    name: &str,
    mut ours: impl FnMut(),
    mut theirs: impl FnMut(),
    mut by_hand: Option<&mut dyn FnMut()>,
) {
    let mut samples = [Samples::default(), Samples::default(), Samples::default()];
    for _ in 0..rounds {
        samples[0].add(&mut ours);
        samples[1].add(&mut theirs);
        if let Some(by_hand) = &mut by_hand {
            samples[2].add(by_hand);
        }
    }
    let [ours, theirs, hand] = samples.map(|samples| samples.least());
    let hand = if by_hand.is_some() { format!("{hand:.1} | {:.2}", ours / hand) } else { "| ".to_owned() };
    println!("| {name} | {ours:.1} | {theirs:.1} | {:.2} | {hand} |", ours / theirs);
}

/// Many inputs, some at a time, beside all at once.
fn chunks(rounds: usize) {
    const INPUTS: usize = 100;
    let x: [f64; INPUTS] = std::array::from_fn(|i| 1.0 + 0.01 * i as f64);
    macro_rules! each {
        ($($n:literal)*) => { $(
            let ours = |f: fn(&[DualVec<$n>]) -> DualVec<$n>| forward_gradient::<$n>(f, &black_box(x));
            for (a, b) in ours(rosenbrock).iter().zip(theirs(rosenbrock, x)) {
                assert!((a - b).abs() < 1e-8 * b.abs().max(1.0));
            }
            let name = concat!("`forward_gradient`, ", $n, " at a time, Rosenbrock, 100 inputs");
            row(rounds, name, || _ = black_box(ours(rosenbrock)), || _ = black_box(theirs(rosenbrock, black_box(x))), None);
            let name = concat!("`forward_gradient`, ", $n, " at a time, log-sum-exp, 100 inputs");
            row(rounds, name, || _ = black_box(ours(log_sum_exp)), || _ = black_box(theirs(log_sum_exp, black_box(x))), None);
        )* };
    }
    each!(12);
}

pub fn run(rounds: usize) {
    println!(
        "\nForward mode, nanoseconds a call.\n\n| | adlab | num-dual | ratio | by hand | ratio |\n|---|---|---|---|---|---|"
    );
    macro_rules! inputs {
        ($($n:literal)*) => { $(
            let x: [f64; $n] = std::array::from_fn(|i| 1.0 + 0.01 * i as f64);
            assert!(ours(rosenbrock, x).iter().zip(theirs(rosenbrock, x)).all(|(a, b)| (a - b).abs() < 1e-8 * b.abs().max(1.0)));
            let name = concat!("`DualVec`, Rosenbrock, ", $n, " inputs");
            row(rounds, name, || _ = black_box(ours(rosenbrock, black_box(x))), || _ = black_box(theirs(rosenbrock, black_box(x))), None);
            let name = concat!("`DualVec`, log-sum-exp, ", $n, " inputs");
            row(rounds, name, || _ = black_box(ours(log_sum_exp, black_box(x))), || _ = black_box(theirs(log_sum_exp, black_box(x))), None);
        )* };
    }
    inputs!(3 12 100);
    chunks(rounds);
    // Newton's root of a, by its derivative by a.
    let ours = || {
        let a = Dual::variable(black_box(2.0));
        let x = (0..20).fold(Dual::constant(1.0), |x, _| x - (x * x - a) / (x * 2.0));
        black_box(x.derivative);
    };
    let theirs = || {
        let a = Dual64::from(black_box(2.0)).derivative();
        let x = (0..20).fold(Dual64::from(1.0), |x, _| x - (x * x - a) / (x * 2.0));
        black_box(x.eps);
    };
    let mut by_hand = || {
        let a = black_box(2.0);
        let step = |(x, dx): (f64, f64), _| {
            let (f, df) = (x * x - a, 2.0 * x * dx - 1.0);
            let (quotient, slope) = (f / (2.0 * x), 2.0 * x);
            (x - quotient, dx - (df - quotient * 2.0 * dx) / slope)
        };
        black_box((0..20).fold((1.0, 0.0), step).1);
    };
    row(rounds, "`Dual`, 20 steps of Newton", ours, theirs, Some(&mut by_hand));
}
