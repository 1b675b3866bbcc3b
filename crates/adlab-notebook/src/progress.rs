//! A bar that shows how far a loop has come.

use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::output::{self, Bundle, Shown};

/// How often the bar moves; a loop of a million steps must not wait for its picture.
const STEP: Duration = Duration::from_millis(100);

/// Shows how far a loop has come: how many steps, of how many, in which time, and how much longer it takes.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let mut sum = 0.0;
/// for epoch in progress(0..1000) {
///     sum += 1.0 / (1.0 + epoch as f64);
/// }
/// ```
///
/// In a kernel that can't change an output, one line at the end says what it took.
pub fn progress<I: IntoIterator>(steps: I) -> Progress<I::IntoIter> {
    let steps = steps.into_iter();
    let total = match steps.size_hint() {
        (least, Some(most)) if least == most => Some(most),
        _ => None,
    };
    let bar = Bar { total, done: 0, started: Instant::now(), moved: Instant::now(), display: None, finished: false };
    Progress { steps, bar }
}

/// The loop's steps, as [`progress`] hands them on.
#[derive(Debug)]
pub struct Progress<I> {
    steps: I,
    bar: Bar,
}

impl<I: Iterator> Iterator for Progress<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        // The step before is done when the next is asked for.
        self.bar.advance();
        let item = self.steps.next();
        if item.is_none() {
            self.bar.finish();
        }
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.steps.size_hint()
    }
}

impl<I: FusedIterator> FusedIterator for Progress<I> {}

#[derive(Debug)]
struct Bar {
    total: Option<usize>,
    /// Steps that were begun; the last of them may not be done.
    done: usize,
    started: Instant,
    moved: Instant,
    display: Option<Shown>,
    finished: bool,
}

impl Bar {
    fn advance(&mut self) {
        match &self.display {
            None => {
                let display = Shown::new();
                if output::kernel_shows_all() {
                    display.show(&self.picture(0, Duration::ZERO));
                }
                self.display = Some(display);
            }
            Some(display) => {
                self.done += 1;
                // Asking for the time is cheap, and drawing is not.
                if self.moved.elapsed() >= STEP && output::kernel_shows_all() {
                    display.replace(&self.picture(self.done, self.started.elapsed()));
                    self.moved = Instant::now();
                }
            }
        }
    }

    /// The end of the steps: all that were begun are done.
    fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let (done, took) = (self.done, self.started.elapsed());
        match &self.display {
            Some(display) if output::kernel_shows_all() => display.replace(&self.picture(done, took)),
            _ => output::say(&format!("{}\n", line(done, self.total, took))),
        }
    }

    fn picture(&self, done: usize, took: Duration) -> Bundle {
        let text = line(done, self.total, took);
        let most = self.total.map_or(String::new(), |total| format!(" value=\"{done}\" max=\"{}\"", total.max(1)));
        Bundle::default()
            .with("text/html", format!("<div><progress{most}></progress> <span>{text}</span></div>"))
            .with("text/plain", format!("{}{text}", blocks(done, self.total)))
    }
}

/// A loop that is left with `break` shows where it stopped.
impl Drop for Bar {
    fn drop(&mut self) {
        if self.display.is_some() && !std::thread::panicking() {
            self.finish();
        }
    }
}

/// `42/100, 1.3 s, 1.8 s left`.
fn line(done: usize, total: Option<usize>, took: Duration) -> String {
    let count = total.map_or(format!("{done}"), |total| format!("{done}/{total}"));
    let left = match total {
        Some(total) if done > 0 && done < total => {
            format!(", {} left", time(took.mul_f64((total - done) as f64 / done as f64)))
        }
        _ => String::new(),
    };
    format!("{count}, {}{left}", time(took))
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..60.0 => format!("{seconds:.1} s"),
        ..3600.0 => format!("{} min {:02} s", seconds as u64 / 60, seconds as u64 % 60),
        _ => format!("{} h {:02} min", seconds as u64 / 3600, seconds as u64 / 60 % 60),
    }
}

/// The bar in characters.
fn blocks(done: usize, total: Option<usize>) -> String {
    const WIDTH: usize = 20;
    let Some(total) = total else { return String::new() };
    let full = (done.min(total) * WIDTH).checked_div(total).unwrap_or(WIDTH);
    format!("{}{} ", "█".repeat(full), "░".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_sees_the_same_steps() {
        assert_eq!(progress(0..5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(progress(vec!["a"]).size_hint(), (1, Some(1)));
        assert_eq!(progress((0..9).filter(|n| n % 2 == 0)).count(), 5);
    }

    #[test]
    fn the_count_is_of_steps_that_are_done() {
        let mut steps = progress(0..3);
        let mut counts = Vec::new();
        while steps.next().is_some() {
            counts.push(steps.bar.done);
        }
        assert_eq!((counts, steps.bar.done), (vec![0, 1, 2], 3));
    }

    #[test]
    fn the_line_says_what_is_left() {
        let seconds = Duration::from_secs_f64;
        assert_eq!(line(42, Some(100), seconds(1.3)), "42/100, 1.3 s, 1.8 s left");
        assert_eq!(line(100, Some(100), seconds(125.0)), "100/100, 2 min 05 s");
        assert_eq!(line(7, None, seconds(7300.0)), "7, 2 h 01 min");
        assert_eq!(blocks(1, Some(2)), "██████████░░░░░░░░░░ ");
        assert_eq!(blocks(0, Some(0)).chars().filter(|c| *c == '█').count(), 20);
    }
}
