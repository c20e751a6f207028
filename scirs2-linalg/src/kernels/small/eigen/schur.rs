//! The Schur form of a Hessenberg matrix, by QR steps with double shifts.

use std::ops::Range;

use super::{EPSILON, SAFE};
use crate::kernels::small::elementary::{reflection, rotate, scale_for_squares, two_rows};

/// Steps without a deflation before an exceptional shift is chosen.
const STALLED: usize = 10;

/// Whether the element left of the diagonal in row `k` counts as zero.
#[inline(always)]
fn is_negligible(n: usize, h: &[f64], k: usize) -> bool {
    let at = |row: usize, column: usize| h[row * n + column].abs();
    let below = at(k, k - 1);
    let least = SAFE * (n as f64 / EPSILON);
    if below <= least {
        return true;
    }
    let mut size = at(k - 1, k - 1) + at(k, k);
    if size == 0.0 {
        let before = if k >= 2 { at(k - 1, k - 2) } else { 0.0 };
        let after = if k + 1 < n { at(k + 1, k) } else { 0.0 };
        size = before + after;
    }
    if below > EPSILON * size {
        return false;
    }
    let above = at(k - 1, k);
    let (most, less) = (below.max(above), below.min(above));
    let last = at(k, k);
    let difference = (h[(k - 1) * n + k - 1] - h[k * n + k]).abs();
    let (far, near) = (last.max(difference), last.min(difference));
    let sum = far + most;
    less * (most / sum) <= least.max(EPSILON * (near * (far / sum)))
}

/// The two shifts, each with its imaginary part, from the last block of two.
#[inline(always)]
fn shifts([mut a, mut b, mut c, mut d]: [f64; 4]) -> [[f64; 2]; 2] {
    let size = a.abs() + b.abs() + c.abs() + d.abs();
    if size == 0.0 {
        return [[0.0; 2]; 2];
    }
    (a, b, c, d) = (a / size, b / size, c / size, d / size);
    let middle = f64::midpoint(a, d);
    let determinant = (a - middle) * (d - middle) - b * c;
    let root = determinant.abs().sqrt();
    if determinant >= 0.0 {
        return [[middle * size, root * size], [middle * size, -root * size]];
    }
    // Real shifts: twice the one nearer to the last element.
    let (first, second) = (middle + root, middle - root);
    let nearer = if (first - d).abs() <= (second - d).abs() {
        first
    } else {
        second
    };
    [[nearer * size, 0.0]; 2]
}

/// Replaces the Hessenberg form by the Schur form, its blocks of two with equal diagonal
/// elements, and computes the values. Without a unitary factor only the values are valid.
/// Returns false if they do not converge.
#[inline(always)]
pub(super) fn quasi_triangular(
    n: usize,
    h: &mut [f64],
    z: &mut [f64],
    values: &mut [[f64; 2]],
) -> bool {
    let whole = !z.is_empty();
    let mut end = n;
    while end > 0 {
        let last = end - 1;
        let mut start = 0;
        let mut steps = 0;
        loop {
            let mut k = last;
            while k > start && !is_negligible(n, h, k) {
                k -= 1;
            }
            start = k;
            if start > 0 {
                h[start * n + start - 1] = 0.0;
            }
            if start + 1 >= last {
                break;
            }
            steps += 1;
            if steps > 30 * n.max(10) {
                return false;
            }
            step(n, h, z, (start, last), steps, whole);
        }
        if start == last {
            values[last] = [h[last * n + last], 0.0];
        } else {
            values[start..=last].copy_from_slice(&split(n, h, z, start, whole));
        }
        end = start;
    }
    true
}

/// One QR step on the rows and columns from the first to the last of an active block,
/// given the number of steps since the last deflation.
#[inline(always)]
fn step(
    n: usize,
    h: &mut [f64],
    z: &mut [f64],
    (start, last): (usize, usize),
    steps: usize,
    whole: bool,
) {
    let at = |row: usize, column: usize| h[row * n + column];
    let odd = |size: f64, corner: f64| {
        let corner = 0.75 * size + corner;
        [corner, -0.4375 * size, size, corner]
    };
    let block = if steps.is_multiple_of(2 * STALLED) {
        let size = at(last, last - 1).abs() + at(last - 1, last - 2).abs();
        odd(size, at(last, last))
    } else if steps.is_multiple_of(STALLED) {
        let size = at(start + 1, start).abs() + at(start + 2, start + 1).abs();
        odd(size, at(start, start))
    } else {
        let before = last - 1;
        [
            at(before, before),
            at(before, last),
            at(last, before),
            at(last, last),
        ]
    };
    let [[first, imaginary], [second, other]] = shifts(block);
    // Where two elements below the diagonal are small, the step may begin there.
    let mut m = last - 2;
    let mut v = loop {
        let below = at(m + 1, m);
        let size = (at(m, m) - second).abs() + other.abs() + below.abs();
        let below = below / size;
        let mut v = [
            below * at(m, m + 1) + (at(m, m) - first) * ((at(m, m) - second) / size)
                - imaginary * (other / size),
            below * (at(m, m) + at(m + 1, m + 1) - first - second),
            below * at(m + 2, m + 1),
        ];
        let size = v.iter().map(|x| x.abs()).sum::<f64>();
        if size > 0.0 {
            v.iter_mut().for_each(|x| *x /= size);
        }
        if m == start {
            break v;
        }
        let diagonal = at(m - 1, m - 1).abs() + at(m, m).abs() + at(m + 1, m + 1).abs();
        let left = at(m, m - 1).abs() * (v[1].abs() + v[2].abs());
        if left <= EPSILON * v[0].abs() * diagonal {
            break v;
        }
        m -= 1;
    };
    let (top, right) = if whole { (0, n) } else { (start, last + 1) };
    for k in m..last {
        let width = 3.min(last + 1 - k);
        if k > m {
            for (v, row) in v[..width].iter_mut().zip(k..) {
                *v = h[row * n + k - 1];
            }
        }
        let (multiple, tau) = reflection(&mut v[..width]);
        if k > m {
            h[k * n + k - 1] = multiple;
            for row in k + 1..k + width {
                h[row * n + k - 1] = 0.0;
            }
        } else if m > start {
            // Not its negative: if the other elements of `v` underflow, nothing is reflected.
            h[k * n + k - 1] *= 1.0 - tau;
        }
        let (below, columns) = ((k + 4).min(last + 1), k..right);
        if width == 3 {
            reflect::<3>(n, (h, z), k, (top..below, columns), v, tau);
        } else {
            reflect::<2>(n, (h, z), k, (top..below, columns), [v[0], v[1]], tau);
        }
    }
}

/// Applies a reflection to the rows and columns from `k` on, one for each element of `v`,
/// of the matrix, in the given ranges, and of the factor, if there is one.
#[inline(always)]
fn reflect<const N: usize>(
    n: usize,
    (h, z): (&mut [f64], &mut [f64]),
    k: usize,
    (rows, columns): (Range<usize>, Range<usize>),
    v: [f64; N],
    tau: f64,
) {
    reflect_rows(n, &mut h[k * n..], columns, v, tau);
    for row in h[rows.start * n..rows.end * n].chunks_exact_mut(n) {
        let row: &mut [f64; N] = (&mut row[k..k + N]).try_into().expect("as many");
        *row = reflected(*row, v, tau);
    }
    if !z.is_empty() {
        reflect_rows(n, &mut z[k * n..], 0..n, v, tau);
    }
}

/// The same for the first rows, in those columns.
#[inline(always)]
fn reflect_rows<const N: usize>(
    n: usize,
    a: &mut [f64],
    columns: Range<usize>,
    v: [f64; N],
    tau: f64,
) {
    let mut rows = a.chunks_exact_mut(n);
    let mut rows: [&mut [f64]; N] = std::array::from_fn(|_| {
        let row = rows.next().expect("as many rows");
        &mut row[columns.clone()]
    });
    for column in 0..columns.len() {
        let x = std::array::from_fn(|row| rows[row][column]);
        for (row, x) in rows.iter_mut().zip(reflected(x, v, tau)) {
            row[column] = x;
        }
    }
}

/// The same for a few numbers.
#[inline(always)]
fn reflected<const N: usize>(x: [f64; N], v: [f64; N], tau: f64) -> [f64; N] {
    let mut sum = v[0] * x[0];
    for i in 1..N {
        sum += v[i] * x[i];
    }
    std::array::from_fn(|i| x[i] - sum * (tau * v[i]))
}

/// Brings a block of two into standard form, by a rotation, and returns its values.
#[inline(always)]
fn split(n: usize, h: &mut [f64], z: &mut [f64], start: usize, whole: bool) -> [[f64; 2]; 2] {
    let last = start + 1;
    let places = [(start, start), (start, last), (last, start), (last, last)];
    let places = places.map(|(row, column)| row * n + column);
    let block = places.map(|place| h[place]);
    // Cosine and sine computed from subnormal numbers would not be a rotation.
    let scale = scale_for_squares(block.iter().fold(0.0, |most: f64, x| most.max(x.abs())));
    let (block, [cosine, sine]) = standardized(block.map(|x| x * scale));
    let [a, b, c, d] = block.map(|x| x / scale);
    for (place, x) in places.into_iter().zip([a, b, c, d]) {
        h[place] = x;
    }
    if whole {
        let (first, second) = two_rows(n, h, start, last);
        rotate(
            &mut first[last + 1..],
            &mut second[last + 1..],
            [cosine, sine],
        );
        for row in h[..start * n].chunks_exact_mut(n) {
            let (x, y) = (row[start], row[last]);
            (row[start], row[last]) = (cosine * x + sine * y, cosine * y - sine * x);
        }
        let (first, second) = two_rows(n, z, start, last);
        rotate(first, second, [cosine, sine]);
    }
    if c == 0.0 {
        return [[a, 0.0], [d, 0.0]];
    }
    let imaginary = b.abs().sqrt() * c.abs().sqrt();
    [[a, imaginary], [d, -imaginary]]
}

/// LAPACK's `lanv2`: the rotation that makes a 2 x 2 matrix triangular if its values are
/// real, and otherwise makes its diagonal elements equal and the others of opposite sign;
/// and the rotated matrix.
#[inline(always)]
fn standardized([a, b, c, d]: [f64; 4]) -> ([f64; 4], [f64; 2]) {
    if c == 0.0 {
        return ([a, b, c, d], [1.0, 0.0]);
    }
    if b == 0.0 {
        return ([d, -c, 0.0, a], [0.0, 1.0]);
    }
    let difference = a - d;
    if difference == 0.0 && b.is_sign_negative() != c.is_sign_negative() {
        return ([a, b, c, d], [1.0, 0.0]);
    }
    let half = 0.5 * difference;
    let most = b.abs().max(c.abs());
    let least = b.abs().min(c.abs()) * b.signum() * c.signum();
    let scale = half.abs().max(most);
    let discriminant = (half / scale) * half + (most / scale) * least;
    if discriminant >= 4.0 * EPSILON {
        // Distinct real values.
        let root = half + (scale.sqrt() * discriminant.sqrt()).copysign(half);
        let length = c.hypot(root);
        let values = [d + root, d - (most / root) * least];
        return (
            [values[0], b - c, 0.0, values[1]],
            [root / length, c / length],
        );
    }
    // Complex or nearly equal real values: make the diagonal elements equal.
    let sum = b + c;
    let length = sum.hypot(difference);
    let mut cosine = (0.5 * (1.0 + sum.abs() / length)).sqrt();
    let mut sine = -(half / (length * cosine)) * sum.signum();
    let (aa, bb) = (a * cosine + b * sine, b * cosine - a * sine);
    let (cc, dd) = (c * cosine + d * sine, d * cosine - c * sine);
    let (b, c) = (bb * cosine + dd * sine, cc * cosine - aa * sine);
    let middle = 0.5 * ((aa * cosine + cc * sine) + (dd * cosine - bb * sine));
    if c == 0.0 {
        return ([middle, b, c, middle], [cosine, sine]);
    }
    if b == 0.0 {
        return ([middle, -c, 0.0, middle], [-sine, cosine]);
    }
    if b.is_sign_negative() != c.is_sign_negative() {
        return ([middle, b, c, middle], [cosine, sine]);
    }
    let (root_b, root_c) = (b.abs().sqrt(), c.abs().sqrt());
    let apart = (root_b * root_c).copysign(c);
    let by = 1.0 / (b + c).abs().sqrt();
    let (second_cosine, second_sine) = (root_b * by, root_c * by);
    (cosine, sine) = (
        cosine * second_cosine - sine * second_sine,
        cosine * second_sine + sine * second_cosine,
    );
    ([middle + apart, b - c, 0.0, middle - apart], [cosine, sine])
}
