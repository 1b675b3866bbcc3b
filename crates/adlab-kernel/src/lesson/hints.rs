//! Three hints stand above each answer, folded: a question, the rule, nearly the line.

use serde_json::Value;

use super::cells::name;
use crate::notebook::file::{self, Notebook};
use crate::notebook::markers;

const SUMMARIES: [&str; 3] = ["Hint 1: a question", "Hint 2: the rule", "Hint 3: nearly the line"];

pub fn faults(notebook: &Notebook) -> Vec<String> {
    let cells = notebook.cells();
    let mut faults = Vec::new();
    for (place, cell) in cells.iter().enumerate().filter(|(_, cell)| cell["metadata"]["nbgrader"]["solution"] == true) {
        let above = place.checked_sub(1).map(|above| &cells[above]).filter(|above| above["cell_type"] == "markdown");
        if let Some(fault) = fault(cell, &above.map(file::source).unwrap_or_default()) {
            faults.push(format!("{}: {fault}", name(cell)));
        }
    }
    faults
}

fn fault(answer: &Value, above: &str) -> Option<String> {
    let hints = folded(above);
    if hints.iter().map(|(summary, _)| *summary).ne(SUMMARIES) {
        return Some(format!("the text above it has to end in <details> with the summaries {SUMMARIES:?}"));
    }
    let [question, rule, line] = [0, 1, 2].map(|hint| hints[hint].1);
    if !question.contains('?') || rule.contains('?') {
        return Some("its first hint asks, and its second does not".to_owned());
    }
    if !line.contains('…') && !line.contains(r"\dots") {
        return Some("its last hint leaves something to do: where, says a `…`".to_owned());
    }
    let cut = markers::cut(&file::source(answer), answer["cell_type"] == "code").ok()?;
    let is_told = |answer: &String| line.lines().any(|line| line.trim() == answer.trim());
    let tells_all = !cut.answer.is_empty() && cut.answer.iter().all(is_told);
    tells_all.then(|| "its last hint is the whole answer".to_owned())
}

/// What unfolds in a text: each summary, and what is under it.
fn folded(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("<details><summary>").skip(1);
    let fold = parts.map(|part| {
        let (summary, rest) = part.split_once("</summary>\n\n")?;
        let (inside, _) = rest.split_once("\n\n</details>")?;
        Some((summary, inside))
    });
    fold.flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cells::notebook;
    use super::*;

    fn faults_of(hints: [&str; 3], answer: &str) -> String {
        let folded = |(summary, hint)| format!("<details><summary>{summary}</summary>\n\n{hint}\n\n</details>\n");
        let above: String = SUMMARIES.into_iter().zip(hints).map(folded).collect();
        let metadata = json!({ "nbgrader": { "solution": true } });
        let source = format!("// BEGIN SOLUTION\n{answer}\n// END SOLUTION");
        let cells = json!([{ "cell_type": "markdown", "id": "t", "metadata": {}, "source": above },
            { "cell_type": "code", "id": "a", "metadata": metadata, "source": source, "outputs": [] }]);
        faults(&notebook(cells)).join("; ")
    }

    #[test]
    fn hints_ask_and_tell_and_leave_something() {
        let good = ["What is it?", "A rule.", "```\nx + …\n```"];
        assert_eq!(faults_of(good, "x + y"), "");
        assert!(faults_of(["It is.", good[1], good[2]], "x + y").contains("asks"));
        assert!(faults_of([good[0], "A rule?", good[2]], "x + y").contains("asks"));
        assert!(faults_of([good[0], good[1], "`x + y`"], "x + y").contains("something to do"));
        assert!(faults_of([good[0], good[1], "…\nx + y"], "    x + y").contains("whole answer"));
        let alone =
            json!([{ "cell_type": "code", "id": "a", "metadata": { "nbgrader": { "solution": true } }, "source": "" }]);
        assert!(faults(&notebook(alone))[0].starts_with("a: the text above it"));
    }
}
