//! Sliders: numbers within a range.

use std::fmt::{self, Debug};
use std::ops::{Range, RangeInclusive};

use super::control::Control;
use super::description::Description;
use super::step::{decimals, meant, step};
use crate::number::short;

/// A slider, for [`interact`](super::interact()) or to be shown by itself.
#[derive(Clone)]
pub struct Slider<T> {
    name: String,
    start: T,
    end: T,
    at: T,
    step: T,
}

/// A slider from one end of a range to the other. It begins in the middle, and moves in round steps; [`at`](Slider::at) and
/// [`step`](Slider::step) say otherwise.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let x = slider("x", -3.0..3.0); // both ends can be reached
/// let n = slider("n", 1..=20).at(3); // whole numbers; 1..20 ends at 19
/// assert_eq!((x.value(), n.value()), (0.0, 3));
/// ```
///
/// # Panics
/// If the range is empty, reversed or not finite, or if a browser can't tell its numbers apart.
#[track_caller]
pub fn slider<T: Slide>(name: &str, range: impl Span<T>) -> Slider<T> {
    let ((start, end), text) = (range.ends(), range.text());
    T::check(name, start, end, &text);
    let step = T::round_step(start, end);
    Slider { name: name.to_owned(), start, end, at: T::middle(start, end, step), step }
}

impl<T: Slide> Slider<T> {
    /// Where it begins.
    ///
    /// # Panics
    /// If that is outside of its range.
    #[must_use]
    #[track_caller]
    pub fn at(mut self, value: T) -> Self {
        let Slider { name, start, end, .. } = &self;
        assert!(
            *start <= value && value <= *end,
            "the slider {name} goes from {start:?} to {end:?}, and can't begin at {value:?}"
        );
        self.at = value;
        self
    }

    /// In which steps it moves.
    ///
    /// # Panics
    /// If a step is not positive, or longer than the whole range.
    #[must_use]
    #[track_caller]
    pub fn step(mut self, step: T) -> Self {
        let (name, length) = (&self.name, T::as_f64(self.end) - T::as_f64(self.start));
        assert!(
            T::as_f64(step) > 0.0 && T::as_f64(step) <= length,
            "the slider {name} can't move in steps of {step:?}: a step is more than 0, and at most {}",
            short(length)
        );
        self.step = step;
        self
    }
}

impl<T: Slide> Control for Slider<T> {
    type Value = T;

    fn value(&self) -> T {
        self.at
    }

    fn describe(&self) -> Description {
        let Slider { name, start, end, at, step } = self;
        let members = format!("\"min\":{start:?},\"max\":{end:?},\"value\":{at:?},\"step\":{step:?}");
        let format = T::format(*start, *end, *step);
        let number = |x: &T| T::words(*x);
        let words = format!("= {}, a slider from {} to {}", number(at), number(start), number(end));
        Description::new(name, T::KIND, &format!("{members},\"format\":\"{format}\""), &words)
    }

    fn set(&mut self, word: &str) {
        if let Some(value) = T::read(word, self.start, self.step) {
            self.at = if value < self.start {
                self.start
            } else if value > self.end {
                self.end
            } else {
                value
            };
        }
    }
}

impl<T: Slide> Debug for Slider<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; give it to `interact`, or show it by `.show()`", self.describe().words)
    }
}

/// A range of numbers: `-3.0..3.0`, `1..=20`.
#[diagnostic::on_unimplemented(
    message = "a slider can't go over `{Self}`",
    note = "it goes from one number to another: `slider(\"x\", -3.0..3.0)`, `slider(\"n\", 1..=20)`"
)]
pub trait Span<T> {
    #[doc(hidden)]
    fn ends(&self) -> (T, T);
    #[doc(hidden)]
    fn text(&self) -> String;
}

impl<T: Slide> Span<T> for Range<T> {
    fn ends(&self) -> (T, T) {
        (self.start, self.end.last_before())
    }

    fn text(&self) -> String {
        format!("{self:?}")
    }
}

impl<T: Slide> Span<T> for RangeInclusive<T> {
    fn ends(&self) -> (T, T) {
        (*self.start(), *self.end())
    }

    fn text(&self) -> String {
        format!("{self:?}")
    }
}

/// The numbers that a slider can go over: `f64`, `i32`, `i64`, `u32`, `u64` and `usize`.
#[diagnostic::on_unimplemented(
    message = "a slider can't go over numbers of type `{Self}`",
    note = "sliders have `f64`, `i32`, `i64`, `u32`, `u64` or `usize`; a dropdown has any values: `dropdown(\"x\", [1.5, 2.5])`"
)]
#[doc(hidden)]
pub trait Slide: Copy + PartialOrd + Debug + 'static {
    const KIND: &'static str;
    fn last_before(self) -> Self;
    fn check(name: &str, start: Self, end: Self, text: &str);
    fn round_step(start: Self, end: Self) -> Self;
    fn middle(start: Self, end: Self, step: Self) -> Self;
    fn read(word: &str, start: Self, step: Self) -> Option<Self>;
    fn as_f64(self) -> f64;
    fn words(self) -> String;
    /// How a browser writes its value, in the language of d3.
    fn format(start: Self, end: Self, step: Self) -> String;
}

impl Slide for f64 {
    const KIND: &'static str = "float slider";

    /// Both ends can be reached: there is no last number before one.
    fn last_before(self) -> f64 {
        self
    }

    #[track_caller]
    fn check(name: &str, start: f64, end: f64, text: &str) {
        assert!(
            start.is_finite() && end.is_finite() && (end - start).is_finite(),
            "the slider {name} can't go over {text}, which is not finite: give two ordinary numbers, such as -1.0..1.0"
        );
        assert!(
            start < end,
            "the slider {name} can't go over {text}, which is {}: the smaller number comes first",
            if start == end { "empty" } else { "reversed" },
        );
        assert!(
            start + (end - start) / 1000.0 > start && end - (end - start) / 1000.0 < end,
            "the slider {name} can't go over {text}: these numbers are too near to each other to lie apart on a slider"
        );
    }

    fn round_step(start: f64, end: f64) -> f64 {
        step(end - start)
    }

    fn middle(start: f64, end: f64, step: f64) -> f64 {
        meant(start + ((end - start) / 2.0 / step).round() * step, start, step)
    }

    fn read(word: &str, start: f64, step: f64) -> Option<f64> {
        word.parse().ok().filter(|value: &f64| value.is_finite()).map(|value| meant(value, start, step))
    }

    fn as_f64(self) -> f64 {
        self
    }

    fn words(self) -> String {
        short(self)
    }

    fn format(start: f64, end: f64, step: f64) -> String {
        let is_ordinary = start.abs().max(end.abs()) < 1e9;
        match decimals(&[step]).filter(|decimals| is_ordinary && *decimals <= 8) {
            Some(decimals) => format!(".{}f", decimals.max(1)),
            None => ".4".into(),
        }
    }
}

/// What a browser, which has only numbers of 53 bits, can tell apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[track_caller]
fn check_whole(name: &str, start: f64, end: f64, text: &str) {
    assert!(
        start.abs() < EXACT && end.abs() < EXACT,
        "the slider {name} can't go over {text}: a browser can't tell such large whole numbers apart"
    );
    assert!(
        start < end,
        "the slider {name} can't go over {text}, {}",
        if start - end > 1.0 {
            "which is reversed: the smaller number comes first"
        } else {
            "which has less than two numbers"
        }
    );
}

macro_rules! whole {
    ($($number:ty),+) => {$(
        impl Slide for $number {
            const KIND: &'static str = "int slider";

            fn last_before(self) -> Self {
                self.saturating_sub(1)
            }

            #[track_caller]
            fn check(name: &str, start: Self, end: Self, text: &str) {
                check_whole(name, start as f64, end as f64, text);
            }

            fn round_step(_: Self, _: Self) -> Self {
                1
            }

            fn middle(start: Self, end: Self, _: Self) -> Self {
                start + (end - start) / 2
            }

            fn read(word: &str, _: Self, _: Self) -> Option<Self> {
                word.parse().ok().filter(|value: &f64| value.is_finite()).map(|value| value.round() as Self)
            }

            fn as_f64(self) -> f64 {
                self as f64
            }

            fn words(self) -> String {
                self.to_string()
            }

            fn format(_: Self, _: Self, _: Self) -> String {
                "d".into()
            }
        }
    )+};
}

whole!(i32, i64, u32, u64, usize);

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn refusal<T>(make: impl FnOnce() -> T) -> String {
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(_) => "nothing".into(),
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn a_slider_begins_in_the_middle_and_takes_what_it_is_set_to() {
        let mut x = slider("x", -3.0..3.0);
        assert_eq!((x.value(), x.step), (0.0, 0.05));
        for (word, value) in [("1.25", 1.25), ("2", 2.0), ("9", 3.0), ("-9", -3.0), ("0.30000000000000004", 0.3)] {
            x.set(word);
            assert_eq!(x.value(), value);
        }
        for nonsense in ["", "null", "NaN", "1e999", "{}"] {
            x.set(nonsense);
            assert_eq!(x.value(), 0.3);
        }
        let mut n = slider("n", 1..20);
        assert_eq!((n.value(), n.end), (10, 19));
        n.set("3.0");
        assert_eq!(n.value(), 3);
        n.set("99");
        assert_eq!(n.value(), 19);
        assert_eq!(slider("n", 0..=16usize).at(0).value(), 0);
        assert_eq!(slider("x", 0.0..1.0).at(0.1).step(0.25).describe().words, "x = 0.1, a slider from 0 to 1");
    }

    #[test]
    fn what_makes_no_slider_is_said() {
        let cases: [(String, &str); 12] = [
            (refusal(|| slider("x", 1.0..1.0)), "which is empty"),
            (refusal(|| slider("x", 2.0..1.0)), "which is reversed"),
            (refusal(|| slider("x", f64::NAN..1.0)), "not finite"),
            (refusal(|| slider("x", 0.0..f64::INFINITY)), "not finite"),
            (refusal(|| slider("x", f64::MIN..f64::MAX)), "not finite"),
            (refusal(|| slider("x", 1.0..1f64.next_up())), "too near"),
            (refusal(|| slider("n", Range { start: 5, end: 1 })), "reversed"),
            (refusal(|| slider("n", 5..5)), "less than two"),
            (refusal(|| slider("n", 0..0usize)), "less than two"),
            (refusal(|| slider("n", 0..=u64::MAX)), "such large"),
            (refusal(|| slider("x", 0.0..1.0).at(2.0)), "can't begin at 2.0"),
            (refusal(|| slider("x", 0.0..1.0).step(0.0)), "a step is more than 0, and at most 1"),
        ];
        for (said, expected) in cases {
            assert!(said.contains(expected), "{said}");
        }
        assert!(refusal(|| slider("x", 0.0..1.0).at(f64::NAN)).contains("can't begin at NaN"));
        assert!(refusal(|| slider("x", 0.0..1.0).step(f64::NAN)).contains("steps of NaN"));
    }
}
