//! Recordings, replayed at other inputs: the same as recording again, or an error.

mod common;

use adlab::{Dual, Error, Recording, Scalar, Tape, Var, gradient, jacobian, record, record_many, value_and_gradient};
use common::functions::{functions, functions2};
use common::{assert_close, assert_same, panic_text};

/// Recorded at one point and replayed at another, it gives what recording there gives.
#[track_caller]
fn same(f: impl Fn(&[Var]) -> Var, recorded_at: &[f64], at: &[f64], what: &str) {
    let mut recording = record(&f, recorded_at);
    // Whatever was before must not be seen.
    let _ = recording.try_gradient(recorded_at);
    let (value, gradient) = recording.value_and_gradient(at);
    let (expected, expected_gradient) = value_and_gradient(&f, at);
    let what = format!("{what}, recorded at {recorded_at:?}, at {at:?}");
    let pairs = gradient.iter().zip(&expected_gradient).chain([(&value, &expected)]);
    for (a, b) in pairs {
        if a.is_finite() && b.is_finite() {
            assert_close(*a, *b, 1e-14, &what);
        } else {
            assert_same(*a, *b, &what);
        }
    }
}

/// Within the domain, at its ends, and where floating point is special.
fn points((low, high): (f64, f64)) -> Vec<f64> {
    let inside = (0..=10).map(|i| low + (high - low) * f64::from(i) / 10.0);
    inside.chain([0.0, -0.0, 1.0, -1.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]).collect()
}

#[test]
fn every_function() {
    for f in functions() {
        let middle = (f.domain.0 + f.domain.1) / 2.0;
        for at in points(f.domain) {
            same(|x| (f.var)(x[0]), &[middle], &[at], f.name);
            same(|x| (f.var)(x[0] * x[1]) * x[1], &[middle, 1.0], &[at, 0.5], f.name);
        }
    }
}

#[test]
fn every_function_of_two() {
    for f in functions2() {
        let [a, b] = f.domain.map(|(low, high)| (low + high) / 2.0);
        for x in points(f.domain[0]) {
            for y in points(f.domain[1]) {
                same(|v| (f.var)(v[0], v[1]), &[a, b], &[x, y], f.name);
            }
            // A constant on either side.
            same(|v| (f.var)(v[0], Var::constant(b)), &[a], &[x], f.name);
            same(|v| (f.var)(Var::constant(a), v[0]), &[b], &[x], f.name);
            same(|v| (f.var)(v[0], v[0]), &[a], &[x], f.name);
        }
    }
}

#[test]
fn constants_on_either_side() {
    type Function = fn(Var) -> Var;
    let functions: [(&str, Function); 12] = [
        ("x + c", |x| x + 3.0),
        ("c + x", |x| 3.0 + x),
        ("x − c", |x| x - 3.0),
        ("c − x", |x| 3.0 - x),
        ("x·c", |x| x * 3.0),
        ("c·x", |x| 3.0 * x),
        ("x/c", |x| x / 3.0),
        ("c/x", |x| 3.0 / x),
        ("−x", |x| -x),
        ("x·x", |x| x * x),
        ("a constant", |_| Var::constant(2.0)),
        ("an input", |x| x),
    ];
    for (name, f) in functions {
        for at in [0.5, -2.0, 0.0, f64::INFINITY] {
            same(|x| f(x[0]), &[1.0], &[at], name);
        }
    }
}

#[test]
fn rounded_once() {
    let (a, b, c) = (1.0 + 2f64.powi(-30), 1.0 - 2f64.powi(-30), -1.0);
    same(|x| x[0].mul_add(x[1], x[2]), &[1.0, 2.0, 3.0], &[a, b, c], "mul_add");
    same(|x| x[0].mul_add(Var::constant(b), Var::constant(c)), &[1.0], &[a], "mul_add with constants");
    same(|x| Var::constant(3.0).mul_add(Var::constant(5.0), x[0]), &[1.0], &[a], "mul_add of constants");
    same(|x| Var::constant(b).mul_add(x[0], x[1]), &[1.0, 2.0], &[a, c], "mul_add with a constant");
    assert_ne!(record(|x| x[0].mul_add(x[1], x[2]), &[1.0, 2.0, 3.0]).value(&[a, b, c]), a * b + c);
}

#[test]
fn infinite_slopes_as_elsewhere() {
    // 0·∞ on the way is NaN; what the result does not depend on is left out.
    same(|x| x[0].sqrt() * 0.0, &[1.0], &[0.0], "0·√x");
    same(
        |x| {
            let _ = x[0].sqrt();
            x[0] * 2.0
        },
        &[1.0],
        &[0.0],
        "√x beside",
    );
    // Nor what is only looked at, nor what other results depend on.
    same(|x| if x[0].sqrt() < 5.0 { x[0] * 2.0 } else { x[0] }, &[1.0], &[0.0], "√x looked at");
    let f = |x: &[Var]| vec![x[0].sqrt(), x[0] * 2.0, x[1].ln(), x[0] * x[1], x[0].sqrt() * x[1]];
    let (found, expected) = (record_many(f, &[1.0, 1.0]).jacobian(&[0.0, 0.0]), jacobian(f, &[0.0, 0.0]));
    for (a, b) in found.to_vec().into_iter().zip(expected.to_vec()) {
        assert_same(a, b, "several results");
    }
}

#[test]
fn what_no_result_depends_on_is_left_out() {
    let f = record(
        |x| {
            let _ = (x[0].sin() * x[1]).exp();
            x[0] * x[1]
        },
        &[1.0, 2.0],
    );
    assert_eq!(f.len(), 1);
    assert_eq!(format!("{f:?}"), "Recording of 1 operations");
    assert!(record(|x| x[0], &[1.0]).is_empty());
}

#[test]
fn several_results() {
    // So many that lanes are full, and some that are left.
    let f = |x: &[Var]| -> Vec<Var> {
        let mut results: Vec<Var> = (0..9).map(|i| (x[i % 3] * f64::from(i as u32)).sin() * x[(i + 1) % 3]).collect();
        results.push(x[2]);
        results.push(Var::constant(4.0));
        results.push(results[3] / results[5]);
        results
    };
    let mut recording = record_many(f, &[1.0, 2.0, 3.0]);
    for count in 0..12 {
        let at = [0.3 + f64::from(count) * 0.1, -0.7, 0.9];
        let mut part = record_many(|x| f(x)[..count as usize].to_vec(), &[1.0, 2.0, 3.0]);
        let expected = jacobian(|x| f(x)[..count as usize].to_vec(), &at);
        let found = part.jacobian(&at);
        assert_eq!(found.shape(), expected.shape());
        for (a, b) in found.to_vec().iter().zip(expected.to_vec()) {
            assert_close(*a, b, 1e-14, "jacobian");
        }
        assert_eq!(part.values(&at), recording.values(&at)[..count as usize]);
    }
    let text = panic_text(move || recording.gradient(&[1.0, 2.0, 3.0]));
    assert_eq!(text, "this function has 12 results, and only one has a gradient: ask for values or jacobian");
}

/// Replayed where each test comes out as it did, and where it does not. At the same place each time, so that only that test
/// can be what differs.
#[test]
fn branches() {
    let (low, high) = (1.0, 2.0);
    type Branch = fn(Var, Var) -> bool;
    let tests: [(&str, Branch, [f64; 3]); 10] = [
        // Recorded with 1 and 2; what 2 becomes: as before, on the border, beyond. Where the answer is the same, it is right.
        ("<", |a, b| a < b, [1.5, 1.0, 0.5]),
        ("<=", |a, b| a <= b, [1.5, 1.0, 0.5]),
        (">", |a, b| a > b, [1.5, 1.0, 0.5]),
        (">=", |a, b| a >= b, [1.5, 1.0, 0.5]),
        ("==", |a, b| a == b, [1.5, 1.0, 0.5]),
        ("partial_cmp", |a, b| a.partial_cmp(&b).is_some_and(|order| order.is_lt()), [1.5, 1.0, 0.5]),
        ("<", |a, b| a < b, [f64::NAN; 3]),
        ("==", |a, b| a != b, [1.5, 1.0, 0.5]),
        (">", |a, b| b > a, [1.5, 1.0, 0.5]),
        ("partial_cmp", |a, b| a.partial_cmp(&b).is_none(), [f64::NAN; 3]),
    ];
    for (symbol, test, now) in tests {
        let f = |x: &[Var]| if test(x[0], x[1]) { x[0] * x[1] } else { x[0] + x[1] };
        let mut recording = record(f, &[low, high]);
        let before = test(Var::constant(low), Var::constant(high));
        for now in now {
            let found = recording.try_gradient(&[low, now]);
            if test(Var::constant(low), Var::constant(now)) == before && symbol != "partial_cmp" {
                assert_eq!(found, Ok(gradient(f, &[low, now])), "{symbol} {now}");
            } else if let Err(Error::OtherBranch { test, then, .. }) = found {
                assert_eq!(test, symbol);
                assert!(then == [low, high] || then == [high, low]);
            } else {
                // An order that is the same is no other branch.
                assert!(symbol == "partial_cmp" && now == 1.5, "{symbol} {now}: {found:?}");
            }
        }
        // It is not spoilt.
        assert_eq!(recording.gradient(&[low, high]), gradient(f, &[low, high]));
    }
}

#[test]
fn branches_by_plain_numbers() {
    let f = |x: &[Var]| if x[0] > 0.5 && x[0] <= 3.0 { x[0] * x[0] } else { x[0] };
    let mut recording = record(f, &[1.0]);
    assert_eq!(recording.gradient(&[3.0]), [6.0]);
    for outside in [0.5, 3.1, f64::NAN] {
        assert!(matches!(recording.try_gradient(&[outside]), Err(Error::OtherBranch { .. })), "{outside}");
    }
    let text = panic_text(move || recording.gradient(&[0.25]));
    assert_eq!(
        text,
        "at these inputs the function may do something else than what was recorded: it asks 0.25 > 0.5, where it had asked \
         1.0 > 0.5, and the answer is another; record it again at these inputs"
    );
}

#[test]
fn loops_that_run_otherwise() {
    // Newton's method for the square root, until it is there.
    let root = |x: &[Var]| {
        let mut y = x[0];
        while (y * y - x[0]).abs() > 1e-12 {
            y = (y + x[0] / y) / 2.0;
        }
        y
    };
    let mut recording = record(root, &[2.0]);
    let (value, gradient) = recording.value_and_gradient(&[2.1]);
    assert_close(value, 2.1f64.sqrt(), 1e-14, "root");
    assert_close(gradient[0], 0.5 / 2.1f64.sqrt(), 1e-10, "its slope");
    assert!(matches!(recording.try_gradient(&[200.0]), Err(Error::OtherBranch { .. })));
    // The greatest of several, by comparison: right as long as it is the same one.
    let greatest = |x: &[Var]| x.iter().copied().fold(x[0], |a, b| if b > a { b } else { a });
    let mut recording = record(greatest, &[1.0, 5.0, 3.0]);
    assert_eq!(recording.gradient(&[-1.0, 4.0, 2.0]), [0.0, 1.0, 0.0]);
    assert!(recording.try_gradient(&[1.0, 2.0, 3.0]).is_err());
    // By the operation, it is right everywhere.
    let greatest = |x: &[Var]| x.iter().copied().fold(x[0], Scalar::max);
    assert_eq!(record(greatest, &[1.0, 5.0, 3.0]).gradient(&[1.0, 2.0, 3.0]), [0.0, 0.0, 1.0]);
}

/// A variable of another tape is a number as others are; of two recordings, each notes what it may.
#[test]
fn other_tapes_are_constants() {
    let tape = Tape::new();
    // It stands where the recording has nothing.
    let before: Vec<Var> = (0..100).map(|_| tape.var(1.0)).collect();
    let limit = tape.var(1.0) + before[0];
    let both: [&dyn Fn(Var) -> bool; 2] = [&|x| x < limit, &|x| limit > x];
    for is_below in both {
        let mut recording = record(|x| if is_below(x[0]) { x[0] * x[0] } else { x[0] }, &[1.0]);
        assert_eq!(recording.gradient(&[1.5]), [3.0]);
        assert!(matches!(recording.try_gradient(&[2.5]), Err(Error::OtherBranch { .. })));
    }
    let mut within = None;
    let mut outer = record(
        |x| {
            within = Some(record(|y| if y[0] < x[0] { y[0] * 2.0 } else { y[0] }, &[1.0]));
            x[0] * 5.0
        },
        &[3.0],
    );
    let mut within = within.unwrap();
    assert_eq!(within.gradient(&[2.5]), [2.0]);
    assert!(within.try_gradient(&[3.5]).is_err());
    assert_eq!(outer.gradient(&[1.5]), [5.0]);
    assert!(outer.try_gradient(&[0.5]).is_err());
}

#[test]
fn plain_values() {
    for f in [|x: &[Var]| x[0] * x[0].value(), |x: &[Var]| x[0] * x[0].primal()] {
        let mut recording = record(f, &[2.0]);
        assert_eq!(recording.gradient(&[2.0]), [2.0]);
        assert_eq!(recording.try_gradient(&[3.0]), Err(Error::OtherValue { then: 2.0, now: 3.0 }));
        let text = panic_text(move || recording.value(&[3.0]));
        assert!(text.starts_with("the function took the plain value of a variable, which was 2.0"), "{text}");
    }
    // Of another variable, which is the same.
    let mut recording = record(|x| x[0] * x[1].value(), &[2.0, 3.0]);
    assert_eq!(recording.gradient(&[5.0, 3.0]), [3.0, 0.0]);
    // 0 and −0 are not: something may have been divided by them.
    assert!(record(|x| x[0] * x[0].value(), &[0.0]).try_gradient(&[-0.0]).is_err());
    // To show one is to take none.
    let mut recording = record(
        |x| {
            assert_eq!(format!("{} {:?}", x[0], x[0]), "2 2");
            x[0] * 3.0
        },
        &[2.0],
    );
    assert_eq!(recording.gradient(&[7.0]), [3.0]);
}

/// Derivatives within: the slopes of dual numbers over variables are recorded, and the rules that look at values ask again.
#[test]
fn derivatives_within() {
    let second = |x: &[Var]| (Dual::seeded(x[0]) * 0.5).tanh().derivative;
    same(second, &[1.0], &[0.3], "tanh′");
    let inner = |x: &[Var]| {
        let tape = Tape::<Var>::over();
        let y = tape.var(x[0]);
        (y.sin() * y).backward().wrt(y)
    };
    same(inner, &[1.0], &[0.3], "(y·sin y)′");
    // The slope of relu asks on which side of 0 its number is, and no more.
    let mut recording = record(|x| Dual::seeded(x[0]).relu().derivative * x[0], &[1.0]);
    assert_eq!(recording.gradient(&[3.0]), [1.0]);
    assert!(matches!(recording.try_gradient(&[-3.0]), Err(Error::OtherBranch { .. })));
    let kink = |x: &[Var]| Dual::seeded(x[0]).abs().derivative * x[0];
    let mut recording = record(kink, &[1.0]);
    assert!(recording.try_gradient(&[-2.0]).is_err());
}

#[test]
fn inputs_that_do_not_fit() {
    let mut recording = record(|x| x[0] * x[1], &[1.0, 2.0]);
    assert_eq!(recording.try_gradient(&[1.0]), Err(Error::Inputs { wanted: 2, given: 1 }));
    let text = panic_text(move || recording.gradient(&[1.0, 2.0, 3.0]));
    assert_eq!(text, "this function was recorded with 2 inputs, and now has 3: it needs as many");
    let other = Tape::new();
    let elsewhere = other.var(1.0);
    let text = panic_text(|| record(|_| elsewhere, &[1.0]));
    assert!(text.starts_with("the result is on another tape"), "{text}");
}

#[test]
fn it_outlives_tapes_and_threads() {
    let mut f: Recording = record(|x| x[0].sin() * x[1], &[1.0, 2.0]);
    let mut copy = f.clone();
    // The slot of its tape is used again by others.
    let tape = Tape::new();
    let _ = tape.var(1.0).exp();
    let there = std::thread::spawn(move || copy.gradient(&[0.5, 3.0])).join().unwrap();
    assert_eq!(f.gradient(&[0.5, 3.0]), there);
    assert_eq!(record(|_| Var::constant(3.0), &[]).value(&[]), 3.0);
}
