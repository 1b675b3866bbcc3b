//! Shapes, strides, and where the numbers of a tensor stand in its storage.

use std::array::from_fn;
use std::ops::Range;
use std::rc::Rc;

use super::axes::Axes;
use super::buffers;
use super::sums::sum;

/// Where the numbers of a tensor stand in its storage: the number at index (i, j, …) at `offset + i·strides[0] + j·strides[1] …`
///
/// A view is another layout of the same storage. No function here checks its arguments; the tensors' own do.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub shape: Axes,
    /// How far apart neighbours along each axis are.
    pub strides: Axes,
    pub offset: usize,
}

impl Layout {
    /// Row-major, from the start.
    pub fn contiguous(shape: &[usize]) -> Layout {
        // Without a loop, where it can be.
        if let [_, size] = *shape {
            return Layout { shape: shape.into(), strides: [size, 1][..].into(), offset: 0 };
        }
        let mut strides = Axes::from(shape);
        let mut stride = 1;
        for (own, &size) in strides.iter_mut().zip(shape).rev() {
            *own = stride;
            stride *= size;
        }
        Layout { shape: shape.into(), strides, offset: 0 }
    }

    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// True if the numbers stand one after the other, in row-major order.
    pub fn is_contiguous(&self) -> bool {
        if let ([_, size], [step, 1]) = (&self.shape[..], &self.strides[..])
            && step == size
        {
            return true;
        }
        let mut expected = 1;
        for (&size, &stride) in self.shape.iter().zip(&self.strides[..]).rev() {
            // Along an axis of one number, nothing is ever stepped.
            if size != 1 && stride != expected {
                return self.count() == 0;
            }
            expected *= size;
        }
        true
    }

    /// True if the places are those of row-major order, from the start.
    pub fn is_whole(&self) -> bool {
        self.offset == 0 && self.is_contiguous()
    }

    /// True if a number is shown several times.
    pub fn repeats(&self) -> bool {
        self.count() > 0 && self.shape.iter().zip(&self.strides[..]).any(|(&size, &stride)| size > 1 && stride == 0)
    }

    pub fn select(&self, axis: usize, index: usize) -> Layout {
        Layout {
            shape: self.shape.without(axis),
            strides: self.strides.without(axis),
            offset: self.offset + index * self.strides[axis],
        }
    }

    pub fn slice(&self, axis: usize, range: &Range<usize>) -> Layout {
        let mut layout = self.clone();
        layout.offset += range.start * layout.strides[axis];
        layout.shape[axis] = range.len();
        layout
    }

    pub fn permuted(&self, axes: &[usize]) -> Layout {
        Layout {
            shape: axes.iter().map(|&axis| self.shape[axis]).collect(),
            strides: axes.iter().map(|&axis| self.strides[axis]).collect(),
            offset: self.offset,
        }
    }

    /// The same numbers under another shape, if they are contiguous.
    pub fn reshaped(&self, shape: &[usize]) -> Option<Layout> {
        self.is_contiguous().then(|| Layout { offset: self.offset, ..Layout::contiguous(shape) })
    }

    /// Numbers repeated to fill `shape`: what is repeated has stride 0.
    pub fn expanded(&self, shape: &[usize]) -> Layout {
        let missing = shape.len() - self.shape.len();
        let stride = |axis: usize| match axis.checked_sub(missing) {
            Some(own) if self.shape[own] == shape[axis] => self.strides[own],
            _ => 0,
        };
        Layout { shape: shape.into(), strides: (0..shape.len()).map(stride).collect(), offset: self.offset }
    }

    /// The numbers, in row-major order of the index.
    pub fn read(&self, storage: &[f64]) -> Vec<f64> {
        let mut numbers = buffers::with_capacity(self.count());
        if let ([.., lines, size], [outer @ .., 1, stride]) = (&self.shape[..], &self.strides[..])
            && *stride > 1
            && self.count() >= if stride.is_multiple_of(ALIKE) { MANY } else { LARGE }
            && *lines.min(size) >= NARROW
        {
            let planes = Layout { shape: self.shape[..outer.len()].into(), strides: outer.into(), offset: self.offset };
            planes.places().for_each(|start| read_across(&storage[start..], *stride, [*lines, *size], &mut numbers));
            return numbers;
        }
        self.for_each_line(|start, stride, size| match stride {
            1 => numbers.extend_from_slice(&storage[start..start + size]),
            _ => numbers.extend((0..size).map(|i| storage[start + i * stride])),
        });
        numbers
    }

    /// Adds numbers in row-major order at the places where they belong. Where a place is shown several times, they add up.
    pub fn add_to(&self, storage: &mut [f64], numbers: &[f64]) {
        let mut rest = numbers;
        self.for_each_line(|start, stride, size| {
            let (line, after) = rest.split_at(size);
            rest = after;
            match stride {
                0 => storage[start] += sum(line),
                _ => line.iter().enumerate().for_each(|(i, x)| storage[start + i * stride] += x),
            }
        });
    }

    /// Calls `f` for each line along the last axis with its start, its step, and its length: along one axis there is one step
    /// only, which is faster than to follow all.
    fn for_each_line(&self, mut f: impl FnMut(usize, usize, usize)) {
        match (self.shape.split_last(), self.strides.split_last()) {
            (Some((&size, &[])), Some((&stride, _))) if size > 0 => f(self.offset, stride, size),
            (Some((&size, &[lines])), Some((&stride, &[step, ..]))) if size > 0 => {
                (0..lines).for_each(|line| f(self.offset + line * step, stride, size));
            }
            (Some((&size, outer)), Some((&stride, strides))) if size > 0 => {
                let lines = Layout { shape: outer.into(), strides: strides.into(), offset: self.offset };
                lines.places().for_each(|start| f(start, stride, size));
            }
            (None, _) => f(self.offset, 1, 1),
            _ => {}
        }
    }

    /// True if it shows one number, however often.
    pub fn is_one_number(&self) -> bool {
        self.shape.iter().zip(&self.strides[..]).all(|(&size, &stride)| size == 1 || size > 1 && stride == 0)
    }

    /// The places in the storage, in row-major order of the index.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let mut index: Axes = self.shape.iter().map(|_| 0).collect();
        let mut place = self.offset;
        (0..self.count()).map(move |_| {
            let here = place;
            // Like an odometer: the last axis turns fastest.
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                place += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                place -= self.strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
            here
        })
    }
}

/// From so many numbers on, what is read does not stay in the innermost cache; nor in the next one.
const MANY: usize = 4096;
const LARGE: usize = 1 << 19;

/// Neighbours in a line that are a multiple of this apart, 512 bytes, share few places of a cache.
const ALIKE: usize = 64;

/// The sides of a block that is read at once.
const SIDE: usize = 8;

/// Fewer lines, or shorter ones, leave little for blocks.
const NARROW: usize = 32;

/// Appends lines that run across the storage, as those of a transposed matrix do: neighbours in a line are `stride` apart, and
/// the lines themselves stand side by side. In blocks, as each number of a line comes from another place of the memory, and
/// with it come those of the next lines.
fn read_across(storage: &[f64], stride: usize, [lines, size]: [usize; 2], numbers: &mut Vec<f64>) {
    let before = numbers.len();
    numbers.resize(before + lines * size, 0.0);
    let numbers = &mut numbers[before..];
    let in_blocks = [lines / SIDE * SIDE, size / SIDE * SIDE];
    for i in (0..in_blocks[1]).step_by(SIDE) {
        for j in (0..in_blocks[0]).step_by(SIDE) {
            let block: [[f64; SIDE]; SIDE] = from_fn(|k| first(&storage[(i + k) * stride + j..]));
            for l in 0..SIDE {
                numbers[(j + l) * size + i..][..SIDE].copy_from_slice(&block.map(|column| column[l]));
            }
        }
    }
    for j in 0..lines {
        let rest = if j < in_blocks[0] { in_blocks[1] } else { 0 };
        for i in rest..size {
            numbers[j * size + i] = storage[i * stride + j];
        }
    }
}

#[inline(always)]
fn first(numbers: &[f64]) -> [f64; SIDE] {
    *numbers.first_chunk().expect("a block is inside")
}

/// Places among the numbers of a tensor, in row-major order.
#[derive(Clone)]
pub enum Places {
    /// Those that a view shows.
    Layout(Rc<Layout>),
    /// One by one; the same may come several times.
    List(Rc<[usize]>),
}

impl Places {
    /// Adds each number at its place.
    pub fn add_to(&self, sums: &mut [f64], numbers: &[f64]) {
        match self {
            Places::Layout(layout) => layout.add_to(sums, numbers),
            Places::List(list) => list.iter().zip(numbers).for_each(|(&place, x)| sums[place] += x),
        }
    }

    /// The numbers at these places.
    pub fn pick(&self, numbers: &[f64]) -> Vec<f64> {
        match self {
            Places::Layout(layout) => layout.read(numbers),
            Places::List(list) => list.iter().map(|&place| numbers[place]).collect(),
        }
    }
}

/// The common shape of two, compared from the right: sizes must be equal, or one of them 1.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Axes> {
    let n = a.len().max(b.len());
    let size = |shape: &[usize], i: usize| if i + shape.len() < n { 1 } else { shape[i + shape.len() - n] };
    (0..n)
        .map(|i| match (size(a, i), size(b, i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_strides() {
        let layout = Layout::contiguous(&[2, 3]);
        assert_eq!(layout.permuted(&[1, 0]).places().collect::<Vec<_>>(), [0, 3, 1, 4, 2, 5]);
        assert_eq!(layout.slice(1, &(1..3)).places().collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert_eq!(layout.select(0, 1).expanded(&[2, 3]).places().collect::<Vec<_>>(), [3, 4, 5, 3, 4, 5]);
        assert_eq!(Layout::contiguous(&[]).places().collect::<Vec<_>>(), [0]);
        assert_eq!(Layout::contiguous(&[2, 0]).places().count(), 0);
    }

    #[test]
    fn lines_are_read_and_added_to() {
        let storage = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let layout = Layout::contiguous(&[2, 3]);
        assert_eq!(layout.permuted(&[1, 0]).read(&storage), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(layout.slice(1, &(1..3)).read(&storage), [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(Layout::contiguous(&[]).read(&storage), [1.0]);
        assert_eq!(Layout::contiguous(&[2, 0]).read(&storage), []);
        let mut sums = [0.0; 3];
        Layout::contiguous(&[3]).expanded(&[2, 3]).add_to(&mut sums, &storage);
        assert_eq!(sums, [5.0, 7.0, 9.0]);
        let mut sum = [0.0];
        Layout::contiguous(&[]).expanded(&[2, 3]).add_to(&mut sum, &storage);
        assert_eq!(sum, [21.0]);
        assert!(layout.select(0, 1).select(0, 2).expanded(&[4]).is_one_number() && !layout.is_one_number());
    }

    #[test]
    fn many_numbers_are_read_in_blocks() {
        let storage: Vec<f64> = (0..600_000).map(f64::from).collect();
        let whole = Layout::contiguous(&[20, 48, 64]);
        let part = whole.slice(0, &(1..19)).slice(1, &(3..47)).slice(2, &(2..63));
        let planes = [[157, 192], [320, 401], [731, 740]].map(|shape| Layout::contiguous(&shape));
        for layout in [whole, part].into_iter().chain(planes) {
            for axes in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                let layout =
                    layout.permuted(&axes.into_iter().filter(|&axis| axis < layout.shape.len()).collect::<Vec<_>>());
                assert!(layout.count() >= MANY);
                let expected: Vec<f64> = layout.places().map(|place| storage[place]).collect();
                assert_eq!(layout.read(&storage), expected, "{layout:?}");
            }
        }
    }

    #[test]
    fn axes_of_one_number_do_not_break_a_row() {
        assert!(Layout::contiguous(&[4, 1]).permuted(&[1, 0]).is_contiguous());
        assert!(!Layout::contiguous(&[4, 2]).permuted(&[1, 0]).is_contiguous());
        assert!(Layout::contiguous(&[4, 2]).select(0, 3).is_contiguous());
        assert!(!Layout::contiguous(&[3]).expanded(&[2, 3]).is_contiguous());
    }

    #[test]
    fn shapes_meet_from_the_right() {
        assert_eq!(broadcast(&[3, 1, 2], &[4, 1]), Some([3, 4, 2][..].into()));
        assert_eq!(broadcast(&[], &[0]), Some([0][..].into()));
        assert_eq!(broadcast(&[2], &[3]), None);
    }
}
