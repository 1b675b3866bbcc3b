//! A table for spreadsheets: a row for each submission, a column for each cell with points.

use anyhow::{Context, Result};

use super::{plain, points};
use crate::marking::results::Marks;

pub fn csv(all: &[Marks]) -> Result<Vec<u8>> {
    let mut ids: Vec<&str> = Vec::new();
    for mark in all.iter().flat_map(|marks| &marks.marks) {
        if !ids.contains(&mark.grade_id.as_str()) {
            ids.push(&mark.grade_id);
        }
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = ["student", "submitted", "points", "of", "by hand", "status"];
    table.write_record(head.into_iter().chain(ids.iter().copied()).chain(["notes"]).map(cell))?;
    for marks in all {
        let (sum, status) = match &marks.not_marked {
            // No marks are not zero marks.
            Some(why) => (String::new(), format!("not marked: {why}")),
            None => (points(marks.points()), marks.status().into()),
        };
        let of = if marks.not_marked.is_some() { String::new() } else { points(marks.of()) };
        let mut row = vec![marks.student.clone(), marks.submitted.clone(), sum, of, points(marks.by_hand()), status];
        for id in &ids {
            let mark = marks.marks.iter().find(|mark| mark.grade_id == *id);
            row.push(mark.and_then(|mark| mark.points).map(points).unwrap_or_default());
        }
        row.push(marks.notes.join("; "));
        table.write_record(row.iter().map(|text| cell(text)))?;
    }
    table.into_inner().context("cannot write the table")
}

/// A spreadsheet takes what begins so for a formula.
fn cell(text: &str) -> String {
    let text = plain(text);
    if text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err() { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marking::results::Mark;

    #[test]
    fn a_row_has_what_was_earned() {
        let mark = |id: &str, points| Mark { grade_id: id.into(), points, of: 3.0, verdict: None, says: String::new() };
        let marks = Marks {
            student: "=HYPERLINK(\"x\")".into(),
            submitted: "a, b.ipynb".into(),
            marks: vec![mark("one", Some(2.5)), mark("two", None)],
            ..Marks::default()
        };
        let other = Marks { student: "bo".into(), not_marked: Some("no\nnotebook".into()), ..Marks::default() };
        let text = String::from_utf8(csv(&[marks, other]).unwrap()).unwrap();
        let expected = "student,submitted,points,of,by hand,status,one,two,notes\n\
            \"'=HYPERLINK(\"\"x\"\")\",\"a, b.ipynb\",2.5,6,3,marked,2.5,,\nbo,,,,0,not marked: no notebook,,,\n";
        assert_eq!(text, expected);
    }
}
