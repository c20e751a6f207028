//! The eigenvalues and eigenvectors of a tridiagonal matrix, by QL steps.
//!
//! `off_diagonal` has one more element, which is ignored.

use crate::base::scale::power_of_two;
use crate::kernels::small::elementary::{rotate, rotation, two_rows};

/// Half the distance from 1 to the next number.
const EPSILON: f64 = 0.5 * f64::EPSILON;
const SAFE: f64 = f64::MIN_POSITIVE;

/// Below this a product of squares may have lost digits to underflow.
const UNDERFLOWN: f64 = 1e-280;

/// Steps for one eigenvalue on average, beyond which there is no convergence.
const STEPS: usize = 30;

/// The first row from `start` on whose off-diagonal element, squared by `square`, counts as
/// zero; or the last.
#[inline(always)]
fn end_of_block(d: &[f64], e: &[f64], start: usize, square: impl Fn(f64) -> f64) -> usize {
    let pairs = d[start..].windows(2).zip(&e[start..]);
    let is_small =
        |(d, &e): (&[f64], &f64)| square(e) <= (EPSILON * EPSILON * d[0].abs()) * d[1].abs() + SAFE;
    start
        + pairs
            .map(is_small)
            .position(|small| small)
            .unwrap_or(d.len() - 1 - start)
}

/// The shift from the first two rows of a block.
#[inline(always)]
fn shift(d: [f64; 2], e: f64) -> f64 {
    let apart = (d[1] - d[0]) / (2.0 * e);
    d[0] - e / (apart + apart.hypot(1.0).copysign(apart))
}

/// Whether the matrix is larger at its end: QL steps want the small elements first.
#[inline(always)]
fn is_reversed(d: &[f64]) -> bool {
    matches!((d.first(), d.last()), (Some(first), Some(last)) if last.abs() < first.abs())
}

/// Reverses the rows and columns of the matrix.
#[inline(always)]
fn reverse(d: &mut [f64], e: &mut [f64]) {
    d.reverse();
    e[..d.len() - 1].reverse();
}

/// Replaces the diagonal by the eigenvalues, the smallest first. Returns false if they do
/// not converge. `copy` is memory as long as `d` and `e`.
///
/// The steps without square roots lose all accuracy where a square underflows: no element
/// has to be tiny for that, only a difference on the way. Such a matrix is solved once
/// more, by rotations.
#[inline(always)]
pub(super) fn values(d: &mut [f64], e: &mut [f64], copy: [&mut [f64]; 2]) -> bool {
    let elements = d.iter().chain(&e[..d.len() - 1]);
    let largest = elements.fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        return true;
    }
    let scale = power_of_two(largest);
    for x in d.iter_mut().chain(&mut *e) {
        *x /= scale;
    }
    if is_reversed(d) {
        reverse(d, e);
    }
    let [copy_d, copy_e] = copy;
    copy_d.copy_from_slice(d);
    copy_e.copy_from_slice(e);
    if !root_free(d, e) {
        d.copy_from_slice(copy_d);
        e.copy_from_slice(copy_e);
        if !rotations(d, e, |_, _| ()) {
            return false;
        }
    }
    for x in &mut *d {
        *x *= scale;
    }
    d.sort_unstable_by(f64::total_cmp);
    true
}

/// Replaces the diagonal by the eigenvalues, in no order, by the variant of K. Pal, W.
/// Walker and W. Kahan (LAPACK's `sterf`). Returns false if they do not converge, or if a
/// square has underflown.
#[inline(always)]
fn root_free(d: &mut [f64], e: &mut [f64]) -> bool {
    e.iter_mut().for_each(|e| *e *= *e);
    let mut left = STEPS * d.len();
    for start in 0..d.len() {
        loop {
            let end = end_of_block(d, e, start, |square| square);
            if end == start {
                break;
            }
            if left == 0 {
                return false;
            }
            left -= 1;
            let sigma = shift([d[start], d[start + 1]], e[start].sqrt());
            let (mut cosine, mut sine) = (1.0, 0.0);
            let mut gamma = d[end] - sigma;
            let mut p = gamma * gamma;
            for i in (start..end).rev() {
                // If `gamma` is zero, `p` is the limit, and not small.
                if p < UNDERFLOWN && gamma != 0.0 {
                    return false;
                }
                let square = e[i];
                let r = p + square;
                if i + 1 < end {
                    e[i + 1] = sine * r;
                }
                let (before, gamma_before) = (cosine, gamma);
                cosine = p / r;
                sine = square / r;
                gamma = cosine * (d[i] - sigma) - sine * gamma_before;
                d[i + 1] = gamma_before + (d[i] - gamma);
                // gamma^2 / cosine, whose divisions do not wait for each other; or its
                // limit.
                let secant = r / p;
                p = if secant.is_finite() {
                    gamma * gamma * secant
                } else {
                    before * square
                };
            }
            e[start] = sine * p;
            d[start] = sigma + gamma;
        }
    }
    true
}

/// Replaces the diagonal by the eigenvalues, and the rows of `z`, the transpose of the
/// factor that made the matrix tridiagonal, by the eigenvectors, the smallest value first.
/// Returns false if they do not converge.
#[inline(always)]
pub(super) fn values_and_vectors(n: usize, d: &mut [f64], e: &mut [f64], z: &mut [f64]) -> bool {
    if is_reversed(d) {
        reverse(d, e);
        for row in 0..n / 2 {
            let (first, second) = two_rows(n, z, row, n - 1 - row);
            first.swap_with_slice(second);
        }
    }
    let done = rotations(d, e, |row, rotation| {
        let (first, second) = two_rows(n, z, row, row + 1);
        rotate(first, second, rotation);
    });
    sort(n, d, z);
    done
}

/// Replaces the diagonal by the eigenvalues, in no order; `turn` is called with the first of
/// the two rows of each rotation, its cosine and its sine. LAPACK's `steqr`. Returns false if
/// they do not converge.
#[inline(always)]
fn rotations(d: &mut [f64], e: &mut [f64], mut turn: impl FnMut(usize, [f64; 2])) -> bool {
    let mut left = STEPS * d.len();
    for start in 0..d.len() {
        loop {
            let end = end_of_block(d, e, start, |e| e * e);
            if end == start {
                break;
            }
            if end == start + 1 {
                let ([larger, smaller], rotation) = two_by_two(d[start], e[start], d[end]);
                (d[start], d[end], e[start]) = (larger, smaller, 0.0);
                turn(start, rotation);
                break;
            }
            if left == 0 {
                return false;
            }
            left -= 1;
            let mut g = d[end] - shift([d[start], d[start + 1]], e[start]);
            let (mut cosine, mut sine, mut p) = (1.0, 1.0, 0.0);
            let mut is_whole = true;
            for i in (start..end).rev() {
                let (f, b) = (sine * e[i], cosine * e[i]);
                if f == 0.0 && g == 0.0 {
                    // An underflow has split the block.
                    e[i + 1] = 0.0;
                    d[i + 1] -= p;
                    e[end] = 0.0;
                    is_whole = false;
                    break;
                }
                ([cosine, sine], e[i + 1]) = rotation(g, f);
                g = d[i + 1] - p;
                let sum = (d[i] - g) * sine + 2.0 * cosine * b;
                p = sine * sum;
                d[i + 1] = g + p;
                g = cosine * sum - b;
                turn(i, [cosine, -sine]);
            }
            if is_whole {
                d[start] -= p;
                e[start] = g;
                e[end] = 0.0;
            }
        }
    }
    true
}

/// The eigenvalues of `[[a, b], [b, c]]`, and cosine and sine of the rotation that makes
/// it diagonal. LAPACK's `laev2`.
#[inline(always)]
fn two_by_two(a: f64, b: f64, c: f64) -> ([f64; 2], [f64; 2]) {
    let (sum, difference, twice) = (a + c, a - c, 2.0 * b);
    let root = difference.hypot(twice);
    let (most, least) = if a.abs() > c.abs() { (a, c) } else { (c, a) };
    let larger = 0.5 * if sum < 0.0 { sum - root } else { sum + root };
    let smaller = if sum == 0.0 {
        -larger
    } else {
        (most / larger) * least - (b / larger) * b
    };
    let apart = difference + root.copysign(if difference < 0.0 { -1.0 } else { 1.0 });
    // One of the two is 1 before both are divided by a root, so underflow does no harm.
    let (cosine, sine) = if apart.abs() > twice.abs() {
        let cotangent = -twice / apart;
        let sine = 1.0 / (1.0 + cotangent * cotangent).sqrt();
        (cotangent * sine, sine)
    } else {
        let tangent = -apart / twice;
        let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
        (cosine, tangent * cosine)
    };
    if (sum < 0.0) == (difference < 0.0) {
        ([larger, smaller], [-sine, cosine])
    } else {
        ([larger, smaller], [cosine, sine])
    }
}

/// Sorts the values, and their vectors with them.
#[inline(always)]
fn sort(n: usize, d: &mut [f64], z: &mut [f64]) {
    for place in 0..n {
        let rest = &d[place..];
        let least = place + (1..rest.len()).fold(0, |m, i| if rest[i] < rest[m] { i } else { m });
        if least > place {
            d.swap(place, least);
            let (first, second) = two_rows(n, z, place, least);
            first.swap_with_slice(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tridiagonal matrices with elements of all sizes, many of them zero.
    fn hostile(n: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut state = seed;
        let mut next = || {
            state = (state ^ (state >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
            state >> 32
        };
        let mut element = || {
            let size = match next() % 4 {
                0 => return 0.0,
                1 => 1.0,
                2 => 2.0_f64.powi(-((next() % 60) as i32)),
                _ => 2.0_f64.powi(-((next() % 600) as i32)),
            };
            size * (next() as f64 / (1_u64 << 31) as f64 - 1.0)
        };
        let d = (0..n).map(|_| element()).collect();
        let e = (0..n).map(|_| element()).collect();
        (d, e)
    }

    #[test]
    fn values_without_roots_are_used_only_where_no_square_underflows() {
        let mut refused = 0;
        for seed in 1..20_000 {
            let n = 2 + seed as usize % 12;
            let (d, e) = hostile(n, seed);
            let norm = d
                .iter()
                .chain(&e)
                .fold(0.0, |most: f64, x| most.max(x.abs()));
            if norm < 1e-100 {
                // Rotations treat values below the square root of the range as zero.
                continue;
            }
            let (mut fast, mut squares) = (d.clone(), e.clone());
            refused += usize::from(!root_free(&mut fast, &mut squares));
            let (mut found, mut off_diagonal) = (d.clone(), e.clone());
            assert!(values(
                &mut found,
                &mut off_diagonal,
                [&mut vec![0.0; n], &mut vec![0.0; n]]
            ));
            let (mut truth, mut off_diagonal) = (d.clone(), e.clone());
            assert!(rotations(&mut truth, &mut off_diagonal, |_, _| ()));
            truth.sort_unstable_by(f64::total_cmp);
            for (x, y) in found.iter().zip(&truth) {
                let error = (x - y).abs();
                assert!(
                    error <= 8.0 * n as f64 * EPSILON * norm,
                    "{seed}: {d:?} {e:?}"
                );
            }
        }
        assert!(refused > 100, "{refused}");
    }

    #[test]
    fn rotations_give_a_tridiagonal_form_of_ones_its_values() {
        let n = 9;
        let (mut d, mut e) = (vec![0.0; n], vec![1.0; n]);
        assert!(rotations(&mut d, &mut e, |_, _| ()));
        d.sort_unstable_by(f64::total_cmp);
        for (k, value) in d.iter().rev().enumerate() {
            let angle = std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64;
            assert!((value - 2.0 * angle.cos()).abs() < 1e-15);
        }
    }
}
