//! Pictures: a list of shapes, drawn by plotters as SVG and as PNG.
//!
//! | file | |
//! |---|---|
//! | `scene.rs` | the shapes, and how they become SVG |
//! | `raster.rs` | how they become PNG |
//! | `font.rs` | the letters of PNG figures, and how wide a text is |
//! | `style.rs` | colours and sizes |

mod font;
mod raster;
mod scene;
pub(crate) mod style;

pub(crate) use plotters::style::RGBColor as Colour;
pub(crate) use plotters::style::text_anchor::{HPos, VPos};
pub(crate) use scene::{Point, Scene, text_width};
