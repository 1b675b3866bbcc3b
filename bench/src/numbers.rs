//! The numbers of each library, as the programs want them.

use std::ops::{Add, Div, Mul, Sub};

use ad_trait::F64;
use ad_trait::reverse_ad::adr::adr;

use crate::programs::Number;

macro_rules! number {
    ([$($lifetime:tt)*] $Type:ty, $exp:expr, $ln:expr, $value:expr) => {
        impl $($lifetime)* Number for $Type {
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }

            #[inline(always)]
            fn ln(self) -> Self {
                $ln(self)
            }

            #[inline(always)]
            fn value(self) -> f64 {
                $value(&self)
            }
        }
    };
}

number!([] f64, f64::exp, f64::ln, |x: &f64| *x);
number!([] adlab::Var, adlab::Scalar::exp, adlab::Scalar::ln, |x: &adlab::Var| x.primal());
number!([] echidna::Reverse<f64>, num_traits::Float::exp, num_traits::Float::ln, echidna::Scalar::value);
number!([<'a>] reverse::Var<'a>, |x| reverse::Var::exp(&x), |x| reverse::Var::ln(&x), reverse::Var::val);
number!([] Adr, |x: Adr| Adr(simba::scalar::ComplexField::exp(x.0)), |x: Adr| Adr(simba::scalar::ComplexField::ln(x.0)), |x: &Adr| x.0.value());

/// ad_trait's variable, whose constants are of a type of their own.
#[derive(Clone, Copy)]
pub struct Adr(pub adr);

macro_rules! operators {
    ($($Trait:ident $method:ident,)*) => { $(
        impl $Trait for Adr {
            type Output = Adr;

            #[inline(always)]
            fn $method(self, other: Adr) -> Adr {
                Adr(self.0.$method(other.0))
            }
        }

        impl $Trait<f64> for Adr {
            type Output = Adr;

            #[inline(always)]
            fn $method(self, other: f64) -> Adr {
                Adr(self.0.$method(F64(other)))
            }
        }
    )* };
}

operators!(Add add, Sub sub, Mul mul, Div div,);
