//! Products of matrices.

use std::iter;
use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, Data, Dimension,
};
use scirs2_core::pool::Workers;

use crate::batch::{Batch, Outputs as _, Stack, StackMut, THREADED, broadcast};
use crate::kernels::products::{has_products, products};
use crate::lapack::check_size;
use crate::layout::filled_array;
use crate::shape;
use crate::{Error, Numeric};

/// Products of matrices.
///
/// `c[i, j] = sum_k a[i, k] b[k, j]` for each pair of matrices of the last two
/// axes; the axes before them broadcast. An array of one axis is a row on the
/// left and a column on the right, and that axis is missing from the result.
///
/// Integers are exact but for wrapping around at the ends of their range; of
/// booleans it is whether any pair is true.
///
/// # Errors
/// [`Error::TooFewAxes`] for a number, [`Error::Mismatch`] for matrices that do
/// not fit, and [`Error::Broadcast`] for batches that do not.
///
/// # Accuracy
/// `|c - ab| <= gamma_k |a| |b|`, element by element, where `gamma_k` is
/// `k eps / (1 - k eps)` (BLAS `gemm`, `gemv` and `dot`, and loops of our own for
/// matrices of up to 64 elements), twice that for complex numbers.
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2], [3, 4]];
/// let c = scirs2_linalg::matmul(&a, &array![10, 1])?;
/// assert_eq!(c, array![12, 34].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matmul<S, D, S2, D2>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<S2, D2>,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    S2: Data<Elem = S::Elem>,
    D: Dimension,
    D2: Dimension,
{
    let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
    let mut out = filled_array(&matmul_shape(a.shape(), b.shape())?, S::Elem::ZERO)?;
    matmul_into(a, b, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`matmul_into`] writes.
///
/// # Errors
/// As [`matmul`], as far as the shapes tell.
///
/// ```
/// let shape = scirs2_linalg::matmul_shape(&[5, 1, 2, 3], &[4, 3, 7])?;
/// assert_eq!(shape, [5, 4, 2, 7]);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matmul_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    for (argument, shape) in [(1, a), (2, b)] {
        if shape.is_empty() {
            return Err(Error::TooFewAxes {
                argument,
                shape: Vec::new(),
                least: 1,
            });
        }
    }
    let (batch_a, [rows, inner]) = match a {
        [inner] => (&[][..], [None, Some(*inner)]),
        [batch @ .., rows, inner] => (batch, [Some(*rows), Some(*inner)]),
        [] => unreachable!("just refused"),
    };
    let (batch_b, [inner_b, columns]) = match b {
        [inner] => (&[][..], [Some(*inner), None]),
        [batch @ .., inner, columns] => (batch, [Some(*inner), Some(*columns)]),
        [] => unreachable!("just refused"),
    };
    if inner != inner_b {
        return Err(Error::Mismatch {
            first: a.to_vec(),
            second: b.to_vec(),
            must: "the last dimension of the first must equal the last but one of the second \
                   (its only one, if it has one)",
        });
    }
    let mut shape = broadcast(&[batch_a, batch_b])?;
    shape.reserve_exact(2);
    shape.extend(rows);
    shape.extend(columns);
    Ok(shape)
}

/// [`matmul`] into memory of the caller's, of any strides.
///
/// # Errors
/// As [`matmul`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] where the workers were stopped.
pub fn matmul_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::output(&matmul_shape(a.shape(), b.shape())?, &out)?;
    let (mut a, mut b, mut out) = (a, b, out);
    if b.ndim() == 1 {
        b = b.insert_axis(Axis(1));
        let last = Axis(out.ndim());
        out = out.insert_axis(last);
    }
    if a.ndim() == 1 {
        a = a.insert_axis(Axis(0));
        let last_but_one = Axis(out.ndim() - 1);
        out = out.insert_axis(last_but_one);
    }
    let (rows, inner) = (a.shape()[a.ndim() - 2], a.shape()[a.ndim() - 1]);
    let columns = b.shape()[b.ndim() - 1];
    // One matrix on the right for all on the left: their rows are one matrix.
    if b.ndim() == 2 && a.ndim() > 2 && a.is_standard_layout() && out.is_standard_layout() {
        let rows = out.len().checked_div(columns).unwrap_or(0);
        let merged = (
            a.view().into_shape_with_order((rows, inner)),
            out.view_mut().into_shape_with_order((rows, columns)),
        );
        if let ((Ok(a), Ok(out)), Ok(_)) = (merged, check_size(rows, columns)) {
            return matmul_into(a.into_dyn(), b, out.into_dyn(), workers);
        }
    }
    if T::LIBRARY {
        check_size(rows, columns)?;
        check_size(inner, 1)?;
    }
    let flops = 2.0 * rows as f64 * inner as f64 * columns as f64;
    let count = out.ndim() - 2;
    let shape = out.shape()[..count].to_vec();
    let (a, b) = (Stack::new(&a, &shape), Stack::new(&b, &shape));
    let batch = Batch {
        shape: &shape,
        flops,
        workers,
    };
    let sides = [rows, inner, columns];
    if has_products::<T>(sides) {
        let together = |[gaps_a, gaps_b, gaps]: &mut [Vec<T>; 3],
                        numbers: Range<usize>,
                        out: &mut StackMut<'_, T>| {
            let (a, b) = (
                a.elements(numbers.clone(), gaps_a),
                b.elements(numbers, gaps_b),
            );
            out.written(T::ZERO, gaps, |out| products(sides, a, b, out));
            Vec::new()
        };
        let (out, none) = (StackMut::new(out), |_: &mut (), _, _| Ok(()));
        return batch.each_left(out, || Ok(()), Some(together), none);
    }
    let by_library = T::LIBRARY && flops >= THREADED;
    if batch.count() < workers.threads() && flops >= SHARED && !by_library {
        let mut out = StackMut::new(out);
        for number in 0..batch.count() {
            by_bands(a.get(number), b.get(number), out.next(), workers)?;
        }
        return Ok(());
    }
    batch.each(
        StackMut::new(out),
        || Ok(T::space()),
        |space, number, out| {
            T::product(space, a.get(number), b.get(number), out);
            Ok(())
        },
    )
}

/// Operations from which on one product is shared by the workers, up to those that are
/// worth threads of the library's.
const SHARED: f64 = 1.5e6;

/// One product, whose workers take bands of its longer side.
fn by_bands<T: Numeric>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    out: ArrayViewMut2<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    // Columns of the product are rows of its transpose.
    let (a, b, mut out) = if out.ncols() > out.nrows() {
        (b.reversed_axes(), a.reversed_axes(), out.reversed_axes())
    } else {
        (a, b, out)
    };
    if out.is_empty() {
        return Ok(());
    }
    // Every band reads it: better one copy than each its own.
    let lies = b.strides().contains(&1);
    let copy = (!lies).then(|| b.to_owned());
    let b = copy.as_ref().map_or(b, |copy| copy.view());
    let rows = band(out.nrows(), 2.0 * a.ncols() as f64 * out.ncols() as f64);
    let bands = iter::zip(
        a.axis_chunks_iter(Axis(0), rows),
        out.axis_chunks_iter_mut(Axis(0), rows),
    );
    workers.each(bands, |(a, out)| {
        T::product(&mut T::space(), a, b, out);
        Ok(())
    })
}

/// The rows of one band, of which each takes so many operations. There are one, two,
/// four or eight bands, so that two or four threads have as many each, and more only
/// where the bands are so high that to pack the other matrix for each does not count.
fn band(rows: usize, flops: f64) -> usize {
    /// Rows and operations that a band has at least.
    const LEAST: usize = 48;
    const WORTH: f64 = 5e5;
    /// Rows that it has at most, and of which number they are a multiple.
    const MOST: usize = 512;
    const STEP: usize = 8;
    let bands = 1 << (rows / LEAST).clamp(1, 8).ilog2();
    let rows = rows.div_ceil(bands).next_multiple_of(STEP).min(MOST);
    rows.max((WORTH / flops) as usize)
}
