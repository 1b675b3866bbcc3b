//! Colours and sizes of every figure.

use super::Colour;

/// Words and numbers.
pub(crate) const INK: Colour = Colour(0x33, 0x38, 0x40);
/// Words that explain.
pub(crate) const SOFT: Colour = Colour(0x5A, 0x61, 0x6B);
/// The lines at zero, and frames.
pub(crate) const FRAME: Colour = Colour(0xA8, 0xAD, 0xB5);
/// Boxes of a graph: inputs, operations, results, and those that a pass has reached.
pub(crate) const INPUT: Colour = Colour(0xDC, 0xEC, 0xF7);
pub(crate) const OPERATION: Colour = Colour(0xF0, 0xF1, 0xF3);
pub(crate) const OUTPUT: Colour = Colour(0xFB, 0xE6, 0xD5);
pub(crate) const REACHED: Colour = Colour(0xFF, 0xE0, 0x82);
/// The grid.
pub(crate) const GRID: Colour = Colour(0xE6, 0xE8, 0xEB);
/// Arrows of a gradient.
pub(crate) const ARROW: Colour = Colour(0x6B, 0x71, 0x7A);
/// The one thing to look at: a path through a landscape.
pub(crate) const PATH: Colour = Colour(0xC8, 0x4E, 0x00);

/// Colours that people with any kind of colour vision can tell apart (after Okabe and Ito, "Color Universal Design", 2008),
/// darkened for thin lines on white.
const SERIES: [Colour; 8] = [
    Colour(0x00, 0x72, 0xB2),
    Colour(0xB3, 0x46, 0x00),
    Colour(0x00, 0x7A, 0x58),
    Colour(0xA8, 0x4B, 0x83),
    Colour(0x8C, 0x60, 0x00),
    Colour(0x6A, 0x51, 0xC7),
    Colour(0x5A, 0x61, 0x6B),
    Colour(0x8A, 0x1C, 0x2C),
];

/// The colour of the `i`th line or class.
pub(crate) fn series(i: usize) -> Colour {
    SERIES[i % SERIES.len()]
}

/// How lines are broken, so that they can be told apart without colours: lengths of what is drawn and what is left out, in
/// turn. The ends are round, and take from what is left out.
pub(crate) const DASHES: [&[f64]; 6] =
    [&[], &[6.0, 5.0], &[0.5, 4.5], &[10.0, 5.0, 0.5, 5.0], &[16.0, 6.0], &[6.0, 4.5, 0.5, 4.5, 0.5, 4.5]];

/// Which of these the `i`th line has.
pub(crate) fn dashes(i: usize) -> usize {
    i % DASHES.len()
}

/// From low (dark violet) through blue to high (green), for 0 ≤ t ≤ 1: lightness grows all the way, and even the lightest
/// can be seen on white.
pub(crate) fn height(t: f64) -> Colour {
    const STOPS: [[f64; 3]; 4] = [[56.0, 30.0, 104.0], [44.0, 90.0, 160.0], [26.0, 124.0, 138.0], [96.0, 150.0, 40.0]];
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As WCAG 2 defines it: the lighter to the darker, 1 to 21.
    fn contrast(a: Colour, b: Colour) -> f64 {
        let part = |v: u8| match f64::from(v) / 255.0 {
            v if v <= 0.04045 => v / 12.92,
            v => ((v + 0.055) / 1.055).powf(2.4),
        };
        let light = |Colour(r, g, b): Colour| 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b) + 0.05;
        let (a, b) = (light(a), light(b));
        a.max(b) / a.min(b)
    }

    const WHITE: Colour = Colour(255, 255, 255);

    #[test]
    fn all_can_be_seen_on_white() {
        assert!((contrast(WHITE, Colour(0, 0, 0)) - 21.0).abs() < 1e-9);
        for colour in [INK, SOFT, PATH, ARROW].into_iter().chain((0..SERIES.len()).map(series)) {
            assert!(contrast(colour, WHITE) >= 4.5, "{colour:?}: {:.2}", contrast(colour, WHITE));
        }
        let mut lightness = contrast(height(0.0), WHITE) + 1.0;
        for step in 0..=30 {
            let new = contrast(height(f64::from(step) / 30.0), WHITE);
            assert!(new >= 3.0 && new < lightness, "at {step} of 30: {new:.2} after {lightness:.2}");
            lightness = new;
        }
    }

    #[test]
    fn words_can_be_read_on_what_is_behind_them() {
        for fill in [INPUT, OPERATION, OUTPUT, REACHED] {
            for words in [INK, SOFT] {
                assert!(contrast(words, fill) >= 4.5, "{words:?} on {fill:?}: {:.2}", contrast(words, fill));
            }
        }
    }

    #[test]
    fn lines_differ_without_their_colours() {
        for i in 0..24 {
            for j in 0..i {
                assert!((series(i), dashes(i)) != (series(j), dashes(j)), "{i} looks as {j}");
                // As many as can be followed differ in more than the colour.
                assert!(i - j >= DASHES.len() || DASHES[dashes(i)] != DASHES[dashes(j)], "{i} and {j} in grey");
            }
        }
    }
}
