//! What the tests share. Each test program uses a part of it.
#![allow(dead_code)]

pub mod functions;
pub mod operations;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Equal up to rounding, relative to the greater of 1 and the numbers themselves.
#[track_caller]
pub fn assert_close(a: f64, b: f64, tolerance: f64, what: &str) {
    let scale = 1f64.max(a.abs() + b.abs());
    assert!((a - b).abs() / scale <= tolerance, "{what}: {a} and {b} differ by {:e}", (a - b).abs());
}

/// The same number, or both none. 0 and −0 are the same.
#[track_caller]
pub fn assert_same(a: f64, b: f64, what: &str) {
    assert!(a == b || a.is_nan() && b.is_nan(), "{what}: {a} and {b}");
}

/// The slope by central differences.
pub fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-6 * x.abs().max(1.0);
    let (low, high) = (x - h, x + h);
    (f(high) - f(low)) / (high - low)
}

/// The text of the panic that `f` must raise.
#[track_caller]
pub fn panic_text<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("this should have panicked");
    };
    payload.downcast_ref::<String>().cloned().or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string())).unwrap()
}
