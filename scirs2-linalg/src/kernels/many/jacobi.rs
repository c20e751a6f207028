//! Eigenvalues and singular values, by Jacobi's rotations.
//!
//! Every matrix of a group takes every rotation; one that does not need it rotates
//! by an angle of zero. A matrix with elements near overflow or underflow, or whose
//! singular vectors are lost to underflow, is left to LAPACK.
//!
//! Vectors are stored in rows, so that elements rotated together are contiguous.

use num_traits::Float as _;
use scirs2_core::Real;

use super::{alone, dispatched, leave, load, store};
use crate::kernels::signs::NEARLY;
use crate::simd::vector::{Isa, Mask, Vector};

dispatched! {
    /// Eigenvalues, the smallest first, of symmetric matrices of order `n`, and
    /// their vectors in columns, or the values alone if `vectors` is empty. Only one
    /// triangle of each matrix is read. Returns which matrices are left.
    pub(crate) fn symmetric<R>(
        n: usize, upper: bool, a: &[R], values: &mut [R], vectors: &mut [R],
    ) -> Vec<usize> = symmetric_in;

    /// Singular values, the largest first, of matrices of order `n`, and `U` and
    /// `V^T`, or the values alone if `u` and `vt` are empty. Returns which matrices
    /// are left.
    pub(crate) fn singular<R>(
        n: usize, a: &[R], values: &mut [R], u: &mut [R], vt: &mut [R],
    ) -> Vec<usize> = singular_in;
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
macro_rules! by_order {
    ($isa:ident, $n:expr, $count:expr, $spaces:literal: $kernel:ident($($arg:expr),*)) => {
        match ($n, $count) {
            (2, 1) => by_order!(@ alone($isa), 2, [4; $spaces]: $kernel($($arg),*)),
            (3, 1) => by_order!(@ alone($isa), 3, [9; $spaces]: $kernel($($arg),*)),
            (4, 1) => by_order!(@ alone($isa), 4, [16; $spaces]: $kernel($($arg),*)),
            (2, _) => by_order!(@ $isa, 2, [4; $spaces]: $kernel($($arg),*)),
            (3, _) => by_order!(@ $isa, 3, [9; $spaces]: $kernel($($arg),*)),
            (4, _) => by_order!(@ $isa, 4, [16; $spaces]: $kernel($($arg),*)),
            (n, _) => {
                let zero = $isa.constant(0.0);
                let mut spaces: [Vec<_>; $spaces] =
                    std::array::from_fn(|_| vec![zero; n * n]);
                let spaces = spaces.each_mut().map(|space| &mut space[..]);
                $kernel($isa, n, spaces, $($arg),*)
            }
        }
    };
    (@ $isa:expr, $n:literal, [$len:literal; $spaces:literal]: $kernel:ident($($arg:expr),*)) => {{
        let isa = $isa;
        let mut spaces = [[isa.constant(0.0); $len]; $spaces];
        let spaces = spaces.each_mut().map(|space| &mut space[..]);
        $kernel(isa, $n, spaces, $($arg),*)
    }};
}

/// The bounds below which squares lose digits, and above which they overflow.
#[inline(always)]
pub(crate) fn safe<R: Real>() -> [R; 2] {
    let (least, most) = (R::min_positive_value(), R::max_value());
    let eighth = super::constant::<R>(0.125);
    [least.sqrt() / R::epsilon() / eighth, most.sqrt() * eighth]
}

/// The same value in every lane.
#[inline(always)]
pub(super) fn range<I: Isa>(isa: I) -> (I::Vector, I::Vector) {
    let [least, most] = safe::<I::Real>();
    (isa.splat(least), isa.splat(most))
}

/// The part of the rounding error below which an element is negligible.
const NOTHING: f64 = 1.0 / 8.0;

#[inline(always)]
fn symmetric_in<I: Isa>(
    isa: I,
    n: usize,
    upper: bool,
    a: &[I::Real],
    values: &mut [I::Real],
    vectors: &mut [I::Real],
) -> Vec<usize> {
    let count = values.len() / n;
    by_order!(isa, n, count, 2: symmetric_of(upper, a, values, vectors))
}

#[inline(always)]
fn symmetric_of<I: Isa>(
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
    let zero = isa.constant(0.0);
    let (least, most) = range(isa);
    let wanted = !vectors.is_empty();
    let mut left = Vec::new();
    for (group, from) in from.chunks(lanes * n * n).enumerate() {
        load(n * n, from, a);
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
        let nothing = size * isa.splat(I::Real::epsilon()) * isa.constant(NOTHING);
        if wanted {
            identity(isa, n, v);
        }
        let mut turned = !zero.exceeds(zero);
        for _ in 0..SWEEPS {
            turned = zero.exceeds(zero);
            for_pairs!(n, |p, q| {
                turned = turned | turn_both(isa, n, p, q, a, wanted.then_some(&mut *v), nothing)
            });
            if I::Vector::bits(turned) == 0 {
                break;
            }
        }
        let first = group * lanes;
        let count = from.len() / (n * n);
        let values = &mut values[first * n..][..count * n];
        let vectors = if wanted {
            &mut vectors[first * n * n..][..count * n * n]
        } else {
            &mut []
        };
        // The earlier rows are no longer needed.
        for i in 0..n {
            a[i] = a[i * n + i];
        }
        sorted(n, false, &mut a[..n], &mut [&mut *v][..usize::from(wanted)]);
        store(n, a, values);
        if wanted {
            unify(isa, n, v, None);
            transpose(n, v);
            store(n * n, v, vectors);
        }
        let fits = (size.exceeds(least) & most.exceeds(size)) | size.equals(zero);
        leave(
            lanes,
            I::Vector::bits(!turned & fits),
            first,
            count,
            &mut left,
        );
    }
    left
}

/// Rotates columns and rows `p` and `q` of the upper triangle so that their common
/// element vanishes; returns in which lanes it was not negligible before.
#[inline(always)]
fn turn_both<I: Isa>(
    isa: I,
    n: usize,
    p: usize,
    q: usize,
    a: &mut [I::Vector],
    v: Option<&mut [I::Vector]>,
    nothing: I::Vector,
) -> Mask<I> {
    let zero = isa.constant(0.0);
    let off = a[p * n + q];
    let turns = off.abs().exceeds(nothing);
    if I::Vector::bits(turns) == 0 {
        return turns;
    }
    let (first, second) = (a[p * n + p], a[q * n + q]);
    let (difference, double) = (second - first, off + off);
    let root = difference.fused(difference, double * double).sqrt();
    let tangent = double / (difference + root.copysign(difference));
    let tangent = I::Vector::pick(turns, tangent, zero);
    let turn = Turn::new(isa, tangent);
    a[p * n + p] = (-tangent).fused(off, first);
    a[q * n + q] = tangent.fused(off, second);
    a[p * n + q] = I::Vector::pick(turns, zero, off);
    let (rows, last) = a.split_at_mut(q * n);
    let (rows, middle) = rows.split_at_mut(p * n);
    for row in rows.chunks_exact_mut(n) {
        (row[p], row[q]) = turn.apply(row[p], row[q]);
    }
    let (first, middle) = middle.split_at_mut(n);
    for (x, row) in first[p + 1..q].iter_mut().zip(middle.chunks_exact_mut(n)) {
        (*x, row[q]) = turn.apply(*x, row[q]);
    }
    for (x, y) in first[q + 1..].iter_mut().zip(&mut last[q + 1..n]) {
        (*x, *y) = turn.apply(*x, *y);
    }
    if let Some(v) = v {
        turn.rows(n, p, q, v);
    }
    turns
}

/// A rotation. The update of an element is as small as the angle, and so is its
/// rounding error: many small rotations preserve lengths.
struct Turn<V> {
    sine: V,
    /// The tangent of half the angle.
    half: V,
}

impl<V: Vector> Turn<V> {
    #[inline(always)]
    fn new<I: Isa<Vector = V, Real = V::Real>>(isa: I, tangent: V) -> Self {
        let one = isa.constant(1.0);
        let secant = tangent.fused(tangent, one).sqrt();
        Turn {
            sine: tangent / secant,
            half: tangent / (one + secant),
        }
    }

    #[inline(always)]
    fn apply(&self, x: V, y: V) -> (V, V) {
        (
            (-self.sine).fused(self.half.fused(x, y), x),
            self.sine.fused((-self.half).fused(y, x), y),
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
pub(super) fn sorted<V: Vector>(
    n: usize,
    descending: bool,
    keys: &mut [V],
    matrices: &mut [&mut [V]],
) {
    if n <= 4 {
        for_pairs!(n, |p, q| exchange(n, p, q, descending, keys, matrices));
    } else {
        for q in 1..n {
            for p in 0..q {
                exchange(n, p, q, descending, keys, matrices);
            }
        }
    }
}

/// Exchanges keys `p` and `q`, and the corresponding rows, in lanes where they are out of
/// order.
#[inline(always)]
fn exchange<V: Vector>(
    n: usize,
    p: usize,
    q: usize,
    descending: bool,
    keys: &mut [V],
    matrices: &mut [&mut [V]],
) {
    let (x, y) = (keys[p], keys[q]);
    let swap = if descending {
        y.exceeds(x)
    } else {
        x.exceeds(y)
    };
    if V::bits(swap) == 0 {
        return;
    }
    keys[p] = V::pick(swap, y, x);
    keys[q] = V::pick(swap, x, y);
    for rows in matrices.iter_mut() {
        let (above, below) = rows.split_at_mut(q * n);
        for (x, y) in above[p * n..][..n].iter_mut().zip(&mut below[..n]) {
            (*x, *y) = (V::pick(swap, *y, *x), V::pick(swap, *x, *y));
        }
    }
}

#[inline(always)]
fn identity<I: Isa>(isa: I, n: usize, rows: &mut [I::Vector]) {
    rows.fill(isa.constant(0.0));
    for i in 0..n {
        rows[i * n + i] = isa.constant(1.0);
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

/// Fixes the signs of the vectors in `rows`, and multiplies those in `beside` by the same
/// signs, like [`unify_real`](crate::kernels::signs::unify_real).
#[inline(always)]
fn unify<I: Isa>(isa: I, n: usize, rows: &mut [I::Vector], mut beside: Option<&mut [I::Vector]>) {
    let (zero, one) = (isa.constant(0.0), isa.constant(1.0));
    for (number, row) in rows.chunks_exact_mut(n).enumerate() {
        let mut largest = zero;
        for x in &*row {
            let modulus = x.abs();
            largest = I::Vector::pick(modulus.exceeds(largest), modulus, largest);
        }
        let bound = largest * isa.constant(NEARLY);
        let mut first = one;
        for &x in row.iter().rev() {
            first = I::Vector::pick(bound.exceeds(x.abs()), first, x);
        }
        let sign = one.copysign(first);
        row.iter_mut().for_each(|x| *x = *x * sign);
        if let Some(beside) = &mut beside {
            let row = &mut beside[number * n..][..n];
            row.iter_mut().for_each(|x| *x = *x * sign);
        }
    }
}

#[inline(always)]
fn singular_in<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    values: &mut [I::Real],
    u: &mut [I::Real],
    vt: &mut [I::Real],
) -> Vec<usize> {
    let count = values.len() / n;
    by_order!(isa, n, count, 3: singular_of(a, values, u, vt))
}

/// Rotates the rows of `A` until they are orthogonal: `U^T A = S V^T`.
#[inline(always)]
fn singular_of<I: Isa>(
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
    let zero = isa.constant(0.0);
    let (least, most) = range(isa);
    let wanted = !to_u.is_empty();
    let mut left = Vec::new();
    for (group, from) in from.chunks(lanes * n * n).enumerate() {
        load(n * n, from, a);
        let mut size = zero;
        for x in a.iter() {
            size = size + x.abs();
        }
        if wanted {
            identity(isa, n, ut);
        }
        let settled = orthogonalize(isa, n, a, wanted.then_some((n, &mut *ut)));
        for (i, s) in s.iter_mut().enumerate() {
            let mut square = zero;
            for &x in &a[i * n..][..n] {
                square = x.fused(x, square);
            }
            *s = square.sqrt();
        }
        let matrices = if wanted { 2 } else { 0 };
        sorted(n, true, s, &mut [&mut *a, &mut *ut][..matrices]);
        let first = group * lanes;
        let count = from.len() / (n * n);
        store(n, s, &mut values[first * n..][..count * n]);
        let mut smallest = size;
        if wanted {
            smallest = s[n - 1];
            for i in 0..n {
                for x in &mut a[i * n..][..n] {
                    *x = *x / s[i];
                }
            }
            unify(isa, n, ut, Some(&mut *a));
            let elements = first * n * n..(first + count) * n * n;
            store(n * n, a, &mut to_vt[elements.clone()]);
            transpose(n, ut);
            store(n * n, ut, &mut to_u[elements]);
        }
        let fits = smallest.exceeds(least) & most.exceeds(size);
        leave(
            lanes,
            I::Vector::bits(settled & fits),
            first,
            count,
            &mut left,
        );
    }
    left
}

/// Rotates `n` rows until they are orthogonal, and with them the rows of the columns
/// beside them; returns in which lanes it converged.
#[inline(always)]
pub(super) fn orthogonalize<I: Isa>(
    isa: I,
    n: usize,
    a: &mut [I::Vector],
    mut beside: Option<(usize, &mut [I::Vector])>,
) -> Mask<I> {
    let zero = isa.constant(0.0);
    let mut turned = !zero.exceeds(zero);
    for _ in 0..SWEEPS {
        turned = zero.exceeds(zero);
        for_pairs!(n, |p, q| {
            let beside = beside
                .as_mut()
                .map(|(columns, rows)| (*columns, &mut **rows));
            turned = turned | turn_one(isa, n, p, q, a, beside);
        });
        if I::Vector::bits(turned) == 0 {
            break;
        }
    }
    !turned
}

/// Rotates rows `p` and `q` so that they are orthogonal, and with them the rows of the
/// columns beside them; returns in which lanes they were not before.
#[inline(always)]
fn turn_one<I: Isa>(
    isa: I,
    n: usize,
    p: usize,
    q: usize,
    a: &mut [I::Vector],
    beside: Option<(usize, &mut [I::Vector])>,
) -> Mask<I> {
    let (one, zero) = (isa.constant(1.0), isa.constant(0.0));
    let roundings = isa.splat(I::Real::epsilon()) * isa.constant(2.0);
    let (mut pp, mut qq, mut pq) = (zero, zero, zero);
    for (&x, &y) in a[p * n..][..n].iter().zip(&a[q * n..][..n]) {
        pp = x.fused(x, pp);
        qq = y.fused(y, qq);
        pq = x.fused(y, pq);
    }
    let turns = pq.abs().exceeds(roundings * (pp.sqrt() * qq.sqrt()));
    if I::Vector::bits(turns) == 0 {
        return turns;
    }
    let cotangent = (qq - pp) / (pq + pq);
    let root = cotangent.fused(cotangent, one).sqrt();
    let tangent = one / (cotangent + root.copysign(cotangent));
    let tangent = I::Vector::pick(turns, tangent, zero);
    let turn = Turn::new(isa, tangent);
    turn.rows(n, p, q, a);
    if let Some((columns, rows)) = beside {
        turn.rows(columns, p, q, rows);
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::many::{MOST_LANES, constant};
    use crate::simd::isa::forced::at_each;
    use crate::simd::wide::Wide;

    /// More than one group of symmetric matrices: noise, graded, clustered,
    /// diagonal with repetitions, rank one, all ones, zero, scaled.
    fn matrices<R: Wide>(n: usize, scale: f64) -> Vec<R> {
        let mut elements = Vec::new();
        for number in 0..2 * MOST_LANES + 7 {
            for i in 0..n {
                for j in 0..n {
                    let (low, high) = (i.min(j), i.max(j));
                    let x = noise(number * 100 + low * 10 + high);
                    let one = f64::from(i == j);
                    let vector = |at| noise(number * 100 + at);
                    let x = match number % 9 {
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
                    elements.push(constant(x));
                }
            }
        }
        elements
    }

    /// The elements of the matrix product minus the matrix, by the definition.
    fn residual<R: Wide + Into<f64>>(
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

    fn one_if<R: Wide>(equal: bool) -> R {
        if equal { R::one() } else { R::zero() }
    }

    /// The square root of the sum of squares.
    fn size_of<R: Wide + Into<f64>>(a: &[R]) -> f64 {
        let largest = a.iter().map(|x| x.abs().into()).fold(0.0, f64::max);
        let scaled = |x: &R| (Into::<f64>::into(*x) / largest.max(f64::MIN_POSITIVE)).powi(2);
        largest * a.iter().map(scaled).sum::<f64>().sqrt()
    }

    fn symmetric_is_right<R: Wide + Into<f64>>(scale: f64) {
        let eps: f64 = R::epsilon().into();
        for n in 2..=40 {
            let a = matrices::<R>(n, scale);
            let run = |upper| {
                let mut values = vec![R::zero(); a.len() / n];
                let mut vectors = vec![R::zero(); a.len()];
                let left = symmetric(n, upper, &a, &mut values, &mut vectors);
                assert!(left.is_empty());
                (values, vectors)
            };
            let [first, others @ ..] = at_each(|| run(false));
            assert_eq!(run(true), first);
            assert!(others.iter().all(|other| *other == first));
            let (values, vectors) = first;
            let mut alone = vec![R::zero(); values.len()];
            assert!(symmetric(n, false, &a, &mut alone, &mut []).is_empty());
            assert_eq!(alone, values);
            let matrices = a.chunks(n * n).zip(vectors.chunks(n * n));
            for ((a, v), w) in matrices.zip(values.chunks(n)) {
                assert!(w.is_sorted());
                let orthogonal = residual(
                    n,
                    |i, j, k| v[k * n + i] * v[k * n + j],
                    |i, j| one_if(i == j),
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

    fn singular_is_right<R: Wide + Into<f64>>(scale: f64) {
        let eps: f64 = R::epsilon().into();
        for n in 2..=40 {
            // One more row, so that none is symmetric.
            let mut a = matrices::<R>(n, scale);
            a.rotate_left(n);
            let run = || {
                let mut s = vec![R::zero(); a.len() / n];
                let (mut u, mut vt) = (vec![R::zero(); a.len()], vec![R::zero(); a.len()]);
                let left = singular(n, &a, &mut s, &mut u, &mut vt);
                (left, s, u, vt)
            };
            let [(left, s, u, vt), others @ ..] = at_each(run);
            let numbers = |x: &[R]| x.iter().map(|&x| x.into().to_bits()).collect::<Vec<_>>();
            for again in others {
                assert_eq!((&again.0, numbers(&again.1)), (&left, numbers(&s)));
                assert_eq!(
                    (numbers(&again.2), numbers(&again.3)),
                    (numbers(&u), numbers(&vt))
                );
            }
            assert!(left.len() <= s.len() / n * 2 / 3, "{left:?}");
            for at in (0..s.len() / n).filter(|at| !left.contains(at)) {
                let part = |x: &[R]| x[at * n * n..][..n * n].to_vec();
                let (a, u, vt, s) = (part(&a), part(&u), part(&vt), &s[at * n..][..n]);
                assert!(s.iter().rev().is_sorted());
                for product in [
                    residual(
                        n,
                        |i, j, k| u[k * n + i] * u[k * n + j],
                        |i, j| one_if(i == j),
                    ),
                    residual(
                        n,
                        |i, j, k| vt[i * n + k] * vt[j * n + k],
                        |i, j| one_if(i == j),
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
            let left_alone = singular(n, &a, &mut alone, &mut [], &mut []);
            for at in (0..s.len() / n).filter(|at| !left.contains(at)) {
                assert!(!left_alone.contains(&at));
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
    fn what_is_near_the_ends_of_the_range_is_left() {
        for x in [f64::NAN, f64::INFINITY, 1e200, 1e-200, f64::from_bits(1)] {
            let a = [x, 0.5 * x, 0.5 * x, 2.0 * x, 2.0, 1.0, 1.0, 3.0];
            let mut values = [0.0; 4];
            let (mut u, mut v) = ([0.0; 8], [0.0; 8]);
            assert_eq!(symmetric(2, false, &a, &mut values, &mut v), [0]);
            assert_eq!(singular(2, &a, &mut values, &mut u, &mut v), [0]);
            assert_eq!(singular(2, &a, &mut values, &mut [], &mut []), [0]);
        }
        // The other triangle is not read.
        let a = [1.0, f64::NAN, 0.0, 2.0];
        let (mut values, mut vectors) = ([0.0; 2], [0.0; 4]);
        assert!(symmetric(2, false, &a, &mut values, &mut vectors).is_empty());
        assert_eq!((values, vectors), ([1.0, 2.0], [1.0, 0.0, 0.0, 1.0]));
    }
}
