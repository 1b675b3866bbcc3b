//! One small computation, as often as is asked for, so that its instructions can be counted: `kernels NAME TIMES`.

use std::hint::black_box;

use adlab::{Dual, DualVec, Scalar, Tape, Tensor, Var, derivative, gradient, tensor};

fn product(x: &[Var]) -> Var {
    let mut product = x[0];
    for &x in &x[1..] {
        product *= x;
    }
    product
}

fn rosenbrock<T: Scalar>(x: &[T]) -> T {
    let mut sum = x[0] - x[0];
    for pair in x.windows(2) {
        let (step, rest) = (pair[1] - pair[0] * pair[0], pair[0] - 1.0);
        sum += step * step * 100.0 + rest * rest;
    }
    sum
}

fn log_sum_exp<T: Scalar>(x: &[T]) -> T {
    x.iter().map(|&x| x.exp()).sum::<T>().ln()
}

fn on_tape(f: fn(&[Var]) -> Var, times: usize) {
    let tape = Tape::new();
    for _ in 0..times {
        tape.clear();
        let x: Vec<Var> = (0..100).map(|i| tape.var(1.0 + f64::from(i) * 1e-3)).collect();
        black_box(f(&x).backward().wrt(x[0]));
    }
}

fn in_one_call(f: fn(&[Var]) -> Var, times: usize) {
    let x: Vec<f64> = (0..100).map(|i| 1.0 + f64::from(i) * 1e-3).collect();
    for _ in 0..times {
        black_box(gradient(f, black_box(&x)));
    }
}

fn of_tensors(f: impl Fn(&Tensor) -> Tensor, x: Tensor, times: usize) {
    let x = x.requires_grad();
    for _ in 0..times {
        f(&x).backward();
        x.zero_grad();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(Ok(times))) = (arguments.next(), arguments.next().map(|times| times.parse::<usize>())) else {
        panic!("kernels NAME TIMES");
    };
    let numbers = |n: usize| Tensor::from_vec((0..n).map(|i| 1.0 + i as f64 * 1e-3).collect(), &[n]);
    match name.as_str() {
        "tape, product" => on_tape(product, times),
        "tape, Rosenbrock" => on_tape(rosenbrock, times),
        "tape, log-sum-exp" => on_tape(log_sum_exp, times),
        "gradient, Rosenbrock" => in_one_call(rosenbrock, times),
        "derivative" => (0..times).for_each(|_| {
            black_box(derivative(|x| x * x + x.sin(), black_box(0.5)));
        }),
        "Dual, Newton" => {
            // The root of a, and its derivative by a.
            let a = Dual::variable(black_box(2.0));
            black_box((0..times).fold(Dual::constant(1.0), |x, _| x - (x * x - a) / (x * 2.0)));
        }
        "DualVec, Rosenbrock" => {
            for _ in 0..times {
                black_box(rosenbrock(&DualVec::variables(black_box([1.1; 12]))));
            }
        }
        "tensors, small" => of_tensors(|x| (x * x + x.sin()).sum(), tensor([0.5, 4.2]), times),
        "tensors, chain" => of_tensors(|x| ((x * 2.0).sin() * x + 1.0).sum(), numbers(1000), times),
        "tensors, product" => {
            of_tensors(|x| x.reshape(&[20, 50]).matmul(&x.reshape(&[50, 20])).sum(), numbers(1000), times)
        }
        _ => panic!("there is no kernel {name}"),
    }
}
