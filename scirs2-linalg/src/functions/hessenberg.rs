//! Hessenberg forms.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use super::square::add_identity;
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{from_f, is_finite, to_f};
use crate::base::memory::{zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::Gehrd;

/// Hessenberg forms of square matrices.
///
/// `A = Q H Q^H` for each matrix of the last two axes, with a unitary `Q` and zeros below the
/// first subdiagonal of `H`.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], and [`Reason::NotFinite`].
///
/// # Accuracy
/// Backward stable: `|A - Q H Q^H| <= c n eps |A|` (LAPACK `gehrd`, `orghr`).
///
/// ```
/// use ndarray::array;
///
/// let (h, q) = scirs2_linalg::hessenberg(&array![[1.0, 2.0], [3.0, 4.0]])?;
/// assert_eq!((h[[1, 0]], q[[1, 1]]), (3.0, 1.0));
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn hessenberg<S, D>(a: &ArrayBase<S, D>) -> Result<(ArrayD<S::Elem>, ArrayD<S::Elem>), Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let shape = hessenberg_shape(a.shape())?;
    let (mut h, mut q) = (zeros_array(&shape)?, zeros_array(&shape)?);
    hessenberg_into(a, h.view_mut(), Some(q.view_mut()), &Workers::current())?;
    Ok((h, q))
}

/// The shape of the forms, and that of the factors, that [`hessenberg_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`hessenberg`] that depend on the shape.
pub fn hessenberg_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`hessenberg`] into the caller's memory, of any strides, with the factors or without.
///
/// # Errors
/// The same as [`hessenberg`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn hessenberg_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    h: ArrayViewMutD<'_, T>,
    q: Option<ArrayViewMutD<'_, T>>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = hessenberg_shape(a.shape())?;
    shape::check_output(&expected, &h)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 14.0 / 3.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let make_workspace = || Ok((Gehrd::<T>::new(n)?, zeros::<T>(n * n)?));
    let reduce = |gehrd: &mut Gehrd<T>, matrix: &mut Vec<T>, index| {
        to_f(matrices.get(index), matrix);
        if !is_finite(matrix) {
            return Err(Reason::NotFinite);
        }
        // Of order two it is a Hessenberg form already.
        if n > 2 {
            gehrd.reduce(matrix);
        }
        Ok(())
    };
    let form = |matrix: &mut Vec<T>| {
        for (column, elements) in matrix.chunks_exact_mut(n).enumerate() {
            elements
                .iter_mut()
                .skip(column + 2)
                .for_each(|x| *x = T::zero());
        }
    };
    let Some(q) = q else {
        return batch.for_each(
            MatrixBatchMut::new(h),
            make_workspace,
            |(gehrd, matrix), index, h| {
                reduce(gehrd, matrix, index)?;
                form(matrix);
                from_f(matrix, h);
                Ok(())
            },
        );
    };
    shape::check_output(&expected, &q)?;
    batch.for_each(
        (MatrixBatchMut::new(h), MatrixBatchMut::new(q)),
        || Ok((make_workspace()?, zeros::<T>(n * n)?)),
        |((gehrd, matrix), factor), index, (h, q)| {
            reduce(gehrd, matrix, index)?;
            if n > 2 {
                factor.copy_from_slice(matrix);
                gehrd.unitary(factor);
            } else {
                factor.fill(T::zero());
                add_identity(n, 1.0, factor);
            }
            form(matrix);
            from_f(matrix, h);
            from_f(factor, q);
            Ok(())
        },
    )
}

/// [`hessenberg`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hessenberg {
    /// Whether the factors are computed, too.
    pub factors: bool,
}

impl ScalarOperation for Hessenberg {
    const NAME: &'static str = "hessenberg";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = hessenberg_shape(shapes[0])?;
        Ok(if self.factors {
            Results::new(2, [(Kind::Same, shape.clone()), (Kind::Same, shape)])
        } else {
            Results::new(2, [(Kind::Same, shape)])
        })
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        if self.factors {
            let [h, q] = work.outputs();
            hessenberg_into(a, h.into_view()?, Some(q.into_view()?), work.workers)
        } else {
            let [h] = work.outputs();
            hessenberg_into(a, h.into_view()?, None, work.workers)
        }
    }
}
