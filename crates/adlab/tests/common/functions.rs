//! Every function of [`Scalar`], in all forms that are tested, with its derivative in closed form. The closed forms are
//! others than the rules that the library uses, where there is another.

use std::f64::consts::{LN_2, LN_10, PI};

use adlab::{Dual, DualVec, Scalar, Taylor, Tensor, Var};

/// A function of one number.
pub struct Function {
    pub name: &'static str,
    pub plain: fn(f64) -> f64,
    pub dual: fn(Dual) -> Dual,
    pub nested: fn(Dual<Dual>) -> Dual<Dual>,
    pub vec: fn(DualVec<3>) -> DualVec<3>,
    pub taylor: fn(Taylor<4>) -> Taylor<4>,
    pub var: fn(Var) -> Var,
    pub var_dual: fn(Var<Dual>) -> Var<Dual>,
    pub tensor: fn(&Tensor) -> Tensor,
    pub derivative: fn(f64) -> f64,
    /// Where it is smooth.
    pub domain: (f64, f64),
}

/// A function of two numbers.
pub struct Function2 {
    pub name: &'static str,
    pub plain: fn(f64, f64) -> f64,
    pub dual: fn(Dual, Dual) -> Dual,
    pub vec: fn(DualVec<2>, DualVec<2>) -> DualVec<2>,
    pub taylor: fn(Taylor<4>, Taylor<4>) -> Taylor<4>,
    pub var: fn(Var, Var) -> Var,
    pub var_dual: fn(Var<Dual>, Var<Dual>) -> Var<Dual>,
    pub tensor: fn(&Tensor, &Tensor) -> Tensor,
    pub partials: fn(f64, f64) -> (f64, f64),
    /// Where it is smooth: a rectangle.
    pub domain: [(f64, f64); 2],
}

macro_rules! function {
    ($name:literal, $domain:expr, |$x:ident| $f:expr, |$y:ident| $d:expr) => {
        function!($name, $domain, |$x| $f, |$y| $d, |$x| $f)
    };
    // Where tensors have another name for it.
    ($name:literal, $domain:expr, |$x:ident| $f:expr, |$y:ident| $d:expr, |$t:ident| $tensor:expr) => {
        Function {
            name: $name,
            plain: |$x| $f,
            dual: |$x| $f,
            nested: |$x| $f,
            vec: |$x| $f,
            taylor: |$x| $f,
            var: |$x| $f,
            var_dual: |$x| $f,
            tensor: |$t| $tensor,
            derivative: |$y: f64| $d,
            domain: $domain,
        }
    };
}

macro_rules! function2 {
    ($name:literal, $domain:expr, |$a:ident, $b:ident| $f:expr, |$x:ident, $y:ident| $d:expr) => {
        function2!($name, $domain, |$a, $b| $f, |$x, $y| $d, |$a, $b| $f)
    };
    ($name:literal, $domain:expr, |$a:ident, $b:ident| $f:expr, |$x:ident, $y:ident| $d:expr, |$t:ident, $u:ident| $tensor:expr) => {
        Function2 {
            name: $name,
            plain: |$a, $b| $f,
            dual: |$a, $b| $f,
            vec: |$a, $b| $f,
            taylor: |$a, $b| $f,
            var: |$a, $b| $f,
            var_dual: |$a, $b| $f,
            tensor: |$t, $u| $tensor,
            partials: |$x: f64, $y: f64| $d,
            domain: $domain,
        }
    };
}

pub fn functions() -> Vec<Function> {
    vec![
        function!("sin", (-9.0, 9.0), |x| x.sin(), |x| x.cos()),
        function!("cos", (-9.0, 9.0), |x| x.cos(), |x| -x.sin()),
        function!("tan", (-1.3, 1.3), |x| x.tan(), |x| 1.0 / (x.cos() * x.cos())),
        function!("asin", (-0.95, 0.95), |x| x.asin(), |x| 1.0 / x.asin().cos()),
        function!("acos", (-0.95, 0.95), |x| x.acos(), |x| -1.0 / x.acos().sin()),
        function!("atan", (-9.0, 9.0), |x| x.atan(), |x| x.atan().cos().powi(2)),
        function!("sinh", (-5.0, 5.0), |x| x.sinh(), |x| (x.exp() + (-x).exp()) / 2.0),
        function!("cosh", (-5.0, 5.0), |x| x.cosh(), |x| (x.exp() - (-x).exp()) / 2.0),
        function!("tanh", (-3.0, 3.0), |x| x.tanh(), |x| 1.0 / (x.cosh() * x.cosh())),
        function!("asinh", (-9.0, 9.0), |x| Scalar::asinh(x), |x| 1.0 / x.asinh().cosh(), |x| x.asinh()),
        function!("acosh", (1.1, 9.0), |x| Scalar::acosh(x), |x| 1.0 / (x * x - 1.0).sqrt(), |x| x.acosh()),
        function!("atanh", (-0.95, 0.95), |x| Scalar::atanh(x), |x| 1.0 / (1.0 - x * x), |x| x.atanh()),
        function!("exp", (-5.0, 5.0), |x| x.exp(), |x| x.exp()),
        function!("exp2", (-5.0, 5.0), |x| x.exp2(), |x| 2f64.powf(x) * LN_2),
        function!("exp_m1", (-5.0, 5.0), |x| x.exp_m1(), |x| x.exp()),
        function!("ln", (0.1, 9.0), |x| x.ln(), |x| 1.0 / x),
        function!("log2", (0.1, 9.0), |x| x.log2(), |x| 1.0 / x / LN_2),
        function!("log10", (0.1, 9.0), |x| x.log10(), |x| 1.0 / x / LN_10),
        function!("ln_1p", (-0.9, 9.0), |x| x.ln_1p(), |x| 1.0 / (1.0 + x)),
        function!("sqrt", (0.1, 9.0), |x| x.sqrt(), |x| 0.5 / x.sqrt()),
        function!("cbrt", (0.1, 9.0), |x| x.cbrt(), |x| x.powf(-2.0 / 3.0) / 3.0),
        function!("cbrt of negatives", (-9.0, -0.1), |x| x.cbrt(), |x| (-x).powf(-2.0 / 3.0) / 3.0),
        function!("recip", (0.3, 9.0), |x| x.recip(), |x| -1.0 / (x * x)),
        function!("powi 3", (-3.0, 3.0), |x| x.powi(3), |x| 3.0 * x * x),
        function!("powi −2", (0.5, 3.0), |x| x.powi(-2), |x| -2.0 / (x * x * x)),
        function!("powi 1", (-3.0, 3.0), |x| x.powi(1), |_x| 1.0),
        function!("powi 0", (-3.0, 3.0), |x| x.powi(0), |_x| 0.0),
        function!("powf 2.5", (0.2, 5.0), |x| x.powf(2.5), |x| 2.5 * x * x.sqrt()),
        function!("powf −0.5", (0.2, 5.0), |x| x.powf(-0.5), |x| -0.5 / (x * x.sqrt())),
        function!("powf 2 of negatives", (-3.0, -0.1), |x| x.powf(2.0), |x| 2.0 * x),
        function!("abs", (0.1, 9.0), |x| x.abs(), |_x| 1.0),
        function!("abs of negatives", (-9.0, -0.1), |x| x.abs(), |_x| -1.0),
        function!("signum", (0.1, 9.0), |x| x.signum(), |_x| 0.0, |x| x.sign()),
        function!("signum of negatives", (-9.0, -0.1), |x| x.signum(), |_x| 0.0, |x| x.sign()),
        function!("floor", (1.1, 1.9), |x| x.floor(), |_x| 0.0),
        function!("relu", (0.1, 9.0), |x| x.relu(), |_x| 1.0),
        function!("relu of negatives", (-9.0, -0.1), |x| x.relu(), |_x| 0.0),
        function!("sigmoid", (-9.0, 9.0), |x| x.sigmoid(), |x| (-x).exp() / (1.0 + (-x).exp()).powi(2)),
        function!("softplus", (-9.0, 9.0), |x| x.softplus(), |x| 1.0 / (1.0 + (-x).exp())),
        function!("erf", (-3.0, 3.0), |x| Scalar::erf(x), |x| 2.0 / PI.sqrt() * (-x * x).exp(), |x| x.erf()),
        function!("negation", (-3.0, 3.0), |x| -x, |_x| -1.0),
        function!("numbers on the right", (0.5, 3.0), |x| (x * 3.0 - 1.0) / 2.0 + 5.0, |_x| 1.5),
        function!("numbers on the left", (0.5, 3.0), |x| 2.0 / x + 3.0 * x - (1.0 - x) + (1.0 + x), |x| 5.0
            - 2.0 / (x * x)),
        function!("x to the x", (0.2, 3.0), |x| x.pow(x), |x| x.powf(x) * (x.ln() + 1.0)),
    ]
}

pub fn functions2() -> Vec<Function2> {
    const ALL: [(f64, f64); 2] = [(-3.0, 3.0), (-3.0, 3.0)];
    const RIGHT: [(f64, f64); 2] = [(-3.0, 3.0), (0.3, 3.0)];
    vec![
        function2!("a + b", ALL, |a, b| a + b, |_a, _b| (1.0, 1.0)),
        function2!("a − b", ALL, |a, b| a - b, |_a, _b| (1.0, -1.0)),
        function2!("a × b", ALL, |a, b| a * b, |a, b| (b, a)),
        function2!("a ÷ b", RIGHT, |a, b| a / b, |a, b| (1.0 / b, -a / (b * b))),
        function2!(
            "pow",
            [(0.3, 3.0), (-3.0, 3.0)],
            |a, b| Scalar::pow(a, b),
            |a, b| (b * a.powf(b) / a, (b * a.ln()).exp() * a.ln()),
            |a, b| a.pow(b)
        ),
        function2!("atan2", RIGHT, |a, b| a.atan2(b), |a, b| (b / (a * a + b * b), -a / (a * a + b * b))),
        function2!("hypot", RIGHT, |a, b| a.hypot(b), |a, b| (a / (a * a + b * b).sqrt(), b / (a * a + b * b).sqrt())),
        function2!("min", [(-3.0, -0.1), (0.1, 3.0)], |a, b| a.min(b), |_a, _b| (1.0, 0.0), |a, b| a.minimum(b)),
        function2!("min, the second", [(0.1, 3.0), (-3.0, -0.1)], |a, b| a.min(b), |_a, _b| (0.0, 1.0), |a, b| a
            .minimum(b)),
        function2!("max", [(-3.0, -0.1), (0.1, 3.0)], |a, b| a.max(b), |_a, _b| (0.0, 1.0), |a, b| a.maximum(b)),
        function2!("max, the second", [(0.1, 3.0), (-3.0, -0.1)], |a, b| a.max(b), |_a, _b| (1.0, 0.0), |a, b| a
            .maximum(b)),
        function2!("mul_add", ALL, |a, b| a.mul_add(b, a), |a, b| (b + 1.0, a), |a, b| a * b + a),
    ]
}

/// Several operations together. At the edges they may overflow on the way, each mode on its own.
pub fn compounds2() -> Vec<Function2> {
    const ALL: [(f64, f64); 2] = [(-3.0, 3.0), (-3.0, 3.0)];
    const RIGHT: [(f64, f64); 2] = [(-3.0, 3.0), (0.3, 3.0)];
    vec![
        function2!(
            "a += b",
            ALL,
            |a, b| {
                let mut c = a;
                c += b;
                c *= b;
                c
            },
            |a, b| (b, a + 2.0 * b),
            |a, b| (a + b) * b
        ),
        function2!(
            "a −= b",
            RIGHT,
            |a, b| {
                let mut c = a;
                c -= b;
                c /= b;
                c
            },
            |a, b| (1.0 / b, -a / (b * b)),
            |a, b| (a - b) / b
        ),
        function2!("sum", ALL, |a, b| [a, b, b].into_iter().sum(), |_a, _b| (1.0, 2.0), |a, b| a + b + b),
        function2!("product", ALL, |a, b| [a, b, b].into_iter().product(), |a, b| (b * b, 2.0 * a * b), |a, b| a
            * b
            * b),
    ]
}
