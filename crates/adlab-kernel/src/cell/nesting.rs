//! How deep brackets may stand in each other: what reads a cell calls itself for each level, and so does the compiler.

/// The compiler overflows its stack somewhere beyond.
pub const DEEPEST: usize = 1000;

/// For threads that parse cells. Only what is used of it takes memory.
pub const DEEP_STACK: usize = 256 << 20;

/// Brackets in strings count as well, which does no harm.
pub fn is_too_deep(code: &str) -> bool {
    let steps = code.bytes().map(|byte| match byte {
        b'(' | b'[' | b'{' => 1,
        b')' | b']' | b'}' => -1,
        _ => 0,
    });
    let depths = steps.scan(0_i64, |depth, step| {
        *depth = (*depth + step).max(0);
        Some(*depth)
    });
    depths.max().unwrap_or(0) as usize > DEEPEST
}
