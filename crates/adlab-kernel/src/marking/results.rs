//! The marks of a submission, counted as nbgrader counts them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authority::{Prepared, Role};
use super::matching::grade_id;
use super::verdict::Verdict;
use super::worker::Ended;

/// What came of one submission.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Marks {
    pub student: String,
    /// As reports name it.
    pub submitted: String,
    pub path: String,
    pub solution: String,
    /// Of what was marked, and by what: the same need not be marked again.
    pub digest: String,
    /// Why there are no marks.
    pub not_marked: Option<String>,
    /// One for each cell with points, in order.
    pub marks: Vec<Mark>,
    /// Each cell that failed and has no points itself.
    pub failures: Vec<Failure>,
    /// What was put right, and what was not as it was handed out.
    pub notes: Vec<String>,
    pub seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub grade_id: String,
    /// None where a person is to say.
    pub points: Option<f64>,
    pub of: f64,
    pub verdict: Option<Verdict>,
    /// Why it is not right.
    pub says: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The cell's name, and its execution count.
    pub cell: String,
    pub number: usize,
    pub verdict: Verdict,
    pub says: String,
}

impl Marks {
    pub fn points(&self) -> f64 {
        self.marks.iter().filter_map(|mark| mark.points).sum()
    }

    pub fn of(&self) -> f64 {
        self.marks.iter().map(|mark| mark.of).sum()
    }

    /// In a word.
    pub fn status(&self) -> &'static str {
        match self.not_marked {
            Some(_) => "not marked",
            None => "marked",
        }
    }

    /// What a person is to add.
    pub fn by_hand(&self) -> f64 {
        self.marks.iter().filter(|mark| mark.points.is_none()).map(|mark| mark.of).sum()
    }
}

/// Counts. `ended` has each cell that ran.
pub fn count(prepared: &Prepared, ended: &[Ended]) -> (Vec<Mark>, Vec<Failure>) {
    let (mut marks, mut failures) = (Vec::new(), Vec::new());
    for (place, (role, cell)) in prepared.roles.iter().zip(prepared.notebook.cells()).enumerate() {
        let came = ended.iter().rev().find(|ended| ended.place == place);
        let name = grade_id(cell).or(cell["id"].as_str()).unwrap_or_default().to_owned();
        let of = cell["metadata"]["nbgrader"]["points"].as_f64().unwrap_or(0.0);
        match role {
            Role::Check => {
                let (verdict, says) = came.map_or((Verdict::Right, ""), |came| (came.verdict, came.says.as_str()));
                let points = if verdict == Verdict::Right { earned(cell, of) } else { 0.0 };
                let (points, verdict, says) = (Some(points), Some(verdict), says.to_owned());
                marks.push(Mark { grade_id: name.clone(), points, of, verdict, says });
            }
            Role::ByHand => {
                // Nobody has to look at what was left as it was.
                let points = prepared.untouched.contains(&name).then_some(0.0);
                let says = if points.is_some() { "not answered" } else { "" };
                let verdict = came.map(|came| came.verdict);
                marks.push(Mark { grade_id: name.clone(), points, of, verdict, says: says.into() });
            }
            _ => {}
        }
        if let Some(came) = came.filter(|came| came.verdict != Verdict::Right && *role != Role::Check) {
            let cell = if name.is_empty() { format!("cell {}", place + 1) } else { name };
            failures.push(Failure { cell, number: came.number, verdict: came.verdict, says: came.says.clone() });
        }
    }
    (marks, failures)
}

/// All points, but none where something stands on stderr; a number that the cell shows counts as its points.
fn earned(cell: &Value, of: f64) -> f64 {
    let outputs = cell["outputs"].as_array().map_or(&[][..], Vec::as_slice);
    if outputs.iter().any(|output| output["output_type"] == "error" || output["name"] == "stderr") {
        return 0.0;
    }
    let result = outputs.iter().find(|output| output["output_type"] == "execute_result");
    let shown = result.map(|result| crate::notebook::file::text(&result["data"]["text/plain"]));
    match shown.and_then(|shown| shown.trim().parse::<f64>().ok()) {
        Some(partial) if partial.is_finite() => partial.clamp(0.0, of),
        _ => of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn points_are_counted_as_nbgrader_does() {
        let cell = |outputs| json!({ "outputs": outputs });
        assert_eq!(earned(&cell(json!([])), 3.0), 3.0);
        assert_eq!(earned(&cell(json!([{ "output_type": "stream", "name": "stderr" }])), 3.0), 0.0);
        assert_eq!(earned(&cell(json!([{ "output_type": "stream", "name": "stdout" }])), 3.0), 3.0);
        let shows = |text: &str| json!([{ "output_type": "execute_result", "data": { "text/plain": [text] } }]);
        assert_eq!(earned(&cell(shows("1.5")), 3.0), 1.5);
        assert_eq!(earned(&cell(shows("7")), 3.0), 3.0);
        assert_eq!(earned(&cell(shows("NaN")), 3.0), 3.0);
        assert_eq!(earned(&cell(shows("\"1.5\"")), 3.0), 3.0);
    }
}
