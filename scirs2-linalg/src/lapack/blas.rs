//! Products of vectors and matrices, in row-major order.
//!
//! BLAS accepts a matrix with gaps between its rows or its columns, so these
//! functions take views, and examine the strides themselves.

use std::ffi::{c_char, c_int};

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

use super::{Kind, Lapack, int, letter};

/// The order of a matrix's elements in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Row after row.
    C,
    /// Column after column.
    Fortran,
}

/// The order of a matrix and its leading dimension, for BLAS; `None` if it has to be copied
/// first.
pub(crate) fn lies<T>(a: &ArrayView2<'_, T>) -> Option<(Order, c_int)> {
    let (rows, columns) = a.dim();
    let [row, column] = [a.strides()[0], a.strides()[1]];
    let leading = |lines: usize, len: usize, line: isize, step: isize| {
        let len = len.cast_signed();
        let line = if lines <= 1 { len } else { line };
        let fits = (len <= 1 || step == 1) && line >= len;
        c_int::try_from(line.max(1)).ok().filter(|_| fits)
    };
    leading(rows, columns, row, column)
        .map(|leading| (Order::C, leading))
        .or_else(|| Some((Order::Fortran, leading(columns, rows, column, row)?)))
}

/// Whether BLAS can write the matrix, row after row.
pub(crate) fn lies_in_rows<T>(a: &ArrayView2<'_, T>) -> bool {
    matches!(lies(a), Some((Order::C, _)))
}

/// The step from one element to the next, for BLAS. `None` if the vector has
/// to be copied first.
pub(crate) fn steps<T>(x: &ArrayView1<'_, T>) -> Option<c_int> {
    if x.len() <= 1 {
        return Some(1);
    }
    let step = c_int::try_from(x.strides()[0]);
    step.ok().filter(|&step| step != 0)
}

/// The offset from the first element to the lowest, which BLAS expects whatever the sign
/// of the step.
fn lowest(len: usize, step: isize) -> isize {
    if step < 0 && len > 1 {
        step * (len.cast_signed() - 1)
    } else {
        0
    }
}

fn start<T>(x: &ArrayView1<'_, T>) -> *const T {
    x.as_ptr().wrapping_offset(lowest(x.len(), x.strides()[0]))
}

const COPIED: &str = "copied where BLAS cannot read it";

/// `gemm`: `out = a b`, or `out += a b` with `add`.
///
/// # Panics
/// If the shapes do not fit, [`lies`] is `None` for one of the matrices, or `out` is not in
/// C order.
pub(crate) fn gemm<T: Lapack>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    add: bool,
    mut out: ArrayViewMut2<'_, T>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert_eq!((b.nrows(), out.dim()), (k, (m, n)));
    let (a_order, a_leading) = lies(&a).expect(COPIED);
    let (b_order, b_leading) = lies(&b).expect(COPIED);
    assert!(lies_in_rows(&out.view()));
    let (_, out_leading) = lies(&out.view()).expect(COPIED);
    let beta = if add { T::one() } else { T::zero() };
    // Fortran sees a matrix in C order as its transpose, and `out^T = b^T a^T`.
    // SAFETY: the views have these shapes, and `lies` found them in that order with these
    // leading dimensions.
    unsafe {
        (T::ROUTINES.gemm)(
            &trans(b_order == Order::Fortran),
            &trans(a_order == Order::Fortran),
            &int(n),
            &int(m),
            &int(k),
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
/// If the shapes do not fit, or [`lies`] or [`steps`] is `None`.
pub(crate) fn gemv<T: Lapack>(
    a: ArrayView2<'_, T>,
    x: ArrayView1<'_, T>,
    mut out: ArrayViewMut1<'_, T>,
) {
    assert_eq!((out.len(), x.len()), a.dim());
    let (order, leading) = lies(&a).expect(COPIED);
    let x_step = steps(&x).expect(COPIED);
    let out_step = steps(&out.view()).expect(COPIED);
    // A beta of zero would leave a NaN unchanged.
    out.fill(T::zero());
    let (m, n) = a.dim();
    // The shape that Fortran sees.
    let (rows, columns) = if order == Order::C { (n, m) } else { (m, n) };
    let back = lowest(out.len(), out.strides()[0]);
    let y = out.as_mut_ptr().wrapping_offset(back);
    // SAFETY: as in `gemm`; the vectors are as long as the matrix requires, at these steps
    // from their lowest elements.
    unsafe {
        (T::ROUTINES.gemv)(
            &trans(order == Order::C),
            &int(rows),
            &int(columns),
            &T::one(),
            a.as_ptr(),
            &leading,
            start(&x),
            &x_step,
            &T::one(),
            y,
            &out_step,
        );
    }
}

/// `dot`: `sum x_i y_i`, or `sum conj(x_i) y_i` with `conjugate`.
///
/// # Panics
/// If the lengths differ, or [`steps`] is `None`.
pub(crate) fn dot<T: Lapack>(x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, conjugate: bool) -> T {
    assert_eq!(x.len(), y.len());
    let n = int(x.len());
    let (x_step, y_step) = (steps(&x).expect(COPIED), steps(&y).expect(COPIED));
    let (x, y) = (start(&x), start(&y));
    match T::KIND {
        // SAFETY: both vectors have `n` elements at these steps from their lowest ones.
        Kind::Real(real) => unsafe { (real.dot)(n, x, x_step, y, y_step) },
        Kind::Complex(complex) => {
            let mut sum = T::zero();
            let dot = if conjugate {
                complex.dotc
            } else {
                complex.dotu
            };
            // SAFETY: as for real numbers.
            unsafe { dot(n, x, x_step, y, y_step, &mut sum) };
            sum
        }
    }
}

/// LAPACK's letter for a matrix or its transpose.
const fn trans(transpose: bool) -> c_char {
    letter(if transpose { b'T' } else { b'N' })
}
