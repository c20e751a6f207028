//! Products of integers by way of `f64`, if none of the sums can exceed the
//! integers that it holds exactly.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::base::error::Reason;
use crate::base::memory::{try_reserve, try_resize};
use crate::lapack::blas;

/// An integer whose products are computed exactly in `f64`.
pub(crate) trait ExactInF64: Copy {
    fn magnitude(self) -> u64;

    fn to_f64(self) -> f64;

    /// The sum with a whole number between `-2^53` and `2^53`, modulo what the type wraps
    /// at.
    fn wrapping_add_f64(self, value: f64) -> Self;
}

/// What is converted at once, in elements along each axis.
const ROWS: usize = 256;
const INNER: usize = 512;
const COLUMNS: usize = 1024;

macro_rules! exact_in_f64 {
    ($($type:ty: |$x:ident| $magnitude:expr;)+) => {$(
        impl ExactInF64 for $type {
            #[inline(always)]
            fn magnitude(self) -> u64 {
                let $x = self;
                $magnitude.into()
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn wrapping_add_f64(self, value: f64) -> Self {
                self.wrapping_add(value as i64 as Self)
            }
        }
    )+};
}

exact_in_f64! {
    i32: |x| x.unsigned_abs();
    u32: |x| x;
    i64: |x| x.unsigned_abs();
    u64: |x| x;
}

/// `out += a b`, if every sum of products is an integer that `f64` holds exactly;
/// otherwise does nothing and returns false.
pub(crate) fn gemm_via_f64<T: ExactInF64>(
    scratch: &mut F64Scratch,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    out: ArrayViewMut2<'_, T>,
) -> Result<bool, Reason> {
    const MAX_EXACT: u128 = 1 << 53;
    let product = u128::from(max_magnitude(a)) * u128::from(max_magnitude(b));
    let sum = product.checked_mul(a.ncols() as u128);
    let exact = sum.is_some_and(|sum| sum <= MAX_EXACT);
    if exact {
        scratch.gemm(a, b, out)?;
    }
    Ok(exact)
}

fn max_magnitude<T: ExactInF64>(a: ArrayView2<'_, T>) -> u64 {
    let max_magnitude = |x: u64, y: &T| x.max(y.magnitude());
    match a.as_slice_memory_order() {
        Some(elements) => elements.iter().fold(0, max_magnitude),
        None => a.iter().fold(0, max_magnitude),
    }
}

/// Converted blocks, in memory that is reused.
pub(crate) struct F64Scratch {
    a: Vec<f64>,
    b: Vec<f64>,
    sums: Vec<f64>,
}

impl F64Scratch {
    pub(crate) const fn new() -> Self {
        F64Scratch {
            a: Vec::new(),
            b: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// `out += a b`, of which every sum is exact.
    fn gemm<T: ExactInF64>(
        &mut self,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        mut out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        for (b, mut out) in std::iter::zip(
            b.axis_chunks_iter(Axis(1), COLUMNS),
            out.axis_chunks_iter_mut(Axis(1), COLUMNS),
        ) {
            for (a, mut out) in std::iter::zip(
                a.axis_chunks_iter(Axis(0), ROWS),
                out.axis_chunks_iter_mut(Axis(0), ROWS),
            ) {
                self.sums.clear();
                try_resize(&mut self.sums, out.len(), 0.0)?;
                let sums = ArrayViewMut2::from_shape(out.dim(), &mut self.sums);
                let mut sums = sums.expect("as many as the shape has");
                for (a, b) in std::iter::zip(
                    a.axis_chunks_iter(Axis(1), INNER),
                    b.axis_chunks_iter(Axis(0), INNER),
                ) {
                    let (a, b) = (
                        to_f64_matrix(a, &mut self.a)?,
                        to_f64_matrix(b, &mut self.b)?,
                    );
                    blas::gemm(a, b, true, sums.view_mut());
                }
                out.zip_mut_with(&sums, |out, &sum| *out = out.wrapping_add_f64(sum));
            }
        }
        Ok(())
    }
}

/// The matrix as floats, in row-major or column-major order, whichever it is
/// stored in.
fn to_f64_matrix<'a, T: ExactInF64>(
    a: ArrayView2<'_, T>,
    buffer: &'a mut Vec<f64>,
) -> Result<ArrayView2<'a, f64>, Reason> {
    let columns = a.strides()[0].unsigned_abs() < a.strides()[1].unsigned_abs();
    let lines = if columns { a.reversed_axes() } else { a };
    buffer.clear();
    try_reserve(buffer, lines.len())?;
    for line in lines.rows() {
        match line.as_slice() {
            Some(line) => buffer.extend(line.iter().map(|x| x.to_f64())),
            None => buffer.extend(line.iter().map(|x| x.to_f64())),
        }
    }
    let floats = ArrayView2::from_shape(lines.dim(), &buffer[..]);
    let floats = floats.expect("as many as the shape has");
    Ok(if columns {
        floats.reversed_axes()
    } else {
        floats
    })
}
