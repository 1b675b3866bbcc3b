//! Small tensors that nobody uses any more, used again.
//!
//! A tensor of a few numbers is three pieces of memory: what its names share, what its views share, and the numbers. To ask for
//! them and to give them back takes longer than most operations on so few. So what a temporary one leaves behind is kept as a
//! whole for the next ones, up to a bound. Large ones leave their numbers only, see `buffers.rs`.

use std::cell::RefCell;
use std::rc::Rc;

use super::buffers::LARGE;
use super::data::{Inner, Tensor};
use super::layout::Layout;

/// The least room that there is for numbers. It doubles from one kind to the next: who gets one may keep it, and should not
/// keep much more than was asked for.
const LEAST: usize = 4;
const KINDS: usize = (LARGE / LEAST).ilog2() as usize + 1;

/// So many tensors of each kind are kept at most, by each thread.
const KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<[Vec<Rc<Inner>>; KINDS]> = const { RefCell::new([const { Vec::new() }; KINDS]) };
}

/// The kind that has this room, or somewhat less.
fn kind(room: usize) -> usize {
    (room.max(LEAST) / LEAST).ilog2() as usize
}

/// How much room a new one is to have for so many numbers.
pub fn room(count: usize) -> usize {
    LEAST << kind_for(count)
}

/// The kind that has room for so many numbers.
fn kind_for(count: usize) -> usize {
    // The number of bits of the greatest index, beyond those of the least.
    (usize::BITS - ((count.max(LEAST) - 1) / LEAST).leading_zeros()) as usize
}

/// A tensor of this shape, without history, that has none of its numbers yet, which are so many; nothing where none is left.
pub fn take(shape: &[usize], count: usize) -> Option<Tensor> {
    let kind = kind_for(count);
    let mut inner = SPARE.try_with(|spare| spare.borrow_mut()[kind].pop()).ok()??;
    Rc::get_mut(&mut inner)?.layout = Layout::contiguous(shape);
    Some(Tensor::from_inner(inner))
}

/// What the last name of a tensor leaves behind.
pub fn give_back(mut inner: Rc<Inner>) {
    // Of a leaf, a record may know; of numbers, a view.
    let Some(own) = Rc::get_mut(&mut inner) else { return };
    let Some(kind) = own.storage.empty().map(kind).filter(|kind| *kind < KINDS) else { return };
    own.requires_grad = false;
    own.is_cut_off.set(false);
    own.grad.take();
    own.hooks.take();
    own.history.take();
    own.base.take();
    // At the thread's end the list may be gone before the tensor.
    let _ = SPARE.try_with(|spare| {
        let spare = &mut spare.borrow_mut()[kind];
        if spare.len() < KEPT {
            spare.push(inner);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn they_are_few_and_hardly_larger_than_asked_for() {
        let kept = || SPARE.with_borrow(|spare| spare.each_ref().map(Vec::len));
        for count in [0, 1, 2, LEAST, LEAST + 1, 31, 32, 33, LARGE - 1, LARGE, 2 * LARGE, 10 * LARGE] {
            drop((0..3 * KEPT).map(|_| Tensor::full(&[count], 1.0)).collect::<Vec<_>>());
            let expected = if count < LARGE { KEPT } else { kept()[KINDS - 1] };
            assert_eq!(kept()[kind(room(count)).min(KINDS - 1)], expected, "{count}");
            let taken: Vec<Tensor> = (0..2 * KEPT).map(|i| Tensor::full(&[count], i as f64)).collect();
            for (i, one) in taken.iter().enumerate() {
                assert_eq!(one.to_vec(), vec![i as f64; count]);
                assert!(one.inner.storage.borrow().capacity() <= (2 * count).max(LEAST), "{count}");
            }
        }
        assert!(kept().iter().all(|&few| few <= KEPT));
    }

    #[test]
    fn numbers_that_came_with_much_room_go_where_that_is() {
        let mut numbers = Vec::with_capacity(LARGE);
        numbers.push(3.0);
        drop(tensor(numbers));
        let taken: Vec<Tensor> = (0..KEPT).map(|_| Tensor::full(&[], 1.0)).collect();
        assert!(taken.iter().all(|one| one.inner.storage.borrow().capacity() <= LEAST));
    }
}
