//! Perturbation confusion, caught.
//!
//! In `derivative(|x| x * derivative(|y| x + y, 1.0), 1.0)` the inner function uses the outer variable. Both carry an ε, the
//! two are different, and a dual number can't tell them apart: the inner derivative would come out as 2 and not as 1.
//! (Siskind and Pearlmutter, Perturbation confusion and referential transparency, 2005.)
//!
//! It shows when the inner function is run on a constant: what has a derivative there has it from outside. That costs
//! two more runs, at the point and, as the derivative by the outer variable may happen to be 0 there, beside it. So it is
//! done only inside another forward-mode call, and only for functions that capture something.

use std::cell::Cell;

thread_local! {
    /// How many forward-mode calls are under way.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A forward-mode call that is under way, until it is dropped.
pub struct Call {
    /// How many there were before.
    outer: usize,
}

impl Call {
    /// Panics if `tangent_at` finds a derivative where all inputs are constants: at the point (0), or a step beside it. It is
    /// given the size of the function that is differentiated; one of size 0 captures nothing.
    #[inline]
    #[track_caller]
    pub fn begin(size: usize, tangent_at: &mut dyn FnMut(f64) -> bool) -> Call {
        // The counter is looked up once here and once at the end: it costs more than a small function.
        let call = Call { outer: DEPTH.with(|depth| depth.replace(depth.get() + 1)) };
        if call.outer > 0 && size > 0 {
            refuse_confusion(tangent_at);
        }
        call
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(self.outer));
    }
}

#[cold]
#[track_caller]
fn refuse_confusion(tangent_at: &mut dyn FnMut(f64) -> bool) {
    const BESIDE: f64 = 1e-3;
    assert!(
        !tangent_at(0.0) && !tangent_at(BESIDE),
        "perturbation confusion: the inner function uses a variable of the outer derivative, and the two derivatives \
         would be mixed up. Write the inner one with nested_derivative, and lift the outer variable into it: \
         derivative(|x| x * nested_derivative(|y| Dual::lifted(x) + y, Dual::constant(1.0)), 1.0)"
    );
}
