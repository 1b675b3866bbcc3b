//! Every misuse of tensors: the `try_` form returns an error whose text has the shapes or versions in it and says what to do,
//! the plain form panics with the same text, and nothing is half changed.

mod common;

use adlab::{Adam, Backward, Error, Sgd, Tensor, no_grad, tensor};
use common::panic_text;

/// The error's text has all these words.
#[track_caller]
fn says<T>(outcome: Result<T, Error>, words: &[&str]) {
    let Err(error) = outcome else { panic!("there should have been an error") };
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

fn matrix() -> Tensor {
    tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
}

#[test]
fn shapes_that_do_not_fit() {
    let (a, b) = (matrix(), tensor([1.0, 2.0]));
    let both = ["[2, 3]", "[2]"];
    for (op, outcome) in [
        ("add", a.try_add(&b)),
        ("sub", a.try_sub(&b)),
        ("mul", a.try_mul(&b)),
        ("div", a.try_div(&b)),
        ("pow", a.try_pow(&b)),
        ("maximum", a.try_maximum(&b)),
        ("minimum", a.try_minimum(&b)),
        ("atan2", a.try_atan2(&b)),
        ("hypot", a.try_hypot(&b)),
        ("greater", a.try_greater(&b)),
        ("greater_equal", a.try_greater_equal(&b)),
        ("less", a.try_less(&b)),
        ("less_equal", a.try_less_equal(&b)),
        ("equal", a.try_equal(&b)),
        ("where_", Tensor::try_where_(&a, &b, 1.0)),
        ("where_", Tensor::try_where_(&tensor([1.0]), &a, &b)),
    ] {
        says(outcome, &[op, both[0], both[1], "equal, or one of them 1"]);
    }
    says(a.try_matmul(&b), &["matmul", "[2, 3]", "[2]", "the same k"]);
    says(a.try_matmul(&tensor(1.0)), &["matmul", "[]", "one axis at least"]);
    says(Tensor::zeros(&[2, 2, 2]).try_matmul(&Tensor::zeros(&[3, 2, 2])), &["[2, 2, 2]", "[3, 2, 2]"]);
    says(a.try_expand(&[3, 2]), &["expand", "[2, 3]", "[3, 2]"]);
    says(a.try_mse_loss(&tensor(1.0)), &["mse_loss", "[2, 3]", "[]", "the same"]);
    says(a.try_binary_cross_entropy(&b), &["binary_cross_entropy", "[2, 3]", "[2]"]);
    says(a.try_binary_cross_entropy_with_logits(&b), &["binary_cross_entropy_with_logits", "[2, 3]", "[2]"]);
    says(Tensor::try_concat(&[&a, &Tensor::zeros(&[2, 2])], 0), &["concat", "[2, 3]", "[2, 2]", "axis 0"]);
    says(Tensor::try_concat(&[&a, &b], 0), &["concat", "[2, 3]", "[2]"]);
    says(Tensor::try_concat(&[], 0), &["concat", "no tensors"]);
    says(Tensor::try_stack(&[&a, &b], 0), &["stack", "[2, 3]", "[2]", "the same"]);
    says(Tensor::try_stack(&[], 0), &["stack", "no tensors"]);
    says(a.try_reshape(&[4]), &["6 numbers", "[4]", "holds 4"]);
    says(Tensor::try_from_vec(vec![1.0], &[2]), &["1 numbers", "[2]", "holds 2"]);
    assert!(panic_text(|| &matrix() + tensor([1.0, 2.0])).contains("add: the shapes [2, 3] and [2]"));
    assert!(panic_text(|| matrix().greater(tensor([1.0, 2.0]))).contains("greater: the shapes [2, 3] and [2]"));
    assert!(panic_text(|| tensor(vec![vec![1.0], vec![]])).contains("equally long"));
}

#[test]
fn axes_and_indices_that_are_not_there() {
    let a = matrix();
    for (op, outcome) in [
        ("sum_axis", a.try_sum_axis(2)),
        ("mean_axis", a.try_mean_axis(2)),
        ("var_axis", a.try_var_axis(2)),
        ("norm_axis", a.try_norm_axis(2)),
        ("max_axis", a.try_max_axis(2)),
        ("min_axis", a.try_min_axis(2)),
        ("logsumexp_axis", a.try_logsumexp_axis(2)),
        ("softmax", a.try_softmax(2)),
        ("log_softmax", a.try_log_softmax(2)),
        ("select", a.try_select(2, 0)),
        ("slice", a.try_slice(2, 0..1)),
        ("transpose", a.try_transpose(0, 2)),
        ("squeeze", a.try_squeeze(2)),
        ("index_select", a.try_index_select(2, &[0])),
        ("gather", a.try_gather(2, &[0])),
        ("concat", Tensor::try_concat(&[&a], 2)),
    ] {
        says(outcome, &[op, "no axis 2", "[2, 3]", "which has 2", "starts at 0"]);
    }
    says(a.try_unsqueeze(3), &["unsqueeze", "no axis 3", "[2, 3]"]);
    says(a.try_argmax_axis(2), &["argmax_axis", "no axis 2"]);
    says(a.try_select(0, 2), &["index 2", "[2, 3]"]);
    says(a.try_index_select(1, &[0, 3]), &["index 3", "[2, 3]"]);
    says(a.try_gather(1, &[0, 3]), &["index 3", "[2, 3]"]);
    says(a.try_gather(1, &[0, 1, 2]), &["3 numbers"]);
    says(a.try_slice(1, 1..4), &["1..4", "axis 1", "[2, 3]", "ends at 3"]);
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = a.try_slice(1, 2..1);
    says(reversed, &["2..1", "axis 1", "[2, 3]", "ends before it begins"]);
    says(a.try_permute(&[0, 0]), &["[0, 0]", "[2, 3]", "0..2 once"]);
    says(a.try_permute(&[0]), &["[0]", "0..2"]);
    says(a.try_squeeze(0), &["axis 0", "[2, 3]", "size 2", "select"]);
    says(tensor([1.0]).try_t(), &["t wants a tensor with 2 axes", "[1]"]);
    says(a.try_cross_entropy(&[0, 3]), &["class 3", "[2, 3]"]);
    says(a.try_cross_entropy(&[0]), &["cross_entropy", "[2, 3]", "1 classes"]);
    says(a.try_nll_loss(&[0]), &["nll_loss", "[2, 3]", "1 classes"]);
    assert!(panic_text(|| matrix().at(2)).contains("no index 2"));
    says(a.try_get(&[0]), &["[0]", "[2, 3]", "each axis"]);
    says(a.try_get(&[1, 3]), &["[1, 3]", "[2, 3]"]);
    says(a.try_item(), &["item", "[2, 3]"]);
    says(a.try_register_hook(|_| ()).and(a.try_retain_grad()), &["does not track"]);
    assert!(panic_text(|| matrix().get(&[0])).contains("[2, 3]"));
    assert!(panic_text(|| tensor([1.0]).argmax_rows()).contains("argmax_rows wants a tensor with 2 axes"));
    assert!(panic_text(|| matrix().clamp(1.0, 0.0)).contains("lower limit 1 is above the upper limit 0"));
}

/// Sums of nothing are 0, means of nothing NaN, and the greatest of nothing is an error.
#[test]
fn empty_tensors() {
    let empty = Tensor::zeros(&[2, 0]);
    assert_eq!((empty.sum().item(), empty.sum_axis(0).numel(), empty.sum_axis(1).to_vec()), (0.0, 0, vec![0.0; 2]));
    assert!(empty.mean().item().is_nan() && empty.var().item().is_nan() && tensor([1.0]).std().item().is_nan());
    assert_eq!(empty.logsumexp().item(), f64::NEG_INFINITY);
    assert_eq!(empty.norm().item(), 0.0);
    for (op, outcome) in [("max", empty.try_max()), ("min", empty.try_min()), ("max_axis", empty.try_max_axis(1))] {
        says(outcome, &[op, "[2, 0]", "no numbers"]);
    }
    says(empty.try_argmax(), &["argmax", "[2, 0]"]);
    says(empty.try_argmin_axis(1), &["argmin_axis", "[2, 0]"]);
    assert_eq!(empty.max_axis(0).shape(), [0]);
    says(Tensor::zeros(&[0, 3]).try_cross_entropy(&[]), &["[0, 3]", "0 classes"]);
    assert_eq!(Tensor::zeros(&[2, 0]).matmul(&Tensor::zeros(&[0, 3])).to_vec(), [0.0; 6]);
    assert!(panic_text(|| Tensor::zeros(&[0]).item()).contains("[0]"));
    // Nothing to differentiate is differentiated to nothing.
    let x = empty.requires_grad();
    (&x * 2.0).sum().backward();
    assert_eq!(x.grad().shape(), [2, 0]);
}

#[test]
fn a_backward_pass_that_can_not_be() {
    let x = matrix().requires_grad();
    says((&x * 2.0).try_backward(), &["[2, 3]", "single number", "backward_with(&seed)"]);
    says((&x * 2.0).try_backward_with(&tensor([1.0])), &["[1]", "[2, 3]"]);
    says(matrix().sum().try_backward(), &["requires_grad()"]);
    says(x.sum().try_backward().and(x.try_grad()).and(matrix().try_grad()), &["does not track"]);
    x.zero_grad();
    says(x.try_grad(), &["call backward()"]);
    says(x.sin().try_grad(), &["only leaves", "retain_grad()"]);
    says(Backward::of(&x.sum()).try_gradients(&[&matrix()]), &["does not track"]);
    assert!(panic_text(|| matrix().register_hook(|_| ())).contains("does not track"));
    assert!(panic_text(|| matrix().sum().backward()).contains("requires_grad()"));
}

#[test]
fn a_second_pass_over_what_is_gone() {
    let x = tensor(2.0).requires_grad();
    let y = x.exp() * 3.0;
    y.backward();
    let error = y.try_backward().unwrap_err();
    assert_eq!(error, Error::BackwardTwice { op: "mul" });
    says(Err::<(), _>(error), &["a second time", "mul", "retain_graph()"]);
    assert_eq!(x.grad().item(), 3.0 * 2f64.exp(), "the failed pass has added nothing");
    // Kept on request, and a sum keeps nothing that could be gone.
    let y = x.exp();
    Backward::of(&y).retain_graph().run();
    y.backward();
    assert!(y.try_backward().is_err());
    let y = &x + 1.0;
    y.backward();
    assert!(y.try_backward().is_ok());
}

#[test]
fn changes_in_place() {
    let x = tensor([1.0, 2.0]).requires_grad();
    says(x.try_add_(1.0), &["add_", "leaf that requires a gradient", "no_grad", "set_data"]);
    says(x.at(0).try_mul_(2.0), &["mul_", "view of a leaf", "no_grad"]);
    let strided = tensor([[1.0, 2.0], [3.0, 4.0]]).t().detach();
    says(strided.at(0).try_sub_(&x), &["sub_", "view", "detach()", "compute a new tensor"]);
    says(tensor([1.0]).expand(&[3]).try_div_(2.0), &["div_", "[3]", "several times"]);
    let small = tensor([1.0]);
    says(small.try_add_(tensor([1.0, 2.0])), &["add_", "[1]", "[2]"]);
    assert_eq!((x.to_vec(), small.to_vec()), (vec![1.0, 2.0], vec![1.0]), "nothing has changed");

    // What was kept is not what it was.
    let y = x.exp();
    y.add_(1.0).mul_(2.0);
    let error = y.sum().try_backward().unwrap_err();
    assert_eq!(error, Error::Modified { op: "exp", version: 2, expected: 0 });
    says(Err::<(), _>(error), &["exp", "version 2", "version 0", "in-place", "y + 3.0"]);
    assert!(x.try_grad().is_err(), "nothing has arrived");

    // A view that is no longer what it was.
    let y = &x * 1.0;
    let first = y.at(0);
    y.add_(1.0);
    says(first.try_mul(2.0), &["version 1", "version 0", "take the view again"]);

    says(x.try_set_data(tensor(1.0)), &["set_data", "[2]", "[]", "must be the same"]);
    says((&x * 2.0).try_set_data([1.0, 2.0]), &["only leaves"]);
    no_grad(|| x.add_(1.0));
    assert_eq!(x.to_vec(), [2.0, 3.0]);
}

#[test]
fn optimisers_and_the_svd_want_what_they_can_use() {
    let x = tensor([1.0]).requires_grad();
    assert!(panic_text(|| Sgd::new(&[&x, &tensor([1.0, 2.0])], 0.1)).contains("parameter 1 of shape [2]"));
    assert!(panic_text(|| Adam::new(&[&(&x * 2.0)], 0.1)).contains("no leaf that requires a gradient"));
    says(x.try_svd(), &["svd", "2 axes", "[1]"]);
    says((matrix() * &x).try_svd(), &["svd", "not differentiated", "detach()"]);
    says(tensor([[f64::NAN]]).try_svd(), &["svd", "NaN"]);
}

/// A panic inside of the library is shown at the line that called it, also from within a function that is differentiated.
#[test]
fn a_panic_has_the_line_of_its_caller() {
    use adlab::*;
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex};

    thread_local! { static PLACE: Arc<Mutex<String>> = Arc::default(); }
    let before = take_hook();
    set_hook(Box::new(move |info| {
        PLACE.with(|place| *place.lock().unwrap() = info.location().map_or(String::new(), |l| l.file().to_owned()));
        before(info);
    }));
    let gone = {
        let tape = Tape::new();
        tape.var(1.0)
    };
    let tape = Tape::new();
    let other = tape.var(1.0);
    let m = || tensor([[1.0, 2.0]]);
    let x = tensor([1.0]).requires_grad();
    type Misuse<'a> = (&'static str, Box<dyn Fn() + 'a>);
    let cases: Vec<Misuse> = vec![
        ("gradient, another tape's result", Box::new(|| drop(gradient(|_| other, &[1.0])))),
        ("gradient, two tapes", Box::new(|| drop(gradient(|x| x[0] * other, &[1.0])))),
        ("gradient, mul_add", Box::new(|| drop(gradient(|x| x[0].mul_add(other, x[0]), &[1.0])))),
        ("gradient, atan2", Box::new(|| drop(gradient(|x| x[0].atan2(other), &[1.0])))),
        ("gradient, pow", Box::new(|| drop(gradient(|x| x[0].pow(gone), &[1.0])))),
        (
            "gradient, +=",
            Box::new(|| {
                drop(gradient(
                    |x| {
                        let mut y = x[0];
                        y += gone;
                        y
                    },
                    &[1.0],
                ))
            }),
        ),
        ("gradient, max", Box::new(|| drop(gradient(|x| x[0].max(gone), &[1.0])))),
        ("value_and_gradient", Box::new(|| drop(value_and_gradient(|_| gone, &[1.0])))),
        ("jacobian, forward", Box::new(|| drop(jacobian(|x| vec![x[0], other], &[1.0])))),
        ("jacobian, reverse", Box::new(|| drop(jacobian(|_| vec![other], &[1.0])))),
        ("vjp", Box::new(|| drop(vjp(|_| vec![other], &[1.0], &[1.0])))),
        ("vjp, lengths", Box::new(|| drop(vjp(|x| vec![x[0]], &[1.0], &[])))),
        ("jvp, lengths", Box::new(|| drop(jvp(|x| vec![x[0]], &[1.0], &[])))),
        ("hvp, lengths", Box::new(|| drop(hvp(|x| x[0], &[1.0], &[])))),
        (
            "hessian, confusion",
            Box::new(|| {
                derivative(|x| hessian(|v| v[0] * v[0] * Var::lifted(x), &[1.0]).item() * x, 1.0);
            }),
        ),
        (
            "derivative, confusion",
            Box::new(|| {
                derivative(|x| x * derivative(|y| x * y, 1.0), 1.0);
            }),
        ),
        (
            "directional_derivative, confusion",
            Box::new(|| {
                derivative(|x| x * directional_derivative(|y| x * y[0], &[1.0], &[1.0]), 1.0);
            }),
        ),
        (
            "derivatives, confusion",
            Box::new(|| {
                derivatives::<2>(|x| x * derivatives::<2>(|y| x * y, 1.0)[1], 1.0);
            }),
        ),
        ("check_gradient", Box::new(|| drop(check_gradient(|x| x[0] * gone, &[1.0])))),
        ("check_gradient, result", Box::new(|| drop(check_gradient(|_| gone, &[1.0])))),
        (
            "wrt",
            Box::new(|| {
                gradient(
                    |x| {
                        x[0].backward().wrt(other);
                        x[0]
                    },
                    &[1.0],
                );
            }),
        ),
        (
            "backward",
            Box::new(|| {
                Var::constant(1.0).backward();
            }),
        ),
        (
            "gradient[x]",
            Box::new(|| {
                let g = other.backward();
                let _ = g[gone];
            }),
        ),
        ("add", Box::new(|| drop(m() + tensor([1.0, 2.0, 3.0])))),
        (
            "1 + tensor of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                drop(1.0 + v);
            }),
        ),
        (
            "neg of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                drop(-v);
            }),
        ),
        (
            "sum of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.sum();
            }),
        ),
        (
            "mean of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.mean();
            }),
        ),
        (
            "std of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.std();
            }),
        ),
        (
            "var of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.var();
            }),
        ),
        (
            "norm of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.norm();
            }),
        ),
        (
            "max of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.max();
            }),
        ),
        (
            "flatten of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.flatten();
            }),
        ),
        (
            "square of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.square();
            }),
        ),
        (
            "clamp of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.at(0);
                y.add_(1.0);
                v.clamp(0.0, 1.0);
            }),
        ),
        (
            "mse_loss of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.slice(0, 0..1);
                y.add_(1.0);
                v.mse_loss(&tensor([1.0]));
            }),
        ),
        (
            "cross_entropy of a stale view",
            Box::new(|| {
                let y = m().requires_grad() * 1.0;
                let v = y.slice(0, 0..1);
                y.add_(1.0);
                v.cross_entropy(&[0]);
            }),
        ),
        (
            "binary_cross_entropy_with_logits of a stale view",
            Box::new(|| {
                let y = &x * 1.0;
                let v = y.slice(0, 0..1);
                y.add_(1.0);
                v.binary_cross_entropy_with_logits(&tensor([1.0]));
            }),
        ),
        (
            "binary_cross_entropy",
            Box::new(|| {
                tensor([1.5]).binary_cross_entropy(&tensor([1.0]));
            }),
        ),
        (
            "argmax",
            Box::new(|| {
                Tensor::zeros(&[0]).argmax();
            }),
        ),
        (
            "backward twice",
            Box::new(|| {
                let y = x.exp().sum();
                y.backward();
                y.backward();
            }),
        ),
        ("gradients", Box::new(|| drop(x.sum().gradients(&[&m()])))),
        ("grad", Box::new(|| drop(tensor(1.0).grad()))),
        ("svd", Box::new(|| drop(tensor([1.0]).svd()))),
        ("rows", Box::new(|| drop(tensor(vec![vec![1.0], vec![]])))),
        ("the same twice", Box::new(|| drop(Sgd::new(&[&x, &x], 0.1)))),
        ("the same twice", Box::new(|| drop(Adam::new(&[&x, &x], 0.1)))),
    ];
    let mut wrong = Vec::new();
    for (name, misuse) in cases {
        match catch_unwind(AssertUnwindSafe(&misuse)) {
            Ok(()) => wrong.push(format!("{name}: no panic")),
            Err(_) => {
                let file = PLACE.with(|place| place.lock().unwrap().clone());
                if !file.ends_with("errors.rs") {
                    wrong.push(format!("{name}: {file}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
