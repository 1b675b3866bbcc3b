//! Pictures: a list of shapes, drawn by plotters as SVG and as PNG.
//!
//! | file | |
//! |---|---|
//! | `scene.rs` | the shapes, and how they become SVG |
//! | `raster.rs` | how they become PNG |
//! | `font.rs` | the letters of PNG figures, and how wide a text is |
//! | `thin.rs` | fewer points that look the same |
//! | `words.rs` | texts that can be drawn, and that fit |
//! | `style.rs` | colours and sizes |

mod font;
mod raster;
mod scene;
pub(crate) mod style;
pub(crate) mod thin;
mod words;

pub(crate) use plotters::style::RGBColor as Colour;
pub(crate) use plotters::style::text_anchor::{HPos, VPos};
pub(crate) use scene::Scene;
pub(crate) use words::{fitted, printable, text_width};

/// A place in the picture, in pixels from the top left corner.
pub(crate) type Point = (f64, f64);
