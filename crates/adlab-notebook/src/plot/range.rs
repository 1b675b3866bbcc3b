//! Ranges of axes.

use std::ops::Range;

/// A range that can be drawn, or a message that says why not.
#[track_caller]
pub(super) fn checked(range: &Range<f64>, name: &str) -> (f64, f64) {
    let Range { start, end } = *range;
    assert!(
        start.is_finite() && end.is_finite(),
        "the range of {name}, {start:?}..{end:?}, is not finite: give two ordinary numbers, such as -1.0..1.0"
    );
    assert!(
        start < end,
        "the range of {name}, {start:?}..{end:?}, is {}: the smaller number comes first, as in {:?}..{:?}",
        if start == end { "empty" } else { "reversed" },
        if start == end { start - 1.0 } else { end },
        if start == end { end + 1.0 } else { start },
    );
    (start, end)
}
