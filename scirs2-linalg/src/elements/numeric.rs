//! The element types of products.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};
use scirs2_core::pool::Workers;
use scirs2_core::{Bool, Complex32, Complex64};

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{from_c, to_c};
use crate::base::memory::{try_reserve, try_resize};
use crate::elements::exact_f64::{F64Scratch, gemm_via_f64};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::arithmetic::Arithmetic;
use crate::kernels::gemm_int::PackedPanels;
use crate::lapack::{blas, init_single_threaded};

/// An element that matrices are multiplied in.
pub trait Numeric: Arithmetic {
    /// Whether BLAS multiplies such matrices, on threads of its own where they
    /// are large.
    #[doc(hidden)]
    const USES_BLAS: bool;

    /// Memory that one thread reuses for many products.
    #[doc(hidden)]
    type GemmScratch: Send;

    /// An empty [`GemmScratch`](Self::GemmScratch).
    #[doc(hidden)]
    fn gemm_scratch() -> Self::GemmScratch;

    /// `out = a b`, or `out += a b` with `accumulate`; the shapes fit, and BLAS can count them.
    #[doc(hidden)]
    fn gemm(
        scratch: &mut Self::GemmScratch,
        a: ArrayView2<'_, Self>,
        b: ArrayView2<'_, Self>,
        accumulate: bool,
        out: ArrayViewMut2<'_, Self>,
    ) -> Result<(), Reason>;

    /// `sum x_i y_i`, or of the conjugates of `x_i`; the lengths are equal, and BLAS can
    /// count them.
    #[doc(hidden)]
    fn dot(
        x: ArrayView1<'_, Self>,
        y: ArrayView1<'_, Self>,
        conjugate: bool,
    ) -> Result<Self, Reason>;
}

/// Multiplications above which BLAS is faster, although the numbers are converted twice.
const MIN_MULTIPLICATIONS_FOR_F64: f64 = 64.0 * 64.0 * 64.0;

macro_rules! integers {
    ($($type:ty => $lane:ty, $floats:path;)+) => {$(
        impl Numeric for $type {
            const USES_BLAS: bool = false;
            type GemmScratch = IntegerGemmScratch<$lane>;

            fn gemm_scratch() -> Self::GemmScratch {
                init_single_threaded();
                IntegerGemmScratch { panels: PackedPanels::new(), floats: F64Scratch::new() }
            }

            fn gemm(
                scratch: &mut Self::GemmScratch,
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                accumulate: bool,
                mut out: ArrayViewMut2<'_, Self>,
            ) -> Result<(), Reason> {
                if !accumulate {
                    out.fill(Self::ZERO);
                }
                let large = a.len() as f64 * b.ncols() as f64 >= MIN_MULTIPLICATIONS_FOR_F64;
                if !(large && $floats(&mut scratch.floats, a, b, out.view_mut())?) {
                    scratch.panels.gemm(a, b, out)?;
                }
                Ok(())
            }

            fn dot(
                x: ArrayView1<'_, Self>,
                y: ArrayView1<'_, Self>,
                _: bool,
            ) -> Result<Self, Reason> {
                let sum = |sum: Self, (&x, &y): (&Self, &Self)| sum.wrapping_add(x.wrapping_mul(y));
                Ok(match (x.as_slice(), y.as_slice()) {
                    (Some(x), Some(y)) => x.iter().zip(y).fold(Self::ZERO, sum),
                    _ => x.iter().zip(&y).fold(Self::ZERO, sum),
                })
            }
        }
    )+};
}

integers! {
    i8 => u16, no_f64_gemm;
    u8 => u16, no_f64_gemm;
    i16 => u16, no_f64_gemm;
    u16 => u16, no_f64_gemm;
    i32 => u32, gemm_via_f64;
    u32 => u32, gemm_via_f64;
    i64 => u64, gemm_via_f64;
    u64 => u64, gemm_via_f64;
    Bool => u8, no_f64_gemm;
}

/// Scratch memory for both algorithms for integer products.
pub struct IntegerGemmScratch<L> {
    panels: PackedPanels<L>,
    floats: F64Scratch,
}

/// For types for which our own loops are as fast as BLAS.
fn no_f64_gemm<T>(
    _: &mut F64Scratch,
    _: ArrayView2<'_, T>,
    _: ArrayView2<'_, T>,
    _: ArrayViewMut2<'_, T>,
) -> Result<bool, Reason> {
    Ok(false)
}

/// Copies of matrices that BLAS cannot read or write in place.
pub struct BlasCopies<T> {
    a: Vec<T>,
    b: Vec<T>,
    out: Vec<T>,
}

macro_rules! scalars {
    ($($type:ty)+) => {$(
        impl Numeric for $type {
            const USES_BLAS: bool = true;
            type GemmScratch = BlasCopies<Self>;

            fn gemm_scratch() -> Self::GemmScratch {
                init_single_threaded();
                BlasCopies { a: Vec::new(), b: Vec::new(), out: Vec::new() }
            }

            fn gemm(
                scratch: &mut Self::GemmScratch,
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                accumulate: bool,
                out: ArrayViewMut2<'_, Self>,
            ) -> Result<(), Reason> {
                scratch.gemm(a, b, accumulate, out)
            }

            fn dot(
                x: ArrayView1<'_, Self>,
                y: ArrayView1<'_, Self>,
                conjugate: bool,
            ) -> Result<Self, Reason> {
                init_single_threaded();
                dot(x, y, conjugate)
            }
        }
    )+};
}

scalars! { f32 f64 Complex32 Complex64 }

impl<T: LinalgScalar> BlasCopies<T> {
    /// `out = a b`, or `out += a b` with `accumulate`.
    fn gemm(
        &mut self,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        accumulate: bool,
        mut out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        if out.is_empty() {
            return Ok(());
        }
        if a.ncols() == 0 {
            if !accumulate {
                out.fill(T::zero());
            }
            return Ok(());
        }
        let a = blas_matrix(a, &mut self.a)?;
        let b = blas_matrix(b, &mut self.b)?;
        if out.ncols() == 1 {
            return gemv_column(a, b.column(0), accumulate, out.column_mut(0), &mut self.out);
        }
        if out.nrows() == 1 {
            let (b, a) = (b.reversed_axes(), a.row(0));
            return gemv_column(b, a, accumulate, out.row_mut(0), &mut self.out);
        }
        // Columns of the product are rows of its transpose.
        let (a, b, mut out) = if out.strides()[0] == 1 && out.strides()[1] != 1 {
            (b.reversed_axes(), a.reversed_axes(), out.reversed_axes())
        } else {
            (a, b, out)
        };
        if blas::is_row_major(&out.view()) {
            blas::gemm(a, b, accumulate, out);
            return Ok(());
        }
        try_resize(&mut self.out, out.len(), T::zero())?;
        if accumulate {
            to_c(out.view(), &mut self.out);
        }
        let copy = ArrayViewMut2::from_shape(out.dim(), &mut self.out[..out.len()]);
        blas::gemm(a, b, accumulate, copy.expect("as many as the shape has"));
        from_c(&self.out, out.view_mut());
        Ok(())
    }
}

/// The product of a matrix and a vector, both readable by BLAS except for the
/// vector's steps.
fn gemv_column<T: LinalgScalar>(
    a: ArrayView2<'_, T>,
    x: ArrayView1<'_, T>,
    accumulate: bool,
    mut out: ArrayViewMut1<'_, T>,
    scratch: &mut Vec<T>,
) -> Result<(), Reason> {
    if a.nrows() == 1 {
        let product = dot(a.row(0), x, false)?;
        out[0] = if accumulate {
            out[0] + product
        } else {
            product
        };
        return Ok(());
    }
    if !accumulate && blas::increment(&out.view()).is_some() {
        blas::gemv(a, x, out);
        return Ok(());
    }
    try_resize(scratch, out.len(), T::zero())?;
    let product = &mut scratch[..out.len()];
    blas::gemv(a, x, ArrayViewMut1::from(&mut *product));
    for (out, &product) in out.iter_mut().zip(&*product) {
        *out = if accumulate { *out + product } else { product };
    }
    Ok(())
}

/// The matrix if BLAS can read it, else a copy.
fn blas_matrix<'a, T: LinalgScalar>(
    a: ArrayView2<'a, T>,
    scratch: &'a mut Vec<T>,
) -> Result<ArrayView2<'a, T>, Reason> {
    if blas::storage_order(&a).is_some() {
        return Ok(a);
    }
    try_resize(scratch, a.len(), T::zero())?;
    let shape = a.dim();
    let copy = ArrayView2::from_shape(shape, to_c(a, scratch));
    Ok(copy.expect("as many as the shape has"))
}

fn dot<T: LinalgScalar>(
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    conjugate: bool,
) -> Result<T, Reason> {
    let (mut own_x, mut own_y) = (Vec::new(), Vec::new());
    let (x, y) = (blas_vector(x, &mut own_x)?, blas_vector(y, &mut own_y)?);
    Ok(blas::dot(x, y, conjugate))
}

/// The vector if BLAS can read it, else a copy.
fn blas_vector<'a, T: LinalgScalar>(
    x: ArrayView1<'a, T>,
    scratch: &'a mut Vec<T>,
) -> Result<ArrayView1<'a, T>, Reason> {
    if blas::increment(&x).is_some() {
        return Ok(x);
    }
    try_reserve(scratch, x.len())?;
    scratch.extend(x.iter());
    Ok(ArrayView1::from(&scratch[..]))
}

/// The sum of a vector, pairwise except for runs of 128.
pub(crate) fn sum<T: Numeric>(x: ArrayView1<'_, T>) -> T {
    const RUN: usize = 128;
    if x.len() <= RUN {
        return x.iter().fold(T::ZERO, |sum, &x| sum.wrapping_add(x));
    }
    let (left, right) = x.split_at(Axis(0), x.len() / 2);
    sum(left).wrapping_add(sum(right))
}

/// [`sum`], bit for bit, of a vector whose parts the workers share.
pub(crate) fn par_sum<T: Numeric>(x: ArrayView1<'_, T>, workers: &Workers<'_>) -> Result<T, Error> {
    /// Elements of one part, and parts at a time.
    const PART: usize = 1 << 16;
    const ROUND: usize = 1 << 12;
    if x.len() > ROUND * PART {
        let (left, right) = x.split_at(Axis(0), x.len() / 2);
        return Ok(par_sum(left, workers)?.wrapping_add(par_sum(right, workers)?));
    }
    let mut parts = Vec::new();
    split_in_halves(x, PART, &mut parts);
    let mut sums = vec![T::ZERO; parts.len()];
    workers.for_each(parts.into_iter().zip(&mut sums), |(part, sum_of)| {
        *sum_of = sum(part);
        Ok::<_, Error>(())
    })?;
    Ok(combine(x.len(), PART, &mut sums.into_iter()))
}

/// The vector halved recursively, into parts of up to `most` elements.
fn split_in_halves<'a, T>(x: ArrayView1<'a, T>, most: usize, parts: &mut Vec<ArrayView1<'a, T>>) {
    if x.len() <= most {
        parts.push(x);
        return;
    }
    let middle = x.len() / 2;
    let (left, right) = x.split_at(Axis(0), middle);
    split_in_halves(left, most, parts);
    split_in_halves(right, most, parts);
}

/// The sum of the sums of [`split_in_halves`].
fn combine<T: Numeric>(len: usize, most: usize, sums: &mut impl Iterator<Item = T>) -> T {
    if len <= most {
        return sums.next().expect("one for each half");
    }
    let left = combine(len / 2, most, sums);
    left.wrapping_add(combine(len - len / 2, most, sums))
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    #[test]
    fn a_shared_sum_has_the_same_bits() {
        for len in [0, 1, 1000, 1 << 16, 200_001] {
            let x = Array1::from_shape_fn(len, |i| (i as f32).sin());
            let shared = par_sum(x.view(), &Workers::current()).unwrap();
            assert_eq!(shared.to_bits(), sum(x.view()).to_bits());
        }
    }
}
