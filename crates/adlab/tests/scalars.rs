//! Dual numbers and the tape: closed forms, central differences, each other, and the lab's values.

mod common;

use adlab::{Dual, Normal, Scalar, Tape, Var, derivative, gradient};
use common::assert_close;

/// The slope by central differences.
fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-6 * x.abs().max(1.0);
    (f(x + h) - f(x - h)) / (2.0 * h)
}

/// A function of one scalar in all its forms.
struct Function {
    name: &'static str,
    plain: fn(f64) -> f64,
    dual: fn(Dual) -> Dual,
    var: fn(Var) -> Var,
    derivative: fn(f64) -> f64,
    /// Where it is smooth.
    range: (f64, f64),
}

macro_rules! function {
    ($name:literal, $range:expr, |$x:ident| $f:expr, |$y:ident| $d:expr) => {
        Function { name: $name, plain: |$x| $f, dual: |$x| $f, var: |$x| $f, derivative: |$y: f64| $d, range: $range }
    };
}

fn functions() -> Vec<Function> {
    vec![
        function!("sin", (-9.0, 9.0), |x| x.sin(), |x| x.cos()),
        function!("cos", (-9.0, 9.0), |x| x.cos(), |x| -x.sin()),
        function!("tan", (-1.3, 1.3), |x| x.tan(), |x| 1.0 / (x.cos() * x.cos())),
        function!("exp", (-5.0, 5.0), |x| x.exp(), |x| x.exp()),
        function!("ln", (0.1, 9.0), |x| x.ln(), |x| 1.0 / x),
        function!("sqrt", (0.1, 9.0), |x| x.sqrt(), |x| 0.5 / x.sqrt()),
        function!("tanh", (-3.0, 3.0), |x| x.tanh(), |x| 1.0 / (x.cosh() * x.cosh())),
        function!("abs", (0.1, 9.0), |x| x.abs(), |_x| 1.0),
        function!("abs of negatives", (-9.0, -0.1), |x| x.abs(), |_x| -1.0),
        function!("relu", (0.1, 9.0), |x| x.relu(), |_x| 1.0),
        function!("relu of negatives", (-9.0, -0.1), |x| x.relu(), |_x| 0.0),
        function!("sigmoid", (-9.0, 9.0), |x| x.sigmoid(), |x| (-x).exp() / (1.0 + (-x).exp()).powi(2)),
        function!("powi 3", (-3.0, 3.0), |x| x.powi(3), |x| 3.0 * x * x),
        function!("powi -2", (0.5, 3.0), |x| x.powi(-2), |x| -2.0 / (x * x * x)),
        function!("powi 0", (-3.0, 3.0), |x| x.powi(0), |_x| 0.0),
        function!("powf 2.5", (0.1, 5.0), |x| x.powf(2.5), |x| 2.5 * x.powf(1.5)),
        function!("x to the x", (0.1, 3.0), |x| x.pow(x), |x| x.powf(x) * (x.ln() + 1.0)),
        function!("sum", (-3.0, 3.0), |x| x + x, |_x| 2.0),
        function!("difference", (-3.0, 3.0), |x| x - x * x, |x| 1.0 - 2.0 * x),
        function!("quotient", (0.5, 3.0), |x| (x + 1.0) / (x * x), |x| -1.0 / (x * x) - 2.0 / (x * x * x)),
        function!("negation", (-3.0, 3.0), |x| -x, |_x| -1.0),
        function!("numbers on the right", (0.5, 3.0), |x| (x * 3.0 - 1.0) / 2.0 + 5.0, |_x| 1.5),
        function!("numbers on the left", (0.5, 3.0), |x| 2.0 / x + 3.0 * x - (1.0 - x) + (1.0 + x), |x| 5.0
            - 2.0 / (x * x)),
    ]
}

#[test]
fn every_function_agrees_with_its_closed_form_differences_and_the_other_mode() {
    for f in functions() {
        let (low, high) = f.range;
        for i in 0..=200 {
            let x = low + (high - low) * f64::from(i) / 200.0;
            let what = format!("{} at {x}", f.name);
            let expected = (f.derivative)(x);
            let forward = (f.dual)(Dual::variable(x));
            assert_close(forward.value, (f.plain)(x), 1e-14, &what);
            assert_close(forward.derivative, expected, 1e-12, &what);
            assert_close(expected, slope(f.plain, x), 1e-7, &what);
            let tape = Tape::new();
            let input = tape.var(x);
            let output = (f.var)(input);
            assert_close(output.value(), forward.value, 1e-15, &what);
            assert_close(output.backward().wrt(input), forward.derivative, 1e-14, &what);
        }
    }
}

#[test]
fn the_lab_s_first_function() {
    let z = |x: Dual, y: Dual| x * y + x.sin();
    let by_x = z(Dual::variable(0.5), Dual::constant(4.2));
    assert_eq!((by_x.value, by_x.derivative), (2.579425538604203, 5.077582561890373));
    assert_eq!(z(Dual::constant(0.5), Dual::variable(4.2)).derivative, 0.5);
    let both = gradient(|v| v[0] * v[1] + v[0].sin(), &[0.5, 4.2]);
    assert_eq!(both, [5.077582561890373, 0.5]);
}

#[test]
fn the_lab_s_loop() {
    fn algorithm<T: Scalar>(x: T, rounds: usize) -> T {
        (0..rounds).fold(T::from(1.0), |z, i| (z + i as f64) * x * x)
    }
    assert_eq!(algorithm(0.5, 2), 0.3125);
    assert_eq!(derivative(|x| algorithm(x, 2), 0.5), 1.5);
    assert_eq!(gradient(|v| algorithm(v[0], 2), &[0.5]), [1.5]);
    // However often it goes round.
    for rounds in 0..9 {
        let forward = derivative(|x| algorithm(x, rounds), 0.5);
        assert_close(forward, slope(|x| algorithm(x, rounds), 0.5), 1e-8, "differences");
    }
}

#[test]
fn the_lab_s_first_check() {
    let one = Dual::new(1.0, 0.0);
    let z = one + one / one - one.pow(one);
    assert_eq!((z.value, z.derivative), (1.0, 0.0));
    assert_eq!(Dual::constant(0.0).cos(), 1.0);
    assert_eq!(Dual::constant(0.0).tan(), 0.0);
    assert_eq!(Dual::constant(0.0).exp(), 1.0);
}

/// Fike and Alonso (2011), the usual test of exact derivatives.
#[test]
fn fike_and_alonso() {
    fn f<T: Scalar>(x: T) -> T {
        x.exp() / (x.sin().powi(3) + x.cos().powi(3)).sqrt()
    }
    let z = f(Dual::variable(1.5));
    assert_close(z.value, 4.497780053946162, 1e-15, "value");
    assert_close(z.derivative, 4.053427893898621, 1e-14, "derivative");
    assert_close(gradient(|v| f(v[0]), &[1.5])[0], 4.053427893898621, 1e-14, "gradient");
}

/// Speelpenning's product: ∂/∂xᵢ Π x = Π x / xᵢ.
#[test]
fn speelpenning() {
    let x: Vec<f64> = (1..=20).map(|i| 1.0 + f64::from(i) / 10.0).collect();
    let product: f64 = x.iter().product();
    let g = gradient(|v| v.iter().copied().product(), &x);
    for (g, x) in g.iter().zip(&x) {
        assert_close(*g, product / x, 1e-14, "Speelpenning");
    }
}

#[test]
fn random_expressions_agree_between_the_modes() {
    fn f<T: Scalar>(x: T, y: T) -> T {
        let a = (x * y).tanh() - y.sin() * 2.0;
        let b = (x * x + 1.0).sqrt() / (y.exp() + 3.0);
        (a * b + a.pow(b * b).abs()).sigmoid() - (x - y).relu()
    }
    let mut normal = Normal::seeded(3);
    let mut compared = 0;
    for _ in 0..500 {
        let (x, y) = (normal.sample(), normal.sample());
        let by_x = f(Dual::variable(x), Dual::constant(y));
        if by_x.value.is_nan() {
            continue; // A negative base with a fractional exponent.
        }
        compared += 1;
        let by_y = f(Dual::constant(x), Dual::variable(y));
        let reverse = gradient(|v| f(v[0], v[1]), &[x, y]);
        assert_close(by_x.derivative, reverse[0], 1e-12, "by x");
        assert_close(by_y.derivative, reverse[1], 1e-12, "by y");
    }
    assert!(compared > 100, "only {compared}");
}

#[test]
fn conventions_at_kinks_and_edges() {
    let d = |f: fn(Dual) -> Dual, x| derivative(f, x);
    assert_eq!(d(|x| x.abs(), 0.0), 0.0);
    assert_eq!(d(|x| x.relu(), 0.0), 0.0);
    assert_eq!(d(|x| x.sqrt(), 0.0), f64::INFINITY);
    assert_eq!(d(|x| x.ln(), 0.0), f64::INFINITY);
    assert_eq!(d(|x| x.powf(0.0), 0.0), 0.0);
    assert_eq!(d(|x| x.powi(0), 0.0), 0.0);
    assert_eq!(d(|x| x.powi(2), -3.0), -6.0);
    assert_eq!(d(|x| x.pow(Dual::constant(2.0)), -3.0), -6.0, "a constant exponent allows a negative base");
    for b in [0.0, 0.5, 1.0, 2.0] {
        assert_eq!(d(|b| Dual::constant(0.0).pow(b), b), 0.0, "0 to the {b}");
        assert_eq!(gradient(|v| Var::from(0.0).pow(v[0]), &[b]), [0.0], "0 to the {b}");
    }
    assert!(Dual::variable(f64::NAN).relu().value.is_nan(), "NaN is not hidden");
    assert_eq!(d(|x| x.sigmoid(), -800.0), 0.0, "no overflow");
}

#[test]
fn duals_compare_by_value_and_sum_up() {
    assert!(Dual::new(1.0, 9.0) < Dual::new(2.0, -9.0));
    assert_eq!(Dual::new(1.0, 2.0), Dual::new(1.0, 3.0));
    assert!(Dual::variable(1.0) > 0.5);
    let duals = [Dual::new(1.0, 2.0), Dual::new(3.0, 4.0)];
    let sum: Dual = duals.into_iter().sum();
    assert_eq!((sum.value, sum.derivative), (4.0, 6.0));
    let product: Dual = duals.into_iter().product();
    assert_eq!((product.value, product.derivative), (3.0, 10.0));
    let mut x = Dual::variable(2.0);
    x *= x;
    x += 1.0;
    x -= Dual::constant(1.0);
    x /= 2.0;
    assert_eq!((x.value, x.derivative), (2.0, 2.0));
}

#[test]
fn duals_read_as_in_the_lab() {
    assert_eq!(Dual::new(2.5, 5.07).to_string(), "2.5 + 5.07ε");
    assert_eq!(Dual::new(2.0, -3.0).to_string(), "2 - 3ε");
    assert_eq!(Dual::new(1.0, -0.0).to_string(), "1 + 0ε");
    assert_eq!(format!("{:.2}", Dual::new(1.0 / 3.0, -1.0 / 3.0)), "0.33 - 0.33ε");
    assert_eq!(format!("{:?}", Dual::new(1.0, 2.0)), "1 + 2ε");
}
