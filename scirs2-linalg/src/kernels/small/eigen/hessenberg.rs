//! Balancing a matrix, so that rows and columns have similar norms, and its Hessenberg form.

use crate::kernels::small::elementary::{SAFE_MAX, SAFE_MIN, dot, reflection};

/// Whether a row or a column is zero except on the diagonal; balancing would move it.
#[inline(always)]
pub(super) fn has_isolated(n: usize, a: &[f64]) -> bool {
    n > 1
        && (0..n).any(|i| {
            let (mut row, mut column) = (true, true);
            for j in (0..n).filter(|&j| j != i) {
                row &= a[i * n + j] == 0.0;
                column &= a[j * n + i] == 0.0;
            }
            row || column
        })
}

/// Scales rows and columns by powers of two until their norms are similar. Returns
/// false if the norm of one is too small.
#[inline(always)]
pub(super) fn balance(n: usize, a: &mut [f64], scales: &mut [f64]) -> bool {
    scales.fill(1.0);
    loop {
        let mut done = true;
        for i in 0..n {
            let (mut columns, mut rows, mut most) = (0.0, 0.0, 0.0_f64);
            for j in 0..n {
                let (down, along) = (a[j * n + i], a[i * n + j]);
                columns += down * down;
                rows += along * along;
                most = most.max(down.abs()).max(along.abs());
            }
            if n > 1 && columns.min(rows) < 1e-280 {
                return false;
            }
            // Compares squares, so that few roots are taken.
            if columns >= 0.25 * rows && rows >= 0.25 * columns {
                continue;
            }
            let (mut column, row) = (columns.sqrt(), rows.sqrt());
            let before = column + row;
            let (mut factor, mut other) = (1.0, row);
            // The factor stays far from the ends of the range, as the matrix is; elements that
            // come near them have been scaled enough.
            while column < other / 2.0 && factor * most < SAFE_MAX {
                factor *= 2.0;
                column *= 2.0;
                other /= 2.0;
            }
            while column / 2.0 >= other && factor > SAFE_MIN {
                factor /= 2.0;
                column /= 2.0;
                other *= 2.0;
            }
            if column + other >= 0.95 * before {
                continue;
            }
            done = false;
            scales[i] *= factor;
            for j in 0..n {
                a[i * n + j] /= factor;
            }
            for j in 0..n {
                a[j * n + i] *= factor;
            }
        }
        if done {
            return true;
        }
    }
}

/// Applies the reflection given by `v` and `tau` to `v.len()` rows, each from the column
/// `start` on.
#[inline(always)]
fn reflect_rows(n: usize, rows: &mut [f64], start: usize, v: &[f64], tau: f64, sums: &mut [f64]) {
    let sums = &mut sums[start..];
    sums.fill(0.0);
    for (row, v) in rows.chunks_exact(n).zip(v) {
        for (sum, x) in sums.iter_mut().zip(&row[start..]) {
            *sum += v * x;
        }
    }
    for (row, v) in rows.chunks_exact_mut(n).zip(v) {
        for (x, sum) in row[start..].iter_mut().zip(&*sums) {
            *x -= tau * v * sum;
        }
    }
}

/// Replaces the matrix by its Hessenberg form, and computes the transpose of the unitary
/// factor, if there is memory for it.
#[inline(always)]
pub(super) fn hessenberg(n: usize, h: &mut [f64], z: &mut [f64], v: &mut [f64], sums: &mut [f64]) {
    z.fill(0.0);
    z.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    for i in 0..n.saturating_sub(2) {
        let v = &mut v[..n - i - 1];
        for (v, row) in v.iter_mut().zip(i + 1..) {
            *v = std::mem::take(&mut h[row * n + i]);
        }
        let (multiple, tau) = reflection(v);
        h[(i + 1) * n + i] = multiple;
        if tau == 0.0 {
            continue;
        }
        for row in h.chunks_exact_mut(n) {
            let row = &mut row[i + 1..];
            let sum = dot(row, v);
            for (x, v) in row.iter_mut().zip(&*v) {
                *x -= tau * sum * v;
            }
        }
        reflect_rows(n, &mut h[(i + 1) * n..], i + 1, v, tau, sums);
        if !z.is_empty() {
            reflect_rows(n, &mut z[(i + 1) * n..], 0, v, tau, sums);
        }
    }
}
