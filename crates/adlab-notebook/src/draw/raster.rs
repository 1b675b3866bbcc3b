//! A picture of pixels: a backend for plotters with smooth edges.
//!
//! Plotters' own bitmap backend draws lines that are wider than a pixel with rough edges and broken corners, and sits on
//! whole pixels. This one takes coordinates in fractions of a pixel ([`UNIT`]), and paints each pixel by how much of it is covered.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::convert::Infallible;

use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::font;

/// Backend coordinates to a pixel.
pub(super) const UNIT: f64 = 10.0;

type Outcome = Result<(), DrawingErrorKind<Infallible>>;

/// A white picture that is drawn on.
pub(super) struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Raster {
    pub(super) fn new(width: u32, height: u32) -> Raster {
        let (width, height) = (width as usize, height as usize);
        Raster { width, height, pixels: vec![[255; 3]; width * height] }
    }

    /// The picture as PNG, with at most 256 colours.
    pub(super) fn png(&self) -> Vec<u8> {
        let (palette, indices) = self.palette();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&indices));
        written.expect("memory takes every picture");
        bytes
    }

    /// The colours, and each pixel's place among them. Of more than 256 colours, the rarest become those next to them.
    fn palette(&self) -> (Vec<u8>, Vec<u8>) {
        let mut uses: HashMap<[u8; 3], usize> = HashMap::new();
        // Pixels come in runs.
        let runs = || self.pixels.chunk_by(|a, b| a == b);
        for run in runs() {
            *uses.entry(run[0]).or_default() += run.len();
        }
        let mut colours: Vec<_> = uses.into_iter().collect();
        colours.sort_unstable_by_key(|&(colour, uses)| (Reverse(uses), colour));
        let palette: Vec<[u8; 3]> = colours.iter().take(256).map(|(colour, _)| *colour).collect();
        let distance = |a: [u8; 3], b: [u8; 3]| -> u32 { (0..3).map(|i| u32::from(a[i].abs_diff(b[i])).pow(2)).sum() };
        let nearest = |colour| (0..palette.len()).min_by_key(|&i| distance(colour, palette[i])).unwrap_or(0) as u8;
        let place = |(i, colour)| (colour, if i < palette.len() { i as u8 } else { nearest(colour) });
        let places: HashMap<[u8; 3], u8> = colours.iter().map(|c| c.0).enumerate().map(place).collect();
        let indices = runs().flat_map(|run| std::iter::repeat_n(places[&run[0]], run.len())).collect();
        (palette.concat(), indices)
    }

    fn blend(&mut self, x: i32, y: i32, colour: BackendColor, coverage: f64) {
        let inside = x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height;
        // Sixteen steps look smooth, and make small files.
        let share = colour.alpha * (coverage * 16.0).round() / 16.0;
        if !inside || share == 0.0 {
            return;
        }
        let pixel = &mut self.pixels[y as usize * self.width + x as usize];
        let (r, g, b) = colour.rgb;
        for (old, new) in pixel.iter_mut().zip([r, g, b]) {
            *old = (f64::from(*old) + (f64::from(new) - f64::from(*old)) * share.min(1.0)).round() as u8;
        }
    }

    /// Paints what lies within `reach` of the segments, each pixel once, so that corners are round and overlaps even.
    fn stroke(&mut self, points: &[(f64, f64)], width: f64, colour: BackendColor) {
        let (Some(area), reach) = (Area::around(points, width / 2.0 + 1.0), width / 2.0) else { return };
        let area = area.within(self.width, self.height);
        let mut mask = Mask::new(area);
        for pair in points.windows(2) {
            for near in rows_near(pair[0], pair[1], reach + 1.0, area) {
                mask.raise(near, |x, y| (reach + 0.5 - distance((x, y), pair[0], pair[1])).clamp(0.0, width.min(1.0)));
            }
        }
        self.paint(&mask, colour);
    }

    /// Even–odd filling: four lines to a pixel, exact along each line.
    fn fill(&mut self, points: &[(f64, f64)], colour: BackendColor) {
        const LINES: i32 = 4;
        let Some(area) = Area::around(points, 1.0) else { return };
        let mut mask = Mask::new(area.within(self.width, self.height));
        for line in mask.area.top * LINES..mask.area.bottom * LINES {
            let y = (f64::from(line) + 0.5) / f64::from(LINES);
            let mut crossings: Vec<f64> = (0..points.len())
                .map(|i| (points[i], points[(i + 1) % points.len()]))
                .filter(|(a, b)| (a.1 <= y) != (b.1 <= y))
                .map(|(a, b)| a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0))
                .collect();
            crossings.sort_by(f64::total_cmp);
            for span in crossings.chunks_exact(2) {
                for x in (span[0].floor() as i32).max(mask.area.left)..(span[1].ceil() as i32).min(mask.area.right) {
                    let covered = span[1].min(f64::from(x + 1)) - span[0].max(f64::from(x));
                    *mask.at(x, line.div_euclid(LINES)) += covered.max(0.0) / f64::from(LINES);
                }
            }
        }
        self.paint(&mask, colour);
    }

    fn paint(&mut self, mask: &Mask, colour: BackendColor) {
        let area = mask.area;
        let mut coverage = mask.coverage.iter();
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                self.blend(x, y, colour, coverage.next().copied().unwrap_or(0.0));
            }
        }
    }
}

/// A rectangle of pixels; right and bottom are outside of it.
#[derive(Clone, Copy)]
struct Area {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Area {
    fn around(points: &[(f64, f64)], margin: f64) -> Option<Area> {
        let first = *points.first()?;
        let (mut low, mut high) = (first, first);
        for &(x, y) in points {
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        Some(Area {
            left: (low.0 - margin).floor() as i32,
            top: (low.1 - margin).floor() as i32,
            right: (high.0 + margin).ceil() as i32,
            bottom: (high.1 + margin).ceil() as i32,
        })
    }

    fn within(self, width: usize, height: usize) -> Area {
        let (left, top) = (self.left.max(0), self.top.max(0));
        Area {
            left,
            top,
            right: self.right.min(width as i32).max(left),
            bottom: self.bottom.min(height as i32).max(top),
        }
    }
}

/// The pixels around a segment, row by row: far fewer than are in the rectangle around it, if it is long and slanted.
fn rows_near(a: (f64, f64), b: (f64, f64), margin: f64, area: Area) -> impl Iterator<Item = Area> {
    let (top, bottom) = (a.1.min(b.1) - margin, a.1.max(b.1) + margin);
    let rows = (top.floor() as i32).max(area.top)..(bottom.ceil() as i32).min(area.bottom);
    rows.map(move |row| {
        // The part of the segment that is near enough in height.
        let at = |y: f64| if a.1 == b.1 { 0.0 } else { ((y - a.1) / (b.1 - a.1)).clamp(0.0, 1.0) };
        let (low, high) = (f64::from(row) - margin, f64::from(row + 1) + margin);
        let (s, t) = if a.1 == b.1 { (0.0, 1.0) } else { (at(low), at(high)) };
        let (x, z) = (a.0 + s * (b.0 - a.0), a.0 + t * (b.0 - a.0));
        let (left, right) = ((x.min(z) - margin).floor() as i32, (x.max(z) + margin).ceil() as i32);
        Area { left, top: row, right, bottom: row + 1 }
    })
}

/// How much of each pixel a shape covers.
struct Mask {
    area: Area,
    coverage: Vec<f64>,
}

impl Mask {
    fn new(area: Area) -> Mask {
        Mask { area, coverage: vec![0.0; ((area.right - area.left) * (area.bottom - area.top)) as usize] }
    }

    fn at(&mut self, x: i32, y: i32) -> &mut f64 {
        let row = (y - self.area.top) * (self.area.right - self.area.left);
        &mut self.coverage[(row + x - self.area.left) as usize]
    }

    /// Raises the coverage of the pixels of `near` to that at their centres.
    fn raise(&mut self, near: Area, coverage: impl Fn(f64, f64) -> f64) {
        for y in near.top.max(self.area.top)..near.bottom.min(self.area.bottom) {
            for x in near.left.max(self.area.left)..near.right.min(self.area.right) {
                let new = coverage(f64::from(x) + 0.5, f64::from(y) + 0.5);
                let old = self.at(x, y);
                *old = old.max(new);
            }
        }
    }
}

/// From a point to a segment.
pub(super) fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length2 = dx * dx + dy * dy;
    let t = if length2 == 0.0 { 0.0 } else { ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length2 };
    let t = t.clamp(0.0, 1.0);
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

fn pixels(point: BackendCoord) -> (f64, f64) {
    (f64::from(point.0) / UNIT, f64::from(point.1) / UNIT)
}

impl DrawingBackend for Raster {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        ((self.width as f64 * UNIT) as u32, (self.height as f64 * UNIT) as u32)
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Outcome {
        let (x, y) = pixels(point);
        self.blend(x as i32, y as i32, colour, 1.0);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        let points: Vec<_> = path.into_iter().map(pixels).collect();
        self.stroke(&points, f64::from(style.stroke_width()) / UNIT, style.color());
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Outcome {
        let corners = [a, (b.0, a.1), b, (a.0, b.1)];
        if fill { self.fill_polygon(corners, style) } else { self.draw_path(corners.into_iter().chain([a]), style) }
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Outcome {
        let (centre, radius) = (pixels(centre), f64::from(radius) / UNIT);
        let half = if fill { 0.0 } else { f64::from(style.stroke_width()) / UNIT / 2.0 };
        let Some(area) = Area::around(&[centre], radius + half + 1.0) else { return Ok(()) };
        let mut mask = Mask::new(area.within(self.width, self.height));
        mask.raise(area, |x, y| {
            let r = (x - centre.0).hypot(y - centre.1);
            let inside = if fill { radius - r } else { half - (r - radius).abs() };
            (inside + 0.5).clamp(0.0, 1.0)
        });
        self.paint(&mask, style.color());
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        let points: Vec<_> = path.into_iter().map(pixels).collect();
        self.fill(&points, style.color());
        Ok(())
    }

    /// Sizes and anchors as in plotters' SVG backend, so that both pictures agree.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, position: BackendCoord) -> Outcome {
        let size = style.size() / 1.24 / UNIT;
        let (x, y) = pixels(position);
        let left = match style.anchor().h_pos {
            HPos::Left => x,
            HPos::Center => x - font::width(text, size) / 2.0,
            HPos::Right => x - font::width(text, size),
        };
        let baseline = match style.anchor().v_pos {
            VPos::Top => y + 0.76 * size,
            VPos::Center => y + 0.27 * size,
            VPos::Bottom => y - 0.27 * size,
        };
        // Letters that stand on whole pixels are sharper.
        font::rasterize(text, size, left, baseline.round(), |x, y, coverage| {
            self.blend(x, y, style.color(), f64::from(coverage));
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::style::{Color, RGBColor};

    const RED: RGBColor = RGBColor(200, 0, 0);

    fn pixel(raster: &Raster, x: usize, y: usize) -> [u8; 3] {
        raster.pixels[y * raster.width + x]
    }

    #[test]
    fn a_rectangle_fills_whole_pixels_and_half_ones() {
        let mut raster = Raster::new(8, 8);
        raster.draw_rect((20, 20), (45, 40), &RED.filled(), true).expect("drawn");
        assert_eq!(pixel(&raster, 2, 2), [200, 0, 0]);
        assert_eq!(pixel(&raster, 4, 3), [228, 128, 128]);
        assert_eq!(pixel(&raster, 5, 3), [255; 3]);
        assert_eq!(pixel(&raster, 2, 4), [255; 3]);
    }

    #[test]
    fn a_wide_line_covers_its_width_and_its_corners_once() {
        let mut raster = Raster::new(20, 20);
        let style = Color::stroke_width(&RED.mix(0.5), 30);
        raster.draw_path([(25, 105), (105, 105), (105, 25)], &style).expect("drawn");
        let along = pixel(&raster, 5, 10);
        assert_eq!(along, [228, 128, 128]);
        assert_eq!(pixel(&raster, 10, 10), along);
        assert_eq!(pixel(&raster, 5, 13), [255; 3]);
    }

    #[test]
    fn a_picture_of_too_many_colours_keeps_the_frequent_ones() {
        let mut raster = Raster::new(64, 64);
        // Edges of four colours on white.
        for (i, pixel) in raster.pixels.iter_mut().enumerate().skip(1000) {
            let edge = (i / 4 % 200) as u8 + 50;
            *pixel = [[0, edge, 200], [200, edge, 0], [edge, edge, edge], [edge, 0, 90]][i % 4];
        }
        let (palette, indices) = raster.palette();
        assert_eq!(palette.len(), 3 * 256);
        let shown = |i: usize| &palette[3 * indices[i] as usize..][..3];
        assert_eq!(shown(0), [255; 3]);
        for (i, pixel) in raster.pixels.iter().enumerate() {
            assert!(pixel.iter().zip(shown(i)).all(|(a, b)| a.abs_diff(*b) < 160), "{pixel:?} became {:?}", shown(i));
        }
    }
}
