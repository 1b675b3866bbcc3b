//! In which steps a slider of decimal numbers moves, and which number a step is.

/// A step of 1, 2 or 5 times a power of ten: a hundred or somewhat more from one end to the other.
pub(super) fn step(length: f64) -> f64 {
    let most = length / 100.0;
    let exponent = most.log10().floor() as i32;
    let power = |digit: f64, exponent: i32| format!("{digit}e{exponent}").parse().unwrap_or(most);
    // A logarithm is rounded: the digit below may be the right one.
    let steps = [power(5.0, exponent), power(2.0, exponent), power(1.0, exponent)];
    steps.into_iter().find(|step| *step <= most * (1.0 + 1e-9)).unwrap_or(power(5.0, exponent - 1))
}

/// How many decimals it takes to write these numbers in full; nothing where that is too many.
pub(super) fn decimals(numbers: &[f64]) -> Option<usize> {
    (0..=15).find(|&decimals| numbers.iter().all(|&x| rounded(x, decimals) == x))
}

/// The number that is meant: a browser adds up steps, and binary fractions make 0.30000000000000004 of 0.3. One that is no
/// step, because it was typed, is what it is.
pub(super) fn meant(value: f64, start: f64, step: f64) -> f64 {
    let near = start + ((value - start) / step).round() * step;
    if (value - near).abs() > 1e-6 * step {
        return value;
    }
    decimals(&[start, step]).map_or(near, |decimals| rounded(near, decimals))
}

fn rounded(x: f64, decimals: usize) -> f64 {
    format!("{x:.decimals$}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (length, expected) in [(6.0, 0.05), (1.0, 0.01), (2.0, 0.02), (1e-6, 1e-8), (300.0, 2.0), (1e3, 10.0)] {
            assert_eq!(step(length), expected, "{length}");
        }
        for exponent in -300..300 {
            let length = 3.7 * 10f64.powi(exponent);
            assert!((100.0..=251.0).contains(&(length / step(length))), "{length}");
        }
    }

    #[test]
    fn a_step_is_the_number_that_is_meant() {
        assert_eq!(meant(0.1 + 0.2, 0.0, 0.1), 0.3);
        assert_eq!(meant(-3.0 + 67.0 * 0.05, -3.0, 0.05), 0.35);
        assert_eq!(meant(0.333, 0.0, 0.05), 0.333);
        assert_eq!(meant(std::f64::consts::PI, 0.0, 0.02), std::f64::consts::PI);
        assert_eq!(decimals(&[0.05, -3.0]), Some(2));
        assert_eq!(decimals(&[1.0 / 3.0]), None);
    }
}
