//! Losses: how far an output is from what it should be, as one number.

use super::Tensor;
use crate::error::{Error, expect};

impl Tensor {
    /// The mean squared error Σ(x − t)²/n: ∂x = 2(x − t)/n.
    ///
    /// # Panics
    /// If the target has another shape.
    #[track_caller]
    pub fn mse_loss(&self, target: &Tensor) -> Tensor {
        expect(self.try_mse_loss(target))
    }

    /// [`mse_loss`](Tensor::mse_loss) with a `Result`.
    pub fn try_mse_loss(&self, target: &Tensor) -> Result<Tensor, Error> {
        same_shape("mse_loss", self, target)?;
        Ok((self - target).square().mean())
    }

    /// The mean cross-entropy of rows of scores (logits) and the classes that are right: the mean of
    /// −ln softmax(row)\[class\].
    ///
    /// It is computed from the scores, by way of [`log_softmax`](Tensor::log_softmax), so that nothing overflows and no
    /// digits are lost. The gradient of a row is (softmax(row) − one-hot(class))/n.
    ///
    /// # Panics
    /// If there is not one class for each row, or a class has no column.
    #[track_caller]
    pub fn cross_entropy(&self, classes: &[usize]) -> Tensor {
        expect(self.try_cross_entropy(classes))
    }

    /// [`cross_entropy`](Tensor::cross_entropy) with a `Result`.
    pub fn try_cross_entropy(&self, classes: &[usize]) -> Result<Tensor, Error> {
        self.check_classes("cross_entropy", classes)?;
        self.try_log_softmax(1)?.try_nll_loss(classes)
    }

    /// The mean negative log-likelihood of rows of logarithms of probabilities and the classes that are right: the mean of
    /// −row\[class\].
    ///
    /// # Panics
    /// If there is not one class for each row, or a class has no column.
    #[track_caller]
    pub fn nll_loss(&self, classes: &[usize]) -> Tensor {
        expect(self.try_nll_loss(classes))
    }

    /// [`nll_loss`](Tensor::nll_loss) with a `Result`.
    pub fn try_nll_loss(&self, classes: &[usize]) -> Result<Tensor, Error> {
        self.check_classes("nll_loss", classes)?;
        Ok(-self.try_gather(1, classes)?.mean())
    }

    /// The mean binary cross-entropy of scores (logits) x and targets t between 0 and 1: the mean of ln(1 + eˣ) − t·x.
    /// ∂x = (σ(x) − t)/n.
    ///
    /// # Panics
    /// If the target has another shape.
    #[track_caller]
    pub fn binary_cross_entropy(&self, target: &Tensor) -> Tensor {
        expect(self.try_binary_cross_entropy(target))
    }

    /// [`binary_cross_entropy`](Tensor::binary_cross_entropy) with a `Result`.
    pub fn try_binary_cross_entropy(&self, target: &Tensor) -> Result<Tensor, Error> {
        same_shape("binary_cross_entropy", self, target)?;
        Ok((self.softplus() - self * target).mean())
    }

    fn check_classes(&self, op: &'static str, classes: &[usize]) -> Result<(), Error> {
        let shape = self.shape();
        match shape[..] {
            [rows, columns] if rows == classes.len() && rows > 0 => match classes.iter().find(|&&c| c >= columns) {
                Some(&index) => Err(Error::Index { what: "class", index, shape }),
                None => Ok(()),
            },
            _ => Err(Error::Classes { op, classes: classes.len(), shape }),
        }
    }
}

/// A target that is broadcast is nearly always a mistake, and hard to find.
fn same_shape(op: &'static str, a: &Tensor, b: &Tensor) -> Result<(), Error> {
    let (left, right) = (a.shape(), b.shape());
    if left == right { Ok(()) } else { Err(Error::Differ { op, left, right }) }
}
