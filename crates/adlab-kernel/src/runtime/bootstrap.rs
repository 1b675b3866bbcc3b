//! What the kernel runs for itself, before the student's first cell and between cells.

/// What runs in each new runtime before the first cell: `adlab_flush` pushes out what `print!` holds back, and the panic
/// hook says in one block where a panic was, instead of a backtrace through evcxr's frames.
pub const PREPARE: &str = r#"{
    #[unsafe(no_mangle)]
    pub extern "C" fn adlab_flush() {
        let _ = std::io::Write::flush(&mut std::io::stdout());
        let _ = std::io::Write::flush(&mut std::io::stderr());
    }
    std::panic::set_hook(Box::new(|info| {
        let (line, column, file) = info.location().map_or((0, 0, "?"), |l| (l.line(), l.column(), l.file()));
        let message = info.payload_as_str().unwrap_or("a value that is no text");
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|wish| wish != "0" && !wish.is_empty()) {
            ::std::eprintln!("{}", std::backtrace::Backtrace::force_capture());
        }
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        print!("ADLAB_PANIC_INFO {line}\t{column}\t{thread}\t{file}\n{message}\nEVCXR_END_CONTENT\n");
    }));
}"#;

/// evcxr finds out that a cell uses `?` when it does not compile, and compiles it again; from then on it knows. It takes
/// `x + 1`, where `x` is a float, for the same.
pub const ALLOW_QUESTION_MARK: &str = "\"0\".parse::<u8>()?;";

/// Stands before an error that `?` met (see [`MARK_ERRORS`]).
pub const ERROR_MARK: char = '\u{1e}';

/// When `?` meets an error, evcxr's code runs `eprintln!("{}", error)` and then says that there was an error. This macro
/// stands in between, and marks where the error's text begins, which may have several lines.
pub const MARK_ERRORS: &str = r#"macro_rules! eprintln {
    ("{}", $error:ident) => { ::std::eprintln!("\u{1e}{}", $error) };
    ($($arguments:tt)*) => { ::std::eprintln!($($arguments)*) };
}"#;

/// A student who prints wants to see it, not only when the line has ended.
pub const PRINT_AT_ONCE: &str = r#"macro_rules! print {
    ($($arguments:tt)*) => {{
        ::std::print!($($arguments)*);
        let _ = ::std::io::Write::flush(&mut ::std::io::stdout());
    }};
}"#;

/// Ask for the backtrace of a panic, or not (see [`PREPARE`]).
pub const BACKTRACE_ON: &str = "unsafe { std::env::set_var(\"RUST_BACKTRACE\", \"1\") };";
pub const BACKTRACE_OFF: &str = "unsafe { std::env::remove_var(\"RUST_BACKTRACE\") };";

/// Sets a variable of the environment, for this cell and later ones.
pub fn set_variable(name: &str, value: &str) -> String {
    format!("unsafe {{ std::env::set_var({name:?}, {value:?}) }};")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assumptions::END_CONTENT;
    use crate::runtime::protocol::PANIC_INFO;

    #[test]
    fn the_panic_hook_speaks_as_the_protocol_has_it() {
        assert!(PREPARE.contains(&format!("print!(\"{PANIC_INFO}{{line}}")) && PREPARE.contains(END_CONTENT));
        assert!(MARK_ERRORS.contains(&format!("\"{}{{}}\"", ERROR_MARK.escape_unicode())));
    }
}
