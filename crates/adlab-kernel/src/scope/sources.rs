//! The cells' own text, and the way back to it from the source that evcxr generates.

use crate::cell::annotated::Annotated;

/// A cell as the student wrote it.
#[derive(Debug, Clone)]
pub struct CellSource {
    pub code: String,
    /// With what the kernel has put in, line by line as it was handed to evcxr.
    annotated: Annotated,
    /// Its execution count.
    pub number: usize,
    /// It is the one that runs now.
    pub current: bool,
}

impl CellSource {
    pub fn title(&self) -> String {
        if self.current { "this cell".into() } else { format!("cell [{}]", self.number) }
    }

    /// The column in a line of this cell of one in the generated line that it has become, all from 1.
    pub fn column(&self, line: usize, generated: &str, column: usize) -> Option<usize> {
        let column = self.annotated_column(line, generated, column)?;
        Some(self.annotated.original_column(line, column))
    }

    /// The same in the line as it was handed to evcxr.
    fn annotated_column(&self, line: usize, generated: &str, column: usize) -> Option<usize> {
        let annotated = self.annotated.code.lines().nth(line.checked_sub(1)?)?;
        // Either may be a part of the other.
        let start = |text: &str, part: &str| Some(text[..text.find(part.trim())?].chars().count());
        let shared = if generated.contains(annotated.trim()) { annotated } else { generated };
        let column = (column + start(annotated, shared)?).checked_sub(start(generated, shared)?)?;
        (column > 0).then_some(column)
    }

    /// The byte at a line and a column, both from 1, counted in characters.
    pub fn byte(&self, line: usize, column: usize) -> usize {
        let start = match line {
            0 | 1 => 0,
            _ => self.code.match_indices('\n').nth(line - 2).map_or(self.code.len(), |(i, _)| i + 1),
        };
        self.code[start..].char_indices().nth(column.saturating_sub(1)).map_or(self.code.len(), |(i, _)| start + i)
    }
}

/// The cells that ran so far.
#[derive(Default, Clone)]
pub struct Sources {
    cells: Vec<CellSource>,
}

impl Sources {
    pub fn push(&mut self, code: &str, number: usize) -> CellSource {
        for cell in &mut self.cells {
            cell.current = false;
        }
        let cell = CellSource { code: code.to_owned(), annotated: Annotated::plain(code), number, current: true };
        self.cells.push(cell.clone());
        cell
    }

    /// What the cell of this number says.
    pub fn code_of(&self, number: usize) -> Option<&str> {
        self.cells.iter().rfind(|cell| cell.number == number).map(|cell| cell.code.as_str())
    }

    /// As they were when the cell of this number ran.
    pub fn as_of(&self, number: usize) -> Sources {
        let cells = self.cells.iter().filter(|cell| cell.number <= number).cloned();
        Sources { cells: cells.map(|cell| CellSource { current: cell.number == number, ..cell }).collect() }
    }

    /// What the latest cell has become.
    pub fn annotate(&mut self, annotated: &Annotated) {
        if let Some(cell) = self.cells.last_mut() {
            cell.annotated = annotated.clone();
        }
    }

    /// The cell and the line in it (from 1) that stand on this line of the generated source. The current cell comes
    /// first, then the latest; among equal lines, the one whose neighbours agree.
    pub fn locate(&self, generated: &str, line: usize) -> Option<(&CellSource, usize)> {
        let generated: Vec<&str> = generated.lines().map(str::trim).collect();
        let target = *generated.get(line.checked_sub(1)?)?;
        if target.is_empty() {
            return None;
        }
        self.cells.iter().rev().find_map(|cell| {
            let lines: Vec<&str> = cell.annotated.code.lines().map(str::trim).collect();
            (0..lines.len())
                .filter(|&i| lines[i] == target || lines[i].contains(target) && target.len() > 2)
                .max_by_key(|&i| agreement(&lines, i, &generated, line - 1))
                .map(|i| (cell, i + 1))
        })
    }

    /// The cell and the byte in it that stand at a place of the generated source, in lines and columns from 1; and whether
    /// that is no place within what the kernel has put in. Nothing for what evcxr has written.
    pub fn position(&self, generated: &str, line: usize, column: usize) -> Option<(&CellSource, usize, bool)> {
        let (source, found) = self.locate(generated, line)?;
        let lines: Vec<&str> = generated.lines().collect();
        let text = *lines.get(line - 1)?;
        // A bracket alone on its line may be anyone's.
        if text.trim().len() <= 2 {
            let own: Vec<&str> = source.annotated.code.lines().map(str::trim).collect();
            let near = |step: fn(usize) -> usize| {
                let (there, here) = (lines.get(step(line))?, own.get(step(found))?);
                Some(!here.is_empty() && there.contains(here))
            };
            let agrees = near(|line| line.wrapping_sub(2)) == Some(true) || near(|line| line) == Some(true);
            if !agrees && own.len() > 1 {
                return None;
            }
        }
        let in_annotated = source.annotated_column(found, text, column)?;
        let own = source.annotated.original_column(found, in_annotated);
        Some((source, source.byte(found, own), !source.annotated.is_inside(found, in_annotated)))
    }
}

/// How many lines around the two places are the same.
fn agreement(a: &[&str], i: usize, b: &[&str], j: usize) -> usize {
    let same = |(x, y): &(&&str, &&str)| x == y;
    let down = a[i..].iter().zip(&b[j..]).take_while(same).count();
    let up = a[..i].iter().rev().zip(b[..j].iter().rev()).take_while(same).count();
    down + up
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_line_is_found_in_its_cell() {
        let mut sources = Sources::default();
        sources.push("fn half(x: i32) -> i32 {\n    x / 0\n}", 1);
        sources.push("let a = 1;\n\nhalf(a);\nlet b = 2;\nhalf(a);\nlet c = 3;", 2);
        let generated = "#![allow()]\nfn half(x: i32) -> i32 {\n    x / 0\n}\nlet a = 1;\n\nhalf(a);\nlet b = 2;\nhalf(a);\nlet c = 3;\n";
        let found = |line| sources.locate(generated, line).map(|(cell, line)| (cell.title(), line));
        assert_eq!(found(3), Some(("cell [1]".into(), 2)));
        assert_eq!(found(7), Some(("this cell".into(), 3)));
        assert_eq!(found(9), Some(("this cell".into(), 5)));
        sources.push("half(a)", 3);
        sources.annotate(&Annotated::plain("show(half(a));"));
        assert_eq!(sources.locate("{\nshow(half(a));\n}", 2).map(|(cell, line)| (cell.number, line)), Some((3, 1)));
        sources.push("let a = 1;\n\nhalf(a);\nlet b = 2;\nhalf(a);\nlet c = 3;", 4);
        let found = |line| sources.locate(generated, line).map(|(cell, line)| (cell.title(), line));
        assert_eq!(found(1), None);
        assert_eq!(found(0), None);
        assert_eq!(found(99), None);
    }

    #[test]
    fn columns_map_back_to_the_cell() {
        let mut sources = Sources::default();
        sources.push("let ε = 1;\n  half(ε)", 1);
        let mut annotated = Annotated::plain("let ε = 1;\n  ");
        annotated.insert("show(");
        annotated.push("half(ε)");
        sources.annotate(&annotated);
        let generated = "        show(half(ε)";
        let cell = sources.locate(generated, 1).unwrap().0;
        assert_eq!((cell.column(2, generated, 14), cell.column(2, generated, 19)), (Some(3), Some(8)));
        assert_eq!(cell.column(1, generated, 14), None);
        assert_eq!(cell.column(2, "   half(ε)", 4), Some(3));
    }

    #[test]
    fn columns_are_characters() {
        let cell = Sources::default().push("ε = 1\nlet ∂z = 2", 1);
        assert_eq!(&cell.code[cell.byte(2, 5)..cell.byte(2, 7)], "∂z");
        assert_eq!(cell.byte(9, 1), cell.code.len());
    }
}
