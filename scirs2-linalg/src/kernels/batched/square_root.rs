//! Principal square roots of general matrices.
//!
//! The product form of the iteration of Denman and Beavers (S. H. Cheng, N. J. Higham,
//! C. S. Kenney and A. J. Laub, SIAM J. Matrix Anal. Appl. 22, 2001, pp. 1112-1125), scaled by
//! norms. It loses more digits than a Schur form where the matrix is ill-conditioned or has an
//! eigenvalue near the negative axis, so each root is checked: by the number of its steps and by
//! its residual. A lane that is done keeps its bits.

use super::elimination::{RegisterLu, SquareArray, inverse_row};
use super::{deinterleave, dispatch_order, interleave, push_unhandled, simd_dispatch};
use crate::simd::vector::{Isa, Mask, Vector};

simd_dispatch! {
    /// Square roots of matrices of order `n`, 2 to 4. Returns the indices of the matrices that
    /// were not handled: those that are not finite, near the ends of the range or triangular, and
    /// those whose root is complex or less accurate than that of a Schur form.
    pub(crate) fn batched_sqrtm<R>(n: usize, a: &[R], to: &mut [R]) -> Vec<usize>
        = batched_sqrtm_with_isa;
}

/// Steps after which a matrix is not handled. An angle of `pi - d` between an eigenvalue and the
/// positive axis costs `log2(1 / d)` steps.
const STEPS: usize = 12;

/// The distance from the identity beyond which a step is scaled.
const FAR: f64 = 0.5;

/// The distance whose square is below the rounding error.
const NEAR: f64 = 1e-8;

/// The bound of the residual over `n eps |X|^2`, in Frobenius norms.
const RESIDUAL: f64 = 2.0;

/// The norms whose powers neither overflow nor underflow on the way.
const RANGE: [f64; 2] = [1e-60, 1e60];

#[inline(always)]
fn batched_sqrtm_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    to: &mut [I::Real],
) -> Vec<usize> {
    dispatch_order!(isa, n, a: kernel(a, to), else unreachable!("the plan takes others elsewhere"))
}

#[inline(always)]
fn kernel<I: Isa, const N: usize>(isa: I, a: &[I::Real], to: &mut [I::Real]) -> Vec<usize> {
    let len = I::Vector::LANES * N * N;
    let mut unhandled = Vec::new();
    for (group, (a, to)) in a.chunks(len).zip(to.chunks_mut(len)).enumerate() {
        let mut lanes = [[isa.splat_f64(0.0); N]; N];
        interleave(N * N, a, lanes.as_flattened_mut());
        let (done, root) = square_root(isa, &lanes);
        deinterleave(N * N, root.as_flattened(), to);
        let (first, count) = (group * I::Vector::LANES, to.len() / (N * N));
        push_unhandled(
            I::Vector::LANES,
            I::Vector::to_bitmask(done),
            first,
            count,
            &mut unhandled,
        );
    }
    unhandled
}

/// The roots, and the lanes in which they are right.
#[expect(clippy::needless_range_loop, reason = "a position in several matrices")]
#[inline(always)]
fn square_root<I: Isa, const N: usize>(
    isa: I,
    a: &SquareArray<I::Vector, N>,
) -> (Mask<I>, SquareArray<I::Vector, N>) {
    let (zero, one, half) = (isa.splat_f64(0.0), isa.splat_f64(1.0), isa.splat_f64(0.5));
    let [least, most] = RANGE.map(|bound| isa.splat_f64(bound));
    let size = frobenius(isa, a);
    let mut regular = size.gt(least) & most.gt(size) & !is_triangular(isa, a);
    // `X` tends to the root and `M` to the identity, and `X^2 = A M`.
    let (mut x, mut m) = (*a, *a);
    let mut done = one.gt(one);
    for _ in 0..STEPS {
        let factors = RegisterLu::of_lanes(isa, m);
        regular = regular & (done | factors.regular);
        let mut inverse = [[zero; N]; N];
        for (at, row) in inverse.iter_mut().enumerate() {
            inverse_row(isa, &factors, at, row);
        }
        // The square of the factor that brings the norms of `M` and its inverse together.
        let mut square = one;
        let is_far = distance(isa, &m).gt(isa.splat_f64(FAR));
        if I::Vector::to_bitmask(is_far) != 0 {
            let factor = (frobenius(isa, &inverse) / frobenius(isa, &m)).sqrt();
            square = I::Vector::select(is_far, factor, one);
        }
        let (factor, reciprocal) = (half * square.sqrt(), one / square);
        for row in &mut inverse {
            for y in row {
                *y = *y * reciprocal;
            }
        }
        let mut sum = inverse;
        for (i, row) in sum.iter_mut().enumerate() {
            row[i] = row[i] + one;
        }
        let next = product(isa, &x, &sum);
        for i in 0..N {
            for j in 0..N {
                x[i][j] = I::Vector::select(done, x[i][j], next[i][j] * factor);
                let mut next = (m[i][j].mul_add(square, inverse[i][j])) * half;
                if i == j {
                    next = next + one;
                }
                m[i][j] = I::Vector::select(done, m[i][j], next * half);
            }
        }
        done = done | isa.splat_f64(NEAR).gt(distance(isa, &m));
        if I::Vector::to_bitmask(!regular | done) == lanes_mask::<I>() {
            break;
        }
    }
    // `X M^-1/2`, to first order.
    for (i, row) in m.iter_mut().enumerate() {
        for y in row.iter_mut() {
            *y = -(*y * half);
        }
        row[i] = row[i] + isa.splat_f64(1.5);
    }
    let mut root = product(isa, &x, &m);
    let mut is_symmetric = one.eq(one);
    for i in 0..N {
        for j in 0..i {
            is_symmetric = is_symmetric & a[i][j].eq(a[j][i]);
        }
    }
    for i in 0..N {
        for j in 0..i {
            let mean = (root[i][j] + root[j][i]) * half;
            root[i][j] = I::Vector::select(is_symmetric, mean, root[i][j]);
            root[j][i] = I::Vector::select(is_symmetric, mean, root[j][i]);
        }
    }
    let mut residual = product(isa, &root, &root);
    for (row, a) in residual.iter_mut().zip(a) {
        for (x, &a) in row.iter_mut().zip(a) {
            *x = *x - a;
        }
    }
    let size = frobenius(isa, &root);
    let bound = isa.splat(<I::Real as num_traits::Float>::epsilon())
        * isa.splat_f64(RESIDUAL * N as f64)
        * (size * size);
    (regular & done & bound.gt(frobenius(isa, &residual)), root)
}

/// All lanes.
const fn lanes_mask<I: Isa>() -> u32 {
    u32::MAX >> (32 - I::Vector::LANES)
}

#[inline(always)]
fn product<I: Isa, const N: usize>(
    isa: I,
    a: &SquareArray<I::Vector, N>,
    b: &SquareArray<I::Vector, N>,
) -> SquareArray<I::Vector, N> {
    let mut out = [[isa.splat_f64(0.0); N]; N];
    for i in 0..N {
        for k in 0..N {
            for j in 0..N {
                out[i][j] = a[i][k].mul_add(b[k][j], out[i][j]);
            }
        }
    }
    out
}

#[inline(always)]
fn frobenius<I: Isa, const N: usize>(isa: I, a: &SquareArray<I::Vector, N>) -> I::Vector {
    let mut sum = isa.splat_f64(0.0);
    for &x in a.as_flattened() {
        sum = x.mul_add(x, sum);
    }
    sum.sqrt()
}

/// The distance from the identity.
#[inline(always)]
fn distance<I: Isa, const N: usize>(isa: I, a: &SquareArray<I::Vector, N>) -> I::Vector {
    let mut off = *a;
    for (i, row) in off.iter_mut().enumerate() {
        row[i] = row[i] - isa.splat_f64(1.0);
    }
    frobenius(isa, &off)
}

/// Whether all elements on one side of the diagonal are zero.
#[expect(clippy::needless_range_loop, reason = "two positions in a matrix")]
#[inline(always)]
fn is_triangular<I: Isa, const N: usize>(isa: I, a: &SquareArray<I::Vector, N>) -> Mask<I> {
    let zero = isa.splat_f64(0.0);
    let (mut below, mut above) = (zero, zero);
    for i in 0..N {
        for j in 0..i {
            below = below + a[i][j].abs();
            above = above + a[j][i].abs();
        }
    }
    below.eq(zero) | above.eq(zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::MAX_LANES;
    use crate::simd::isa::forced::at_each;

    fn product(n: usize, x: &[f64], y: &[f64]) -> Vec<f64> {
        let element = |at: usize| (0..n).map(|k| x[at / n * n + k] * y[k * n + at % n]).sum();
        (0..n * n).map(element).collect()
    }

    #[test]
    fn roots_are_right_for_every_instruction_set() {
        for n in [2, 3, 4] {
            let mut a = Vec::new();
            for index in 0..2 * MAX_LANES + 5 {
                let scale = [1.0, 1e-20, 1e20, 3.0][index % 4];
                let root: Vec<f64> = (0..n * n)
                    .map(|at| noise(index * 64 + at) + 3.0 * f64::from(u8::from(at % (n + 1) == 0)))
                    .collect();
                a.extend(product(n, &root, &root).iter().map(|x| x * scale));
            }
            a[3 * n * n] = f64::NAN;
            let [(unhandled, found), others @ ..] = at_each(|| {
                let mut to = vec![0.0; a.len()];
                (batched_sqrtm(n, &a, &mut to), to)
            });
            assert_eq!(unhandled, [3]);
            for (index, (root, a)) in found.chunks(n * n).zip(a.chunks(n * n)).enumerate() {
                if index == 3 {
                    continue;
                }
                for (_, other) in &others {
                    assert_eq!(other[index * n * n..][..n * n], *root);
                }
                let size: f64 = root.iter().map(|x| x * x).sum();
                for (x, a) in product(n, root, root).iter().zip(a) {
                    assert!((x - a).abs() <= 10.0 * n as f64 * f64::EPSILON * size);
                }
            }
        }
    }

    #[test]
    fn roots_of_symmetric_matrices_are_symmetric() {
        let a = [4.0, 1.0, 0.5, 1.0, 3.0, 0.25, 0.5, 0.25, 2.0];
        let mut root = [0.0; 9];
        assert!(batched_sqrtm(3, &a, &mut root).is_empty());
        assert_eq!([root[1], root[2], root[5]], [root[3], root[6], root[7]]);
    }

    #[test]
    fn difficult_matrices_are_not_handled() {
        let angle = std::f64::consts::PI - 1e-6;
        for a in [
            [1.0, 2.0, 2.0, 1.0],
            [-1.0, 1e-3, 1e-3, -2.0],
            [0.0, 0.0, 0.0, 0.0],
            [1.0, 1.0, 1.0, 1.0],
            [4.0, 1.0, 0.0, 4.0],
            [1e200, 1e199, 1e199, 1e200],
            [1e-200, 1e-201, 1e-201, 1e-200],
            [angle.cos(), -angle.sin(), angle.sin(), angle.cos()],
            [f64::INFINITY, 1.0, 1.0, 1.0],
        ] {
            assert_eq!(batched_sqrtm(2, &a, &mut [0.0; 4]), [0], "{a:?}");
        }
    }
}
