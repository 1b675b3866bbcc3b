//! Where tapes keep their records.
//!
//! A variable is a plain copy without a lifetime, so what it refers to must live for ever. That is a slot: some hundred
//! bytes that are never given back to the system, but used again by the next tape. The records in it are given back: a
//! slot without a tape keeps at most [`KEPT_BYTES`] of them, and only [`KEPT_SLOTS`] slots of a kind do.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};

use super::op::Op;

/// Stands in a node where an operand is a constant, or where there is none.
pub const NONE: u32 = u32::MAX;

/// The memory that a slot without a tape may keep for the next one: that of 200 000 operations.
const KEPT_BYTES: usize = 8 << 20;

/// The slots without a tape, of each kind of number, that may keep memory.
const KEPT_SLOTS: usize = 4;

/// One operation: 40 bytes for f64.
#[derive(Clone, Copy)]
pub struct Node<T> {
    pub op: Op,
    /// Where the operands stand; [`NONE`] for a constant.
    pub inputs: [u32; 2],
    /// The local derivatives. A constant needs none: its place keeps the constant itself.
    pub partials: [T; 2],
    pub value: T,
}

/// The storage of a tape. The generation tells the variables of the present tape from those of earlier ones.
pub struct Slot<T> {
    pub generation: Cell<u64>,
    pub nodes: RefCell<Vec<Node<T>>>,
    pub names: Names,
}

impl<T: 'static> Slot<T> {
    /// One that is free, or a new one.
    pub fn take() -> &'static Slot<T> {
        let used = FREE.try_with(|free| free.borrow_mut().take(TypeId::of::<T>())).ok().flatten();
        used.and_then(|slot| (slot as &dyn Any).downcast_ref()).unwrap_or_else(|| {
            Box::leak(Box::new(Slot { generation: Cell::new(0), nodes: RefCell::default(), names: Names::default() }))
        })
    }

    /// Puts the slot of a tape that is gone where the next one finds it.
    pub fn give_back(&'static self) {
        self.clear();
        // At the thread's end the list may be gone before the tape: then the slot is not used again.
        if FREE.try_with(|free| free.borrow_mut().put(TypeId::of::<T>(), self)).is_err() {
            self.keep(0);
        }
    }

    /// Appends a node, and says where it stands.
    #[inline]
    #[track_caller]
    pub fn write(&self, node: Node<T>) -> u32 {
        let mut nodes = self.nodes.borrow_mut();
        let index = nodes.len() as u32;
        assert!(index != NONE, "the tape is full: it holds 2³² − 1 operations; clear it, or use several");
        nodes.push(node);
        index
    }

    /// Forgets the records and keeps their memory. Earlier variables are no longer valid.
    pub fn clear(&self) {
        self.generation.set(self.generation.get() + 1);
        self.nodes.borrow_mut().clear();
        self.names.clear();
    }
}

/// The names of inputs, by rising index.
#[derive(Default)]
pub struct Names(RefCell<Vec<(u32, String)>>);

impl Names {
    #[inline(never)]
    pub fn add(&self, index: u32, name: &str) {
        self.0.borrow_mut().push((index, name.to_owned()));
    }

    pub fn get(&self, index: usize) -> Option<String> {
        let names = self.0.borrow();
        let place = names.binary_search_by_key(&index, |(i, _)| *i as usize).ok()?;
        Some(names[place].1.clone())
    }

    #[inline(never)]
    fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    fn shrink_to(&self, bytes: usize) {
        self.0.borrow_mut().shrink_to(bytes / size_of::<(u32, String)>());
    }
}

/// A slot for any kind of number.
trait Storage: Any {
    /// Gives back what is more than so many bytes.
    fn keep(&self, bytes: usize);
}

impl<T: 'static> Storage for Slot<T> {
    fn keep(&self, bytes: usize) {
        self.nodes.borrow_mut().shrink_to(bytes / size_of::<Node<T>>());
        self.names.shrink_to(bytes);
    }
}

thread_local! {
    /// Slots whose tapes are gone.
    static FREE: RefCell<Free> = const { RefCell::new(Free(Vec::new())) };
}

/// Free slots for each kind of number.
struct Free(Vec<(TypeId, Vec<&'static dyn Storage>)>);

impl Free {
    fn of(&mut self, kind: TypeId) -> &mut Vec<&'static dyn Storage> {
        let place = self.0.iter().position(|(id, _)| *id == kind).unwrap_or_else(|| {
            self.0.push((kind, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn take(&mut self, kind: TypeId) -> Option<&'static dyn Storage> {
        self.of(kind).pop()
    }

    fn put(&mut self, kind: TypeId, slot: &'static dyn Storage) {
        let slots = self.of(kind);
        slot.keep(if slots.len() < KEPT_SLOTS { KEPT_BYTES } else { 0 });
        slots.push(slot);
    }
}

/// A thread that ends gives back the records of its slots.
impl Drop for Free {
    fn drop(&mut self) {
        for (_, slots) in &self.0 {
            slots.iter().for_each(|slot| slot.keep(0));
        }
    }
}
