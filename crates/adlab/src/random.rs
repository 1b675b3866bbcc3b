//! Random numbers that a seed makes repeatable.

use crate::tensor::Tensor;

/// xoshiro256++ of Blackman and Vigna (2019), seeded by SplitMix64; both are in the public domain.
#[derive(Clone, Debug)]
struct Generator {
    state: [u64; 4],
}

impl Generator {
    fn seeded(seed: u64) -> Generator {
        let mut z = seed;
        let state = std::array::from_fn(|_| {
            z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut x = z;
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            x ^ (x >> 31)
        });
        Generator { state }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let t = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= t;
        *d = d.rotate_left(45);
        result
    }

    /// On [0, 1), with all 53 bits of a double's fraction.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Uniform numbers on [0, 1).
///
/// ```
/// use adlab::Uniform;
///
/// let mut uniform = Uniform::seeded(1);
/// let u = uniform.sample();
/// assert!((0.0..1.0).contains(&u));
/// ```
#[derive(Clone, Debug)]
pub struct Uniform {
    generator: Generator,
}

impl Uniform {
    /// The same seed gives the same numbers.
    pub fn seeded(seed: u64) -> Uniform {
        Uniform { generator: Generator::seeded(seed) }
    }

    /// The next number.
    pub fn sample(&mut self) -> f64 {
        self.generator.unit()
    }

    /// A tensor of this shape, filled row by row.
    pub fn tensor(&mut self, shape: &[usize]) -> Tensor {
        let n = shape.iter().product();
        Tensor::from_vec((0..n).map(|_| self.sample()).collect(), shape)
    }

    /// Puts a slice into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = (self.sample() * (i + 1) as f64) as usize;
            items.swap(i, j);
        }
    }

    /// The numbers 0 to n − 1 in a random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

/// Normally distributed numbers.
///
/// ```
/// use adlab::Normal;
///
/// let mut normal = Normal::seeded(1);
/// let n = 10_000;
/// let mean = (0..n).map(|_| normal.sample()).sum::<f64>() / n as f64;
/// assert!(mean.abs() < 0.05);
/// ```
#[derive(Clone, Debug)]
pub struct Normal {
    mean: f64,
    sd: f64,
    generator: Generator,
}

impl Normal {
    /// The standard normal distribution. The same seed gives the same numbers.
    pub fn seeded(seed: u64) -> Normal {
        Normal::new(0.0, 1.0, seed)
    }

    /// With this mean and standard deviation.
    pub fn new(mean: f64, sd: f64, seed: u64) -> Normal {
        Normal { mean, sd, generator: Generator::seeded(seed) }
    }

    /// The next number, by the method of Box and Muller (1958).
    pub fn sample(&mut self) -> f64 {
        // 1 − u is never 0, so the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.generator.unit()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.generator.unit();
        self.mean + self.sd * radius * angle.cos()
    }

    /// A tensor of this shape, filled row by row.
    pub fn tensor(&mut self, shape: &[usize]) -> Tensor {
        let n = shape.iter().product();
        Tensor::from_vec((0..n).map(|_| self.sample()).collect(), shape)
    }
}
