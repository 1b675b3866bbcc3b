//! Where tapes keep their records.
//!
//! A variable is a plain copy without a lifetime, so what it refers to must live for ever. That is a slot: some hundred
//! bytes that are never given back to the system, but used again by the next tape. The records in it are given back: a
//! slot without a tape keeps at most [`KEPT_BYTES`] of them, and only [`KEPT_SLOTS`] slots of a kind do.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};

use super::guard::Guard;
use super::op::Op;

/// Stands in a node where an operand is a constant, or where there is none. Places take 28 bits.
pub const NONE: u32 = (1 << PLACE_BITS) - 1;
const PLACE_BITS: u32 = 28;

/// The memory that a slot without a tape may keep for the next one: that of 500 000 operations. For their adjoints, it may
/// keep a third as much.
const KEPT_BYTES: usize = 12 << 20;

/// The slots without a tape, of each kind of number, that may keep memory.
const KEPT_SLOTS: usize = 4;

/// One operation: 24 bytes for f64, since reading and writing them is most of what a tape does. Its value is not here: what
/// is shown of a tape is computed again.
#[derive(Clone, Copy)]
pub struct Node<T> {
    /// Where the operands stand, and in the four bits above each, half of the operation's number.
    links: [u32; 2],
    /// The local derivatives. A constant needs none: its place keeps the constant itself, and that of an input its value.
    pub partials: [T; 2],
}

impl<T> Node<T> {
    /// `inputs` says where the operands stand; [`NONE`] for a constant.
    #[inline]
    pub fn new(op: Op, inputs: [u32; 2], partials: [T; 2]) -> Node<T> {
        let number = op as u32;
        Node { links: [inputs[0] | (number & 15) << PLACE_BITS, inputs[1] | (number >> 4) << PLACE_BITS], partials }
    }

    #[inline]
    pub fn inputs(&self) -> [u32; 2] {
        [self.links[0] & NONE, self.links[1] & NONE]
    }

    #[inline]
    pub fn input(value: T) -> Node<T>
    where
        T: From<f64>,
    {
        Node { links: [NONE; 2], partials: [value, T::from(0.0)] }
    }

    pub fn op(&self) -> Op {
        let [low, high] = self.links.map(|link| link >> PLACE_BITS);
        Op::ALL[(low | high << 4) as usize]
    }
}

/// How many inputs a record has.
#[derive(Clone, Copy, Default)]
pub struct Inputs {
    /// Those that it begins with.
    pub first: usize,
    pub all: usize,
}

/// What a tape writes down: the lowest bits of its generations.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Every operation.
    Whole = 0,
    /// Only where different numbers meet.
    Gathers = 1,
    /// Every operation, and what the program has found out about its numbers.
    Guarded = 2,
}

/// What is added to a generation to make the next one.
const NEXT: u64 = 4;

/// One that no other tape of this thread has, nor has had: variables do not leave it.
fn next_generation(kind: u64) -> u64 {
    LAST.set(LAST.get() + NEXT);
    LAST.get() + kind
}

/// The storage of a tape. The generation tells the variables of the present tape from those of earlier ones; its lowest bits
/// are the tape's [`Kind`].
pub struct Slot<T> {
    pub generation: Cell<u64>,
    /// Taken out while it is read, and put back.
    nodes: Cell<Vec<Node<T>>>,
    inputs: Cell<Inputs>,
    /// The adjoints of a pass that are no longer wanted: the next one uses their memory again.
    adjoints: Cell<Vec<T>>,
    pub notes: Notes,
}

impl<T: 'static> Slot<T> {
    /// One that is free, or a new one.
    pub fn take(kind: Kind) -> &'static Slot<T> {
        let slot = Slot::free();
        slot.generation.set(next_generation(kind as u64));
        slot
    }

    fn free() -> &'static Slot<T> {
        let used = FREE.try_with(|free| free.borrow_mut().take(TypeId::of::<T>())).ok().flatten();
        used.and_then(|slot| (slot as &dyn Any).downcast_ref()).unwrap_or_else(|| {
            let generation = Cell::new(0);
            Box::leak(Box::new(Slot {
                generation,
                nodes: Cell::default(),
                inputs: Cell::default(),
                adjoints: Cell::default(),
                notes: Notes::default(),
            }))
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

    /// Appends a node where there is room for it, and says where it stands.
    #[inline]
    pub fn append(&self, node: Node<T>) -> u32 {
        // To take the nodes out and to put them back takes twice as long, for all that a tape does.
        // SAFETY: a slot is used by one thread. The reference ends here, and until then nothing runs that could make
        // another: numbers are copied as they are, and the allocator knows no tapes.
        let nodes = unsafe { &mut *self.nodes.as_ptr() };
        let index = nodes.len() as u32;
        nodes.push(node);
        index
    }

    /// True if there is no room for another node.
    #[inline]
    pub fn is_full(&self) -> bool {
        // SAFETY: as for `append`.
        let nodes = unsafe { &*self.nodes.as_ptr() };
        nodes.len() == nodes.capacity()
    }

    /// Appends several, and says where the first one stands.
    #[track_caller]
    pub fn write_all(&self, nodes: impl ExactSizeIterator<Item = Node<T>>) -> u32 {
        self.make_room(nodes.len());
        let mut record = self.nodes.take();
        let index = record.len() as u32;
        record.extend(nodes);
        self.nodes.set(record);
        index
    }

    /// Says that so many nodes, from this one on, are inputs.
    pub fn count_inputs(&self, index: u32, count: usize) {
        let Inputs { first, all } = self.inputs.get();
        let first = if first == index as usize { first + count } else { first };
        self.inputs.set(Inputs { first, all: all + count });
    }

    pub fn inputs(&self) -> Inputs {
        self.inputs.get()
    }

    /// Makes room for so many nodes more; where there is not enough, for as many again as there are.
    #[track_caller]
    pub fn make_room(&self, least: usize) {
        // A tape that is full says so before its record is taken out.
        let room = room(self.read(|nodes| nodes.len()), least);
        let mut nodes = self.nodes.take();
        if nodes.capacity() - nodes.len() < least {
            nodes.reserve_exact(room);
        }
        self.nodes.set(nodes);
    }

    /// Reads the record. What `read` does must not write on this tape: numbers never do, as they belong to other ones.
    pub fn read<R>(&self, read: impl FnOnce(&[Node<T>]) -> R) -> R {
        /// Puts the record back, in a panic as well.
        struct Taken<'a, T>(&'a Slot<T>, Vec<Node<T>>);
        impl<T> Drop for Taken<'_, T> {
            fn drop(&mut self) {
                self.0.nodes.set(std::mem::take(&mut self.1));
            }
        }
        let taken = Taken(self, self.nodes.take());
        read(&taken.1)
    }

    /// Memory for so many adjoints, that of an earlier pass if it fits: who keeps few of them is not to keep the room of many.
    pub fn take_adjoints(&self, count: usize) -> Vec<T> {
        let used = self.adjoints.take();
        if used.capacity() <= 2 * count {
            return used;
        }
        self.adjoints.set(used);
        Vec::new()
    }

    /// Gives it back. The larger one stays.
    pub fn give_adjoints_back(&self, adjoints: Vec<T>) {
        let other = self.adjoints.take();
        self.adjoints.set(if other.capacity() > adjoints.capacity() { other } else { adjoints });
    }

    /// Forgets the records and keeps their memory. Earlier variables are no longer valid.
    pub fn clear(&self) {
        self.generation.set(next_generation(self.generation.get() % NEXT));
        let mut nodes = self.nodes.take();
        nodes.clear();
        self.nodes.set(nodes);
        self.inputs.set(Inputs::default());
        self.notes.clear();
    }
}

/// How many more there is to be room for where so many are: as many again, and so many at least. This is where a tape ends:
/// there is never room for more than places can name.
#[track_caller]
fn room(count: usize, least: usize) -> usize {
    const MOST: usize = NONE as usize;
    assert!(least <= MOST - count, "the tape is full: it holds 2²⁸ − 1 operations; clear it, or use several");
    count.max(least).max(64).min(MOST - count)
}

/// What is known of some nodes, by rising index. Not generic, so that no cell has to compile it.
#[derive(Default)]
pub struct Notes {
    /// The names of inputs.
    names: RefCell<Vec<(u32, String)>>,
    /// Values that operands and operation alone would not give again.
    values: RefCell<Vec<(u32, f64)>>,
    /// What the program has found out, in its order.
    guards: RefCell<Vec<Guard>>,
}

impl Notes {
    pub fn add_name(&self, index: u32, name: &str) {
        self.names.borrow_mut().push((index, name.to_owned()));
    }

    pub fn add_value(&self, index: u32, value: f64) {
        self.values.borrow_mut().push((index, value));
    }

    pub fn add_guard(&self, guard: Guard) {
        self.guards.borrow_mut().push(guard);
    }

    pub fn guards(&self) -> Vec<Guard> {
        self.guards.borrow().clone()
    }

    pub fn name(&self, index: usize) -> Option<String> {
        find(&self.names.borrow(), index)
    }

    pub fn value(&self, index: usize) -> Option<f64> {
        find(&self.values.borrow(), index)
    }

    fn clear(&self) {
        self.names.borrow_mut().clear();
        self.values.borrow_mut().clear();
        self.guards.borrow_mut().clear();
    }

    fn shrink_to(&self, bytes: usize) {
        self.names.borrow_mut().shrink_to(bytes / size_of::<(u32, String)>());
        self.values.borrow_mut().shrink_to(bytes / size_of::<(u32, f64)>());
        self.guards.borrow_mut().shrink_to(bytes / size_of::<Guard>());
    }
}

fn find<V: Clone>(notes: &[(u32, V)], index: usize) -> Option<V> {
    let place = notes.binary_search_by_key(&index, |(i, _)| *i as usize).ok()?;
    Some(notes[place].1.clone())
}

/// A slot for any kind of number.
trait Storage: Any {
    /// Gives back what is more than so many bytes.
    fn keep(&self, bytes: usize);
}

impl<T: 'static> Storage for Slot<T> {
    fn keep(&self, bytes: usize) {
        let count = bytes / size_of::<Node<T>>();
        let (mut nodes, mut adjoints) = (self.nodes.take(), self.adjoints.take());
        nodes.shrink_to(count);
        adjoints.clear();
        adjoints.shrink_to(count);
        self.nodes.set(nodes);
        self.adjoints.set(adjoints);
        self.notes.shrink_to(bytes);
    }
}

thread_local! {
    /// The last generation, without its kind.
    static LAST: Cell<u64> = const { Cell::new(0) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_tape_keeps_its_record() {
        let slot = Slot::<f64>::take(Kind::Whole);
        let write = |count: u32| slot.write_all((0..count).map(|i| Node::input(i.into())));
        assert_eq!((write(3), write(200)), (0, 3));
        let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| write(1 << 28)));
        assert!(refused.is_err());
        assert_eq!(slot.read(|nodes| (nodes.len(), nodes[202].partials[0])), (203, 199.0));
        slot.give_back();
    }
}
