//! How long tensors take: products, chains, steps of training, the lessons' loops. For each, a line with its name, a number
//! that its first run gives, and microseconds of the thread's processor time, the least of many. `python/tensors.py` does the
//! same with PyTorch. An argument names what alone is measured, for a profiler.

use adlab::{Adam, Sgd, Tensor, tensor};

#[path = "../../../src/least.rs"]
mod measure;

fn least(name: &str, f: impl FnMut() -> Tensor) {
    measure::least(name, |tensor| tensor.to_vec()[0], f);
}

fn numbers(shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    Tensor::from_vec((0..count).map(|i: usize| ((i * 7919 % 1013) as f64 / 1013.0 - 0.5) * 0.1).collect(), shape)
}

fn product(m: usize, k: usize, n: usize) {
    let (a, b) = (numbers(&[m, k]), numbers(&[k, n]));
    least(&format!("product {m}·{k}·{n}"), || a.matmul(&b));
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
        let loss = logits.cross_entropy(&classes);
        loss.backward();
        descent.step();
        loss
    });
}

/// What the lessons ask for, as they write it.
fn loops() {
    let x = tensor([[2.0], [1.0], [10.0]]).requires_grad();
    least("lesson: 100 steps of descent", || {
        x.set_data(tensor([[2.0], [1.0], [10.0]]));
        for _ in 0..100 {
            x.zero_grad();
            (&x * &x).sum().backward();
            x.set_data(x.data() - 0.1 * x.grad());
        }
        x.clone()
    });
    let a = numbers(&[150, 4]);
    let start = [numbers(&[150, 2]) * 10.0, numbers(&[4, 2]) * 10.0];
    let [u, v] = [start[0].requires_grad(), start[1].requires_grad()];
    least("lesson: 100 epochs of factorisation", || {
        u.set_data(&start[0]);
        v.set_data(&start[1]);
        for _ in 0..100 {
            u.zero_grad();
            v.zero_grad();
            let loss = (&a - u.matmul(&v.t())).powi(2).sum();
            loss.backward();
            u.set_data(u.data() - 0.01 * u.grad());
            v.set_data(v.data() - 0.01 * v.grad());
        }
        u.clone()
    });
    let (x, species) = (numbers(&[100, 4]) * 20.0, (0..100).map(|i| i % 3).collect::<Vec<usize>>());
    let parameters = [numbers(&[4, 12]) * 20.0, tensor(0.0), numbers(&[12, 3]) * 20.0, tensor(0.0)];
    let parameters = parameters.map(|parameter| parameter.requires_grad());
    let [w1, b1, w2, b2] = &parameters;
    least("lesson: a step on Iris, 4-12-3", || {
        parameters.iter().for_each(Tensor::zero_grad);
        let scores = (x.matmul(w1) + b1).relu().matmul(w2) + b2;
        let loss = scores.cross_entropy(&species);
        loss.backward();
        for parameter in &parameters {
            parameter.set_data(parameter.data() - 0.01 * parameter.grad());
        }
        loss
    });
}

fn main() {
    for [m, k, n] in [[3, 4, 3], [10, 10, 10], [32, 32, 32], [64, 784, 128], [512, 512, 512]] {
        product(m, k, n);
    }
    network(64, [784, 128, 10]);
    network(256, [784, 512, 10]);
    let large = numbers(&[1_000_000]).requires_grad();
    least("x·2 + 1, on 10⁶ numbers, with its gradient", || {
        large.zero_grad();
        let sum = (&large * 2.0 + 1.0).sum();
        sum.backward();
        sum
    });
    least("sin(x·2)·x, on 10⁶ numbers, with its gradient", || {
        large.zero_grad();
        let sum = ((&large * 2.0).sin() * &large).sum();
        sum.backward();
        sum
    });
    let x = numbers(&[100_000]).requires_grad();
    least("Rosenbrock 10⁵, with its gradient", || {
        x.zero_grad();
        let (a, b) = (x.slice(0, 0..99_999), x.slice(0, 1..100_000));
        let sum = ((&b - a.square()).square() * 100.0 + (1.0 - &a).square()).sum();
        sum.backward();
        sum
    });
    let (x, y) = (tensor(0.5).requires_grad(), tensor(4.2).requires_grad());
    least("x·y + sin x, with its gradient", || {
        x.zero_grad();
        y.zero_grad();
        let z = &x * &y + x.sin();
        z.backward();
        z
    });
    let x = tensor([2.0, 1.0]).requires_grad();
    let mut adam = Adam::new(&[&x], 1e-3);
    least("100 steps of Adam on two numbers", || {
        for _ in 0..100 {
            adam.zero_grad();
            (&x * &x).sum().backward();
            adam.step();
        }
        x.clone()
    });
    let x = numbers(&[1000]).requires_grad();
    least("a loop over x.at(i), of 1000", || {
        x.zero_grad();
        let sum = (0..1000).map(|i| x.at(i).square()).reduce(|a, b| a + b).expect("there are some");
        sum.backward();
        sum
    });
    loops();
}
