//! The conventions at kinks, steps, ties, and where slopes are infinite: each in forward and in reverse mode.

mod common;

use adlab::{Backward, Dual, Scalar, Tape, Var, derivative, derivatives, gradient, hessian, jacobian, jvp, tensor};
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

/// What comes to a node as −0 has come to it, and times ∞ is NaN; what nothing comes to stays 0.
#[test]
fn minus_zero_comes_as_well() {
    let f = |v: &[Var]| vec![(v[0].sqrt() + v[1].sqrt()) * -0.0, v[1] * 2.0];
    for (row, [by_x, by_y]) in jacobian(f, &[0.0, 0.0]).to_vec().chunks(2).zip([[f64::NAN; 2], [0.0, 2.0]]) {
        assert_same(row[0], by_x, "of both, by x");
        assert_same(row[1], by_y, "of both, by y");
    }
    assert_same(gradient(|v| f(v)[0], &[0.0, 0.0])[0], f64::NAN, "gathered");
    let tape = Tape::new();
    let (x, y) = (tape.var(0.0), tape.var(0.0));
    let (root, unused) = (x.sqrt(), y.sqrt());
    for zero in [(root * -0.0).backward(), root.backward_with(-0.0), (root * -1.0).backward_with(0.0)] {
        assert_same(zero.wrt(x), f64::NAN, "0·∞");
        assert_same(zero.wrt(root), 0.0, "on the way");
        assert_eq!((zero.wrt(y), zero.wrt(unused)), (0.0, 0.0));
    }
}

/// Wherever the input stands on the tape that 0·∞ would come to.
#[test]
fn what_nothing_comes_to_stays_0_for_later_inputs() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = x * x;
    let late = tape.var(0.0);
    let unused = late.sqrt() * 3.0;
    let z = y + x;
    assert_eq!([x, late, unused].map(|v| z.backward().wrt(v)), [5.0, 0.0, 0.0]);
    let both = z * unused;
    assert_eq!([x, late].map(|v| both.backward().wrt(v)), [0.0, INF]);
    // Nor if it is the first.
    tape.clear();
    let first = tape.var(0.0);
    let (x, unused) = (tape.var(2.0), first.sqrt());
    let z = x * x;
    assert_eq!([first, x, unused].map(|v| z.backward().wrt(v)), [0.0, 4.0, 0.0]);
    // 0 has come to it here.
    assert!((unused * 0.0 + z).backward().wrt(first).is_nan());
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

/// The second derivative at `x` is `expected`: nested, forward over reverse, by Taylor series, and of tensors.
macro_rules! curvature_is {
    ($expected:expr, $x:expr, |$v:ident| $f:expr) => {
        let (expected, x): (f64, f64) = ($expected, $x);
        let all = [
            (|$v: Dual<Dual>| $f)(Dual::seeded(Dual::variable(x))).derivative.derivative,
            hessian(
                |v: &[Var<Dual>]| {
                    let $v = v[0];
                    $f
                },
                &[x],
            )
            .item(),
            derivatives::<3>(|$v| $f, x)[2],
            {
                let input = tensor(x).requires_grad();
                let $v = &input;
                let slope = Backward::of(&$f).create_graph().gradients(&[&input]).swap_remove(0);
                slope.gradients(&[&input])[0].item()
            },
        ];
        for (i, second) in all.into_iter().enumerate() {
            let close = (second - expected).abs() <= 1e-15 * expected.abs();
            assert!(close || second == expected, "{} at {x}, {i}: {second} and not {expected}", stringify!($f));
        }
    };
}

/// The slope of tanh is 1 − y²; as (1 − y)(1 + y), its own slope would be −1 + 1 near 0.
#[test]
fn second_derivatives_do_not_cancel_near_0() {
    for x in [1e-17, -1e-17, 1e-200, 1e-300] {
        curvature_is!(-2.0 * x, x, |x| x.tanh());
        curvature_is!(x, x, |x| x.asin());
        curvature_is!(-x, x, |x| x.acos());
        curvature_is!(2.0 * x, x, |x| x.atanh());
        curvature_is!(-x, x, |x| x.asinh());
        curvature_is!(-2.0 * x, x, |x| x.atan());
        curvature_is!(2.0 * x, x, |x| x.tan());
        curvature_is!(1.0, x, |x| x.cosh());
    }
}

/// Near ±1, (1 − x)(1 + x) keeps the digits that 1 − x² loses.
#[test]
fn slopes_do_not_cancel_near_1() {
    let x = 1.0 - 2f64.powi(-50);
    let rest = 2f64.powi(-50) * (1.0 + x);
    slope_is!(1.0 / rest, x, |x| x.atanh());
    slope_is!(1.0 / rest.sqrt(), x, |x| x.asin());
    slope_is!(1.0 / rest, -x, |x| x.atanh());
}

/// ∞·0 is NaN, but the 0 of a constant, as of the 1 that a derivative begins with, is none that is computed with.
#[test]
fn second_derivatives_overflow_to_infinity() {
    curvature_is!(INF, 800.0, |x| x.exp());
    curvature_is!(INF, 2000.0, |x| x.exp2());
    curvature_is!(INF, 800.0, |x| x.exp_m1());
    curvature_is!(INF, 800.0, |x| x.sinh());
    curvature_is!(INF, -800.0, |x| x.cosh());
    curvature_is!(INF, 1e200, |x| x.powi(4));
    curvature_is!(INF, 5e-324, |x| x.recip());
    curvature_is!(-INF, 0.0, |x| x.sqrt());
    curvature_is!(-INF, 0.0, |x| x.ln());
    assert_eq!(derivatives::<5>(|x| x.exp(), 800.0), [INF; 5]);
}

#[test]
fn far_out_slopes_do_not_vanish_early() {
    slope_is!(1e-200, 1e200, |x| x.asinh());
    curvature_is!(0.0, 1e308, |x| x.atan());
    curvature_is!(-2e-300, 1e100, |x| x.atan());
    let slope = derivative(|x| x.log10(), 1e308);
    assert!((slope * 1e308 * 10f64.ln() - 1.0).abs() < 1e-12, "{slope:e}");
}

/// The tip of a cone has no second derivatives, and says so; beside it they are there.
#[test]
fn second_derivatives_at_the_origin_are_none() {
    let all_nan = |matrix: adlab::Tensor| matrix.to_vec().iter().all(|x| x.is_nan());
    assert!(all_nan(hessian(|v| v[0].hypot(v[1]), &[0.0, 0.0])));
    assert!(all_nan(hessian(|v| v[0].atan2(v[1]), &[0.0, 0.0])));
    let beside = hessian(|v| v[0].hypot(v[1]), &[3.0, 4.0]).to_vec();
    for (h, expected) in beside.into_iter().zip([0.128, -0.096, -0.096, 0.072]) {
        assert!((h - expected).abs() < 1e-16, "{h}");
    }
    // An input that it does not depend on is not concerned.
    let with_another = hessian(|v| v[0].hypot(v[1]) + v[2] * v[2], &[0.0, 0.0, 1.0]).to_vec();
    assert_eq!((with_another[2], with_another[8]), (0.0, 2.0));
    let cones: [fn(&adlab::Tensor) -> adlab::Tensor; 4] =
        [|x| x.norm(), |x| x.std(), |x| x.hypot(0.0).sum(), |x| x.norm_axis(0)];
    for f in cones {
        let x = tensor([0.0, 0.0]).requires_grad();
        let slopes = Backward::of(&f(&x)).create_graph().gradients(&[&x]).swap_remove(0);
        assert_eq!(slopes.to_vec(), [0.0, 0.0]);
        assert!(all_nan(slopes.sum().gradients(&[&x]).swap_remove(0)));
    }
    // One line of two at the origin: the other is not touched.
    let x = tensor([[0.0, 0.0], [3.0, 4.0]]).requires_grad();
    let slopes = Backward::of(&x.norm_axis(1).sum()).create_graph().gradients(&[&x]).swap_remove(0);
    let second = slopes.at(1).at(0).gradients(&[&x]).swap_remove(0);
    for (h, expected) in second.to_vec()[2..].iter().zip([0.128, -0.096]) {
        assert!((h - expected).abs() < 1e-16, "{second}");
    }
}

#[test]
fn kinks_of_one_variable_are_not_bent() {
    curvature_is!(0.0, 2.0, |x| x.abs() + x.powi(2) * 0.0);
    assert_eq!(hessian(|v| v[0].abs() + v[0].relu(), &[0.0]).item(), 0.0);
}

/// 0ᵇ: by b it is flat, but by a its slope jumps at b = 1, and its slope by b is infinite for b ≤ 1.
#[test]
fn second_derivatives_of_powers_of_0() {
    let at = |b: f64| hessian(|v| v[0].pow(v[1]), &[0.0, b]).to_vec();
    assert_eq!(at(2.0), [2.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(3.0), [0.0; 4]);
    let one = at(1.0);
    assert!(one[0] == 0.0 && one[1].is_nan() && one[2].is_nan() && one[3] == 0.0, "{one:?}");
}
