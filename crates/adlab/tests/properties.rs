//! Forward against reverse mode, and against all others, on random inputs and random expressions.

mod common;

use adlab::{Dual, DualVec, Error, Scalar, Taylor, Var, gradient, hvp, record, value_and_gradient};
use common::assert_close;
use common::functions::{functions, functions2};
use proptest::prelude::*;

/// A formula in x and y, whose values stay moderate: what overflows says nothing about derivatives.
#[derive(Clone, Debug)]
enum Expression {
    X,
    Y,
    Number(f64),
    Bounded(usize, Box<Expression>),
    Sum(Box<Expression>, Box<Expression>),
    Difference(Box<Expression>, Box<Expression>),
    Product(Box<Expression>, Box<Expression>),
    Quotient(Box<Expression>, Box<Expression>),
    Power(Box<Expression>, Box<Expression>),
    Angle(Box<Expression>, Box<Expression>),
    Length(Box<Expression>, Box<Expression>),
    Greater(Box<Expression>, Box<Expression>),
}

const BOUNDED: usize = 10;

impl Expression {
    fn value<T: Scalar>(&self, x: T, y: T) -> T {
        use Expression::*;
        match self {
            X => x,
            Y => y,
            Number(number) => T::from(*number),
            Bounded(which, a) => {
                let a = a.value(x, y);
                match which {
                    0 => a.sin(),
                    1 => a.cos(),
                    2 => a.tanh(),
                    3 => a.sigmoid(),
                    4 => a.atan(),
                    5 => a.erf(),
                    6 => (a * a + 1.0).sqrt().ln(),
                    7 => (-(a * a)).exp(),
                    8 => a.tanh().softplus(),
                    _ => a.sin().exp_m1(),
                }
            }
            Sum(a, b) => a.value(x, y) + b.value(x, y),
            Difference(a, b) => a.value(x, y) - b.value(x, y),
            Product(a, b) => a.value(x, y).sin() * b.value(x, y),
            Quotient(a, b) => a.value(x, y) / (b.value(x, y).cos() + 2.0),
            Power(a, b) => (a.value(x, y).sin() + 1.5).pow(b.value(x, y).tanh()),
            Angle(a, b) => a.value(x, y).atan2(b.value(x, y).sin() + 1.5),
            Length(a, b) => a.value(x, y).hypot(b.value(x, y).sin() + 1.5),
            Greater(a, b) => a.value(x, y).max(b.value(x, y)),
        }
    }
}

fn expressions() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![Just(Expression::X), Just(Expression::Y), (-3.0..3.0).prop_map(Expression::Number)];
    leaf.prop_recursive(6, 60, 2, |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            (0..BOUNDED, inner.clone()).prop_map(|(which, a)| Expression::Bounded(which, Box::new(a))),
            pair().prop_map(|(a, b)| Expression::Sum(a, b)),
            pair().prop_map(|(a, b)| Expression::Difference(a, b)),
            pair().prop_map(|(a, b)| Expression::Product(a, b)),
            pair().prop_map(|(a, b)| Expression::Quotient(a, b)),
            pair().prop_map(|(a, b)| Expression::Power(a, b)),
            pair().prop_map(|(a, b)| Expression::Angle(a, b)),
            pair().prop_map(|(a, b)| Expression::Length(a, b)),
            pair().prop_map(|(a, b)| Expression::Greater(a, b)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_modes_agree_on_random_expressions(f in expressions(), x in -2.0..2.0f64, y in -2.0..2.0f64) {
        let value = f.value(x, y);
        prop_assert!(value.is_finite());
        let reverse = gradient(|v: &[Var]| f.value(v[0], v[1]), &[x, y]);

        let by_x = f.value(Dual::variable(x), Dual::constant(y));
        let by_y = f.value(Dual::constant(x), Dual::variable(y));
        prop_assert_eq!(by_x.value, value);
        assert_close(by_x.derivative, reverse[0], 1e-11, "forward by x");
        assert_close(by_y.derivative, reverse[1], 1e-11, "forward by y");

        let [a, b] = DualVec::variables([x, y]);
        let both = f.value(a, b);
        prop_assert_eq!(both.value, value);
        assert_close(both.derivatives[0], reverse[0], 1e-11, "both at once");
        assert_close(both.derivatives[1], reverse[1], 1e-11, "both at once");

        // The second derivative along (1, −2), by Taylor series and by forward over reverse.
        let series = f.value(Taylor::new([x, 1.0, 0.0]), Taylor::new([y, -2.0, 0.0])).derivatives();
        prop_assert_eq!(series[0], value);
        assert_close(series[1], reverse[0] - 2.0 * reverse[1], 1e-10, "Taylor");
        let product = hvp(|v| f.value(v[0], v[1]), &[x, y], &[1.0, -2.0]);
        assert_close(series[2], product[0] - 2.0 * product[1], 1e-9, "second order");
    }

    /// With a branch in it, which is told where it goes the other way, and only there.
    #[test]
    fn a_replay_is_what_recording_again_gives(f in expressions(), from in [-2.0..2.0f64, -2.0..2.0], at in [-2.0..2.0f64, -2.0..2.0]) {
        let branching = |v: &[Var]| {
            let y = f.value(v[0], v[1]);
            if y < v[0] { y * v[1] } else { y + v[0] }
        };
        let is_below = |v: [f64; 2]| f.value(v[0], v[1]) < v[0];
        match record(branching, &from).try_value_and_gradient(&at) {
            Ok((value, gradient)) => {
                prop_assert_eq!(is_below(from), is_below(at));
                let (expected, by) = value_and_gradient(branching, &at);
                prop_assert_eq!(value, expected);
                assert_close(gradient[0], by[0], 1e-11, "replayed, by x");
                assert_close(gradient[1], by[1], 1e-11, "replayed, by y");
            }
            Err(error) => {
                let other = matches!(error, Error::OtherBranch { test: "<", .. });
                prop_assert!(other && is_below(from) != is_below(at), "{}", error);
            }
        }
    }

    #[test]
    fn all_modes_agree_for_each_function(which in 0..functions().len(), place in 0.0..1.0f64) {
        let f = &functions()[which];
        let x = f.domain.0 + (f.domain.1 - f.domain.0) * place;
        let forward = (f.dual)(Dual::variable(x)).derivative;
        let what = format!("{} at {x}", f.name);
        assert_close(forward, (f.derivative)(x), 1e-12, &what);
        assert_close(forward, common::slope(f.plain, x), 1e-7, &what);
        assert_close(forward, gradient(|v| (f.var)(v[0]), &[x])[0], 1e-14, &what);
    }

    #[test]
    fn all_modes_agree_for_each_function_of_two(which in 0..functions2().len(), place in [0.0..1.0f64, 0.0..1.0]) {
        let f = &functions2()[which];
        let [a, b] = [0, 1].map(|i| f.domain[i].0 + (f.domain[i].1 - f.domain[i].0) * place[i]);
        let what = format!("{} at {a}, {b}", f.name);
        let reverse = gradient(|v| (f.var)(v[0], v[1]), &[a, b]);
        assert_close((f.dual)(Dual::variable(a), Dual::constant(b)).derivative, reverse[0], 1e-14, &what);
        assert_close((f.dual)(Dual::constant(a), Dual::variable(b)).derivative, reverse[1], 1e-14, &what);
        assert_close(reverse[0], common::slope(|a| (f.plain)(a, b), a), 1e-7, &what);
        assert_close(reverse[1], common::slope(|b| (f.plain)(a, b), b), 1e-7, &what);
    }

    /// For any number at all, with all bit patterns, forward and reverse mode say the same of functions of one number.
    #[test]
    fn both_modes_agree_on_any_number(which in 0..functions().len(), x in proptest::num::f64::ANY) {
        let f = &functions()[which];
        if !["x to the x", "numbers on the left"].contains(&f.name) {
            let forward = (f.dual)(Dual::variable(x));
            let what = format!("{} at {x:e}", f.name);
            common::assert_same(forward.value, (f.plain)(x), &what);
            common::assert_same(forward.derivative, gradient(|v| (f.var)(v[0]), &[x])[0], &what);
        }
    }
}

/// Numbers of all sizes, half of them at the ends of what there is, and those that are none.
fn of_all_sizes() -> impl Strategy<Value = f64> {
    let bits = any::<u64>();
    let at_the_ends = (bits, prop_oneof![0u64..4, 2040u64..2048]);
    prop_oneof![
        4 => bits.prop_map(f64::from_bits),
        4 => at_the_ends.prop_map(|(bits, exponent)| f64::from_bits(bits & !(2047 << 52) | exponent << 52)),
        1 => prop::sample::select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MAX, 1.0]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    /// The quotient rule multiplies by the reciprocal of what it divides by. That is the quotient but for two roundings, also
    /// where the reciprocal alone would overflow or lose digits.
    #[test]
    fn the_quotient_rule_is_as_good_as_a_division(derivative in of_all_sizes(), divisor in of_all_sizes()) {
        let (found, expected) = (derivative.over(divisor), derivative / divisor);
        let here = format!("{derivative:e} / {divisor:e}: {found:e} and {expected:e}");
        prop_assert_eq!(found.is_nan(), expected.is_nan(), "{}", here);
        if !expected.is_nan() {
            prop_assert_eq!(found.is_sign_negative(), expected.is_sign_negative(), "{}", here);
            // What is rounded once more may just reach infinity, or just not.
            let at_the_end = found.abs().min(expected.abs()) >= f64::MAX * (1.0 - f64::EPSILON);
            let close = (found - expected).abs() <= expected.abs() * f64::EPSILON + f64::from_bits(1);
            prop_assert!(at_the_end || if expected.is_finite() { close } else { found == expected }, "{}", here);
        }
        let dual = Dual::new(1.0, derivative) / Dual::constant(divisor);
        let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
        // What is taken away is 0, but where the value is infinite.
        prop_assert!(dual.value.is_infinite() || dual.value.is_nan() || same(dual.derivative, found), "{}", here);
        let lanes = (DualVec::new(1.0, [derivative; 12]) / DualVec::constant(divisor)).derivatives;
        prop_assert!(lanes.iter().all(|&lane| same(lane, dual.derivative)), "{}", here);
    }
}
