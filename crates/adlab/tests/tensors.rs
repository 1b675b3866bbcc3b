//! Tensors as students use them: the lab's values, and numbers at the edge of what they can be.

mod common;

use adlab::{Error, Normal, Sgd, Tensor, Uniform, no_grad, tensor};
use common::assert_close;

#[test]
fn rows_3_1_and_3_2() {
    let (x, y) = (tensor(0.5).requires_grad(), tensor(4.2).requires_grad());
    let z = &x * &y + x.sin();
    z.backward();
    assert_eq!((z.item(), x.grad().item(), y.grad().item()), (2.579425538604203, 5.077582561890373, 0.5));

    let x = tensor(0.5).requires_grad();
    let mut z = tensor(1.0);
    let mut i = 0.0;
    while i < 2.0 {
        z = (z + i) * &x * &x;
        i += 1.0;
    }
    z.backward();
    assert_eq!((z.item(), x.grad().item()), (0.3125, 1.5));
}

/// The result has the common shape, also where one of both shows a single number again and again.
#[test]
fn one_number_that_is_shown_often_has_its_shape() {
    let (row, often) = (tensor([[1.0, 2.0, 3.0]]), tensor(5.0).expand(&[2, 3]));
    for sum in [&row + &often, &often + &row, &row * 1.0 + often.clone(), often.clone() + &row * 1.0] {
        assert_eq!((sum.shape(), sum.to_vec()), (vec![2, 3], vec![6.0, 7.0, 8.0, 6.0, 7.0, 8.0]));
    }
    assert_eq!(row.maximum(&often).shape(), [2, 3]);
    assert_eq!(row.equal(&often).shape(), [2, 3]);
    assert_eq!(tensor(1.0).expand(&[2, 2]).softmax(1).to_vec(), [0.5; 4]);
    let row = row.requires_grad();
    (&row * &often).sum().backward();
    assert_eq!(row.grad().to_vec(), [10.0, 10.0, 10.0]);
    // The gradient of a sum is such a number, and here it meets a row.
    let matrix = Tensor::ones(&[2, 3]).requires_grad();
    (&matrix * row.data()).sum().backward();
    assert_eq!((matrix.grad().shape(), matrix.grad().to_vec()), (vec![2, 3], vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0]));
}

#[test]
fn row_3_3_a_saved_value_was_overwritten() {
    let x = tensor(1.0).requires_grad();
    let y = x.tanh();
    y.add_(3.0);
    let error = y.try_backward().unwrap_err();
    assert_eq!(error, Error::Modified { op: "tanh", version: 1, expected: 0 });
    assert!(error.to_string().contains("modified by an in-place operation"));
    assert!(x.try_grad().is_err(), "nothing is half changed");
    // sin keeps its argument, not its result: the same change does no harm.
    let x = tensor(1.0).requires_grad();
    let y = x.sin();
    y.add_(3.0);
    y.backward();
    assert_eq!(y.item(), 1f64.sin() + 3.0);
    assert_eq!(x.grad().item(), 1f64.cos());
    // The same through a view of what was saved.
    let x = tensor([1.0, 2.0]).requires_grad();
    let y = x.exp();
    no_grad(|| y.at(0).add_(1.0));
    assert!(matches!(y.sum().try_backward(), Err(Error::Modified { op: "exp", .. })));
}

#[test]
fn row_3_4_a_view_of_a_leaf() {
    let x = tensor([1.0, 2.0, 3.0, 4.0]).requires_grad();
    let y = x.at(0);
    assert_eq!(y.try_add_(3.0).unwrap_err(), Error::InPlaceOnViewOfLeaf { op: "add_" });
    assert_eq!(x.try_add_(3.0).unwrap_err(), Error::InPlaceOnLeaf { op: "add_" });
    assert_eq!(x.to_vec(), [1.0, 2.0, 3.0, 4.0]);
    // Without gradients, the alias shows.
    let x = tensor([1.0, 2.0, 3.0, 4.0]);
    x.at(0).add_(3.0);
    assert_eq!(x.to_vec(), [4.0, 2.0, 3.0, 4.0]);
}

#[test]
fn rows_3_5_and_3_6() {
    let x = tensor(1.0).requires_grad();
    let a = tensor([[2.0], [4.0]]);
    let (first, second) = (tensor([[1.0], [0.0]]), tensor([[0.0], [1.0]]));
    let x2 = &x * Tensor::ones(&[2, 1]);
    let z = &a * &x2 + &first * x2.sin() + &second * x2.cos();
    z.backward_with(&Tensor::ones(&[2, 1]));
    assert_eq!(x.grad().item(), 2.0 + 1f64.cos() + 4.0 - 1f64.sin());

    let x = Tensor::ones(&[2, 1]).requires_grad();
    let z = &a * &x + &first * x.sin() + &second * x.cos();
    z.backward_with(&Tensor::ones(&[2, 1]));
    assert_eq!(x.grad().to_vec(), [2.5403023058681398, 3.1585290151921033]);
}

#[test]
fn row_3_7_gradient_descent_shrinks_by_0_8_a_step() {
    let x = tensor([[2.0], [1.0], [10.0]]).requires_grad();
    let mut before = 105.0f64;
    for _ in 0..100 {
        x.zero_grad();
        let j = (&x * &x).sum();
        assert_close(j.item(), before, 1e-12, "J");
        before = j.item() * 0.64;
        j.backward();
        x.set_data(x.data() - x.grad() * 0.1);
    }
    assert_close(x.get(&[2, 0]), 10.0 * 0.8f64.powi(100), 1e-15, "x");
}

/// Without momentum, the gradient of an earlier step has no part in it, even if it was infinite.
#[test]
fn plain_descent_remembers_nothing() {
    let x = tensor([0.0, 4.0]).requires_grad();
    let descent = &mut Sgd::new(&[&x], 0.5);
    let mut step = || {
        descent.zero_grad();
        x.sqrt().sum().backward();
        descent.step();
        x.to_vec()
    };
    assert_eq!(step(), [f64::NEG_INFINITY, 3.875]);
    x.set_data(tensor([1.0, 4.0]));
    let y = x.detach();
    assert_eq!(step(), [0.75, 3.875]);
    assert_eq!(y.to_vec(), [0.75, 3.875], "the same numbers");
    // One that shows its numbers in another order.
    let turned = tensor([[1.0, 4.0], [16.0, 64.0]]).t().requires_grad();
    (&turned * 2.0).sum().backward();
    Sgd::new(&[&turned], 0.5).step();
    assert_eq!(turned.to_vec(), [0.0, 15.0, 3.0, 63.0]);
}

#[test]
fn row_3_9_reparameterisation() {
    let mut normal = Normal::seeded(42);
    for _ in 0..10 {
        let (mu, sigma) = (tensor(1.0).requires_grad(), tensor(2.0).requires_grad());
        let zeta = normal.sample();
        let z = &mu + &sigma * zeta;
        z.backward();
        assert_eq!((mu.grad().item(), sigma.grad().item()), (1.0, zeta));
    }
}

#[test]
fn cross_entropy_does_not_overflow() {
    let scores = tensor([[1000.0, -1000.0], [-1000.0, 1000.0]]).requires_grad();
    let loss = scores.cross_entropy(&[0, 0]);
    assert_eq!(loss.item(), 1000.0);
    loss.backward();
    assert_eq!(scores.grad().to_vec(), [0.0, 0.0, -0.5, 0.5]);
    assert_eq!(scores.argmax_rows(), [0, 1]);
}

#[test]
fn tensors_read_as_nested_lists() {
    let t = tensor([[2.5403023058681398], [3.0]]);
    assert_eq!(t.to_string(), "[[2.5403], [3]]");
    assert_eq!(format!("{t:.2}"), "[[2.54], [3.00]]");
    assert_eq!(format!("{t:?}"), "[[2.5403023058681398], [3.0]]");
    assert_eq!(tensor(1e-9).to_string(), "1.0000e-9");
    assert_eq!(Tensor::zeros(&[0]).to_string(), "[]");
}

#[test]
fn seeds_make_random_numbers_repeatable() {
    let draw = |seed| Normal::seeded(seed).tensor(&[5]).to_vec();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let numbers = Normal::new(3.0, 2.0, 9).tensor(&[20_000]).to_vec();
    let mean = numbers.iter().sum::<f64>() / 20_000.0;
    let sd = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
    assert!((mean - 3.0).abs() < 0.06 && (sd - 2.0).abs() < 0.05, "{mean} {sd}");
    let mut order = Uniform::seeded(4).permutation(100);
    assert_ne!(order, (0..100).collect::<Vec<_>>());
    order.sort();
    assert_eq!(order, (0..100).collect::<Vec<_>>());
}

#[test]
fn exponentials_do_not_overflow() {
    let x = tensor([1000.0, 999.0, -1000.0]).requires_grad();
    let total = x.logsumexp();
    assert_close(total.item(), 1000.0 + (-1f64).exp().ln_1p(), 1e-15, "ln Σeˣ");
    total.backward();
    let softmax = x.softmax(0).to_vec();
    assert_eq!(x.grad().to_vec(), softmax, "its gradient is the softmax");
    let sigmoid = 1.0 / (1.0 + (-1f64).exp());
    assert_close(softmax[0], sigmoid, 1e-15, "the greater");
    assert_close(softmax[1], 1.0 - sigmoid, 1e-15, "the smaller");
    assert_eq!(softmax[2], 0.0);
    let log = x.log_softmax(0).to_vec();
    assert_close(log[2], -2000.0 - (-1f64).exp().ln_1p(), 1e-15, "what has vanished has a logarithm");
    // All the same, however far out, and nothing at all.
    for far in [-1000.0, 0.0, 1000.0] {
        assert_eq!(Tensor::full(&[4], far).softmax(0).to_vec(), [0.25; 4]);
    }
    assert_eq!(tensor([f64::NEG_INFINITY, 0.0]).softmax(0).to_vec(), [0.0, 1.0]);
    assert_eq!(tensor([f64::INFINITY, 0.0]).logsumexp().item(), f64::INFINITY);
}

#[test]
fn sums_keep_their_digits() {
    for n in [100_000, 1_000_000] {
        let exact = 0.1 * n as f64;
        let numbers = Tensor::full(&[n], 0.1);
        for (what, sum) in [
            ("sum", numbers.sum().item()),
            ("rows", numbers.reshape(&[1, n]).sum_axis(1).item()),
            ("columns", numbers.reshape(&[n, 1]).sum_axis(0).item()),
            ("columns of two", Tensor::full(&[n, 2], 0.1).sum_axis(0).get(&[1])),
            ("mean", numbers.mean().item() * n as f64),
            ("norm", numbers.norm().square().item() * 10.0),
            ("norm of a column", Tensor::full(&[n, 2], 0.1).norm_axis(0).at(1).square().item() * 10.0),
            ("log-sum-exp", numbers.logsumexp().exp().item() / 0.1f64.exp() * 0.1),
        ] {
            assert!((sum / exact - 1.0).abs() < 1e-14, "{what}: {sum} and not {exact}");
        }
        // The gradient of what is broadcast is a sum as well.
        let bias = tensor(1.0).requires_grad();
        (&numbers * &bias).sum().backward();
        assert!((bias.grad().item() / exact - 1.0).abs() < 1e-15);
    }
    assert!(Tensor::zeros(&[0]).sum().item().is_sign_positive());
    assert_eq!(Tensor::zeros(&[0]).sum().to_string(), "0");
    assert!(Tensor::zeros(&[2, 0]).sum_axis(1).to_vec().iter().all(|x| x.is_sign_positive()));
}

#[test]
fn norms_of_what_is_not_finite_and_of_what_is_tiny() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert!(tensor([inf, nan]).norm().item().is_nan() && tensor([[nan, inf]]).norm_axis(1).item().is_nan());
    assert_eq!(tensor([-inf, 1.0]).norm().item(), inf);
    for unit in [5e-324, 1e-310, 1e-200, 1e200] {
        let x = tensor([3.0 * unit, 4.0 * unit]).requires_grad();
        let norm = x.norm();
        assert_eq!(norm.item(), 5.0 * unit);
        norm.backward();
        for (slope, expected) in x.grad().to_vec().into_iter().zip([0.6, 0.8]) {
            assert_close(slope, expected, 1e-15, "x/norm");
        }
    }
}

/// A score of ∞ leaves no probabilities; as PyTorch, all are NaN, and none is 0.
#[test]
fn infinite_scores() {
    let inf = f64::INFINITY;
    for scores in [[inf, 0.0], [inf, inf], [-inf, -inf], [inf, -inf]] {
        let x = tensor(scores);
        for y in [x.softmax(0), x.log_softmax(0)] {
            assert!(y.to_vec().iter().all(|y| y.is_nan()), "{scores:?}: {y}");
        }
        assert_eq!(x.logsumexp().item(), scores[0]);
        assert!(x.reshape(&[1, 2]).cross_entropy(&[1]).item().is_nan());
    }
    assert_eq!(tensor([[-inf, 0.0]]).cross_entropy(&[1]).item(), 0.0);
    assert_eq!(tensor([[-inf, 0.0]]).cross_entropy(&[0]).item(), inf);
}

#[test]
fn binary_cross_entropies_of_probabilities_and_of_scores() {
    let close = |a: &Tensor, b: f64| assert_close(a.item(), b, 1e-15, "loss");
    close(&tensor([0.9]).binary_cross_entropy(&tensor([1.0])), -(0.9f64.ln()));
    close(&tensor([0.9, 0.2]).binary_cross_entropy(&tensor([0.0, 0.25])), {
        (-(0.1f64.ln()) - 0.25 * 0.2f64.ln() - 0.75 * 0.8f64.ln()) / 2.0
    });
    // A certain answer that is wrong costs 100, and not ∞.
    assert_eq!(tensor([0.0, 1.0]).binary_cross_entropy(&tensor([1.0, 1.0])).item(), 50.0);
    // Of scores, the same by way of the sigmoid, and with all digits far out, where that is 1.
    let (scores, targets) = (tensor([0.3, -2.0, 5.0]), tensor([1.0, 0.25, 0.0]));
    let by_probabilities = scores.sigmoid().binary_cross_entropy(&targets).item();
    assert_close(scores.binary_cross_entropy_with_logits(&targets).item(), by_probabilities, 1e-14, "logits");
    for (score, target) in [(50.0, 1.0), (-50.0, 0.0)] {
        let x = tensor([score]).requires_grad();
        let loss = x.binary_cross_entropy_with_logits(&tensor([target]));
        assert_eq!(loss.item(), (-50f64).exp());
        loss.backward();
        assert_eq!(x.grad().item().abs(), (-50f64).exp());
    }
    assert_eq!(tensor([800.0]).binary_cross_entropy_with_logits(&tensor([0.0])).item(), 800.0);
    for wrong in [1.5, -0.1, f64::NAN] {
        let by = tensor([wrong]).try_binary_cross_entropy(&tensor([1.0])).unwrap_err().to_string();
        assert!(by.contains("input") && by.contains("binary_cross_entropy_with_logits"), "{by}");
        let by = tensor([0.5]).try_binary_cross_entropy(&tensor([wrong])).unwrap_err().to_string();
        assert!(by.contains("target"), "{by}");
    }
}

/// Where there are no numbers, a view may begin beyond the end of what it is a view of.
#[test]
fn views_of_no_numbers() {
    let x = Tensor::ones(&[5, 100]);
    let none = x.slice(1, 0..0);
    let row = x.slice(0, 0..1).slice(1, 0..3);
    let sums = [&none + &none, &row + &row, Tensor::zeros(&[3, 0]).transpose(0, 1) * 1.0, Tensor::zeros(&[3, 0])];
    let views = [sums[0].select(0, 4), sums[1].slice(0, 1..1), sums[2].clone(), sums[3].clone()];
    let beyond = x.slice(0, 5..5).slice(1, 100..100);
    for view in views.iter().chain([&none.select(0, 4), &none.slice(0, 2..4), &beyond]) {
        assert_eq!(view.add_(1.0).to_vec(), []);
        view.set_data(Tensor::zeros(&view.shape()));
        assert_eq!((view + view).shape(), view.shape());
    }
    let inner = Tensor::ones(&[2, 10, 3]).slice(1, 0..0);
    assert_eq!(Tensor::zeros(&[2, 5, 0]).matmul(&(&inner + &inner)).to_vec(), [0.0; 30]);
    assert_eq!(x.to_vec(), [1.0; 500]);
}
