//! Square matrices in one block of memory, for the functions of matrices.
//!
//! A matrix is in Fortran order. What commutes with the transpose, as every function of one
//! matrix does, may take a matrix in C order for its transpose.

use ndarray::{ArrayView2, ArrayViewMut2};
use scirs2_core::Scalar;

use crate::base::error::Reason;
use crate::base::layout::transpose_in_place;
use crate::base::scale::rounded;
use crate::base::structure::Triangle;
use crate::driver::plan::has_small_products;
use crate::elements::scalar::LinalgScalar;
use crate::kernels::gemm_small::small_gemm;
use crate::lapack::{self, TriangularSpec, blas, trsm};

/// The matrix in C order, which is the transpose.
fn transposed<T>(n: usize, a: &[T]) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((n, n), a).expect("as many elements")
}

/// `out = a b`, or `out += a b` with `accumulate`.
pub(crate) fn multiply<T: LinalgScalar>(
    n: usize,
    a: &[T],
    b: &[T],
    accumulate: bool,
    out: &mut [T],
) {
    if !accumulate && has_small_products::<T>([n, n, n]) {
        return small_gemm([n, n, n], b, a, out);
    }
    let to = ArrayViewMut2::from_shape((n, n), out).expect("as many elements");
    blas::gemm(transposed(n, b), transposed(n, a), accumulate, to);
}

/// `out = a b^H`; `b` is overwritten.
pub(crate) fn multiply_adjoint<T: LinalgScalar>(n: usize, a: &[T], b: &mut [T], out: &mut [T]) {
    conjugate(b);
    if has_small_products::<T>([n, n, n]) {
        transpose_in_place(n, b);
        return small_gemm([n, n, n], b, a, out);
    }
    let to = ArrayViewMut2::from_shape((n, n), out).expect("as many elements");
    blas::gemm(
        transposed(n, b).reversed_axes(),
        transposed(n, a),
        false,
        to,
    );
}

/// Replaces the elements by their conjugates.
pub(crate) fn conjugate<T: Scalar>(a: &mut [T]) {
    if T::IS_COMPLEX {
        a.iter_mut().for_each(|x| *x = x.conj());
    }
}

/// Elements of a block of a sum.
const COMBINED: usize = 1 << 10;

/// `out = identity I + sum c_i A_i`.
pub(crate) fn combine<T: Scalar>(n: usize, identity: f64, terms: &[(f64, &[T])], out: &mut [T]) {
    // The sums of a block stay in the first-level cache.
    for (block, out) in out.chunks_mut(COMBINED).enumerate() {
        out.fill(T::zero());
        for &(factor, a) in terms {
            let factor = T::from_real(rounded(factor));
            for (out, &x) in out.iter_mut().zip(&a[block * COMBINED..]) {
                *out += factor * x;
            }
        }
    }
    add_identity(n, identity, out);
}

/// `a += factor I`.
pub(crate) fn add_identity<T: Scalar>(n: usize, factor: f64, a: &mut [T]) {
    let factor = T::from_real(rounded(factor));
    a.iter_mut().step_by(n + 1).for_each(|x| *x += factor);
}

/// Multiplies all elements by a number.
pub(crate) fn scale<T: Scalar>(a: &mut [T], factor: f64) {
    let factor = T::from_real(rounded(factor));
    a.iter_mut().for_each(|x| *x *= factor);
}

/// The modulus of a number, in double precision.
pub(crate) fn modulus<T: Scalar<Real: Into<f64>>>(x: T) -> f64 {
    let [re, im] = x.parts().map(Into::into);
    if !T::IS_COMPLEX {
        return re.abs();
    }
    // A tenth of the time of `hypot`, where the squares neither overflow nor underflow.
    let square: f64 = re * re + im * im;
    if (1e-280..1e280).contains(&square) {
        square.sqrt()
    } else if re == 0.0 || im == 0.0 {
        re.abs() + im.abs()
    } else {
        re.hypot(im)
    }
}

/// The largest sum of the moduli of a column; NaN if an element is.
pub(crate) fn norm1<T: Scalar<Real: Into<f64>>>(n: usize, a: &[T]) -> f64 {
    let mut largest = 0.0;
    for column in a.chunks_exact(n.max(1)) {
        let sum: f64 = column.iter().map(|&x| modulus(x)).sum();
        if sum > largest || sum.is_nan() {
            largest = sum;
        }
    }
    largest
}

/// Whether all elements off the diagonal are zero.
pub(crate) fn is_diagonal<T: Scalar>(n: usize, a: &[T]) -> bool {
    let mut rest = a.chunks(n + 1);
    rest.all(|run| run[1..].iter().all(|x| x.is_zero()))
}

/// The triangle outside of which all elements are zero: the upper one, if the matrix is diagonal.
pub(crate) fn triangle<T: Scalar>(n: usize, a: &[T]) -> Option<Triangle> {
    let mut columns = a.chunks_exact(n.max(1)).enumerate();
    let is_zero = |x: &T| x.is_zero();
    if columns
        .clone()
        .all(|(at, column)| column[at + 1..].iter().all(is_zero))
    {
        return Some(Triangle::Upper);
    }
    columns
        .all(|(at, column)| column[..at].iter().all(is_zero))
        .then_some(Triangle::Lower)
}

/// Whether the matrix is its own adjoint, exactly.
pub(crate) fn is_hermitian<T: Scalar>(n: usize, a: &[T]) -> bool {
    (0..n).all(|i| (0..=i).all(|j| a[i * n + j] == a[j * n + i].conj()))
}

/// `p q^-1` in place of `p`; `q` becomes its factors. The error is the pivot that is zero.
pub(crate) fn divide<T: LinalgScalar>(
    n: usize,
    p: &mut [T],
    q: &mut [T],
    pivots: &mut [i32],
) -> Result<(), Reason> {
    lapack::getrf(n, q, pivots).map_err(|pivot| Reason::Singular { pivot })?;
    divide_by_factors(n, p, q, pivots);
    Ok(())
}

/// [`divide`] by factors that are there already.
pub(crate) fn divide_by_factors<T: LinalgScalar>(
    n: usize,
    p: &mut [T],
    factors: &[T],
    pivots: &[i32],
) {
    let spec = |triangle, unit| TriangularSpec {
        triangle,
        transpose: false,
        unit,
    };
    trsm(spec(Triangle::Upper, false), n, factors, p);
    trsm(spec(Triangle::Lower, true), n, factors, p);
    for (column, &pivot) in pivots.iter().enumerate().rev() {
        let other = usize::try_from(pivot).map_or(column, |pivot| pivot - 1);
        if other != column {
            let (left, right) = p.split_at_mut(other * n);
            left[column * n..][..n].swap_with_slice(&mut right[..n]);
        }
    }
}

/// `p u^-1` in place of `p`, for an upper triangle with a diagonal without zeros.
pub(crate) fn divide_by_upper<T: LinalgScalar>(n: usize, p: &mut [T], u: &[T]) {
    let spec = TriangularSpec {
        triangle: Triangle::Upper,
        transpose: false,
        unit: false,
    };
    trsm(spec, n, u, p);
}
