//! Where the numbers of tensors are: shared by all that show them, who see when they are changed in place.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use super::buffers::Buffer;

/// The numbers, and how often they were changed. A clone shares both.
#[derive(Clone)]
pub struct Storage {
    shared: Rc<Shared>,
    /// The count of those who change the numbers behind the others' backs.
    apart: Option<Rc<Cell<u64>>>,
}

struct Shared {
    numbers: RefCell<Buffer>,
    version: Cell<u64>,
}

impl Storage {
    pub fn new(numbers: Vec<f64>) -> Storage {
        let shared = Shared { numbers: RefCell::new(Buffer(numbers)), version: Cell::new(0) };
        Storage { shared: Rc::new(shared), apart: None }
    }

    /// The same numbers, with a count of its own.
    pub fn counted_apart(&self) -> Storage {
        Storage { shared: Rc::clone(&self.shared), apart: Some(Rc::default()) }
    }

    /// True for the same numbers.
    pub fn is_same(&self, other: &Storage) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }

    pub fn borrow(&self) -> Ref<'_, Buffer> {
        self.shared.numbers.borrow()
    }

    /// To be changed, which is counted.
    pub fn borrow_mut(&self) -> RefMut<'_, Buffer> {
        let count = self.apart.as_deref().unwrap_or(&self.shared.version);
        count.set(count.get() + 1);
        self.shared.numbers.borrow_mut()
    }

    /// How often they were changed.
    pub fn version(&self) -> u64 {
        self.apart.as_deref().unwrap_or(&self.shared.version).get()
    }

    /// As new, without numbers, if nobody else has it: room for how many there is.
    pub fn empty(&mut self) -> Option<usize> {
        let shared = Rc::get_mut(&mut self.shared).filter(|_| self.apart.is_none())?;
        shared.version.set(0);
        let numbers = shared.numbers.get_mut();
        numbers.clear();
        Some(numbers.capacity())
    }

    /// The numbers, if nobody else has them.
    pub fn alone(&mut self) -> Option<&mut Vec<f64>> {
        Rc::get_mut(&mut self.shared).map(|shared| &mut shared.numbers.get_mut().0)
    }
}
