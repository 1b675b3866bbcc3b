//! Large matrix products on processors with registers for eight numbers (AVX-512), which matrixmultiply does not use: with
//! them, a product takes half the time. Whether there are any is found out when it runs.
//!
//! As in all fast products (Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008), parts of both
//! matrices are first put in the order in which they will be read, and C is computed in tiles that stay in registers.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m512d, _MM_HINT_T0, _mm_prefetch, _mm512_add_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_set1_pd,
    _mm512_setzero_pd, _mm512_storeu_pd,
};
use std::array::from_fn;

use super::buffers::{self, Buffer};

/// A tile of C: eight rows of three registers each. With what is multiplied, that is 28 of 32 registers.
const ROWS: usize = 8;
const COLUMNS: usize = 3 * LANES;
const LANES: usize = 8;

/// So many products are added up in registers. What this needs of B, 38 kB, stays in the innermost cache.
const DEPTH: usize = 200;

/// So many rows of A are in order at a time: 300 kB, which stay in the next cache.
const BLOCK: usize = 192;

/// From so many multiplications on, the order is worth its time.
const LARGE: usize = 1 << 15;

/// Numbers of a matrix: the one at (i, j) stands at i·strides\[0\] + j·strides\[1\].
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    pub numbers: &'a [f64],
    pub strides: [usize; 2],
}

/// C = A·B, where C is contiguous and 0. False if this is not the way to compute it, and nothing was done.
pub fn multiply([m, k, n]: [usize; 3], a: Strided, b: Strided, c: &mut [f64]) -> bool {
    let fits = m >= ROWS && n >= COLUMNS && m * k * n >= LARGE && is_x86_feature_detected!("avx512f");
    if fits {
        // SAFETY: the processor has what this is compiled for, by the line above.
        unsafe { product([m, k, n], a, b, c) };
    }
    fits
}

#[target_feature(enable = "avx512f")]
fn product([m, k, n]: [usize; 3], a: Strided, b: Strided, c: &mut [f64]) {
    let most = k.div_ceil(k.div_ceil(DEPTH));
    let mut memory_b = Buffer(buffers::zeros(most * n.next_multiple_of(COLUMNS) + LANES));
    let mut memory_a = Buffer(buffers::zeros(most * BLOCK.min(m.next_multiple_of(ROWS)) + LANES));
    let (order_b, order_a) = (aligned(&mut memory_b), aligned(&mut memory_a));
    for l in (0..k).step_by(most) {
        let depth = most.min(k - l);
        let (lines, _) = order_b.as_chunks_mut::<COLUMNS>();
        for (panel, j) in lines.chunks_exact_mut(depth).zip((0..n).step_by(COLUMNS)) {
            let [along, across] = b.strides;
            put_in_order(&b.numbers[l * along + j * across..], [along, across], COLUMNS.min(n - j), panel);
        }
        for i in (0..m).step_by(BLOCK) {
            let rows = BLOCK.min(m - i);
            let (lines, _) = order_a.as_chunks_mut::<ROWS>();
            for (panel, r) in lines.chunks_exact_mut(depth).zip((0..rows).step_by(ROWS)) {
                let [across, along] = a.strides;
                put_in_order(&a.numbers[(i + r) * across + l * along..], [along, across], ROWS.min(rows - r), panel);
            }
            let (panels_b, _) = order_b.as_chunks::<COLUMNS>();
            for (b, j) in panels_b.chunks_exact(depth).zip((0..n).step_by(COLUMNS)) {
                let (panels_a, _) = order_a.as_chunks::<ROWS>();
                for (a, r) in panels_a.chunks_exact(depth).zip((0..rows).step_by(ROWS)) {
                    let (c, columns) = (&mut c[(i + r) * n + j..], COLUMNS.min(n - j));
                    match columns.div_ceil(LANES) {
                        1 => tile::<1>(a, b, c, [columns, n]),
                        2 => tile::<2>(a, b, c, [columns, n]),
                        _ => tile::<3>(a, b, c, [columns, n]),
                    }
                }
            }
        }
    }
}

/// Without the first few, so that registers are loaded from within lines of the cache.
fn aligned(numbers: &mut [f64]) -> &mut [f64] {
    let first = numbers.as_ptr().align_offset(64);
    &mut numbers[first..]
}

/// Puts some lines side by side, as many as a panel is wide or fewer; the others are 0. Not inlined: it would be compiled for
/// wide registers as well, where numbers that are apart take longer.
#[inline(never)]
fn put_in_order<const W: usize>(numbers: &[f64], [along, across]: [usize; 2], lines: usize, panel: &mut [[f64; W]]) {
    let depth = panel.len();
    if lines < W {
        panel.fill([0.0; W]);
        for (l, panel) in panel.iter_mut().enumerate() {
            (0..lines).for_each(|line| panel[line] = numbers[l * along + line * across]);
        }
    } else if across == 1 {
        panel.iter_mut().enumerate().for_each(|(l, panel)| panel.copy_from_slice(&numbers[l * along..][..W]));
    } else if along == 1 {
        let lines: [&[f64]; W] = from_fn(|line| &numbers[line * across..][..depth]);
        panel.iter_mut().enumerate().for_each(|(l, panel)| *panel = from_fn(|line| lines[line][l]));
    } else {
        panel.iter_mut().enumerate().for_each(|(l, panel)| *panel = from_fn(|line| numbers[l * along + line * across]));
    }
}

/// A row of a tile.
type Row<const R: usize> = [__m512d; R];

/// Adds to so many columns of C, which has lines of n numbers, the sum over all l of a\[l\] as a column times b\[l\] as a row.
#[inline]
#[target_feature(enable = "avx512f")]
fn tile<const R: usize>(a: &[[f64; ROWS]], b: &[[f64; COLUMNS]], c: &mut [f64], [columns, n]: [usize; 2]) {
    let mut sums = [[_mm512_setzero_pd(); R]; ROWS];
    let part = a.len().div_ceil(ROWS);
    for ((a, b), line) in a.chunks(part).zip(b.chunks(part)).zip(0..) {
        // A line of C is fetched meanwhile: all of them at once would be in the way of what is read now. It may begin within
        // a line of the cache, and so end in one more.
        let line = c.as_ptr().wrapping_add(line * n);
        (0..=R).for_each(|i| _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add((i * LANES).min(columns - 1)).cast()));
        for (a, b) in a.iter().zip(b) {
            let row = load::<R>(b);
            for (sums, &x) in sums.iter_mut().zip(a) {
                let x = _mm512_set1_pd(x);
                for i in 0..R {
                    sums[i] = _mm512_fmadd_pd(x, row[i], sums[i]);
                }
            }
        }
    }
    for (sums, line) in sums.into_iter().zip(c.chunks_mut(n)) {
        add(sums, &mut line[..columns]);
    }
}

/// Adds as many numbers of a row as there are.
#[inline]
#[target_feature(enable = "avx512f")]
fn add<const R: usize>(row: Row<R>, numbers: &mut [f64]) {
    let mut before = [0.0; COLUMNS];
    if numbers.len() == R * LANES {
        store(row, numbers);
    } else {
        store(row, &mut before);
        numbers.iter_mut().zip(before).for_each(|(sum, x)| *sum += x);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load<const R: usize>(numbers: &[f64]) -> Row<R> {
    let parts = numbers.as_chunks::<LANES>().0;
    // SAFETY: each is read from an array of eight numbers.
    from_fn(|i| unsafe { _mm512_loadu_pd(parts[i].as_ptr()) })
}

/// Adds a row to what is there.
#[inline]
#[target_feature(enable = "avx512f")]
fn store<const R: usize>(row: Row<R>, numbers: &mut [f64]) {
    for (part, row) in numbers.as_chunks_mut::<LANES>().0.iter_mut().zip(row) {
        // SAFETY: it is read from, and written to, an array of eight numbers.
        unsafe { _mm512_storeu_pd(part.as_mut_ptr(), _mm512_add_pd(_mm512_loadu_pd(part.as_ptr()), row)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_all_sizes_and_orders_are_exact() {
        if !is_x86_feature_detected!("avx512f") {
            return println!("skipped: this processor has no AVX-512");
        }
        let sizes = [
            [8, 200, 24],
            [8, 201, 25],
            [33, 384, 31],
            [9, 401, 40],
            [16, 300, 32],
            [17, 600, 62],
            [200, 17, 50],
            [193, 400, 47],
        ];
        for [m, k, n] in sizes {
            // Whole numbers, so that every order of adding up gives the same.
            let number = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 - 5.0;
            let whole = |rows: usize, columns: usize, strides: [usize; 2]| {
                let mut numbers = vec![0.0; rows * columns];
                (0..rows)
                    .for_each(|i| (0..columns).for_each(|j| numbers[i * strides[0] + j * strides[1]] = number(i, j)));
                numbers
            };
            let expected: Vec<f64> =
                (0..m * n).map(|place| (0..k).map(|l| number(place / n, l) * number(l, place % n)).sum()).collect();
            for of_a in [[k, 1], [1, m]] {
                for of_b in [[n, 1], [1, k]] {
                    let (a, b) = (whole(m, k, of_a), whole(k, n, of_b));
                    let (a, b) = (Strided { numbers: &a, strides: of_a }, Strided { numbers: &b, strides: of_b });
                    let mut c = vec![0.0; m * n];
                    assert!(multiply([m, k, n], a, b, &mut c));
                    assert_eq!(c, expected, "{m}·{k}·{n}, {of_a:?}, {of_b:?}");
                }
            }
            // One line, shown often.
            let line = whole(1, n, [n, 1]);
            let (a, b) = (vec![1.0; m * k], Strided { numbers: &line, strides: [0, 1] });
            let mut c = vec![0.0; m * n];
            assert!(multiply([m, k, n], Strided { numbers: &a, strides: [k, 1] }, b, &mut c));
            assert!((0..m * n).all(|place| c[place] == k as f64 * number(0, place % n)));
        }
    }
}
