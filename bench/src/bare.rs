//! The least that a tape can do which writes down each operation in 24 bytes, as ours does: it shows what our checks cost. It
//! knows one record only, does not look whether a variable is of it, and is no library: a variable that is used too late writes
//! where it should not.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Sub};

use crate::programs::{Number, Program, run};

#[derive(Clone, Copy)]
struct Node {
    partials: [f64; 2],
    inputs: [u32; 2],
}

/// Nothing is written beyond so many nodes.
const MOST: usize = 2 << 20;

/// Stands for a constant: the record begins with a node that is nobody's.
const NOBODY: u32 = 0;

/// A record, and the adjoints of its last pass.
pub struct Record {
    nodes: Vec<Node>,
    adjoints: RefCell<Vec<f64>>,
}

/// A variable; where `CHECKED`, it is asked before each operation whether there is room.
#[derive(Clone, Copy)]
pub struct Bare<const CHECKED: bool> {
    value: f64,
    index: u32,
    record: *mut Record,
}

impl<const CHECKED: bool> Bare<CHECKED> {
    #[inline(always)]
    fn write(record: *mut Record, value: f64, inputs: [u32; 2], partials: [f64; 2]) -> Self {
        // SAFETY: the record lives as long as the program that is measured, and has room for all that it does.
        let nodes = unsafe { &mut (*record).nodes };
        let index = nodes.len();
        if CHECKED && index == nodes.capacity() {
            grow(nodes);
        }
        // SAFETY: as above.
        unsafe {
            nodes.as_mut_ptr().add(index).write(Node { partials, inputs });
            nodes.set_len(index + 1);
        }
        Bare { value, index: index as u32, record }
    }

    #[inline(always)]
    fn one(self, value: f64, partial: f64) -> Self {
        Bare::write(self.record, value, [self.index, NOBODY], [partial, 0.0])
    }

    #[inline(always)]
    fn both(self, other: Self, value: f64, partials: [f64; 2]) -> Self {
        Bare::write(self.record, value, [self.index, other.index], partials)
    }

    fn backward(self, inputs: usize) -> Vec<f64> {
        // SAFETY: as above; nobody writes meanwhile.
        let record = unsafe { &*self.record };
        let mut adjoints = record.adjoints.borrow_mut();
        let count = self.index as usize + 1;
        adjoints.clear();
        adjoints.resize(count, 0.0);
        let mut adjoint = 1.0;
        for index in (inputs + 1..count).rev() {
            // SAFETY: all places are below that of their node.
            unsafe {
                let (node, before) = (record.nodes.get_unchecked(index), index - 1);
                *adjoints.get_unchecked_mut(index) = adjoint;
                let mut next = *adjoints.get_unchecked(before);
                for (input, partial) in node.inputs.into_iter().zip(node.partials) {
                    match input as usize {
                        input if input == before => next += adjoint * partial,
                        input if input != NOBODY as usize => *adjoints.get_unchecked_mut(input) += adjoint * partial,
                        _ => {}
                    }
                }
                adjoint = next;
            }
        }
        adjoints[inputs] = adjoint;
        adjoints[1..=inputs].to_vec()
    }
}

#[cold]
#[inline(never)]
fn grow(nodes: &mut Vec<Node>) {
    nodes.reserve(nodes.len());
}

/// The gradient of a program.
pub fn gradient<const CHECKED: bool>() -> impl Fn(&Program) -> Option<Vec<f64>> {
    let record = Record { nodes: Vec::with_capacity(MOST), adjoints: RefCell::default() };
    let record: *mut Record = Box::leak(Box::new(record));
    move |program| {
        // SAFETY: no variable of the run before is left.
        unsafe { (*record).nodes.clear() };
        Bare::<CHECKED>::write(record, 0.0, [NOBODY; 2], [0.0; 2]);
        let input = |&x: &f64| Bare::<CHECKED>::write(record, x, [NOBODY; 2], [0.0; 2]);
        let x: Vec<_> = program.inputs.iter().map(input).collect();
        Some(run(program.kind, &x).backward(x.len()))
    }
}

impl<const CHECKED: bool> Add for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.both(other, self.value + other.value, [1.0, 1.0])
    }
}

impl<const CHECKED: bool> Sub for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.both(other, self.value - other.value, [1.0, -1.0])
    }
}

impl<const CHECKED: bool> Mul for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.both(other, self.value * other.value, [other.value, self.value])
    }
}

impl<const CHECKED: bool> Div for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        self.both(other, value, [1.0 / other.value, -value / other.value])
    }
}

impl<const CHECKED: bool> Add<f64> for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: f64) -> Self {
        self.one(self.value + other, 1.0)
    }
}

impl<const CHECKED: bool> Sub<f64> for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: f64) -> Self {
        self.one(self.value - other, 1.0)
    }
}

impl<const CHECKED: bool> Mul<f64> for Bare<CHECKED> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: f64) -> Self {
        self.one(self.value * other, other)
    }
}

impl<const CHECKED: bool> Number for Bare<CHECKED> {
    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value.exp();
        self.one(value, value)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.one(self.value.ln(), 1.0 / self.value)
    }

    #[inline(always)]
    fn value(self) -> f64 {
        self.value
    }
}
