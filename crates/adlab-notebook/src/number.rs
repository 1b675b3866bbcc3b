//! Numbers as people write them: short.

/// A number with at most four decimals, without trailing zeros; very large and very small ones in scientific form.
///
/// ```
/// use adlab_notebook::short;
///
/// assert_eq!(short(2.579425538604203), "2.5794");
/// assert_eq!(short(3.0), "3");
/// assert_eq!(short(-0.00001234567), "-1.2346e-5");
/// assert_eq!(short(123456789.0), "1.2346e8");
/// ```
pub fn short(x: f64) -> String {
    with_decimals(x, 4)
}

/// Several numbers, with as many decimals more as they need to tell those apart that differ.
pub(crate) fn apart(numbers: &[f64]) -> Vec<String> {
    let all = |decimals| numbers.iter().map(|&x| with_decimals(x, decimals)).collect::<Vec<String>>();
    let differ = |texts: &Vec<String>| {
        let mut pairs = (0..numbers.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        pairs.all(|(i, j)| numbers[i] == numbers[j] || numbers[i].is_nan() || texts[i] != texts[j])
    };
    (4..17).map(all).find(differ).unwrap_or_else(|| all(17))
}

fn with_decimals(x: f64, decimals: usize) -> String {
    let size = x.abs();
    if x == 0.0 {
        // Also −0, which only puzzles.
        "0".to_owned()
    } else if !x.is_finite() {
        format!("{x}")
    } else if (1e-3..1e6).contains(&size) {
        trimmed(&format!("{x:.decimals$}"))
    } else {
        let text = format!("{x:.decimals$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", trimmed(mantissa))
    }
}

/// The same with a real minus sign and powers of ten, for pictures: `−1.2×10⁻⁵`.
pub(crate) fn pretty(x: f64) -> String {
    prettied(&short(x))
}

/// [`apart`] for pictures.
pub(crate) fn pretty_apart(numbers: &[f64]) -> Vec<String> {
    apart(numbers).iter().map(|text| prettied(text)).collect()
}

fn prettied(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}×{}", mantissa.replace('-', "−"), power_of_ten(exponent)),
        None => text.replace('-', "−"),
    }
}

/// `10⁻³` for `"-3"`.
pub(crate) fn power_of_ten(exponent: &str) -> String {
    let raised = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    format!("10{}", exponent.chars().map(raised).collect::<String>())
}

/// Without the zeros after the last decimal that says something.
fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_stay_short() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (1500.0, "1500"),
            (0.001, "0.001"),
            (0.00123456, "0.0012"),
            (0.0005, "5e-4"),
            (999_999.0, "999999"),
            (1e6, "1e6"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(short(x), text);
        }
    }

    #[test]
    fn numbers_that_differ_read_differently() {
        assert_eq!(apart(&[1.0, 2.5]), ["1", "2.5"]);
        assert_eq!(apart(&[1e9, 1e9 + 1.0, 1e9]), ["1e9", "1.000000001e9", "1e9"]);
        assert_eq!(apart(&[1.00001, 1.00002]), ["1.00001", "1.00002"]);
        let next = 1f64.next_up();
        assert_ne!(apart(&[1.0, next])[0], apart(&[1.0, next])[1]);
        assert_eq!(apart(&[f64::NAN, f64::NAN]), ["NaN", "NaN"]);
        assert_eq!(pretty_apart(&[1e9, 1e9 + 1.0]), ["1×10⁹", "1.000000001×10⁹"]);
    }

    #[test]
    fn pretty_numbers_have_real_signs() {
        assert_eq!(pretty(-1.5e-7), "−1.5×10⁻⁷");
        assert_eq!(pretty(-2.0), "−2");
        assert_eq!(power_of_ten("12"), "10¹²");
    }
}
