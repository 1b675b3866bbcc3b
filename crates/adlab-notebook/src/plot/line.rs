//! Points and lines within the frame.

use super::axis::Axis;
use super::chart::Pair;
use crate::draw::thin::{covering, in_columns_and_rows};
use crate::draw::{Colour, Point, Scene, style};

/// Marks that can be told apart, and that a notebook can hold.
pub(super) const MOST_MARKS: usize = 15_000;

/// The two axes, on the part of the picture in which the data is drawn.
pub(super) struct Frame {
    pub(super) x: Axis,
    pub(super) y: Axis,
}

pub(super) fn at(frame: &Frame, point: Pair) -> Point {
    (frame.x.pixel(point.0), frame.y.pixel(point.1))
}

pub(super) fn visible<'a>(frame: &'a Frame, points: &'a [Pair]) -> impl Iterator<Item = Point> + 'a {
    let inside = |v: f64, a: &Axis| v >= a.start.min(a.end) - 0.5 && v <= a.start.max(a.end) + 0.5;
    points.iter().map(|&p| at(frame, p)).filter(move |p| inside(p.0, &frame.x) && inside(p.1, &frame.y))
}

/// How a line looks.
pub(super) struct Stroke {
    pub(super) width: f64,
    pub(super) colour: Colour,
    pub(super) dashes: usize,
}

impl Stroke {
    pub(super) fn solid(width: f64, colour: Colour) -> Stroke {
        Stroke { width, colour, dashes: 0 }
    }

    /// Of the `i`th line.
    pub(super) fn series(i: usize, width: f64) -> Stroke {
        Stroke { width, colour: style::series(i), dashes: style::dashes(i) }
    }
}

/// A line, as far as it lies within the frame, with at most about `most` corners. Returns how many points are left out in a
/// way that can be seen.
pub(super) fn line(scene: &mut Scene, frame: &Frame, points: &[Pair], stroke: &Stroke, most: usize) -> usize {
    let Stroke { width, colour, dashes } = *stroke;
    let runs = runs(frame, points);
    let before: usize = runs.iter().map(Vec::len).sum();
    let runs: Vec<Vec<Point>> = runs.iter().map(|run| in_columns_and_rows(run)).collect();
    let corners: usize = runs.iter().map(Vec::len).sum();
    let every = corners.div_ceil(most.max(1)).max(1);
    let mut drawn = 0;
    for run in &runs {
        let last = run.last().filter(|_| every > 1 && !(run.len() - 1).is_multiple_of(every));
        let some: Vec<Point> = run.iter().step_by(every).chain(last).copied().collect();
        scene.dashed(&some, width, colour, dashes);
        drawn += some.len();
    }
    // A point without neighbours makes no line.
    let finite = |i: usize| points.get(i).is_some_and(|p| at(frame, *p).1.is_finite());
    let alone = |i: &usize| !(*i > 0 && finite(i - 1) || finite(i + 1));
    let lonely: Vec<Pair> = (0..points.len()).filter(alone).map(|i| points[i]).collect();
    let discs: Vec<Point> = visible(frame, &lonely).collect();
    let shown = covering(discs.clone(), most.min(MOST_MARKS));
    let left_out = discs.len() - shown.len();
    shown.into_iter().for_each(|point| scene.disc(point, 1.2 * width, colour));
    left_out + if every > 1 { before.saturating_sub(drawn) } else { 0 }
}

/// The parts of a line that lie within the frame.
fn runs(frame: &Frame, points: &[Pair]) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = Vec::new();
    let mut goes_on = false;
    for pair in points.windows(2) {
        let Some((a, b)) = clip(frame, at(frame, pair[0]), at(frame, pair[1])) else {
            goes_on = false;
            continue;
        };
        match runs.last_mut() {
            Some(run) if goes_on && run.last() == Some(&a) => run.push(b),
            _ => runs.push(vec![a, b]),
        }
        goes_on = true;
    }
    runs
}

/// The part of a segment that lies within the frame (Liang and Barsky); nothing where an end is not finite.
pub(super) fn clip(frame: &Frame, a: Point, b: Point) -> Option<(Point, Point)> {
    if ![a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (from, to, axis) in [(a.0, b.0, &frame.x), (a.1, b.1, &frame.y)] {
        let (low, high) = (axis.start.min(axis.end), axis.start.max(axis.end));
        if from == to {
            if from < low || from > high {
                return None;
            }
            continue;
        }
        let (s, t) = ((low - from) / (to - from), (high - from) / (to - from));
        (enter, leave) = (enter.max(s.min(t)), leave.min(s.max(t)));
    }
    let along = |t: f64| match t {
        0.0 => a,
        1.0 => b,
        _ => (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)),
    };
    (enter <= leave).then(|| (along(enter), along(leave)))
}
