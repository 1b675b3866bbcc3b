//! Which cell of a submission is which of those that were handed out.
//!
//! Front ends lose metadata, ids and both; students copy, move and change cells. So the names of nbgrader count first, then
//! the ids of cells, then their text, and last the place.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::notebook::file;

/// For each submitted cell, the place of the one that it was handed out as. None has two.
pub fn matched(handed_out: &[Value], submitted: &[Value]) -> Vec<Option<usize>> {
    let mut matching = Matching { found: vec![None; submitted.len()], taken: HashSet::new() };
    matching.by(handed_out, submitted, |cell| grade_id(cell).map(str::to_owned));
    matching.by(handed_out, submitted, |cell| cell["id"].as_str().map(str::to_owned));
    matching.by(handed_out, submitted, |cell| Some(plain(cell)).filter(|text| !text.is_empty()));
    matching.by_place(handed_out, submitted);
    matching.found
}

pub fn grade_id(cell: &Value) -> Option<&str> {
    cell["metadata"]["nbgrader"]["grade_id"].as_str()
}

/// Text as it is compared: editors change the ends of lines.
pub fn plain(cell: &Value) -> String {
    let source = file::source(cell).replace('\r', "");
    source.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

struct Matching {
    found: Vec<Option<usize>>,
    taken: HashSet<usize>,
}

impl Matching {
    fn take(&mut self, submitted: usize, handed_out: usize) {
        if self.found[submitted].is_none() && self.taken.insert(handed_out) {
            self.found[submitted] = Some(handed_out);
        }
    }

    fn by(&mut self, handed_out: &[Value], submitted: &[Value], name: impl Fn(&Value) -> Option<String>) {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, cell) in handed_out.iter().enumerate() {
            name(cell).into_iter().for_each(|name| places.entry(name).or_default().push(place));
        }
        let of = |cell| name(cell).and_then(|name| Some((places.get(&name)?, cell)));
        // Of copies, the one that the student has worked in is meant; of those, the first.
        let is_answer = |place: usize| handed_out[place]["metadata"]["nbgrader"]["solution"] == true;
        let is_left = |place: usize, cell: &Value| is_answer(place) && plain(&handed_out[place]) == plain(cell);
        for left in [false, true] {
            for (i, cell) in submitted.iter().enumerate().filter(|(i, _)| self.found[*i].is_none()).collect::<Vec<_>>()
            {
                let Some((places, cell)) = of(cell) else { continue };
                let free = places.iter().find(|place| !self.taken.contains(*place));
                if let Some(place) = free.filter(|place| left || !is_left(**place, cell)) {
                    self.take(i, *place);
                }
            }
        }
    }

    /// An answer that has nothing left of its names stands between the same cells, and begins in the same way; or it is the
    /// only one there.
    fn by_place(&mut self, handed_out: &[Value], submitted: &[Value]) {
        let known: HashSet<&str> = handed_out.iter().filter_map(grade_id).collect();
        for place in 0..handed_out.len() {
            let cell = &handed_out[place];
            if self.taken.contains(&place) || cell["metadata"]["nbgrader"]["solution"] != true {
                continue;
            }
            let at = |handed_out: usize| self.found.iter().position(|found| *found == Some(handed_out));
            let from = (0..place).rev().find_map(at).map_or(0, |i| i + 1);
            let to = (place + 1..handed_out.len()).find_map(at).unwrap_or(submitted.len());
            // A copy of another is none.
            let is_copy = |i: usize| grade_id(&submitted[i]).is_some_and(|id| known.contains(id));
            let free =
                |i: &usize| self.found[*i].is_none() && submitted[*i]["cell_type"] == cell["cell_type"] && !is_copy(*i);
            let between: Vec<usize> = (from..to).filter(free).collect();
            let begins = |i: &&usize| first_line(&submitted[**i]) == first_line(cell);
            let alone = || between.first().filter(|_| between.len() == 1);
            if let Some(i) = between.iter().find(begins).or_else(alone) {
                self.take(*i, place);
            }
        }
    }
}

fn first_line(cell: &Value) -> String {
    plain(cell).lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(name: &str, source: &str) -> Value {
        json!({ "cell_type": "code", "id": name, "source": source,
            "metadata": { "nbgrader": { "grade_id": name, "solution": true } } })
    }

    fn bare(source: &str) -> Value {
        json!({ "cell_type": "code", "source": source, "metadata": {} })
    }

    #[test]
    fn cells_are_found_by_what_is_left_of_them() {
        let handed_out = [
            answer("a", "fn a() {\n todo!()\n}"),
            bare("check_a()"),
            answer("b", "fn b() {\n todo!()\n}"),
            bare("check_b()"),
        ];
        let found = |submitted: &[Value]| matched(&handed_out, submitted);
        assert_eq!(found(&handed_out), [Some(0), Some(1), Some(2), Some(3)]);
        // Without any names.
        let lost =
            [bare("fn a() {\r\n 1 }"), bare("// mine"), bare("check_a()  "), bare("fn b() { 2 }"), bare("check_b()")];
        assert_eq!(found(&lost), [Some(0), None, Some(1), Some(2), Some(3)]);
        // In another order.
        let moved = [handed_out[2].clone(), handed_out[1].clone(), handed_out[0].clone()];
        assert_eq!(found(&moved), [Some(2), Some(1), Some(0)]);
        // The copy that was worked in counts.
        let copied = [answer("a", "fn a() {\n todo!()\n}"), answer("a", "fn a() { 1 }"), answer("a", "fn a() { 2 }")];
        assert_eq!(found(&copied), [None, Some(0), None]);
        assert_eq!(found(&[]), []);
    }
}
