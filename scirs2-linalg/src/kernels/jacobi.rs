//! Eigenvalues and singular values of the smallest matrices, by Jacobi's
//! rotations, for many matrices side by side.
//!
//! Every matrix of a group takes every rotation; one that has no need of it turns
//! by an angle of zero. A matrix near the end of the range of its numbers, or whose
//! singular vectors are lost to underflow, is left to LAPACK.

use scirs2_core::Real;

use super::isa::multiversion;
use super::lanes::{Lanes, Square, WIDTH, constant, load, sizes, store, zeros};
use super::largest;
use crate::lapack::Lapack;

/// Whether there are kernels for such matrices of that order.
pub(crate) fn has_jacobi<T: Lapack>(n: usize) -> bool {
    T::reals(&[]).is_some() && (2..=largest::JACOBI).contains(&n)
}

/// Sweeps over all pairs. Five are common, and the last finds nothing to do.
const SWEEPS: usize = 12;

multiversion! {
    /// Eigenvalues, the smallest first, of symmetric matrices of order `n`, and
    /// their vectors in columns, or those alone where `vectors` is empty; of each only
    /// one triangle is read. The answer is which matrices are left.
    pub(crate) fn symmetric<R: Real>(
        n: usize, upper: bool, a: &[R], values: &mut [R], vectors: &mut [R],
    ) -> Vec<usize> {
        match n {
            2 => symmetric_of::<R, 2>(upper, a, values, vectors),
            3 => symmetric_of::<R, 3>(upper, a, values, vectors),
            4 => symmetric_of::<R, 4>(upper, a, values, vectors),
            _ => unreachable!("there is no kernel for that order"),
        }
    }

    /// Singular values, the largest first, of matrices of order `n`, and `U` and
    /// `V^T`, or those alone where `u` and `vt` are empty. The answer is which matrices
    /// are left.
    pub(crate) fn singular<R: Real>(
        n: usize, a: &[R], values: &mut [R], u: &mut [R], vt: &mut [R],
    ) -> Vec<usize> {
        match n {
            2 => singular_of::<R, 2>(a, values, u, vt),
            3 => singular_of::<R, 3>(a, values, u, vt),
            4 => singular_of::<R, 4>(a, values, u, vt),
            _ => unreachable!("there is no kernel for that order"),
        }
    }
}

/// Calls a step for each pair of columns, which the compiler gets to know; in this
/// order, exchanges sort.
macro_rules! for_pairs {
    ($step:ident::<$R:ident, $N:ident>($($argument:expr),*)) => {{
        $step::<$R, $N, 0, 1>($($argument),*);
        if $N > 2 {
            $step::<$R, $N, 0, 2>($($argument),*);
            $step::<$R, $N, 1, 2>($($argument),*);
        }
        if $N > 3 {
            $step::<$R, $N, 0, 3>($($argument),*);
            $step::<$R, $N, 1, 3>($($argument),*);
            $step::<$R, $N, 2, 3>($($argument),*);
        }
    }};
}

/// Numbers below which squares lose digits, and above which they leave the range.
fn range<R: Real>() -> (R, R) {
    let (least, most) = (R::min_positive_value(), R::max_value());
    let eighth = R::one() / constant(8.0);
    (least.sqrt() / R::epsilon() / eighth, most.sqrt() * eighth)
}

/// The part of the elements that is as good as nothing beside rounding.
const NOTHING: f64 = 1.0 / 8.0;

#[inline(always)]
fn symmetric_of<R: Real, const N: usize>(
    upper: bool,
    from: &[R],
    values: &mut [R],
    vectors: &mut [R],
) -> Vec<usize> {
    let wanted = !vectors.is_empty();
    let (least, most) = range::<R>();
    let mut left = Vec::new();
    let mut a: Square<R, N> = zeros();
    for (group, from) in from.chunks(WIDTH * N * N).enumerate() {
        let first = group * WIDTH;
        let count = load(from, &mut a);
        if !upper {
            for row in 1..N {
                let (above, below) = a.split_at_mut(row);
                for (elements, mirrored) in above.iter_mut().zip(below[0]) {
                    elements[row] = mirrored;
                }
            }
        }
        let triangle = a
            .iter()
            .enumerate()
            .flat_map(|(row, elements)| &elements[row..]);
        let sizes = sizes(triangle);
        let nothing = sizes.map(|size| size * (R::epsilon() * constant(NOTHING)));
        let mut v = identity();
        let mut turned = [true; WIDTH];
        for _ in 0..SWEEPS {
            turned = [false; WIDTH];
            for_pairs!(turn_both::<R, N>(
                count,
                &mut a,
                wanted,
                &mut v,
                &nothing,
                &mut turned
            ));
            if turned == [false; WIDTH] {
                break;
            }
        }
        let mut w: [Lanes<R>; N] = std::array::from_fn(|at| a[at][at]);
        for_pairs!(exchange::<R, N>(count, false, &mut w, &mut [&mut v]));
        store(&w, &mut values[first * N..][..count * N]);
        if wanted {
            store(
                v.as_flattened(),
                &mut vectors[first * N * N..][..count * N * N],
            );
        }
        left.extend(
            (0..count)
                .map(|lane| (lane, sizes[lane]))
                .filter_map(|(lane, size)| {
                    let fits = size > least && size < most || size == R::zero();
                    (turned[lane] || !fits).then_some(first + lane)
                }),
        );
    }
    left
}

/// Turns columns and rows `P` and `Q` so that their common element vanishes.
#[inline(always)]
fn turn_both<R: Real, const N: usize, const P: usize, const Q: usize>(
    count: usize,
    a: &mut Square<R, N>,
    wanted: bool,
    v: &mut Square<R, N>,
    nothing: &Lanes<R>,
    turned: &mut [bool; WIDTH],
) {
    let count = count.min(WIDTH);
    let mut any = false;
    for lane in 0..count {
        let turns = a[P][Q][lane].abs() > nothing[lane];
        turned[lane] |= turns;
        any |= turns;
    }
    if !any {
        return;
    }
    let (mut cosines, mut sines) = ([R::one(); WIDTH], [R::zero(); WIDTH]);
    for lane in 0..count {
        let (app, aqq, apq) = (a[P][P][lane], a[Q][Q][lane], a[P][Q][lane]);
        let (difference, double) = (aqq - app, apq + apq);
        let root = (difference * difference + double * double).sqrt();
        let tangent = double / (difference + root.copysign(difference));
        let tangent = if apq.abs() > nothing[lane] {
            tangent
        } else {
            R::zero()
        };
        let cosine = R::one() / (R::one() + tangent * tangent).sqrt();
        (cosines[lane], sines[lane]) = (cosine, tangent * cosine);
        a[P][P][lane] = app - tangent * apq;
        a[Q][Q][lane] = aqq + tangent * apq;
        a[P][Q][lane] = R::zero();
        for r in 0..N {
            if r != P && r != Q {
                let (c, s) = (cosine, tangent * cosine);
                let (x, y) = (a[r.min(P)][r.max(P)][lane], a[r.min(Q)][r.max(Q)][lane]);
                a[r.min(P)][r.max(P)][lane] = c * x - s * y;
                a[r.min(Q)][r.max(Q)][lane] = s * x + c * y;
            }
        }
    }
    if wanted {
        turn::<R, N, P, Q>(count, &cosines, &sines, v);
    }
}

/// Turns columns `P` and `Q`.
#[inline(always)]
fn turn<R: Real, const N: usize, const P: usize, const Q: usize>(
    count: usize,
    cosines: &Lanes<R>,
    sines: &Lanes<R>,
    v: &mut Square<R, N>,
) {
    for row in v {
        for lane in 0..count.min(WIDTH) {
            let (x, y) = (row[P][lane], row[Q][lane]);
            row[P][lane] = cosines[lane] * x - sines[lane] * y;
            row[Q][lane] = sines[lane] * x + cosines[lane] * y;
        }
    }
}

/// Exchanges keys `P` and `Q`, and the columns that belong to them, where they are
/// not in order.
#[inline(always)]
fn exchange<R: Real, const N: usize, const P: usize, const Q: usize>(
    count: usize,
    descending: bool,
    keys: &mut [Lanes<R>; N],
    columns: &mut [&mut Square<R, N>],
) {
    let count = count.min(WIDTH);
    let mut swap = [false; WIDTH];
    for lane in 0..count {
        let (x, y) = (keys[P][lane], keys[Q][lane]);
        swap[lane] = if descending { x < y } else { x > y };
        (keys[P][lane], keys[Q][lane]) = if swap[lane] { (y, x) } else { (x, y) };
    }
    for row in columns.iter_mut().flat_map(|columns| columns.iter_mut()) {
        for lane in 0..count {
            let (x, y) = (row[P][lane], row[Q][lane]);
            (row[P][lane], row[Q][lane]) = if swap[lane] { (y, x) } else { (x, y) };
        }
    }
}

#[inline(always)]
fn singular_of<R: Real, const N: usize>(
    from: &[R],
    values: &mut [R],
    to_u: &mut [R],
    to_vt: &mut [R],
) -> Vec<usize> {
    let wanted = !to_u.is_empty();
    let (least, most) = range::<R>();
    let mut left = Vec::new();
    let mut u: Square<R, N> = zeros();
    for (group, from) in from.chunks(WIDTH * N * N).enumerate() {
        let first = group * WIDTH;
        let count = load(from, &mut u);
        let sizes = sizes(u.as_flattened());
        let mut v = identity();
        let mut turned = [true; WIDTH];
        for _ in 0..SWEEPS {
            turned = [false; WIDTH];
            for_pairs!(turn_one::<R, N>(count, &mut u, wanted, &mut v, &mut turned));
            if turned == [false; WIDTH] {
                break;
            }
        }
        let mut s = [[R::zero(); WIDTH]; N];
        for (column, norms) in s.iter_mut().enumerate() {
            for lane in 0..count {
                let mut square = R::zero();
                for row in &u {
                    square += row[column][lane] * row[column][lane];
                }
                norms[lane] = square.sqrt();
            }
        }
        for_pairs!(exchange::<R, N>(count, true, &mut s, &mut [&mut u, &mut v]));
        store(&s, &mut values[first * N..][..count * N]);
        if wanted {
            let elements = first * N * N..(first + count) * N * N;
            for row in &mut u {
                for (column, norms) in row.iter_mut().zip(&s) {
                    for (x, &norm) in column.iter_mut().zip(norms) {
                        *x /= norm;
                    }
                }
            }
            store(u.as_flattened(), &mut to_u[elements.clone()]);
            let vt: Square<R, N> = std::array::from_fn(|row| std::array::from_fn(|at| v[at][row]));
            store(vt.as_flattened(), &mut to_vt[elements]);
        }
        let smallest = if wanted { s[N - 1] } else { sizes };
        left.extend((0..count).filter_map(|lane| {
            let fits = smallest[lane] > least && sizes[lane] < most;
            (turned[lane] || !fits).then_some(first + lane)
        }));
    }
    left
}

/// Turns columns `P` and `Q` so that they are orthogonal.
#[inline(always)]
fn turn_one<R: Real, const N: usize, const P: usize, const Q: usize>(
    count: usize,
    u: &mut Square<R, N>,
    wanted: bool,
    v: &mut Square<R, N>,
    turned: &mut [bool; WIDTH],
) {
    let count = count.min(WIDTH);
    let nothing = R::epsilon() + R::epsilon();
    let (mut differences, mut products) = ([R::zero(); WIDTH], [R::zero(); WIDTH]);
    let mut any = false;
    for lane in 0..count {
        let [mut pp, mut qq, mut pq] = [R::zero(); 3];
        for row in u.iter() {
            let (x, y) = (row[P][lane], row[Q][lane]);
            pp += x * x;
            qq += y * y;
            pq += x * y;
        }
        let turns = pq.abs() > nothing * (pp.sqrt() * qq.sqrt());
        turned[lane] |= turns;
        any |= turns;
        differences[lane] = qq - pp;
        products[lane] = if turns { pq } else { R::zero() };
    }
    if !any {
        return;
    }
    let (mut cosines, mut sines) = ([R::one(); WIDTH], [R::zero(); WIDTH]);
    for lane in 0..count {
        let product = products[lane];
        let cotangent = differences[lane] / (product + product);
        let root = (R::one() + cotangent * cotangent).sqrt();
        let tangent = R::one() / (cotangent + root.copysign(cotangent));
        let tangent = if product == R::zero() {
            R::zero()
        } else {
            tangent
        };
        let cosine = R::one() / (R::one() + tangent * tangent).sqrt();
        (cosines[lane], sines[lane]) = (cosine, tangent * cosine);
    }
    turn::<R, N, P, Q>(count, &cosines, &sines, u);
    if wanted {
        turn::<R, N, P, Q>(count, &cosines, &sines, v);
    }
}

fn identity<R: Real, const N: usize>() -> Square<R, N> {
    let mut identity = zeros();
    for (at, row) in identity.iter_mut().enumerate() {
        row[at] = [R::one(); WIDTH];
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::super::isa::forced::baseline;
    use super::*;

    /// Numbers between -1 and 1 that have no pattern.
    fn noise(at: usize) -> f64 {
        let spread = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// More than one group of symmetric matrices: noise, graded, clustered,
    /// diagonal with repetitions, of rank one, of ones, zero, scaled.
    fn matrices<R: Real>(n: usize, scale: f64) -> Vec<R> {
        let mut elements = Vec::new();
        for number in 0..2 * WIDTH + 7 {
            for i in 0..n {
                for j in 0..n {
                    let (low, high) = (i.min(j), i.max(j));
                    let x = noise(number * 100 + low * 10 + high);
                    let one = f64::from(i == j);
                    let vector = |at| noise(number * 100 + at);
                    let x = match number % 9 {
                        0 => x * 10_f64.powi(-4 * (i + j) as i32),
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

    /// Elements of the matrix product and the difference, by the definition.
    fn residual<R: Real + Into<f64>>(
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

    fn one_if<R: Real>(equal: bool) -> R {
        if equal { R::one() } else { R::zero() }
    }

    fn largest_of<R: Real + Into<f64>>(a: &[R]) -> f64 {
        a.iter().map(|x| x.abs().into()).fold(0.0, f64::max)
    }

    fn symmetric_is_right<R: Real + Into<f64>>(scale: f64) {
        let eps: f64 = R::epsilon().into();
        for n in 2..=largest::JACOBI {
            let a = matrices::<R>(n, scale);
            let run = |upper| {
                let mut values = vec![R::zero(); a.len() / n];
                let mut vectors = vec![R::zero(); a.len()];
                let left = symmetric(n, upper, &a, &mut values, &mut vectors);
                assert!(left.is_empty());
                (values, vectors)
            };
            let (values, vectors) = run(false);
            assert_eq!(run(true), (values.clone(), vectors.clone()));
            assert_eq!(baseline(|| run(false)), (values.clone(), vectors.clone()));
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
                assert!(orthogonal <= 8.0 * eps, "{orthogonal}");
                let right = |i, j| v[i * n + j] * w[j];
                let off = residual(n, |i, j, k| a[i * n + k] * v[k * n + j], right);
                assert!(off <= 16.0 * eps * largest_of(a), "{off} of {a:?}");
            }
        }
    }

    #[test]
    fn eigenvalues_and_vectors_are_right() {
        symmetric_is_right::<f64>(1e100);
        symmetric_is_right::<f32>(1e9);
    }

    fn singular_is_right<R: Real + Into<f64>>(scale: f64) {
        let eps: f64 = R::epsilon().into();
        for n in 2..=largest::JACOBI {
            // A row more, so that none is symmetric.
            let mut a = matrices::<R>(n, scale);
            a.rotate_left(n);
            let run = || {
                let mut s = vec![R::zero(); a.len() / n];
                let (mut u, mut vt) = (vec![R::zero(); a.len()], vec![R::zero(); a.len()]);
                let left = singular(n, &a, &mut s, &mut u, &mut vt);
                (left, s, u, vt)
            };
            let (left, s, u, vt) = run();
            let numbers = |x: &[R]| x.iter().map(|&x| x.into().to_bits()).collect::<Vec<_>>();
            let again = baseline(run);
            assert_eq!((&again.0, numbers(&again.1)), (&left, numbers(&s)));
            assert_eq!(
                (numbers(&again.2), numbers(&again.3)),
                (numbers(&u), numbers(&vt))
            );
            assert!(left.len() < s.len() / n / 2, "{left:?}");
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
                assert!(off <= 16.0 * eps * largest_of(&a), "{off} of {a:?}");
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
        // What stands in the other triangle is not read.
        let a = [1.0, f64::NAN, 0.0, 2.0];
        let (mut values, mut vectors) = ([0.0; 2], [0.0; 4]);
        assert!(symmetric(2, false, &a, &mut values, &mut vectors).is_empty());
        assert_eq!((values, vectors), ([1.0, 2.0], [1.0, 0.0, 0.0, 1.0]));
    }
}
