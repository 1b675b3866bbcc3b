//! Everything that a cell needs; evaluated before the first one.

pub use crate::{
    Button, Chart, Checkbox, Control, Dropdown, EvcxrDisplay, Figure, Graph, Iris, Setting, Shown, Slider, button,
    checkbox, clear_output, columns, contour, curve, curves, display, dropdown, graph, input, interact, iris, plot,
    plot_functions, progress, scatter, scatter_classes, short, slider,
};
/// `use adlab::Dual;` is right in a cell, too.
pub use adlab;
pub use adlab::*;
