//! Nothing grows that should not, and nothing is allocated where it is promised. In a program of their own, since they
//! count what the allocator gives out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use adlab::{Backward, Dual, Scalar, Tape, Tensor, tensor};

const MIB: isize = 1 << 20;

/// What the program that runs the tests may take meanwhile.
const SLACK: isize = 64 << 10;

/// The system's allocator, counted.
struct Counting;

/// Bytes in use, by all threads.
static IN_USE: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    /// Allocations so far, of this thread.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// And how many bytes they were.
    static BYTES: Cell<usize> = const { Cell::new(0) };
    /// Bytes that it has taken, less those that it has given back.
    static OWN: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    IN_USE.fetch_add(bytes, Ordering::Relaxed);
    let _ = OWN.try_with(|own| own.set(own.get() + bytes));
    if bytes > 0 {
        // A thread that ends still gives memory back when its variables are gone.
        let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
        let _ = BYTES.try_with(|all| all.set(all.get() + bytes as usize));
    }
}

// SAFETY: all is left to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Other tests' memory would be counted too.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|e| e.into_inner())
}

/// How many bytes more are in use after `f` than before.
fn growth(f: impl FnOnce()) -> isize {
    let before = IN_USE.load(Ordering::Relaxed);
    f();
    IN_USE.load(Ordering::Relaxed) - before
}

/// How often `f` allocates.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// x to the power n + 1, by n multiplications.
fn record(tape: &Tape, n: usize) -> f64 {
    let x = tape.var(1.000001);
    let mut z = x;
    for _ in 0..n {
        z *= x;
    }
    z.value()
}

/// Without reuse, a tape a million times would take gigabytes.
#[test]
fn a_tape_a_million_times_does_not_grow() {
    let _alone = alone();
    let round = || {
        let tape = Tape::new();
        record(&tape, 20);
    };
    round();
    let mut times = 0;
    let grown = growth(|| times = allocations(|| (0..1_000_000).for_each(|_| round())));
    assert_eq!((grown < MIB, times), (true, 0), "grew by {grown} bytes");
}

#[test]
fn a_tape_of_dual_numbers_does_not_grow_either() {
    let _alone = alone();
    let round = || {
        let tape = Tape::<Dual>::over();
        let x = tape.var(Dual::variable(2.0));
        assert_eq!((x * x).backward().wrt(x).derivative, 2.0);
    };
    round();
    let grown = growth(|| (0..100_000).for_each(|_| round()));
    assert!(grown < MIB, "grew by {grown} bytes");
}

#[test]
fn a_cleared_tape_records_again_without_allocating() {
    let _alone = alone();
    let tape = Tape::new();
    record(&tape, 100_000);
    let times = allocations(|| {
        for _ in 0..10 {
            tape.clear();
            record(&tape, 100_000);
        }
    });
    assert_eq!(times, 0);
    assert_ne!(
        allocations(|| {
            record(&tape, 1_000_000);
        }),
        0,
        "more than before does allocate, and is counted"
    );
}

/// A record of two million operations takes 48 MB, of which 12 MiB may be those of a tape before, and the adjoints of a million
/// take 8; without its tape, 12 and 4 MiB may stay.
#[test]
fn a_dropped_tape_gives_its_memory_back() {
    let _alone = alone();
    let grown = growth(|| {
        let tape = Tape::new();
        let while_it_lives = growth(|| {
            record(&tape, 2_000_000);
        });
        assert!(while_it_lives > 15 * MIB, "only {while_it_lives} bytes: is it counted?");
    });
    assert!(grown <= 12 * MIB + SLACK, "kept {grown} bytes");
    let grown = growth(|| {
        let tape = Tape::new();
        let x = tape.var(1.000001);
        (0..1_000_000).fold(x, |z, _| z * x).backward();
    });
    assert!(grown <= 4 * MIB + SLACK, "kept {grown} bytes more for adjoints");
}

/// A gradient that outlives its tape takes its memory along.
#[test]
fn a_gradient_without_a_tape_gives_its_memory_back() {
    let _alone = alone();
    let grown = growth(|| {
        let tape = Tape::new();
        let x = tape.var(1.000001);
        let gradient = (0..1_000_000).fold(x, |z, _| z * x).backward();
        drop(tape);
        let kept = growth(|| drop(gradient));
        assert!(kept < -7 * MIB, "{kept}");
    });
    assert!(grown <= 16 * MIB + SLACK, "kept {grown} bytes");
}

/// A gradient of few numbers that lives on does not keep the room of many.
#[test]
fn small_gradients_keep_little() {
    let _alone = alone();
    let tape = Tape::new();
    let x = tape.var(1.0);
    let small = x * 2.0;
    let large = (0..300_000).fold(x, |y, _| y * 1.0000001);
    large.backward();
    let mut kept = Vec::with_capacity(50);
    let grown = growth(|| {
        for _ in 0..50 {
            assert!(large.backward().wrt(x) > 1.0);
            kept.push(small.backward());
        }
    });
    assert!(grown < MIB, "grew by {grown} bytes");
    assert!(kept.iter().all(|gradient| gradient.wrt(x) == 2.0));
    let grown = growth(|| drop(large.backward()));
    assert_eq!(grown, 0, "and the room of many is still there");
}

/// The pass backwards is over memory that the one before has left.
#[test]
fn passes_backwards_use_the_same_memory() {
    let _alone = alone();
    let tape = Tape::new();
    let x = tape.vars(&[1.0, 2.0, 3.0]);
    let z = (0..1000).fold(x[0], |z, i| z * x[i % 3]);
    let first = z.backward().wrt(x[1]);
    let times = allocations(|| (0..10).for_each(|_| assert_eq!(z.backward().wrt(x[1]), first)));
    assert_eq!(times, 0);
    let mut both = (f64::NAN, f64::NAN);
    let times = allocations(|| {
        let (one, other) = (z.backward(), (z + x[1]).backward());
        both = (one.wrt(x[1]), other.wrt(x[1]));
    });
    assert_eq!((times, both), (1, (first, first + 1.0)), "two at a time need memory of their own");
}

/// However many tapes there were at a time, 4 keep memory: here 1.3 MB each, of 130 MB.
#[test]
fn many_dropped_tapes_give_their_memory_back() {
    let _alone = alone();
    let grown = growth(|| {
        let tapes: Vec<Tape> = (0..100).map(|_| Tape::new()).collect();
        tapes.iter().for_each(|tape| {
            record(tape, 20_000);
        });
    });
    assert!(grown <= 6 * MIB, "kept {grown} bytes");
}

#[test]
fn a_thread_that_ends_gives_its_tapes_back() {
    let _alone = alone();
    let round = || {
        let run = || record(&Tape::new(), 20_000);
        std::thread::spawn(run).join().unwrap();
    };
    round();
    let grown = growth(|| (0..100).for_each(|_| round()));
    assert!(grown < MIB, "grew by {grown} bytes in 100 threads, which used 80 MB");
}

/// A result that keeps itself alive through its history would grow here.
#[test]
fn tensors_do_not_leak() {
    let _alone = alone();
    let x = Tensor::ones(&[1000]).requires_grad();
    let round = || {
        for _ in 0..2_000 {
            let y = (x.tanh().exp() * &x).sigmoid();
            y.add_(1.0);
            let _ = y.at(3).sin().try_backward();
            x.zero_grad();
        }
    };
    round();
    let grown = growth(round);
    assert!(grown < MIB, "grew by {grown} bytes; a leak of one tensor a round would be 16 MB");
}

/// Small tensors are used again, once there are some.
#[test]
fn operations_on_few_numbers_allocate_nothing() {
    let _alone = alone();
    let (a, b) = (tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tensor([[0.5, 1.5, 2.5], [-1.0, 0.1, 0.2]]));
    let operations: [(&str, &dyn Fn() -> Tensor); 16] = [
        ("a number", &|| tensor(2.0)),
        ("numbers", &|| tensor([1.0, 2.0, 3.0])),
        ("zeros", &|| Tensor::zeros(&[3, 3])),
        ("sum of two", &|| &a + &a),
        ("product with a number", &|| &a * 2.0),
        ("quotient of a number", &|| 1.0 / &a),
        ("chain", &|| (&a * &a - 1.0).abs().sqrt() + &a),
        ("tanh", &|| a.tanh()),
        ("softplus", &|| a.softplus()),
        ("maximum", &|| a.maximum(2.5)),
        ("sum", &|| a.sum()),
        ("mean", &|| a.mean()),
        ("sum_axis", &|| a.sum_axis(0)),
        ("matmul", &|| a.matmul(&b)),
        ("squared differences", &|| (&a - 1.0).powi(2).sum()),
        ("softmax", &|| a.softmax(1)),
    ];
    for (name, operation) in operations {
        let ten_times = || (0..10).for_each(|_| drop(operation()));
        ten_times();
        assert_eq!(allocations(ten_times), 0, "{name}");
    }
}

/// What is computed of a number that is shown often fills the result: no copy is made to be read.
#[test]
fn a_number_that_is_shown_often_is_not_copied() {
    let _alone = alone();
    let often = tensor(3.0).expand(&[1_000_003]);
    let before = BYTES.get();
    let product = &often * 2.0;
    assert_eq!((product.numel(), product.get(&[7])), (1_000_003, 6.0));
    let taken = BYTES.get() - before;
    assert!(taken < 12 * product.numel(), "{taken} bytes");
}

/// One that is kept has hardly more memory than it asked for, whatever was there before.
#[test]
fn small_tensors_that_are_kept_are_small() {
    let _alone = alone();
    for (count, before) in [(1, 250), (9, 12), (65, 250), (100, 1)] {
        let next = |i: u32| {
            drop(tensor(vec![1.0; before]));
            Tensor::full(&[count], f64::from(i))
        };
        let taken = OWN.get();
        let kept: Vec<Tensor> = (0..10_000).map(next).collect();
        let each = (OWN.get() - taken) as usize / kept.len();
        assert!(each <= 8 * count + 400, "{each} bytes for {count} numbers, after {before}");
    }
}

/// What is recorded takes the memory of what is gone, and so does the pass. Views have memory of their own, and so have
/// results that are kept longer than their tensors.
#[test]
fn a_recorded_operation_and_its_pass_allocate_nothing() {
    let _alone = alone();
    let x = tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).requires_grad();
    let y = tensor([[0.5, 1.5], [2.5, 0.1], [0.2, 0.3]]).requires_grad();
    let seed = tensor([[1.0, 2.0], [0.0, 1.0], [0.5, 3.0]]);
    let operations: [(&str, &dyn Fn() -> Tensor); 8] = [
        ("sum of two", &|| &x + &y),
        ("difference", &|| &x - &y),
        ("product", &|| &x * &y),
        ("product with itself", &|| &x * &x),
        ("quotient", &|| &x / &y),
        ("square", &|| x.square()),
        ("sine", &|| x.sin()),
        ("sum of squares and logarithms", &|| x.square() + y.ln() - &x),
    ];
    for (name, operation) in operations {
        let ten_times = || {
            for _ in 0..10 {
                x.zero_grad();
                y.zero_grad();
                operation().backward_with(&seed);
            }
        };
        ten_times();
        assert_eq!(allocations(ten_times), 0, "{name}");
    }
}

/// What remains are views: what the sum's gradient is spread by, and the numbers behind the record's back.
#[test]
fn a_step_of_descent_allocates_little() {
    let _alone = alone();
    let x = tensor([[2.0], [1.0], [10.0]]).requires_grad();
    let step = || {
        x.zero_grad();
        (&x * &x).sum().backward();
        x.set_data(x.data() - 0.1 * x.grad());
    };
    (0..10).for_each(|_| step());
    let times = allocations(|| (0..100).for_each(|_| step()));
    assert!(times <= 300, "{times} in 100 steps");
}

/// Operations that wait to be used again keep neither the room of many hooks, nor more of each other while a hook ends.
#[test]
fn hooks_leave_nothing_behind() {
    let _alone = alone();
    let x = tensor(1.0).requires_grad();
    let grown = growth(|| {
        let results: Vec<Tensor> = (0..64).map(|_| &x * 2.0).collect();
        results.iter().for_each(|y| (0..1000).for_each(|_| y.register_hook(|_| ())));
    });
    assert!(grown < SLACK, "kept {grown} bytes");
    struct End(Tensor, Rc<Cell<bool>>);
    impl Drop for End {
        fn drop(&mut self) {
            self.1.set(true);
            let grown = growth(|| (0..10_000).for_each(|_| (&self.0 * &self.0).backward()));
            assert!(grown < SLACK, "grew by {grown} bytes meanwhile");
        }
    }
    let has_ended = Rc::new(Cell::new(false));
    let end = End(x.clone(), Rc::clone(&has_ended));
    (&x * 2.0).register_hook(move |_| assert!(end.0.tracks_grad()));
    assert!(has_ended.get());
}

/// A loop over the numbers of a tensor is no reason for a gradient of its size for each of them.
#[test]
fn a_loop_over_the_parts_of_a_tensor_takes_linear_memory() {
    let _alone = alone();
    let bytes = |n: usize| {
        let before = BYTES.get();
        let x = Tensor::ones(&[n]).requires_grad();
        let squares = (0..n).map(|i| x.at(i).square()).reduce(|a, b| a + b).unwrap();
        squares.backward();
        assert_eq!(x.grad().to_vec(), vec![2.0; n]);
        BYTES.get() - before
    };
    let (few, many) = (bytes(1_000), bytes(20_000));
    assert!(many < 25 * few, "{few} bytes for 1000 numbers, {many} for 20 000");
}

/// Gradients of gradients: the graphs of the first pass go away with the results of the second.
#[test]
fn gradients_of_gradients_do_not_leak() {
    let _alone = alone();
    let x = Tensor::ones(&[1000]).requires_grad();
    let round = || {
        let y = (x.tanh() * x.exp()).softmax(0) * &x.at(0);
        let first = Backward::of(&y.sum()).create_graph().gradients(&[&x]);
        let second = first[0].square().sum().gradients(&[&x]);
        assert!(second[0].to_vec().iter().all(|g| g.is_finite()));
        // A leaf's own gradient may have a history, which leads back to the leaf: neither holds the other.
        let leaf = Tensor::ones(&[1000]).requires_grad();
        Backward::of(&leaf.sin().sum()).create_graph().run();
        assert!(leaf.grad().tracks_grad());
    };
    round();
    let grown = growth(|| (0..200).for_each(|_| round()));
    assert!(grown < SLACK, "grew by {grown} bytes in 200 rounds");
}

/// Neither the record of a gradient nor its end may overflow the stack.
#[test]
fn a_recorded_pass_over_a_long_graph() {
    let _alone = alone();
    let grown = growth(|| {
        let x = tensor(1.0).requires_grad();
        let mut z = &x * 1.0;
        for _ in 0..200_000 {
            z = (z * 0.5).sin() + &x * 0.5;
        }
        let first = Backward::of(&z).create_graph().gradients(&[&x]).swap_remove(0);
        assert!(first.gradients(&[&x])[0].item().is_finite());
    });
    assert!(grown < SLACK, "kept {grown} bytes");
}
