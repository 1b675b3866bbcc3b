//! What the kernel runs for itself, before the student's first cell and between cells.

use crate::cell::LIBRARY;

/// evcxr finds out that a cell uses `?` when it does not compile, and compiles it again; from then on it knows. It takes
/// `x + 1`, where `x` is a float, for the same.
pub const ALLOW_QUESTION_MARK: &str = "\"0\".parse::<u8>()?;";

/// A student who prints wants to see it, not only when the line has ended.
pub const PRINT_AT_ONCE: &str = r#"macro_rules! print {
    ($($arguments:tt)*) => {{
        ::std::print!($($arguments)*);
        let _ = ::std::io::Write::flush(&mut ::std::io::stdout());
    }};
}"#;

/// `dbg!`, with a cell's line in front of its arguments (`cell/debug.rs`): the line of the source that is
/// compiled means nothing to a student.
pub const DEBUG_IN_CELLS: &str = r#"macro_rules! dbg {
    ($place:literal;) => { ::std::eprintln!("[{}]", $place) };
    ($place:literal; $value:expr $(,)?) => {
        match $value {
            value => {
                ::std::eprintln!("[{}] {} = {:#?}", $place, ::std::stringify!($value), &value);
                value
            }
        }
    };
    ($place:literal; $($value:expr),+ $(,)?) => { ($(dbg!($place; $value)),+,) };
    ($($arguments:tt)*) => { ::std::dbg!($($arguments)*) };
}"#;

/// Ask for the backtrace of a panic, or not (the panic hook is in `variable-store/lib.rs`).
pub const BACKTRACE_ON: &str = "unsafe { std::env::set_var(\"RUST_BACKTRACE\", \"1\") };";
pub const BACKTRACE_OFF: &str = "unsafe { std::env::remove_var(\"RUST_BACKTRACE\") };";

/// Sets a variable of the environment, for this cell and later ones.
pub fn set_variable(name: &str, value: &str) -> String {
    format!("unsafe {{ std::env::set_var({name:?}, {value:?}) }};")
}

/// Has evcxr forget a variable: it is told that its type has changed, and runs this again without it.
pub fn forget(name: &str) -> String {
    format!("{{ ::{LIBRARY}::forget({name:?}); }}")
}

/// Drops all variables, before their process is ended.
pub fn drop_variables() -> String {
    format!("{{ ::{LIBRARY}::drop_at_end(); }}")
}
