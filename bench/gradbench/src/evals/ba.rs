//! Bundle adjustment: how far points seen by cameras lie from where they should, and the sparse matrix of the derivatives.
//! An observation depends on 15 numbers, so that forward mode gives its rows in one run.

use std::array::from_fn;

use adlab::{DualVec, Scalar, derivative};
use serde::{Deserialize, Serialize};

use crate::timed::{Function, timed_and_shown};

pub const FUNCTIONS: &[(&str, Function)] = &[
    ("objective", |input| timed_and_shown(input, objective, |_, errors| errors.shown())),
    ("jacobian", |input| timed_and_shown(input, jacobian, |_, matrix| matrix.shown())),
];

/// What a camera has: rotation (3), place (3), focal length, principal point (2), distortion (2).
const CAMERA: usize = 11;
const POINT: usize = 3;
/// Camera, point and weight.
const INPUTS: usize = CAMERA + POINT + 1;

/// One of each, which are repeated.
#[derive(Deserialize)]
struct Repeated {
    n: usize,
    m: usize,
    p: usize,
    cam: [f64; CAMERA],
    x: [f64; POINT],
    w: f64,
    feat: [f64; 2],
}

#[derive(Deserialize)]
#[serde(from = "Repeated")]
struct Input {
    cameras: Vec<[f64; CAMERA]>,
    points: Vec<[f64; POINT]>,
    observations: Vec<Observation>,
}

struct Observation {
    camera: usize,
    point: usize,
    weight: f64,
    feature: [f64; 2],
}

impl From<Repeated> for Input {
    fn from(one: Repeated) -> Input {
        let observation = |i| Observation { camera: i % one.n, point: i % one.m, weight: one.w, feature: one.feat };
        Input {
            cameras: vec![one.cam; one.n],
            points: vec![one.x; one.m],
            observations: (0..one.p).map(observation).collect(),
        }
    }
}

fn dot<T: Scalar>(a: [T; 3], b: [T; 3]) -> T {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross<T: Scalar>(a: [T; 3], b: [T; 3]) -> [T; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// A point, rotated about an axis by its length: the formula of Rodrigues.
fn rotated<T: Scalar>(axis: [T; 3], point: [T; 3]) -> [T; 3] {
    let square = dot(axis, axis);
    if square == 0.0 {
        let turned = cross(axis, point);
        return from_fn(|i| point[i] + turned[i]);
    }
    let angle = square.sqrt();
    let (sine, cosine, inverse) = (angle.sin(), angle.cos(), angle.recip());
    let unit = axis.map(|x| x * inverse);
    let turned = cross(unit, point);
    let along = dot(unit, point) * (-cosine + 1.0);
    from_fn(|i| point[i] * cosine + turned[i] * sine + unit[i] * along)
}

/// Where a camera sees a point.
fn projected<T: Scalar>(camera: &[T; CAMERA], point: [T; 3]) -> [T; 2] {
    let &[r0, r1, r2, c0, c1, c2, focal, u, v, k1, k2] = camera;
    let seen = rotated([r0, r1, r2], [point[0] - c0, point[1] - c1, point[2] - c2]);
    let flat = [seen[0] / seen[2], seen[1] / seen[2]];
    let square = flat[0] * flat[0] + flat[1] * flat[1];
    let distortion = k1 * square + k2 * square * square + 1.0;
    [flat[0] * distortion * focal + u, flat[1] * distortion * focal + v]
}

/// The two errors of an observation.
fn errors<T: Scalar>(camera: &[T; CAMERA], point: [T; 3], weight: T, feature: [f64; 2]) -> [T; 2] {
    let seen = projected(camera, point);
    from_fn(|i| weight * (seen[i] - feature[i]))
}

fn weight_error<T: Scalar>(weight: T) -> T {
    -(weight * weight) + 1.0
}

struct Errors {
    of_observations: Vec<[f64; 2]>,
    of_weights: Vec<f64>,
}

fn objective(input: &Input) -> Errors {
    let of = |it: &Observation| errors(&input.cameras[it.camera], input.points[it.point], it.weight, it.feature);
    Errors {
        of_observations: input.observations.iter().map(of).collect(),
        of_weights: input.observations.iter().map(|it| weight_error(it.weight)).collect(),
    }
}

/// The matrix in rows: those of the observations, two each, then those of the weights. The columns are those of the cameras,
/// the points and the weights.
struct Matrix {
    /// Where each row begins among the values, and where the last one ends.
    rows: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

fn jacobian(input: &Input) -> Matrix {
    let count = input.observations.len();
    let (rows, numbers) = (3 * count, (2 * INPUTS + 1) * count);
    let mut matrix = Matrix {
        rows: Vec::with_capacity(rows + 1),
        columns: Vec::with_capacity(numbers),
        values: Vec::with_capacity(numbers),
    };
    matrix.rows.push(0);
    let points = CAMERA * input.cameras.len();
    let weights = points + POINT * input.points.len();
    for (i, it) in input.observations.iter().enumerate() {
        let inputs = inputs(&input.cameras[it.camera], &input.points[it.point], it.weight);
        let (camera, rest) = inputs.split_first_chunk::<CAMERA>().expect("all inputs");
        let errors = errors(camera, [rest[0], rest[1], rest[2]], rest[POINT], it.feature);
        for error in errors {
            matrix.columns.extend(CAMERA * it.camera..CAMERA * (it.camera + 1));
            matrix.columns.extend(points + POINT * it.point..points + POINT * (it.point + 1));
            matrix.columns.push(weights + i);
            matrix.end_row(&error.derivatives);
        }
    }
    for (i, it) in input.observations.iter().enumerate() {
        matrix.columns.push(weights + i);
        matrix.end_row(&[derivative(weight_error, it.weight)]);
    }
    matrix
}

fn inputs(camera: &[f64; CAMERA], point: &[f64; POINT], weight: f64) -> [DualVec<INPUTS>; INPUTS] {
    let mut values = [weight; INPUTS];
    values[..CAMERA].copy_from_slice(camera);
    values[CAMERA..CAMERA + POINT].copy_from_slice(point);
    DualVec::variables(values)
}

impl Matrix {
    fn end_row(&mut self, values: &[f64]) {
        self.values.extend_from_slice(values);
        self.rows.push(self.values.len());
    }
}

// As all observations are alike, the first and the last are answered.

#[derive(Serialize)]
struct ShownErrors {
    reproj_error: Elements,
    w_err: Element,
}

#[derive(Serialize)]
struct Elements {
    elements: [f64; 2],
    repeated: usize,
}

#[derive(Serialize)]
struct Element {
    element: f64,
    repeated: usize,
}

impl Errors {
    fn shown(&self) -> ShownErrors {
        let repeated = self.of_weights.len();
        ShownErrors {
            reproj_error: Elements { elements: self.of_observations[0], repeated },
            w_err: Element { element: self.of_weights[0], repeated },
        }
    }
}

#[derive(Serialize)]
struct ShownMatrix {
    rows: Vec<usize>,
    cols: Vec<usize>,
    vals: Vec<f64>,
}

impl Matrix {
    fn shown(&self) -> ShownMatrix {
        ShownMatrix { rows: ends(&self.rows), cols: ends(&self.columns), vals: ends(&self.values) }
    }
}

/// As many as an observation has, and the last one.
fn ends<T: Copy>(all: &[T]) -> Vec<T> {
    all.iter().take(2 * INPUTS).chain(all.last()).copied().collect()
}
