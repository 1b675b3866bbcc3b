//! The tape as an object: what it shows, what it refuses, and tapes over other numbers than f64.

mod common;

use adlab::{Dual, Op, Operand, Scalar, Tape, Var};
use common::{assert_close, panic_text};

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
    assert_eq!(table.lines().count(), 1 + tape.len(), "a line for each operation");
    assert_eq!(format!("{tape:?}"), "Tape with 4 operations");
}

#[test]
fn names_belong_to_their_inputs() {
    let tape = Tape::new();
    let _ = tape.var(1.0);
    for i in 0..100 {
        let _ = tape.named(&format!("x{i}"), f64::from(i)) * 2.0;
    }
    let records = tape.records();
    let named: Vec<_> = records.iter().filter_map(|r| Some((r.name.clone()?, r.value))).collect();
    assert_eq!(named.len(), 100);
    assert!(named.iter().all(|(name, value)| *name == format!("x{value}")));
}

#[test]
fn every_operation_has_its_name_and_its_operands() {
    let tape = Tape::new();
    let x = tape.var(0.5);
    let results =
        [x.asin(), x.hypot(x), x.atan2(x), x.max(x), x.erf(), x.softplus(), x.floor(), x.pow(x), x.powi(3), -x];
    let ops = [Op::Asin, Op::Hypot, Op::Atan2, Op::Max, Op::Erf, Op::Softplus, Op::Floor, Op::Pow, Op::Pow, Op::Neg];
    let records = tape.records();
    assert_eq!(records.len(), 1 + results.len());
    for (record, op) in records[1..].iter().zip(ops) {
        assert_eq!((record.op, record.operands.len()), (op, op.operands()));
    }
    assert!(Op::Pow.is_infix() && !Op::Max.is_infix());
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
    assert_eq!(gradient[unused], 0.0);
    assert_eq!(z.backward_with(10.0)[x[1]], 20.0);
    assert_eq!(gradient.wrt(z), 1.0, "∂z/∂z");
}

#[test]
fn a_variable_of_another_tape_is_refused() {
    let (a, b) = (Tape::new(), Tape::new());
    let (x, y) = (a.var(1.0), b.var(2.0));
    assert!(panic_text(|| x + y).contains("different tapes"));
    assert!(panic_text(|| x.pow(y)).contains("different tapes"));
    let gradient = (x * x).backward();
    assert!(panic_text(|| gradient.wrt(y)).contains("not on the tape of this gradient"));
    assert!(panic_text(|| gradient[y]).contains("not on the tape of this gradient"));
    assert!(panic_text(|| gradient.wrt(Var::constant(1.0))).contains("a constant has no derivative"));
    assert!(panic_text(|| Var::constant(1.0).backward()).contains("this is a constant"));
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
    assert!(panic_text(|| fresh + x).contains("cleared or dropped"));
    assert!(panic_text(|| gradient.wrt(fresh)).contains("not on the tape"));
    drop(tape);
    let next = Tape::new();
    let _y = next.var(5.0);
    assert!(panic_text(|| fresh.sin()).contains("cleared or dropped"));
    assert_eq!(next.len(), 1, "what was refused is not recorded");
}

/// The panic names the line of the student's formula, and not one in the library.
#[test]
fn the_place_of_a_panic_is_the_caller_s() {
    use std::sync::{Arc, Mutex};
    let place = Arc::new(Mutex::new(String::new()));
    let seen = place.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| *seen.lock().unwrap() = info.location().unwrap().file().to_owned()));
    let (a, b) = (Tape::new(), Tape::new());
    let _ = panic_text(|| a.var(1.0) * b.var(2.0));
    let operator = place.lock().unwrap().clone();
    let _ = panic_text(|| a.var(1.0).hypot(b.var(2.0)));
    let function = place.lock().unwrap().clone();
    std::panic::set_hook(usual);
    assert!(operator.ends_with("reverse.rs") && function.ends_with("tests/reverse.rs"), "{operator} and {function}");
}

#[test]
fn constants_need_no_tape() {
    let c = Var::constant(2.0) * 3.0 + 1.0;
    assert_eq!(c.value(), 7.0);
    let empty: Var = std::iter::empty::<Var>().sum();
    assert_eq!(empty.value(), 0.0);
}

#[test]
fn constants_are_not_recorded() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let z = x * Var::constant(2.0) + 1.0;
    assert_eq!((tape.len(), z.value()), (3, 7.0));
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

/// Variables have no lifetime and are plain copies, so that a notebook can keep them.
#[test]
fn variables_are_copies_without_lifetime() {
    fn kept<T: Copy + 'static>(value: T) -> Box<dyn std::any::Any> {
        Box::new(value)
    }
    let tape = Tape::new();
    let boxed = kept(tape.var(2.0));
    let x = *boxed.downcast_ref::<Var>().unwrap();
    assert_eq!((x * x).backward().wrt(x), 4.0);
    kept(Tape::<Dual>::over().var(Dual::variable(1.0)));
}

#[test]
fn each_thread_has_its_own_tapes() {
    let results: Vec<f64> = std::thread::scope(|scope| {
        let run = |i: u32| {
            let tape = Tape::new();
            let x = tape.var(f64::from(i));
            (x * x).backward().wrt(x)
        };
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || run(i))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
}

/// Forward over reverse: the gradient of x²y along (1, 10) is (2y·1 + 2x·10, 2x·1).
#[test]
fn a_tape_over_dual_numbers_gives_hessian_vector_products() {
    let tape = Tape::<Dual>::over();
    let (x, y) = (tape.named("x", Dual::new(1.0, 1.0)), tape.var(Dual::new(2.0, 10.0)));
    let z = x * x * y;
    let gradient = z.backward();
    assert_eq!((gradient.wrt(x).value, gradient.wrt(y).value), (4.0, 1.0));
    assert_eq!((gradient.wrt(x).derivative, gradient.wrt(y).derivative), (24.0, 2.0));
    assert_eq!((z.primal().value, z.primal().derivative), (2.0, 14.0));
    assert!(tape.to_string().contains('x') && tape.records()[2].value == 1.0);
    let plus_one = z + Var::lifted(Dual::constant(1.0));
    assert_eq!(plus_one.value(), 3.0);
}

/// Reverse over reverse: the gradient is recorded on the inner tape, and differentiated there.
#[test]
fn a_tape_over_variables_gives_second_derivatives() {
    let inner = Tape::new();
    let outer = Tape::<Var>::over();
    let a = inner.var(0.7);
    let x = outer.var(a);
    let z = (x * 2.0).exp() * x.sin();
    let first = z.backward().wrt(x);
    let second = first.backward().wrt(a);
    let [_, by_series, by_series_twice] = adlab::derivatives(|x| (x * 2.0).exp() * x.sin(), 0.7);
    assert_close(first.value(), by_series, 1e-14, "first");
    assert_close(second, by_series_twice, 1e-14, "second");
}

#[test]
fn the_table_shows_local_derivatives_of_all_sizes() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let _ = x * 1e200 + x * 1e-9;
    let text = tape.to_string();
    assert!(text.contains("(1.0000e200)") && text.contains("(1.0000e-9)") && text.contains("(1.0000)"), "{text}");
}

/// Values are not written down, but computed again: they must be those that the variables had.
#[test]
fn the_record_shows_the_values_that_there_were() {
    let tape = Tape::new();
    let (x, y) = (tape.var(0.3), tape.var(1.7));
    let one = |f: fn(Var) -> Var| f(x);
    let results = [
        [x + y, x - y, x * y, x / y, x.pow(y), x.hypot(y), x.atan2(y), x.min(y), x.max(y), x.mul_add(y, x)],
        [x + 0.1, x - 0.1, x * 0.1, x / 0.1, 0.1 + x, 0.1 - x, 0.1 * x, 0.1 / x, x.powi(7), x.powi(-3)],
        [x.powf(0.7), -x, one(Scalar::sin), x.cos(), x.tan(), x.asin(), x.acos(), x.atan(), x.sinh(), x.cosh()],
        [x.tanh(), x.asinh(), y.acosh(), x.atanh(), x.exp(), x.exp2(), x.exp_m1(), x.ln(), x.log2(), x.log10()],
        [x.ln_1p(), x.sqrt(), x.cbrt(), x.recip(), x.abs(), x.signum(), x.floor(), x.relu(), x.sigmoid(), x.softplus()],
        [
            one(Scalar::erf),
            Var::constant(0.1).mul_add(Var::constant(0.2), x),
            x.mul_add(Var::constant(0.1), y),
            y,
            x,
            y,
            x,
            y,
            x,
            y,
        ],
    ];
    let mut values: Vec<f64> = results.iter().flatten().map(|result| result.value()).collect();
    let shown: Vec<f64> = tape.records().iter().map(|record| record.value).collect();
    values.retain(|value| !shown.iter().any(|shown| shown.to_bits() == value.to_bits()));
    assert_eq!(values, [], "these are shown otherwise");
    assert!(tape.records().iter().all(|record| record.op != Op::Powi), "a power is a power");
}
