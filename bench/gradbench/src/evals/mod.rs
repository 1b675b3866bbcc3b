//! The evals, each with its functions. A function is written once, for all numbers: with f64 it is what an eval calls its
//! primal, objective or cost, and with others it is differentiated.

mod ba;
mod det;
mod gmm;
mod hello;
mod ht;
mod kmeans;
mod llsq;
mod lse;
mod lstm;
mod ode;
mod particle;
mod saddle;

use crate::timed::Function;

/// Name, and functions by name.
type Eval = (&'static str, &'static [(&'static str, Function)]);

pub const ALL: [Eval; 12] = [
    ("ba", ba::FUNCTIONS),
    ("det", det::FUNCTIONS),
    ("gmm", gmm::FUNCTIONS),
    ("hello", hello::FUNCTIONS),
    ("ht", ht::FUNCTIONS),
    ("kmeans", kmeans::FUNCTIONS),
    ("llsq", llsq::FUNCTIONS),
    ("lse", lse::FUNCTIONS),
    ("lstm", lstm::FUNCTIONS),
    ("ode", ode::FUNCTIONS),
    ("particle", particle::FUNCTIONS),
    ("saddle", saddle::FUNCTIONS),
];
