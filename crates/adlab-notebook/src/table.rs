//! Tapes and tensors as tables.

use std::fmt::Write;

use adlab::{Jacobian, Op, Operand, Tape, Tensor};

use crate::graph::{formula, name};
use crate::number::short;
use crate::output::Bundle;
use crate::shorten;

/// Rows and columns that are shown; of more, the first and the last ones.
const MOST: usize = 12;

/// What a tape has recorded, a row for each operation.
pub(crate) fn tape(tape: &Tape) -> Bundle {
    let records = tape.records();
    let mut html =
        "<table><thead><tr><th></th><th>operation</th><th>value</th><th>local derivatives</th></tr></thead><tbody>"
            .to_owned();
    for place in ends(records.len(), 2 * MOST) {
        let Some(record) = place.map(|i| &records[i]) else {
            html.push_str("<tr><td>⋮</td><td></td><td></td><td></td></tr>");
            continue;
        };
        let operation = if record.op == Op::Input { "input".to_owned() } else { formula(record, &records) };
        let derivatives = record.operands.iter().filter_map(|operand| match operand {
            Operand::Node { index, partial } => {
                Some(format!("∂/∂{} = {}", escape(&name(&records[*index])), short(*partial)))
            }
            Operand::Constant(_) => None,
        });
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&name(record)),
            escape(&operation),
            short(record.value),
            derivatives.collect::<Vec<_>>().join(", "),
        );
    }
    html.push_str("</tbody></table>");
    Bundle::default().with("text/html", html).with("text/plain", shorten::display(tape).trim_end())
}

/// A vector as a row, a matrix as a table; a single number, and what has more axes, as text only.
pub(crate) fn tensor(tensor: &Tensor) -> Bundle {
    let shape = tensor.shape();
    let (rows, columns) = match shape[..] {
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        _ => return Bundle::text(tensor_text(tensor)),
    };
    let values = tensor.to_vec();
    let mut html = "<table>".to_owned();
    for row in ends(rows, MOST) {
        html.push_str("<tr>");
        for column in ends(columns, MOST) {
            let cell = match (row, column) {
                (Some(i), Some(j)) => short(values[i * columns + j]),
                (Some(_), None) => "…".to_owned(),
                (None, Some(_)) => "⋮".to_owned(),
                (None, None) => "⋱".to_owned(),
            };
            let _ = write!(html, "<td>{cell}</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
    if rows.max(columns) > MOST {
        let _ = write!(html, "{}", size(&shape));
    }
    Bundle::default().with("text/html", html).with("text/plain", tensor_text(tensor))
}

/// The matrix as a table, and which mode computed it.
pub(crate) fn jacobian(jacobian: &Jacobian) -> Bundle {
    let matrix = tensor(&jacobian.matrix);
    let html = matrix.get("text/html").unwrap_or_default();
    Bundle::default()
        .with("text/html", format!("{html}{}", jacobian.mode))
        .with("text/plain", format!("{}  ({})", tensor_text(&jacobian.matrix), jacobian.mode))
}

/// As lists; of a long tensor, the first and the last of each axis that is long.
fn tensor_text(tensor: &Tensor) -> String {
    const LONG: usize = 100;
    let shape = tensor.shape();
    if tensor.numel() <= LONG || shape.iter().all(|&length| length <= MOST) {
        return shorten::display(tensor);
    }
    let mut text = String::new();
    write_axes(&mut text, &shape, &tensor.to_vec());
    format!("{text}  ({})", size(&shape))
}

fn write_axes(text: &mut String, shape: &[usize], numbers: &[f64]) {
    let Some((&length, inner)) = shape.split_first() else {
        let _ = write!(text, "{}", adlab::tensor(numbers[0]));
        return;
    };
    let step = inner.iter().product::<usize>();
    text.push('[');
    for (number, place) in ends(length, if length > MOST { 6 } else { length }).into_iter().enumerate() {
        text.push_str(if number > 0 { ", " } else { "" });
        match place {
            Some(i) => write_axes(text, inner, &numbers[i * step..(i + 1) * step]),
            None => text.push('…'),
        }
    }
    text.push(']');
}

/// `150 × 4`
fn size(shape: &[usize]) -> String {
    match shape {
        [one] => format!("{one} numbers"),
        _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × "),
    }
}

/// The numbers from 0 to `count`, or the first and the last of them with `None` in between.
fn ends(count: usize, most: usize) -> Vec<Option<usize>> {
    if count <= most {
        return (0..count).map(Some).collect();
    }
    let (first, last) = (0..most / 2, count - most / 2..count);
    first.map(Some).chain([None]).chain(last.map(Some)).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use adlab::Scalar;

    use super::*;

    #[test]
    fn a_tape_is_a_table_of_operations() {
        let record = Tape::new();
        let x = record.named("<x>", 0.5);
        let _ = 3.0 - x * x;
        let bundle = tape(&record);
        let html = bundle.get("text/html").expect("a table");
        assert!(html.contains("<tr><td>&lt;x&gt;</td><td>input</td><td>0.5</td><td></td></tr>"), "{html}");
        assert!(
            html.contains(
                "<td>v1</td><td>&lt;x&gt; × &lt;x&gt;</td><td>0.25</td><td>∂/∂&lt;x&gt; = 0.5, ∂/∂&lt;x&gt; = 0.5</td>"
            ),
            "{html}"
        );
        assert!(html.contains("<td>v2</td><td>3 − v1</td><td>2.75</td><td>∂/∂v1 = -1</td>"), "{html}");
    }

    #[test]
    fn functions_of_two_are_written_as_such() {
        let record = Tape::new();
        let (x, y) = (record.named("x", 0.5), record.named("y", 1.0));
        let _ = x.max(y).pow(y);
        let bundle = tape(&record);
        let html = bundle.get("text/html").expect("a table");
        assert!(html.contains("<td>max(x, y)</td>") && html.contains("<td>v2 ^ y</td>"), "{html}");
    }

    #[test]
    fn a_jacobian_is_a_table_with_its_mode() {
        let bundle = jacobian(&adlab::jacobian(|x| vec![x[0] * x[1]], &[2.0, 3.0]));
        let mode = "reverse mode, one pass for each output";
        assert_eq!(bundle.get("text/html"), Some(&*format!("<table><tr><td>3</td><td>2</td></tr></table>{mode}")));
        assert_eq!(bundle.get("text/plain"), Some(&*format!("[[3, 2]]  ({mode})")));
    }

    #[test]
    fn a_long_tape_is_cut() {
        let record = Tape::new();
        let mut x = record.var(1.0);
        for _ in 0..100 {
            x += 1.0;
        }
        let bundle = tape(&record);
        let html = bundle.get("text/html").expect("a table");
        assert!(html.matches("<tr>").count() == 2 * MOST + 2 && html.contains("⋮") && html.contains("v100"));
        for _ in 0..10_000 {
            x += 1.0;
        }
        let bundle = tape(&record);
        let text = bundle.get("text/plain").expect("text");
        assert!(text.len() < 5000 && text.contains("\n⋮\n") && text.contains("10100"), "{text}");
    }

    #[test]
    fn tensors_are_tables_by_their_shape() {
        let forms = |t: &Tensor| {
            (tensor(t).get("text/html").map(str::to_owned), tensor(t).get("text/plain").map(str::to_owned))
        };
        assert_eq!(forms(&adlab::tensor(0.5)), (None, Some("0.5".into())));
        let (html, text) = forms(&adlab::tensor([[1.0], [2.25]]));
        assert_eq!(html.as_deref(), Some("<table><tr><td>1</td></tr><tr><td>2.25</td></tr></table>"));
        assert_eq!(text.as_deref(), Some("[[1], [2.25]]"));
    }

    #[test]
    fn long_tensors_are_cut() {
        let bundle = tensor(&crate::iris().features);
        let html = bundle.get("text/html").expect("a table");
        assert!(html.ends_with("</table>150 × 4") && html.matches("<tr>").count() == MOST + 1, "{html}");
        assert_eq!(
            bundle.get("text/plain"),
            Some(
                "[[5.1, 3.5, 1.4, 0.2], [4.9, 3, 1.4, 0.2], [4.7, 3.2, 1.3, 0.2], …, [6.5, 3, 5.2, 2], [6.2, 3.4, 5.4, 2.3], [5.9, 3, 5.1, 1.8]]  (150 × 4)"
            )
        );
        let text = |shape: &[usize]| tensor(&Tensor::zeros(shape)).get("text/plain").expect("text").to_owned();
        assert_eq!(text(&[1000]), "[0, 0, 0, …, 0, 0, 0]  (1000 numbers)");
        let row = "[0, 0, 0, …, 0, 0, 0]";
        assert_eq!(text(&[2, 300_000]), format!("[{row}, {row}]  (2 × 300000)"));
        assert_eq!(text(&[3, 1, 50]), format!("[[{row}], [{row}], [{row}]]  (3 × 1 × 50)"));
        assert_eq!(text(&[0, 500]), "[]");
        // No axis is long, and all of them are many.
        assert!(text(&[2; 16]).len() < 5000);
    }
}
