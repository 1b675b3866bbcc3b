//! How values are shown.

use std::any::TypeId;
use std::fmt::Debug;

use adlab::{Dual, Jacobian, Tape, Tensor, Var};

use crate::figure::Figure;
use crate::graph::Graph;
use crate::number::short;
use crate::output::{Bundle, Shown};
use crate::plot::Chart;
use crate::{shorten, table};

/// What a notebook calls for the value of a cell's last expression. Every type that implements [`Debug`] has it, so that the
/// notebook's first attempt at compiling such a cell succeeds.
///
/// Dual numbers, tapes, tensors, charts and graphs are shown in a form of their own; `()` and the handle of [`display`]
/// are not shown, anything else in its `Debug` form, of which a long one loses its middle.
///
/// [`display`]: crate::display
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be shown",
    label = "it has no form for people to read",
    note = "put `#[derive(Debug)]` above the definition of the type, and run that cell again"
)]
pub trait EvcxrDisplay {
    /// Shows the value as the cell's result.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> EvcxrDisplay for T {
    fn evcxr_display(&self) {
        if let Some(bundle) = forms(self) {
            bundle.give();
        }
    }
}

/// The forms in which a value is shown, if it is.
pub(crate) fn forms<T: Debug + ?Sized>(value: &T) -> Option<Bundle> {
    bundle(&Value::of(&value))
}

/// A value of a type that is found out when the program runs.
///
/// `Any` can't do this: it takes no type that borrows, and a cell may well end in `v.iter().max()` or `&v[1..3]`.
struct Value<'a> {
    id: TypeId,
    address: *const (),
    debug: &'a dyn Debug,
}

impl<'a> Value<'a> {
    fn of<T: Debug + ?Sized>(value: &'a &T) -> Value<'a> {
        let address: *const T = *value;
        Value { id: typeid::of::<T>(), address: address.cast(), debug: value }
    }

    /// `U` has no lifetime parameter, so the value is a `U` if its type looks like one but for lifetimes.
    fn get<U: Sized + 'static>(&self) -> Option<&'a U> {
        // SAFETY: `address` comes from a reference of lifetime 'a to a value whose type has this id, and as `U` has no
        // lifetimes that the id could leave out, that type is `U`.
        (self.id == TypeId::of::<U>()).then(|| unsafe { &*self.address.cast::<U>() })
    }

    /// The text of a very long list of common things; others are written only so far.
    fn known_list(&self) -> Option<String> {
        fn of<U: Debug + 'static>(value: &Value) -> Option<String> {
            shorten::list(value.get::<Vec<U>>()?)
        }
        const KNOWN: [fn(&Value) -> Option<String>; 12] = [
            of::<f64>,
            of::<f32>,
            of::<i32>,
            of::<i64>,
            of::<u8>,
            of::<u32>,
            of::<u64>,
            of::<usize>,
            of::<bool>,
            of::<char>,
            of::<String>,
            of::<Vec<f64>>,
        ];
        KNOWN.iter().find_map(|known| known(self))
    }
}

/// The forms of a value; not generic, so that a cell compiles fast.
#[inline(never)]
fn bundle(value: &Value) -> Option<Bundle> {
    if value.get::<()>().is_some() || value.get::<Shown>().is_some() {
        return None;
    }
    Some(if let Some(dual) = value.get::<Dual>() {
        Bundle::text(dual_text(*dual))
    } else if let Some(var) = value.get::<Var>() {
        Bundle::text(format!("{var}"))
    } else if let Some(tape) = value.get::<Tape>() {
        table::tape(tape)
    } else if let Some(tensor) = value.get::<Tensor>() {
        table::tensor(tensor)
    } else if let Some(jacobian) = value.get::<Jacobian>() {
        table::jacobian(jacobian)
    } else if let Some(chart) = value.get::<Chart>() {
        chart.figure().bundle()
    } else if let Some(graph) = value.get::<Graph>() {
        graph.figure().bundle()
    } else if let Some(figure) = value.get::<Figure>() {
        figure.bundle()
    } else if let Some(bundle) = value.get::<Bundle>() {
        bundle.clone()
    } else {
        Bundle::text(value.known_list().unwrap_or_else(|| shorten::debug(value.debug)))
    })
}

fn dual_text(dual: Dual) -> String {
    let (sign, size) = if dual.derivative < 0.0 { ('-', -dual.derivative) } else { ('+', dual.derivative) };
    format!("{} {sign} {}ε", short(dual.value), short(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: Debug + ?Sized>(value: &T) -> Option<String> {
        forms(value).map(|bundle| bundle.get("text/plain").expect("a text form").to_owned())
    }

    fn text<T: Debug + ?Sized>(value: &T) -> String {
        shown(value).expect("something to show")
    }

    #[test]
    fn dual_numbers_are_short() {
        let x = Dual::variable(0.5);
        assert_eq!(text(&(x * 4.2 + adlab::Scalar::sin(x))), "2.5794 + 5.0776ε");
        assert_eq!(text(&Dual::new(2.0, -3.0)), "2 - 3ε");
        assert_eq!(text(&Dual::new(-1e-9, 1e9)), "-1e-9 + 1e9ε");
    }

    #[test]
    fn plain_values_are_shown_in_full_and_unit_is_not() {
        assert_eq!(text(&2.579425538604203), "2.579425538604203");
        assert_eq!(text("quoted"), "\"quoted\"");
        assert_eq!(text(&String::from("a")), "\"a\"");
        assert_eq!(text(&vec![1, 2]), "[1, 2]");
        assert_eq!((shown(&()), shown(&Shown::new())), (None, None));
    }

    #[test]
    fn values_that_borrow_are_shown() {
        let v = [1.5, 2.5, 3.5];
        assert_eq!(text(&v[1..]), "[2.5, 3.5]");
        assert_eq!(text(&v.first()), "Some(1.5)");
        assert_eq!(text(&&Dual::variable(1.0)), "1.0 + 1.0ε".replace(".0", ""));
    }

    #[test]
    fn tapes_tensors_and_pictures_have_rich_forms() {
        let tape = Tape::new();
        let x = tape.named("x", 0.5);
        let y = x * 2.0;
        assert_eq!(text(&y), "1");
        let has = |bundle: Option<Bundle>, mimes: &[&str]| {
            let bundle = bundle.expect("something to show");
            mimes.iter().all(|mime| bundle.get(mime).is_some())
        };
        assert!(has(forms(&tape), &["text/html", "text/plain"]));
        assert!(has(forms(&adlab::tensor([1.0, 2.0])), &["text/html", "text/plain"]));
        assert!(has(forms(&adlab::jacobian(|x| vec![x[0]], &[1.0])), &["text/html", "text/plain"]));
        let picture = ["image/svg+xml", "image/png", "text/plain"];
        assert!(has(forms(&crate::graph(&tape)), &picture));
        let chart = crate::scatter(&[(1.0, 2.0)]);
        assert!(has(forms(&chart.figure()), &picture));
        assert!(has(forms(&chart), &picture));
    }
}
