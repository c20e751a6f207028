//! Products of matrices and vectors.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension};
use scirs2_core::pool::Workers;
use scirs2_core::{DType, ScalarType};

use crate::base::memory::filled_array;
use crate::driver::batch::broadcast;
use crate::driver::chunks::{new_filled, par_map};
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape::split_shape;
use crate::kernels::arithmetic::Arithmetic as _;
use crate::products::matmul::matmul_into;
use crate::{Error, Numeric};

/// Products of matrices and vectors.
///
/// `y[i] = sum_j a[i, j] x[j]` for each matrix of the last two axes of `a` and each vector of
/// the last axis of `x`; the axes before them broadcast.
///
/// Integers are exact except for wrapping around at the ends of their range; for booleans the
/// result is whether any pair is true.
///
/// # Errors
/// [`Error::TooFewAxes`], [`Error::Mismatch`] for vectors that do not fit the matrices, and
/// [`Error::Broadcast`] for batches that do not fit.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul).
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2], [3, 4]];
/// // Two vectors.
/// let y = scirs2_linalg::matvec(&a, &array![[10, 1], [0, 1]])?;
/// assert_eq!(y, array![[12, 34], [2, 4]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matvec<S, D, S2, D2>(
    a: &ArrayBase<S, D>,
    x: &ArrayBase<S2, D2>,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    S2: Data<Elem = S::Elem>,
    D: Dimension,
    D2: Dimension,
{
    let (a, x) = (a.view().into_dyn(), x.view().into_dyn());
    let mut out = filled_array(&matvec_shape(a.shape(), x.shape())?, S::Elem::ZERO)?;
    matvec_into(a, x, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`matvec_into`] writes.
///
/// # Errors
/// The errors of [`matvec`] that depend on the shapes.
pub fn matvec_shape(a: &[usize], x: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch_a, [rows, columns]) = split_shape(1, a)?;
    let (batch_x, [len]) = split_shape(2, x)?;
    if columns != len {
        return Err(Error::Mismatch {
            first: a.to_vec(),
            second: x.to_vec(),
            must: "a vector must have as many elements as a matrix has columns",
        });
    }
    let mut shape = broadcast(&[batch_a, batch_x])?;
    shape.push(rows);
    Ok(shape)
}

/// [`matvec`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`matvec`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn matvec_into<T: Numeric>(
    a: ArrayViewD<'_, T>,
    x: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    matvec_shape(a.shape(), x.shape())?;
    multiply(a, x, out, workers)
}

/// Products of conjugated vectors and matrices.
///
/// `y[j] = sum_i conj(x[i]) a[i, j]` for each vector of the last axis of `x` and each matrix
/// of the last two axes of `a`; the axes before them broadcast.
///
/// Integers are exact except for wrapping around at the ends of their range; for booleans the
/// result is whether any pair is true.
///
/// # Errors
/// [`Error::TooFewAxes`], [`Error::Mismatch`] for vectors that do not fit the matrices, and
/// [`Error::Broadcast`] for batches that do not fit.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul).
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2], [3, 4]];
/// let y = scirs2_linalg::vecmat(&array![10, 1], &a)?;
/// assert_eq!(y, array![13, 24].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn vecmat<S, D, S2, D2>(
    x: &ArrayBase<S, D>,
    a: &ArrayBase<S2, D2>,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    S2: Data<Elem = S::Elem>,
    D: Dimension,
    D2: Dimension,
{
    let (x, a) = (x.view().into_dyn(), a.view().into_dyn());
    let mut out = filled_array(&vecmat_shape(x.shape(), a.shape())?, S::Elem::ZERO)?;
    vecmat_into(x, a, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`vecmat_into`] writes.
///
/// # Errors
/// The errors of [`vecmat`] that depend on the shapes.
pub fn vecmat_shape(x: &[usize], a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch_x, [len]) = split_shape(1, x)?;
    let (batch_a, [rows, columns]) = split_shape(2, a)?;
    if rows != len {
        return Err(Error::Mismatch {
            first: x.to_vec(),
            second: a.to_vec(),
            must: "a vector must have as many elements as a matrix has rows",
        });
    }
    let mut shape = broadcast(&[batch_x, batch_a])?;
    shape.push(columns);
    Ok(shape)
}

/// [`vecmat`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`vecmat`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn vecmat_into<T: Numeric>(
    x: ArrayViewD<'_, T>,
    a: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    vecmat_shape(x.shape(), a.shape())?;
    let (last, last_but_one) = (a.ndim() - 1, a.ndim() - 2);
    let mut a = a;
    a.swap_axes(last_but_one, last);
    if !ScalarType::of(T::DTYPE).is_some_and(ScalarType::is_complex) {
        return multiply(a, x, out, workers);
    }
    // BLAS conjugates a matrix and no vector.
    let mut conjugates = new_filled(x.shape(), T::ZERO, workers)?;
    par_map(x, conjugates.view_mut(), workers, T::conjugate)?;
    multiply(a, conjugates.view(), out, workers)
}

/// `out = a x` for each pair, as products of matrices.
fn multiply<T: Numeric>(
    a: ArrayViewD<'_, T>,
    x: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if a.ndim() == 2 {
        // The vectors are the rows of one matrix.
        return matmul_into(x, a.reversed_axes(), out, workers);
    }
    let (x_end, out_end) = (Axis(x.ndim()), Axis(out.ndim()));
    matmul_into(a, x.insert_axis(x_end), out.insert_axis(out_end), workers)
}

/// [`matvec`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Matvec;

impl NumericOperation for Matvec {
    const NAME: &'static str = "matvec";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(matvec_shape(shapes[0], shapes[1])?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (a, x) = (work.operand::<T>(0)?, work.operand(1)?);
        matvec_into(a, x, out.into_view()?, work.workers)
    }
}

/// [`vecmat`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Vecmat;

impl NumericOperation for Vecmat {
    const NAME: &'static str = "vecmat";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(vecmat_shape(shapes[0], shapes[1])?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (x, a) = (work.operand::<T>(0)?, work.operand(1)?);
        vecmat_into(x, a, out.into_view()?, work.workers)
    }
}
