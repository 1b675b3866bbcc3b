//! The letters of PNG figures, and how wide a text is.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/DejaVuSans-subset.ttf"))
        .expect("the font in this crate is whole")
});

/// How wide a text is, `size` being the height of an em. DejaVu is a wide font, so in SVG, where the viewer's own font is
/// used, what fits here fits there.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let font = FONT.as_scaled(scale(size));
    text.chars().map(|c| f64::from(font.h_advance(font.glyph_id(c)))).sum()
}

/// Calls `paint(x, y, coverage)` for each pixel of a text whose baseline starts at (x, y).
pub(super) fn rasterize(text: &str, size: f64, x: f64, y: f64, mut paint: impl FnMut(i32, i32, f32)) {
    let font = FONT.as_scaled(scale(size));
    let mut pen = x as f32;
    for c in text.chars() {
        let id = font.glyph_id(c);
        let glyph = Glyph { id, scale: font.scale(), position: point(pen, y as f32) };
        pen += font.h_advance(id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| paint(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, coverage));
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
    fn width_grows_with_text_and_size() {
        assert!(width("mm", 12.0) > width("m", 12.0));
        assert!((width("abc", 24.0) - 2.0 * width("abc", 12.0)).abs() < 1e-3);
    }
}
