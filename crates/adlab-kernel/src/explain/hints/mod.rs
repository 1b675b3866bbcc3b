//! Advice for beginners: what an error means here, and what to write. A table of rules; of those that apply, the first speaks.
//!
//! A rule looks at what rustc says, at the cell's text, and at what the session knows. Advice that may be false is not given.

mod elsewhere;
mod names;
mod notebook;
mod numbers;
mod operands;
mod ownership;
mod python;
mod rule;
#[cfg(test)]
mod samples;
mod syntax;
mod tensors;
mod values;

use self::rule::{Advice, Rule};
pub use self::rule::{Case, note};

const TABLES: [&[Rule]; 9] = [
    python::RULES,
    syntax::RULES,
    notebook::RULES,
    numbers::RULES,
    tensors::RULES,
    values::RULES,
    ownership::RULES,
    elsewhere::RULES,
    names::RULES,
];

pub fn advice(case: &Case) -> Option<Advice> {
    TABLES.iter().copied().flatten().find_map(|rule| (rule.says)(case))
}
