//! Marks submissions: a notebook that was handed out and came back is run again, and its points are counted.
//!
//! The solution is the authority. Cells that are locked in it are restored before anything runs, what was stored in a
//! submission is not believed, and all of its cells run, whatever fails before them. Points are counted as nbgrader does.
//!
//! A submission goes through these files: [`submission`] reads it and puts right what front ends have done to it,
//! [`authority`] puts it beside the solution, [`crew`] gives it to one of several [`worker`] processes, [`verdict`] judges each
//! cell, and [`results`] counts; [`reports`] are for people and machines.

pub mod authority;
pub mod course;
pub mod crew;
mod locked;
pub mod matching;
mod promises;
pub mod reports;
pub mod results;
pub mod submission;
pub mod verdict;
pub mod worker;
pub mod wrong;
