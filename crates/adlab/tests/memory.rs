//! Nothing grows that should not. In a program of their own: other tests' memory would be counted too.

use std::sync::{Mutex, MutexGuard};

use adlab::{Tape, Tensor};

const MIB: usize = 1 << 20;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|e| e.into_inner())
}

/// How much memory this process takes; 0 where the system does not say.
fn resident() -> usize {
    let Ok(statm) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap() * 4096
}

/// Without reuse, a tape a million times would take gigabytes.
#[test]
fn tapes_reuse_their_memory() {
    let _alone = alone();
    let before = resident();
    for i in 0..1_000_000u32 {
        let tape = Tape::new();
        let x = tape.var(f64::from(i));
        let mut z = x;
        for _ in 0..20 {
            z *= x;
        }
        std::hint::black_box(z);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 * MIB, "grew by {grown} bytes");
}

/// A result that keeps itself alive through its history would grow here.
#[test]
fn tensors_do_not_leak() {
    let _alone = alone();
    let x = Tensor::ones(&[1000]).requires_grad();
    let round = || {
        for _ in 0..2_000 {
            let y = (x.tanh().exp() * &x).sigmoid();
            y.add_(1.0);
            let _ = y.at(3).sin().try_backward();
            x.zero_grad();
        }
    };
    round();
    let before = resident();
    round();
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 * MIB, "grew by {grown} bytes; a leak of one tensor a round would be 16 MB");
}
