//! Every tensor operation, by name: what the tests of gradients and of PyTorch's results are about.

use adlab::Tensor;

/// An operation on some tensors.
pub type Operation = fn(&[Tensor]) -> Tensor;

/// From where its inputs are drawn, so that it is smooth there.
#[derive(Clone, Copy)]
pub enum Inputs {
    /// One tensor of any shape, with numbers in this range.
    One(f64, f64),
    /// Two that are broadcast, with numbers in these ranges.
    Two((f64, f64), (f64, f64)),
    /// Tensors of these shapes, with numbers of both signs.
    Shapes(&'static [&'static [usize]]),
}

use Inputs::{One, Shapes, Two};

pub const ANY: (f64, f64) = (-2.0, 2.0);
const POSITIVE: (f64, f64) = (0.3, 3.0);
const CUBE: Inputs = Shapes(&[&[2, 3, 4]]);
const MATRIX: Inputs = Shapes(&[&[2, 3]]);

pub fn operations() -> Vec<(&'static str, Inputs, Operation)> {
    let mut all: Vec<(&'static str, Inputs, Operation)> = vec![
        ("sin", One(-4.0, 4.0), |x| x[0].sin()),
        ("cos", One(-4.0, 4.0), |x| x[0].cos()),
        ("tan", One(-1.2, 1.2), |x| x[0].tan()),
        ("asin", One(-0.9, 0.9), |x| x[0].asin()),
        ("acos", One(-0.9, 0.9), |x| x[0].acos()),
        ("atan", One(-4.0, 4.0), |x| x[0].atan()),
        ("sinh", One(-3.0, 3.0), |x| x[0].sinh()),
        ("cosh", One(-3.0, 3.0), |x| x[0].cosh()),
        ("tanh", One(-3.0, 3.0), |x| x[0].tanh()),
        ("asinh", One(-4.0, 4.0), |x| x[0].asinh()),
        ("acosh", One(1.1, 5.0), |x| x[0].acosh()),
        ("atanh", One(-0.9, 0.9), |x| x[0].atanh()),
        ("exp", One(-3.0, 3.0), |x| x[0].exp()),
        ("exp2", One(-3.0, 3.0), |x| x[0].exp2()),
        ("exp_m1", One(-3.0, 3.0), |x| x[0].exp_m1()),
        ("ln", One(0.2, 5.0), |x| x[0].ln()),
        ("log2", One(0.2, 5.0), |x| x[0].log2()),
        ("log10", One(0.2, 5.0), |x| x[0].log10()),
        ("ln_1p", One(-0.8, 4.0), |x| x[0].ln_1p()),
        ("sqrt", One(0.2, 5.0), |x| x[0].sqrt()),
        ("cbrt", One(0.2, 5.0), |x| x[0].cbrt()),
        ("recip", One(0.3, 5.0), |x| x[0].recip()),
        ("abs", One(0.1, 5.0), |x| x[0].abs()),
        ("sign", One(0.1, 5.0), |x| x[0].sign()),
        ("floor", One(0.1, 0.9), |x| x[0].floor()),
        ("relu", One(0.1, 5.0), |x| x[0].relu()),
        ("sigmoid", One(-6.0, 6.0), |x| x[0].sigmoid()),
        ("softplus", One(-6.0, 6.0), |x| x[0].softplus()),
        ("erf", One(-2.0, 2.0), |x| x[0].erf()),
        ("square", One(-3.0, 3.0), |x| x[0].square()),
        ("powi 3", One(-3.0, 3.0), |x| x[0].powi(3)),
        ("powi -2", One(0.4, 3.0), |x| x[0].powi(-2)),
        ("powi 0", One(-3.0, 3.0), |x| x[0].powi(0)),
        ("powf 2.5", One(0.2, 3.0), |x| x[0].powf(2.5)),
        ("clamp", One(-0.45, 0.45), |x| x[0].clamp(-0.5, 0.5)),
        ("neg", One(-3.0, 3.0), |x| -&x[0]),
        ("add", Two(ANY, ANY), |x| &x[0] + &x[1]),
        ("sub", Two(ANY, ANY), |x| &x[0] - &x[1]),
        ("mul", Two(ANY, ANY), |x| &x[0] * &x[1]),
        ("div", Two(ANY, POSITIVE), |x| &x[0] / &x[1]),
        ("pow", Two(POSITIVE, ANY), |x| x[0].pow(&x[1])),
        ("maximum", Two((-3.0, -0.1), (0.1, 3.0)), |x| x[0].maximum(&x[1])),
        ("minimum", Two((-3.0, -0.1), (0.1, 3.0)), |x| x[0].minimum(&x[1])),
        ("atan2", Two(ANY, POSITIVE), |x| x[0].atan2(&x[1])),
        ("hypot", Two(ANY, POSITIVE), |x| x[0].hypot(&x[1])),
        ("add_", Shapes(&[&[2, 3], &[3]]), |x| (&x[0] * 1.0).add_(&x[1])),
        ("sub_", Shapes(&[&[2, 3], &[3]]), |x| (&x[0] * 1.0).sub_(&x[1])),
        ("mul_", Shapes(&[&[2, 3], &[3]]), |x| (&x[0] * 1.0).mul_(&x[1])),
        ("div_", Two(ANY, POSITIVE), |x| {
            // What is changed has the shape of both.
            (&x[0] + &x[1] * 0.0).div_(&x[1])
        }),
        ("mul_ of a view", Shapes(&[&[2, 3], &[3]]), |x| {
            let y = &x[0] * 1.0;
            y.at(1).mul_(&x[1]);
            y.t().at(0).add_(x[0].select(1, 2)).mul_(2.0);
            y.square()
        }),
        ("sum", CUBE, |x| x[0].sum()),
        ("mean", CUBE, |x| x[0].mean()),
        ("var", CUBE, |x| x[0].var()),
        ("std", MATRIX, |x| x[0].std()),
        ("norm", MATRIX, |x| x[0].norm()),
        ("logsumexp", MATRIX, |x| x[0].logsumexp()),
        ("max", MATRIX, |x| x[0].max()),
        ("min", MATRIX, |x| x[0].min()),
        ("matmul", Shapes(&[&[2, 3], &[3, 4]]), |x| x[0].matmul(&x[1])),
        ("reshape", CUBE, |x| x[0].reshape(&[4, 6])),
        ("flatten", MATRIX, |x| x[0].flatten()),
        ("unsqueeze", MATRIX, |x| x[0].unsqueeze(1)),
        ("squeeze", Shapes(&[&[2, 1, 3]]), |x| x[0].squeeze(1)),
        ("expand", Shapes(&[&[2, 1]]), |x| x[0].expand(&[4, 2, 3])),
        ("permute", CUBE, |x| x[0].permute(&[2, 0, 1])),
        ("transpose", CUBE, |x| x[0].transpose(0, 2)),
        ("t", MATRIX, |x| x[0].t()),
        ("at", MATRIX, |x| x[0].at(1)),
        ("select", CUBE, |x| x[0].select(1, 2)),
        ("slice", CUBE, |x| x[0].slice(1, 1..3)),
        ("index_select", CUBE, |x| x[0].index_select(1, &[1, 0, 1])),
        ("gather", MATRIX, |x| x[0].gather(1, &[2, 2, 0, 1])),
        ("concat", Shapes(&[&[2, 1], &[2, 3]]), |x| Tensor::concat(&[&x[0], &x[1]], 1)),
        ("stack", Shapes(&[&[2, 3], &[2, 3]]), |x| Tensor::stack(&[&x[0], &x[1]], 1)),
        ("where_", Shapes(&[&[2, 3], &[3]]), |x| Tensor::where_(&x[0].greater(&x[1]), &x[0] * &x[1], &x[1])),
        ("mse_loss", Shapes(&[&[3, 2], &[3, 2]]), |x| x[0].mse_loss(&x[1])),
        ("cross_entropy", Shapes(&[&[4, 3]]), |x| x[0].cross_entropy(&[2, 0, 1, 2])),
        ("nll_loss", Shapes(&[&[4, 3]]), |x| x[0].nll_loss(&[2, 0, 1, 2])),
        ("binary_cross_entropy", Two((0.05, 0.95), (0.05, 0.95)), |x| {
            // Both must have the same shape.
            let shape = (&x[0] + &x[1]).shape();
            x[0].expand(&shape).binary_cross_entropy(&x[1].expand(&shape))
        }),
        ("binary_cross_entropy_with_logits", Shapes(&[&[5], &[5]]), |x| x[0].binary_cross_entropy_with_logits(&x[1])),
    ];
    let along: [(&'static str, [Operation; 3]); 9] = [
        ("sum_axis", [|x| x[0].sum_axis(0), |x| x[0].sum_axis(1), |x| x[0].sum_axis(2)]),
        ("mean_axis", [|x| x[0].mean_axis(0), |x| x[0].mean_axis(1), |x| x[0].mean_axis(2)]),
        ("var_axis", [|x| x[0].var_axis(0), |x| x[0].var_axis(1), |x| x[0].var_axis(2)]),
        ("norm_axis", [|x| x[0].norm_axis(0), |x| x[0].norm_axis(1), |x| x[0].norm_axis(2)]),
        ("logsumexp_axis", [|x| x[0].logsumexp_axis(0), |x| x[0].logsumexp_axis(1), |x| x[0].logsumexp_axis(2)]),
        ("softmax", [|x| x[0].softmax(0), |x| x[0].softmax(1), |x| x[0].softmax(2)]),
        ("log_softmax", [|x| x[0].log_softmax(0), |x| x[0].log_softmax(1), |x| x[0].log_softmax(2)]),
        ("max_axis", [|x| x[0].max_axis(0), |x| x[0].max_axis(1), |x| x[0].max_axis(2)]),
        ("min_axis", [|x| x[0].min_axis(0), |x| x[0].min_axis(1), |x| x[0].min_axis(2)]),
    ];
    for (name, forms) in along {
        for (axis, form) in forms.into_iter().enumerate() {
            all.push((format!("{name} {axis}").leak(), CUBE, form));
        }
    }
    all
}
