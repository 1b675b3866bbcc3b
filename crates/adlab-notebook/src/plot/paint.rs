//! From a chart to a picture.

use super::axis::Axis;
use super::chart::{Chart, Layer, Level, Pair, Slope};
use super::legend::{MARGIN, ROW, header};
use super::line::{Frame, MOST_MARKS, Stroke, at, clip, line, visible};
use super::marks::mark;
use crate::draw::style::{self, LABEL_SIZE, TICK_SIZE, TITLE_SIZE};
use crate::draw::thin::covering;
use crate::draw::{Colour, HPos, Point, Scene, VPos, fitted, text_width};
use crate::number::{pretty, pretty_apart};

/// How many numbers to put on an axis, more or less.
const X_TICKS: usize = 9;
const Y_TICKS: usize = 8;
/// Corners of lines that a notebook can hold.
const MOST_CORNERS: usize = 50_000;

/// What is drawn of many points.
pub(super) struct Thinned {
    drawn: usize,
    all: usize,
}

impl Thinned {
    /// As a sentence, where some were left out.
    pub(super) fn sentence(&self) -> Option<String> {
        let Thinned { drawn, all } = self;
        (drawn < all).then(|| format!("Of {all} points, {drawn} are drawn: more would look the same, or be too many."))
    }
}

/// Draws everything: words first, then the grid, then the layers. What is left out of many points makes no difference that can
/// be seen where marks cover each other, or a line stays within a column of pixels.
pub(super) fn scene(chart: &Chart) -> (Scene, Thinned) {
    let mut scene = Scene::new(style::WIDTH, style::HEIGHT);
    let (x, y) = axes(chart);
    let (width, height) = (f64::from(style::WIDTH), f64::from(style::HEIGHT));

    let mut top = MARGIN;
    if let Some(title) = &chart.title {
        let room = width - 2.0 * MARGIN;
        let size = TITLE_SIZE * (room / text_width(title, TITLE_SIZE)).clamp(0.6, 1.0);
        scene.text(&fitted(title, size, room), (width / 2.0, top), (HPos::Center, VPos::Top), size, style::INK);
        top += 26.0;
    }
    let count = chart.points().filter(|p| p.0.is_finite() && p.1.is_finite()).count();
    let is_large = count > MOST_MARKS;
    let below = if chart.x_label.is_empty() && !is_large { 24.0 } else { 24.0 + ROW };
    let bottom = height - below - 6.0;
    let levels = chart.layers.iter().find_map(|layer| match layer {
        Layer::Isolines { levels, .. } => Some(levels),
        _ => None,
    });
    let half_label = x.ticks(X_TICKS).last().map_or(0.0, |(_, label)| text_width(label, TICK_SIZE) / 2.0);
    let right = width - levels.map_or(MARGIN.max(half_label + 4.0), |levels| MARGIN + scale_width(levels));

    let widest = y.ticks(Y_TICKS).iter().map(|(_, label)| text_width(label, TICK_SIZE)).fold(0.0, f64::max);
    let left = MARGIN + widest + 8.0;
    let ((left, right), bottom) = match levels {
        Some(_) => {
            // Where the frame begins says how wide it is, and the name of the axis stands above its own numbers.
            let mut measured = Scene::new(style::WIDTH, style::HEIGHT);
            let begin = header(&mut measured, chart, MARGIN, (left, right), top);
            let (sides, bottom) = as_in_the_plane(&x, &y, (left, right), (begin, bottom));
            header(&mut scene, chart, MARGIN + sides.0 - left, (left, right), top);
            top = begin;
            (sides, bottom)
        }
        None => {
            top = header(&mut scene, chart, MARGIN, (left, right), top);
            ((left, right), bottom)
        }
    };
    scene.cut(height - below - 6.0 - bottom);
    let frame = Frame { x: x.on(left, right), y: y.on(bottom, top) };
    grid(&mut scene, &frame, levels.is_none());
    if !chart.x_label.is_empty() {
        let middle = (left + right) / 2.0;
        let label = fitted(&chart.x_label, LABEL_SIZE, right - left);
        scene.text(&label, (middle, bottom + 26.0), (HPos::Center, VPos::Top), LABEL_SIZE, style::SOFT);
    }
    let mut named = 0;
    let mut left_out = 0;
    // Each layer has its share of what can be drawn.
    let share = |most: usize, points: &[Pair]| (most * points.len() / count.max(1)).clamp(100, most);
    for layer in &chart.layers {
        match layer {
            Layer::Line { points, width, .. } => {
                let most = share(MOST_CORNERS, points);
                left_out += line(&mut scene, &frame, points, &Stroke::series(named, *width), most);
                named += 1;
            }
            Layer::Points { points, .. } => {
                let all: Vec<Point> = visible(&frame, points).collect();
                let before = all.len();
                let drawn = if is_large { covering(all, share(MOST_MARKS, points)) } else { all };
                left_out += before - drawn.len();
                drawn.into_iter().for_each(|point| mark(&mut scene, point, named));
                named += 1;
            }
            Layer::Isolines { levels, .. } => isolines(&mut scene, &frame, levels),
            Layer::Arrows(slopes) => arrows(&mut scene, &frame, slopes),
            Layer::Tangent { at, slope } => tangent(&mut scene, &frame, *at, *slope),
            Layer::Path(points) => left_out += path(&mut scene, &frame, points, share(MOST_CORNERS, points)),
        }
    }
    let thinned = Thinned { drawn: count - left_out, all: count };
    if left_out > 0 {
        let note = format!("{} of {} points drawn", thinned.drawn, thinned.all);
        scene.text(&note, (right, bottom + 28.0), (HPos::Right, VPos::Top), TICK_SIZE, style::SOFT);
    }
    (scene, thinned)
}

/// Over the ranges that are given, or around the data.
fn axes(chart: &Chart) -> (Axis, Axis) {
    let x = match chart.x {
        Some((low, high)) => Some(Axis::linear(low, high)),
        None => Axis::around(chart.points().map(|p| p.0), false),
    };
    let y = match chart.y {
        // So near to each other that their logarithms are one number.
        Some((low, high)) if chart.log_y && low.log10() == high.log10() => Axis::around([low].into_iter(), true),
        Some((low, high)) if chart.log_y => Some(Axis { log: true, ..Axis::linear(low.log10(), high.log10()) }),
        Some((low, high)) => Some(Axis::linear(low, high)),
        None => Axis::around(chart.points().map(|p| p.1), chart.log_y),
    };
    // Whoever makes a chart sees to it that there is something to draw.
    (x.unwrap_or(Axis::linear(0.0, 1.0)), y.unwrap_or(Axis::linear(0.0, 1.0)))
}

/// Where a plane is shown, a step is as long along both axes, so that circles are round and a gradient stands at right angles
/// on its contour; but for ranges so unlike that one would be a slit. The left and right side of the frame, and its bottom.
fn as_in_the_plane(x: &Axis, y: &Axis, (left, right): Pair, (top, bottom): Pair) -> (Pair, f64) {
    const MOST: f64 = 4.0;
    let (wide, high) = ((right - left) / (x.high - x.low), (bottom - top) / (y.high - y.low));
    let (width, height) = ((right - left) * (high / wide).min(1.0), (bottom - top) * (wide / high).min(1.0));
    let is_slit = !(width > 0.0 && height > 0.0) || width * MOST < height || height * MOST < width;
    if is_slit {
        return ((left, right), bottom);
    }
    let spare = (right - left - width) / 2.0;
    ((left + spare, right - spare), top + height)
}

/// Thin lines at round numbers, the axes, and the numbers.
fn grid(scene: &mut Scene, frame: &Frame, lines: bool) {
    let Frame { x, y } = frame;
    // On the middle of a pixel, a thin line is sharp.
    let sharp = |p: f64| p.floor() + 0.5;
    let (left, right, bottom, top) = (sharp(x.start), sharp(x.end), sharp(y.start), sharp(y.end));
    let mut taken = 0.0;
    for (place, label) in x.ticks(X_TICKS) {
        let p = sharp(x.place(place));
        let is_zero = place == 0.0 && !x.log;
        if lines {
            scene.line(&[(p, top), (p, bottom)], 1.0, if is_zero { style::FRAME } else { style::GRID });
        } else {
            scene.line(&[(p, bottom), (p, bottom + 4.0)], 1.0, style::FRAME);
        }
        // A long number stays in the picture, and numbers stay apart.
        let half = text_width(&label, TICK_SIZE) / 2.0;
        let middle = p.clamp(half + 2.0, (f64::from(style::WIDTH) - half - 2.0).max(half + 2.0));
        if middle - half > taken {
            scene.text(&label, (middle, bottom + 8.0), (HPos::Center, VPos::Top), TICK_SIZE, style::SOFT);
            taken = middle + half + 4.0;
        }
    }
    for (place, label) in y.ticks(Y_TICKS) {
        let p = sharp(y.place(place));
        let is_zero = place == 0.0 && !y.log;
        if lines {
            scene.line(&[(left, p), (right, p)], 1.0, if is_zero { style::FRAME } else { style::GRID });
        } else {
            scene.line(&[(left - 4.0, p), (left, p)], 1.0, style::FRAME);
        }
        scene.text(&label, (left - 7.0, p), (HPos::Right, VPos::Center), TICK_SIZE, style::SOFT);
    }
    if !lines {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        for side in corners.windows(2) {
            scene.line(side, 1.0, style::FRAME);
        }
    }
}

fn level_colour(i: usize, count: usize) -> Colour {
    style::height(if count > 1 { i as f64 / (count - 1) as f64 } else { 0.5 })
}

fn level_names(levels: &[Level]) -> Vec<String> {
    pretty_apart(&levels.iter().map(|level| level.value).collect::<Vec<f64>>())
}

fn scale_width(levels: &[Level]) -> f64 {
    26.0 + 16.0 + level_names(levels).iter().map(|name| text_width(name, TICK_SIZE)).fold(0.0, f64::max)
}

/// The contours, and beside the frame what each stands for, the highest on top.
fn isolines(scene: &mut Scene, frame: &Frame, levels: &[Level]) {
    const STEP: f64 = 19.0;
    let middle = (frame.y.start + frame.y.end) / 2.0;
    for (i, (level, name)) in levels.iter().zip(level_names(levels)).enumerate() {
        let colour = level_colour(i, levels.len());
        for points in &level.lines {
            line(scene, frame, points, &Stroke::solid(1.5, colour), usize::MAX);
        }
        let y = middle + STEP * ((levels.len() - 1) as f64 / 2.0 - i as f64);
        let x = frame.x.end + 14.0;
        scene.line(&[(x, y), (x + 16.0, y)], 2.4, colour);
        scene.text(&name, (x + 22.0, y), (HPos::Left, VPos::Center), TICK_SIZE, style::SOFT);
    }
}

/// Arrows from where the gradient is taken to where it points, the steepest as long as they are apart. Lengths go with the
/// square root, so that gentle slopes can be seen beside steep ones.
fn arrows(scene: &mut Scene, frame: &Frame, slopes: &[Slope]) {
    const LONGEST: f64 = 33.0;
    // By half the span, which is finite for all numbers; only the direction counts.
    let per_unit = |axis: &Axis| (axis.end - axis.start) / (axis.high / 2.0 - axis.low / 2.0);
    let (per_x, per_y) = (per_unit(&frame.x), per_unit(&frame.y));
    let steepest = slopes.iter().map(|s| s.gradient.0.hypot(s.gradient.1)).fold(0.0, f64::max);
    for slope in slopes {
        let steepness = slope.gradient.0.hypot(slope.gradient.1);
        let (dx, dy) = (slope.gradient.0 * per_x, slope.gradient.1 * per_y);
        let length = LONGEST * (steepness / steepest).sqrt();
        // Shorter ones have no direction to be seen.
        if length.is_nan() || length < 4.0 {
            continue;
        }
        let (ux, uy) = (dx / dx.hypot(dy), dy / dx.hypot(dy));
        let from = at(frame, slope.at);
        let tip = (from.0 + length * ux, from.1 + length * uy);
        let head = 5.0_f64.min(length * 0.6);
        let neck = (tip.0 - head * ux, tip.1 - head * uy);
        if clip(frame, tip, tip).is_none() {
            continue;
        }
        scene.line(&[from, neck], 1.1, style::ARROW);
        let side = head * 0.45;
        scene.area(
            &[tip, (neck.0 - side * uy, neck.1 + side * ux), (neck.0 + side * uy, neck.1 - side * ux)],
            style::ARROW,
        );
    }
}

/// A line with a point at each step (as long as they can be told apart), a ring at the start and a disc at the end.
fn path(scene: &mut Scene, frame: &Frame, points: &[Pair], most: usize) -> usize {
    let left_out = line(scene, frame, points, &Stroke::solid(1.8, style::PATH), most);
    let places: Vec<Point> = visible(frame, points).collect();
    if places.len() <= 100 {
        for &place in &places {
            scene.disc(place, 2.4, style::PATH);
        }
    }
    let place = |point: Option<&Pair>| point.and_then(|p| visible(frame, std::slice::from_ref(p)).next());
    if let Some(start) = place(points.first()) {
        scene.disc(start, 5.0, Colour(255, 255, 255));
        scene.ring(start, 5.0, 1.8, style::PATH);
    }
    if let Some(end) = place(points.last()) {
        scene.disc(end, 5.0, style::PATH);
    }
    left_out
}

/// From one side of the frame to the other, with the point in which it touches, and its slope.
fn tangent(scene: &mut Scene, frame: &Frame, touch: Pair, slope: f64) {
    const LABEL: f64 = 10.0;
    /// On a logarithmic axis it is a curve.
    const PIECES: usize = 100;
    let x = |i: usize| frame.x.low + (frame.x.high - frame.x.low) * i as f64 / PIECES as f64;
    let points: Vec<Pair> = (0..=PIECES).map(x).map(|x| (x, touch.1 + slope * (x - touch.0))).collect();
    line(scene, frame, &points, &Stroke::solid(1.8, style::INK), usize::MAX);
    let Some(place) = visible(frame, &[touch]).next() else { return };
    scene.disc(place, 5.0, style::INK);
    // Below the line where that rises, above where it falls, and within the frame.
    let words = format!("slope {}", pretty(slope));
    let is_left = place.0 > (frame.x.start + frame.x.end) / 2.0;
    let (h, dx) = if is_left { (HPos::Right, -LABEL) } else { (HPos::Left, LABEL) };
    let goes_up = (slope > 0.0) != is_left;
    let room = 2.0 * LABEL + TICK_SIZE;
    let is_below = if goes_up { place.1 + room < frame.y.start } else { place.1 - room < frame.y.end };
    let (v, dy) = if is_below { (VPos::Top, LABEL) } else { (VPos::Bottom, -LABEL) };
    scene.text(&words, (place.0 + dx, place.1 + dy), (h, v), TICK_SIZE + 1.0, style::INK);
}
