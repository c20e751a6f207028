//! The eigenvalues and eigenvectors of a tridiagonal matrix, by QL steps.

use crate::kernels::one::elementary::{rotate, two_rows};

/// Half the distance from one to the next number.
const EPSILON: f64 = 0.5 * f64::EPSILON;
const SAFE: f64 = f64::MIN_POSITIVE;

/// Steps for one eigenvalue on average, beyond which there is no convergence.
const STEPS: usize = 30;

/// The first row from `start` on whose element beside the diagonal, squared by `square`,
/// counts as zero; or the last.
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

/// Turns the matrix round where it is larger at its end: QL steps want the small
/// elements first.
#[inline(always)]
fn is_turned(d: &[f64]) -> bool {
    matches!((d.first(), d.last()), (Some(first), Some(last)) if last.abs() < first.abs())
}

/// The eigenvalues in place of the diagonal, in no order. The answer is no where they do
/// not converge.
#[inline(always)]
pub(super) fn diagonal(d: &mut [f64], e: &mut [f64]) -> bool {
    if is_turned(d) {
        turn(d, e);
    }
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

/// The same with the vectors as rows of `z`, from rows that are the transpose of the
/// factor.
#[inline(always)]
pub(super) fn diagonal_with_vectors(n: usize, d: &mut [f64], e: &mut [f64], z: &mut [f64]) -> bool {
    let turned = is_turned(d);
    if turned {
        turn(d, e);
        turn_rows(n, z);
    }
    let mut left = STEPS * n;
    for start in 0..n {
        loop {
            let end = end_of_block(d, e, start, |e| e * e);
            if end == start {
                break;
            }
            if end == start + 1 {
                split(n, d, e[start], z, start, turned);
                e[start] = 0.0;
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
                let squares = f * f + g * g;
                let length = if squares > 1e-280 {
                    squares.sqrt()
                } else {
                    f.hypot(g)
                };
                if length == 0.0 {
                    // An underflow has split the block.
                    e[i + 1] = 0.0;
                    d[i + 1] -= p;
                    e[end] = 0.0;
                    is_whole = false;
                    break;
                }
                // Signs as LAPACK has them, for vectors as another library gives them.
                let r = if g < 0.0 { -length } else { length };
                e[i + 1] = r;
                (sine, cosine) = (f / r, g / r);
                g = d[i + 1] - p;
                let sum = (d[i] - g) * sine + 2.0 * cosine * b;
                p = sine * sum;
                d[i + 1] = g + p;
                g = cosine * sum - b;
                let (first, second) = two_rows(n, z, i, i + 1);
                rotate(first, second, [cosine, -sine]);
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

/// Rows and columns of the matrix in reverse.
#[inline(always)]
pub(super) fn turn(d: &mut [f64], e: &mut [f64]) {
    d.reverse();
    e[..d.len() - 1].reverse();
}

/// Rows of the factor in reverse.
#[inline(always)]
pub(super) fn turn_rows(n: usize, z: &mut [f64]) {
    for row in 0..n / 2 {
        let (first, second) = two_rows(n, z, row, n - 1 - row);
        first.swap_with_slice(second);
    }
}

/// A block of two: LAPACK's `laev2`, which takes its rows as they were before they were
/// turned round.
#[inline(always)]
fn split(n: usize, d: &mut [f64], beside: f64, z: &mut [f64], start: usize, turned: bool) {
    let last = start + 1;
    let (first, second) = if turned { (last, start) } else { (start, last) };
    let (a, c) = (d[first], d[second]);
    let (sum, difference, twice) = (a + c, a - c, 2.0 * beside);
    let root = difference.hypot(twice);
    let (most, least) = if a.abs() > c.abs() { (a, c) } else { (c, a) };
    let larger = 0.5 * if sum < 0.0 { sum - root } else { sum + root };
    let smaller = if sum == 0.0 {
        -larger
    } else {
        (most / larger) * least - (beside / larger) * beside
    };
    let apart = difference + root.copysign(if difference < 0.0 { -1.0 } else { 1.0 });
    let (mut cosine, mut sine) = if apart.abs() > twice.abs() {
        let cotangent = -twice / apart;
        let sine = 1.0 / (1.0 + cotangent * cotangent).sqrt();
        (cotangent * sine, sine)
    } else {
        let tangent = -apart / twice;
        let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
        (cosine, tangent * cosine)
    };
    if (sum < 0.0) == (difference < 0.0) {
        (cosine, sine) = (-sine, cosine);
    }
    (d[first], d[second]) = (larger, smaller);
    let (top, bottom) = two_rows(n, z, start, last);
    // As the turn of the rows before they were turned round.
    rotate(top, bottom, [cosine, if turned { -sine } else { sine }]);
}

/// Puts the values in order, and their vectors with them.
#[inline(always)]
pub(super) fn sort(n: usize, d: &mut [f64], z: &mut [f64]) {
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
