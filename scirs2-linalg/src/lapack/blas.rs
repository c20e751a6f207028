//! Products of vectors and matrices, in row-major order.
//!
//! BLAS accepts a matrix with gaps between its rows or its columns, so these
//! functions take views, and examine the strides themselves.

use std::ffi::{c_char, c_int};

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

use super::{FieldRoutines, Lapack, blas_int, letter};

/// The order of a matrix's elements in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StorageOrder {
    /// Row after row.
    C,
    /// Column after column.
    Fortran,
}

/// The storage order of a matrix and its leading dimension, for BLAS; `None` if the matrix
/// must be copied first.
pub(crate) fn storage_order<T>(a: &ArrayView2<'_, T>) -> Option<(StorageOrder, c_int)> {
    let (rows, columns) = a.dim();
    let [row, column] = [a.strides()[0], a.strides()[1]];
    let leading = |lines: usize, len: usize, line: isize, step: isize| {
        let len = len.cast_signed();
        let line = if lines <= 1 { len } else { line };
        let fits = (len <= 1 || step == 1) && line >= len;
        c_int::try_from(line.max(1)).ok().filter(|_| fits)
    };
    leading(rows, columns, row, column)
        .map(|leading| (StorageOrder::C, leading))
        .or_else(|| Some((StorageOrder::Fortran, leading(columns, rows, column, row)?)))
}

/// Whether BLAS can write the matrix, row after row.
pub(crate) fn is_row_major<T>(a: &ArrayView2<'_, T>) -> bool {
    matches!(storage_order(a), Some((StorageOrder::C, _)))
}

/// The increment from one element to the next, for BLAS; `None` if the vector must be copied
/// first.
pub(crate) fn increment<T>(x: &ArrayView1<'_, T>) -> Option<c_int> {
    if x.len() <= 1 {
        return Some(1);
    }
    let step = c_int::try_from(x.strides()[0]);
    step.ok().filter(|&step| step != 0)
}

/// The offset from the first element to the lowest, which BLAS expects whatever the sign
/// of the step.
fn lowest_offset(len: usize, step: isize) -> isize {
    if step < 0 && len > 1 {
        step * (len.cast_signed() - 1)
    } else {
        0
    }
}

fn lowest_ptr<T>(x: &ArrayView1<'_, T>) -> *const T {
    x.as_ptr()
        .wrapping_offset(lowest_offset(x.len(), x.strides()[0]))
}

const MUST_BE_STRIDED: &str = "copied where BLAS cannot read it";

/// `gemm`: `out = a b`, or `out += a b` with `accumulate`.
///
/// # Panics
/// If the shapes do not fit, [`storage_order`] is `None` for one of the matrices, or `out` is not in
/// C order.
pub(crate) fn gemm<T: Lapack>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    accumulate: bool,
    mut out: ArrayViewMut2<'_, T>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert_eq!((b.nrows(), out.dim()), (k, (m, n)));
    let (a_order, a_leading) = storage_order(&a).expect(MUST_BE_STRIDED);
    let (b_order, b_leading) = storage_order(&b).expect(MUST_BE_STRIDED);
    assert!(is_row_major(&out.view()));
    let (_, out_leading) = storage_order(&out.view()).expect(MUST_BE_STRIDED);
    let beta = if accumulate { T::one() } else { T::zero() };
    // Fortran sees a matrix in C order as its transpose, and `out^T = b^T a^T`.
    // SAFETY: the views have these shapes, and `storage_order` found them in that order with these
    // leading dimensions.
    unsafe {
        (T::ROUTINES.gemm)(
            &trans(b_order == StorageOrder::Fortran),
            &trans(a_order == StorageOrder::Fortran),
            &blas_int(n),
            &blas_int(m),
            &blas_int(k),
            &T::one(),
            b.as_ptr(),
            &b_leading,
            a.as_ptr(),
            &a_leading,
            &beta,
            out.as_mut_ptr(),
            &out_leading,
        );
    }
}

/// `gemv`: `out = a x`.
///
/// # Panics
/// If the shapes do not fit, or [`storage_order`] or [`increment`] is `None`.
pub(crate) fn gemv<T: Lapack>(
    a: ArrayView2<'_, T>,
    x: ArrayView1<'_, T>,
    mut out: ArrayViewMut1<'_, T>,
) {
    assert_eq!((out.len(), x.len()), a.dim());
    let (order, leading) = storage_order(&a).expect(MUST_BE_STRIDED);
    let incx = increment(&x).expect(MUST_BE_STRIDED);
    let incy = increment(&out.view()).expect(MUST_BE_STRIDED);
    // A beta of zero would leave a NaN unchanged.
    out.fill(T::zero());
    let (m, n) = a.dim();
    // The shape that Fortran sees.
    let (rows, columns) = if order == StorageOrder::C {
        (n, m)
    } else {
        (m, n)
    };
    let offset = lowest_offset(out.len(), out.strides()[0]);
    let y = out.as_mut_ptr().wrapping_offset(offset);
    // SAFETY: as in `gemm`; the vectors are as long as the matrix requires, at these steps
    // from their lowest elements.
    unsafe {
        (T::ROUTINES.gemv)(
            &trans(order == StorageOrder::C),
            &blas_int(rows),
            &blas_int(columns),
            &T::one(),
            a.as_ptr(),
            &leading,
            lowest_ptr(&x),
            &incx,
            &T::one(),
            y,
            &incy,
        );
    }
}

/// `dot`: `sum x_i y_i`, or `sum conj(x_i) y_i` with `conjugate`.
///
/// # Panics
/// If the lengths differ, or [`increment`] is `None`.
pub(crate) fn dot<T: Lapack>(x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, conjugate: bool) -> T {
    assert_eq!(x.len(), y.len());
    let n = blas_int(x.len());
    let (incx, incy) = (
        increment(&x).expect(MUST_BE_STRIDED),
        increment(&y).expect(MUST_BE_STRIDED),
    );
    let (x, y) = (lowest_ptr(&x), lowest_ptr(&y));
    match T::FIELD_ROUTINES {
        // SAFETY: both vectors have `n` elements at these steps from their lowest ones.
        FieldRoutines::Real(real) => unsafe { (real.dot)(n, x, incx, y, incy) },
        FieldRoutines::Complex(complex) => {
            let mut sum = T::zero();
            let dot = if conjugate {
                complex.dotc
            } else {
                complex.dotu
            };
            // SAFETY: as for real numbers.
            unsafe { dot(n, x, incx, y, incy, &mut sum) };
            sum
        }
    }
}

/// LAPACK's letter for a matrix or its transpose.
const fn trans(transpose: bool) -> c_char {
    letter(if transpose { b'T' } else { b'N' })
}
