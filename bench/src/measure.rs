//! Samples of what a call takes.

use crate::clock::now;

/// Each is the mean of as many calls as take two milliseconds.
#[derive(Default)]
pub struct Samples {
    times: Vec<f64>,
    calls: usize,
}

impl Samples {
    pub fn add<T>(&mut self, mut f: impl FnMut() -> T) {
        let start = now();
        let mut calls = 0;
        loop {
            std::hint::black_box(f());
            calls += 1;
            // The first sample finds out how many.
            if if self.calls == 0 { now() - start > 2e6 } else { calls >= self.calls } {
                break;
            }
        }
        self.times.push((now() - start) / calls as f64);
        self.calls = self.calls.max(calls);
    }

    pub fn least(&self) -> f64 {
        self.times.iter().copied().fold(f64::MAX, f64::min)
    }
}
