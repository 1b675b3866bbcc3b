//! The gradient of every tensor operation at random inputs: against central differences, of views, and differentiated again.
//! Prints how many cases were tested:
//!
//! ```sh
//! cargo test -p adlab --release --test tensor_gradients -- --nocapture
//! ```

mod common;

use adlab::{Backward, Scalar, Tensor, Uniform};
use common::assert_close;
use common::operations::{ANY, Inputs, Operation, operations};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const CASES: u32 = 24;

/// Shapes for functions of each number, and pairs that are broadcast.
const SHAPES: [&[usize]; 6] = [&[], &[1], &[4], &[2, 3], &[2, 1, 2], &[3, 0]];
const PAIRS: [(&[usize], &[usize]); 8] = [
    (&[], &[]),
    (&[3], &[3]),
    (&[2, 3], &[3]),
    (&[2, 3], &[1, 3]),
    (&[2, 1], &[1, 3]),
    (&[], &[2, 2]),
    (&[2, 1, 2], &[3, 1]),
    (&[1], &[4]),
];

fn draw(random: &mut Uniform, shape: &[usize], (low, high): (f64, f64)) -> Tensor {
    random.tensor(shape) * (high - low) + low
}

fn inputs(kind: Inputs, random: &mut Uniform) -> Vec<Tensor> {
    let which = random.sample();
    match kind {
        Inputs::One(low, high) => vec![draw(random, SHAPES[(which * SHAPES.len() as f64) as usize], (low, high))],
        Inputs::Two(first, second) => {
            let (a, b) = PAIRS[(which * PAIRS.len() as f64) as usize];
            vec![draw(random, a, first), draw(random, b, second)]
        }
        Inputs::Shapes(shapes) => shapes.iter().map(|shape| draw(random, shape, ANY)).collect(),
    }
}

/// The same numbers, as every second of a tensor whose axes stand in the other order.
fn as_view(x: &Tensor) -> Tensor {
    let axes: Vec<usize> = (0..x.ndim()).rev().collect();
    let turned = x.permute(&axes);
    let turned = Tensor::stack(&[&turned, &(&turned * 7.0)], x.ndim());
    turned.select(x.ndim(), 0).permute(&axes)
}

/// A number from all results, no two with the same weight; for every third seed their plain sum, whose gradient is one
/// number, shown often.
fn weighted(y: &Tensor, weights: u64) -> Tensor {
    if weights.is_multiple_of(3) {
        return y.sum();
    }
    (y * (Uniform::seeded(weights).tensor(&y.shape()) + 0.5)).sum()
}

/// With each number of each input moved a little, the slope of f.
fn slopes(inputs: &[Tensor], f: impl Fn(&[Tensor]) -> f64) -> Vec<Vec<f64>> {
    const H: f64 = 1e-6;
    let slope = |which: usize, i: usize| {
        let at = |h: f64| {
            let mut numbers = inputs[which].to_vec();
            numbers[i] += h;
            let mut moved = inputs.to_vec();
            moved[which] = Tensor::from_vec(numbers, &inputs[which].shape());
            f(&moved)
        };
        (at(H) - at(-H)) / (2.0 * H)
    };
    (0..inputs.len()).map(|which| (0..inputs[which].numel()).map(|i| slope(which, i)).collect()).collect()
}

fn gradients(f: Operation, inputs: &[Tensor], weights: u64) -> Vec<Tensor> {
    let leaves: Vec<Tensor> = inputs.iter().map(Tensor::requires_grad).collect();
    weighted(&f(&leaves), weights).gradients(&leaves.iter().collect::<Vec<_>>())
}

/// Numbers of a case that lie too near to a tie or a jump for differences.
fn is_smooth(name: &str, inputs: &[Tensor]) -> bool {
    let ties = ["max", "min", "where_"];
    if !ties.iter().any(|prefix| name.starts_with(prefix)) {
        return true;
    }
    let numbers: Vec<f64> = inputs.iter().flat_map(Tensor::to_vec).collect();
    (0..numbers.len()).all(|i| (0..i).all(|j| (numbers[i] - numbers[j]).abs() > 1e-4))
}

/// How many numbers were compared: first derivatives, those of views, second derivatives.
fn check(name: &str, f: Operation, inputs: &[Tensor], seed: u64) -> [usize; 3] {
    let all: Vec<&Tensor> = inputs.iter().collect();
    let first = gradients(f, inputs, seed);
    let expected = slopes(inputs, |inputs| weighted(&f(inputs), seed).item());
    let mut counts = [0; 3];
    for (which, (gradient, slopes)) in first.iter().zip(&expected).enumerate() {
        assert_eq!(gradient.shape(), all[which].shape(), "{name}");
        for (i, (g, slope)) in gradient.to_vec().iter().zip(slopes).enumerate() {
            assert_close(*g, *slope, 1e-7, &format!("{name}, input {which}, number {i} of {inputs:?}"));
            counts[0] += 1;
        }
    }

    let leaves: Vec<Tensor> = inputs.iter().map(Tensor::requires_grad).collect();
    let views: Vec<Tensor> = leaves.iter().map(as_view).collect();
    let y = f(&views);
    assert_eq!(y.to_vec(), f(inputs).to_vec(), "{name} of views");
    for (gradient, first) in weighted(&y, seed).gradients(&leaves.iter().collect::<Vec<_>>()).iter().zip(&first) {
        for (a, b) in gradient.to_vec().into_iter().zip(first.to_vec()) {
            assert_close(a, b, 1e-14, &format!("{name} of views of {inputs:?}"));
            counts[1] += 1;
        }
    }

    let leaves: Vec<Tensor> = inputs.iter().map(Tensor::requires_grad).collect();
    let by: Vec<&Tensor> = leaves.iter().collect();
    let recorded = Backward::of(&weighted(&f(&leaves), seed)).create_graph().gradients(&by);
    let total = recorded.iter().map(|g| weighted(g, seed + 1)).reduce(|a, b| a + b).unwrap();
    for (recorded, first) in recorded.iter().zip(&first) {
        for (a, b) in recorded.to_vec().into_iter().zip(first.to_vec()) {
            assert_close(a, b, 1e-14, &format!("{name}, recorded"));
        }
    }
    if total.tracks_grad() {
        let second = total.gradients(&by);
        let of_gradient =
            |inputs: &[Tensor]| gradients(f, inputs, seed).iter().map(|g| weighted(g, seed + 1).item()).sum();
        for (gradient, slopes) in second.iter().zip(slopes(inputs, of_gradient)) {
            for (a, b) in gradient.to_vec().into_iter().zip(slopes) {
                assert_close(a, b, 1e-6, &format!("{name}, second derivative at {inputs:?}"));
                counts[2] += 1;
            }
        }
    }
    counts
}

#[test]
fn every_operation_at_random_inputs() {
    println!("| operation | derivatives | of views | second |\n|---|---|---|---|");
    let mut total = [0; 3];
    for (name, kind, f) in operations() {
        let counts = std::cell::Cell::new([0; 3]);
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner.run(&any::<u64>(), |seed| {
            let inputs = inputs(kind, &mut Uniform::seeded(seed));
            prop_assume!(is_smooth(name, &inputs));
            let more = check(name, f, &inputs, seed % 1000);
            let so_far = counts.get();
            counts.set([0, 1, 2].map(|i| so_far[i] + more[i]));
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{name}: {error}");
        }
        let [first, views, second] = counts.get();
        println!("| {name} | {first} | {views} | {second} |");
        total = [total[0] + first, total[1] + views, total[2] + second];
    }
    println!("| all | {} | {} | {} |", total[0], total[1], total[2]);
}

/// An input that shows one number often is as good as one that has it often.
#[test]
fn one_number_that_is_shown_often() {
    let mut compared = 0;
    for (name, kind, f) in operations() {
        for seed in 0..2 * u64::from(CASES) {
            let inputs = inputs(kind, &mut Uniform::seeded(seed));
            for which in (0..inputs.len()).filter(|&which| inputs[which].numel() > 0) {
                let shape = inputs[which].shape();
                let first = inputs[which].flatten().get(&[0]);
                let (number, many) = (Tensor::from(first).requires_grad(), Tensor::full(&shape, first).requires_grad());
                let with = |x: Tensor| {
                    let mut inputs = inputs.clone();
                    inputs[which] = x;
                    f(&inputs)
                };
                let (shown, full) = (with(number.expand(&shape)), with(many.clone()));
                let here = format!("{name}, input {which} of {inputs:?}");
                assert_eq!((shown.shape(), shown.to_vec()), (full.shape(), full.to_vec()), "{here}");
                if full.tracks_grad() {
                    let by_number = weighted(&shown, seed).gradients(&[&number])[0].item();
                    let by_many = weighted(&full, seed).gradients(&[&many])[0].sum().item();
                    assert_close(by_number, by_many, 1e-12, &here);
                }
                compared += 1;
            }
        }
    }
    println!("{compared} operations on one number, shown often");
}

/// Batches of matrices, and vectors, with all that is broadcast.
#[test]
fn matrix_products_of_all_kinds() {
    let pairs: [(&[usize], &[usize]); 8] = [
        (&[3], &[3]),
        (&[2, 3], &[3]),
        (&[3], &[3, 2]),
        (&[2, 2, 3], &[2, 3, 2]),
        (&[2, 1, 2, 3], &[3, 3, 1]),
        (&[3], &[2, 3, 2]),
        (&[2, 2, 3], &[3]),
        (&[2, 0], &[0, 3]),
    ];
    let mut random = Uniform::seeded(5);
    for (a, b) in pairs {
        let inputs = [draw(&mut random, a, ANY), draw(&mut random, b, ANY)];
        check("matmul", |x| x[0].matmul(&x[1]), &inputs, 3);
    }
}

/// This test's own means are able to fail.
#[test]
fn a_wrong_gradient_is_seen() {
    let wrong: Operation = |x| {
        let y = x[0].sin();
        // A change that the record does not see.
        y.data().mul_(1.0 + 1e-6);
        y.exp()
    };
    let inputs = [Uniform::seeded(1).tensor(&[3]) + 1.0];
    assert!(common::panic_text(|| check("wrong", wrong, &inputs, 1)).contains("wrong, input 0"));
}

/// Some functions of many numbers are computed at once, and are those of single ones; so are their derivatives.
#[test]
fn functions_of_many_numbers() {
    let numbers: Vec<f64> = (0..1200).map(|i| f64::from(i) * 0.37 - 200.0).collect();
    let weights: Vec<f64> = (0..1200).map(|i| f64::from(i % 7) - 3.0).collect();
    let near = |found: f64, expected: f64| {
        assert!((found - expected).abs() <= 3e-15 * expected.abs().max(1.0), "{found}, not {expected}");
    };
    type Function = (fn(&Tensor) -> Tensor, [fn(f64) -> f64; 3]);
    let functions: [Function; 5] = [
        (Tensor::sin, [f64::sin, f64::cos, |x| -x.sin()]),
        (Tensor::cos, [f64::cos, |x| -x.sin(), |x| -x.cos()]),
        (Tensor::exp, [f64::exp; 3]),
        (Tensor::tanh, [f64::tanh, |x| x.cosh().powi(-2), |x| -2.0 * x.tanh() * x.cosh().powi(-2)]),
        (
            Tensor::sigmoid,
            [Scalar::sigmoid, |x| 0.5 / (1.0 + x.cosh()), |x| -0.5 * (0.5 * x).tanh() / (1.0 + x.cosh())],
        ),
    ];
    for (function, [f, first, second]) in functions {
        // Not in the order in which they are stored, weighted and plain, and differentiated twice.
        let x = Tensor::from_vec(numbers.clone(), &[30, 40]).requires_grad();
        let w = Tensor::from_vec(weights.clone(), &[40, 30]);
        let y = function(&x.t());
        let by_x = Backward::of(&(&y * &w).sum()).create_graph().gradients(&[&x]);
        let twice = by_x[0].sum().gradients(&[&x]);
        let plain = function(&x).sum().gradients(&[&x]);
        for i in 0..30 {
            for j in 0..40 {
                let (at, w) = (numbers[i * 40 + j], weights[j * 30 + i]);
                near(y.get(&[j, i]), f(at));
                near(by_x[0].get(&[i, j]), w * first(at));
                near(twice[0].get(&[i, j]), w * second(at));
                near(plain[0].get(&[i, j]), first(at));
            }
        }
    }
}
