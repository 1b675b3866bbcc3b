//! JUnit's XML, which servers that run tests understand: a suite for each submission, a case for each cell with points.

use std::fmt::Write as _;

use super::{escaped, plain};
use crate::marking::results::Marks;
use crate::marking::verdict::Verdict;

pub fn xml(all: &[Marks]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"adlab\">\n");
    for marks in all {
        let name = escaped(&plain(&format!("{} {}", marks.student, marks.submitted)));
        let is_failed = |verdict: Option<Verdict>| verdict.is_some_and(|verdict| verdict != Verdict::Right);
        let failures = marks.marks.iter().filter(|mark| is_failed(mark.verdict)).count();
        let errors = usize::from(marks.not_marked.is_some());
        let by_hand = marks.marks.iter().filter(|mark| mark.verdict.is_none()).count();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{by_hand}\" time=\"{:.3}\">",
            marks.marks.len() + errors,
            marks.seconds
        );
        if let Some(why) = &marks.not_marked {
            let why = escaped(&plain(why));
            let _ = writeln!(
                text,
                "    <testcase classname=\"{name}\" name=\"it can be marked\"><error message=\"{why}\"/></testcase>"
            );
        }
        for mark in &marks.marks {
            let id = escaped(&plain(&mark.grade_id));
            let says = escaped(&plain(&mark.says));
            let inside = match mark.verdict {
                Some(Verdict::Right) => String::new(),
                Some(verdict) => format!("<failure type=\"{}\" message=\"{says}\"/>", verdict.word()),
                None => "<skipped message=\"marked by hand\"/>".into(),
            };
            let _ = writeln!(text, "    <testcase classname=\"{name}\" name=\"{id}\">{inside}</testcase>");
        }
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}
