//! How long tensors take: products, chains, steps of training. Microseconds, the least of many.

use std::hint::black_box;
use std::time::{Duration, Instant};

use adlab::{Adam, Sgd, Tensor, tensor};

fn least(name: &str, mut f: impl FnMut()) {
    let (start, mut least) = (Instant::now(), f64::MAX);
    while start.elapsed() < Duration::from_millis(700) {
        let one = Instant::now();
        f();
        least = least.min(one.elapsed().as_secs_f64());
    }
    println!("{name:<44} {:12.2}", 1e6 * least);
}

fn numbers(shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    Tensor::from_vec((0..count).map(|i: usize| ((i * 7919 % 1013) as f64 / 1013.0 - 0.5) * 0.1).collect(), shape)
}

fn product(m: usize, k: usize, n: usize) {
    let (a, b) = (numbers(&[m, k]), numbers(&[k, n]));
    least(&format!("product {m}·{k}·{n}"), || drop(black_box(a.matmul(&b))));
}

/// One step of descent for a network with one hidden layer.
fn network(batch: usize, [inputs, hidden, outputs]: [usize; 3]) {
    let x = numbers(&[batch, inputs]);
    let classes: Vec<usize> = (0..batch).map(|i| i % outputs).collect();
    let parameters = [numbers(&[inputs, hidden]), numbers(&[hidden]), numbers(&[hidden, outputs]), numbers(&[outputs])];
    let [w1, b1, w2, b2] = parameters.map(|parameter| parameter.requires_grad());
    let mut descent = Sgd::new(&[&w1, &b1, &w2, &b2], 0.01);
    least(&format!("step of {batch} × {inputs}-{hidden}-{outputs}"), || {
        descent.zero_grad();
        let logits = (x.matmul(&w1) + &b1).tanh().matmul(&w2) + &b2;
        logits.cross_entropy(&classes).backward();
        descent.step();
    });
}

fn main() {
    for [m, k, n] in [
        [3, 4, 3],
        [10, 10, 10],
        [16, 16, 16],
        [100, 4, 12],
        [100, 12, 3],
        [32, 32, 32],
        [64, 784, 128],
        [512, 512, 512],
    ] {
        product(m, k, n);
    }
    network(100, [4, 12, 3]);
    network(64, [784, 128, 10]);
    network(256, [784, 512, 10]);
    let large = numbers(&[1_000_000]).requires_grad();
    least("x·2 + 1, on 10⁶ numbers, with its gradient", || {
        (&large * 2.0 + 1.0).sum().backward();
        large.zero_grad();
    });
    least("sin(x·2)·x, on 10⁶ numbers, with its gradient", || {
        ((&large * 2.0).sin() * &large).sum().backward();
        large.zero_grad();
    });
    let x = numbers(&[100_000]).requires_grad();
    least("Rosenbrock 10⁵", || {
        let (a, b) = (x.slice(0, 0..99_999), x.slice(0, 1..100_000));
        ((&b - a.square()).square() * 100.0 + (1.0 - &a).square()).sum().backward();
        x.zero_grad();
    });
    let (x, y) = (tensor(0.5).requires_grad(), tensor(4.2).requires_grad());
    least("x·y + sin x, with its gradient", || {
        (&x * &y + x.sin()).backward();
        x.zero_grad();
        y.zero_grad();
    });
    let x = tensor([2.0, 1.0]).requires_grad();
    let mut adam = Adam::new(&[&x], 1e-3);
    least("100 steps of Adam on two numbers", || {
        for _ in 0..100 {
            adam.zero_grad();
            (&x * &x).sum().backward();
            adam.step();
        }
    });
    let x = numbers(&[1000]).requires_grad();
    least("a loop over x.at(i), of 1000", || {
        let sum = (0..1000).map(|i| x.at(i).square()).reduce(|a, b| a + b);
        sum.unwrap().backward();
        x.zero_grad();
    });
}
