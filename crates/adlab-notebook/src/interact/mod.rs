//! Pictures that answer: controls that a student moves, and closures that are called when they are.
//!
//! A closure is kept in the process that runs cells. When a control is moved, the kernel has it called there, as a cell of its
//! own that needs no compiler: all that it prints and shows stands below the controls, and where it panics, nothing has
//! changed.
//!
//! | file | |
//! |---|---|
//! | `call.rs` | [`interact`]: one control, or a tuple of them, and a closure |
//! | `slider.rs`, `step.rs`, `choice.rs` | the controls: numbers, in which steps they move; lists, boxes and buttons |
//! | `control.rs` | what they have in common, and a control that is shown by itself |
//! | `widget.rs` | how the kernel is told of them |
//! | `kept.rs` | the closures, and what the kernel asks of them |
//! | `description.rs` | a control in the kernel's words, and in people's |

mod call;
mod choice;
mod control;
mod description;
mod kept;
mod slider;
mod step;
mod widget;

pub use call::{Interact, interact};
pub use choice::{Button, Checkbox, Dropdown, button, checkbox, dropdown};
pub use control::{Control, Setting};
pub use slider::{Slide, Slider, Span, slider};
