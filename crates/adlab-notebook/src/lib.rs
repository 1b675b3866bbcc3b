//! What a notebook cell sees: [`adlab`], rich display, plots, pictures of computation graphs, and the Iris data.
//!
//! A notebook evaluates `use adlab_notebook::prelude::*;` before the first cell, so a student's cell needs no import:
//!
//! ```
//! use adlab_notebook::prelude::*;
//!
//! let x = Dual::variable(0.5);
//! display(&(x * 4.2 + x.sin())); // 2.5794 + 5.0776ε
//! plot(|x| x * 4.2 + x.sin(), -3.0..3.0).show();
//! ```
//!
//! | to show | use |
//! |---|---|
//! | a value, anywhere in a cell | [`display`] |
//! | a function and its derivative | [`plot()`], [`plot_functions`] |
//! | data | [`curves`], [`curve`], [`scatter`], [`scatter_classes`] |
//! | a function of two variables | [`contour`] |
//! | what a tape recorded | [`graph`](graph()) |

mod draw;
mod figure;
mod graph;
mod iris;
mod number;
pub mod output;
mod plot;
mod rich;
mod table;

pub use figure::Figure;
pub use graph::{Graph, graph};
pub use iris::{Iris, iris};
pub use number::short;
pub use plot::{Chart, columns, contour, curve, curves, plot, plot_functions, scatter, scatter_classes};
pub use rich::{EvcxrDisplay, display};

/// Everything that a cell needs; evaluated before the first one.
pub mod prelude {
    pub use crate::{
        Chart, EvcxrDisplay, Figure, Graph, Iris, columns, contour, curve, curves, display, graph, iris, plot,
        plot_functions, scatter, scatter_classes, short,
    };
    pub use adlab::*;
}
