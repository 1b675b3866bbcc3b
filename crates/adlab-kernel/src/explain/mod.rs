pub mod compile;
pub mod crash;
pub mod hints;
