//! Losses: how far an output is from what it should be, as one number.

use std::rc::Rc;

use super::data::{Rule, Tensor};
use super::layout::Places;
use super::sums::sum;
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
        Ok(self.try_sub(target)?.square().mean())
    }

    /// The mean cross-entropy of rows of scores (logits) and the classes that are right: the mean of
    /// −ln softmax(row)\[class\]. Scores, not probabilities: a [`softmax`](Tensor::softmax) before it would be done twice, and
    /// the network would learn badly without a word.
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
    /// −row\[class\]: ∂ = −1/n there, and 0 elsewhere.
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
        let (scores, count) = (self.sizes()[1], classes.len());
        let places: Rc<[usize]> = classes.iter().enumerate().map(|(row, class)| row * scores + class).collect();
        let places = Places::List(places);
        let mean = sum(&places.pick(&self.numbers())) / count as f64;
        Tensor::record("nll_loss", &[self], Tensor::from(-mean), |_| {
            Rule::linear(move |g, shape| {
                let each = (g / -(count as f64)).try_expand(&[count])?;
                Ok(Tensor::put(&[(places.clone(), each)], shape))
            })
        })
    }

    /// The mean binary cross-entropy of probabilities p and targets t, all between 0 and 1: the mean of
    /// −t·ln p − (1 − t)·ln(1 − p). ∂p = (p − t)/(p(1 − p)·n), ∂t = (ln(1 − p) − ln p)/n.
    ///
    /// Probabilities, not scores: those go to [`binary_cross_entropy_with_logits`](Tensor::binary_cross_entropy_with_logits),
    /// which is better than a sigmoid before this, as no digits are lost. Where p is 0 or 1, the logarithm counts as −100, and
    /// p(1 − p) as 1e-12, as in PyTorch: so the loss stays finite.
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let loss = tensor([0.9]).binary_cross_entropy(&tensor([1.0]));
    /// assert_eq!(loss.item(), -0.9f64.ln());
    /// ```
    ///
    /// # Panics
    /// If the target has another shape, or one of the numbers is not between 0 and 1.
    #[track_caller]
    pub fn binary_cross_entropy(&self, target: &Tensor) -> Tensor {
        expect(self.try_binary_cross_entropy(target))
    }

    /// [`binary_cross_entropy`](Tensor::binary_cross_entropy) with a `Result`.
    pub fn try_binary_cross_entropy(&self, target: &Tensor) -> Result<Tensor, Error> {
        const OP: &str = "binary_cross_entropy";
        same_shape(OP, self, target)?;
        for (of, numbers) in [("input", self.numbers()), ("target", target.numbers())] {
            if let Some(&number) = numbers.iter().find(|x| !(0.0..=1.0).contains(*x)) {
                return Err(Error::NotProbability { op: OP, of, number });
            }
        }
        let loss = |p: f64, t: f64| (t - 1.0) * (-p).ln_1p().max(-100.0) - t * p.ln().max(-100.0);
        let losses = Tensor::record(OP, &[self, target], self.zip(target, loss), |recorder| {
            recorder.keep(0);
            recorder.keep(1);
            Rule::map(|g, node| {
                let (p, t) = (node.input(0)?, node.input(1)?);
                let by_p = g * (&p - t) / (&p * (1.0 - &p)).maximum(1e-12);
                Ok([Some(by_p), Some(g * ((-&p).ln_1p() - p.ln()))].into())
            })
        })?;
        Ok(losses.mean())
    }

    /// The mean binary cross-entropy of scores (logits) x and targets t between 0 and 1: the mean of ln(1 + eˣ) − t·x, which
    /// is [`binary_cross_entropy`](Tensor::binary_cross_entropy) of σ(x), without overflow, and with all its digits where the
    /// score is far on the right side. ∂x = (σ(x) − t)/n.
    ///
    /// ```
    /// use adlab::tensor;
    ///
    /// let loss = tensor([40.0]).binary_cross_entropy_with_logits(&tensor([1.0]));
    /// assert_eq!(loss.item(), (-40f64).exp());
    /// ```
    ///
    /// # Panics
    /// If the target has another shape.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits(&self, target: &Tensor) -> Tensor {
        expect(self.try_binary_cross_entropy_with_logits(target))
    }

    /// [`binary_cross_entropy_with_logits`](Tensor::binary_cross_entropy_with_logits) with a `Result`.
    pub fn try_binary_cross_entropy_with_logits(&self, target: &Tensor) -> Result<Tensor, Error> {
        same_shape("binary_cross_entropy_with_logits", self, target)?;
        // ln(1 + eˣ) is softplus(−|x|), and x more where x > 0: what cancels there is left out.
        let side = self.greater_equal(0.0);
        let away = &side * -2.0 + 1.0;
        Ok((self.try_mul(side.try_sub(target)?)? + self.try_mul(away)?.softplus()).mean())
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
    if a.sizes() == b.sizes() { Ok(()) } else { Err(Error::Differ { op, left: a.shape(), right: b.shape() }) }
}
