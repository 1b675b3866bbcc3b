//! What the tests share.

/// Equal up to rounding, relative to the greater of 1 and the numbers themselves.
#[track_caller]
pub fn assert_close(a: f64, b: f64, tolerance: f64, what: &str) {
    let scale = 1f64.max(a.abs() + b.abs());
    assert!((a - b).abs() / scale <= tolerance, "{what}: {a} and {b} differ by {:e}", (a - b).abs());
}
