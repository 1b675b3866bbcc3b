//! Every function in every kind of number: against its closed form, central differences, the other kinds, and at the
//! edges. Prints how many cases were tested:
//!
//! ```sh
//! cargo test -p adlab --release --test coverage -- --nocapture
//! ```

mod common;

use adlab::{Backward, Dual, DualVec, Scalar, Tape, Taylor, Uniform, derivative, gradient, tensor};
use common::functions::{Function, Function2, compounds2, functions, functions2};
use common::{assert_close, assert_same, slope};

/// Where floating point is special.
const EDGES: [f64; 13] = [
    0.0,
    -0.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    5e-324,  // the smallest subnormal number
    -5e-324, // and its negative
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    1.0,
    -1.0,
    0.5,
];

const GRID: usize = 100;
const RANDOM: usize = 100;

/// Cases tested, by kind of number.
#[derive(Default)]
struct Cases {
    forward: usize,
    vector: usize,
    taylor: usize,
    reverse: usize,
    second_order: usize,
    tensor: usize,
}

/// A grid and random points over an interval.
fn points((low, high): (f64, f64)) -> Vec<f64> {
    let mut random = Uniform::seeded(1);
    let grid = (0..=GRID).map(|i| low + (high - low) * i as f64 / GRID as f64);
    grid.chain((0..RANDOM).map(|_| low + (high - low) * random.sample())).collect()
}

fn smooth(f: &Function, cases: &mut Cases) {
    for x in points(f.domain) {
        let what = format!("{} at {x}", f.name);
        let expected = (f.derivative)(x);
        assert_close(expected, slope(f.plain, x), 1e-7, &what);

        let forward = (f.dual)(Dual::variable(x));
        assert_same(forward.value, (f.plain)(x), &what);
        assert_close(forward.derivative, expected, 1e-12, &what);
        cases.forward += 1;

        let vector = (f.vec)(DualVec::new(x, [1.0, 0.0, -2.0]));
        assert_same(vector.value, forward.value, &what);
        assert_close(vector.derivatives[0], expected, 1e-12, &what);
        assert_close(vector.derivatives[1], 0.0, 0.0, &what);
        assert_close(vector.derivatives[2], -2.0 * expected, 1e-12, &what);
        cases.vector += 1;

        let tape = Tape::new();
        let input = tape.var(x);
        let output = (f.var)(input);
        assert_same(output.value(), forward.value, &what);
        assert_close(output.backward().wrt(input), expected, 1e-12, &what);
        cases.reverse += 1;

        let [value, first, second, third] = (f.taylor)(Taylor::variable(x)).derivatives();
        assert_same(value, forward.value, &what);
        assert_close(first, expected, 1e-12, &what);
        cases.taylor += 1;

        // Second derivatives: nested forward, forward over reverse, and Taylor; the third by differences of the second.
        let nested = |x| (f.nested)(Dual::seeded(Dual::variable(x)));
        assert_close(nested(x).derivative.derivative, slope(f.derivative, x), 1e-6, &what);
        assert_close(second, nested(x).derivative.derivative, 1e-11, &what);
        assert_close(third, slope(|x| nested(x).derivative.derivative, x), 1e-5, &what);
        let tape = Tape::<Dual>::over();
        let input = tape.var(Dual::variable(x));
        let gradient = (f.var_dual)(input).backward().wrt(input);
        assert_close(gradient.value, expected, 1e-12, &what);
        assert_close(gradient.derivative, second, 1e-11, &what);
        cases.second_order += 1;

        let input = tensor([x]).requires_grad();
        let output = (f.tensor)(&input);
        assert_same(output.item(), (f.plain)(x), &what);
        let gradient = Backward::of(&output).create_graph().gradients(&[&input]).swap_remove(0);
        assert_close(gradient.item(), expected, 1e-12, &what);
        if gradient.tracks_grad() {
            assert_close(gradient.gradients(&[&input])[0].item(), second, 1e-11, &what);
        }
        assert_close((f.tensor)(&input).gradients(&[&input])[0].item(), expected, 1e-12, &what);
        cases.tensor += 1;
    }
}

/// At the edges the value is the plain function's, and all kinds of numbers have the same derivative, NaN included.
fn edges(f: &Function, cases: &mut Cases) {
    for x in EDGES {
        let what = format!("{} at {x}", f.name);
        let forward = (f.dual)(Dual::variable(x));
        assert_same(forward.value, (f.plain)(x), &what);
        cases.forward += 1;
        let vector = (f.vec)(DualVec::new(x, [1.0, 0.0, 2.0]));
        assert_same(vector.value, forward.value, &what);
        assert_same(vector.derivatives[0], forward.derivative, &what);
        cases.vector += 1;
        let taylor = (f.taylor)(Taylor::variable(x)).coefficients();
        assert_same(taylor[0], forward.value, &what);
        assert_same(taylor[1], forward.derivative, &what);
        cases.taylor += 1;
        let reverse = gradient(|v| (f.var)(v[0]), &[x])[0];
        assert_same(reverse, forward.derivative, &what);
        cases.reverse += 1;
        let input = tensor(x).requires_grad();
        let output = (f.tensor)(&input);
        // Tensors have sign 0 = 0, numbers have signum 0 = 1, each as its own world.
        if !f.name.starts_with("signum") {
            assert_same(output.item(), forward.value, &what);
        }
        assert_same(output.gradients(&[&input])[0].item(), forward.derivative, &what);
        cases.tensor += 1;
    }
}

fn smooth2(f: &Function2, cases: &mut Cases) {
    for (a, b) in points(f.domain[0]).into_iter().zip(points(f.domain[1]).into_iter().rev()) {
        let what = format!("{} at {a}, {b}", f.name);
        let (by_a, by_b) = (f.partials)(a, b);
        assert_close(by_a, slope(|a| (f.plain)(a, b), a), 1e-7, &what);
        assert_close(by_b, slope(|b| (f.plain)(a, b), b), 1e-7, &what);

        let value = (f.plain)(a, b);
        let forward = |da, db| (f.dual)(Dual::new(a, da), Dual::new(b, db));
        assert_same(forward(1.0, 1.0).value, value, &what);
        assert_close(forward(1.0, 0.0).derivative, by_a, 1e-12, &what);
        assert_close(forward(0.0, 1.0).derivative, by_b, 1e-12, &what);
        assert_close(forward(1.0, 1.0).derivative, by_a + by_b, 1e-12, &what);
        cases.forward += 1;

        let [x, y] = DualVec::variables([a, b]);
        let vector = (f.vec)(x, y);
        assert_same(vector.value, value, &what);
        assert_close(vector.derivatives[0], by_a, 1e-12, &what);
        assert_close(vector.derivatives[1], by_b, 1e-12, &what);
        cases.vector += 1;

        let taylor = |x, y| (f.taylor)(x, y).derivatives();
        let along = taylor(Taylor::new([a, 1.0, 0.0, 0.0]), Taylor::new([b, -2.0, 0.0, 0.0]));
        assert_same(along[0], value, &what);
        assert_close(along[1], by_a - 2.0 * by_b, 1e-12, &what);
        assert_close(taylor(Taylor::variable(a), Taylor::constant(b))[1], by_a, 1e-12, &what);
        assert_close(taylor(Taylor::constant(a), Taylor::variable(b))[1], by_b, 1e-12, &what);
        cases.taylor += 1;

        let reverse = gradient(|v| (f.var)(v[0], v[1]), &[a, b]);
        assert_close(reverse[0], by_a, 1e-12, &what);
        assert_close(reverse[1], by_b, 1e-12, &what);
        let by_first = gradient(|v| (f.var)(v[0], b.into()), &[a])[0];
        let by_second = gradient(|v| (f.var)(a.into(), v[0]), &[b])[0];
        assert_close(by_first, by_a, 1e-12, &what);
        assert_close(by_second, by_b, 1e-12, &what);
        cases.reverse += 1;

        // (∂/∂a − 2∂/∂b)² by forward over reverse and by Taylor series, against differences of the first derivative.
        let second = adlab::hvp(|v| (f.var_dual)(v[0], v[1]), &[a, b], &[1.0, -2.0]);
        assert_close(along[2], second[0] - 2.0 * second[1], 1e-10, &what);
        let first = |t: f64| {
            let (by_a, by_b) = (f.partials)(a + t, b - 2.0 * t);
            by_a - 2.0 * by_b
        };
        assert_close(along[2], slope(first, 0.0), 1e-6, &what);
        cases.second_order += 1;

        let (x, y) = (tensor(a).requires_grad(), tensor(b).requires_grad());
        let output = (f.tensor)(&x, &y);
        assert_close(output.item(), value, 1e-15, &what);
        let first = Backward::of(&output).create_graph().gradients(&[&x, &y]);
        assert_close(first[0].item(), by_a, 1e-12, &what);
        assert_close(first[1].item(), by_b, 1e-12, &what);
        let along = &first[0] - 2.0 * &first[1];
        if along.tracks_grad() {
            let by = along.gradients(&[&x, &y]);
            assert_close(by[0].item() - 2.0 * by[1].item(), second[0] - 2.0 * second[1], 1e-10, &what);
        }
        cases.tensor += 1;
    }
}

fn edges2(f: &Function2, cases: &mut Cases) {
    for (a, b) in EDGES.into_iter().flat_map(|a| EDGES.map(|b| (a, b))) {
        let what = format!("{} at {a}, {b}", f.name);
        let value = (f.plain)(a, b);
        // Both vary together, so that no 0 of a constant is in the way.
        let forward = (f.dual)(Dual::variable(a), Dual::variable(b));
        assert_same(forward.value, value, &what);
        cases.forward += 1;
        let vector = (f.vec)(DualVec::new(a, [1.0, 2.0]), DualVec::new(b, [1.0, 2.0]));
        assert_same(vector.value, value, &what);
        assert_same(vector.derivatives[0], forward.derivative, &what);
        cases.vector += 1;
        let taylor = (f.taylor)(Taylor::variable(a), Taylor::variable(b)).coefficients();
        assert_same(taylor[0], value, &what);
        assert_same(taylor[1], forward.derivative, &what);
        cases.taylor += 1;
        let tape = Tape::new();
        let (x, y) = (tape.var(a), tape.var(b));
        let z = (f.var)(x, y);
        assert_same(z.value(), value, &what);
        let reverse = z.backward();
        let (by_x, by_y) = (reverse.wrt(x), reverse.wrt(y));
        let total = by_x + by_y;
        if by_x.is_infinite() && total.is_nan() {
            continue; // ∞ − ∞, which forward mode may have added up in another order.
        }
        if forward.derivative.is_finite() {
            let rounding = 1e-15 * (1.0 + by_x.abs()) + 1e-15 * by_y.abs();
            assert!((total - forward.derivative).abs() <= rounding, "{what}: {total} and {}", forward.derivative);
        } else {
            assert_same(total, forward.derivative, &what);
        }
        cases.reverse += 1;
    }
}

#[test]
fn every_function_in_every_kind_of_number() {
    println!(
        "| function | forward | several at once | Taylor | reverse | second order | tensor |\n|---|---|---|---|---|---|---|"
    );
    let mut total = 0;
    let mut line = |name: &str, cases: Cases| {
        let Cases { forward, vector, taylor, reverse, second_order, tensor } = cases;
        println!("| {name} | {forward} | {vector} | {taylor} | {reverse} | {second_order} | {tensor} |");
        total += forward + vector + taylor + reverse + second_order + tensor;
    };
    for f in functions() {
        let mut cases = Cases::default();
        smooth(&f, &mut cases);
        edges(&f, &mut cases);
        line(f.name, cases);
    }
    for f in functions2() {
        let mut cases = Cases::default();
        smooth2(&f, &mut cases);
        edges2(&f, &mut cases);
        line(f.name, cases);
    }
    for f in compounds2() {
        let mut cases = Cases::default();
        smooth2(&f, &mut cases);
        line(f.name, cases);
    }
    println!("\n{total} cases");
}

/// A rule that is wrong would be seen: this test's own means are able to fail.
#[test]
fn a_wrong_derivative_is_seen() {
    let wrong = Function { derivative: |x| x.cos() + 1e-9, ..functions().swap_remove(0) };
    assert!(common::panic_text(|| smooth(&wrong, &mut Cases::default())).contains("sin at"));
    assert_close(derivative(|x| x.sin(), 1.0), 1f64.cos(), 0.0, "but the right one is not");
}
