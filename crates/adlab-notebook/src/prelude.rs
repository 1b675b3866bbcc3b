//! Everything that a cell needs; evaluated before the first one.

pub use crate::{
    Chart, EvcxrDisplay, Figure, Graph, Iris, Shown, clear_output, columns, contour, curve, curves, display, graph,
    input, iris, plot, plot_functions, progress, scatter, scatter_classes, short,
};
/// `use adlab::Dual;` is right in a cell, too.
pub use adlab;
pub use adlab::*;
