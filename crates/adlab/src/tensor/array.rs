//! Plain arrays without history: what the tensors' rules compute with.

/// Numbers in row-major order, and their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Array {
    pub fn new(shape: &[usize], data: Vec<f64>) -> Array {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Array { shape: shape.to_vec(), data }
    }

    pub fn full(shape: &[usize], value: f64) -> Array {
        Array::new(shape, vec![value; shape.iter().product()])
    }

    pub fn map(&self, f: impl Fn(f64) -> f64) -> Array {
        Array::new(&self.shape, self.data.iter().map(|&x| f(x)).collect())
    }

    /// Element by element, with broadcasting; the shapes are known to fit.
    pub fn zip(&self, other: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
        if self.shape == other.shape {
            let data = self.data.iter().zip(&other.data).map(|(&a, &b)| f(a, b)).collect();
            return Array::new(&self.shape, data);
        }
        let shape = broadcast(&self.shape, &other.shape).expect("shapes were checked");
        let (left, right) = (Layout::broadcast(&self.shape, &shape), Layout::broadcast(&other.shape, &shape));
        let data = left.offsets().zip(right.offsets()).map(|(i, j)| f(self.data[i], other.data[j])).collect();
        Array::new(&shape, data)
    }

    pub fn add_assign(&mut self, other: &Array) {
        for (a, b) in self.data.iter_mut().zip(&other.data) {
            *a += b;
        }
    }

    /// The adjoint of broadcasting to our shape from `shape`: sums over what was repeated.
    pub fn sum_to(self, shape: &[usize]) -> Array {
        if self.shape == shape {
            return self;
        }
        let mut sum = Array::full(shape, 0.0);
        for (offset, x) in Layout::broadcast(shape, &self.shape).offsets().zip(&self.data) {
            sum.data[offset] += x;
        }
        sum
    }

    /// Repeats numbers to fill `shape`.
    pub fn broadcast_to(&self, shape: &[usize]) -> Array {
        let data = Layout::broadcast(&self.shape, shape).offsets().map(|i| self.data[i]).collect();
        Array::new(shape, data)
    }
}

/// The common shape of two, compared from the right: sizes must be equal, or one of them 1.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
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

/// Where the numbers of a tensor stand in its storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub shape: Vec<usize>,
    /// How far apart neighbours along each axis are.
    pub strides: Vec<usize>,
    pub offset: usize,
}

impl Layout {
    /// Row-major, from the start.
    pub fn contiguous(shape: &[usize]) -> Layout {
        let mut strides = vec![1; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i];
        }
        Layout { shape: shape.to_vec(), strides, offset: 0 }
    }

    /// Numbers of shape `from` read as if they had the shape `to`: what is repeated has stride 0.
    fn broadcast(from: &[usize], to: &[usize]) -> Layout {
        let inner = Layout::contiguous(from);
        let missing = to.len() - from.len();
        let strides = (0..to.len())
            .map(|i| if i < missing || from[i - missing] != to[i] { 0 } else { inner.strides[i - missing] })
            .collect();
        Layout { shape: to.to_vec(), strides, offset: 0 }
    }

    pub fn is_contiguous(&self) -> bool {
        self.strides == Layout::contiguous(&self.shape).strides
    }

    /// The places in the storage, in row-major order.
    pub fn offsets(&self) -> impl Iterator<Item = usize> + '_ {
        let count = self.shape.iter().product();
        let mut index = vec![0; self.shape.len()];
        let mut offset = self.offset;
        (0..count).map(move |_| {
            let here = offset;
            // Like an odometer: the last axis turns fastest.
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                offset += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                offset -= self.strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
            here
        })
    }
}
