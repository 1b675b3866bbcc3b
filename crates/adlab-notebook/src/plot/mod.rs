//! Plots. Each function here returns a [`Chart`], which can be given a title and more before it is shown.
//!
//! | file | |
//! |---|---|
//! | `function.rs`, `contour.rs`, `data.rs` | what there is to plot: functions of one variable, of two, and data |
//! | `chart.rs`, `tangent.rs` | what is in a chart, and how it is adjusted; the tangent of a function |
//! | `show.rs` | how it is shown: `paint.rs` makes the picture, `describe.rs` the words |
//! | `legend.rs`, `line.rs`, `marks.rs` | what stands above the frame; lines within it; the marks of points |
//! | `axis.rs`, `range.rs`, `isolines.rs` | scales and ticks; ranges that can be drawn; the lines of a contour plot |

mod axis;
mod chart;
mod contour;
mod data;
mod describe;
mod function;
mod isolines;
mod legend;
mod line;
mod marks;
mod paint;
mod range;
mod show;
mod tangent;

pub use chart::Chart;
pub use contour::contour;
pub use data::{columns, curve, curves, scatter, scatter_classes};
pub use function::{plot, plot_functions};
