//! Colours and sizes of every figure.

use super::Colour;

/// Words and numbers.
pub(crate) const INK: Colour = Colour(0x33, 0x38, 0x40);
/// Words that explain.
pub(crate) const SOFT: Colour = Colour(0x5A, 0x61, 0x6B);
/// The lines at zero, and frames.
pub(crate) const FRAME: Colour = Colour(0xA8, 0xAD, 0xB5);
/// The grid.
pub(crate) const GRID: Colour = Colour(0xE6, 0xE8, 0xEB);
/// Arrows of a gradient.
pub(crate) const ARROW: Colour = Colour(0x7A, 0x80, 0x89);
/// The one thing to look at: a path through a landscape.
pub(crate) const PATH: Colour = Colour(0xC8, 0x4E, 0x00);

/// Colours that people with any kind of colour vision can tell apart (after Okabe and Ito, "Color Universal Design", 2008),
/// the lighter ones darkened for thin lines on white.
const SERIES: [Colour; 8] = [
    Colour(0x00, 0x72, 0xB2),
    Colour(0xD5, 0x5E, 0x00),
    Colour(0x00, 0x8F, 0x69),
    Colour(0xB8, 0x5C, 0x93),
    Colour(0xC0, 0x84, 0x00),
    Colour(0x3A, 0x9B, 0xD0),
    Colour(0x5A, 0x61, 0x6B),
    Colour(0x8A, 0x4B, 0x1F),
];

/// The colour of the `i`th line or class.
pub(crate) fn series(i: usize) -> Colour {
    SERIES[i % SERIES.len()]
}

/// From low (dark violet) through blue to high (green), for 0 ≤ t ≤ 1: lightness grows all the way, and even the lightest
/// can be seen on white.
pub(crate) fn height(t: f64) -> Colour {
    const STOPS: [[f64; 3]; 4] = [[56.0, 30.0, 104.0], [44.0, 90.0, 160.0], [30.0, 146.0, 158.0], [120.0, 186.0, 96.0]];
    let place = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (place as usize).min(STOPS.len() - 2);
    let mix = |c: usize| (STOPS[i][c] + (STOPS[i + 1][c] - STOPS[i][c]) * (place - i as f64)).round() as u8;
    Colour(mix(0), mix(1), mix(2))
}

pub(crate) const WIDTH: u32 = 640;
pub(crate) const HEIGHT: u32 = 400;

pub(crate) const TITLE_SIZE: f64 = 15.0;
pub(crate) const LABEL_SIZE: f64 = 12.5;
pub(crate) const TICK_SIZE: f64 = 11.0;
