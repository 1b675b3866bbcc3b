//! A picture as a list of shapes, drawn by plotters as SVG and as PNG.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::prelude::*;
use plotters::style::text_anchor::Pos;

use super::raster::{Raster, UNIT};
use super::style::DASHES;
use super::thin::{in_columns_and_rows, simplify};
use super::words::printable;
use super::{Colour, HPos, Point, VPos};

/// Shapes, in the order in which they are painted.
pub(crate) struct Scene {
    width: u32,
    height: u32,
    shapes: Vec<Shape>,
}

enum Shape {
    Line { points: Vec<Point>, width: f64, colour: RGBAColor, dashes: usize },
    Area { points: Vec<Point>, colour: RGBAColor },
    Disc { centre: Point, radius: f64, colour: RGBAColor },
    Ring { centre: Point, radius: f64, width: f64, colour: RGBAColor },
    Text { at: Point, anchor: (HPos, VPos), text: String, size: f64, colour: RGBAColor },
}

impl Scene {
    pub(crate) fn new(width: u32, height: u32) -> Scene {
        Scene { width, height, shapes: Vec::new() }
    }

    /// Makes the picture less high.
    pub(crate) fn cut(&mut self, pixels: f64) {
        self.height = (f64::from(self.height) - pixels).max(1.0) as u32;
    }

    /// A line through points, without those that make no visible difference.
    pub(crate) fn line(&mut self, points: &[Point], width: f64, colour: Colour) {
        self.dashed(points, width, colour, 0);
    }

    /// A line that is broken as one of [`DASHES`] says.
    pub(crate) fn dashed(&mut self, points: &[Point], width: f64, colour: Colour, dashes: usize) {
        let points = simplify(&in_columns_and_rows(points), 0.08);
        self.shapes.push(Shape::Line { points, width, colour: colour.to_rgba(), dashes });
    }

    pub(crate) fn area(&mut self, points: &[Point], colour: Colour) {
        self.shapes.push(Shape::Area { points: points.to_vec(), colour: colour.to_rgba() });
    }

    pub(crate) fn disc(&mut self, centre: Point, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Disc { centre, radius, colour: colour.to_rgba() });
    }

    pub(crate) fn ring(&mut self, centre: Point, radius: f64, width: f64, colour: Colour) {
        self.shapes.push(Shape::Ring { centre, radius, width, colour: colour.to_rgba() });
    }

    pub(crate) fn text(&mut self, text: &str, at: Point, anchor: (HPos, VPos), size: f64, colour: Colour) {
        let text = printable(text);
        self.shapes.push(Shape::Text { at, anchor, text, size, colour: colour.to_rgba() });
    }

    /// The picture as SVG; `title` is what a screen reader says.
    pub(crate) fn svg(&self, title: &str) -> String {
        let size = ((f64::from(self.width) * UNIT) as u32, (f64::from(self.height) * UNIT) as u32);
        let mut svg = String::new();
        self.draw(&mut SVGBackend::with_string(&mut svg, size), false);
        // Plotters counts in whole units, of which we take ten to a pixel.
        let body = svg.split_once('>').map_or("", |(_, body)| body);
        let mut body = body.replace(" opacity=\"1\"", "").replace(" \"/>", "\"/>");
        // Plotters has no dashes. Where a line has them, an opacity that nothing else has stands for them.
        for (i, dashes) in DASHES.iter().enumerate().skip(1) {
            let lengths: Vec<String> = dashes.iter().map(|pixels| length(*pixels).to_string()).collect();
            let dashes = format!(" stroke-dasharray=\"{}\"", lengths.join(" "));
            body = body.replace(&format!(" opacity=\"{}\"", opacity(i)), &dashes);
        }
        let (width, height) = (self.width, self.height);
        let title = printable(title).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" \
             role=\"img\" aria-label=\"{title}\" stroke-linejoin=\"round\" stroke-linecap=\"round\">{}",
            size.0, size.1, body,
        )
    }

    /// The picture as PNG.
    pub(crate) fn png(&self) -> Vec<u8> {
        let mut raster = Raster::new(self.width, self.height);
        self.draw(&mut raster, true);
        raster.png()
    }

    /// `breaks` says whether dashes are drawn one by one.
    fn draw(&self, backend: &mut impl DrawingBackend, breaks: bool) {
        let ((right, bottom), white) = (backend.get_size(), WHITE.filled());
        let mut outcome = backend.draw_rect((0, 0), (right as i32, bottom as i32), &white, true);
        for shape in &self.shapes {
            outcome = outcome.and_then(|()| match shape {
                Shape::Line { points, width, colour, dashes } if breaks => {
                    let style = colour.stroke_width(length(*width));
                    let mut pieces = broken(points, DASHES[*dashes]).into_iter();
                    pieces.try_for_each(|piece| backend.draw_path(piece.iter().map(units), &style))
                }
                Shape::Line { points, width, colour, dashes } => {
                    let colour = if *dashes == 0 { *colour } else { colour.mix(opacity(*dashes)) };
                    backend.draw_path(points.iter().map(units), &colour.stroke_width(length(*width)))
                }
                Shape::Area { points, colour } => backend.fill_polygon(points.iter().map(units), &colour.filled()),
                Shape::Disc { centre, radius, colour } => {
                    backend.draw_circle(units(centre), length(*radius), &colour.filled(), true)
                }
                Shape::Ring { centre, radius, width, colour } => {
                    backend.draw_circle(units(centre), length(*radius), &colour.stroke_width(length(*width)), false)
                }
                Shape::Text { at, anchor: (h, v), text, size, colour } => {
                    let font = FontDesc::new(FontFamily::SansSerif, size * UNIT * 1.24, FontStyle::Normal);
                    backend.draw_text(text, &TextStyle::from(font).color(colour).pos(Pos::new(*h, *v)), units(at))
                }
            });
        }
        outcome.and_then(|()| backend.present()).expect("memory takes every shape");
    }
}

fn units(point: &Point) -> (i32, i32) {
    ((point.0 * UNIT).round() as i32, (point.1 * UNIT).round() as i32)
}

/// What stands for dashes in plotters' SVG.
fn opacity(dashes: usize) -> f64 {
    1.0 - dashes as f64 / 1024.0
}

/// The pieces of a line that are drawn, where lengths are drawn and left out in turn.
fn broken(points: &[Point], dashes: &[f64]) -> Vec<Vec<Point>> {
    let Some((&first, others)) = points.split_first().filter(|_| !dashes.is_empty()) else {
        return vec![points.to_vec()];
    };
    let (mut pieces, mut from, mut turn, mut left) = (vec![vec![first]], first, 0, dashes[0]);
    for &to in others {
        loop {
            let way = (to.0 - from.0).hypot(to.1 - from.1);
            let drawn = turn % 2 == 0;
            if way <= left {
                left -= way;
                from = to;
                if drawn && let Some(piece) = pieces.last_mut() {
                    piece.push(to);
                }
                break;
            }
            let share = left / way;
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            match pieces.last_mut() {
                Some(piece) if drawn => piece.push(from),
                _ => pieces.push(vec![from]),
            }
            turn += 1;
            left = dashes[turn % dashes.len()];
        }
    }
    pieces
}

fn length(pixels: f64) -> u32 {
    (pixels * UNIT).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::style;

    #[test]
    fn dashes_are_as_long_in_both_pictures() {
        let pieces = broken(&[(0.0, 0.0), (4.0, 0.0), (4.0, 20.0)], &[6.0, 5.0]);
        let ends: Vec<_> = pieces.iter().map(|piece| (piece[0], piece[piece.len() - 1])).collect();
        assert_eq!(ends, [((0.0, 0.0), (4.0, 2.0)), ((4.0, 7.0), (4.0, 13.0)), ((4.0, 18.0), (4.0, 20.0))]);
        assert_eq!(broken(&[(0.0, 0.0), (9.0, 0.0)], &[]), [[(0.0, 0.0), (9.0, 0.0)]]);
        let mut scene = Scene::new(40, 20);
        for i in 0..DASHES.len() {
            scene.dashed(&[(1.0, 3.0 * i as f64), (39.0, 3.0 * i as f64)], 2.0, style::INK, i);
        }
        let svg = scene.svg("");
        assert!(svg.contains("stroke-dasharray=\"60 50\"") && !svg.contains("opacity"), "{svg}");
        assert_eq!(svg.matches("stroke-dasharray").count(), DASHES.len() - 1);
    }

    #[test]
    fn svg_escapes_what_it_quotes() {
        let mut scene = Scene::new(10, 20);
        scene.text("a < b & c", (1.0, 2.0), (HPos::Left, VPos::Top), 10.0, style::INK);
        let svg = scene.svg("\"<x>\"");
        assert!(svg.starts_with(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"20\" viewBox=\"0 0 100 200\""
        ));
        assert!(svg.contains("aria-label=\"&quot;&lt;x>&quot;\"") && svg.contains("a &lt; b &amp; c"), "{svg}");
        // XML has no place for control characters, not even escaped.
        let mut scene = Scene::new(10, 20);
        scene.text("a\u{1b}\u{0}b\nc", (1.0, 2.0), (HPos::Left, VPos::Top), 10.0, style::INK);
        let svg = scene.svg("\u{7}bell");
        assert!(svg.contains("a\u{FFFD}\u{FFFD}b c") && svg.contains("\u{FFFD}bell"), "{svg}");
    }
}
