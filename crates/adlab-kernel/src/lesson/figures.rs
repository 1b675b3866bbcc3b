//! A figure says what it shows to those who can't see it: in text, and within its SVG.

use super::cells::cells;
use crate::notebook::file::{self, Notebook};

/// Less than this is no more than a word for "figure".
const FEWEST_LETTERS: usize = 80;

pub fn faults(notebook: &Notebook) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, cell) in cells(notebook, "code") {
        for output in cell["outputs"].as_array().into_iter().flatten() {
            let data = &output["data"];
            if data["image/png"].is_null() && data["image/svg+xml"].is_null() {
                continue;
            }
            if file::text(&data["text/plain"]).chars().count() < FEWEST_LETTERS {
                faults.push(format!("{name}: its figure has no text/plain that says what is in it"));
            }
            let svg = file::text(&data["image/svg+xml"]);
            if !["<title", "<desc", "aria-label=\""].iter().any(|label| svg.contains(label)) {
                faults.push(format!(
                    "{name}: its figure has nothing that a screen reader could read: <title>, or aria-label"
                ));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cells::notebook;
    use super::*;

    #[test]
    fn figures_have_words() {
        let found = |text: &str, svg: &str| {
            let data = json!({ "image/png": "", "text/plain": text, "image/svg+xml": svg });
            let outputs = json!([{ "output_type": "display_data", "metadata": {}, "data": data }]);
            let cells = json!([{ "cell_type": "code", "id": "a", "metadata": {}, "source": "", "outputs": outputs }]);
            faults(&notebook(cells)).len()
        };
        let words = "a curve that rises ".repeat(5);
        assert_eq!(found(&words, "<svg><title>A curve</title></svg>"), 0);
        assert_eq!(found(&words, "<svg></svg>"), 1);
        assert_eq!(found("Figure", "<svg aria-label=\"A curve\"></svg>"), 1);
    }
}
