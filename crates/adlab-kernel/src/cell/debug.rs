//! `dbg!` in a cell: the line of the source that is compiled means nothing to a student, so each call is told its place.

use super::Cell;
use super::annotated::Insertion;

/// The place of each `dbg!`, as the macro in `runtime/bootstrap.rs` takes it; not where a student has one of this name.
pub fn places(cell: &Cell, is_taken: bool) -> Vec<Insertion> {
    if !cell.body.contains("dbg!") || is_taken || cell.items.iter().any(|item| item.title == "macro dbg") {
        return Vec::new();
    }
    let line = |at: usize| cell.body[..at].matches('\n').count() + 1;
    let place = |at: usize| (at, format!("\"cell [{}], line {}\"; ", cell.number, line(at)));
    cell.calls_of_macro("dbg").into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_line_names_its_cell() {
        let of = |code: &str, is_taken| places(&Cell::read(code, None, 3).unwrap(), is_taken);
        let code = "// dbg!(a)\nlet t = \"dbg!(b)\";\nprintln!(\"{}\", dbg!(1 + dbg! [2]));";
        let place = "\"cell [3], line 3\"; ".to_owned();
        let at = |text: &str| code.find(text).unwrap();
        assert_eq!(of(code, false), [(at("1 +"), place.clone()), (at("2]"), place)]);
        assert!(of(code, true).is_empty() && of("std::dbg!(1); other_dbg!(1)", false).is_empty());
        assert!(of("macro_rules! dbg { () => {} }", false).is_empty());
    }
}
