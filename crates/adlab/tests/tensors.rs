//! Tensors: every operation against central differences, PyTorch's rules for changes in place, the lab's values.

mod common;

use adlab::{Error, Normal, Tensor, Uniform, no_grad, tensor};
use common::assert_close;

type Function = fn(&[Tensor]) -> Tensor;

/// Compares the gradient of a sum of `f`'s results, weighted so that no two count the same, with central differences.
fn check(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Tensor) {
    let weighted = |inputs: &[Tensor]| {
        let y = f(inputs);
        let n = y.numel();
        let weights = Tensor::from_vec((0..n).map(|i| 1.0 + 0.3 * i as f64).collect(), &y.shape());
        (y * weights).sum()
    };
    let leaves: Vec<Tensor> = inputs.iter().map(Tensor::requires_grad).collect();
    weighted(&leaves).backward();
    for (which, input) in inputs.iter().enumerate() {
        let gradient = leaves[which].try_grad().map_or(vec![0.0; input.numel()], |g| g.to_vec());
        assert_eq!(gradient.len(), input.numel(), "{name}");
        for i in 0..input.numel() {
            let at = |h: f64| {
                let mut numbers = input.to_vec();
                numbers[i] += h;
                let mut changed = inputs.to_vec();
                changed[which] = Tensor::from_vec(numbers, &input.shape());
                weighted(&changed).item()
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert_close(gradient[i], slope, 1e-6, &format!("{name}, input {which}, number {i}"));
        }
    }
}

#[test]
fn every_operation_agrees_with_central_differences() {
    let mut normal = Normal::seeded(1);
    let mut uniform = Uniform::seeded(2);
    for shape in [&[][..], &[3], &[2, 3], &[2, 1, 3], &[2, 0]] {
        let any = normal.tensor(shape);
        let positive = uniform.tensor(shape) + 0.5;
        let one: [(&str, Function); 12] = [
            ("sin", |x| x[0].sin()),
            ("cos", |x| x[0].cos()),
            ("tan", |x| x[0].tanh().tan()),
            ("exp", |x| x[0].exp()),
            ("tanh", |x| x[0].tanh()),
            ("abs", |x| x[0].abs()),
            ("relu", |x| x[0].relu()),
            ("sigmoid", |x| x[0].sigmoid()),
            ("powi", |x| x[0].powi(3)),
            ("neg", |x| -&x[0]),
            ("sum", |x| x[0].sum() * x[0].sum()),
            ("numbers", |x| 2.0 - (3.0 * &x[0] + 1.0) / 2.0),
        ];
        for (name, f) in one {
            check(name, std::slice::from_ref(&any), f);
        }
        for (name, f) in [
            ("ln", (|x| x[0].ln()) as Function),
            ("sqrt", |x| x[0].sqrt()),
            ("powf", |x| x[0].powf(-1.7)),
            ("number over tensor", |x| 1.0 / &x[0]),
        ] {
            check(name, std::slice::from_ref(&positive), f);
        }
    }
    let shapes: [(&[usize], &[usize]); 6] =
        [(&[2, 3], &[2, 3]), (&[2, 3], &[3]), (&[2, 1], &[1, 3]), (&[], &[2, 2]), (&[3, 1, 2], &[4, 1]), (&[1], &[5])];
    for (a, b) in shapes {
        let pair = [normal.tensor(a), uniform.tensor(b) + 0.5];
        check("add", &pair, |x| &x[0] + &x[1]);
        check("sub", &pair, |x| &x[0] - &x[1]);
        check("mul", &pair, |x| &x[0] * &x[1]);
        check("div", &pair, |x| &x[0] / &x[1]);
        check("the same twice", &pair, |x| &x[0] * &x[0] + &x[1] / &x[1] * &x[1]);
    }
    check("matmul", &[normal.tensor(&[3, 4]), normal.tensor(&[4, 2])], |x| x[0].matmul(&x[1]));
    check("matmul of views", &[normal.tensor(&[4, 3]), normal.tensor(&[2, 4])], |x| x[0].t().matmul(&x[1].t()));
    let cube = [normal.tensor(&[2, 3, 4])];
    for axis in 0..3 {
        check("sum_axis", &cube, |x| x[0].sum_axis(axis));
        check("mean_axis", &cube, |x| x[0].mean_axis(axis));
        check("select", &cube, |x| x[0].select(axis, 1) * x[0].select(axis, 0));
        check("slice", &cube, |x| x[0].slice(axis, 1..2));
    }
    check("mean", &cube, |x| x[0].mean());
    check("transpose", &cube, |x| x[0].transpose(0, 2).sin());
    check("reshape", &cube, |x| x[0].reshape(&[6, 4]) * x[0].transpose(0, 1).reshape(&[6, 4]));
    check("views of views", &cube, |x| x[0].at(1).t().slice(0, 1..3).select(1, 2));
    check("cross_entropy", &[normal.tensor(&[4, 3])], |x| x[0].cross_entropy(&[0, 2, 1, 2]));
}

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
fn misuse_is_said_clearly() {
    let x = tensor([1.0, 2.0]).requires_grad();
    let says = |error: Error, words: &[&str]| {
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    says((&x * 2.0).try_backward().unwrap_err(), &["[2]", "backward_with"]);
    says((&x * 2.0).try_backward_with(&tensor([1.0])).unwrap_err(), &["[1]", "[2]"]);
    says(tensor(1.0).try_backward().unwrap_err(), &["requires_grad()"]);
    says(x.try_grad().unwrap_err(), &["call backward()"]);
    says((&x * 2.0).try_grad().unwrap_err(), &["only leaves"]);
    says(tensor(1.0).try_grad().unwrap_err(), &["does not track"]);
    says(x.try_add(tensor([1.0, 2.0, 3.0])).unwrap_err(), &["[2]", "[3]", "add"]);
    says(x.try_matmul(&x).unwrap_err(), &["matmul", "[2]"]);
    says(x.try_select(1, 0).unwrap_err(), &["axis 1", "[2]"]);
    says(x.try_select(0, 2).unwrap_err(), &["index 2", "[2]"]);
    says(x.try_slice(0, 1..4).unwrap_err(), &["index 3"]);
    says(x.try_reshape(&[3]).unwrap_err(), &["2 numbers", "[3]"]);
    says(Tensor::try_from_vec(vec![1.0], &[2]).unwrap_err(), &["1 numbers", "holds 2"]);
    says(x.try_set_data(tensor(1.0)).unwrap_err(), &["set_data", "[2]"]);
    says((&x * 2.0).try_set_data(tensor([1.0, 2.0])).unwrap_err(), &["only leaves"]);
    says(tensor([[1.0, 2.0]]).try_cross_entropy(&[2]).unwrap_err(), &["class 2"]);
    says(tensor([[1.0, 2.0]]).try_cross_entropy(&[0, 1]).unwrap_err(), &["cross_entropy"]);
    let y = (&x * &x).sum();
    y.backward();
    says(y.try_backward().unwrap_err(), &["a second time"]);
    let grown = tensor([1.0]);
    says(grown.try_add_(tensor([1.0, 2.0])).unwrap_err(), &["add_", "[1]", "[2]"]);
    assert_eq!(grown.to_vec(), [1.0]);
}

#[test]
fn gradients_add_up_until_they_are_cleared() {
    let x = tensor(3.0).requires_grad();
    (&x * &x).backward();
    (&x * &x).backward();
    assert_eq!(x.grad().item(), 12.0);
    x.zero_grad();
    (&x * &x).backward();
    assert_eq!(x.grad().item(), 6.0);
}

#[test]
fn in_place_operations_are_part_of_the_computation() {
    let (x, w) = (tensor([1.0, 2.0]).requires_grad(), tensor([3.0, 5.0]).requires_grad());
    let y = &x * 1.0;
    y.mul_(&w).add_(1.0).sub_(&x).div_(2.0);
    assert_eq!(y.to_vec(), [1.5, 4.5]);
    y.sum().backward();
    assert_eq!(x.grad().to_vec(), [1.0, 2.0]);
    assert_eq!(w.grad().to_vec(), [0.5, 1.0]);
    // A tensor that tracked nothing begins to.
    let z = Tensor::zeros(&[2]);
    z.add_(&x);
    assert!(z.tracks_grad());
    // A view taken before the change is no longer what it was.
    let y = &x * 1.0;
    let first = y.at(0);
    y.add_(1.0);
    assert!(matches!(first.try_mul(2.0), Err(Error::StaleView { .. })));
    // Neither as the start of a backward pass,
    let y = &x * 1.0;
    let first = y.at(0);
    y.mul_(2.0);
    assert!(matches!(first.try_backward(), Err(Error::StaleView { .. })));
    // nor where its tensor tracked nothing until the change.
    let y = Tensor::zeros(&[2]);
    let first = y.at(0);
    y.add_(&x);
    assert!(matches!(first.try_mul(2.0), Err(Error::StaleView { .. })));
    assert!(matches!(first.try_backward(), Err(Error::StaleView { .. })));
    // Where nothing tracks, a view just shows the change.
    let y = Tensor::zeros(&[2]);
    let first = y.at(0);
    y.add_(1.0);
    assert_eq!((first * 2.0).item(), 2.0);
}

#[test]
fn what_shares_numbers_and_what_does_not() {
    let x = tensor([1.0, 2.0]).requires_grad();
    let y = x.exp();
    y.detach().add_(1.0);
    assert!(matches!(y.sum().try_backward(), Err(Error::Modified { .. })), "detach() shares the version");
    let y = x.exp();
    let before = y.to_vec();
    y.data().add_(1.0);
    assert_eq!(y.get(&[0]), before[0] + 1.0);
    assert!(y.sum().try_backward().is_ok(), "data() goes behind the history's back");
    let copy = x.requires_grad();
    copy.set_data([7.0, 8.0]);
    assert_eq!(x.to_vec(), [1.0, 2.0]);
    no_grad(|| x.add_(1.0));
    assert_eq!(x.to_vec(), [2.0, 3.0]);
    assert!(x.is_leaf() && x.tracks_grad());
}

/// No recursion over the graph: neither backward nor drop may overflow the stack.
#[test]
fn a_graph_of_a_million_operations() {
    let x = tensor(1.0).requires_grad();
    let mut z = &x * 1.0;
    for _ in 0..1_000_000 {
        z = z + 1e-6;
    }
    z.backward();
    assert_eq!(x.grad().item(), 1.0);
    let mut unused = &x * 1.0;
    for _ in 0..1_000_000 {
        unused = unused.tanh();
    }
    drop(unused);
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
