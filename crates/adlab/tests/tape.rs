//! The tape as an object: what it shows, and what it refuses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use adlab::{Op, Operand, Scalar, Tape, Var};

/// The text of the panic that `f` must raise.
fn panic_text<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("this should have panicked");
    };
    payload.downcast_ref::<String>().cloned().or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string())).unwrap()
}

#[test]
fn the_record_shows_what_was_done() {
    let tape = Tape::new();
    let x = tape.named("x", 0.5);
    let z = 2.0 - x.sin() * x;
    assert_eq!(tape.len(), 4);
    let records = tape.records();
    assert_eq!(records[0].name.as_deref(), Some("x"));
    assert_eq!(records[1].op, Op::Sin);
    assert_eq!(records[1].operands, [Operand::Node { index: 0, partial: 0.5f64.cos() }]);
    assert_eq!(records[2].operands.len(), 2);
    assert_eq!(records[3].operands[0], Operand::Constant(2.0));
    assert_eq!(records[3].operands[1], Operand::Node { index: 2, partial: -1.0 });
    assert_eq!(records[3].value, z.value());
    let table = tape.to_string();
    assert!(table.contains("sin") && table.contains("#0 (0.8776)") && table.contains("2, #2"), "{table}");
}

#[test]
fn one_pass_gives_all_gradients() {
    let tape = Tape::new();
    let x: Vec<Var> = (0..5).map(|i| tape.var(f64::from(i))).collect();
    let z: Var = x.iter().map(|&x| x * x).sum();
    let unused = tape.var(7.0);
    let gradient = z.backward();
    for (i, &x) in x.iter().enumerate() {
        assert_eq!(gradient[x], 2.0 * i as f64);
    }
    assert_eq!(gradient.wrt(unused), 0.0, "recorded after the result");
    assert_eq!(z.backward_with(10.0)[x[1]], 20.0);
}

#[test]
fn a_variable_of_another_tape_is_refused() {
    let (a, b) = (Tape::new(), Tape::new());
    let (x, y) = (a.var(1.0), b.var(2.0));
    assert!(panic_text(|| x + y).contains("different tapes"));
    let gradient = (x * x).backward();
    assert!(panic_text(|| gradient.wrt(y)).contains("not on the tape of this gradient"));
    assert!(panic_text(|| gradient.wrt(Var::from(1.0))).contains("a constant has no derivative"));
    assert!(panic_text(|| Var::from(1.0).backward()).contains("this is a constant"));
}

#[test]
fn a_variable_of_a_cleared_or_dropped_tape_is_refused() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let gradient = (x * 2.0).backward();
    tape.clear();
    assert!(tape.is_empty());
    assert!(panic_text(|| x * 2.0).contains("cleared or dropped"));
    assert!(panic_text(|| x.backward()).contains("cleared or dropped"));
    // The memory is used again, the old variable is not mistaken for the new one.
    let fresh = tape.var(3.0);
    assert!(panic_text(|| x + fresh).contains("cleared or dropped"));
    assert!(panic_text(|| gradient.wrt(fresh)).contains("not on the tape"));
    drop(tape);
    let next = Tape::new();
    let _y = next.var(5.0);
    assert!(panic_text(|| fresh.sin()).contains("cleared or dropped"));
}

#[test]
fn constants_need_no_tape() {
    let c = Var::from(2.0) * 3.0 + 1.0;
    assert_eq!(c.value(), 7.0);
    let empty: Var = std::iter::empty::<Var>().sum();
    assert_eq!(empty.value(), 0.0);
}

#[test]
fn a_long_computation_is_no_deep_one() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let mut z = x;
    for _ in 0..1_000_000 {
        z += 1e-6;
    }
    assert_eq!(z.backward().wrt(x), 1.0);
}

/// An infinite slope on a branch that the result does not use must not make 0·∞ = NaN of its gradient.
#[test]
fn what_the_result_does_not_use_does_not_touch_its_gradient() {
    let tape = Tape::new();
    let x = tape.var(0.0);
    let _unused = x.sqrt();
    assert_eq!((x * 2.0).backward().wrt(x), 2.0);
    // Where the result does use it, NaN is the truth, and stays.
    assert!((x.sqrt() * 0.0).backward().wrt(x).is_nan());
}
