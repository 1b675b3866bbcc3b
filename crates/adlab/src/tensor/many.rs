//! Functions of many numbers, as many at a time as the processor's registers hold: the standard library takes them one by one.
//!
//! A function that has no branch, and calls nothing, is compiled for the widths that there are, and the processor is asked
//! when it runs. All processors compute the same: nothing is multiplied and added at once.

/// From so many numbers on. Below, functions are those of the standard library, as for numbers alone.
pub const MANY: usize = 64;

/// Puts in place of numbers what a function makes of them.
pub type OfMany = fn(&mut [f64]);

/// Puts f(x) in place of each x.
pub fn each(numbers: &mut [f64], f: impl Fn(f64) -> f64 + Copy) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected;
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has what this is compiled for, by the line above.
            return unsafe { eight_at_a_time(numbers, f) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { four_at_a_time(numbers, f) };
        }
    }
    one_by_one(numbers, f);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn eight_at_a_time(numbers: &mut [f64], f: impl Fn(f64) -> f64) {
    one_by_one(numbers, f);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn four_at_a_time(numbers: &mut [f64], f: impl Fn(f64) -> f64) {
    one_by_one(numbers, f);
}

#[inline(always)]
fn one_by_one(numbers: &mut [f64], f: impl Fn(f64) -> f64) {
    numbers.iter_mut().for_each(|x| *x = f(*x));
}

/// How many units in the last place are between two numbers.
#[cfg(test)]
pub fn apart(a: f64, b: f64) -> u64 {
    let order = |x: f64| if x.is_sign_negative() { -((x.to_bits() << 1 >> 1) as i64) } else { x.to_bits() as i64 };
    if a.is_nan() && b.is_nan() { 0 } else { order(a).abs_diff(order(b)) }
}
