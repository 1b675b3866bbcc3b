//! The closures that wait for a control to be moved, and what the kernel asks of them.
//!
//! It asks by [`adlab_move`], in the process that runs cells, between two cells and as a transaction like them: what is here
//! is undone with the cell that has put it here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::output::set_answering;

/// Sets controls, each by its number, and shows what comes of it.
#[doc(hidden)]
pub type Answer = Box<dyn FnMut(&[(usize, &str)])>;

thread_local! {
    static KEPT: RefCell<HashMap<String, Answer>> = RefCell::default();
}

const GONE: &str = "What this showed is gone with the process that ran its cell: run the cell again.";

pub(super) fn keep(id: String, answer: Answer) {
    KEPT.with_borrow_mut(|kept| kept.insert(id, answer));
}

/// What the kernel asks: `move ID 0=1.5 1=press`, or `forget ID ID`. False if it has panicked.
///
/// # Safety
/// Only for the process that runs cells, between them; the text has this length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adlab_move(text: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let text = String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(text, length) });
    catch_unwind(|| obey(&text)).unwrap_or(false)
}

fn obey(text: &str) -> bool {
    let mut words = text.split(' ');
    let take = |id: &str| KEPT.with_borrow_mut(|kept| kept.remove(id));
    match words.next() {
        Some("move") => {
            let id = words.next().unwrap_or_default();
            let Some(mut answer) = take(id) else {
                println!("{GONE}");
                return true;
            };
            let changes: Vec<(usize, &str)> = words.filter_map(change).collect();
            set_answering(true);
            let outcome = catch_unwind(AssertUnwindSafe(|| answer(&changes)));
            set_answering(false);
            // Also where it has panicked: while threads run, nothing is undone.
            keep(id.to_owned(), answer);
            outcome.is_ok()
        }
        // What they hold is dropped here.
        Some("forget") => words.filter_map(take).map(drop).count() < usize::MAX,
        _ => true,
    }
}

/// `0=1.5`
fn change(word: &str) -> Option<(usize, &str)> {
    let (number, value) = word.split_once('=')?;
    Some((number.parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn a_closure_is_called_until_it_is_forgotten() {
        let seen: Rc<RefCell<Vec<String>>> = Rc::default();
        let copy = Rc::clone(&seen);
        keep("a".into(), Box::new(move |changes| copy.borrow_mut().push(format!("{changes:?}"))));
        keep("b".into(), Box::new(|_| panic!("b")));
        assert!(obey("move a 0=1.5 nonsense 1=press") && obey("move a"));
        assert!(!obey("move b") && !obey("move b") && !crate::output::is_answering());
        assert_eq!(*seen.borrow(), [r#"[(0, "1.5"), (1, "press")]"#, "[]"]);
        assert!(obey("forget a b c"));
        assert_eq!(Rc::strong_count(&seen), 1);
        assert!(obey("move a") && obey(""));
    }
}
