//! Jacobian matrices, by the mode that needs fewer passes.

use std::fmt;
use std::ops::Deref;

use crate::reverse::{Tape, Var};
use crate::tensor::Tensor;

/// In which direction a derivative is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From the inputs to the outputs: one pass for each input.
    Forward,
    /// From the outputs to the inputs: one pass for each output.
    Reverse,
}

/// All derivatives of m outputs by n inputs. It is the m × n matrix J with J_ij = ∂fᵢ/∂xⱼ, and says how it was computed.
#[derive(Clone)]
pub struct Jacobian {
    /// The m × n matrix.
    pub matrix: Tensor,
    /// Which mode was used.
    pub mode: Mode,
}

/// The Jacobian matrix of `f` at `x`: J_ij = ∂fᵢ/∂xⱼ, a row for each output and a column for each input.
///
/// `f` is run once and recorded. Then the record is passed once for each input forwards, or once for each output
/// backwards, whichever is fewer (backwards, if they are as many); `mode` of the result says which. Backwards, a pass takes
/// four outputs along. The result is used as a matrix:
///
/// ```
/// use adlab::{Mode, Scalar, jacobian};
///
/// let j = jacobian(|x| vec![x[0] * x[1], x[0].sin(), x[1].exp()], &[0.5, 0.0]);
/// assert_eq!(j.mode, Mode::Forward); // 2 inputs, 3 outputs
/// assert_eq!(j.shape(), [3, 2]);
/// assert_eq!(j.get(&[0, 1]), 0.5);
/// assert_eq!(j.to_string(), "[[0, 0.5], [0.8776, 0], [0, 1]]");
/// ```
///
/// # Panics
/// If a result is a variable of another tape than the one that `x` is on.
#[track_caller]
pub fn jacobian(mut f: impl FnMut(&[Var]) -> Vec<Var>, x: &[f64]) -> Jacobian {
    recorded(&mut f, x)
}

#[track_caller]
fn recorded(f: &mut dyn FnMut(&[Var]) -> Vec<Var>, x: &[f64]) -> Jacobian {
    let tape = Tape::unseen();
    let inputs = tape.vars(x);
    let outputs = f(&inputs);
    let (m, n) = (outputs.len(), inputs.len());
    let mut matrix = vec![0.0; m * n];
    let mode = if n < m { Mode::Forward } else { Mode::Reverse };
    match mode {
        Mode::Forward => {
            for (j, &input) in inputs.iter().enumerate() {
                for (i, derivative) in tape.forward(input, &outputs).into_iter().enumerate() {
                    matrix[i * n + j] = derivative;
                }
            }
        }
        Mode::Reverse => {
            matrix.clear();
            let (fours, rest) = outputs.as_chunks::<4>();
            for &four in fours {
                matrix.extend(tape.rows(four, n).concat());
            }
            for &output in rest {
                matrix.extend(tape.rows([output], n).concat());
            }
        }
    }
    Jacobian { matrix: Tensor::from_vec(matrix, &[m, n]), mode }
}

impl Deref for Jacobian {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.matrix
    }
}

/// As the matrix.
impl fmt::Display for Jacobian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.matrix, f)
    }
}

/// The matrix, and how it was computed.
impl fmt::Debug for Jacobian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.matrix, self.mode)
    }
}

/// In words.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Forward => "forward mode, one pass for each input",
            Mode::Reverse => "reverse mode, one pass for each output",
        })
    }
}
