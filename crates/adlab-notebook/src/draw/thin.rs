//! Fewer points that look the same.

use std::collections::HashSet;

use super::Point;
use super::raster::distance;

/// Of points that follow each other within one column of pixels, or one row, those that can be seen: where the line enters
/// it, how far it goes to either side, and where it leaves. This takes the same time however the points lie.
pub(crate) fn in_columns_and_rows(points: &[Point]) -> Vec<Point> {
    let swap = |points: Vec<Point>| -> Vec<Point> { points.into_iter().map(|(x, y)| (y, x)).collect() };
    swap(in_columns(&swap(in_columns(points))))
}

fn in_columns(points: &[Point]) -> Vec<Point> {
    const COLUMN: f64 = 0.5;
    let column = |point: &Point| (point.0 / COLUMN).floor();
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let higher = |i: &usize, j: &usize| group[*i].1.total_cmp(&group[*j].1);
        let (low, high) = ((0..group.len()).min_by(higher), (0..group.len()).max_by(higher));
        let mut places = [Some(0), low, high, Some(group.len() - 1)];
        places.sort_unstable();
        kept.extend(places.chunk_by(|a, b| a == b).filter_map(|same| same[0]).map(|i| group[i]));
    }
    kept
}

/// Of places where a mark is drawn, at most about `most`: of those that lie so near to each other that their marks overlap,
/// the first.
pub(crate) fn covering(mut points: Vec<Point>, most: usize) -> Vec<Point> {
    for cell in [0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0] {
        if points.len() <= most {
            break;
        }
        let mut taken = HashSet::new();
        points.retain(|p| taken.insert(((p.0 / cell).floor() as i32, (p.1 / cell).floor() as i32)));
    }
    points
}

/// Leaves out points that lie within `tolerance` of the line through the others (Ramer, Douglas and Peucker). This is done
/// piece by piece, as the time for a piece may grow with its square.
pub(super) fn simplify(points: &[Point], tolerance: f64) -> Vec<Point> {
    const PIECE: usize = 2000;
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut keep = vec![false; points.len()];
    let ends = || (0..last).step_by(PIECE).chain([last]);
    ends().for_each(|i| keep[i] = true);
    let mut spans: Vec<(usize, usize)> = ends().zip(ends().skip(1)).collect();
    while let Some((a, b)) = spans.pop() {
        let far = (a + 1..b)
            .map(|i| (i, distance(points[i], points[a], points[b])))
            .max_by(|p, q| p.1.total_cmp(&q.1))
            .filter(|(_, distance)| *distance > tolerance);
        if let Some((i, _)) = far {
            keep[i] = true;
            spans.extend([(a, i), (i, b)]);
        }
    }
    points.iter().zip(keep).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplifying_keeps_corners() {
        let line: Vec<Point> = (0..=10).map(|i| (f64::from(i), f64::from((i - 5_i32).abs()))).collect();
        assert_eq!(simplify(&line, 0.1), [(0.0, 5.0), (5.0, 0.0), (10.0, 5.0)]);
        assert_eq!(simplify(&[(1.0, 1.0)], 0.1), [(1.0, 1.0)]);
        assert!(simplify(&[], 0.1).is_empty());
    }

    #[test]
    fn a_column_keeps_its_ends_and_its_extremes() {
        let points: Vec<Point> = (0..100).map(|i| (f64::from(i) / 1000.0, f64::from(i * 7 % 100))).collect();
        assert_eq!(in_columns(&points), [(0.0, 0.0), (0.057, 99.0), (0.099, 93.0)]);
        let apart: Vec<Point> = (0..100).map(|i| (f64::from(i), f64::from(i * 7 % 100))).collect();
        assert_eq!(in_columns_and_rows(&apart), apart);
        assert!(in_columns(&[]).is_empty());
    }

    #[test]
    fn marks_that_cover_others_are_enough() {
        let points: Vec<Point> = (0..10_000).map(|i| (f64::from(i % 100) / 10.0, f64::from(i / 100) / 10.0)).collect();
        let kept = covering(points.clone(), 150);
        assert!((20..=150).contains(&kept.len()), "{}", kept.len());
        for p in &points {
            assert!(kept.iter().any(|q| (p.0 - q.0).hypot(p.1 - q.1) < 1.5));
        }
        assert_eq!(covering(points.clone(), points.len()), points);
    }
}
