//! What people ask of AD, as functions.

mod common;

use adlab::{
    Dual, Mode, Scalar, Tape, Var, check_gradient, check_gradient_with, derivative, derivatives,
    directional_derivative, forward_gradient, gradient, hessian, hvp, jacobian, jvp, nested_derivative, record_many,
    value_and_derivative, value_and_gradient, vjp,
};
use common::{assert_close, panic_text};

fn rosenbrock<T: Scalar>(x: &[T]) -> T {
    x.windows(2).map(|p| (p[1] - p[0] * p[0]).powi(2) * 100.0 + (-p[0] + 1.0).powi(2)).sum()
}

/// Polar to Cartesian coordinates, and the area of the disc.
fn polar<T: Scalar>(p: &[T]) -> Vec<T> {
    vec![p[0] * p[1].cos(), p[0] * p[1].sin(), p[0] * p[0] * std::f64::consts::PI]
}

#[test]
fn each_works_in_one_line() {
    assert_eq!(derivative(|x| x * x, 3.0), 6.0);
    assert_eq!(value_and_derivative(|x| x * x, 3.0), (9.0, 6.0));
    assert_eq!(gradient(|x| x[0] * x[1], &[2.0, 3.0]), [3.0, 2.0]);
    assert_eq!(value_and_gradient(|x| x[0] * x[1], &[2.0, 3.0]), (6.0, vec![3.0, 2.0]));
    assert_eq!(forward_gradient::<8>(|x| x[0] * x[1], &[2.0, 3.0]), [3.0, 2.0]);
    assert_eq!(jacobian(|x| vec![x[0] * x[1], x[0] + x[1]], &[2.0, 3.0]).to_vec(), [3.0, 2.0, 1.0, 1.0]);
    assert_eq!(hessian(|x| x[0] * x[0] * x[1], &[1.0, 2.0]).to_vec(), [4.0, 2.0, 2.0, 0.0]);
    assert_eq!(jvp(|x| vec![x[0] * x[1]], &[2.0, 3.0], &[1.0, 1.0]), [5.0]);
    assert_eq!(vjp(|x| vec![x[0] * x[1]], &[2.0, 3.0], &[2.0]), [6.0, 4.0]);
    assert_eq!(hvp(|x| x[0] * x[0] * x[1], &[1.0, 2.0], &[1.0, 10.0]), [24.0, 2.0]);
    assert_eq!(directional_derivative(|x| x[0] * x[1], &[2.0, 3.0], &[1.0, 0.0]), 3.0);
    assert_eq!(derivatives(|x| x.powi(3), 2.0), [8.0, 12.0, 12.0, 6.0]);
    assert!(check_gradient(|x| x[0] * x[1], &[2.0, 3.0]).passed());
}

/// One generic function serves all of them, by name.
#[test]
fn one_function_serves_all() {
    let x = [-1.2, 1.0, 0.7];
    let g = gradient(rosenbrock, &x);
    let h = hessian(rosenbrock, &x);
    let v = [0.3, -0.2, 1.0];
    let along = hvp(rosenbrock, &x, &v);
    for (i, along) in along.into_iter().enumerate() {
        let row: f64 = (0..3).map(|j| h.get(&[i, j]) * v[j]).sum();
        assert_close(along, row, 1e-13, "H·v");
        for j in 0..3 {
            assert_close(h.get(&[i, j]), h.get(&[j, i]), 1e-14, "symmetric");
        }
    }
    let slope: f64 = g.iter().zip(v).map(|(g, v)| g * v).sum();
    assert_close(directional_derivative(rosenbrock, &x, &v), slope, 1e-14, "∇f·v");
    assert!(check_gradient(rosenbrock, &x).passed());
}

/// However many inputs there are, and however they are divided.
#[test]
fn chunks_give_the_gradient() {
    for n in [2, 3, 4, 5, 7, 8, 9, 100] {
        let x: Vec<f64> = (0..n).map(|i| 1.0 - 0.3 * f64::from(i % 7)).collect();
        let expected = gradient(rosenbrock, &x);
        let found = [
            forward_gradient::<1>(rosenbrock, &x),
            forward_gradient::<3>(rosenbrock, &x),
            forward_gradient::<4>(rosenbrock, &x),
            forward_gradient::<12>(rosenbrock, &x),
        ];
        for gradient in found {
            assert_eq!(gradient.len(), n as usize);
            gradient.iter().zip(&expected).for_each(|(a, b)| assert_close(*a, *b, 1e-13, "chunks"));
        }
    }
    assert_eq!(forward_gradient::<4>(|_| 1.0.into(), &[]), []);
}

/// Rosenbrock in two variables: its gradient and Hessian are known.
#[test]
fn the_hessian_of_rosenbrock() {
    let (x, y) = (-1.2, 1.0);
    let g = gradient(rosenbrock, &[x, y]);
    assert_close(g[0], -400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 1e-14, "∂/∂x");
    assert_close(g[1], 200.0 * (y - x * x), 1e-14, "∂/∂y");
    let h = hessian(rosenbrock, &[x, y]).to_vec();
    let expected = [1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x, -400.0 * x, 200.0];
    for (h, expected) in h.into_iter().zip(expected) {
        assert_close(h, expected, 1e-14, "Hessian");
    }
}

#[test]
fn the_jacobian_picks_the_mode_with_fewer_passes() {
    let at = [2.0, 0.5];
    let tall = jacobian(polar, &at);
    assert_eq!((tall.mode, tall.shape()), (Mode::Forward, vec![3, 2]));
    let wide = jacobian(|p| vec![polar(p)[0]], &at);
    assert_eq!((wide.mode, wide.shape()), (Mode::Reverse, vec![1, 2]));
    let (sin, cos) = 0.5f64.sin_cos();
    let expected = [cos, -2.0 * sin, sin, 2.0 * cos, 4.0 * std::f64::consts::PI, 0.0];
    for (j, expected) in tall.to_vec().into_iter().zip(expected) {
        assert_close(j, expected, 1e-15, "Jacobian");
    }
    assert_eq!(wide.to_vec(), tall.to_vec()[..2]);
    assert_eq!(tall.t().shape(), [2, 3]);
    assert!(format!("{tall:?}").ends_with("(forward mode, one pass for each input)"), "{tall:?}");
    assert_eq!(jacobian(|_| vec![], &[1.0]).shape(), [0, 1]);
}

/// Each column is a J·v, and each row a wᵀ·J.
#[test]
fn products_are_columns_and_rows_of_the_jacobian() {
    let at = [2.0, 0.5];
    let j = jacobian(polar, &at);
    for column in 0..2 {
        let mut v = [0.0; 2];
        v[column] = 1.0;
        for (i, d) in jvp(polar, &at, &v).into_iter().enumerate() {
            assert_close(d, j.get(&[i, column]), 1e-15, "J·v");
        }
    }
    for row in 0..3 {
        let mut w = [0.0; 3];
        w[row] = 1.0;
        for (i, d) in vjp(polar, &at, &w).into_iter().enumerate() {
            assert_close(d, j.get(&[row, i]), 1e-15, "wᵀ·J");
        }
    }
}

/// A slope that is infinite where it does not matter, in both modes of the Jacobian.
#[test]
fn neither_mode_of_the_jacobian_multiplies_what_is_not_there() {
    let both = |x: &[Var]| vec![x[0].sqrt(), x[1] * 2.0, x[1] + 1.0];
    assert_eq!(jacobian(both, &[0.0, 1.0]).to_vec(), [f64::INFINITY, 0.0, 0.0, 2.0, 0.0, 1.0]);
    let two = |x: &[Var]| vec![x[0].sqrt(), x[1] * 2.0];
    assert_eq!(jacobian(two, &[0.0, 1.0]).to_vec(), [f64::INFINITY, 0.0, 0.0, 2.0]);
}

#[test]
fn what_does_not_depend_on_an_input_has_derivative_0() {
    assert_eq!(gradient(|_| Var::constant(1.0), &[1.0, 2.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x[1], &[1.0, 2.0]), [0.0, 1.0]);
    assert_eq!(jacobian(|x| vec![Var::constant(3.0), x[0], x[0]], &[1.0]).to_vec(), [0.0, 1.0, 1.0]);
    assert_eq!(vjp(|_| vec![Var::constant(3.0)], &[1.0], &[1.0]), [0.0]);
    assert_eq!(hessian(|_| 1.0.into(), &[1.0]).to_vec(), [0.0]);
}

#[test]
fn lengths_that_differ_are_said() {
    let both = |text: String, a: &str, b: &str| assert!(text.contains(a) && text.contains(b), "{text}");
    both(panic_text(|| jvp(polar, &[1.0, 2.0], &[1.0])), "2 inputs", "tangent 1 numbers");
    both(panic_text(|| vjp(polar, &[1.0, 2.0], &[1.0])), "3 outputs", "cotangent 1 numbers");
    both(panic_text(|| hvp(rosenbrock, &[1.0, 2.0], &[1.0; 3])), "2 inputs", "direction 3 numbers");
    both(panic_text(|| directional_derivative(rosenbrock, &[1.0, 2.0], &[])), "2 inputs", "tangent 0 numbers");
    both(panic_text(|| check_gradient_with(rosenbrock, &[1.0, 2.0], &[1.0])), "2 inputs", "1 numbers");
}

#[test]
fn a_result_from_another_tape_is_refused() {
    let tape = Tape::new();
    let other = tape.var(1.0);
    assert!(panic_text(|| gradient(|_| other, &[1.0])).contains("another tape"));
    assert!(panic_text(|| gradient(|x| x[0] * other, &[1.0])).contains("different tapes"));
    assert!(panic_text(|| jacobian(|x| vec![x[0], other], &[1.0])).contains("another tape"));
}

// Derivatives within derivatives.

#[test]
fn nested_derivatives_do_not_confuse_their_variables() {
    // g(x) = x · ∂/∂y (x + y) = x; confused, the inner derivative would be 2.
    let g = |x: Dual| x * nested_derivative(|y| Dual::lifted(x) + y, Dual::constant(1.0));
    assert_eq!(derivative(g, 1.0), 1.0);
    // h(x) = x · ∂/∂y (x·y) = x², at y = x.
    let h = |x: Dual| x * nested_derivative(|y| Dual::lifted(x) * y, x);
    assert_eq!(derivative(h, 3.0), 6.0);
    // The derivative of the derivative of the derivative.
    let third = derivative(|x| nested_derivative(|x| nested_derivative(|x| x.powi(4), x), x), 2.0);
    assert_eq!(third, 48.0);
}

#[test]
fn perturbation_confusion_is_caught() {
    let caught = |f: fn() -> f64| {
        let text = panic_text(f);
        assert!(text.contains("perturbation confusion") && text.contains("nested_derivative"), "{text}");
    };
    caught(|| derivative(|x| x * derivative(|y| x + y, 1.0), 1.0));
    caught(|| derivative(|x| x * nested_derivative(|y| x + y, 1.0), 1.0));
    caught(|| derivative(|x| x * jvp(|y| vec![x * y[0]], &[1.0], &[1.0])[0], 1.0));
    caught(|| derivative(|x| x * directional_derivative(|y| x * y[0], &[1.0], &[1.0]), 1.0));
    caught(|| jvp(|x| vec![x[0] * derivative(|y| x[0] * y, 2.0)], &[1.0], &[1.0])[0]);
    caught(|| derivatives::<2>(|x| x * derivatives::<2>(|y| x * y, 2.0)[1], 1.0)[1]);
    caught(|| derivative(|x| x * hvp(|y| y[0] * y[0] * Var::lifted(x), &[1.0], &[1.0])[0], 1.0));
    caught(|| hvp(|x| x[0] * derivative(|y| x[0].primal() * y, 2.0), &[1.0], &[1.0])[0]);
    caught(|| value_and_derivative(|x| x * value_and_derivative(|y| x + y, 1.0).1, 1.0).1);
    caught(|| forward_gradient::<2>(|x| x[0] * forward_gradient::<2>(|y| x[0] + y[0], &[1.0])[0], &[1.0])[0]);
    caught(|| hessian(|x| x[0] * hessian(|y| y[0] * y[0] * Var::lifted(x[0].primal()), &[1.0]).item(), &[1.0]).item());
}

/// At y = 0 the derivative of x·y by x is 0 by chance, and the inner derivative would be right; the outer would not.
#[test]
fn confusion_is_caught_where_it_does_not_show() {
    let text = panic_text(|| derivative(|x| x * derivative(|y| x * y, 0.0), 1.0));
    assert!(text.contains("perturbation confusion"), "{text}");
}

#[test]
fn derivatives_within_derivatives_that_are_not_confused_are_left_alone() {
    // The inner function captures plain numbers, constants, and nothing.
    let a = 3.0;
    let c = Dual::constant(2.0);
    assert_eq!(derivative(|x| x * derivative(|y| y * y * a + c, 1.0), 1.0), 6.0);
    assert_eq!(
        derivative(|x| x * derivative(|y| y * y, x.value), 1.0),
        2.0,
        "a value that was taken out is a constant"
    );
    // NaN from an infinite slope is no sign of confusion.
    assert_eq!(derivative(|x| x * derivative(|y| (y * a).sqrt(), 0.0), 1.0), f64::INFINITY);
    // After a panic was caught, the count of calls under way is right again.
    let _ = panic_text(|| derivative(|_| panic!("by the function"), 1.0));
    let x = Dual::variable(1.0);
    assert_eq!(derivative(|y| x + y, 1.0), 2.0, "not inside another call: not watched, as documented");
}

#[test]
fn reverse_mode_within_reverse_mode_cannot_be_confused() {
    let text = panic_text(|| gradient(|x| x[0] * gradient(|y| x[0] + y[0], &[1.0])[0], &[1.0]));
    assert!(text.contains("different tapes"), "{text}");
    let text = panic_text(|| hvp(|x| x[0] * hvp(|y| x[0] * y[0], &[1.0], &[1.0])[0], &[1.0], &[1.0]));
    assert!(text.contains("different tapes"), "{text}");
}

/// f is run once, so that it may count, draw random numbers, or print.
#[test]
fn a_function_is_run_once() {
    let mut runs = 0;
    derivative(
        |x| {
            runs += 1;
            x
        },
        1.0,
    );
    gradient(
        |x| {
            runs += 1;
            x[0]
        },
        &[1.0],
    );
    jacobian(
        |x| {
            runs += 1;
            vec![x[0]; 5]
        },
        &[1.0],
    );
    derivatives::<5>(
        |x| {
            runs += 1;
            x
        },
        1.0,
    );
    assert_eq!(runs, 4);
}

// Checking gradients.

#[test]
fn a_wrong_gradient_is_reported_where_and_by_how_much() {
    // The plain value of x₁ is a constant: its derivative is lost.
    let check = check_gradient(|x| x[0] * x[1].value() + x[2], &[0.5, 4.2, 1.0]);
    assert!(!check.passed());
    let worst = check.worst().unwrap();
    assert_eq!((worst.index, worst.at, worst.derivative), (1, 4.2, 0.0));
    assert_close(worst.error(), 0.5, 1e-8, "the error");
    let text = check.to_string();
    assert!(text.starts_with("the gradient differs in 1 of 3 inputs"), "{text}");
    assert!(text.lines().any(|line| line.contains("differs") && line.trim_start().starts_with("1 ")), "{text}");
    assert!(check.inputs[0].passed() && check.inputs[2].passed());
}

#[test]
fn a_right_gradient_passes() {
    let check = check_gradient(|x| (x[0] * x[1]).sin() / x[2].exp(), &[0.5, 4.2, -1.0]);
    assert!(check.passed(), "{check}");
    assert!(check.to_string().starts_with("the gradient agrees with central differences in all 3 inputs"), "{check}");
    assert!(check_gradient(|_| Var::constant(1.0), &[]).worst().is_none());
}

#[test]
fn a_gradient_by_hand_is_checked() {
    let f = |x: &[Var]| x[0] * x[0] * x[1];
    assert!(check_gradient_with(f, &[3.0, 2.0], &[12.0, 9.0]).passed());
    let wrong = check_gradient_with(f, &[3.0, 2.0], &[12.0, 9.1]);
    assert_eq!(wrong.worst().unwrap().index, 1);
    assert!(!check_gradient_with(f, &[3.0, 2.0], &[f64::NAN, 9.0]).passed(), "NaN agrees with nothing");
}

#[test]
fn of_many_inputs_those_that_differ_are_shown() {
    let check = check_gradient(|x| x[50].value() * x[0], &[1.0; 100]);
    let text = check.to_string();
    assert!(text.contains("1 of 100") && text.lines().count() == 3, "{text}");
}

#[test]
fn the_table_can_be_read_at_all_sizes() {
    let check = check_gradient(|x| x[0] * 2.0 + x[1] * 1e-9 + x[2], &[1e200, -1e-9, 4.2]);
    let text = check.to_string();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(lines.iter().all(|line| line.chars().count() < 90), "{text}");
    assert!(lines[1].contains("1.000000e200") && lines[2].contains("-1.000000e-9") && lines[3].contains("4.200000"));
    // What stands in one column ends in one place.
    let ends = |line: &str| {
        let marked = line.replace("← differs", "");
        let line: Vec<char> = marked.trim_end().chars().collect();
        (1..=line.len()).filter(|&i| line[i - 1] != ' ' && line.get(i).is_none_or(|&c| c == ' ')).collect::<Vec<_>>()
    };
    assert!(lines.iter().all(|line| ends(line) == ends(lines[0])), "{text}");
}

/// What is computed in one call is not written down as on a tape, and must come out the same: where an operand is a constant,
/// where both are one variable, where a slope is infinite.
#[test]
fn one_call_gives_what_a_tape_gives() {
    let functions: [fn(&[Var]) -> Var; 10] = [
        |x| (x[0] * x[0] - x[1]).exp() * 3.0 + x[1],
        |x| 1.0 / (x[0] + x[0]) - 2.0 * x[1] * x[0],
        |x| x[0].sin().max(x[1].cos()) + x[0].pow(x[1]),
        |x| (x[0] - x[0]).sqrt() * x[1] + x[0],
        |x| x[0] * x[1] * x[0] / x[1],
        |x| Var::constant(2.0) * Var::constant(3.0) - x[1],
        |x| x[0].mul_add(x[1], x[0]) + Var::constant(1.5).mul_add(x[1], x[1]),
        |x| (x[0] * 0.0).ln() * 0.0 + x[1],
        |_| Var::constant(1.0),
        |x| x[1],
    ];
    for (i, f) in functions.into_iter().enumerate() {
        let at = [0.7, 1.9];
        let tape = Tape::new();
        let x = at.map(|x| tape.var(x));
        let y = f(&x);
        let expected = if tape.is_empty() || i == 8 { [0.0; 2] } else { x.map(|x| y.backward().wrt(x)) };
        for (expected, found) in expected.into_iter().zip(gradient(f, &at)) {
            let same = expected == found || expected.is_nan() && found.is_nan();
            assert!(same || (expected - found).abs() < 1e-15 * expected.abs(), "function {i}: {expected}, {found}");
        }
        assert_eq!(value_and_gradient(f, &at).0.to_bits(), y.value().to_bits());
    }
}

#[test]
fn one_call_refuses_derivatives_by_what_it_has_not_written_down() {
    let text = panic_text(|| {
        gradient(
            |x| {
                let y = x[0].sin();
                let _ = (y * y).backward().wrt(y);
                y
            },
            &[1.0],
        )
    });
    assert!(text.contains("Tape::new()"), "{text}");
    let by_input = |x: &[Var]| x[0] * (x[0] * x[1]).backward().wrt(x[1]);
    assert_eq!(gradient(by_input, &[2.0, 3.0]), [2.0, 0.0]);
}

/// What a result does not depend on is not multiplied by 0: √ has the slope ∞ at 0. But where 0 comes to it, that is 0·∞.
#[test]
fn infinite_slopes_elsewhere_do_no_harm() {
    let several = |x: &[Var]| vec![x[0].sqrt() * x[1], x[2] * x[3], x[2] - x[1], x[3] * x[4], x[4] * x[2]];
    let j = jacobian(several, &[0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(j.mode, Mode::Reverse);
    let expected = [
        [f64::INFINITY, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 3.0, 2.0, 0.0],
        [0.0, -1.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 4.0, 3.0],
        [0.0, 0.0, 4.0, 0.0, 2.0],
    ];
    assert_eq!(j.to_vec(), expected.as_flattened());
    assert_eq!(record_many(several, &[1.0; 5]).jacobian(&[0.0, 1.0, 2.0, 3.0, 4.0]).to_vec(), expected.as_flattened());
    let unused = |x: &[Var]| {
        let _ = x[0].sqrt() * x[1];
        x[0] * x[1]
    };
    assert_eq!(gradient(unused, &[0.0, 2.0]), [2.0, 0.0]);
    let used = gradient(|x| x[0] * x[1] + (x[0].sqrt() * x[1]) * 0.0, &[0.0, 2.0]);
    assert!(used[0].is_nan() && used[1] == 0.0, "{used:?}");
    let tape = Tape::new();
    let (x, y) = (tape.var(0.0), tape.var(2.0));
    let (unused, z) = (x.sqrt(), x * y);
    let gradient = (z + y).backward();
    assert_eq!((gradient.wrt(x), gradient.wrt(y), gradient.wrt(unused)), (2.0, 1.0, 0.0));
    assert!((z + unused * 0.0).backward().wrt(x).is_nan());
}

/// Whether something else on the tape has an infinite slope does not show, not in the sign of a 0 either.
#[test]
fn zeros_have_one_sign() {
    for other in [f64::INFINITY, f64::NEG_INFINITY, 0.0, 1.0] {
        let with = |x: &[Var]| {
            let _ = (x[0].sqrt() * x[1].sqrt(), x[0].max(Var::from(other)));
            -(x[1] * x[2])
        };
        let found = gradient(with, &[0.0, 0.0, 3.0]);
        assert_eq!(found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), [0.0, -3.0f64, 0.0].map(f64::to_bits));
        let tape = Tape::new();
        let x = tape.vars(&[0.0, 0.0, 3.0]);
        let gradient = with(&x).backward();
        assert_eq!([x[0], x[1], x[2]].map(|x| gradient.wrt(x).to_bits()), [0.0, -3.0f64, 0.0].map(f64::to_bits));
    }
}
