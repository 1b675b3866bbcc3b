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
    let size = x.abs();
    if x == 0.0 {
        // Also −0, which only puzzles.
        "0".to_owned()
    } else if !x.is_finite() {
        format!("{x}")
    } else if (1e-3..1e6).contains(&size) {
        trimmed(&format!("{x:.4}"))
    } else {
        let text = format!("{x:.4e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", trimmed(mantissa))
    }
}

/// The same with a real minus sign and powers of ten, for pictures: `−1.2×10⁻⁵`.
pub(crate) fn pretty(x: f64) -> String {
    let text = short(x);
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
    fn pretty_numbers_have_real_signs() {
        assert_eq!(pretty(-1.5e-7), "−1.5×10⁻⁷");
        assert_eq!(pretty(-2.0), "−2");
        assert_eq!(power_of_ten("12"), "10¹²");
    }
}
