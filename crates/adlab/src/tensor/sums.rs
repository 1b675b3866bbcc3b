//! Sums of many numbers. They are added up in pairs, as a tournament is played: the error grows with log n, and not with n
//! (Higham, The accuracy of floating point summation, 1993).

/// So many numbers, or lines, are added up one after the other.
const BLOCK: usize = 128;

/// How many sums run side by side in a block: as many as the processor adds up at once.
const LANES: usize = 8;

/// The sum of all numbers; 0 of none.
pub fn sum(numbers: &[f64]) -> f64 {
    sum_of(numbers, |x| x)
}

/// The sum of `f` of all numbers.
#[inline]
pub fn sum_of(numbers: &[f64], f: impl Fn(f64) -> f64 + Copy) -> f64 {
    if numbers.len() > BLOCK {
        let (left, right) = halves(numbers, 1);
        return sum_of(left, f) + sum_of(right, f);
    }
    let (lanes, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for lane in lanes {
        sums.iter_mut().zip(lane).for_each(|(sum, &x)| *sum += f(x));
    }
    let rest = rest.iter().fold(0.0, |sum, &x| sum + f(x));
    let [a, b, c, d, e, g, h, i] = sums;
    ((a + b) + (c + d)) + ((e + g) + (h + i)) + rest
}

/// Adds up lines, each as long as `sums`, number by number.
pub fn sum_lines(numbers: &[f64], sums: &mut [f64]) {
    let size = sums.len();
    if size == 0 {
        return;
    }
    if numbers.len() / size > BLOCK {
        let (left, right) = halves(numbers, size);
        sum_lines(left, sums);
        let mut others = vec![0.0; size];
        sum_lines(right, &mut others);
        add_to(sums, &others);
    } else {
        numbers.chunks_exact(size).for_each(|line| add_to(sums, line));
    }
}

fn add_to(sums: &mut [f64], numbers: &[f64]) {
    sums.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
}

/// Two parts, the first of which has whole blocks of lines of this size.
fn halves(numbers: &[f64], size: usize) -> (&[f64], &[f64]) {
    let blocks = numbers.len().div_ceil(size * BLOCK);
    numbers.split_at(blocks / 2 * size * BLOCK)
}

/// The Euclidean length √(Σx²), which neither overflows nor vanishes on the way; NaN if one of the numbers is.
pub fn length(numbers: &[f64]) -> f64 {
    let squares = sum_of(numbers, |x| x * x);
    if (1e-280..=f64::MAX).contains(&squares) {
        return squares.sqrt();
    }
    let greatest = numbers.iter().fold(0.0, |greatest: f64, x| greatest.max(x.abs()));
    if greatest == 0.0 || squares.is_nan() || greatest.is_infinite() {
        // With NaN among them, the squares are NaN, and an infinite one does not hide it.
        return squares.sqrt();
    }
    // In units of a power of two, so that dividing by it does not round.
    let unit = 2f64.powi(greatest.log2().floor().max(-1022.0) as i32);
    sum_of(numbers, |x| (x / unit) * (x / unit)).sqrt() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_any_length_are_exact_where_they_can_be() {
        for n in (0..300).chain([1000, 1024, 4095, 100_000]) {
            let numbers: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&numbers), f64::from(n) * f64::from(n + 1) / 2.0);
            let mut sums = [0.0; 2];
            sum_lines(&numbers[..numbers.len() / 2 * 2], &mut sums);
            assert_eq!(sums[1] - sums[0], f64::from(n / 2));
        }
        assert!(sum(&[]).is_sign_positive());
        sum_lines(&[], &mut []);
    }

    #[test]
    fn lengths_at_both_ends() {
        for unit in [1e-323, 1e-310, 1e-160, 1.0, 1e160, 2e307] {
            let five = length(&[3.0 * unit, 4.0 * unit]);
            assert!((five - 5.0 * unit).abs() <= 2e-16 * five, "{unit}: {five}");
        }
        assert_eq!((length(&[]), length(&[0.0, -0.0]), length(&[-f64::INFINITY, 1.0])), (0.0, 0.0, f64::INFINITY));
        assert!(length(&[f64::INFINITY, f64::NAN]).is_nan() && length(&[f64::NAN, 1e-300]).is_nan());
    }
}
