//! The tridiagonal form of a symmetric matrix, and its orthogonal factor.

use crate::kernels::small::elementary::{dot, reflection};

/// `T = Q^T A Q` of the matrix whose upper triangle is `a`: the diagonal, the off-diagonal,
/// and for each row the reflection to the right of the diagonal, with its `tau`.
#[inline(always)]
pub(super) fn tridiagonal(
    n: usize,
    a: &mut [f64],
    diagonal: &mut [f64],
    off_diagonal: &mut [f64],
    tau: &mut [f64],
    sums: &mut [f64],
) {
    for k in 0..n {
        let (done, rest) = a.split_at_mut((k + 1) * n);
        let row = &mut done[k * n + k..];
        diagonal[k] = row[0];
        let v = &mut row[1..];
        if v.is_empty() {
            off_diagonal[k] = 0.0;
            continue;
        }
        (off_diagonal[k], tau[k]) = reflection(v);
        let tau = tau[k];
        if tau == 0.0 {
            continue;
        }
        // A v, each element of the triangle read once.
        let sums = &mut sums[k + 1..];
        sums.fill(0.0);
        for (i, row) in rest.chunks_exact(n).enumerate() {
            let row = &row[k + 1 + i..];
            let along = dot(row, &v[i..]);
            let (sum, sums) = sums[i..].split_first_mut().expect("as many as rows");
            *sum += along;
            for (sum, x) in sums.iter_mut().zip(&row[1..]) {
                *sum += x * v[i];
            }
        }
        let half = 0.5 * tau * tau * dot(sums, v);
        for (sum, v) in sums.iter_mut().zip(&*v) {
            *sum = tau * *sum - half * v;
        }
        for (i, row) in rest.chunks_exact_mut(n).enumerate() {
            let row = &mut row[k + 1 + i..];
            let (first, second) = (v[i], sums[i]);
            for ((x, v), sum) in row.iter_mut().zip(&v[i..]).zip(&sums[i..]) {
                *x -= first * sum + second * v;
            }
        }
    }
}

/// Computes the transpose of `Q` from the reflections.
#[inline(always)]
pub(super) fn factor(n: usize, a: &[f64], tau: &[f64], q: &mut [f64]) {
    q.fill(0.0);
    q.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    for k in (0..n.saturating_sub(1)).rev() {
        let v = &a[k * n + k + 1..(k + 1) * n];
        if tau[k] == 0.0 {
            continue;
        }
        for row in q[(k + 1) * n..].chunks_exact_mut(n) {
            let row = &mut row[k + 1..];
            let sum = tau[k] * dot(row, v);
            for (x, v) in row.iter_mut().zip(v) {
                *x -= sum * v;
            }
        }
    }
}
