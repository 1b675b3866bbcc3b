//! Tensors from numbers.

use super::Tensor;

/// A tensor from a number, an array, an array of arrays, or vectors.
///
/// ```
/// use adlab::tensor;
///
/// assert_eq!(tensor([[2.0], [1.0], [10.0]]).shape(), [3, 1]);
/// ```
#[track_caller]
pub fn tensor(data: impl Into<Tensor>) -> Tensor {
    data.into()
}

impl From<f64> for Tensor {
    fn from(number: f64) -> Tensor {
        Tensor::full(&[], number)
    }
}

impl<const N: usize> From<[f64; N]> for Tensor {
    fn from(numbers: [f64; N]) -> Tensor {
        Tensor::from(&numbers[..])
    }
}

impl<const N: usize, const M: usize> From<[[f64; M]; N]> for Tensor {
    fn from(rows: [[f64; M]; N]) -> Tensor {
        Tensor::new(&[N, M], rows.as_flattened().to_vec())
    }
}

impl<const N: usize, const M: usize, const L: usize> From<[[[f64; L]; M]; N]> for Tensor {
    fn from(blocks: [[[f64; L]; M]; N]) -> Tensor {
        Tensor::new(&[N, M, L], blocks.as_flattened().as_flattened().to_vec())
    }
}

impl From<&[f64]> for Tensor {
    fn from(numbers: &[f64]) -> Tensor {
        Tensor::collect(&[numbers.len()], numbers.iter().copied())
    }
}

impl From<Vec<f64>> for Tensor {
    fn from(numbers: Vec<f64>) -> Tensor {
        Tensor::new(&[numbers.len()], numbers)
    }
}

/// # Panics
/// If the rows differ in length.
impl From<Vec<Vec<f64>>> for Tensor {
    #[track_caller]
    fn from(rows: Vec<Vec<f64>>) -> Tensor {
        let columns = rows.first().map_or(0, Vec::len);
        assert!(rows.iter().all(|row| row.len() == columns), "the rows of a tensor must be equally long");
        Tensor::from_vec(rows.concat(), &[rows.len(), columns])
    }
}

/// The same tensor under another name.
impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Tensor {
        tensor.clone()
    }
}
