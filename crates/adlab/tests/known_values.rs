//! Values that are known from elsewhere: the lab's own, from papers, from NIST, and from closed forms.

mod common;

use adlab::{Dual, Scalar, derivative, derivatives, gradient, hessian, jacobian, nested_derivative};
use common::assert_close;

// The lab's values.

#[test]
fn the_lab_s_first_function() {
    let z = |x: Dual, y: Dual| x * y + x.sin();
    let by_x = z(Dual::variable(0.5), Dual::constant(4.2));
    assert_eq!((by_x.value, by_x.derivative), (2.579425538604203, 5.077582561890373));
    assert_eq!(z(Dual::constant(0.5), Dual::variable(4.2)).derivative, 0.5);
    assert_eq!(gradient(|v| v[0] * v[1] + v[0].sin(), &[0.5, 4.2]), [5.077582561890373, 0.5]);
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
        assert_close(forward, common::slope(|x| algorithm(x, rounds), 0.5), 1e-8, "differences");
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

// Papers and closed forms.

/// Fike and Alonso (2011), the usual test of exact derivatives.
#[test]
fn fike_and_alonso() {
    fn f<T: Scalar>(x: T) -> T {
        x.exp() / (x.sin().powi(3) + x.cos().powi(3)).sqrt()
    }
    let expected = [4.497780053946162, 4.053427893898621, 9.463073681596605];
    for (computed, expected) in derivatives::<3>(f, 1.5).into_iter().zip(expected) {
        assert_close(computed, expected, 1e-14, "Taylor");
    }
    assert_close(f(1.5), expected[0], 1e-15, "f");
    assert_close(derivative(f, 1.5), expected[1], 1e-14, "f′ forward");
    assert_close(gradient(|v| f(v[0]), &[1.5])[0], expected[1], 1e-14, "f′ reverse");
    assert_close(derivative(|x| nested_derivative(f, x), 1.5), expected[2], 1e-14, "f″ forward over forward");
    assert_close(hessian(|v| f(v[0]), &[1.5]).item(), expected[2], 1e-14, "f″ forward over reverse");
}

/// Speelpenning's product: ∂/∂xᵢ Π x = Π x / xᵢ, and ∂²/∂xᵢ∂xⱼ Π x = Π x / xᵢxⱼ.
#[test]
fn speelpenning() {
    let x: Vec<f64> = (1..=20).map(|i| 1.0 + f64::from(i) / 10.0).collect();
    let product: f64 = x.iter().product();
    let g = gradient(|v| v.iter().copied().product(), &x);
    let h = hessian(|v| v.iter().copied().product(), &x);
    for i in 0..x.len() {
        assert_close(g[i], product / x[i], 1e-14, "gradient");
        for j in 0..x.len() {
            let expected = if i == j { 0.0 } else { product / (x[i] * x[j]) };
            assert_close(h.get(&[i, j]), expected, 1e-14, "Hessian");
        }
    }
}

/// The gradient of log-sum-exp is softmax. At ±1000 the plain exponentials overflow; shifted by the maximum they do not.
#[test]
fn log_sum_exp_and_softmax_at_1000() {
    fn log_sum_exp<T: Scalar>(x: &[T]) -> T {
        let max = x.iter().map(|x| x.value()).fold(f64::NEG_INFINITY, f64::max);
        x.iter().map(|&x| (x - max).exp()).sum::<T>().ln() + max
    }
    let softmax = |x: &[f64]| gradient(log_sum_exp, x);
    assert_eq!(log_sum_exp(&[1000.0, 1000.0]), 1000.0 + 2f64.ln());
    assert_eq!(softmax(&[1000.0, 1000.0]), [0.5, 0.5]);
    assert_eq!(softmax(&[-1000.0, -1000.0, -1000.0, -1000.0]), [0.25; 4]);
    assert_eq!(softmax(&[1000.0, -1000.0]), [1.0, 0.0]);
    assert_eq!(log_sum_exp(&[-1000.0, 1000.0]), 1000.0);
    let e = 1f64.exp();
    for (computed, expected) in softmax(&[999.0, 1000.0, 1001.0]).into_iter().zip([1.0, e, e * e]) {
        assert_close(computed, expected / (1.0 + e + e * e), 1e-15, "softmax");
    }
}

/// The gradient of a determinant is the matrix of its cofactors.
#[test]
fn determinant_by_cofactors() {
    fn determinant<T: Scalar>(a: &[T]) -> T {
        let n = a.len().isqrt();
        if n == 1 {
            return a[0];
        }
        (0..n).map(|j| a[j] * determinant(&minor(a, 0, j)) * if j % 2 == 0 { 1.0 } else { -1.0 }).sum()
    }
    /// Without a row and a column.
    fn minor<T: Scalar>(a: &[T], row: usize, column: usize) -> Vec<T> {
        let n = a.len().isqrt();
        let rest = (0..n * n).filter(|place| place / n != row && place % n != column);
        rest.map(|place| a[place]).collect()
    }
    let a: Vec<f64> =
        (0..25).map(|i| f64::from((i * i * 7 + 3 * i) % 11) - 4.0 + if i % 6 == 0 { 6.0 } else { 0.0 }).collect();
    let g = gradient(determinant, &a);
    let forward: Vec<f64> = (0..25)
        .map(|i| {
            let mut direction = [0.0; 25];
            direction[i] = 1.0;
            adlab::directional_derivative(determinant, &a, &direction)
        })
        .collect();
    for place in 0..25 {
        let (i, j) = (place / 5, place % 5);
        let cofactor = determinant(&minor(&a, i, j)) * if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
        assert_close(g[place], cofactor, 1e-12, "reverse");
        assert_close(forward[place], cofactor, 1e-12, "forward");
    }
}

// NIST's Statistical Reference Datasets, nonlinear regression (https://www.itl.nist.gov/div898/strd/). The certified
// standard deviations are s·√diag((JᵀJ)⁻¹) with s² = residual sum/(n − p): they test the Jacobian.

struct Regression {
    model: fn(&[adlab::Var], f64) -> adlab::Var,
    x: &'static [f64],
    y: &'static [f64],
    parameters: [f64; 2],
    deviations: [f64; 2],
    residual_sum: f64,
}

const MISRA_X: &[f64] =
    &[77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0];
const MISRA_Y: &[f64] =
    &[10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78];

const MISRA1A: Regression = Regression {
    model: |b, x| b[0] * (1.0 - (-b[1] * x).exp()),
    x: MISRA_X,
    y: MISRA_Y,
    parameters: [2.3894212918e2, 5.5015643181e-4],
    deviations: [2.7070075241, 7.2668688436e-6],
    residual_sum: 1.2455138894e-1,
};

const MISRA1B: Regression = Regression {
    model: |b, x| b[0] * (1.0 - (1.0 + b[1] * x / 2.0).powi(-2)),
    x: MISRA_X,
    y: MISRA_Y,
    parameters: [3.3799746163e2, 3.9039091287e-4],
    deviations: [3.1643950207, 4.2547321834e-6],
    residual_sum: 7.5464681533e-2,
};

const DAN_WOOD: Regression = Regression {
    model: |b, x| b[0] * adlab::Var::constant(x).pow(b[1]),
    x: &[1.309, 1.471, 1.490, 1.565, 1.611, 1.680],
    y: &[2.138, 3.421, 3.597, 4.340, 4.882, 5.660],
    parameters: [7.6886226176e-1, 3.8604055871],
    deviations: [1.8281973860e-2, 5.1726610913e-2],
    residual_sum: 4.3173084083e-3,
};

#[test]
fn certified_standard_deviations() {
    for (name, regression) in [("Misra1a", MISRA1A), ("Misra1b", MISRA1B), ("DanWood", DAN_WOOD)] {
        let Regression { model, x, y, parameters, deviations, residual_sum } = regression;
        let residuals = |b: &[adlab::Var]| x.iter().zip(y).map(|(&x, &y)| model(b, x) - y).collect::<Vec<_>>();

        // The certified residual sum comes out to all its digits: the data are NIST's.
        let sum = |b: &[adlab::Var]| residuals(b).into_iter().map(|r| r * r).sum();
        let (computed, slope) = adlab::value_and_gradient(sum, &parameters);
        close_to(computed, residual_sum, 1e-10, name);

        // It is the least sum: a step of one standard deviation along the gradient changes it by next to nothing.
        for (slope, deviation) in slope.into_iter().zip(deviations) {
            assert!((slope * deviation / residual_sum).abs() < 1e-6, "{name}: the gradient is {slope}");
        }

        let j = jacobian(residuals, &parameters);
        assert_eq!(j.shape(), [x.len(), 2]);
        let product = |a: usize, b: usize| (0..x.len()).map(|i| j.get(&[i, a]) * j.get(&[i, b])).sum::<f64>();
        let (aa, ab, bb) = (product(0, 0), product(0, 1), product(1, 1));
        let variance = computed / (x.len() - 2) as f64 / (aa * bb - ab * ab);
        close_to((variance * bb).sqrt(), deviations[0], 1e-9, name);
        close_to((variance * aa).sqrt(), deviations[1], 1e-9, name);
    }
}

/// To so many digits.
#[track_caller]
fn close_to(computed: f64, certified: f64, relative: f64, what: &str) {
    assert!((computed / certified - 1.0).abs() < relative, "{what}: {computed} and not {certified}");
}

/// Computed with 50 digits; the standard library's inverse hyperbolic functions are far from these.
#[test]
fn inverse_hyperbolic_functions_have_all_their_digits() {
    let near = 2f64.powi(-53);
    for (computed, exact) in [
        (Scalar::atanh(-1.0 + near), -18.714973875118524),
        (Scalar::atanh(1.0 - near), 18.714973875118524),
        (Scalar::atanh(-0.999999), -7.254328619247669),
        (Scalar::acosh(1.0 + 2.0 * near), 2.1073424255447014e-8),
        (Scalar::acosh(1e308), 709.889355822726),
        (Scalar::asinh(1e308), 709.889355822726),
        (Scalar::asinh(-1e308), -709.889355822726),
        (Scalar::asinh(1e-300), 1e-300),
        (adlab::tensor(-1.0 + near).atanh().item(), -18.714973875118524),
        (Dual::variable(1e308).asinh().value, 709.889355822726),
    ] {
        assert!((computed / exact - 1.0).abs() < 4e-16, "{computed} and not {exact}");
    }
}
