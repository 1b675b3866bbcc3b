//! What `kernels/src/bin/tensors.rs` does, with candle: the same numbers, f64, one thread if RAYON_NUM_THREADS is 1. Steps of
//! Adam are left out, as its optimiser begins in another way.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::loss::cross_entropy;
use candle_nn::optim::{Optimizer, SGD};

#[path = "../../src/least.rs"]
mod measure;

fn least(name: &str, f: impl FnMut() -> Result<Tensor>) -> Result<()> {
    let number = |tensor: Result<Tensor>| tensor.and_then(|tensor| Ok(tensor.flatten_all()?.to_vec1::<f64>()?[0]));
    measure::least(name, |tensor| number(tensor).expect("it has a number"), f);
    Ok(())
}

fn numbers(shape: &[usize]) -> Result<Tensor> {
    let count = shape.iter().product();
    let numbers = (0..count).map(|i: usize| ((i * 7919 % 1013) as f64 / 1013.0 - 0.5) * 0.1).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu)
}

fn product(m: usize, k: usize, n: usize) -> Result<()> {
    let (a, b) = (numbers(&[m, k])?, numbers(&[k, n])?);
    least(&format!("product {m}·{k}·{n}"), || a.matmul(&b))
}

fn classes(count: usize, of: usize) -> Result<Tensor> {
    Tensor::from_vec((0..count).map(|i| (i % of) as u32).collect(), &[count], &Device::Cpu)
}

fn network(batch: usize, [inputs, hidden, outputs]: [usize; 3]) -> Result<()> {
    let (x, classes) = (numbers(&[batch, inputs])?, classes(batch, outputs)?);
    let variable = |shape: &[usize]| Var::from_tensor(&numbers(shape)?);
    let (w1, b1) = (variable(&[inputs, hidden])?, variable(&[hidden])?);
    let (w2, b2) = (variable(&[hidden, outputs])?, variable(&[outputs])?);
    let mut descent = SGD::new(vec![w1.clone(), b1.clone(), w2.clone(), b2.clone()], 0.01)?;
    least(&format!("step of {batch} × {inputs}-{hidden}-{outputs}"), || {
        let hidden = x.matmul(&w1)?.broadcast_add(&b1)?.tanh()?;
        let loss = cross_entropy(&hidden.matmul(&w2)?.broadcast_add(&b2)?, &classes)?;
        descent.backward_step(&loss)?;
        Ok(loss)
    })
}

fn moved(x: &Var, gradient: Option<&Tensor>, rate: f64) -> Result<()> {
    let gradient = gradient.expect("it takes part");
    x.set(&(x.as_tensor() - (gradient * rate)?)?)
}

fn loops() -> Result<()> {
    let start = Tensor::new(&[[2f64], [1.0], [10.0]], &Device::Cpu)?;
    let x = Var::from_tensor(&start)?;
    least("lesson: 100 steps of descent", || {
        x.set(&start)?;
        for _ in 0..100 {
            let gradients = (x.as_tensor() * x.as_tensor())?.sum_all()?.backward()?;
            moved(&x, gradients.get(&x), 0.1)?;
        }
        Ok(x.as_tensor().copy()?)
    })?;
    let a = numbers(&[150, 4])?;
    let starts = [(numbers(&[150, 2])? * 10.0)?, (numbers(&[4, 2])? * 10.0)?];
    let (u, v) = (Var::from_tensor(&starts[0])?, Var::from_tensor(&starts[1])?);
    least("lesson: 100 epochs of factorisation", || {
        u.set(&starts[0])?;
        v.set(&starts[1])?;
        for _ in 0..100 {
            let gradients = (&a - u.matmul(&v.t()?)?)?.sqr()?.sum_all()?.backward()?;
            moved(&u, gradients.get(&u), 0.01)?;
            moved(&v, gradients.get(&v), 0.01)?;
        }
        Ok(u.as_tensor().copy()?)
    })?;
    let (x, species) = ((numbers(&[100, 4])? * 20.0)?, classes(100, 3)?);
    let variable = |tensor: Result<Tensor>| Var::from_tensor(&tensor?);
    let zero = || variable(Tensor::zeros((), DType::F64, &Device::Cpu));
    let (w1, b1) = (variable(numbers(&[4, 12])? * 20.0)?, zero()?);
    let (w2, b2) = (variable(numbers(&[12, 3])? * 20.0)?, zero()?);
    least("lesson: a step on Iris, 4-12-3", || {
        let hidden = x.matmul(&w1)?.broadcast_add(&b1)?.relu()?;
        let loss = cross_entropy(&hidden.matmul(&w2)?.broadcast_add(&b2)?, &species)?;
        let gradients = loss.backward()?;
        for parameter in [&w1, &b1, &w2, &b2] {
            moved(parameter, gradients.get(parameter), 0.01)?;
        }
        Ok(loss)
    })
}

fn main() -> Result<()> {
    for [m, k, n] in [[3, 4, 3], [10, 10, 10], [32, 32, 32], [64, 784, 128], [512, 512, 512]] {
        product(m, k, n)?;
    }
    network(64, [784, 128, 10])?;
    network(256, [784, 512, 10])?;
    let large = Var::from_tensor(&numbers(&[1_000_000])?)?;
    least("x·2 + 1, on 10⁶ numbers, with its gradient", || {
        let sum = large.affine(2.0, 1.0)?.sum_all()?;
        sum.backward()?;
        Ok(sum)
    })?;
    least("sin(x·2)·x, on 10⁶ numbers, with its gradient", || {
        let sum = ((large.as_tensor() * 2.0)?.sin()? * large.as_tensor())?.sum_all()?;
        sum.backward()?;
        Ok(sum)
    })?;
    let x = Var::from_tensor(&numbers(&[100_000])?)?;
    least("Rosenbrock 10⁵, with its gradient", || {
        let (a, b) = (x.narrow(0, 0, 99_999)?, x.narrow(0, 1, 99_999)?);
        let sum = (((b - a.sqr()?)?.sqr()? * 100.0)? + a.affine(-1.0, 1.0)?.sqr()?)?.sum_all()?;
        sum.backward()?;
        Ok(sum)
    })?;
    let number = |x: f64| Var::from_tensor(&Tensor::new(x, &Device::Cpu)?);
    let (x, y) = (number(0.5)?, number(4.2)?);
    least("x·y + sin x, with its gradient", || {
        let z = ((x.as_tensor() * y.as_tensor())? + x.sin()?)?;
        z.backward()?;
        Ok(z)
    })?;
    let x = Var::from_tensor(&numbers(&[1000])?)?;
    least("a loop over x.at(i), of 1000", || {
        let mut sum = x.get(0)?.sqr()?;
        for i in 1..1000 {
            sum = (sum + x.get(i)?.sqr()?)?;
        }
        sum.backward()?;
        Ok(sum)
    })?;
    loops()
}
