//! Isolines by marching squares: each cell of a grid is crossed by a straight piece of the line, and the pieces are joined.

use std::collections::HashMap;

use super::chart::Pair;

/// A function's values at the corners of a grid of cells.
pub(super) struct Grid {
    x: Pair,
    y: Pair,
    columns: usize,
    rows: usize,
    values: Vec<f64>,
}

impl Grid {
    pub(super) fn new(x: Pair, y: Pair, columns: usize, rows: usize, f: &dyn Fn(f64, f64) -> f64) -> Grid {
        let mut grid = Grid { x, y, columns, rows, values: Vec::new() };
        let corners = (columns + 1) * (rows + 1);
        grid.values = (0..corners).map(|i| grid.place(i)).map(|(x, y)| f(x, y)).collect();
        grid
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Where the function is lowest, and its value there.
    pub(super) fn lowest(&self) -> Option<(Pair, f64)> {
        let finite = self.values.iter().enumerate().filter(|(_, v)| v.is_finite());
        finite.min_by(|a, b| a.1.total_cmp(b.1)).map(|(i, v)| (self.place(i), *v))
    }

    /// Where the function is highest, and its value there.
    pub(super) fn highest(&self) -> Option<(Pair, f64)> {
        let finite = self.values.iter().enumerate().filter(|(_, v)| v.is_finite());
        finite.max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, v)| (self.place(i), *v))
    }

    fn place(&self, corner: usize) -> Pair {
        let (i, j) = (corner % (self.columns + 1), corner / (self.columns + 1));
        let along = |range: Pair, i: usize, n: usize| {
            let t = i as f64 / n as f64;
            range.0 * (1.0 - t) + range.1 * t
        };
        (along(self.x, i, self.columns), along(self.y, j, self.rows))
    }

    /// Where the line crosses the edge between two corners.
    fn crossing(&self, (a, b): Edge, level: f64) -> Pair {
        let (p, q) = (self.place(a), self.place(b));
        // Halves, so that the ends of f64 don't overflow.
        let (low, high) = (self.values[a] / 2.0, self.values[b] / 2.0);
        let t = (level / 2.0 - low) / (high - low);
        (p.0 + t * (q.0 - p.0), p.1 + t * (q.1 - p.1))
    }
}

/// Two neighbouring corners, the smaller number first.
type Edge = (usize, usize);

/// The lines on which the function that the grid samples has the value `level`. Cells with a corner that is not finite
/// have none.
pub(super) fn isolines(grid: &Grid, level: f64) -> Vec<Vec<Pair>> {
    let pieces = pieces(grid, level);
    join(&pieces).into_iter().map(|line| line.into_iter().map(|edge| grid.crossing(edge, level)).collect()).collect()
}

/// For each cell that is crossed, which two of its edges the line joins; at a saddle there are two such pairs.
fn pieces(grid: &Grid, level: f64) -> Vec<(Edge, Edge)> {
    let mut pieces = Vec::new();
    let width = grid.columns + 1;
    for corner in (0..grid.rows).flat_map(|j| (0..grid.columns).map(move |i| j * width + i)) {
        // Around the cell.
        let corners = [corner, corner + 1, corner + 1 + width, corner + width];
        let values = corners.map(|c| grid.values[c]);
        if values.iter().any(|v| !v.is_finite()) {
            continue;
        }
        let edge = |i: usize| (corners[i].min(corners[(i + 1) % 4]), corners[i].max(corners[(i + 1) % 4]));
        let above = values.map(|v| v >= level);
        let crossed: Vec<usize> = (0..4).filter(|&i| above[i] != above[(i + 1) % 4]).collect();
        match crossed[..] {
            [a, b] => pieces.push((edge(a), edge(b))),
            [_, _, _, _] => {
                // A saddle: the middle tells which corners belong together.
                let middle = values.iter().map(|v| v / 4.0).sum::<f64>() >= level;
                let pairs = if middle == above[0] { [(0, 1), (2, 3)] } else { [(3, 0), (1, 2)] };
                pieces.extend(pairs.map(|(a, b)| (edge(a), edge(b))));
            }
            _ => {}
        }
    }
    pieces
}

/// Joins pieces that meet on an edge to lines, open ones or closed ones.
fn join(pieces: &[(Edge, Edge)]) -> Vec<Vec<Edge>> {
    let mut at: HashMap<Edge, Vec<usize>> = HashMap::new();
    for (i, (a, b)) in pieces.iter().enumerate() {
        at.entry(*a).or_default().push(i);
        at.entry(*b).or_default().push(i);
    }
    let mut used = vec![false; pieces.len()];
    let mut lines = Vec::new();
    // Open lines start where only one piece is; what is left is closed.
    let open = |edge: &Edge| at[edge].len() == 1;
    let starts = pieces.iter().enumerate().filter(|(_, (a, b))| open(a) || open(b)).map(|(i, _)| i);
    for start in starts.chain(0..pieces.len()) {
        if used[start] {
            continue;
        }
        let (a, b) = pieces[start];
        let mut line = if open(&b) { vec![b] } else { vec![a] };
        let mut next = Some(start);
        while let Some(i) = next {
            used[i] = true;
            let (a, b) = pieces[i];
            let end = if line.last() == Some(&a) { b } else { a };
            line.push(end);
            next = at[&end].iter().copied().find(|&i| !used[i]);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_one_closed_line() {
        let grid = Grid::new((-2.0, 2.0), (-2.0, 2.0), 40, 40, &|x, y| x * x + y * y);
        let lines = isolines(&grid, 1.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 0.01));
    }

    #[test]
    fn a_slope_is_one_open_line_and_a_hole_breaks_it() {
        let slope = Grid::new((0.0, 1.0), (0.0, 1.0), 10, 10, &|x, _| x);
        let lines = isolines(&slope, 0.55);
        assert_eq!((lines.len(), lines[0].len()), (1, 11));
        let hole = |x: f64, y: f64| if (y - 0.5).abs() < 0.01 { f64::NAN } else { x };
        assert_eq!(isolines(&Grid::new((0.0, 1.0), (0.0, 1.0), 10, 10, &hole), 0.55).len(), 2);
    }

    #[test]
    fn a_saddle_is_two_lines() {
        let grid = Grid::new((-1.0, 1.0), (-1.0, 1.0), 9, 9, &|x, y| x * y);
        assert_eq!(isolines(&grid, 0.001).len(), 2);
    }
}
