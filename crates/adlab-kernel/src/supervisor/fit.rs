//! One output in the bounds of what a page bears: a long text loses its middle, and a picture that is too big is left out.

use crate::event::Bundle;

/// The longest text; of a longer one, the beginning and the end.
const MOST_TEXT: usize = 20_000;
const END: usize = 4_000;
/// The longest form of any other kind.
const MOST_BYTES: usize = 10_000_000;

const PLAIN: &str = "text/plain";

pub fn fit(bundle: Bundle) -> Bundle {
    let is_big = |mime: &str, content: &str| content.len() > if mime == PLAIN { MOST_TEXT } else { MOST_BYTES };
    if !bundle.iter().any(|(mime, content)| is_big(mime, content)) {
        return bundle;
    }
    let (big, mut fitting): (Bundle, Bundle) = bundle.into_iter().partition(|(mime, content)| is_big(mime, content));
    for (mime, content) in big {
        let words = match mime == PLAIN {
            true => shorten(&content),
            false => format!("(its form {mime} is left out: {} are too much for a page)", size(content.len())),
        };
        match fitting.iter_mut().find(|(known, _)| known == PLAIN) {
            Some((_, text)) => *text = format!("{text}\n{words}"),
            None => fitting.push((PLAIN.into(), words)),
        }
    }
    fitting
}

/// The beginning and the end of a text, and how much is left out, where it is long.
pub fn shorten(text: &str) -> String {
    if text.len() <= MOST_TEXT {
        return text.to_owned();
    }
    let begin = text.floor_char_boundary(MOST_TEXT - END);
    let end = text.ceil_char_boundary(text.len() - END);
    format!("{} … ({} left out) … {}", &text[..begin], size(end - begin), &text[end..])
}

pub fn size(bytes: usize) -> String {
    match bytes {
        ..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_big_is_shortened_or_left_out_with_a_word() {
        let form = |mime: &str, content: &str| (mime.to_owned(), content.to_owned());
        let small = vec![form("text/html", "<b>"), form(PLAIN, "b")];
        assert_eq!(fit(small.clone()), small);
        let html = "x".repeat(MOST_BYTES + 1);
        let left_out = "(its form text/html is left out: 10.0 MB are too much for a page)";
        assert_eq!(fit(vec![form("text/html", &html)]), [form(PLAIN, left_out)]);
        assert_eq!(
            fit(vec![form("text/html", &html), form(PLAIN, "b"), form("image/png", "")]),
            [form(PLAIN, &format!("b\n{left_out}")), form("image/png", "")]
        );
        let text = fit(vec![form(PLAIN, &format!("{}end", "∂".repeat(MOST_TEXT)))]).remove(0).1;
        assert!(text.len() < MOST_TEXT + 100 && text.starts_with('∂') && text.ends_with("∂end"));
        assert!(text.contains("∂ … (41 kB left out) … ∂"));
    }
}
