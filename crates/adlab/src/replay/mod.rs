//! A recorded computation, run again at other inputs: recorded once, replayed as often as is wanted.
//!
//! A [`Tape`] holds values that were computed as it was recorded, so that each new point needs a new record. A
//! [`Recording`] holds what was done: it computes all values again, and the derivatives, without running the function. It is
//! a straight list of operations, so that the branches which the function took are the only ones it knows: what was found
//! out about its numbers is asked again at the end, and where the answer is another, there is an error and no result.
//!
//! | file | |
//! |---|---|
//! | `program.rs` | the list of operations, made of a tape's nodes |
//! | `sweep.rs` | how it is run: values forwards, adjoints backwards |

mod program;
mod sweep;

use std::fmt;

use crate::error::{Error, expect};
use crate::record::NONE;
use crate::reverse::{Tape, Var};
use crate::tensor::Tensor;
use program::Program;

/// Runs `f` at `x` once, and keeps what it does: see [`Recording`].
///
/// ```
/// use adlab::{Scalar, record};
///
/// let mut f = record(|x| x[0] * x[1] + x[0].sin(), &[1.0, 2.0]);
/// assert_eq!(f.gradient(&[0.5, 4.2]), [5.077582561890373, 0.5]); // not where it was recorded
/// assert_eq!(f.value(&[0.0, 3.0]), 0.0);
/// ```
///
/// # Panics
/// If the result is a variable of another tape than the one that `x` is on.
#[track_caller]
pub fn record(mut f: impl FnMut(&[Var]) -> Var, x: &[f64]) -> Recording {
    recorded(&mut |x| vec![f(x)], x)
}

/// [`record`](fn@record) for a function with several results, whose derivatives are a [`jacobian`](Recording::jacobian).
///
/// ```
/// use adlab::{Scalar, record_many};
///
/// let mut f = record_many(|x| vec![x[0] * x[1], x[0].sin(), x[1].exp()], &[1.0, 2.0]);
/// assert_eq!(f.values(&[0.0, 3.0])[..2], [0.0, 0.0]);
/// assert_eq!(f.jacobian(&[0.5, 0.0]).to_string(), "[[0, 0.5], [0.8776, 0], [0, 1]]");
/// ```
///
/// # Panics
/// As [`record`](fn@record).
#[track_caller]
pub fn record_many(mut f: impl FnMut(&[Var]) -> Vec<Var>, x: &[f64]) -> Recording {
    recorded(&mut f, x)
}

#[track_caller]
fn recorded(f: &mut dyn FnMut(&[Var]) -> Vec<Var>, x: &[f64]) -> Recording {
    let tape = Tape::guarded();
    let inputs = tape.vars(x);
    let results = f(&inputs);
    let mut places = Vec::with_capacity(results.len());
    for &result in &results {
        places.push(tape.place(result).map_or((NONE, result.known()), |place| (place as u32, 0.0)));
    }
    let program = tape.read(|nodes, notes| Program::new(nodes, notes, x.len(), &places));
    Recording { program, memory: sweep::Memory::default() }
}

/// A function that was recorded by [`record`](fn@record), and is replayed at other inputs: value and gradient without running it.
///
/// It is for many gradients of one function that has more to do than to compute, or is compiled with little optimisation,
/// where a replay is some ten times as fast as [`gradient`](crate::gradient). Of a plain formula that is compiled for speed,
/// as cells with loops are, it is as fast.
///
/// What is recorded are the operations that were done. So it is right wherever the function does the same: its loops run as
/// often, its branches go the same way, and it computes with the same plain numbers. A replay checks all that the function
/// found out about its numbers, by `<`, `==` and the like, or by taking the plain value: where another answer comes out,
/// [`try_gradient`](Recording::try_gradient) gives [`Error::OtherBranch`] or [`Error::OtherValue`], and the plain forms
/// panic with its text. Then record again:
///
/// ```
/// use adlab::{Error, record};
///
/// let f = |x: &[adlab::Var]| if x[0] > 0.0 { x[0] * x[0] } else { -x[0] };
/// let mut square = record(f, &[1.0]);
/// assert_eq!(square.gradient(&[3.0]), [6.0]);
/// assert!(matches!(square.try_gradient(&[-3.0]), Err(Error::OtherBranch { .. })));
/// let mut negative = record(f, &[-3.0]);
/// assert_eq!(negative.gradient(&[-3.0]), [-1.0]);
/// ```
///
/// `abs`, `relu`, `min`, `max` and `floor` are operations and no branches: they are replayed everywhere. What the function
/// has from elsewhere, a variable that it captures or a random number, stays as it was.
#[derive(Clone)]
pub struct Recording {
    program: Program,
    memory: sweep::Memory,
}

impl Recording {
    /// The value at `x`.
    ///
    /// # Panics
    /// If there are not as many numbers in `x` as the function has inputs, if it would do something else there than when
    /// it was recorded, or if it has not one result. All methods panic so.
    #[track_caller]
    pub fn value(&mut self, x: &[f64]) -> f64 {
        expect(self.run(x));
        self.one();
        self.results()[0]
    }

    /// All results at `x`.
    #[track_caller]
    pub fn values(&mut self, x: &[f64]) -> Vec<f64> {
        expect(self.run(x));
        self.results()
    }

    /// The gradient at `x`.
    #[track_caller]
    pub fn gradient(&mut self, x: &[f64]) -> Vec<f64> {
        self.value_and_gradient(x).1
    }

    /// [`gradient`](Recording::gradient) with a `Result`.
    #[track_caller]
    pub fn try_gradient(&mut self, x: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(self.try_value_and_gradient(x)?.1)
    }

    /// Value and gradient at `x`.
    #[track_caller]
    pub fn value_and_gradient(&mut self, x: &[f64]) -> (f64, Vec<f64>) {
        expect(self.try_value_and_gradient(x))
    }

    /// [`value_and_gradient`](Recording::value_and_gradient) with a `Result`.
    #[track_caller]
    pub fn try_value_and_gradient(&mut self, x: &[f64]) -> Result<(f64, Vec<f64>), Error> {
        self.one();
        self.run(x)?;
        let [gradient] = self.memory.adjoints(&self.program, [self.program.results[0]]);
        Ok((self.results()[0], gradient))
    }

    /// The matrix of all results' derivatives at `x`: a row for each result, a column for each input.
    #[track_caller]
    pub fn jacobian(&mut self, x: &[f64]) -> Tensor {
        expect(self.try_jacobian(x))
    }

    /// [`jacobian`](Recording::jacobian) with a `Result`.
    pub fn try_jacobian(&mut self, x: &[f64]) -> Result<Tensor, Error> {
        self.run(x)?;
        let results = &self.program.results;
        let mut rows = Vec::with_capacity(results.len() * x.len());
        // Several results in one pass: reading the record is most of the work.
        let (fours, rest) = results.as_chunks::<4>();
        fours.iter().for_each(|&four| rows.extend(self.memory.adjoints(&self.program, four).concat()));
        rest.iter().for_each(|&one| rows.extend(self.memory.adjoints(&self.program, [one]).concat()));
        Ok(Tensor::from_vec(rows, &[results.len(), x.len()]))
    }

    /// How many operations are replayed. What no result depends on is left out.
    pub fn len(&self) -> usize {
        self.program.steps.len()
    }

    /// True if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Computes all values, and asks again what the function asked.
    fn run(&mut self, x: &[f64]) -> Result<(), Error> {
        if x.len() != self.program.inputs {
            return Err(Error::Inputs { wanted: self.program.inputs, given: x.len() });
        }
        self.memory.run(&mut self.program, x);
        self.program.guards.iter().try_for_each(|guard| guard.check(&self.memory.values))
    }

    fn results(&self) -> Vec<f64> {
        self.program.results.iter().map(|result| self.memory.values[result.place as usize]).collect()
    }

    #[track_caller]
    fn one(&self) {
        let count = self.program.results.len();
        assert!(
            count == 1,
            "this function has {count} results, and only one has a gradient: ask for values or jacobian"
        );
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording of {} operations", self.len())
    }
}
