//! How tensors get their memory, and what becomes of it when the last name of one is gone.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;

use super::buffers;
use super::data::{Inner, Tensor};
use super::layout::Layout;
use super::nodes;
use super::spare::{self, Spare};
use super::storage::Storage;

thread_local! {
    /// What small ones have left behind.
    static SPARE: Spare<Rc<Inner>> = const { Spare::new() };
}

impl Drop for Tensor {
    fn drop(&mut self) {
        // To hand on what the last name leaves behind takes a quarter off a lesson's descent.
        // SAFETY: the tensor is dropped now, and nobody sees it after this.
        let mut inner = unsafe { ManuallyDrop::take(&mut self.inner) };
        if let Some(room) = Rc::get_mut(&mut inner).and_then(Inner::renew) {
            // At the thread's end the list may be gone before the tensor.
            let _ = SPARE.try_with(|spare| spare.put(room, inner));
        }
    }
}

impl Inner {
    /// As new, without numbers: room for how many there is; nothing if others know the numbers.
    fn renew(&mut self) -> Option<usize> {
        let room = self.storage.empty()?;
        self.requires_grad = false;
        self.is_cut_off.set(false);
        self.grad.take();
        nodes::let_go_of_hooks(self.hooks.get_mut());
        self.history.take();
        self.base.take();
        Some(room)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        nodes::let_go_of_hooks(self.hooks.get_mut());
    }
}

impl Tensor {
    pub(super) fn build(layout: Layout, storage: Storage, requires_grad: bool) -> Tensor {
        let inner = Inner {
            storage,
            layout,
            requires_grad,
            is_cut_off: Cell::new(false),
            grad: RefCell::default(),
            hooks: RefCell::default(),
            history: RefCell::default(),
            base: None,
        };
        Tensor::from_inner(Rc::new(inner))
    }

    pub(super) fn from_inner(inner: Rc<Inner>) -> Tensor {
        Tensor { inner: ManuallyDrop::new(inner) }
    }

    /// A tensor without history, from numbers in row-major order that fill its shape.
    pub(super) fn new(shape: &[usize], numbers: Vec<f64>) -> Tensor {
        if numbers.len() < buffers::LARGE {
            return Tensor::collect(shape, numbers.into_iter());
        }
        debug_assert_eq!(shape.iter().product::<usize>(), numbers.len());
        Tensor::build(Layout::contiguous(shape), Storage::new(numbers), false)
    }

    /// The same, from numbers that have no memory yet.
    #[inline]
    pub(super) fn collect(shape: &[usize], numbers: impl ExactSizeIterator<Item = f64>) -> Tensor {
        debug_assert_eq!(shape.iter().product::<usize>(), numbers.len());
        Tensor::begun(shape, numbers.len(), |begun| begun.extend(numbers))
    }

    /// The same, from zeros and what is done with them.
    pub(super) fn filled(shape: &[usize], fill: impl FnOnce(&mut [f64])) -> Tensor {
        let count = shape.iter().product();
        Tensor::begun(shape, count, |numbers| {
            numbers.resize(count, 0.0);
            fill(numbers);
        })
    }

    /// The same, from a list that has room for so many numbers, and gets them.
    #[inline]
    pub(super) fn begun(shape: &[usize], count: usize, fill: impl FnOnce(&mut Vec<f64>)) -> Tensor {
        let mut tensor = Tensor::with_room(shape, count);
        fill(tensor.only_numbers().expect("no other name"));
        tensor
    }

    fn with_room(shape: &[usize], count: usize) -> Tensor {
        if count >= buffers::LARGE {
            return Tensor::build(Layout::contiguous(shape), Storage::new(buffers::with_capacity(count)), false);
        }
        if let Ok(Some(mut inner)) = SPARE.try_with(|spare| spare.take(count)) {
            Rc::get_mut(&mut inner).expect("nobody uses it").layout = Layout::contiguous(shape);
            return Tensor::from_inner(inner);
        }
        let numbers = Vec::with_capacity(spare::room(count));
        Tensor::build(Layout::contiguous(shape), Storage::new(numbers), false)
    }

    /// The numbers, if this is the only name, and nobody else has them.
    #[inline]
    fn only_numbers(&mut self) -> Option<&mut Vec<f64>> {
        Rc::get_mut(&mut self.inner).and_then(|inner| inner.storage.alone())
    }

    /// The same numbers, in a tensor of its own without history.
    pub(super) fn copy(&self) -> Tensor {
        Tensor::collect(self.sizes(), self.numbers().iter().copied())
    }

    /// The numbers to be changed in this tensor alone, which has no other name: a copy, where others share them.
    pub(super) fn own_numbers(&mut self) -> &mut Vec<f64> {
        let layout = &self.inner.layout;
        let whole = layout.is_contiguous() && layout.count() == self.inner.storage.borrow().len();
        if !whole || self.only_numbers().is_none() {
            *self = self.copy();
        }
        self.only_numbers().expect("no other name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::buffers::LARGE;
    use crate::tensor::tensor;

    fn address(tensor: &Tensor) -> *const Inner {
        Rc::as_ptr(&tensor.inner)
    }

    #[test]
    fn nothing_shows_of_what_was_there() {
        let x = tensor([1.0, 2.0]).requires_grad();
        let used = &x * 3.0;
        used.register_hook(|_| panic!("it is about another tensor"));
        used.detach().add_(1.0);
        let place = address(&used);
        assert_eq!(used.inner.storage.version(), 1);
        drop(used);
        let again = Tensor::full(&[3], 5.0);
        assert_eq!(address(&again), place);
        assert_eq!((again.to_string(), again.inner.storage.version()), ("[5, 5, 5]".to_owned(), 0));
        assert!(again.is_leaf() && !again.tracks_grad() && again.try_grad().is_err());
        (&x * &again.at(0)).sum().backward();
        assert_eq!(x.grad().to_vec(), [5.0, 5.0]);
    }

    #[test]
    fn what_is_known_elsewhere_is_not_used_again() {
        let owner = Tensor::full(&[2], 1.0);
        let (view, place) = (owner.at(0), address(&owner));
        drop(owner);
        let other = Tensor::full(&[2], 7.0);
        assert_ne!(address(&other), place);
        assert_eq!(view.item(), 1.0);
        // The record knows the leaf, but does not hold it.
        let leaf = Tensor::full(&[2], 1.0).requires_grad();
        let (sum, place) = (leaf.sum(), address(&leaf));
        drop(leaf);
        let other = Tensor::full(&[2], 7.0);
        assert_ne!(address(&other), place);
        sum.backward();
        assert!(other.try_grad().is_err());
    }

    #[test]
    fn whatever_came_before_they_keep_little() {
        for count in [0, 1, 5, 65, LARGE - 1, LARGE, 2 * LARGE] {
            for room in (0..3 * LARGE).step_by(7) {
                let mut numbers = Vec::with_capacity(count.max(room));
                numbers.resize(count, 3.0);
                drop(tensor(numbers));
                drop(tensor(vec![1.0; room]));
                let next: Vec<Tensor> = (0..3).map(|i| Tensor::full(&[count], f64::from(i))).collect();
                for (i, next) in next.iter().enumerate() {
                    assert_eq!(next.to_vec(), vec![i as f64; count]);
                    let capacity = next.inner.storage.borrow().capacity();
                    assert!(capacity <= (count + count / 4).max(count + 4), "{capacity} for {count} after {room}");
                }
            }
        }
    }
}
