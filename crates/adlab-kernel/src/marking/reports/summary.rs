//! A table for people at a terminal.

use std::fmt::Write as _;

use super::{plain, points};
use crate::marking::results::Marks;
use crate::marking::verdict::Verdict;

/// Longer than that, a name is cut.
const WIDEST: usize = 40;

pub fn table(all: &[Marks]) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for marks in all {
        let name = shortened(&plain(&marks.submitted));
        if let Some(why) = &marks.not_marked {
            rows.push([name, "–".into(), "".into(), format!("NOT MARKED: {}", plain(why))]);
            continue;
        }
        let sum = format!("{} of {}", points(marks.points()), points(marks.of()));
        let by_hand =
            if marks.by_hand() > 0.0 { format!("+ {} by hand", points(marks.by_hand())) } else { String::new() };
        let failed = marks.marks.iter().filter(|mark| mark.verdict.is_some_and(|verdict| verdict != Verdict::Right));
        let failed: Vec<String> = failed
            .map(|mark| format!("{}: {}", plain(&mark.grade_id), mark.verdict.map_or("", Verdict::word)))
            .collect();
        let says = if failed.is_empty() { "all right".into() } else { failed.join(", ") };
        rows.push([name, sum, by_hand, says]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for row in &rows {
        let _ = writeln!(
            text,
            "{:<w0$}  {:>w1$}  {:<w2$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2]
        );
    }
    text + &conclusion(all)
}

fn conclusion(all: &[Marks]) -> String {
    let marked: Vec<&Marks> = all.iter().filter(|marks| marks.not_marked.is_none()).collect();
    let mean = marked.iter().map(|marks| marks.points()).sum::<f64>() / marked.len().max(1) as f64;
    let mut text = format!("{} marked, {} points on average", marked.len(), points((mean * 100.0).round() / 100.0));
    if marked.len() < all.len() {
        let _ = write!(text, "; {} NOT MARKED", all.len() - marked.len());
    }
    text + "\n"
}

fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= WIDEST {
        return name.to_owned();
    }
    format!("…{}", name.chars().skip(length - WIDEST + 1).collect::<String>())
}
