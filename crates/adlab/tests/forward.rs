//! Dual numbers, several derivatives at once, Taylor series: what they are as numbers. (Their derivatives are tested in
//! `coverage.rs`.)

mod common;

use adlab::{Dual, DualVec, Scalar, Taylor};
use common::assert_close;

#[test]
fn duals_compare_by_value() {
    assert!(Dual::new(1.0, 9.0) < Dual::new(2.0, -9.0));
    assert_eq!(Dual::new(1.0, 2.0), Dual::new(1.0, 3.0));
    assert!(Dual::variable(1.0) > 0.5 && Dual::variable(1.0) == 1.0);
    assert!(Dual::variable(f64::NAN) != Dual::variable(f64::NAN));
    assert!(DualVec::new(1.0, [9.0]) < DualVec::new(2.0, [-9.0]) && DualVec::new(1.0, [2.0]) == 1.0);
    assert!(Taylor::new([1.0, 9.0]) < Taylor::new([2.0, -9.0]) && Taylor::new([1.0, 2.0]) == 1.0);
    let nested = Dual::seeded(Dual::variable(1.0));
    assert!(nested > 0.5 && nested == Dual::lifted(Dual::constant(1.0)));
}

/// So that `if x > 0.0` takes the branch that the plain program takes.
#[test]
fn a_branch_is_taken_by_value() {
    fn f<T: Scalar>(x: T) -> T {
        if x > 1.0 { x * x } else { -x }
    }
    assert_eq!(adlab::derivative(f, 3.0), 6.0);
    assert_eq!(adlab::derivative(f, 1.0), -1.0);
    assert_eq!(adlab::gradient(|x| f(x[0]), &[3.0]), [6.0]);
}

#[test]
fn sums_and_products() {
    let duals = [Dual::new(1.0, 2.0), Dual::new(3.0, 4.0)];
    let sum: Dual = duals.into_iter().sum();
    assert_eq!((sum.value, sum.derivative), (4.0, 6.0));
    let product: Dual = duals.into_iter().product();
    assert_eq!((product.value, product.derivative), (3.0, 10.0));
    let (empty_sum, empty_product): (Dual, Dual) = ([].into_iter().sum(), [].into_iter().product());
    assert_eq!((empty_sum.value, empty_product.value), (0.0, 1.0));
}

#[test]
fn assignments() {
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
    assert_eq!(Dual::new(f64::NAN, f64::NEG_INFINITY).to_string(), "NaN - infε");
    assert_eq!(Dual::new(f64::INFINITY, f64::NAN).to_string(), "inf + NaNε");
    assert_eq!(Dual::seeded(Dual::new(4.0, -1.0)).to_string(), "(4 - 1ε) + (1 + 0ε)ε");
}

#[test]
fn vectors_and_series_read_as_sums() {
    assert_eq!(DualVec::new(2.5, [1.0, -0.5]).to_string(), "2.5 + 1ε₁ - 0.5ε₂");
    assert!(DualVec::new(0.0, [0.0; 12]).to_string().ends_with("+ 0ε₁₂"));
    assert_eq!(format!("{:.1}", Taylor::new([1.0, -2.0, 0.5, 3.0])), "1.0 - 2.0t + 0.5t² + 3.0t³");
}

#[test]
fn nesting_gives_higher_derivatives() {
    fn f<T: Scalar>(x: T) -> T {
        (x * 2.0).exp()
    }
    let x = Dual::seeded(Dual::seeded(Dual::variable(0.5)));
    let z = f(x);
    let e = 1f64.exp();
    assert_close(z.value.value.value, e, 1e-15, "f");
    assert_close(z.derivative.value.value, 2.0 * e, 1e-15, "f′");
    assert_close(z.derivative.derivative.value, 4.0 * e, 1e-15, "f″");
    assert_close(z.derivative.derivative.derivative, 8.0 * e, 1e-15, "f‴");
}

/// Dual numbers of vectors: a row of the Hessian at once.
#[test]
fn vectors_nest_as_well() {
    let x = DualVec::<2, Dual> { value: Dual::new(1.0, 1.0), derivatives: [Dual::constant(1.0), Dual::constant(0.0)] };
    let y = DualVec::<2, Dual> { value: Dual::new(2.0, 0.0), derivatives: [Dual::constant(0.0), Dual::constant(1.0)] };
    let z = x * x * y;
    assert_eq!(z.derivatives.map(|d| d.value), [4.0, 1.0], "the gradient (2xy, x²)");
    assert_eq!(z.derivatives.map(|d| d.derivative), [4.0, 2.0], "the first row (2y, 2x)");
}

/// e^x about 0, 1/(1 − x), and ln(1 + x): their series are known.
#[test]
fn known_series() {
    let t = Taylor::<10>::variable(0.0);
    let mut factorial = 1.0;
    for (k, c) in t.exp().coefficients().into_iter().enumerate() {
        factorial *= k.max(1) as f64;
        assert_close(c * factorial, 1.0, 1e-14, "exp");
    }
    assert_eq!((1.0 - t).recip().coefficients(), [1.0; 10]);
    assert_eq!((1.0 / (1.0 - t)).coefficients(), [1.0; 10]);
    for (k, c) in t.ln_1p().coefficients().into_iter().enumerate().skip(1) {
        assert_close(c, if k % 2 == 1 { 1.0 } else { -1.0 } / k as f64, 1e-14, "ln(1 + x)");
    }
    // sin² + cos² = 1 in every coefficient.
    let one = (t.sin() * t.sin() + t.cos() * t.cos()).coefficients();
    assert_close(one[0], 1.0, 1e-15, "sin² + cos²");
    assert!(one.iter().skip(1).all(|c| c.abs() < 1e-15), "{one:?}");
}

/// The cost grows with the order as a polynomial, and not as 2ᴺ: this would not end in nested dual numbers.
#[test]
fn high_orders_end() {
    let x = Taylor::<30>::variable(1.5);
    let z = x.pow(x).sin().atan2(x.tanh()).sqrt();
    assert!(z.coefficients().iter().all(|c| c.is_finite()), "{z}");
    assert_eq!(Taylor::<1>::variable(2.0).pow(Taylor::variable(3.0)).coefficients(), [8.0], "order 0 is the value");
}

#[test]
fn large_and_small_numbers_are_written_short() {
    assert_eq!(Dual::new(1e200, -1e-200).to_string(), "1e200 - 1e-200ε");
    assert_eq!(format!("{:.2}", Dual::new(1.5e200, 1.0)), "1.50e200 + 1.00ε");
    assert_eq!(Dual::new(5.077582561890373, 1e15).to_string(), "5.077582561890373 + 1000000000000000ε");
    assert_eq!(format!("{:.30}", Dual::new(0.5, 0.0)), format!("{:.30} + {:.30}ε", 0.5, 0.0));
    let tape = adlab::Tape::new();
    let _ = tape.var(3e150) * 2e150;
    assert!(tape.to_string().contains("6e300") && tape.to_string().contains("2e150"), "{tape}");
}
