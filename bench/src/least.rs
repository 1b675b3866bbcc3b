//! How long something takes at least, for the programs that measure tensors.

use std::hint::black_box;

#[path = "clock.rs"]
mod clock;

use clock::now;

/// Prints a line with the name, a number that the first result has, and microseconds of the thread's processor time, the
/// least of many. An argument names what alone is measured, for a profiler.
pub fn least<T>(name: &str, number: impl FnOnce(T) -> f64, mut f: impl FnMut() -> T) {
    if std::env::args().nth(1).is_some_and(|only| only != name) {
        return;
    }
    let first = number(f());
    let (start, mut least, mut calls) = (now(), f64::MAX, 1);
    while now() - start < 5e8 {
        let one = now();
        (0..calls).for_each(|_| drop(black_box(f())));
        let time = now() - one;
        // What is short is called as often as takes longer than to look at the clock, which may also show that none has gone by.
        match time {
            ..2e4 => calls *= 2,
            _ => least = least.min(time / f64::from(calls)),
        }
    }
    println!("{name}\t{first:e}\t{:.2}", least / 1e3);
}
