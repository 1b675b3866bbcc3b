//! Exponentials of many numbers, and what is made of them: hyperbolic tangents, sigmoids.
//!
//! x is a multiple of ln 2, which is a power of two, and a rest r of at most ln 2/2. For that, eʳ − 1 = r + r·c/(2 − c), with c
//! by a polynomial in r²: that of fdlibm (Sun Microsystems, 1993, `e_exp.c`). ln 2 is taken off in two parts, of which the
//! first has so few bits that its multiples are exact (Cody and Waite, Software Manual for the Elementary Functions, 1980).

use std::f64::consts::LOG2_E;

use super::many::each;

/// Beyond these, eˣ is 0 or ∞.
const LEAST: f64 = -750.0;
const MOST: f64 = 720.0;

/// ln 2 in two parts. The first has 32 bits.
const LN_2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];

/// Added to a number, it leaves no bits behind the point.
const ROUND: f64 = (3u64 << 51) as f64;

/// In place of each number its exponential.
pub fn exponentials(numbers: &mut [f64]) {
    each(numbers, exponential);
}

/// In place of each number its hyperbolic tangent.
pub fn tangents(numbers: &mut [f64]) {
    each(numbers, tangent);
}

/// In place of each number 1/(1 + e⁻ˣ).
pub fn sigmoids(numbers: &mut [f64]) {
    each(numbers, sigmoid);
}

#[inline(always)]
fn exponential(x: f64) -> f64 {
    let Parts { powers: [first, second], rest } = Parts::of(x);
    (first + first * rest) * second
}

/// tanh a = −t/(t + 2) with t = e⁻²ᵃ − 1, and, where t is close to −1, 1 − 2e⁻²ᵃ/(1 + e⁻²ᵃ).
#[inline(always)]
fn tangent(x: f64) -> f64 {
    let double = -2.0 * x.abs();
    // Beyond, it is 1. NaN stays.
    let double = if double < -60.0 { -60.0 } else { double };
    let Parts { powers: [first, second], rest } = Parts::of(double);
    let power = first * second;
    let less_one = power * rest + (power - 1.0);
    let e = power + power * rest;
    let near = -less_one / (less_one + 2.0);
    let far = 1.0 - 2.0 * e / (1.0 + e);
    (if x.abs() < 0.6 { near } else { far }).copysign(x)
}

/// As [`Scalar::sigmoid`](crate::Scalar::sigmoid).
#[inline(always)]
fn sigmoid(x: f64) -> f64 {
    let e = exponential(-x.abs());
    (if x >= 0.0 { 1.0 } else { e }) / (1.0 + e)
}

/// Powers of two p and q, and a number s, so that eˣ = p·q·(1 + s). One power might be out of range where eˣ is not.
struct Parts {
    powers: [f64; 2],
    rest: f64,
}

impl Parts {
    #[inline(always)]
    fn of(x: f64) -> Parts {
        let x = if x > MOST { MOST } else { x };
        // NaN stays.
        let x = if x < LEAST { LEAST } else { x };
        let rounded = x * LOG2_E + ROUND;
        let twos = rounded - ROUND;
        let half = twos * 0.5 + ROUND;
        // Whole numbers stand in the lowest bits, and become exponents.
        let power = |twos: u64| f64::from_bits(twos.wrapping_add(1023) << 52);
        let powers = [power(half.to_bits()), power(rounded.to_bits().wrapping_sub(half.to_bits()))];
        let (high, low) = (x - twos * LN_2[0], twos * LN_2[1]);
        let r = high - low;
        let square = r * r;
        let c = r - square * (P[0] + square * (P[1] + square * (P[2] + square * (P[3] + square * P[4]))));
        Parts { powers, rest: high - (low - r * c / (2.0 - c)) }
    }
}

const P: [f64; 5] = [
    0.16666666666666602,
    -0.0027777777777015593,
    6.613756321437934e-05,
    -1.6533902205465252e-06,
    4.1381367970572385e-08,
];

#[cfg(test)]
mod tests {
    use super::super::many::apart;
    use super::*;
    use crate::scalar::Scalar;

    /// Over numbers of both signs and of many sizes, up to those whose exponentials vanish.
    fn greatest_error(many: fn(&mut [f64]), one: fn(f64) -> f64) -> u64 {
        let golden = 0.6180339887498949;
        let of_scale = |scale: f64| (0..20_000).map(move |i| (f64::from(i) * golden).fract() * scale * 2.0 - scale);
        let scales = [1e-300, 1e-9, 0.1, 0.4, 1.0, 4.0, 30.0, 709.7, 750.0];
        let arguments: Vec<f64> = scales.into_iter().flat_map(of_scale).collect();
        let mut found = arguments.clone();
        many(&mut found);
        let errors = arguments.iter().zip(found).map(|(&x, found)| (apart(found, one(x)), x));
        let (greatest, at) = errors.max_by_key(|(error, _)| *error).expect("there are some");
        println!("{greatest} units in the last place at {at:e}");
        greatest
    }

    #[test]
    fn as_the_standard_library_has_them() {
        assert!(greatest_error(exponentials, f64::exp) <= 1);
        assert!(greatest_error(sigmoids, Scalar::sigmoid) <= 2);
        // Both are up to 2.2 units off.
        assert!(greatest_error(tangents, f64::tanh) <= 4);
    }

    #[test]
    fn what_is_large_or_no_number() {
        let mut found = [-f64::INFINITY, f64::MIN, -746.0, 710.0, 720.1, f64::MAX, f64::INFINITY];
        exponentials(&mut found);
        assert_eq!(found, [0.0, 0.0, 0.0, f64::INFINITY, f64::INFINITY, f64::INFINITY, f64::INFINITY]);
        let mut found = [-f64::INFINITY, f64::MIN, -400.0, -19.1, 0.0, 19.1, f64::MAX, f64::INFINITY];
        tangents(&mut found);
        assert_eq!(found, [-1.0, -1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0]);
        let mut found = [-f64::INFINITY, -800.0, 0.0, 40.0, f64::MAX, f64::INFINITY];
        sigmoids(&mut found);
        assert_eq!(found, [0.0, 0.0, 0.5, 1.0, 1.0, 1.0]);
        for many in [exponentials, tangents, sigmoids] {
            let mut found = [f64::NAN, -f64::NAN, 1.0];
            many(&mut found);
            assert_eq!(found.map(f64::is_nan), [true, true, false]);
        }
    }

    #[test]
    fn small_ones_keep_their_digits_and_their_sign() {
        let mut found = [0.0, -0.0, 5e-324, -1e-310, 1e-20];
        let expected = found.map(f64::to_bits);
        tangents(&mut found);
        assert_eq!(found.map(f64::to_bits), expected);
    }
}
