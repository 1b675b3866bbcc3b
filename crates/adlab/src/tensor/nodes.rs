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

/// So many are kept at most, for the next ones. To ask for memory and to give it back takes longer than to fill it.
const KEPT: usize = 64;

/// What a tensor or an operation has left behind that may be the last to hold others.
pub enum Loose {
    Operation(Rc<Operation>),
    Hook(Hook),
}

/// All that nobody knows any more.
struct Gone {
    /// As new.
    spare: RefCell<Vec<Rc<Operation>>>,
    /// Not looked at yet.
    waiting: RefCell<Vec<Loose>>,
    /// True while something is taken apart.
    busy: Cell<bool>,
}

impl Gone {
    const fn nothing() -> Gone {
        Gone { spare: RefCell::new(Vec::new()), waiting: RefCell::new(Vec::new()), busy: Cell::new(false) }
    }

    /// Takes apart what waits, and all that only it has held: in a loop, since a long chain of calls would overflow the stack.
    /// What comes loose meanwhile waits, too.
    fn take_apart(&self) {
        /// Ends it, in a panic as well: a hook may hold what a student has written.
        struct End<'a>(&'a Gone);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.busy.set(false);
                self.0.waiting.borrow_mut().shrink_to(KEPT);
            }
        }
        if self.busy.replace(true) {
            return;
        }
        let _end = End(self);
        loop {
            let Some(loose) = self.waiting.borrow_mut().pop() else { return };
            match loose {
                Loose::Hook(hook) => drop(hook),
                Loose::Operation(mut operation) => {
                    if let Some(last) = Rc::get_mut(&mut operation) {
                        last.renew(&self.waiting);
                        let mut spare = self.spare.borrow_mut();
                        if spare.len() < KEPT {
                            spare.push(operation);
                        }
                    }
                }
            }
        }
    }
}

/// Drops all of it, however long the chains are that hang on it.
pub fn take_apart(loose: &mut impl Iterator<Item = Loose>) {
    let mut take_apart = |gone: &Gone| {
        gone.waiting.borrow_mut().extend(&mut *loose);
        gone.take_apart();
    };
    // At the thread's end the lists may be gone before the last of these.
    if GONE.try_with(&mut take_apart).is_err() {
        take_apart(&Gone::nothing());
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
    fn renew(&mut self, waiting: &RefCell<Vec<Loose>>) {
        let mut waiting = waiting.borrow_mut();
        waiting.extend(self.hooks.get_mut().drain(..).map(Loose::Hook));
        std::mem::take(&mut self.inputs).for_each(|_, input| {
            if let Edge::Node(mut node) = input.edge {
                waiting.extend(node.operation.take().map(Loose::Operation));
            }
        });
        drop(waiting);
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
            take_apart(&mut self.operation.take().into_iter().map(Loose::Operation));
        }
    }
}
