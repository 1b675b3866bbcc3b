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
//! | a value, anywhere in a cell, and others in its place | [`display`], [`clear_output`] |
//! | how far a loop has come | [`progress`] |
//! | a question | [`input`] |
//! | a picture that moves with a slider | [`interact`](interact()), [`slider`], [`dropdown`], [`checkbox`], [`button`] |
//! | a function and its derivative | [`plot()`], [`plot_functions`] |
//! | data | [`curves`], [`curve`], [`scatter`], [`scatter_classes`] |
//! | a function of two variables | [`contour`] |
//! | what a tape recorded | [`graph`](graph()) |
//!
//! Rooms, each using only those below it: `prelude`, `interact`, `progress`, `live`, `rich`, `table`, `plot`, `graph`, `figure`,
//! `draw`, `iris`, `number`, `shorten`, `output`.

mod draw;
mod figure;
mod graph;
mod interact;
mod iris;
mod live;
mod number;
pub mod output;
mod plot;
pub mod prelude;
mod progress;
mod rich;
mod shorten;
mod table;

pub use figure::Figure;
pub use graph::{Graph, graph};
pub use interact::{
    Button, Checkbox, Control, Dropdown, Interact, Setting, Slide, Slider, Span, button, checkbox, dropdown, interact,
    slider,
};
pub use iris::{Iris, iris};
pub use live::{clear_output, display, input};
pub use number::short;
pub use output::Shown;
pub use plot::{Chart, columns, contour, curve, curves, plot, plot_functions, scatter, scatter_classes};
pub use progress::{Progress, progress};
pub use rich::EvcxrDisplay;
