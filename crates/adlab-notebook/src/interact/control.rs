//! What all controls have in common, and a control that is shown by itself.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::description::Description;
use super::widget::present;

/// What a student moves, chooses or presses: a [`slider`](super::slider()), a [`dropdown`](super::dropdown), a
/// [`checkbox`](super::checkbox) or a [`button`](super::button). It is shown by [`interact`](super::interact()), with what it
/// moves, or by itself, by [`show`](Control::show).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no control",
    note = "controls are made by `slider`, `dropdown`, `checkbox` and `button`; two or three stand in brackets: \
            `interact((slider(\"x\", 0.0..1.0), checkbox(\"grid\", true)), |x, grid| …)`"
)]
pub trait Control: Sized + 'static {
    /// What the closure gets: a number for a slider, an entry for a list, `true` or `false` for a box, and for a button how
    /// often it was pressed.
    type Value: 'static;

    /// What it is set to.
    fn value(&self) -> Self::Value;

    #[doc(hidden)]
    fn describe(&self) -> Description;

    /// Takes the front end's word for a value; what makes no sense changes nothing.
    #[doc(hidden)]
    fn set(&mut self, word: &str);

    /// Shows the control by itself. Later cells read what it is set to:
    ///
    /// ```
    /// use adlab_notebook::prelude::*;
    ///
    /// let rate = slider("rate", 0.0..1.0).at(0.1).show();
    /// // … in a later cell, when it has been moved:
    /// let step = rate.value() * 4.2;
    /// # assert_eq!(step, 0.1 * 4.2);
    /// ```
    #[track_caller]
    fn show(self) -> Setting<Self> {
        let description = self.describe();
        let setting = Setting(Rc::new(RefCell::new(self)));
        let own = setting.clone();
        present(&[description], false, Box::new(move |changes| own.set(changes)));
        setting
    }
}

/// What a control is set to that is shown by itself, see [`Control::show`]. Copies are of the same control.
pub struct Setting<C>(Rc<RefCell<C>>);

impl<C: Control> Setting<C> {
    /// The control's value when it was moved last.
    pub fn value(&self) -> C::Value {
        self.0.borrow().value()
    }

    fn set(&self, changes: &[(usize, &str)]) {
        changes.iter().for_each(|(_, word)| self.0.borrow_mut().set(word));
    }
}

impl<C> Clone for Setting<C> {
    fn clone(&self) -> Self {
        Setting(Rc::clone(&self.0))
    }
}

impl<C: Control> fmt::Debug for Setting<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.borrow().describe().words)
    }
}
