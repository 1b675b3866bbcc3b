//! What all numbers have alike, once their own + − × ÷ are written: assignments, sums, products, comparisons.
//! There is no mathematics here.

/// `+=` and its kin, `sum()` and `product()`; for any number.
macro_rules! number_operators {
    ([$($parameters:tt)*] $Number:ty) => {
        impl<$($parameters)*, R> std::ops::AddAssign<R> for $Number
        where
            $Number: std::ops::Add<R, Output = $Number>,
        {
            #[inline]
            #[track_caller]
            fn add_assign(&mut self, other: R) {
                *self = *self + other;
            }
        }

        impl<$($parameters)*, R> std::ops::SubAssign<R> for $Number
        where
            $Number: std::ops::Sub<R, Output = $Number>,
        {
            #[inline]
            #[track_caller]
            fn sub_assign(&mut self, other: R) {
                *self = *self - other;
            }
        }

        impl<$($parameters)*, R> std::ops::MulAssign<R> for $Number
        where
            $Number: std::ops::Mul<R, Output = $Number>,
        {
            #[inline]
            #[track_caller]
            fn mul_assign(&mut self, other: R) {
                *self = *self * other;
            }
        }

        impl<$($parameters)*, R> std::ops::DivAssign<R> for $Number
        where
            $Number: std::ops::Div<R, Output = $Number>,
        {
            #[inline]
            #[track_caller]
            fn div_assign(&mut self, other: R) {
                *self = *self / other;
            }
        }

        impl<$($parameters)*> std::iter::Sum for $Number {
            fn sum<I: Iterator<Item = $Number>>(numbers: I) -> $Number {
                numbers.reduce(std::ops::Add::add).unwrap_or(<$Number>::from(0.0))
            }
        }

        impl<$($parameters)*> std::iter::Product for $Number {
            fn product<I: Iterator<Item = $Number>>(numbers: I) -> $Number {
                numbers.reduce(std::ops::Mul::mul).unwrap_or(<$Number>::from(1.0))
            }
        }

        impl<$($parameters)*> std::fmt::Debug for $Number {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}

/// Comparison by value, which is itself a number that may be differentiated.
macro_rules! comparisons {
    ([$($parameters:tt)*] $Number:ty, |$x:ident| $value:expr) => {
        impl<$($parameters)*> PartialEq for $Number {
            #[inline]
            fn eq(&self, other: &$Number) -> bool {
                let value = |$x: &$Number| $value;
                value(self) == value(other)
            }
        }

        impl<$($parameters)*> PartialEq<f64> for $Number {
            #[inline]
            fn eq(&self, other: &f64) -> bool {
                let $x = self;
                $value == *other
            }
        }

        impl<$($parameters)*> PartialOrd for $Number {
            #[inline]
            fn partial_cmp(&self, other: &$Number) -> Option<std::cmp::Ordering> {
                let value = |$x: &$Number| $value;
                value(self).partial_cmp(&value(other))
            }
        }

        impl<$($parameters)*> PartialOrd<f64> for $Number {
            #[inline]
            fn partial_cmp(&self, other: &f64) -> Option<std::cmp::Ordering> {
                let $x = self;
                $value.partial_cmp(other)
            }
        }
    };
}

/// A plain number on the left, in terms of one on the right.
macro_rules! left_operators {
    ([$($parameters:tt)*] $Number:ty) => {
        impl<$($parameters)*> std::ops::Add<$Number> for f64 {
            type Output = $Number;

            #[inline]
            fn add(self, other: $Number) -> $Number {
                other + self
            }
        }

        impl<$($parameters)*> std::ops::Sub<$Number> for f64 {
            type Output = $Number;

            #[inline]
            fn sub(self, other: $Number) -> $Number {
                -other + self
            }
        }

        impl<$($parameters)*> std::ops::Mul<$Number> for f64 {
            type Output = $Number;

            #[inline]
            fn mul(self, other: $Number) -> $Number {
                other * self
            }
        }

        impl<$($parameters)*> std::ops::Div<$Number> for f64 {
            type Output = $Number;

            #[inline]
            fn div(self, other: $Number) -> $Number {
                <$Number>::from(self) / other
            }
        }
    };
}

pub(crate) use {comparisons, left_operators, number_operators};
