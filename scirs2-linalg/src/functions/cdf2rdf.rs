//! Real forms of complex eigenvalues and eigenvectors.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension};
use num_traits::Zero as _;
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Scalar};

use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_shape, split_square_shape};
use crate::elements::scalar::LinalgScalar;

/// Real forms of the eigenvalues and eigenvectors of real matrices.
///
/// `V D = V' D'` for each set of eigenvalues `w`, the diagonal of `D`, and of eigenvectors, the
/// columns of `V`: for two conjugate eigenvalues `a + b i` and `a - b i`, which are neighbours, `D'`
/// has the block `[[a, b], [-b, a]]`, and `V'` the real and the imaginary part of the first
/// vector times `i`.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`], [`Error::Broadcast`], and
/// [`Reason::Undefined`] if a complex eigenvalue is not followed by its conjugate.
///
/// # Accuracy
/// Exact.
///
/// ```
/// use ndarray::array;
///
/// let (w, v) = scirs2_linalg::eig(&array![[0.0_f64, -2.0], [2.0, 0.0]])?;
/// let (w, _) = scirs2_linalg::cdf2rdf(&w, &v)?;
/// assert!((w[[0, 1]] - 2.0).abs() < 1e-14 && (w[[1, 0]] + 2.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn cdf2rdf<S, Q, D, E>(
    w: &ArrayBase<S, D>,
    v: &ArrayBase<Q, E>,
) -> Result<
    (
        ArrayD<<S::Elem as Scalar>::Real>,
        ArrayD<<S::Elem as Scalar>::Real>,
    ),
    Error,
>
where
    S: Data<Elem: LinalgScalar>,
    Q: Data<Elem = S::Elem>,
    D: Dimension,
    E: Dimension,
{
    let (w, v) = (w.view().into_dyn(), v.view().into_dyn());
    let [values, vectors] = cdf2rdf_shape(w.shape(), v.shape())?;
    let (mut values, mut vectors) = (zeros_array(&values)?, zeros_array(&vectors)?);
    let outputs = (values.view_mut(), vectors.view_mut());
    cdf2rdf_into((w, v), outputs, &Workers::current())?;
    Ok((values, vectors))
}

/// The shapes of what [`cdf2rdf_into`] writes.
///
/// # Errors
/// The errors of [`cdf2rdf`] that depend on the shape.
pub fn cdf2rdf_shape(w: &[usize], v: &[usize]) -> Result<[Vec<usize>; 2], Error> {
    let (w_batch, [count]) = split_shape(1, w)?;
    let (v_batch, n) = split_square_shape(2, v)?;
    if count != n {
        return Err(Error::Mismatch {
            first: w.to_vec(),
            second: v.to_vec(),
            must: "there is one eigenvector for each eigenvalue",
        });
    }
    let shape = [broadcast(&[w_batch, v_batch])?, vec![n, n]].concat();
    Ok([shape.clone(), shape])
}

/// [`cdf2rdf`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`cdf2rdf`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn cdf2rdf_into<T: LinalgScalar>(
    (w, v): (ArrayViewD<'_, T>, ArrayViewD<'_, T>),
    (values, vectors): (ArrayViewMutD<'_, T::Real>, ArrayViewMutD<'_, T::Real>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [values_shape, vectors_shape] = cdf2rdf_shape(w.shape(), v.shape())?;
    shape::check_output(&values_shape, &values)?;
    shape::check_output(&vectors_shape, &vectors)?;
    let (batch, n) = split_square_shape(1, &vectors_shape)?;
    let batch = Batch {
        shape: batch,
        flops: 2.0 * (n as f64).powi(2),
        workers,
    };
    let column = Axis(w.ndim());
    let w = w.insert_axis(column);
    let (w, v) = (
        MatrixBatch::new(&w, batch.shape),
        MatrixBatch::new(&v, batch.shape),
    );
    batch.for_each(
        (MatrixBatchMut::new(values), MatrixBatchMut::new(vectors)),
        || Ok(()),
        |(), index, (mut values, mut vectors)| {
            let (w, v) = (w.get(index), v.get(index));
            values.fill(T::Real::zero());
            let mut at = 0;
            while at < n {
                let value = w[[at, 0]];
                let [re, im] = value.parts();
                values[[at, at]] = re;
                if im.is_zero() {
                    for row in 0..n {
                        vectors[[row, at]] = v[[row, at]].real();
                    }
                    at += 1;
                    continue;
                }
                if at + 1 == n || w[[at + 1, 0]] != value.conj() {
                    return Err(UNPAIRED);
                }
                values[[at, at + 1]] = im;
                values[[at + 1, at]] = -im;
                values[[at + 1, at + 1]] = re;
                for row in 0..n {
                    let [re, im] = v[[row, at]].parts();
                    vectors[[row, at]] = -im;
                    vectors[[row, at + 1]] = re;
                }
                at += 2;
            }
            Ok(())
        },
    )
}

const UNPAIRED: Reason = Reason::Undefined {
    function: "real form",
    why: "a complex eigenvalue is not followed by its conjugate, as those of a real matrix are; \
          pass them in the order in which eig returns them",
};

/// [`cdf2rdf`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cdf2rdf;

impl ScalarOperation for Cdf2rdf {
    const NAME: &'static str = "cdf2rdf";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [values, vectors] = cdf2rdf_shape(shapes[0], shapes[1])?;
        Ok(Results::new(
            2,
            [(Kind::Real, values), (Kind::Real, vectors)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [values, vectors] = work.outputs();
        cdf2rdf_into(
            (work.operand::<T>(0)?, work.operand::<T>(1)?),
            (values.into_view()?, vectors.into_view()?),
            work.workers,
        )
    }
}
