//! The conventions at kinks, steps, ties, and where slopes are infinite: each in forward and in reverse mode.

mod common;

use adlab::{Dual, Scalar, Tape, Var, derivative, derivatives, gradient, jvp};
use common::assert_same;

const INF: f64 = f64::INFINITY;

/// The derivative at `x` is `expected` in forward and in reverse mode. (`coverage.rs` compares all modes at all edges.)
macro_rules! slope_is {
    ($expected:expr, $x:expr, |$v:ident| $f:expr) => {
        assert_same(derivative(|$v: Dual| $f, $x), $expected, concat!("forward: ", stringify!($f)));
        assert_same(
            gradient(
                |v: &[Var]| {
                    let $v = v[0];
                    $f
                },
                &[$x],
            )[0],
            $expected,
            concat!("reverse: ", stringify!($f)),
        );
        assert_same(derivatives::<2>(|$v| $f, $x)[1], $expected, concat!("Taylor: ", stringify!($f)));
    };
}

/// Both partial derivatives at (a, b), in both modes.
macro_rules! partials_are {
    ($expected:expr, $at:expr, |$a:ident, $b:ident| $f:expr) => {
        let (expected, at): ([f64; 2], [f64; 2]) = ($expected, $at);
        let reverse = gradient(
            |v: &[Var]| {
                let ($a, $b) = (v[0], v[1]);
                $f
            },
            &at,
        );
        let forward = |tangent| {
            jvp(
                |v: &[Dual]| {
                    let ($a, $b) = (v[0], v[1]);
                    vec![$f]
                },
                &at,
                tangent,
            )[0]
        };
        for (i, tangent) in [[1.0, 0.0], [0.0, 1.0]].iter().enumerate() {
            assert_same(reverse[i], expected[i], concat!("reverse: ", stringify!($f)));
            assert_same(forward(tangent), expected[i], concat!("forward: ", stringify!($f)));
        }
    };
}

#[test]
fn abs_has_slope_0_at_its_kink() {
    slope_is!(0.0, 0.0, |x| x.abs());
    slope_is!(0.0, -0.0, |x| x.abs());
    slope_is!(1.0, 5e-324, |x| x.abs());
    slope_is!(-1.0, -5e-324, |x| x.abs());
    slope_is!(-1.0, -INF, |x| x.abs());
    slope_is!(f64::NAN, f64::NAN, |x| x.abs());
}

#[test]
fn relu_has_slope_0_at_its_kink() {
    slope_is!(0.0, 0.0, |x| x.relu());
    slope_is!(0.0, -0.0, |x| x.relu());
    slope_is!(1.0, 5e-324, |x| x.relu());
    assert!(Dual::variable(f64::NAN).relu().value.is_nan(), "NaN is not hidden");
}

#[test]
fn steps_have_slope_0_everywhere() {
    for x in [-1.0, -0.0, 0.0, 0.5, 1.0, INF, -INF] {
        slope_is!(0.0, x, |x| x.floor());
        slope_is!(0.0, x, |x| x.signum());
    }
    assert_eq!((Dual::variable(0.0).signum().value, Dual::variable(-0.0).signum().value), (1.0, -1.0), "as f64");
    assert_eq!(Dual::variable(-0.5).floor().value, -1.0);
}

#[test]
fn roots_and_logarithms_have_infinite_slope_at_0() {
    slope_is!(INF, 0.0, |x| x.sqrt());
    slope_is!(INF, 0.0, |x| x.cbrt());
    slope_is!(INF, 0.0, |x| x.ln());
    slope_is!(INF, 0.0, |x| x.log2());
    slope_is!(INF, 0.0, |x| x.log10());
    slope_is!(INF, -1.0, |x| x.ln_1p());
}

/// √−0 is −0 and 1/−0 is −∞, as IEEE 754 has it.
#[test]
fn minus_zero_has_the_slope_of_its_side() {
    slope_is!(-INF, -0.0, |x| x.ln());
    slope_is!(-INF, -0.0, |x| x.sqrt());
}

#[test]
fn inverse_functions_have_infinite_slope_at_the_ends_of_their_domain() {
    for x in [-1.0, 1.0] {
        slope_is!(INF, x, |x| x.asin());
        slope_is!(-INF, x, |x| x.acos());
        slope_is!(INF, x, |x| x.atanh());
    }
    slope_is!(INF, 1.0, |x| x.acosh());
}

#[test]
fn a_power_0_has_slope_0() {
    for x in [0.0, -0.0, 1.0, -2.0, INF, f64::NAN] {
        slope_is!(0.0, x, |x| x.powf(0.0));
        slope_is!(0.0, x, |x| x.powi(0));
    }
}

#[test]
fn whole_powers_of_negative_numbers_have_slopes() {
    slope_is!(-6.0, -3.0, |x| x.powi(2));
    slope_is!(-6.0, -3.0, |x| x.powf(2.0));
    slope_is!(-6.0, -3.0, |x| x.pow(2.0.into()));
    slope_is!(0.0, 0.0, |x| x.powi(2));
    slope_is!(1.0, 0.0, |x| x.powi(1));
}

#[test]
fn powers_of_0_do_not_change_with_the_exponent() {
    for b in [0.0, 0.5, 1.0, 2.0] {
        slope_is!(0.0, b, |b| Scalar::pow((0.0).into(), b));
    }
    partials_are!([0.0, 0.0], [0.0, 2.0], |a, b| a.pow(b));
    partials_are!([1.0, 0.0], [0.0, 1.0], |a, b| a.pow(b));
}

/// A negative base has no real power with a varying exponent: that is NaN, in the exponent's derivative only.
#[test]
fn only_the_exponent_of_a_negative_base_has_no_derivative() {
    partials_are!([-6.0, f64::NAN], [-3.0, 2.0], |a, b| a.pow(b));
}

#[test]
fn ties_are_shared() {
    partials_are!([0.5, 0.5], [2.0, 2.0], |a, b| a.max(b));
    partials_are!([0.5, 0.5], [2.0, 2.0], |a, b| a.min(b));
    partials_are!([0.5, 0.5], [0.0, -0.0], |a, b| a.max(b));
    partials_are!([0.5, 0.5], [INF, INF], |a, b| a.max(b));
    slope_is!(0.5, 0.0, |x| x.max(0.0.into()));
}

#[test]
fn the_greater_and_the_smaller_ignore_nan() {
    partials_are!([0.0, 1.0], [f64::NAN, 2.0], |a, b| a.max(b));
    partials_are!([1.0, 0.0], [2.0, f64::NAN], |a, b| a.min(b));
    partials_are!([f64::NAN, f64::NAN], [f64::NAN, f64::NAN], |a, b| a.min(b));
    assert_eq!(Dual::variable(f64::NAN).max(Dual::constant(1.0)).value, 1.0, "as f64::max");
}

#[test]
fn hypot_has_slope_0_at_the_origin() {
    partials_are!([0.0, 0.0], [0.0, 0.0], |a, b| a.hypot(b));
    partials_are!([1.0, 0.0], [5e-324, 0.0], |a, b| a.hypot(b));
    let huge = 2f64.powi(600);
    partials_are!([0.6, 0.8], [3.0 * huge, 4.0 * huge], |a, b| a.hypot(b));
}

#[test]
fn atan2_does_not_overflow() {
    partials_are!([1e200, -0.0], [0.0, 1e-200], |y, x| y.atan2(x));
    partials_are!([0.0, -1e-200], [1e200, 0.0], |y, x| y.atan2(x));
}

#[test]
fn functions_of_learning_do_not_overflow() {
    for x in [-800.0, 800.0, -INF, INF] {
        slope_is!(0.0, x, |x| x.sigmoid());
    }
    slope_is!(0.0, -800.0, |x| x.softplus());
    slope_is!(1.0, 800.0, |x| x.softplus());
    assert_eq!(Dual::variable(800.0).softplus().value, 800.0);
    assert_eq!(Dual::variable(-800.0).sigmoid().value, 0.0);
    slope_is!(0.0, 40.0, |x| x.erf());
}

#[test]
fn nan_stays_nan() {
    let functions: [fn(Dual) -> Dual; 4] = [|x| x.sin(), |x| x.exp() * 0.0, |x| x.sigmoid(), |x| x.sqrt()];
    for f in functions {
        let z = f(Dual::variable(f64::NAN));
        assert!(z.value.is_nan() && z.derivative.is_nan(), "{z}");
    }
}

/// The slope of √ at 0 is ∞, and that of 0·x is 0: their product is not a number, in either mode.
#[test]
fn zero_times_infinity_is_nan_and_stays_nan() {
    slope_is!(f64::NAN, 0.0, |x| x.sqrt() * 0.0);
    slope_is!(f64::NAN, 0.0, |x| (x * 0.0).sqrt() + x);
    slope_is!(f64::NAN, 0.0, |x| (x * x).sqrt());
}

/// What a result does not depend on does not touch its gradient, whatever its slope.
#[test]
fn what_the_result_does_not_use_makes_no_nan() {
    let tape = Tape::new();
    let x = tape.var(0.0);
    let _unused = x.sqrt();
    assert_eq!((x * 2.0).backward().wrt(x), 2.0);
}

/// A plain number is absent from the derivative. A dual number with derivative 0 is computed with, and 0·∞ is NaN.
#[test]
fn plain_numbers_are_exact_constants() {
    slope_is!(3.0, INF, |x| x * 3.0);
    slope_is!(3.0, INF, |x| 3.0 * x);
    slope_is!(1.0, INF, |x| x + 3.0);
    slope_is!(-1.0, INF, |x| 3.0 - x);
    slope_is!(0.5, INF, |x| x / 2.0);
    assert!(derivative(|x| x * Dual::constant(3.0), INF).is_nan(), "∞·0 from the constant's own derivative");
    assert_eq!(gradient(|v| v[0] * Var::constant(3.0), &[INF]), [3.0], "on a tape, a constant is known as such");
}

#[test]
fn a_branch_that_is_not_taken_leaves_no_trace() {
    fn safe<T: Scalar>(x: T) -> T {
        if x > 0.0 { x.sqrt() } else { x * 0.0 }
    }
    slope_is!(0.0, 0.0, |x| safe(x));
    slope_is!(0.25, 4.0, |x| safe(x));
}
