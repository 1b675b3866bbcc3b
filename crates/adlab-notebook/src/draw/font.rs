//! The letters of PNG figures, and how wide a text is.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, GlyphId, PxScale, ScaleFont, point};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/DejaVuSans-subset.ttf"))
        .expect("the font in this crate is whole")
});

/// How wide a text is, `size` being the height of an em. DejaVu is a wide font, so in SVG, where the viewer's own font is
/// used, what fits here fits there.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let font = FONT.as_scaled(scale(size));
    let advance = |c| match font.glyph_id(c) {
        GlyphId(0) => missing_width(c) * size,
        id => f64::from(font.h_advance(id)),
    };
    text.chars().fold(0.0, |width, c| width + advance(c))
}

/// Calls `paint(x, y, coverage)` for each pixel of a text whose baseline starts at (x, y).
pub(super) fn rasterize(text: &str, size: f64, x: f64, y: f64, mut paint: impl FnMut(i32, i32, f32)) {
    let font = FONT.as_scaled(scale(size));
    let mut pen = x as f32;
    for c in text.chars() {
        let id = font.glyph_id(c);
        if id == GlyphId(0) {
            let wide = missing_width(c) * size;
            missing(f64::from(pen), y, wide, size, &mut paint);
            pen += wide as f32;
            continue;
        }
        let glyph = Glyph { id, scale: font.scale(), position: point(pen, y as f32) };
        pen += font.h_advance(id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| paint(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, coverage));
        }
    }
}

/// How wide a letter is that the font lacks, in ems. In SVG, the viewer's own font has it: Chinese letters and emoji are as wide
/// as they are high, and what only changes the letter before it has no width.
fn missing_width(c: char) -> f64 {
    match c {
        '\u{200B}'..='\u{200F}' | '\u{0300}'..='\u{036F}' | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' => 0.0,
        '\u{1100}'.. => 1.0,
        _ => 0.6,
    }
}

/// An empty box where a letter is missing.
fn missing(x: f64, y: f64, wide: f64, size: f64, paint: &mut impl FnMut(i32, i32, f32)) {
    if wide == 0.0 {
        return;
    }
    let (left, right) = ((x + 0.1 * size).round() as i32, (x + wide - 0.1 * size).round() as i32 - 1);
    let (top, bottom) = ((y - 0.72 * size).round() as i32, y.round() as i32 - 1);
    for px in left..=right {
        for py in top..=bottom {
            if px == left || px == right || py == top || py == bottom {
                paint(px, py, 0.8);
            }
        }
    }
}

/// ab_glyph measures a font from its lowest to its highest point, everyone else by its em.
fn scale(size: f64) -> PxScale {
    let em = FONT.units_per_em().unwrap_or(2048.0);
    PxScale::from(size as f32 * FONT.height_unscaled() / em)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_the_figures_need() {
        for c in "f′(x) ∂∇√∞×÷−±·≤≈ εθσμζη ⁰¹²³⁻₀₁₂ ˣʸᵏᵇᵖⁿᵀᵢⱼ ⋮⋱ éüñ Жя →".chars()
        {
            assert_ne!(FONT.glyph_id(c).0, 0, "no glyph for {c}");
        }
    }

    #[test]
    fn a_letter_that_is_missing_is_a_box() {
        let mut pixels = 0;
        rasterize("損", 12.0, 10.0, 20.0, |x, y, _| {
            assert!((10..22).contains(&x) && (8..20).contains(&y), "{x}, {y}");
            pixels += 1;
        });
        assert!(pixels > 30, "{pixels}");
        assert_eq!((width("損失", 10.0), width("\u{FE0F}", 10.0)), (20.0, 0.0));
        assert!(width("", 10.0).is_sign_positive());
    }

    #[test]
    fn width_grows_with_text_and_size() {
        assert!(width("mm", 12.0) > width("m", 12.0));
        assert!((width("abc", 24.0) - 2.0 * width("abc", 12.0)).abs() < 1e-3);
    }
}
