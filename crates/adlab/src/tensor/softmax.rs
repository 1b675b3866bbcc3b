//! Exponentials that are added up: log-sum-exp, softmax, and its logarithm.
//!
//! Each is one operation, with the greatest number taken off before the exponential: done by hand, e¹⁰⁰⁰ overflows, and the
//! logarithm of what has vanished is −∞.

use super::data::{Rule, Tensor};
use super::graph::is_recording;
use super::sums::sum;
use crate::error::{Error, expect};

impl Tensor {
    /// ln Σeˣ of all numbers. Its gradient is the softmax. Of no numbers, it is −∞.
    #[track_caller]
    pub fn logsumexp(&self) -> Tensor {
        expect(self.reshape(&[self.numel()]).try_logsumexp_axis(0))
    }

    /// ln Σeˣ along an axis, which goes away. Its gradient is the softmax.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn logsumexp_axis(&self, axis: usize) -> Tensor {
        expect(self.try_logsumexp_axis(axis))
    }

    /// [`logsumexp_axis`](Tensor::logsumexp_axis) with a `Result`.
    pub fn try_logsumexp_axis(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("logsumexp_axis", axis)?;
        let top = self.fold_axis(axis, f64::NEG_INFINITY, f64::max);
        // An infinite top is all that counts, and ∞ − ∞ would be NaN.
        let top = top.map(|top| if top.is_infinite() { 0.0 } else { top });
        let sums = self.zip(&top.unsqueeze(axis), |x, top| x - top).exponentials().sum_along(axis);
        let result = sums.zip(&top, |sum, top| sum.ln() + top);
        Tensor::record("logsumexp_axis", &[self], result, |recorder| {
            recorder.keep(0);
            // Not e to the power x − y: far out, that difference has lost digits.
            Rule::of_one(move |g, node| Ok(g.try_unsqueeze(axis)? * node.input(0)?.try_softmax(axis)?))
        })
    }

    /// eˣ/Σeˣ along an axis: positive numbers that add up to 1. With its value y, ∂x = y·(g − Σg·y). A score of −∞ gets 0; with
    /// one of +∞, or nothing but −∞, all are NaN.
    ///
    /// Not before [`cross_entropy`](Tensor::cross_entropy), which does this itself.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn softmax(&self, axis: usize) -> Tensor {
        expect(self.try_softmax(axis))
    }

    /// [`softmax`](Tensor::softmax) with a `Result`.
    pub fn try_softmax(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("softmax", axis)?;
        let e = self.below_top(axis).exponentials();
        let result = if e.has_whole_lines(axis) {
            e.by_line(axis, None, |line, _| {
                let total = sum(line);
                line.iter_mut().for_each(|x| *x /= total);
            })
        } else {
            e.zip(&e.sum_along(axis).unsqueeze(axis), |e, total| e / total)
        };
        Tensor::record("softmax", &[self], result, |recorder| {
            recorder.keep_result();
            Rule::of_one(move |g, node| {
                let y = node.result()?;
                let weighted = (g * &y).try_sum_axis(axis)?.try_unsqueeze(axis)?;
                Ok(&y * (g - weighted))
            })
        })
    }

    /// ln(eˣ/Σeˣ) = x − ln Σeˣ along an axis. With its value y, ∂x = g − eʸ·Σg.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn log_softmax(&self, axis: usize) -> Tensor {
        expect(self.try_log_softmax(axis))
    }

    /// [`log_softmax`](Tensor::log_softmax) with a `Result`.
    pub fn try_log_softmax(&self, axis: usize) -> Result<Tensor, Error> {
        self.check_axis("log_softmax", axis)?;
        let below = self.below_top(axis);
        let e = below.exponentials();
        let result = if e.has_whole_lines(axis) {
            below.by_line(axis, Some(&e), |line, e| {
                let total = sum(e).ln();
                line.iter_mut().for_each(|x| *x -= total);
            })
        } else {
            below.zip(&e.sum_along(axis).map(f64::ln).unsqueeze(axis), |x, total| x - total)
        };
        Tensor::record("log_softmax", &[self], result, |recorder| {
            recorder.keep_result();
            Rule::of_one(move |g, node| {
                let e = node.result()?.exp();
                if !is_recording() && g.has_whole_lines(axis) {
                    let by_x = g.by_line(axis, Some(&e), |g, e| {
                        let total = sum(g);
                        g.iter_mut().zip(e).for_each(|(g, e)| *g -= e * total);
                    });
                    return Ok(by_x);
                }
                let total = g.try_sum_axis(axis)?.try_unsqueeze(axis)?;
                Ok(g - e * total)
            })
        })
    }

    /// Each number less the greatest along an axis, without history. Here, as above, lines that stand together are read once;
    /// others side by side.
    fn below_top(&self, axis: usize) -> Tensor {
        if !self.has_whole_lines(axis) {
            return self.zip(&self.fold_axis(axis, f64::NEG_INFINITY, f64::max).unsqueeze(axis), |x, top| x - top);
        }
        self.by_line(axis, None, |line, _| {
            let top = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            line.iter_mut().for_each(|x| *x -= top);
        })
    }
}
