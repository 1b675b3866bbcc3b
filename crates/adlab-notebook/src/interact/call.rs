//! Controls, and the closure that is called when they are moved.

use super::control::Control;
use super::description::Description;
use super::kept::Answer;
use super::widget::present;
use crate::rich::EvcxrDisplay;

/// Shows controls, and below them what the closure makes of their values; when one is moved, the closure is called again.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// interact(slider("x", -3.0..3.0), |x| plot(|x| x * x.sin(), -3.0..3.0).tangent(x));
/// interact((slider("a", 0.0..2.0).at(1.0), slider("n", 1..=5)), |a, n| plot(move |x| (x * a).powi(n), -3.0..3.0));
/// interact(dropdown("f", ["sin", "exp"]), |f| {
///     println!("f is {f}");
///     if f == "sin" { plot(|x| x.sin(), -3.0..3.0) } else { plot(|x| x.exp(), -3.0..3.0) }
/// });
/// ```
///
/// Two or three controls stand in brackets, and the closure has as many arguments. What it prints and shows stands below the
/// controls, and so does its value, as the value of a cell would.
///
/// The closure outlives its cell. Functions can be used as they are; a variable is moved into it, by `move |x| …`, and later
/// cells no longer have it. To keep it, give the closure a copy:
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let data = vec![(0.0, 1.0), (1.0, 3.0)];
/// let own = data.clone();
/// interact(slider("factor", 1..=3), move |factor| {
///     scatter(&own.iter().map(|(x, y)| (*x, y * f64::from(factor))).collect::<Vec<_>>())
/// });
/// ```
///
/// Each call is a cell of its own: where it panics, the message is shown, and nothing has changed; one that does not end can
/// be interrupted. Of moves that come faster than the closure can answer, the last one counts; each press of a button is
/// answered. Where nobody can move a control (`adlab run`, an exported notebook), what it shows first is shown.
///
/// # Panics
/// If two controls have one name.
#[track_caller]
pub fn interact<C: Interact<F, R>, F, R>(controls: C, closure: F) {
    let (controls, answer) = controls.with(closure);
    present(&controls, true, answer);
}

/// Controls that fit a closure: one, or a tuple of two or three.
#[diagnostic::on_unimplemented(
    message = "these controls and this closure don't fit each other",
    note = "one control, and a closure of one argument: `interact(slider(\"x\", 0.0..1.0), |x| …)`; two or three in brackets: \
            `interact((slider(\"x\", 0.0..1.0), checkbox(\"grid\", true)), |x, grid| …)`"
)]
pub trait Interact<F, R> {
    #[doc(hidden)]
    fn with(self, closure: F) -> (Vec<Description>, Answer);
}

impl<C: Control, F: FnMut(C::Value) -> R + 'static, R: EvcxrDisplay> Interact<F, R> for C {
    fn with(mut self, mut closure: F) -> (Vec<Description>, Answer) {
        let description = self.describe();
        let answer = move |changes: &[(usize, &str)]| {
            changes.iter().for_each(|(_, word)| self.set(word));
            closure(self.value()).evcxr_display();
        };
        (vec![description], Box::new(answer))
    }
}

macro_rules! tuples {
    ($($control:ident . $number:tt),+) => {
        impl<$($control: Control,)+ F: FnMut($($control::Value),+) -> R + 'static, R: EvcxrDisplay> Interact<F, R>
            for ($($control,)+)
        {
            fn with(mut self, mut closure: F) -> (Vec<Description>, Answer) {
                let descriptions = vec![$(self.$number.describe()),+];
                let answer = move |changes: &[(usize, &str)]| {
                    for (number, word) in changes {
                        match number {
                            $($number => self.$number.set(word),)+
                            _ => {}
                        }
                    }
                    closure($(self.$number.value()),+).evcxr_display();
                };
                (descriptions, Box::new(answer))
            }
        }
    };
}

tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
