//! Where a session's variables are between the cells; every cell is linked with it.
//!
//! evcxr writes the like of it into each cell, and the compiler then makes a hash table anew each time, a fifth of the work
//! of a small cell. Here it is made once. The names are evcxr's; to its calls the kernel adds a number, which stands for all
//! definitions that a variable's type is made of.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// A session's variables by their names.
pub struct VariableStore {
    variables: HashMap<String, Variable>,
}

struct Variable {
    value: Box<dyn Any>,
    /// What its type was made of when it was put here.
    made_of: u64,
}

/// By this, evcxr learns that a variable is gone.
const CHANGED: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";

/// By this, that a `?` met an error.
pub const USER_ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";

/// An empty store; it lives as long as the session.
pub fn create_variable_store() -> *mut VariableStore {
    Box::into_raw(Box::new(VariableStore { variables: HashMap::new() }))
}

// What is generic is compiled in each cell: it does no more than to pack and unpack.
impl VariableStore {
    /// Keeps a variable.
    #[inline]
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T, made_of: u64) {
        self.put(name, Box::new(value), made_of);
    }

    /// Whether a variable has this type still: its definition may have been replaced, or one that it is made of, of which
    /// a `TypeId` knows nothing. If not, evcxr is told, and the value is never looked at again.
    #[inline]
    pub fn check_variable<T: 'static>(&mut self, name: &str, made_of: u64) -> bool {
        let is_same = |known: &Variable| known.value.is::<T>() && known.made_of == made_of;
        let has_changed = self.get(name).is_some_and(|known| !is_same(known));
        if has_changed {
            println!("{CHANGED}{name}");
        }
        !has_changed
    }

    /// Hands a variable over.
    ///
    /// # Panics
    /// If it isn't there, or has another type, which [`check_variable`](Self::check_variable) was to find out.
    #[inline]
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        match self.take(name).map(Box::<dyn Any>::downcast) {
            Some(Ok(value)) => *value,
            _ => missing(name),
        }
    }

    /// A value that is made when it is asked for first.
    pub fn lazy_arc<T: 'static, F: FnOnce() -> T>(&mut self, name: &str, create: F) -> Arc<T> {
        if self.get(name).is_none() {
            self.put(name, Box::new(Arc::new(create())), 0);
        }
        match self.get(name).and_then(|known| known.value.downcast_ref::<Arc<T>>()) {
            Some(value) => Arc::clone(value),
            None => missing(name),
        }
    }

    #[inline(never)]
    fn put(&mut self, name: &str, value: Box<dyn Any>, made_of: u64) {
        // What stood there may be of another type by now, and is let go of without a look.
        if let Some(before) = self.variables.insert(name.to_owned(), Variable { value, made_of }) {
            std::mem::forget(before.value);
        }
    }

    #[inline(never)]
    fn take(&mut self, name: &str) -> Option<Box<dyn Any>> {
        self.variables.remove(name).map(|known| known.value)
    }

    #[inline(never)]
    fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }
}

#[inline(never)]
#[cold]
fn missing(name: &str) -> ! {
    panic!("the variable `{name}` is not in the store, or has another type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_back_with_their_types() {
        // SAFETY: just made, and nobody else's.
        let mut store = *unsafe { Box::from_raw(create_variable_store()) };
        store.put_variable("a", vec![1.0, 2.0], 7);
        assert!(store.check_variable::<Vec<f64>>("a", 7) && !store.check_variable::<f64>("a", 7));
        assert!(!store.check_variable::<Vec<f64>>("a", 8) && store.check_variable::<f64>("not there", 7));
        assert_eq!(store.take_variable::<Vec<f64>>("a"), [1.0, 2.0]);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.take_variable::<f64>("a"))).is_err());
        assert_eq!((*store.lazy_arc("c", || 1), *store.lazy_arc("c", || 2)), (1, 1));
    }
}
