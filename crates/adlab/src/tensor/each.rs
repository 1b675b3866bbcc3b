//! One thing, or none, for each input of an operation: a list that is nearly always of one or two, and then takes no memory of
//! its own.

use std::ops::Deref;

/// Of one input, the second is none, but counts as a place.
pub enum Each<T> {
    Few([Option<T>; 2]),
    Many(Vec<Option<T>>),
}

impl<T> Default for Each<T> {
    fn default() -> Each<T> {
        Each::Few([None, None])
    }
}

impl<T> From<[Option<T>; 1]> for Each<T> {
    #[inline]
    fn from([a]: [Option<T>; 1]) -> Each<T> {
        Each::Few([a, None])
    }
}

impl<T> From<[Option<T>; 2]> for Each<T> {
    #[inline]
    fn from(both: [Option<T>; 2]) -> Each<T> {
        Each::Few(both)
    }
}

impl<T> FromIterator<Option<T>> for Each<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(each: I) -> Each<T> {
        Each::Many(each.into_iter().collect())
    }
}

impl<T> Deref for Each<T> {
    type Target = [Option<T>];

    #[inline]
    fn deref(&self) -> &[Option<T>] {
        match self {
            Each::Few(few) => few,
            Each::Many(many) => many,
        }
    }
}

impl<T> Each<T> {
    /// What there is, by value, with the number of its input.
    #[inline]
    pub fn for_each(self, mut f: impl FnMut(usize, T)) {
        let mut some = |(i, one): (usize, Option<T>)| {
            if let Some(one) = one {
                f(i, one);
            }
        };
        match self {
            Each::Few(few) => few.into_iter().enumerate().for_each(&mut some),
            Each::Many(many) => many.into_iter().enumerate().for_each(&mut some),
        }
    }
}
