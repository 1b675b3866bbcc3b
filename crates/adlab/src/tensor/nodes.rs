//! How recorded operations get their memory, and what becomes of it when the last name of one is gone.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use super::data::{Edge, Hook, Input, Node, Operation, Rule};
use super::each::Each;

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
    static GONE: Gone = const { Gone::nothing() };
}

/// So many are kept at most, for the next ones: a loop of training then asks the allocator for nothing.
const KEPT: usize = 64;

/// What nobody knows any more, and what may be the last to hold others.
struct Gone {
    /// As new.
    spare: RefCell<Vec<Rc<Operation>>>,
    /// These may still be known, or hold others.
    operations: RefCell<Vec<Rc<Operation>>>,
    /// These may hold what they like.
    hooks: RefCell<Vec<Hook>>,
    /// True while operations are taken apart, and while hooks are dropped.
    busy: [Cell<bool>; 2],
}

impl Gone {
    const fn nothing() -> Gone {
        let busy = [const { Cell::new(false) }; 2];
        Gone {
            spare: RefCell::new(Vec::new()),
            operations: RefCell::new(Vec::new()),
            hooks: RefCell::new(Vec::new()),
            busy,
        }
    }

    /// Adds what nobody knows any more, and takes it apart.
    fn let_go(add: impl Fn(&Gone)) {
        let let_go = |gone: &Gone| {
            add(gone);
            gone.take_apart();
        };
        // At the thread's end the lists may be gone before the last of these.
        if GONE.try_with(let_go).is_err() {
            let_go(&Gone::nothing());
        }
    }

    /// Takes apart what waits, and all that only it has held: in loops, since a long chain of calls would overflow the stack.
    fn take_apart(&self) {
        let [operations, hooks] = &self.busy;
        in_turn(operations, &self.operations, |mut operation| {
            if let Some(last) = Rc::get_mut(&mut operation) {
                last.renew(self);
                let mut spare = self.spare.borrow_mut();
                if spare.len() < KEPT {
                    spare.push(operation);
                }
            }
        });
        // The operations that one lets go of are taken apart meanwhile, but its hooks wait here.
        if !self.hooks.borrow().is_empty() {
            in_turn(hooks, &self.hooks, drop);
        }
    }
}

/// Does it with all of a list, and with what comes to it meanwhile: unless that is being done. After a panic, as a hook may
/// hold what a student has written, it goes on.
fn in_turn<T>(busy: &Cell<bool>, list: &RefCell<Vec<T>>, with: impl Fn(T)) {
    struct Turn<'a, T, F: Fn(T)>(&'a Cell<bool>, &'a RefCell<Vec<T>>, F);
    impl<T, F: Fn(T)> Turn<'_, T, F> {
        fn go_on(&self) {
            loop {
                let Some(next) = self.1.borrow_mut().pop() else { return };
                (self.2)(next);
            }
        }
    }
    impl<T, F: Fn(T)> Drop for Turn<'_, T, F> {
        fn drop(&mut self) {
            self.go_on();
            self.1.borrow_mut().shrink_to(KEPT);
            self.0.set(false);
        }
    }
    if !busy.replace(true) {
        Turn(busy, list, with).go_on();
    }
}

/// Drops hooks, each of which may know another tensor, and that one's another.
pub fn let_go_of_hooks(hooks: &mut Vec<Hook>) {
    if !hooks.is_empty() {
        let hooks = Cell::new(std::mem::take(hooks));
        // The first one is dropped first.
        Gone::let_go(|gone| gone.hooks.borrow_mut().extend(hooks.take().into_iter().rev()));
    }
}

impl Operation {
    fn new() -> Operation {
        Operation {
            id: 0,
            op: "",
            inputs: Each::default(),
            rule: Rule::nothing(),
            kept: RefCell::default(),
            hooks: RefCell::default(),
            retained: RefCell::default(),
        }
    }

    /// As new. What it has held waits.
    fn renew(&mut self, gone: &Gone) {
        if !self.hooks.get_mut().is_empty() {
            gone.hooks.borrow_mut().extend(self.hooks.take().into_iter().rev());
        }
        std::mem::take(&mut self.inputs).for_each(|_, input| {
            if let Edge::Node(mut node) = input.edge {
                gone.operations.borrow_mut().extend(node.operation.take());
            }
        });
        self.rule = Rule::nothing();
        self.kept.get_mut().empty();
        self.retained.take();
    }
}

impl Node {
    /// A new one, whose rule is made when its inputs are known.
    pub fn begun(op: &'static str, inputs: Each<Input>, rule: impl FnOnce(&mut Operation) -> Rule) -> Node {
        let spare = GONE.try_with(|gone| gone.spare.borrow_mut().pop()).ok().flatten();
        let mut operation = spare.unwrap_or_else(|| Rc::new(Operation::new()));
        let own = Rc::get_mut(&mut operation).expect("nobody knows it");
        own.id = NEXT_ID.replace(NEXT_ID.get() + 1);
        own.op = op;
        own.inputs = inputs;
        own.rule = rule(own);
        Node { operation: Some(operation) }
    }

    /// True for the same one.
    pub fn is(&self, other: &Node) -> bool {
        std::ptr::eq(&**self, &**other)
    }
}

impl Deref for Node {
    type Target = Operation;

    #[inline]
    fn deref(&self) -> &Operation {
        self.operation.as_deref().expect("it is not dropped")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.operation.as_mut().is_some_and(|operation| Rc::get_mut(operation).is_some()) {
            let operation = Cell::new(self.operation.take());
            Gone::let_go(|gone| gone.operations.borrow_mut().extend(operation.take()));
        }
    }
}
