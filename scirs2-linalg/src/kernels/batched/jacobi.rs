//! Eigenvalues and singular values, by Jacobi's rotations.
//!
//! Every matrix of a group takes every rotation; one that does not need it rotates by an angle
//! of zero. A matrix with elements near overflow or underflow, or whose singular vectors are
//! lost to underflow, is not handled.
//!
//! Vectors are stored in rows, so that elements rotated together are contiguous.

use num_traits::Float as _;
use scirs2_core::Real;

use super::{deinterleave, interleave, push_unhandled, simd_dispatch, single_lane};
use crate::kernels::signs::NEAR_MAX;
use crate::simd::vector::{Isa, Mask, Vector};

simd_dispatch! {
    /// Eigenvalues, the smallest first, of symmetric matrices of order `n`, and their vectors
    /// in columns, or the values alone if `vectors` is empty. Only one triangle of each matrix
    /// is read. Returns the indices of the matrices that were not handled.
    pub(crate) fn batched_eigh<R>(
        n: usize, upper: bool, a: &[R], values: &mut [R], vectors: &mut [R],
    ) -> Vec<usize> = batched_eigh_with_isa;

    /// Singular values, the largest first, of matrices of order `n`, and `U` and `V^T`, or the
    /// values alone if `u` and `vt` are empty. Returns the indices of the matrices that were
    /// not handled.
    pub(crate) fn batched_svd<R>(
        n: usize, a: &[R], values: &mut [R], u: &mut [R], vt: &mut [R],
    ) -> Vec<usize> = batched_svd_with_isa;
}

/// The maximum number of sweeps over all pairs. Five are common, the last of which finds
/// nothing to do.
const SWEEPS: usize = 16;

/// Calls a step for each pair of rows, known at compile time if there are few. As far as
/// possible, consecutive pairs have no row in common, so that a step does not wait for the
/// previous one.
macro_rules! for_pairs {
    ($n:expr, |$p:ident, $q:ident| $step:expr) => {
        match $n {
            2 => for_pairs!(@ |$p, $q| $step; 0 1),
            3 => for_pairs!(@ |$p, $q| $step; 0 1, 0 2, 1 2),
            4 => for_pairs!(@ |$p, $q| $step; 0 1, 2 3, 0 2, 1 3, 0 3, 1 2),
            n => {
                // A round-robin tournament: one stays, the others rotate.
                let others = n - 1 + n % 2;
                for round in 0..others {
                    for place in 0..=others / 2 {
                        let first = (round + place) % others;
                        let second = match place {
                            0 => others,
                            _ => (round + others - place) % others,
                        };
                        let ($p, $q) = (first.min(second), first.max(second));
                        if $q < n {
                            $step;
                        }
                    }
                }
            }
        }
    };
    (@ |$p:ident, $q:ident| $step:expr; $($first:literal $second:literal),+) => {{
        $({
            let ($p, $q) = ($first, $second);
            $step;
        })+
    }};
}

/// Calls a kernel, with the order known at compile time if it is small, with memory for
/// the given number of square matrices; a single matrix has a single lane.
macro_rules! dispatch_order_with_buffers {
    ($isa:ident, $n:expr, $count:expr, $buffers:literal: $kernel:ident($($arg:expr),*)) => {
        match ($n, $count) {
            (2, 1) => dispatch_order_with_buffers!(@ single_lane($isa), 2, [4; $buffers]: $kernel($($arg),*)),
            (3, 1) => dispatch_order_with_buffers!(@ single_lane($isa), 3, [9; $buffers]: $kernel($($arg),*)),
            (4, 1) => dispatch_order_with_buffers!(@ single_lane($isa), 4, [16; $buffers]: $kernel($($arg),*)),
            (2, _) => dispatch_order_with_buffers!(@ $isa, 2, [4; $buffers]: $kernel($($arg),*)),
            (3, _) => dispatch_order_with_buffers!(@ $isa, 3, [9; $buffers]: $kernel($($arg),*)),
            (4, _) => dispatch_order_with_buffers!(@ $isa, 4, [16; $buffers]: $kernel($($arg),*)),
            (n, _) => {
                let zero = $isa.splat_f64(0.0);
                let mut buffers: [Vec<_>; $buffers] =
                    std::array::from_fn(|_| vec![zero; n * n]);
                let buffers = buffers.each_mut().map(|buffer| &mut buffer[..]);
                $kernel($isa, n, buffers, $($arg),*)
            }
        }
    };
    (@ $isa:expr, $n:literal, [$len:literal; $buffers:literal]: $kernel:ident($($arg:expr),*)) => {{
        let isa = $isa;
        let mut buffers = [[isa.splat_f64(0.0); $len]; $buffers];
        let buffers = buffers.each_mut().map(|buffer| &mut buffer[..]);
        $kernel(isa, $n, buffers, $($arg),*)
    }};
}

/// The bounds below which squares lose digits, and above which they overflow.
#[inline(always)]
pub(crate) fn safe_bounds<R: Real>() -> [R; 2] {
    let (least, most) = (R::min_positive_value(), R::max_value());
    let eighth = super::rounded::<R>(0.125);
    [least.sqrt() / R::epsilon() / eighth, most.sqrt() * eighth]
}

/// The same value in every lane.
#[inline(always)]
pub(super) fn safe_range<I: Isa>(isa: I) -> (I::Vector, I::Vector) {
    let [least, most] = safe_bounds::<I::Real>();
    (isa.splat(least), isa.splat(most))
}

/// The fraction of the rounding error below which an element is negligible.
const NEGLIGIBLE: f64 = 1.0 / 8.0;

#[inline(always)]
fn batched_eigh_with_isa<I: Isa>(
    isa: I,
    n: usize,
    upper: bool,
    a: &[I::Real],
    values: &mut [I::Real],
    vectors: &mut [I::Real],
) -> Vec<usize> {
    let count = values.len() / n;
    dispatch_order_with_buffers!(isa, n, count, 2: batched_eigh_kernel(upper, a, values, vectors))
}

#[inline(always)]
fn batched_eigh_kernel<I: Isa>(
    isa: I,
    n: usize,
    [a, v]: [&mut [I::Vector]; 2],
    upper: bool,
    from: &[I::Real],
    values: &mut [I::Real],
    vectors: &mut [I::Real],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let (a, v) = (&mut a[..n * n], &mut v[..n * n]);
    let zero = isa.splat_f64(0.0);
    let (least, most) = safe_range(isa);
    let want_vectors = !vectors.is_empty();
    let mut unhandled = Vec::new();
    for (group, from) in from.chunks(lanes * n * n).enumerate() {
        interleave(n * n, from, a);
        if !upper {
            for i in 1..n {
                for j in 0..i {
                    a[j * n + i] = a[i * n + j];
                }
            }
        }
        let mut size = zero;
        for i in 0..n {
            for j in i..n {
                size = size + a[i * n + j].abs();
            }
        }
        let threshold = size * isa.splat(I::Real::epsilon()) * isa.splat_f64(NEGLIGIBLE);
        if want_vectors {
            identity(isa, n, v);
        }
        let mut rotated = !zero.gt(zero);
        for _ in 0..SWEEPS {
            rotated = zero.gt(zero);
            for_pairs!(n, |p, q| {
                rotated = rotated
                    | rotate_two_sided(isa, n, p, q, a, want_vectors.then_some(&mut *v), threshold)
            });
            if I::Vector::to_bitmask(rotated) == 0 {
                break;
            }
        }
        let first = group * lanes;
        let count = from.len() / (n * n);
        let values = &mut values[first * n..][..count * n];
        let vectors = if want_vectors {
            &mut vectors[first * n * n..][..count * n * n]
        } else {
            &mut []
        };
        // The earlier rows are no longer needed.
        for i in 0..n {
            a[i] = a[i * n + i];
        }
        sort_lanes(
            n,
            false,
            &mut a[..n],
            &mut [&mut *v][..usize::from(want_vectors)],
        );
        deinterleave(n, a, values);
        if want_vectors {
            normalize_signs(isa, n, v, None);
            transpose(n, v);
            deinterleave(n * n, v, vectors);
        }
        let fits = (size.gt(least) & most.gt(size)) | size.eq(zero);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(!rotated & fits),
            first,
            count,
            &mut unhandled,
        );
    }
    unhandled
}

/// Rotates columns and rows `p` and `q` of the upper triangle so that their common element
/// vanishes; returns the lanes in which it was not negligible before.
#[inline(always)]
fn rotate_two_sided<I: Isa>(
    isa: I,
    n: usize,
    p: usize,
    q: usize,
    a: &mut [I::Vector],
    v: Option<&mut [I::Vector]>,
    threshold: I::Vector,
) -> Mask<I> {
    let zero = isa.splat_f64(0.0);
    let off = a[p * n + q];
    let needs_rotation = off.abs().gt(threshold);
    if I::Vector::to_bitmask(needs_rotation) == 0 {
        return needs_rotation;
    }
    let (first, second) = (a[p * n + p], a[q * n + q]);
    let (difference, double) = (second - first, off + off);
    let root = difference.mul_add(difference, double * double).sqrt();
    let tangent = double / (difference + root.copysign(difference));
    let tangent = I::Vector::select(needs_rotation, tangent, zero);
    let rotation = Rotation::new(isa, tangent);
    a[p * n + p] = (-tangent).mul_add(off, first);
    a[q * n + q] = tangent.mul_add(off, second);
    a[p * n + q] = I::Vector::select(needs_rotation, zero, off);
    let (rows, last) = a.split_at_mut(q * n);
    let (rows, middle) = rows.split_at_mut(p * n);
    for row in rows.chunks_exact_mut(n) {
        (row[p], row[q]) = rotation.apply(row[p], row[q]);
    }
    let (first, middle) = middle.split_at_mut(n);
    for (x, row) in first[p + 1..q].iter_mut().zip(middle.chunks_exact_mut(n)) {
        (*x, row[q]) = rotation.apply(*x, row[q]);
    }
    for (x, y) in first[q + 1..].iter_mut().zip(&mut last[q + 1..n]) {
        (*x, *y) = rotation.apply(*x, *y);
    }
    if let Some(v) = v {
        rotation.rows(n, p, q, v);
    }
    needs_rotation
}

/// A rotation. The update of an element is as small as the angle, and so is its
/// rounding error: many small rotations preserve lengths.
struct Rotation<V> {
    sine: V,
    /// The tangent of half the angle.
    half: V,
}

impl<V: Vector> Rotation<V> {
    #[inline(always)]
    fn new<I: Isa<Vector = V, Real = V::Real>>(isa: I, tangent: V) -> Self {
        let one = isa.splat_f64(1.0);
        let secant = tangent.mul_add(tangent, one).sqrt();
        Rotation {
            sine: tangent / secant,
            half: tangent / (one + secant),
        }
    }

    #[inline(always)]
    fn apply(&self, x: V, y: V) -> (V, V) {
        (
            (-self.sine).mul_add(self.half.mul_add(x, y), x),
            self.sine.mul_add((-self.half).mul_add(y, x), y),
        )
    }

    /// Rotates rows `p` and `q`.
    #[inline(always)]
    fn rows(&self, n: usize, p: usize, q: usize, rows: &mut [V]) {
        let (above, below) = rows.split_at_mut(q * n);
        let (xs, ys) = (&mut above[p * n..][..n], &mut below[..n]);
        for (x, y) in xs.iter_mut().zip(ys) {
            (*x, *y) = self.apply(*x, *y);
        }
    }
}

/// Sorts `n` keys, and the rows of each matrix with them, in each lane separately.
#[inline(always)]
pub(super) fn sort_lanes<V: Vector>(
    n: usize,
    descending: bool,
    keys: &mut [V],
    matrices: &mut [&mut [V]],
) {
    if n <= 4 {
        for_pairs!(n, |p, q| swap_lanes(n, p, q, descending, keys, matrices));
    } else {
        for q in 1..n {
            for p in 0..q {
                swap_lanes(n, p, q, descending, keys, matrices);
            }
        }
    }
}

/// Exchanges keys `p` and `q`, and the corresponding rows, in lanes where they are out of
/// order.
#[inline(always)]
fn swap_lanes<V: Vector>(
    n: usize,
    p: usize,
    q: usize,
    descending: bool,
    keys: &mut [V],
    matrices: &mut [&mut [V]],
) {
    let (x, y) = (keys[p], keys[q]);
    let swap = if descending { y.gt(x) } else { x.gt(y) };
    if V::to_bitmask(swap) == 0 {
        return;
    }
    keys[p] = V::select(swap, y, x);
    keys[q] = V::select(swap, x, y);
    for rows in matrices.iter_mut() {
        let (above, below) = rows.split_at_mut(q * n);
        for (x, y) in above[p * n..][..n].iter_mut().zip(&mut below[..n]) {
            (*x, *y) = (V::select(swap, *y, *x), V::select(swap, *x, *y));
        }
    }
}

#[inline(always)]
fn identity<I: Isa>(isa: I, n: usize, rows: &mut [I::Vector]) {
    rows.fill(isa.splat_f64(0.0));
    for i in 0..n {
        rows[i * n + i] = isa.splat_f64(1.0);
    }
}

#[inline(always)]
fn transpose<V: Vector>(n: usize, rows: &mut [V]) {
    for i in 1..n {
        for j in 0..i {
            rows.swap(i * n + j, j * n + i);
        }
    }
}

/// Fixes the signs of the vectors in `rows`, and multiplies those in `augmented` by the same
/// signs, like [`normalize_sign_real`](crate::kernels::signs::normalize_sign_real).
#[inline(always)]
fn normalize_signs<I: Isa>(
    isa: I,
    n: usize,
    rows: &mut [I::Vector],
    mut augmented: Option<&mut [I::Vector]>,
) {
    let (zero, one) = (isa.splat_f64(0.0), isa.splat_f64(1.0));
    for (index, row) in rows.chunks_exact_mut(n).enumerate() {
        let mut largest = zero;
        for x in &*row {
            let modulus = x.abs();
            largest = I::Vector::select(modulus.gt(largest), modulus, largest);
        }
        let bound = largest * isa.splat_f64(NEAR_MAX);
        let mut first = one;
        for &x in row.iter().rev() {
            first = I::Vector::select(bound.gt(x.abs()), first, x);
        }
        let sign = one.copysign(first);
        row.iter_mut().for_each(|x| *x = *x * sign);
        if let Some(augmented) = &mut augmented {
            let row = &mut augmented[index * n..][..n];
            row.iter_mut().for_each(|x| *x = *x * sign);
        }
    }
}

#[inline(always)]
fn batched_svd_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    values: &mut [I::Real],
    u: &mut [I::Real],
    vt: &mut [I::Real],
) -> Vec<usize> {
    let count = values.len() / n;
    dispatch_order_with_buffers!(isa, n, count, 3: batched_svd_kernel(a, values, u, vt))
}

/// Rotates the rows of `A` until they are orthogonal: `U^T A = S V^T`.
#[inline(always)]
fn batched_svd_kernel<I: Isa>(
    isa: I,
    n: usize,
    [a, ut, s]: [&mut [I::Vector]; 3],
    from: &[I::Real],
    values: &mut [I::Real],
    to_u: &mut [I::Real],
    to_vt: &mut [I::Real],
) -> Vec<usize> {
    let lanes = I::Vector::LANES;
    let (a, ut, s) = (&mut a[..n * n], &mut ut[..n * n], &mut s[..n]);
    let zero = isa.splat_f64(0.0);
    let (least, most) = safe_range(isa);
    let want_vectors = !to_u.is_empty();
    let mut unhandled = Vec::new();
    for (group, from) in from.chunks(lanes * n * n).enumerate() {
        interleave(n * n, from, a);
        let mut size = zero;
        for x in a.iter() {
            size = size + x.abs();
        }
        if want_vectors {
            identity(isa, n, ut);
        }
        let converged = orthogonalize(isa, n, a, want_vectors.then_some((n, &mut *ut)));
        for (i, s) in s.iter_mut().enumerate() {
            let mut square = zero;
            for &x in &a[i * n..][..n] {
                square = x.mul_add(x, square);
            }
            *s = square.sqrt();
        }
        let matrices = if want_vectors { 2 } else { 0 };
        sort_lanes(n, true, s, &mut [&mut *a, &mut *ut][..matrices]);
        let first = group * lanes;
        let count = from.len() / (n * n);
        deinterleave(n, s, &mut values[first * n..][..count * n]);
        let mut smallest = size;
        if want_vectors {
            smallest = s[n - 1];
            for i in 0..n {
                for x in &mut a[i * n..][..n] {
                    *x = *x / s[i];
                }
            }
            normalize_signs(isa, n, ut, Some(&mut *a));
            let elements = first * n * n..(first + count) * n * n;
            deinterleave(n * n, a, &mut to_vt[elements.clone()]);
            transpose(n, ut);
            deinterleave(n * n, ut, &mut to_u[elements]);
        }
        let fits = smallest.gt(least) & most.gt(size);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(converged & fits),
            first,
            count,
            &mut unhandled,
        );
    }
    unhandled
}

/// Rotates `n` rows until they are orthogonal, and applies the rotations to the rows of the
/// augmented columns; returns the lanes in which it converged.
#[inline(always)]
pub(super) fn orthogonalize<I: Isa>(
    isa: I,
    n: usize,
    a: &mut [I::Vector],
    mut augmented: Option<(usize, &mut [I::Vector])>,
) -> Mask<I> {
    let zero = isa.splat_f64(0.0);
    let mut rotated = !zero.gt(zero);
    for _ in 0..SWEEPS {
        rotated = zero.gt(zero);
        for_pairs!(n, |p, q| {
            let augmented = augmented
                .as_mut()
                .map(|(columns, rows)| (*columns, &mut **rows));
            rotated = rotated | rotate_one_sided(isa, n, p, q, a, augmented);
        });
        if I::Vector::to_bitmask(rotated) == 0 {
            break;
        }
    }
    !rotated
}

/// Rotates rows `p` and `q` so that they are orthogonal, and applies the rotation to the rows
/// of the augmented columns; returns the lanes in which they were not orthogonal before.
#[inline(always)]
fn rotate_one_sided<I: Isa>(
    isa: I,
    n: usize,
    p: usize,
    q: usize,
    a: &mut [I::Vector],
    augmented: Option<(usize, &mut [I::Vector])>,
) -> Mask<I> {
    let (one, zero) = (isa.splat_f64(1.0), isa.splat_f64(0.0));
    let roundings = isa.splat(I::Real::epsilon()) * isa.splat_f64(2.0);
    let (mut pp, mut qq, mut pq) = (zero, zero, zero);
    for (&x, &y) in a[p * n..][..n].iter().zip(&a[q * n..][..n]) {
        pp = x.mul_add(x, pp);
        qq = y.mul_add(y, qq);
        pq = x.mul_add(y, pq);
    }
    let needs_rotation = pq.abs().gt(roundings * (pp.sqrt() * qq.sqrt()));
    if I::Vector::to_bitmask(needs_rotation) == 0 {
        return needs_rotation;
    }
    let cotangent = (qq - pp) / (pq + pq);
    let root = cotangent.mul_add(cotangent, one).sqrt();
    let tangent = one / (cotangent + root.copysign(cotangent));
    let tangent = I::Vector::select(needs_rotation, tangent, zero);
    let rotation = Rotation::new(isa, tangent);
    rotation.rows(n, p, q, a);
    if let Some((columns, rows)) = augmented {
        rotation.rows(columns, p, q, rows);
    }
    needs_rotation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// More than one group of symmetric matrices: noise, graded, clustered,
    /// diagonal with repetitions, rank one, all ones, zero, scaled.
    fn matrices<R: SimdReal>(n: usize, scale: f64) -> Vec<R> {
        let mut elements = Vec::new();
        for index in 0..2 * MAX_LANES + 7 {
            for i in 0..n {
                for j in 0..n {
                    let (low, high) = (i.min(j), i.max(j));
                    let x = noise(index * 100 + low * 10 + high);
                    let one = f64::from(i == j);
                    let vector = |at| noise(index * 100 + at);
                    let x = match index % 9 {
                        0 => x * 10_f64.powi(-4 * ((i + j) % 7) as i32),
                        1 => one + 1e-10 * x,
                        2 => one * (1.0 + (i / 2) as f64),
                        3 => vector(i) * vector(j),
                        4 => 1.0,
                        5 => 0.0,
                        6 => x * scale,
                        7 => x / scale,
                        _ => x,
                    };
                    elements.push(rounded(x));
                }
            }
        }
        elements
    }

    /// The elements of the matrix product minus the matrix, by the definition.
    fn residual<R: SimdReal + Into<f64>>(
        n: usize,
        product: impl Fn(usize, usize, usize) -> R,
        expected: impl Fn(usize, usize) -> R,
    ) -> f64 {
        let mut worst = 0.0_f64;
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = (0..n).map(|k| product(i, j, k).into()).sum();
                worst = worst.max((sum - expected(i, j).into()).abs());
            }
        }
        worst
    }

    fn kronecker<R: SimdReal>(equal: bool) -> R {
        if equal { R::one() } else { R::zero() }
    }

    /// The square root of the sum of squares.
    fn size_of<R: SimdReal + Into<f64>>(a: &[R]) -> f64 {
        let largest = a.iter().map(|x| x.abs().into()).fold(0.0, f64::max);
        let scaled = |x: &R| (Into::<f64>::into(*x) / largest.max(f64::MIN_POSITIVE)).powi(2);
        largest * a.iter().map(scaled).sum::<f64>().sqrt()
    }

    fn symmetric_is_right<R: SimdReal + Into<f64>>(scale: f64) {
        let eps: f64 = R::epsilon().into();
        for n in 2..=40 {
            let a = matrices::<R>(n, scale);
            let run = |upper| {
                let mut values = vec![R::zero(); a.len() / n];
                let mut vectors = vec![R::zero(); a.len()];
                let unhandled = batched_eigh(n, upper, &a, &mut values, &mut vectors);
                assert!(unhandled.is_empty());
                (values, vectors)
            };
            let [first, others @ ..] = at_each(|| run(false));
            assert_eq!(run(true), first);
            assert!(others.iter().all(|other| *other == first));
            let (values, vectors) = first;
            let mut alone = vec![R::zero(); values.len()];
            assert!(batched_eigh(n, false, &a, &mut alone, &mut []).is_empty());
            assert_eq!(alone, values);
            let matrices = a.chunks(n * n).zip(vectors.chunks(n * n));
            for ((a, v), w) in matrices.zip(values.chunks(n)) {
                assert!(w.is_sorted());
                let orthogonal = residual(
                    n,
                    |i, j, k| v[k * n + i] * v[k * n + j],
                    |i, j| kronecker(i == j),
                );
                assert!(orthogonal <= 12.0 * eps, "{orthogonal}");
                let right = |i, j| v[i * n + j] * w[j];
                let off = residual(n, |i, j, k| a[i * n + k] * v[k * n + j], right);
                let bound = 6.0 * eps * size_of(a);
                assert!(off <= bound, "{off} of {a:?}");
            }
        }
    }

    #[test]
    fn eigenvalues_and_vectors_are_right() {
        symmetric_is_right::<f64>(1e100);
        symmetric_is_right::<f32>(1e9);
    }

    fn singular_is_right<R: SimdReal + Into<f64>>(scale: f64) {
        let eps: f64 = R::epsilon().into();
        for n in 2..=40 {
            // One more row, so that none is symmetric.
            let mut a = matrices::<R>(n, scale);
            a.rotate_left(n);
            let run = || {
                let mut s = vec![R::zero(); a.len() / n];
                let (mut u, mut vt) = (vec![R::zero(); a.len()], vec![R::zero(); a.len()]);
                let unhandled = batched_svd(n, &a, &mut s, &mut u, &mut vt);
                (unhandled, s, u, vt)
            };
            let [(unhandled, s, u, vt), others @ ..] = at_each(run);
            let numbers = |x: &[R]| x.iter().map(|&x| x.into().to_bits()).collect::<Vec<_>>();
            for again in others {
                assert_eq!((&again.0, numbers(&again.1)), (&unhandled, numbers(&s)));
                assert_eq!(
                    (numbers(&again.2), numbers(&again.3)),
                    (numbers(&u), numbers(&vt))
                );
            }
            assert!(unhandled.len() <= s.len() / n * 2 / 3, "{unhandled:?}");
            for at in (0..s.len() / n).filter(|at| !unhandled.contains(at)) {
                let part = |x: &[R]| x[at * n * n..][..n * n].to_vec();
                let (a, u, vt, s) = (part(&a), part(&u), part(&vt), &s[at * n..][..n]);
                assert!(s.iter().rev().is_sorted());
                for product in [
                    residual(
                        n,
                        |i, j, k| u[k * n + i] * u[k * n + j],
                        |i, j| kronecker(i == j),
                    ),
                    residual(
                        n,
                        |i, j, k| vt[i * n + k] * vt[j * n + k],
                        |i, j| kronecker(i == j),
                    ),
                ] {
                    assert!(product <= 12.0 * eps, "{product} of {a:?}");
                }
                let product = |i, j, k| u[i * n + k] * s[k] * vt[k * n + j];
                let off = residual(n, product, |i, j| a[i * n + j]);
                let bound = 6.0 * eps * size_of(&a);
                assert!(off <= bound, "{off} of {a:?}");
            }
            let mut alone = vec![R::zero(); s.len()];
            let unhandled_values_only = batched_svd(n, &a, &mut alone, &mut [], &mut []);
            for at in (0..s.len() / n).filter(|at| !unhandled.contains(at)) {
                assert!(!unhandled_values_only.contains(&at));
                assert_eq!(alone[at * n..][..n], s[at * n..][..n]);
            }
        }
    }

    #[test]
    fn singular_values_and_vectors_are_right() {
        singular_is_right::<f64>(1e100);
        singular_is_right::<f32>(1e9);
    }

    #[test]
    fn extreme_magnitudes_are_not_handled() {
        for x in [f64::NAN, f64::INFINITY, 1e200, 1e-200, f64::from_bits(1)] {
            let a = [x, 0.5 * x, 0.5 * x, 2.0 * x, 2.0, 1.0, 1.0, 3.0];
            let mut values = [0.0; 4];
            let (mut u, mut v) = ([0.0; 8], [0.0; 8]);
            assert_eq!(batched_eigh(2, false, &a, &mut values, &mut v), [0]);
            assert_eq!(batched_svd(2, &a, &mut values, &mut u, &mut v), [0]);
            assert_eq!(batched_svd(2, &a, &mut values, &mut [], &mut []), [0]);
        }
        // The other triangle is not read.
        let a = [1.0, f64::NAN, 0.0, 2.0];
        let (mut values, mut vectors) = ([0.0; 2], [0.0; 4]);
        assert!(batched_eigh(2, false, &a, &mut values, &mut vectors).is_empty());
        assert_eq!((values, vectors), ([1.0, 2.0], [1.0, 0.0, 0.0, 1.0]));
    }
}
