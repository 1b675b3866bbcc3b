//! Time that does not count what other programs take.

/// The processor time of this thread, in nanoseconds.
fn now() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to `time` only.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

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
