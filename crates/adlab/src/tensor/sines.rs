//! Sines and cosines of many numbers.
//!
//! Whole quarter turns are taken off, and of the rest, at most π/4, sine and cosine are polynomials: those of fdlibm (Sun
//! Microsystems, 1993, `k_sin.c` and `k_cos.c`). What is taken off is known to 139 bits of π/2, in three parts (Cody and
//! Waite, Software Manual for the Elementary Functions, 1980), so that the rest is right where it is close to 0 as well.
//!
//! Each is the standard library's, or the number beside it.

use std::f64::consts::FRAC_2_PI;

use super::many::each;

/// So large are arguments at most: 637 quarter turns. What is larger is left to the standard library.
const LIMIT: f64 = 1000.0;

/// π/2 in three parts. The first two have 42 bits, so that whole multiples of them are exact.
const QUARTER: [f64; 3] = [1.570796326794607, 2.8960739716218175e-13, 1.6446256936324258e-26];

/// Added to a number, it leaves no bits behind the point.
const ROUND: f64 = (3u64 << 51) as f64;

/// In place of each number its sine.
pub fn sines(numbers: &mut [f64]) {
    turned(numbers, 0, f64::sin);
}

/// In place of each number its cosine, which is a sine a quarter turn later.
pub fn cosines(numbers: &mut [f64]) {
    turned(numbers, 1, f64::cos);
}

/// In place of each number its sine, with the sign changed.
pub fn minus_sines(numbers: &mut [f64]) {
    turned(numbers, 2, |x| -x.sin());
}

/// The sine of each, so many quarter turns later, which `one` gives for one number.
fn turned(numbers: &mut [f64], quarters: u64, one: fn(f64) -> f64) {
    if numbers.iter().all(|x| x.abs() < LIMIT) {
        return each(numbers, |x| sine(x, quarters));
    }
    numbers.iter_mut().for_each(|x| *x = if x.abs() < LIMIT { sine(*x, quarters) } else { one(*x) });
}

#[inline(always)]
fn sine(x: f64, quarters: u64) -> f64 {
    let rounded = x * FRAC_2_PI + ROUND;
    let turns = rounded - ROUND;
    // The number of turns stands in the lowest bits.
    let quarter = rounded.to_bits().wrapping_add(quarters);
    let (high, low) = rest(x, turns);
    let value = if quarter & 1 == 0 { sine_of_rest(high, low) } else { cosine_of_rest(high, low) };
    f64::from_bits(value.to_bits() ^ (quarter & 2) << 62)
}

/// x without so many quarter turns, as a sum of two numbers.
#[inline(always)]
fn rest(x: f64, turns: f64) -> (f64, f64) {
    let first = x - turns * QUARTER[0];
    let second = -(turns * QUARTER[1]);
    // What is lost in the sum is computed (Knuth).
    let sum = first + second;
    let rounded = sum - first;
    let lost = (first - (sum - rounded)) + (second - rounded);
    let third = lost - turns * QUARTER[2];
    let high = sum + third;
    let low = (sum - high) + third;
    // −0 is to stay.
    if turns == 0.0 { (x, 0.0) } else { (high, low) }
}

#[inline(always)]
fn sine_of_rest(x: f64, low: f64) -> f64 {
    const S: [f64; 6] = [
        -0.16666666666666632,
        0.00833333333332249,
        -0.0001984126982985795,
        2.7557313707070068e-06,
        -2.5050760253406863e-08,
        1.58969099521155e-10,
    ];
    let square = x * x;
    let cube = square * x;
    let tail = S[1] + square * (S[2] + square * (S[3] + square * (S[4] + square * S[5])));
    x - ((square * (0.5 * low - cube * tail) - low) - cube * S[0])
}

#[inline(always)]
fn cosine_of_rest(x: f64, low: f64) -> f64 {
    const C: [f64; 6] = [
        0.0416666666666666,
        -0.001388888888887411,
        2.480158728947673e-05,
        -2.7557314351390663e-07,
        2.087572321298175e-09,
        -1.1359647557788195e-11,
    ];
    let square = x * x;
    let tail = square * (C[0] + square * (C[1] + square * (C[2] + square * (C[3] + square * (C[4] + square * C[5])))));
    let half = 0.5 * square;
    let most = 1.0 - half;
    most + (((1.0 - most) - half) + (square * tail - x * low))
}

#[cfg(test)]
mod tests {
    use super::super::many::apart;
    use super::*;

    fn compare(numbers: &[f64]) {
        type Function = (fn(&mut [f64]), fn(f64) -> f64);
        let all: [Function; 3] = [(sines, f64::sin), (cosines, f64::cos), (minus_sines, |x| -x.sin())];
        for (many, one) in all {
            let mut found = numbers.to_vec();
            many(&mut found);
            for (&x, found) in numbers.iter().zip(found) {
                assert!(apart(found, one(x)) <= 1, "{x:e}: {found:e}, not {:e}", one(x));
            }
        }
    }

    #[test]
    fn as_the_standard_library_has_them() {
        let golden = 0.6180339887498949;
        for scale in [1e-300, 1e-9, 0.1, 1.0, 10.0, 500.0] {
            let numbers: Vec<f64> =
                (0..20_000).map(|i| (f64::from(i) * golden).fract() * scale * 2.0 - scale).collect();
            compare(&numbers);
        }
    }

    /// Where sine or cosine is nearly 0, all bits come from what is taken off.
    #[test]
    fn near_the_quarter_turns() {
        let turns = |n: i32| f64::from(n) * std::f64::consts::FRAC_PI_2;
        let near = |x: f64| [x, x.next_up(), x.next_down(), x * (1.0 + 1e-9)];
        compare(&(-636..=636).flat_map(|n| near(turns(n))).collect::<Vec<f64>>());
        compare(&(-636..=636).flat_map(|n| near(turns(n) / 2.0)).collect::<Vec<f64>>());
    }

    #[test]
    fn what_is_large_or_no_number() {
        compare(&[1e3, 1e6, -1e22, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.5, -2.0, f64::MIN_POSITIVE]);
        let mut zeros = [0.0, -0.0, 5e-324];
        sines(&mut zeros);
        assert_eq!(zeros.map(f64::to_bits), [0.0, -0.0, 5e-324].map(f64::to_bits));
    }

    /// In registers of any width, the same bits.
    #[test]
    fn alone_or_among_many() {
        let numbers: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.37 - 185.0).collect();
        let mut found = numbers.clone();
        sines(&mut found);
        for (&x, found) in numbers.iter().zip(found) {
            assert_eq!(sine(x, 0).to_bits(), found.to_bits(), "{x}");
        }
    }
}
