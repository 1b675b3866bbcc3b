//! Small matrix products, for which it does not pay to put anything in order.
//!
//! Some columns at a time, as many of a row of C as stay in registers while its products are added up; and four rows of B at a
//! time, so that sums wait for each other a quarter as often.

/// C = A·B of (m × k) and (k × n), all row by row, where C is 0.
pub fn multiply(sizes: [usize; 3], a: &[f64], b: &[f64], c: &mut [f64]) {
    match sizes {
        [_, k, 1] => return narrow::<1>(k, a, b, c),
        [_, k, 2] => return narrow::<2>(k, a, b, c),
        [_, k, 3] => return narrow::<3>(k, a, b, c),
        [_, k, 4] => return narrow::<4>(k, a, b, c),
        _ => (),
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what this is compiled for, by the line above.
        return unsafe { four_at_a_time(sizes, a, b, c) };
    }
    all_columns(sizes, a, b, c);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn four_at_a_time(sizes: [usize; 3], a: &[f64], b: &[f64], c: &mut [f64]) {
    all_columns(sizes, a, b, c);
}

#[inline(always)]
fn all_columns([_, k, n]: [usize; 3], a: &[f64], b: &[f64], c: &mut [f64]) {
    let mut j = 0;
    while j < n {
        let width = match n - j {
            16.. => 16,
            rest @ 8.. => rest / 4 * 4,
            rest => rest,
        };
        match width {
            16 => columns::<16>([k, n], j, a, b, c),
            12 => columns::<12>([k, n], j, a, b, c),
            8 => columns::<8>([k, n], j, a, b, c),
            7 => columns::<7>([k, n], j, a, b, c),
            6 => columns::<6>([k, n], j, a, b, c),
            5 => columns::<5>([k, n], j, a, b, c),
            4 => columns::<4>([k, n], j, a, b, c),
            3 => columns::<3>([k, n], j, a, b, c),
            2 => columns::<2>([k, n], j, a, b, c),
            _ => columns::<1>([k, n], j, a, b, c),
        }
        j += width;
    }
}

/// The columns from j on.
#[inline(always)]
fn columns<const N: usize>([k, n]: [usize; 2], j: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    let line = |l: usize| b[l * n + j..].first_chunk::<N>().expect("there are so many columns");
    for (a, c) in a.chunks_exact(k.max(1)).zip(c.chunks_exact_mut(n)) {
        let mut sums = [0.0; N];
        let (fours, rest) = a.as_chunks::<4>();
        for (l, [x0, x1, x2, x3]) in fours.iter().enumerate() {
            let [b0, b1, b2, b3] = [line(4 * l), line(4 * l + 1), line(4 * l + 2), line(4 * l + 3)];
            for j in 0..N {
                sums[j] += (x0 * b0[j] + x1 * b1[j]) + (x2 * b2[j] + x3 * b3[j]);
            }
        }
        for (l, x) in rest.iter().enumerate() {
            let b = line(4 * fours.len() + l);
            for j in 0..N {
                sums[j] += x * b[j];
            }
        }
        c[j..j + N].copy_from_slice(&sums);
    }
}

/// All of few columns, which stand together in B and in C.
fn narrow<const N: usize>(k: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    let (fours, rest) = b.as_chunks::<N>().0.as_chunks::<4>();
    for (a, c) in a.chunks_exact(k.max(1)).zip(c.as_chunks_mut::<N>().0) {
        let (x_fours, x_rest) = a.as_chunks::<4>();
        let mut sums = *c;
        for ([x0, x1, x2, x3], [b0, b1, b2, b3]) in x_fours.iter().zip(fours) {
            for j in 0..N {
                sums[j] += (x0 * b0[j] + x1 * b1[j]) + (x2 * b2[j] + x3 * b3[j]);
            }
        }
        for (x, b) in x_rest.iter().zip(rest) {
            for j in 0..N {
                sums[j] += x * b[j];
            }
        }
        *c = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers, so that every order of adding up gives the same.
    #[test]
    fn products_of_all_sizes_are_exact() {
        let number = |place: usize| (place * 7 % 11) as f64 - 5.0;
        for m in [0, 1, 3] {
            for k in 0..10 {
                for n in 0..40 {
                    let [a, b]: [Vec<f64>; 2] = [m * k, k * n].map(|count| (0..count).map(number).collect());
                    let mut c = vec![0.0; m * n];
                    multiply([m, k, n], &a, &b, &mut c);
                    let sum = |i: usize, j: usize| (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum::<f64>();
                    assert!((0..m * n).all(|place| c[place] == sum(place / n, place % n)), "{m}·{k}·{n}");
                    let mut plain = vec![0.0; m * n];
                    all_columns([m, k, n], &a, &b, &mut plain);
                    assert_eq!(c, plain, "for any processor");
                }
            }
        }
    }
}
