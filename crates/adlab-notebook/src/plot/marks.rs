//! The marks of points.

use crate::draw::{Point, Scene, style};

/// A point of a class: shapes tell classes apart where colours don't.
pub(super) fn mark(scene: &mut Scene, (x, y): Point, class: usize) {
    let colour = style::series(class);
    let shape = |corners: &[Point]| corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect::<Vec<_>>();
    match class % 4 {
        0 => scene.disc((x, y), 3.4, colour),
        1 => scene.area(&shape(&[(0.0, -4.2), (4.0, 2.9), (-4.0, 2.9)]), colour),
        2 => scene.area(&shape(&[(-3.1, -3.1), (3.1, -3.1), (3.1, 3.1), (-3.1, 3.1)]), colour),
        _ => scene.area(&shape(&[(0.0, -4.4), (4.4, 0.0), (0.0, 4.4), (-4.4, 0.0)]), colour),
    }
}
