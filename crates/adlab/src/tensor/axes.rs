//! Sizes along axes, or strides: a list that is nearly always short.
//!
//! Each tensor has two of them, and each operation makes some: for a small tensor, memory of their own would take longer
//! than what is computed.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// As many as most tensors have at most.
const FEW: usize = 2;

#[derive(Clone)]
pub enum Axes {
    /// So many of these, the others 0.
    Few(u8, [usize; FEW]),
    Many(Box<[usize]>),
}

impl Axes {
    /// With one more, at this position.
    pub fn with(&self, axis: usize, size: usize) -> Axes {
        self[..axis].iter().copied().chain([size]).chain(self[axis..].iter().copied()).collect()
    }

    /// Without one.
    pub fn without(&self, axis: usize) -> Axes {
        self[..axis].iter().chain(&self[axis + 1..]).copied().collect()
    }
}

impl From<&[usize]> for Axes {
    #[inline]
    fn from(sizes: &[usize]) -> Axes {
        match *sizes {
            [] => Axes::Few(0, [0, 0]),
            [a] => Axes::Few(1, [a, 0]),
            [a, b] => Axes::Few(2, [a, b]),
            _ => Axes::Many(sizes.into()),
        }
    }
}

impl FromIterator<usize> for Axes {
    #[inline]
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Axes {
        let mut sizes = sizes.into_iter();
        let Some(a) = sizes.next() else { return Axes::Few(0, [0, 0]) };
        let Some(b) = sizes.next() else { return Axes::Few(1, [a, 0]) };
        let Some(c) = sizes.next() else { return Axes::Few(2, [a, b]) };
        Axes::Many([a, b, c].into_iter().chain(sizes).collect())
    }
}

impl Deref for Axes {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        match self {
            Axes::Few(count, sizes) => &sizes[..usize::from(*count)],
            Axes::Many(sizes) => sizes,
        }
    }
}

impl DerefMut for Axes {
    #[inline]
    fn deref_mut(&mut self) -> &mut [usize] {
        match self {
            Axes::Few(count, sizes) => &mut sizes[..usize::from(*count)],
            Axes::Many(sizes) => sizes,
        }
    }
}

impl PartialEq for Axes {
    #[inline]
    fn eq(&self, other: &Axes) -> bool {
        match (self, other) {
            // Without a loop.
            (Axes::Few(own, [a, b]), Axes::Few(count, [c, d])) => own == count && a == c && b == d,
            _ => self[..] == other[..],
        }
    }
}

impl fmt::Debug for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_lists() {
        for count in 0..3 * FEW {
            let sizes: Vec<usize> = (1..=count).collect();
            let axes: Axes = sizes.iter().copied().collect();
            assert_eq!(axes[..], sizes);
            assert_eq!(axes, Axes::from(&sizes[..]));
            for axis in 0..=count {
                let (more, mut expected) = (axes.with(axis, 7), sizes.clone());
                expected.insert(axis, 7);
                assert_eq!(more[..], expected);
                assert_eq!(more.without(axis), axes);
            }
        }
    }
}
