//! Every tensor operation beside PyTorch's own results, which `pytorch/make_table.py` has written down.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use adlab::{Adam, Backward, Sgd, Tensor};
use common::operations::operations;

const TABLE: &str = include_str!("pytorch/table.txt");

/// Relative to the numbers themselves.
const TOLERANCE: f64 = 1e-12;

/// What is left of numbers that cancel out, and differs in the last digit of theirs.
const NOTHING: f64 = 1e-15;

/// Where we differ from PyTorch: the operation, the field, for which inputs, and why.
type Exception = (&'static str, &'static str, fn(&[f64]) -> bool, &'static str);

const EXCEPTIONS: [Exception; 8] = [
    ("sign", "output", |x| x[0].is_nan(), "NaN stays NaN; PyTorch has 0"),
    ("abs", "gradient", |x| x[0].is_nan(), "NaN stays NaN; PyTorch has 0"),
    (
        "acosh",
        "gradient",
        |x| x[0] <= -1.0,
        "outside of the domain; PyTorch has 1/√(x² − 1), where acosh itself is NaN",
    ),
    ("maximum", "gradient", |x| x[0].is_nan() || x[1].is_nan(), "NaN stays NaN; PyTorch has 1"),
    ("minimum", "gradient", |x| x[0].is_nan() || x[1].is_nan(), "NaN stays NaN; PyTorch has 1"),
    (
        "hypot",
        "gradient",
        |x| x == [0.0, 0.0],
        "0 at the origin, as both have it for the norm; PyTorch has NaN for hypot",
    ),
    (
        "binary_cross_entropy",
        "gradient",
        |x| x[0] == 0.0 && x[1] == 1.0 || x[0] == 1.0 && x[1] == 0.0,
        "±1e12; PyTorch's 1e-12 is rounded to single precision",
    ),
    ("std", "second", |x| x[0] == 2.0, "NaN where all are equal, as for the norm; PyTorch has 0"),
];

struct Case {
    name: String,
    tensors: BTreeMap<&'static str, Vec<Tensor>>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("op ") {
            cases.push(Case { name: name.to_owned(), tensors: BTreeMap::new() });
            continue;
        }
        let (head, numbers) = line.split_once(':').unwrap();
        let (word, shape) = head.split_once(' ').unwrap();
        let shape: Vec<usize> =
            shape.split('x').filter(|size| !size.is_empty()).map(|size| size.parse().unwrap()).collect();
        let numbers = numbers.split_whitespace().map(|x| x.parse().unwrap()).collect();
        let case = cases.last_mut().unwrap();
        case.tensors.entry(word).or_default().push(Tensor::from_vec(numbers, &shape));
    }
    cases
}

/// The first difference that is not excepted, if there is one.
fn difference(ours: &Tensor, theirs: &Tensor, is_excepted: impl Fn(usize) -> bool) -> Option<String> {
    if ours.shape() != theirs.shape() {
        return Some(format!("the shape is {:?}, theirs {:?}", ours.shape(), theirs.shape()));
    }
    let differs = |(a, b): &(f64, f64)| {
        let close = (a - b).is_finite() && (a - b).abs() <= NOTHING.max(TOLERANCE * a.abs().max(b.abs()));
        !(close || a == b || a.is_nan() && b.is_nan())
    };
    let pairs = ours.to_vec().into_iter().zip(theirs.to_vec());
    let found = pairs.enumerate().find(|(i, pair)| differs(pair) && !is_excepted(*i));
    found.map(|(i, (a, b))| format!("number {i} is {a:e}, theirs {b:e}"))
}

fn check(case: &Case, field: &'static str, i: usize, ours: &Tensor, wrong: &mut Vec<String>) {
    let inputs = &case.tensors["input"];
    let is_excepted = |place: usize| {
        let at: Vec<f64> = inputs.iter().filter_map(|x| x.to_vec().get(place).copied()).collect();
        at.len() == inputs.len()
            && EXCEPTIONS.iter().any(|(name, of, holds, _)| *name == case.name && *of == field && holds(&at))
    };
    if let Some(difference) = difference(ours, &case.tensors[field][i], is_excepted) {
        wrong.push(format!("{}, {field} {i}: {difference}; inputs {:?}", case.name, case.tensors["input"]));
    }
}

#[test]
fn every_operation_agrees_with_pytorch() {
    let operations: BTreeMap<_, _> = operations().into_iter().map(|(name, _, f)| (name, f)).collect();
    let optimisers = BTreeSet::from(["sgd", "sgd with momentum", "adam"]);
    let (mut seen, mut wrong) = (BTreeMap::new(), Vec::new());
    for case in cases().iter().filter(|case| !optimisers.contains(case.name.as_str())) {
        let Some(f) = operations.get(case.name.as_str()) else {
            panic!("{} is in the table, and not among our operations", case.name);
        };
        let inputs: Vec<Tensor> = case.tensors["input"].iter().map(Tensor::requires_grad).collect();
        let leaves: Vec<&Tensor> = inputs.iter().collect();
        let y = f(&inputs);
        check(case, "output", 0, &y, &mut wrong);
        let seed = &case.tensors["seed"][0];
        let gradients = Backward::of(&y).seed(seed).retain_graph().gradients(&leaves);
        gradients.iter().enumerate().for_each(|(i, g)| check(case, "gradient", i, g, &mut wrong));
        let mut numbers = gradients.iter().chain([&y]).map(Tensor::numel).sum::<usize>();
        if case.tensors.contains_key("second") {
            let gradients = Backward::of(&y).seed(seed).create_graph().gradients(&leaves);
            gradients.iter().enumerate().for_each(|(i, g)| check(case, "gradient", i, g, &mut wrong));
            let total = gradients.iter().map(|g| g.square().sum()).reduce(|a, b| a + b).unwrap();
            for (i, g) in total.gradients(&leaves).iter().enumerate() {
                check(case, "second", i, g, &mut wrong);
                numbers += g.numel();
            }
        }
        let entry = seen.entry(case.name.clone()).or_insert((0, 0));
        (entry.0, entry.1) = (entry.0 + 1, entry.1 + numbers);
    }
    for name in operations.keys() {
        assert!(seen.contains_key(*name), "{name} is not in the table");
    }
    println!("Where the two differ, and why:");
    for (name, field, _, reason) in EXCEPTIONS {
        println!("- {name}, {field}: {reason}");
    }
    println!("| operation | cases | numbers compared with PyTorch's |\n|---|---|---|");
    for (name, (cases, numbers)) in &seen {
        println!("| {name} | {cases} | {numbers} |");
    }
    let total = seen.values().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    println!("| {} operations | {} | {} |", seen.len(), total.0, total.1);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// An optimiser of one tensor, whichever it is.
enum Optimiser {
    Sgd(Sgd),
    Adam(Adam),
}

impl Optimiser {
    fn step(&mut self) {
        match self {
            Optimiser::Sgd(sgd) => sgd.step(),
            Optimiser::Adam(adam) => adam.step(),
        }
    }

    fn zero_grad(&self) {
        match self {
            Optimiser::Sgd(sgd) => sgd.zero_grad(),
            Optimiser::Adam(adam) => adam.zero_grad(),
        }
    }
}

#[test]
fn optimisers_take_pytorch_s_steps() {
    let mut seen = 0;
    for case in cases() {
        let x = case.tensors["input"][0].requires_grad();
        let mut optimiser = match case.name.as_str() {
            "sgd" => Optimiser::Sgd(Sgd::new(&[&x], 0.1)),
            "sgd with momentum" => Optimiser::Sgd(Sgd::new(&[&x], 0.1).momentum(0.9)),
            "adam" => Optimiser::Adam(Adam::new(&[&x], 0.1)),
            _ => continue,
        };
        seen += 1;
        for expected in &case.tensors["output"] {
            optimiser.zero_grad();
            ((x.powi(3) + x.square()) / 2.0).sum().backward();
            optimiser.step();
            assert_eq!(difference(&x, expected, |_| false), None, "{}", case.name);
        }
    }
    assert_eq!(seen, 3);
}
