//! Hand tracking: how far measured points lie from the skin of a hand that is posed by 26 numbers, and, where it is asked
//! for, by two more for each point. Those count for their own point alone, so that forward mode needs two lanes for all.

use std::array::from_fn;

use adlab::{DualVec, Scalar};
use serde::Deserialize;

use crate::timed::{Function, timed, timed_and_shown};

pub const FUNCTIONS: &[(&str, Function)] = &[
    ("objective", |input| timed(input, |input: &Input| errors(input, &input.theta, &input.us))),
    ("jacobian", |input| timed_and_shown(input, jacobian, |_, matrix| matrix)),
];

const POSE: usize = 26;

#[derive(Deserialize)]
struct Input {
    /// Rotation and place of the hand, then four angles for each finger.
    theta: Vec<f64>,
    data: Data,
    /// Where each point lies in its triangle; empty if it belongs to a vertex.
    us: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
struct Data {
    model: Model,
    correspondences: Vec<usize>,
    points: Vec<[f64; 3]>,
}

#[derive(Deserialize)]
struct Model {
    /// Of each bone: the one that it hangs on, which stands before it, or −1.
    parents: Vec<i32>,
    base_relatives: Vec<[[f64; 4]; 4]>,
    inverse_base_absolutes: Vec<[[f64; 4]; 4]>,
    /// Of each vertex: its place, and how much each bone moves it.
    base_positions: Vec<[f64; 4]>,
    weights: Vec<Vec<f64>>,
    triangles: Vec<[usize; 3]>,
    is_mirrored: bool,
}

type Matrix<T, const N: usize> = [[T; N]; N];

fn product<T: Scalar, const N: usize>(a: &Matrix<T, N>, b: &Matrix<T, N>) -> Matrix<T, N> {
    from_fn(|i| from_fn(|j| (0..N).map(|k| a[i][k] * b[k][j]).sum()))
}

/// A plain matrix on the left, and one on the right.
fn constant<T: Scalar, const N: usize>(a: &Matrix<f64, N>) -> Matrix<T, N> {
    a.map(|row| row.map(T::from))
}

fn identity<T: Scalar, const N: usize>() -> Matrix<T, N> {
    from_fn(|i| from_fn(|j| T::from(if i == j { 1.0 } else { 0.0 })))
}

/// The rotation about an axis by its length.
fn about_axis<T: Scalar>(axis: [T; 3]) -> Matrix<T, 3> {
    let angle = axis.iter().map(|&x| x * x).sum::<T>().sqrt();
    if angle < 1e-4 {
        return identity();
    }
    let [x, y, z] = axis.map(|x| x / angle);
    let (s, c) = (angle.sin(), angle.cos());
    let rest = -c + 1.0;
    let square = |x: T| x * x + (-(x * x) + 1.0) * c;
    [
        [square(x), x * y * rest - z * s, x * z * rest + y * s],
        [x * y * rest + z * s, square(y), y * z * rest - x * s],
        [x * z * rest - y * s, z * y * rest + x * s, square(z)],
    ]
}

/// Rotations about the three axes, the first one first.
fn about_axes<T: Scalar>([x, y, z]: [T; 3]) -> Matrix<T, 3> {
    let (zero, one) = (T::from(0.0), T::from(1.0));
    let about_x = [[one, zero, zero], [zero, x.cos(), -x.sin()], [zero, x.sin(), x.cos()]];
    let about_y = [[y.cos(), zero, y.sin()], [zero, one, zero], [-y.sin(), zero, y.cos()]];
    let about_z = [[z.cos(), -z.sin(), zero], [z.sin(), z.cos(), zero], [zero, zero, one]];
    product(&product(&about_z, &about_y), &about_x)
}

/// The angles of a bone about the axes. The wrist and the tips of the fingers do not turn; of the joints of a finger, the
/// first one turns about two axes.
fn angles<T: Scalar>(theta: &[T], bone: usize) -> [T; 3] {
    let zero = T::from(0.0);
    let (finger, joint) = ((bone.max(2) - 2) / 4, (bone.max(2) - 2) % 4);
    if bone < 2 || finger >= 5 {
        return [zero; 3];
    }
    let of_finger = &theta[6 + 4 * finger..];
    match joint {
        0 => [of_finger[0], zero, of_finger[1]],
        1 | 2 => [of_finger[joint + 1], zero, zero],
        _ => [zero; 3],
    }
}

/// What each bone does to a place of the hand at rest.
fn transforms<T: Scalar>(model: &Model, theta: &[T]) -> Vec<Matrix<T, 4>> {
    let mut absolutes: Vec<Matrix<T, 4>> = Vec::with_capacity(model.parents.len());
    for (bone, &parent) in model.parents.iter().enumerate() {
        let rotation = about_axes(angles(theta, bone));
        let mut turned = identity();
        for (row, rotated) in turned.iter_mut().zip(&rotation) {
            row[..3].copy_from_slice(rotated);
        }
        let relative = product(&constant(&model.base_relatives[bone]), &turned);
        absolutes.push(usize::try_from(parent).map_or(relative, |parent| product(&absolutes[parent], &relative)));
    }
    let bases = &model.inverse_base_absolutes;
    absolutes.iter().zip(bases).map(|(absolute, base)| product(absolute, &constant(base))).collect()
}

/// Where all vertices are.
fn positions<T: Scalar>(model: &Model, theta: &[T]) -> Vec<[T; 3]> {
    let transforms = transforms(model, theta);
    let rotation = about_axis([theta[0], theta[1], theta[2]]);
    let vertex = |(base, weights): (&[f64; 4], &Vec<f64>)| {
        let mut place = [T::from(0.0); 3];
        for (transform, weight) in transforms.iter().zip(weights) {
            let weighted = base.map(|x| x * weight);
            for (place, row) in place.iter_mut().zip(transform) {
                for (&x, weighted) in row.iter().zip(weighted) {
                    *place += x * weighted;
                }
            }
        }
        if model.is_mirrored {
            place[0] = -place[0];
        }
        from_fn(|i| (0..3).map(|j| rotation[i][j] * place[j]).sum::<T>() + theta[3 + i])
    };
    model.base_positions.iter().zip(&model.weights).map(vertex).collect()
}

/// Three for each point.
fn errors<T: Scalar>(input: &Input, theta: &[T], us: &[[T; 2]]) -> Vec<T> {
    let data = &input.data;
    let positions = positions(&data.model, theta);
    let mut errors = Vec::with_capacity(3 * data.points.len());
    for (i, (point, &belongs)) in data.points.iter().zip(&data.correspondences).enumerate() {
        for j in 0..3 {
            let place = match us.get(i) {
                None => positions[belongs][j],
                Some(&[u, v]) => {
                    let [a, b, c] = data.model.triangles[belongs].map(|vertex| positions[vertex][j]);
                    u * a + v * b + (-u - v + 1.0) * c
                }
            };
            errors.push(-place + point[j]);
        }
    }
    errors
}

fn jacobian(input: &Input) -> Vec<Vec<f64>> {
    if input.us.is_empty() { by_lanes::<POSE>(input, 0) } else { by_lanes::<{ POSE + 2 }>(input, 2) }
}

/// The derivatives by the two numbers of each point, if there are any, and by those of the pose.
fn by_lanes<const LANES: usize>(input: &Input, before_pose: usize) -> Vec<Vec<f64>> {
    let seeded = |value: f64, lane: usize| {
        let mut number = DualVec::<LANES>::constant(value);
        number.derivatives[lane] = 1.0;
        number
    };
    let theta: Vec<_> = input.theta.iter().enumerate().map(|(i, &x)| seeded(x, before_pose + i)).collect();
    let us: Vec<_> = input.us.iter().map(|&[u, v]| [seeded(u, 0), seeded(v, 1)]).collect();
    errors(input, &theta, &us).iter().map(|error| error.derivatives.to_vec()).collect()
}
