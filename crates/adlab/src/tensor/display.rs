//! How a tensor is written: nested lists, as in PyTorch and NumPy.

use std::fmt;

use super::Tensor;

/// `[[2.5403], [3.1585]]`: at most four decimals, or as many as the format asks for (`{:.15}`).
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.precision() {
            Some(digits) => write_nested(self, f, &|x, f| write!(f, "{x:.digits$}")),
            None => write_nested(self, f, &|x, f| f.write_str(&short(x))),
        }
    }
}

/// All digits.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nested(self, f, &|x, f| write!(f, "{x:?}"))
    }
}

type WriteNumber<'a> = &'a dyn Fn(f64, &mut fmt::Formatter<'_>) -> fmt::Result;

fn write_nested(tensor: &Tensor, f: &mut fmt::Formatter<'_>, number: WriteNumber) -> fmt::Result {
    write_axis(&tensor.inner.layout.shape, &tensor.numbers(), f, number)
}

fn write_axis(shape: &[usize], data: &[f64], f: &mut fmt::Formatter<'_>, number: WriteNumber) -> fmt::Result {
    let Some((&size, inner)) = shape.split_first() else {
        return number(data[0], f);
    };
    let step = inner.iter().product::<usize>();
    f.write_str("[")?;
    for i in 0..size {
        if i > 0 {
            f.write_str(", ")?;
        }
        write_axis(inner, &data[i * step..(i + 1) * step], f, number)?;
    }
    f.write_str("]")
}

fn short(x: f64) -> String {
    let size = x.abs();
    if x != 0.0 && x.is_finite() && !(1e-4..1e7).contains(&size) {
        return format!("{x:.4e}");
    }
    let text = format!("{x:.4}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
