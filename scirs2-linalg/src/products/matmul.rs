//! Products of matrices.

use std::iter;
use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, Data, Dimension,
    Ix2,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::filled_array;
use crate::driver::batch::{Batch, BatchOutputs as _, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::chunks::{par_fill, to_c_order};
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::plan::{MIN_FLOPS_FOR_BLAS_THREADS, has_small_products};
use crate::driver::shape;
use crate::kernels::arithmetic::Arithmetic as _;
use crate::kernels::gemm_small::{GemmShape, small_gemm};
use crate::lapack::{BlasThreads, check_size};
use crate::{Error, Numeric};

/// Products of matrices.
///
/// `c[i, j] = sum_k a[i, k] b[k, j]` for each pair of matrices of the last two
/// axes; the axes before them broadcast. An array of one axis is a row on the
/// left and a column on the right, and that axis is missing from the result.
///
/// Integers are exact except for wrapping around at the ends of their range; for
/// booleans the result is whether any pair is true.
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
/// The errors of [`matmul`] that depend on the shapes.
///
/// ```
/// let shape = scirs2_linalg::matmul_shape(&[5, 1, 2, 3], &[4, 3, 7])?;
/// assert_eq!(shape, [5, 4, 2, 7]);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matmul_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    for (argument, shape) in [(1, a), (2, b)] {
        shape::split_shape::<1>(argument, shape)?;
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
            must: "the first must have as many columns as the second has rows",
        });
    }
    let mut shape = broadcast(&[batch_a, batch_b])?;
    shape.reserve_exact(2);
    shape.extend(rows);
    shape.extend(columns);
    Ok(shape)
}

/// [`matmul`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`matmul`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn matmul_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&matmul_shape(a.shape(), b.shape())?, &out)?;
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
    if inner == 0 {
        return par_fill(out, T::ZERO, workers);
    }
    if T::USES_BLAS {
        check_size(rows, columns)?;
        check_size(inner, 1)?;
    }
    let flops = 2.0 * rows as f64 * inner as f64 * columns as f64;
    let count = out.ndim() - 2;
    let shape = out.shape()[..count].to_vec();
    let (a, b) = (MatrixBatch::new(&a, &shape), MatrixBatch::new(&b, &shape));
    let batch = Batch {
        shape: &shape,
        flops,
        workers,
    };
    let dims = [rows, inner, columns];
    if has_small_products::<T>(dims) {
        let batched = |[pack_a, pack_b, pack_out]: &mut [Vec<T>; 3],
                       indices: Range<usize>,
                       out: &mut MatrixBatchMut<'_, T>| {
            let (a, b) = (
                a.contiguous(indices.clone(), pack_a),
                b.contiguous(indices, pack_b),
            );
            out.with_contiguous(T::ZERO, pack_out, |out| small_gemm(dims, a, b, out));
            Vec::new()
        };
        let (out, none) = (MatrixBatchMut::new(out), |_: &mut (), _, _| Ok(()));
        return batch.for_each_with_batched_kernel(out, || Ok(()), Some(batched), none);
    }
    let budget = if T::USES_BLAS {
        BLAS_BUDGET
    } else {
        OWN_LOOPS_BUDGET
    };
    let is_shared = batch.count() < workers.threads() && flops >= MIN_SHARED_FLOPS;
    if is_shared || !budget.fits(dims) {
        let mut out = MatrixBatchMut::new(out);
        for index in 0..batch.count() {
            let (a, b, out) = (a.get(index), b.get(index), out.next());
            if T::USES_BLAS && flops >= MIN_FLOPS_FOR_BLAS_THREADS {
                gemm_on_blas_threads(a, b, out, workers)?;
            } else {
                gemm_in_bands(a, b, out, workers)?;
            }
        }
        return Ok(());
    }
    batch.for_each(
        MatrixBatchMut::new(out),
        || Ok(T::gemm_scratch()),
        |scratch, index, out| T::gemm(scratch, a.get(index), b.get(index), false, out),
    )
}

/// [`matmul`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Matmul;

impl NumericOperation for Matmul {
    const NAME: &'static str = "matmul";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(matmul_shape(shapes[0], shapes[1])?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        matmul_into(a, b, out.into_view()?, work.workers)
    }
}

/// Floating-point operations above which one product is split among the workers.
const MIN_SHARED_FLOPS: f64 = 1.5e6;

/// The work between two checks for interruption.
struct InterruptBudget {
    operations: f64,
    /// The cost of copying an element of an operand, in operations.
    copy: f64,
}

/// For our own loops, and for BLAS, which is faster.
const OWN_LOOPS_BUDGET: InterruptBudget = InterruptBudget {
    operations: 2e8,
    copy: 16.0,
};
const BLAS_BUDGET: InterruptBudget = InterruptBudget {
    operations: 8e9,
    copy: 256.0,
};

impl InterruptBudget {
    /// Whether the whole product fits between two checks.
    fn fits(&self, [rows, inner, columns]: GemmShape) -> bool {
        let (rows, inner, columns) = (rows as f64, inner as f64, columns as f64);
        let copied = rows + columns;
        inner * (2.0 * rows * columns + self.copy * copied) <= self.operations
    }

    /// The dimensions of a part of the product that fits between two checks.
    fn part(&self, mut dims: GemmShape) -> GemmShape {
        /// The number of elements of which a side is a multiple where it is cut.
        const MULTIPLE: usize = 8;
        while !self.fits(dims) {
            let longest = dims.iter_mut().max().expect("three sides");
            if *longest <= MULTIPLE {
                break;
            }
            *longest = longest.div_ceil(2).next_multiple_of(MULTIPLE);
        }
        dims
    }
}

/// The dimensions of that product.
fn gemm_dims<T>(a: &ArrayView2<'_, T>, b: &ArrayView2<'_, T>) -> GemmShape {
    [a.nrows(), a.ncols(), b.ncols()]
}

/// One product on several BLAS threads, part after part.
fn gemm_on_blas_threads<T: Numeric>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    mut out: ArrayViewMut2<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [rows, inner, columns] = BLAS_BUDGET.part(gemm_dims(&a, &b));
    let mut scratch = T::gemm_scratch();
    let inner_parts = iter::zip(
        a.axis_chunks_iter(Axis(1), inner),
        b.axis_chunks_iter(Axis(0), inner),
    );
    for (index, (a, b)) in inner_parts.enumerate() {
        let bands = iter::zip(
            a.axis_chunks_iter(Axis(0), rows),
            out.axis_chunks_iter_mut(Axis(0), rows),
        );
        for (a, mut out) in bands {
            let strips = iter::zip(
                b.axis_chunks_iter(Axis(1), columns),
                out.axis_chunks_iter_mut(Axis(1), columns),
            );
            for (b, out) in strips {
                let done = workers.run_on_caller(|| {
                    let _threads = BlasThreads::acquire(workers.threads());
                    T::gemm(&mut scratch, a, b, index > 0, out)
                })?;
                done.map_err(|reason| reason.of(None))?;
            }
        }
    }
    Ok(())
}

/// One product, split along its longer side into bands, which the workers compute.
fn gemm_in_bands<T: Numeric>(
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
    // Every band reads it: one copy is better than one for each.
    let copy = if b.strides().contains(&1) || b.len() > MAX_SHARED_COPY {
        None
    } else {
        Some(to_c_order(b.into_dyn(), workers)?)
    };
    let copy = copy
        .as_ref()
        .map(|copy| copy.view().into_dimensionality::<Ix2>());
    let b = copy.map_or(b, |copy| copy.expect("a copy of a matrix"));
    let all_dims = gemm_dims(&a, &b);
    let high = band(all_dims[0], 2.0 * all_dims[1] as f64 * all_dims[2] as f64);
    let [rows, inner, columns] = OWN_LOOPS_BUDGET.part([high, all_dims[1], all_dims[2]]);
    let inner_parts = iter::zip(
        a.axis_chunks_iter(Axis(1), inner),
        b.axis_chunks_iter(Axis(0), inner),
    );
    for (index, (a, b)) in inner_parts.enumerate() {
        let strips = iter::zip(
            b.axis_chunks_iter(Axis(1), columns),
            out.axis_chunks_iter_mut(Axis(1), columns),
        );
        for (b, mut out) in strips {
            workers.check_interrupted()?;
            let bands = iter::zip(
                a.axis_chunks_iter(Axis(0), rows),
                out.axis_chunks_iter_mut(Axis(0), rows),
            );
            workers.for_each(bands, |(a, out)| {
                let done = T::gemm(&mut T::gemm_scratch(), a, b, index > 0, out);
                done.map_err(|reason| reason.of(None))
            })?;
        }
    }
    Ok(())
}

/// Elements of a matrix that is copied for all bands: of a larger one each band copies
/// what it reads.
const MAX_SHARED_COPY: usize = 1 << 20;

/// The rows of one band, where each row takes `flops` operations. There are one, two,
/// four or eight bands, so that two or four threads have equal shares, and more only
/// if the bands are so high that packing the other matrix for each is negligible.
fn band(rows: usize, flops: f64) -> usize {
    /// The minimum rows and operations of a band.
    const MIN_ROWS: usize = 48;
    const MIN_FLOPS: f64 = 5e5;
    /// The maximum rows of a band, and the number of which they are a multiple.
    const MAX_ROWS: usize = 512;
    const MULTIPLE: usize = 8;
    let bands = 1 << (rows / MIN_ROWS).clamp(1, 8).ilog2();
    let rows = rows
        .div_ceil(bands)
        .next_multiple_of(MULTIPLE)
        .min(MAX_ROWS);
    rows.max((MIN_FLOPS / flops) as usize)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_part_of_a_product_is_cut_until_there_is_time_for_it() {
        assert_eq!(OWN_LOOPS_BUDGET.part([100, 200, 300]), [100, 200, 300]);
        for budget in [OWN_LOOPS_BUDGET, BLAS_BUDGET] {
            for all_dims in [
                [1, 1 << 40, 1],
                [1 << 30, 1, 1 << 9],
                [9000, 8000, 7000],
                [1 << 40, 9, 1],
            ] {
                let cut = budget.part(all_dims);
                assert!(budget.fits(cut), "{cut:?}");
                assert!(!budget.fits(cut.map(|side| 2 * side)), "{cut:?}");
            }
        }
    }

    #[test]
    fn partial_products_are_bitwise_equal() {
        let workers = Workers::current();
        let [a, b] = [(300, 30_000), (30_000, 40)]
            .map(|shape| Array2::from_shape_fn(shape, |(i, j)| (i * 7 + j * 5 + i * j) as i32));
        let mut whole = Array2::zeros((300, 40));
        let done = i32::gemm(
            &mut i32::gemm_scratch(),
            a.view(),
            b.view(),
            false,
            whole.view_mut(),
        );
        assert_eq!(done, Ok(()));
        let mut parts = Array2::from_elem((300, 40), 9);
        gemm_in_bands(a.view(), b.view(), parts.view_mut(), &workers).unwrap();
        assert_eq!(parts, whole);
    }
}
