//! Products of vectors and matrices, in row-major order.
//!
//! BLAS takes a matrix with gaps between its rows or its columns, so these
//! functions take views, and look at the strides themselves.

use std::ffi::c_int;

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, CblasNoTrans, CblasRowMajor, CblasTrans};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};
use num_traits::Zero;
use scirs2_core::{Complex32, Complex64, Scalar};

use super::int;

/// The routines of this family, for one element type.
pub trait Blas: Scalar {
    /// `gemm`: `out = a b`, or `out += a b` with `add`.
    ///
    /// # Panics
    /// Where the shapes do not fit, or `lies` has no answer for one of the
    /// matrices, or `out` does not lie in rows.
    #[doc(hidden)]
    fn gemm(
        a: ArrayView2<'_, Self>,
        b: ArrayView2<'_, Self>,
        add: bool,
        out: ArrayViewMut2<'_, Self>,
    );

    /// `gemv`: `out = a x`.
    ///
    /// # Panics
    /// Where the shapes do not fit, or `lies` or `steps` has no answer.
    #[doc(hidden)]
    fn gemv(a: ArrayView2<'_, Self>, x: ArrayView1<'_, Self>, out: ArrayViewMut1<'_, Self>);

    /// `dot`: `sum x_i y_i`, or `sum conj(x_i) y_i` with `conjugate`.
    ///
    /// # Panics
    /// Where the lengths differ, or `steps` has no answer.
    #[doc(hidden)]
    fn dot(x: ArrayView1<'_, Self>, y: ArrayView1<'_, Self>, conjugate: bool) -> Self;
}

/// How a matrix lies, for BLAS: which way, and its leading dimension. `None`
/// where it has to be copied first.
pub(crate) fn lies<T>(a: &ArrayView2<'_, T>) -> Option<(CBLAS_TRANSPOSE, c_int)> {
    let (rows, columns) = a.dim();
    let [row, column] = [a.strides()[0], a.strides()[1]];
    let leading = |lines: usize, len: usize, line: isize, step: isize| {
        let len = len.cast_signed();
        let line = if lines <= 1 { len } else { line };
        let fits = (len <= 1 || step == 1) && line >= len;
        c_int::try_from(line.max(1)).ok().filter(|_| fits)
    };
    leading(rows, columns, row, column)
        .map(|leading| (CblasNoTrans, leading))
        .or_else(|| Some((CblasTrans, leading(columns, rows, column, row)?)))
}

/// Whether BLAS can write the matrix, row after row.
pub(crate) fn lies_in_rows<T>(a: &ArrayView2<'_, T>) -> bool {
    matches!(lies(a), Some((CblasNoTrans, _)))
}

/// The step from one element to the next, for BLAS. `None` where the vector has
/// to be copied first.
pub(crate) fn steps<T>(x: &ArrayView1<'_, T>) -> Option<c_int> {
    if x.len() <= 1 {
        return Some(1);
    }
    let step = c_int::try_from(x.strides()[0]);
    step.ok().filter(|&step| step != 0)
}

/// From the first element to the lowest, which BLAS asks for whichever way the
/// steps lead.
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

const ROWS: CBLAS_LAYOUT = CblasRowMajor;
const COPIED: &str = "copied where BLAS cannot read it";

macro_rules! blas {
    ($(
        $type:ty: $gemm:ident $gemv:ident |$factor:ident| $by:expr;
        |$n:ident, $x:ident, $x_step:ident, $y:ident, $y_step:ident, $conjugate:ident| $dot:expr;
    )+) => {$(
        impl Blas for $type {
            fn gemm(
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                add: bool,
                mut out: ArrayViewMut2<'_, Self>,
            ) {
                let ((m, k), n) = (a.dim(), b.ncols());
                assert_eq!((b.nrows(), out.dim()), (k, (m, n)));
                let (a_lies, a_leading) = lies(&a).expect(COPIED);
                let (b_lies, b_leading) = lies(&b).expect(COPIED);
                assert!(lies_in_rows(&out.view()));
                let (_, out_leading) = lies(&out.view()).expect(COPIED);
                let (m, n, k) = (int(m), int(n), int(k));
                let one: Self = 1.0.into();
                let beta = if add { one } else { Self::zero() };
                let by = |$factor: &Self| $by;
                // SAFETY: the views are of these shapes, and `lies` found them
                // to be in rows or in columns with these leading dimensions; a
                // complex number is laid out as two reals.
                unsafe {
                    cblas_sys::$gemm(
                        ROWS, a_lies, b_lies, m, n, k, by(&one), a.as_ptr().cast(), a_leading,
                        b.as_ptr().cast(), b_leading, by(&beta), out.as_mut_ptr().cast(),
                        out_leading,
                    );
                }
            }

            fn gemv(
                a: ArrayView2<'_, Self>,
                x: ArrayView1<'_, Self>,
                mut out: ArrayViewMut1<'_, Self>,
            ) {
                assert_eq!((out.len(), x.len()), a.dim());
                let (a_lies, leading) = lies(&a).expect(COPIED);
                let x_step = steps(&x).expect(COPIED);
                let out_step = steps(&out.view()).expect(COPIED);
                // Not by a beta of zero, which leaves a NaN as it is.
                out.fill(Self::zero());
                // Its sides as they lie in memory.
                let (m, n) = a.dim();
                let (lines, len) = if matches!(a_lies, CblasNoTrans) { (m, n) } else { (n, m) };
                let (lines, len) = (int(lines), int(len));
                let one: Self = 1.0.into();
                let by = |$factor: &Self| $by;
                let back = lowest(out.len(), out.strides()[0]);
                let y = out.as_mut_ptr().wrapping_offset(back);
                // SAFETY: as for gemm; the vectors are as long as the matrix
                // asks, at these steps from their lowest elements.
                unsafe {
                    cblas_sys::$gemv(
                        ROWS, a_lies, lines, len, by(&one), a.as_ptr().cast(), leading,
                        start(&x).cast(), x_step, by(&one), y.cast(), out_step,
                    );
                }
            }

            fn dot(x: ArrayView1<'_, Self>, y: ArrayView1<'_, Self>, $conjugate: bool) -> Self {
                assert_eq!(x.len(), y.len());
                let $n = int(x.len());
                let ($x_step, $y_step) = (steps(&x).expect(COPIED), steps(&y).expect(COPIED));
                let ($x, $y) = (start(&x).cast(), start(&y).cast());
                $dot
            }
        }
    )+};
}

macro_rules! real_dot {
    ($dot:ident, $n:ident, $x:ident, $x_step:ident, $y:ident, $y_step:ident) => {
        // SAFETY: both have `n` elements at these steps from their lowest ones.
        unsafe { cblas_sys::$dot($n, $x, $x_step, $y, $y_step) }
    };
}

macro_rules! complex_dot {
    ($dotc:ident $dotu:ident, $n:ident, $x:ident, $x_step:ident, $y:ident, $y_step:ident,
     $conjugate:ident) => {{
        let mut sum = Self::zero();
        let dot = if $conjugate {
            cblas_sys::$dotc
        } else {
            cblas_sys::$dotu
        };
        // SAFETY: as for real numbers; a complex number is laid out as two reals.
        unsafe { dot($n, $x, $x_step, $y, $y_step, (&raw mut sum).cast()) };
        sum
    }};
}

blas! {
    f32: cblas_sgemm cblas_sgemv |factor| *factor;
    |n, x, x_step, y, y_step, _real| real_dot!(cblas_sdot, n, x, x_step, y, y_step);
    f64: cblas_dgemm cblas_dgemv |factor| *factor;
    |n, x, x_step, y, y_step, _real| real_dot!(cblas_ddot, n, x, x_step, y, y_step);
    Complex32: cblas_cgemm cblas_cgemv |factor| std::ptr::from_ref(factor).cast();
    |n, x, x_step, y, y_step, conjugate| complex_dot!(
        cblas_cdotc_sub cblas_cdotu_sub, n, x, x_step, y, y_step, conjugate
    );
    Complex64: cblas_zgemm cblas_zgemv |factor| std::ptr::from_ref(factor).cast();
    |n, x, x_step, y, y_step, conjugate| complex_dot!(
        cblas_zdotc_sub cblas_zdotu_sub, n, x, x_step, y, y_step, conjugate
    );
}
