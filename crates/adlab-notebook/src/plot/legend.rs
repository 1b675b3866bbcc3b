//! What stands above the frame: the name of the vertical axis, and what the colours mean.

use super::chart::{Chart, Layer};
use super::marks::mark;
use crate::draw::style::{self, LABEL_SIZE};
use crate::draw::{HPos, Scene, VPos, fitted, text_width};

/// Around the picture.
pub(super) const MARGIN: f64 = 14.0;
/// The height of a row of words.
pub(super) const ROW: f64 = 20.0;
/// Rows of names above the frame; more would leave no room for it.
const MOST_ROWS: usize = 5;

/// The name of the vertical axis at `label_at`, what the colours mean at the right. Returns where the frame may begin.
pub(super) fn header(scene: &mut Scene, chart: &Chart, label_at: f64, (left, right): (f64, f64), mut top: f64) -> f64 {
    const SAMPLE: f64 = 34.0;
    const GAP: f64 = 18.0;
    let entries: Vec<(usize, String, bool)> = chart
        .layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::Line { name, .. } => Some((name.as_str(), true)),
            Layer::Points { name, .. } => Some((name.as_str(), false)),
            _ => None,
        })
        .enumerate()
        .filter(|(_, (name, _))| !name.is_empty())
        .map(|(i, (name, line))| (i, fitted(name, LABEL_SIZE, right - left - SAMPLE), line))
        .collect();
    let y_label = fitted(&chart.y_label, LABEL_SIZE, right - label_at);
    let label = !y_label.is_empty();
    if label {
        scene.text(&y_label, (label_at, top + ROW / 2.0), (HPos::Left, VPos::Center), LABEL_SIZE, style::SOFT);
    }
    let mut room = right - left.max(if label { label_at + text_width(&y_label, LABEL_SIZE) + GAP } else { 0.0 });
    let mut rest = &entries[..];
    let mut first = true;
    let mut rows = 0;
    while !rest.is_empty() {
        let extent = |(_, name, _): &(usize, String, bool)| SAMPLE + text_width(name, LABEL_SIZE) + GAP;
        let mut used = -GAP;
        let fitting = rest.iter().take_while(|entry| {
            used += extent(entry);
            used <= room
        });
        let mut count = fitting.count();
        if count == 0 && first && label {
            // Not beside the axis' name: below.
            (first, room) = (false, right - left);
            top += ROW;
            continue;
        }
        count = count.max(1);
        rows += 1;
        // The last row says how many there are beside those that it has room for.
        let more = |count: usize| format!("and {} more", rest.len() - count);
        let mut last = String::new();
        if rows == MOST_ROWS && count < rest.len() {
            let width =
                |count: usize| rest[..count].iter().map(extent).sum::<f64>() + text_width(&more(count), LABEL_SIZE);
            count = (0..=count).rev().find(|&count| width(count) <= room).unwrap_or(0);
            last = more(count);
        }
        let (row, others) = rest.split_at(count);
        let others = if last.is_empty() { others } else { &[] };
        let end = if last.is_empty() { -GAP } else { text_width(&last, LABEL_SIZE) };
        if !last.is_empty() {
            scene.text(&last, (right, top + ROW / 2.0), (HPos::Right, VPos::Center), LABEL_SIZE, style::SOFT);
        }
        let mut x = right - (row.iter().map(extent).sum::<f64>() + end);
        for entry in row {
            let y = top + ROW / 2.0;
            if entry.2 {
                scene.dashed(&[(x, y), (x + 27.0, y)], 2.4, style::series(entry.0), style::dashes(entry.0));
            } else {
                mark(scene, (x + 22.0, y), entry.0);
            }
            scene.text(&entry.1, (x + SAMPLE, y), (HPos::Left, VPos::Center), LABEL_SIZE, style::INK);
            x += extent(entry);
        }
        (first, room, rest) = (false, right - left, others);
        top += ROW;
    }
    if first && label {
        top += ROW;
    }
    top + 8.0
}
