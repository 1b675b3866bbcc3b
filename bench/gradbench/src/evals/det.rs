//! The determinant by minors of the first row, and theirs, and so on; its gradient term by term.

use adlab::{Scalar, Var};
use serde::Deserialize;

use crate::pieces::gradient_of_sum;
use crate::timed::{Function, timed};

pub const FUNCTIONS: &[(&str, Function)] =
    &[("primal", |input| timed(input, primal)), ("gradient", |input| timed(input, gradient))];

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "A")]
    matrix: Vec<f64>,
    ell: usize,
}

/// The minor of the rows from this one on, and of the columns whose bits are set, of which there are as many.
fn minor<T: Scalar>(matrix: &[T], size: usize, row: usize, columns: u32) -> T {
    if row + 1 == size {
        return matrix[row * size + columns.trailing_zeros() as usize];
    }
    let (mut sum, mut rest, mut is_added): (Option<T>, u32, bool) = (None, columns, true);
    while rest != 0 {
        let column = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let term = matrix[row * size + column] * minor(matrix, size, row + 1, columns & !(1 << column));
        sum = Some(match sum {
            None => term,
            Some(sum) if is_added => sum + term,
            Some(sum) => sum - term,
        });
        is_added = !is_added;
    }
    sum.expect("a column")
}

fn all_columns(size: usize) -> u32 {
    (1 << size) - 1
}

fn primal(input: &Input) -> f64 {
    minor(&input.matrix, input.ell, 0, all_columns(input.ell))
}

/// A product of one number in each of the first rows, with its sign, and the columns that are left for the other rows.
struct Term {
    places: Vec<usize>,
    is_added: bool,
    columns: u32,
}

/// The terms that the determinant has when so many rows are written out.
fn terms(size: usize, rows: usize) -> Vec<Term> {
    let mut terms = vec![Term { places: Vec::new(), is_added: true, columns: all_columns(size) }];
    for row in 0..rows {
        let longer = |term: Term| {
            let columns = (0..size).filter(move |column| term.columns & 1 << column != 0).enumerate();
            columns.map(move |(number, column)| Term {
                places: term.places.iter().copied().chain([row * size + column]).collect(),
                is_added: term.is_added == (number % 2 == 0),
                columns: term.columns & !(1 << column),
            })
        };
        terms = terms.into_iter().flat_map(longer).collect();
    }
    terms
}

/// So large a minor is recorded whole.
const WHOLE: usize = 7;

fn gradient(input: &Input) -> Vec<f64> {
    let size = input.ell;
    let rows = size.saturating_sub(WHOLE);
    let terms = terms(size, rows);
    let value = |i: usize, matrix: &[Var]| {
        let term = &terms[i];
        let rest = minor(matrix, size, rows, term.columns);
        let product = term.places.iter().fold(rest, |product, &place| product * matrix[place]);
        if term.is_added { product } else { -product }
    };
    gradient_of_sum(terms.len(), value, &input.matrix)
}
