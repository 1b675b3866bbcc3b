//! PyTorch's rules for changes in place, and what can be asked of a pass backwards.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use adlab::{Backward, Error, Tensor, no_grad, tensor};
use common::assert_close;

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

/// A change in place keeps copies: its derivatives are by the numbers that it was made with.
#[test]
fn what_a_tensor_was_changed_by_may_change_later() {
    let x = tensor([1.0, 2.0]).requires_grad();
    let changes: [&dyn Fn(&Tensor); 3] =
        [&|w| w.set_data(tensor([100.0, 100.0])), &|w| drop(no_grad(|| w.sub_(1.0))), &|w| drop(w.data().add_(7.0))];
    for change in changes {
        for create in [false, true] {
            let w = tensor([2.0, 4.0]).requires_grad();
            let (y, z) = (&x * 1.0, &x * 1.0);
            y.mul_(&w);
            z.div_(&w);
            change(&w);
            let gradients = |of: &Tensor| match create {
                false => Backward::of(&of.sum()).gradients(&[&x, &w]),
                true => Backward::of(&of.sum()).create_graph().gradients(&[&x, &w]),
            };
            let (product, quotient) = (gradients(&y), gradients(&z));
            assert_eq!([product[0].to_vec(), product[1].to_vec()], [[2.0, 4.0], [1.0, 2.0]]);
            assert_eq!([quotient[0].to_vec(), quotient[1].to_vec()], [[0.5, 0.25], [-0.25, -0.125]]);
            if create {
                // ∂²(x·w)/∂x∂w = 1, ∂²(x/w)/∂x∂w = −1/w²
                assert_eq!(product[0].sum().gradients(&[&w])[0].to_vec(), [1.0, 1.0]);
                assert_eq!(quotient[0].sum().gradients(&[&w])[0].to_vec(), [-0.25, -0.0625]);
            }
        }
    }
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

/// Nor where one is held by another's hook only: a leaf, a result, or a leaf that a record knows.
#[test]
fn a_long_chain_of_hooks() {
    let chain = |mut next: Box<dyn FnMut() -> Tensor>| {
        let mut last = next();
        for _ in 0..100_000 {
            let (before, held) = (last, next());
            held.register_hook(move |_| assert!(before.tracks_grad()));
            last = held;
        }
    };
    let leaf = || tensor(1.0).requires_grad();
    let run = move || {
        chain(Box::new(leaf));
        chain(Box::new(move || leaf() * 2.0));
        let mut results = Vec::new();
        chain(Box::new(move || {
            let leaf = leaf();
            results.push(&leaf * 2.0);
            leaf
        }));
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

/// What a hook holds goes with it: in the order in which they were registered, and also after one whose end is a panic.
#[test]
fn hooks_end_in_their_order() {
    struct End(u32, Rc<RefCell<Vec<u32>>>);
    impl Drop for End {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
            assert_ne!(self.0, 2, "it is to panic");
        }
    }
    let ends = Rc::new(RefCell::new(Vec::new()));
    let leaf = || tensor(1.0).requires_grad();
    for watched in [leaf(), leaf() * 2.0] {
        for number in 1..=3 {
            let end = End(number, Rc::clone(&ends));
            watched.register_hook(move |_| drop(Rc::clone(&end.1)));
        }
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(watched)));
        assert!(dropped.is_err());
        assert_eq!(ends.take(), [1, 2, 3]);
    }
}

/// At the end of a thread as well, when what it keeps for the next pass may be gone.
#[test]
fn a_pass_at_the_end_of_a_thread() {
    static PASSED: AtomicBool = AtomicBool::new(false);
    struct Late(Tensor);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.backward();
            PASSED.store(true, Ordering::Relaxed);
        }
    }
    thread_local! {
        static LATE: RefCell<Vec<Late>> = const { RefCell::new(Vec::new()) };
    }
    let run = || {
        LATE.with_borrow_mut(|late| {
            let x = tensor(2.0).requires_grad();
            (&x * &x).backward();
            late.push(Late(&x * &x));
        });
    };
    std::thread::spawn(run).join().unwrap();
    assert!(PASSED.load(Ordering::Relaxed));
}

/// Nothing is added to one leaf if it can't be added to another.
#[test]
fn gradients_are_added_to_all_leaves_or_none() {
    let leaves = [1.0, 2.0, 3.0].map(|x| tensor([x, x]).requires_grad());
    for stale in &leaves {
        leaves.iter().for_each(Tensor::zero_grad);
        let seed = tensor(1.0).requires_grad() * 1.0;
        Backward::of(&stale.sum()).seed(&seed).create_graph().run();
        // Its gradient shows numbers that are others now.
        seed.add_(1.0);
        let [x, y, z] = &leaves;
        let result = (x * y * z).sum();
        assert!(matches!(Backward::of(&result).create_graph().try_run(), Err(Error::StaleView { .. })));
        assert_eq!(leaves.iter().filter(|leaf| leaf.try_grad().is_ok()).count(), 1);
        stale.zero_grad();
        Backward::of(&result).create_graph().run();
        assert_eq!(leaves[0].grad().to_vec(), [6.0, 6.0]);
    }
}

/// Speelpenning's product, as a product of tensors' parts: each derivative is the product of all others.
#[test]
fn speelpenning() {
    let x = tensor([1.0, 2.0, 3.0, 4.0, 5.0]).requires_grad();
    let product = (0..5).map(|i| x.at(i)).reduce(|a, b| a * b).unwrap();
    product.backward();
    assert_eq!(x.grad().to_vec(), [120.0, 60.0, 40.0, 30.0, 24.0]);
}

#[test]
fn a_gradient_can_be_watched() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let watch = |name: &'static str| {
        let seen = Rc::clone(&seen);
        move |gradient: &Tensor| seen.borrow_mut().push((name, gradient.to_vec()))
    };
    let x = tensor([1.0, 2.0]).requires_grad();
    let y = &x * &x;
    x.register_hook(watch("x"));
    y.register_hook(watch("y"));
    // y goes into two results, and is heard of once, when its gradient is complete.
    (&y * 3.0 + y.sin()).sum().backward();
    let by_y = [3.0 + 1f64.cos(), 3.0 + 4f64.cos()];
    assert_eq!(*seen.borrow(), [("y", by_y.to_vec()), ("x", vec![2.0 * by_y[0], 4.0 * by_y[1]])]);
}

/// What is given out is nobody else's: neither the seed's, nor another leaf's, nor what goes on.
#[test]
fn gradients_do_not_share_their_numbers() {
    let (a, b) = (tensor([1.0, 2.0]).requires_grad(), tensor([3.0, 4.0]).requires_grad());
    let seed = Tensor::ones(&[2]);
    let sum = &a + &b;
    sum.register_hook(|gradient| drop(gradient.mul_(100.0)));
    sum.backward_with(&seed);
    a.grad().mul_(7.0);
    assert_eq!([&a.grad(), &b.grad(), &seed].map(Tensor::to_vec), [[7.0; 2], [1.0; 2], [1.0; 2]]);
    let gradients = (&a + &b).sum().gradients(&[&a, &b]);
    gradients[0].mul_(7.0);
    assert_eq!(gradients[1].to_vec(), [1.0; 2]);
}

#[test]
fn a_result_can_keep_its_gradient() {
    let x = tensor(2.0).requires_grad();
    let y = x.exp();
    y.retain_grad();
    let z = &y * 3.0;
    Backward::of(&z).retain_graph().run();
    assert_eq!(y.grad().item(), 3.0);
    z.backward();
    assert_eq!((y.grad().item(), x.grad().item()), (3.0, 6.0 * 2f64.exp()), "a leaf adds up, a result has the last");
}

#[test]
fn gradients_by_whatever_is_on_the_way() {
    let (x, w) = (tensor([1.0, 2.0]).requires_grad(), tensor([3.0, 4.0]).requires_grad());
    let y = &x * &w;
    let z = y.square().sum();
    let unused = tensor([[1.0]]).requires_grad();
    let gradients = Backward::of(&z).retain_graph().gradients(&[&y, &w, &unused]);
    assert_eq!(gradients[0].to_vec(), [6.0, 16.0]);
    assert_eq!(gradients[1].to_vec(), [6.0, 32.0]);
    assert_eq!((gradients[2].shape(), gradients[2].item()), (vec![1, 1], 0.0));
    assert!(x.try_grad().is_err(), "nothing is kept");
    assert_eq!(z.gradients(&[&z])[0].item(), 1.0);
}

/// Higher derivatives: of a gradient, and through a leaf's own; what is asked for is recorded also inside no_grad.
#[test]
fn gradients_of_gradients() {
    let x = tensor(0.7).requires_grad();
    let first = Backward::of(&x.sin()).create_graph().gradients(&[&x]);
    let second = Backward::of(&first[0]).create_graph().gradients(&[&x]);
    let third = second[0].gradients(&[&x]);
    assert_eq!([&first, &second, &third].map(|g| g[0].item()), [0.7f64.cos(), -0.7f64.sin(), -0.7f64.cos()]);

    Backward::of(&x.powi(3)).create_graph().run();
    let gradient = x.grad();
    x.zero_grad();
    gradient.backward();
    assert_close(x.grad().item(), 6.0 * 0.7, 1e-15, "6x");

    // A gradient penalty, as in training: the gradient of |∇f|².
    x.zero_grad();
    let f = x.exp();
    let gradient = no_grad(|| Backward::of(&f).create_graph().gradients(&[&x])).swap_remove(0);
    gradient.square().backward();
    assert_close(x.grad().item(), 2.0 * 1.4f64.exp(), 1e-15, "(e²ˣ)′");
}

#[test]
fn a_view_is_changed_in_place() {
    let (x, w) = (tensor([1.0, 2.0, 3.0]).requires_grad(), tensor(5.0).requires_grad());
    let y = &x * 1.0;
    let part = y.slice(0, 1..3);
    let other = y.at(0);
    part.mul_(&w);
    assert_eq!(y.to_vec(), [1.0, 10.0, 15.0]);
    // The view goes on as a view of what its tensor is now; another one has to be taken again.
    assert!(matches!(other.try_mul(1.0), Err(Error::StaleView { .. })));
    let z = y.square().sum() + part.sum();
    z.backward();
    assert_eq!(x.grad().to_vec(), [2.0, (2.0 * 10.0 + 1.0) * 5.0, (2.0 * 15.0 + 1.0) * 5.0]);
    assert_eq!(w.grad().item(), (2.0 * 10.0 + 1.0) * 2.0 + (2.0 * 15.0 + 1.0) * 3.0);
    // What tracked nothing begins to, as a whole.
    let y = Tensor::zeros(&[3]);
    y.at(1).add_(&w);
    y.square().sum().backward();
    assert_eq!(w.grad().item(), 135.0 + 10.0);
}

/// Each part of a tensor takes the time of that part, also where the pass is recorded.
#[test]
fn parts_of_a_tensor_in_a_recorded_pass() {
    let n = 30_000;
    let x = Tensor::full(&[n], 2.0).requires_grad();
    let mut sum = x.at(0).powi(3);
    for i in 1..n {
        sum = sum + x.at(i).powi(3) * x.at(i - 1);
    }
    let first = Backward::of(&sum).create_graph().gradients(&[&x]).swap_remove(0);
    assert_eq!((first.get(&[0]), first.get(&[1]), first.get(&[n - 1])), (12.0 + 8.0, 24.0 + 8.0, 24.0));
    let second = first.sum().gradients(&[&x]).swap_remove(0);
    assert_eq!((second.get(&[0]), second.get(&[1]), second.get(&[n - 1])), (24.0, 48.0, 36.0));
}

#[test]
fn a_result_that_was_made_a_leaf_is_said_to_be_cut_off() {
    let (x, w) = (tensor([1.0, 2.0]).requires_grad(), tensor(3.0).requires_grad());
    let y = (&x * 2.0).requires_grad();
    (&y * &w).sum().backward();
    let text = x.try_grad().unwrap_err().to_string();
    assert!(text.contains("requires_grad() was called on a result") && text.contains("retain_grad()"), "{text}");
    // A copy of another kind, and none.
    let z = tensor([1.0]).requires_grad();
    (z.detach() * &w).sum().backward();
    let text = z.try_grad().unwrap_err().to_string();
    assert!(text.contains("no backward pass has come to this tensor") && text.contains("detach()"), "{text}");
    // Gradients that come by another way are gradients.
    (&x * &w).sum().backward();
    assert_eq!(x.grad().to_vec(), [3.0, 3.0]);
    x.zero_grad();
    assert!(x.try_grad().unwrap_err().to_string().contains("no backward pass"));
}
