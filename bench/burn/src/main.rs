//! What `kernels/src/bin/tensors.rs` does, with burn: the same numbers, f64, on its backend flex, which is the default
//! device as no other is compiled, and on one thread, as the feature `rayon` is off. Steps of Adam are left out, as its
//! optimiser computes with rates of f32, which is seen in the seventh digit.

use burn::module::Param;
use burn::nn::loss::CrossEntropyLoss;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, FloatDType, Gradients, Int, Tensor, TensorData};

#[path = "../../src/least.rs"]
mod measure;

fn least<const D: usize>(name: &str, f: impl FnMut() -> Tensor<D>) {
    measure::least(name, |tensor| tensor.into_data().try_to_vec::<f64>().expect("it is f64")[0], f);
}

fn numbers<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let count = shape.iter().product();
    let numbers = (0..count).map(|i: usize| ((i * 7919 % 1013) as f64 / 1013.0 - 0.5) * 0.1).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(numbers, shape), &Device::default())
}

fn variable<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    tensor.autodiff().require_grad()
}

fn classes(count: usize, of: usize) -> Tensor<1, Int> {
    let classes = (0..count).map(|i| (i % of) as i64).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(classes, [count]), &Device::default())
}

fn cross_entropy(logits: Tensor<2>, classes: &Tensor<1, Int>) -> Tensor<1> {
    CrossEntropyLoss::new(None, &Device::default()).forward(logits, classes.clone())
}

fn product(m: usize, k: usize, n: usize) {
    let (a, b) = (numbers([m, k]), numbers([k, n]));
    least(&format!("product {m}·{k}·{n}"), || a.clone().matmul(b.clone()));
}

fn parameter<const D: usize>(shape: [usize; D]) -> Param<Tensor<D>> {
    Param::from_tensor(numbers(shape).autodiff())
}

fn network(batch: usize, [inputs, hidden, outputs]: [usize; 3]) {
    let (x, classes) = (numbers([batch, inputs]).autodiff(), classes(batch, outputs).autodiff());
    let first = (parameter([inputs, hidden]), parameter([hidden]));
    let second = (parameter([hidden, outputs]), parameter([outputs]));
    let mut layers = Some((first, second));
    let mut descent = SgdConfig::new().init();
    least(&format!("step of {batch} × {inputs}-{hidden}-{outputs}"), || {
        // Taken, as a step may write where nobody else holds the numbers.
        let old = layers.take().expect("a step gives it back");
        let ((w1, b1), (w2, b2)) = &old;
        let hidden = (x.clone().matmul(w1.val()) + b1.val().unsqueeze()).tanh();
        let loss = cross_entropy(hidden.matmul(w2.val()) + b2.val().unsqueeze(), &classes);
        let gradients = GradientsParams::from_grads(loss.backward(), &old);
        layers = Some(descent.step(0.01, old, gradients));
        loss
    });
}

fn moved<const D: usize>(x: Tensor<D>, gradients: &mut Gradients, rate: f64) -> Tensor<D> {
    let gradient = x.grad_remove(gradients).expect("it takes part");
    variable(x.inner() - gradient * rate)
}

fn loops() {
    let start = Tensor::<2>::from_data([[2f64], [1.0], [10.0]], &Device::default());
    least("lesson: 100 steps of descent", || {
        let mut x = variable(start.clone());
        for _ in 0..100 {
            let mut gradients = (x.clone() * x.clone()).sum().backward();
            x = moved(x, &mut gradients, 0.1);
        }
        x
    });
    let a = numbers([150, 4]).autodiff();
    let starts = [numbers([150, 2]) * 10.0, numbers([4, 2]) * 10.0];
    least("lesson: 100 epochs of factorisation", || {
        let [mut u, mut v] = starts.clone().map(variable);
        for _ in 0..100 {
            let loss = (a.clone() - u.clone().matmul(v.clone().transpose())).square().sum();
            let mut gradients = loss.backward();
            u = moved(u, &mut gradients, 0.01);
            v = moved(v, &mut gradients, 0.01);
        }
        u
    });
    let (x, species) = ((numbers([100, 4]) * 20.0).autodiff(), classes(100, 3).autodiff());
    // There are no tensors without an axis.
    let zero = Tensor::zeros([1, 1], &Device::default());
    let parameters = [numbers([4, 12]) * 20.0, zero.clone(), numbers([12, 3]) * 20.0, zero];
    let mut parameters = parameters.map(variable);
    least("lesson: a step on Iris, 4-12-3", || {
        let [w1, b1, w2, b2] = parameters.clone();
        let loss = cross_entropy(relu(x.clone().matmul(w1) + b1).matmul(w2) + b2, &species);
        let mut gradients = loss.backward();
        parameters = parameters.clone().map(|parameter| moved(parameter, &mut gradients, 0.01));
        loss
    });
}

fn main() {
    Device::default().configure(FloatDType::F64).expect("it has f64");
    for [m, k, n] in [[3, 4, 3], [10, 10, 10], [32, 32, 32], [64, 784, 128], [512, 512, 512]] {
        product(m, k, n);
    }
    network(64, [784, 128, 10]);
    network(256, [784, 512, 10]);
    let large = variable(numbers([1_000_000]));
    least("x·2 + 1, on 10⁶ numbers, with its gradient", || {
        let sum = (large.clone() * 2.0 + 1.0).sum();
        sum.backward();
        sum
    });
    least("sin(x·2)·x, on 10⁶ numbers, with its gradient", || {
        let sum = ((large.clone() * 2.0).sin() * large.clone()).sum();
        sum.backward();
        sum
    });
    let x = variable(numbers([100_000]));
    least("Rosenbrock 10⁵, with its gradient", || {
        let (a, b) = (x.clone().narrow(0, 0, 99_999), x.clone().narrow(0, 1, 99_999));
        let sum = ((b - a.clone().square()).square() * 100.0 + (1.0f64 - a).square()).sum();
        sum.backward();
        sum
    });
    let number = |x: f64| variable(Tensor::<1>::from_data([x], &Device::default()));
    let (x, y) = (number(0.5), number(4.2));
    least("x·y + sin x, with its gradient", || {
        let z = x.clone() * y.clone() + x.clone().sin();
        z.backward();
        z
    });
    let x = variable(numbers([1000]));
    least("a loop over x.at(i), of 1000", || {
        let at = |i: usize| x.clone().narrow(0, i, 1).square();
        let sum = (0..1000).map(at).reduce(|a, b| a + b).expect("there are some");
        sum.backward();
        sum
    });
    loops();
}
