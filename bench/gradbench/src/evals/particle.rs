//! A charged particle is to be steered through the origin by moving one of two charges that repel it. How close it comes is
//! minimized by descent, which needs a derivative; its path needs one at each step, as a force is the slope of a potential.

use std::marker::PhantomData;

use adlab::Scalar;
use serde::Deserialize;

use crate::descent::argmin;
use crate::modes::{self, Forward, Mode, Reverse};
use crate::timed::{Function, timed};

/// The first letter is the mode of the descent, the second that of the force.
pub const FUNCTIONS: &[(&str, Function)] = &[
    ("ff", |input| timed(input, steered::<Forward, Forward>)),
    ("fr", |input| timed(input, steered::<Forward, Reverse>)),
    ("rf", |input| timed(input, steered::<Reverse, Forward>)),
    ("rr", |input| timed(input, steered::<Reverse, Reverse>)),
];

#[derive(Deserialize)]
struct Input {
    /// How far the first charge stands from 10.
    w: f64,
}

fn steered<Descent: Mode, Force: Mode>(input: &Input) -> f64 {
    let miss = Miss::<Force>(PhantomData);
    let value = |&w: &[f64; 1]| modes::Function::at(&miss, w, |w| w);
    argmin(value, |&w| Descent::gradient(&miss, w), [input.w])[0]
}

struct Potential<T> {
    charges: [[T; 2]; 2],
}

impl<T: Scalar> modes::Function<2, T> for Potential<T> {
    fn at<U: Scalar>(&self, x: [U; 2], lift: impl Fn(T) -> U) -> U {
        let of = |charge: [T; 2]| {
            let [a, b] = [x[0] - lift(charge[0]), x[1] - lift(charge[1])];
            (a * a + b * b).sqrt().recip()
        };
        of(self.charges[0]) + of(self.charges[1])
    }
}

/// The square of the distance from the origin in which the particle reaches the axis, by steps of Euler.
struct Miss<Force>(PhantomData<Force>);

impl<Force: Mode> modes::Function<1, f64> for Miss<Force> {
    fn at<U: Scalar>(&self, [w]: [U; 1], lift: impl Fn(f64) -> U) -> U {
        const STEP: f64 = 0.1;
        let potential = Potential { charges: [[lift(10.0), -w + 10.0], [lift(10.0), lift(0.0)]] };
        let (mut place, mut speed) = ([lift(0.0), lift(8.0)], [lift(0.75), lift(0.0)]);
        loop {
            let slope = Force::gradient(&potential, place);
            for (place, &speed) in place.iter_mut().zip(&speed) {
                *place += speed * STEP;
            }
            if place[1] <= 0.0 {
                let back = -place[1] / speed[1];
                let end = place[0] + back * speed[0];
                return end * end;
            }
            for (speed, &slope) in speed.iter_mut().zip(&slope) {
                *speed -= slope * STEP;
            }
        }
    }
}
