//! Gradients, checked by central differences.

use std::fmt;

use super::gradient::value_and_gradient;
use crate::display::tabular;
use crate::reverse::{Tape, Var};

/// What is allowed: 1e-5 + 1e-3·|difference quotient|, as in PyTorch's `gradcheck`.
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;

/// The step of the differences, relative to inputs greater than 1.
const STEP: f64 = 1e-6;

/// Compares the gradient of `f` at `x` by reverse mode with central differences (f(x + h) − f(x − h))/2h.
///
/// The two differ where `f` has a kink or a step, where it computes with plain values that it took out of its variables,
/// or where it loses its digits. The result says where, and by how much:
///
/// ```
/// use adlab::{Scalar, check_gradient};
///
/// let check = check_gradient(|x| x[0] * x[1] + x[0].sin(), &[0.5, 4.2]);
/// assert!(check.passed(), "{check}");
///
/// // A function that forgets a derivative: the plain value is a constant.
/// let check = check_gradient(|x| x[0] * x[1].value(), &[0.5, 4.2]);
/// assert_eq!(check.worst().unwrap().index, 1);
/// println!("{check}");
/// ```
#[track_caller]
pub fn check_gradient(mut f: impl FnMut(&[Var]) -> Var, x: &[f64]) -> GradientCheck {
    let gradient = value_and_gradient(&mut f, x).1;
    compare(&mut f, x, &gradient)
}

/// Compares a gradient that you worked out yourself with central differences of `f` at `x`, as [`check_gradient`] does.
///
/// ```
/// use adlab::{Scalar, check_gradient_with};
///
/// let x = [0.5, 4.2];
/// let by_hand = [x[1] + x[0].cos(), x[0]];
/// assert!(check_gradient_with(|x| x[0] * x[1] + x[0].sin(), &x, &by_hand).passed());
/// ```
///
/// # Panics
/// If `gradient` does not have one number for each input.
#[track_caller]
pub fn check_gradient_with(mut f: impl FnMut(&[Var]) -> Var, x: &[f64], gradient: &[f64]) -> GradientCheck {
    assert!(
        gradient.len() == x.len(),
        "the function has {} inputs, and the gradient {} numbers: it needs one for each",
        x.len(),
        gradient.len()
    );
    compare(&mut f, x, gradient)
}

fn compare(f: &mut dyn FnMut(&[Var]) -> Var, x: &[f64], gradient: &[f64]) -> GradientCheck {
    let tape = Tape::unseen();
    let mut value = |x: &[f64]| {
        tape.clear();
        let inputs = tape.vars(x);
        f(&inputs).primal()
    };
    let mut beside = x.to_vec();
    let mut inputs = Vec::with_capacity(x.len());
    for (index, (&at, &derivative)) in x.iter().zip(gradient).enumerate() {
        let h = STEP * at.abs().max(1.0);
        let (low, high) = (at - h, at + h);
        beside[index] = high;
        let above = value(&beside);
        beside[index] = low;
        let below = value(&beside);
        beside[index] = at;
        // Not 2h: what was really stepped, after rounding.
        inputs.push(InputCheck { index, at, derivative, difference: (above - below) / (high - low) });
    }
    GradientCheck { inputs }
}

/// A gradient beside the difference quotients, made by [`check_gradient`].
#[derive(Clone, PartialEq)]
pub struct GradientCheck {
    /// Each input.
    pub inputs: Vec<InputCheck>,
}

/// One input: the derivative by it, and the difference quotient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputCheck {
    /// Which input, counted from 0.
    pub index: usize,
    /// Its value.
    pub at: f64,
    /// The derivative that is checked.
    pub derivative: f64,
    /// The difference quotient.
    pub difference: f64,
}

impl GradientCheck {
    /// True if all agree, up to 1e-5 + 1e-3·|difference quotient|.
    pub fn passed(&self) -> bool {
        self.inputs.iter().all(InputCheck::passed)
    }

    /// The input where the two differ most, compared with what is allowed; none if there are no inputs.
    pub fn worst(&self) -> Option<&InputCheck> {
        self.inputs.iter().max_by(|a, b| a.excess().total_cmp(&b.excess()))
    }
}

impl InputCheck {
    /// True if the two agree, up to 1e-5 + 1e-3·|difference quotient|. NaN agrees with nothing.
    pub fn passed(&self) -> bool {
        self.excess() <= 1.0
    }

    /// |derivative − difference quotient|
    pub fn error(&self) -> f64 {
        (self.derivative - self.difference).abs()
    }

    /// A line of the table.
    fn cells(&self) -> [String; 5] {
        let numbers = [self.at, self.derivative, self.difference].map(|x| tabular(x, 6));
        let [at, derivative, difference] = numbers;
        [self.index.to_string(), at, derivative, difference, format!("{:.1e}", self.error())]
    }

    /// The error in units of what is allowed; infinite where it is not a number.
    fn excess(&self) -> f64 {
        let excess = self.error() / (ABSOLUTE + RELATIVE * self.difference.abs());
        if excess.is_nan() { f64::INFINITY } else { excess }
    }
}

/// A verdict, and a table of the inputs; of many, those that differ.
impl fmt::Display for GradientCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 12;
        let wrong = self.inputs.iter().filter(|input| !input.passed()).count();
        match wrong {
            0 => write!(f, "the gradient agrees with central differences in all {} inputs", self.inputs.len())?,
            _ => write!(f, "the gradient differs in {wrong} of {} inputs", self.inputs.len())?,
        }
        let all = self.inputs.len() <= MOST;
        let shown = self.inputs.iter().filter(|input| all || !input.passed()).take(MOST);
        let lines: Vec<([String; 5], bool)> = shown.map(|input| (input.cells(), input.passed())).collect();
        let head = ["input", "at", "derivative", "differences", "error"];
        let widest = |column: usize| {
            let cells = lines.iter().map(|(cells, _)| cells[column].as_str());
            cells.chain([head[column]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let write_line = |f: &mut fmt::Formatter<'_>, cells: [&str; 5], mark: &str| {
            let padded: Vec<String> =
                cells.iter().enumerate().map(|(i, cell)| format!("{cell:>width$}", width = widest(i))).collect();
            write!(f, "\n{}{mark}", padded.join("  "))
        };
        if !lines.is_empty() {
            write_line(f, head, "")?;
        }
        for (cells, passed) in &lines {
            write_line(f, cells.each_ref().map(String::as_str), if *passed { "" } else { "  ← differs" })?;
        }
        if !all && wrong > MOST {
            write!(f, "\n… and {} more", wrong - MOST)?;
        }
        Ok(())
    }
}

impl fmt::Debug for GradientCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
