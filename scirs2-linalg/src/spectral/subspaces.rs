//! Bases of the range and of the null space, and the angles between two ranges.

use ndarray::{Array1, Array2, ArrayD, ArrayView1, ArrayView2, ArrayViewMutD, Axis, s};
use num_traits::Float as _;
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::base::scale::rounded;
use crate::base::structure::Structure;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::split_matrix_shape;
use crate::elements::scalar::LinalgScalar;
use crate::lapack::blas;
use crate::spectral::svd::{SvdVectors, svd_into, svd_shape, svdvals_into};

/// An orthonormal basis of what the columns span, and its dimension, the rank: that many of the
/// first columns of the result, of shape `(..., m, min(m, n))`, are the basis.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Orth, compute};
///
/// let a = Tensor::from(array![[3.0, 6.0], [4.0, 8.0]]);
/// let results = compute(&Orth { rcond: None }, &[&a])?;
/// assert_eq!(results[1].view::<i64>()?[[]], 1);
/// assert!((results[0].view::<f64>()?[[1, 0]] - 0.8).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Orth {
    /// Singular values of at most this times the largest count as zero; without one the
    /// longer side times the machine epsilon.
    pub rcond: Option<f64>,
}

impl ScalarOperation for Orth {
    const NAME: &'static str = "orth";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, m, n) = split_matrix_shape(1, shapes[0])?;
        let each = [
            (Kind::Same, [batch, &[m, m.min(n)]].concat()),
            (Kind::Count, batch.to_vec()),
        ];
        Ok(Results::new(2, each))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [basis, ranks] = work.outputs();
        let a = work.operand::<T>(0)?;
        let [_, values, rows] = svd_shape(a.shape(), SvdVectors::Thin, size_of::<T>())?;
        let (mut s, mut vh) = (zeros_array(&values)?, zeros_array(&rows)?);
        let out = (basis.into_view()?, s.view_mut(), vh.view_mut());
        let shape = split_matrix_shape(1, a.shape()).map(|(_, m, n)| (m, n))?;
        svd_into(a, Structure::General, out, work.workers)?;
        count_values::<T>(self.rcond, shape, &s, ranks.into_view()?);
        Ok(())
    }
}

/// An orthonormal basis of the vectors that a matrix maps to zero: the columns of the result, of
/// shape `(..., n, n)`, after as many as the rank, which is the second result.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{NullSpace, compute};
///
/// let a = Tensor::from(array![[3.0, 4.0]]);
/// let results = compute(&NullSpace { rcond: None }, &[&a])?;
/// assert_eq!(results[1].view::<i64>()?[[]], 1);
/// assert!((results[0].view::<f64>()?[[0, 1]].abs() - 0.8).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NullSpace {
    /// As that of [`Orth`].
    pub rcond: Option<f64>,
}

impl ScalarOperation for NullSpace {
    const NAME: &'static str = "null_space";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, _, n) = split_matrix_shape(1, shapes[0])?;
        let each = [
            (Kind::Same, [batch, &[n, n]].concat()),
            (Kind::Count, batch.to_vec()),
        ];
        Ok(Results::new(2, each))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [vectors, ranks] = work.outputs();
        let a = work.operand::<T>(0)?;
        let [columns, values, _] = svd_shape(a.shape(), SvdVectors::Full, size_of::<T>())?;
        let (mut s, mut u) = (zeros_array(&values)?, zeros_array(&columns)?);
        let mut vectors: ArrayViewMutD<'_, T> = vectors.into_view()?;
        // V^H, written to V as its transpose, and conjugated there.
        let last = vectors.ndim() - 1;
        vectors.swap_axes(last - 1, last);
        let out = (u.view_mut(), s.view_mut(), vectors.view_mut());
        let shape = split_matrix_shape(1, a.shape()).map(|(_, m, n)| (m, n))?;
        svd_into(a, Structure::General, out, work.workers)?;
        if T::IS_COMPLEX {
            vectors.mapv_inplace(|x| x.conj());
        }
        count_values::<T>(self.rcond, shape, &s, ranks.into_view()?);
        Ok(())
    }
}

/// Counts the singular values that are not zero, of each matrix.
fn count_values<T: LinalgScalar>(
    rcond: Option<f64>,
    shape: (usize, usize),
    s: &ArrayD<T::Real>,
    mut ranks: ArrayViewMutD<'_, i64>,
) {
    let values = s.lanes(Axis(s.ndim() - 1));
    for (rank, values) in ranks.iter_mut().zip(values) {
        *rank = i64::try_from(rank_of::<T>(rcond, shape, values)).expect("fits");
    }
}

/// How many singular values, the largest first, are not zero.
fn rank_of<T: LinalgScalar>(
    rcond: Option<f64>,
    (m, n): (usize, usize),
    values: ArrayView1<'_, T::Real>,
) -> usize {
    let epsilon: f64 = T::Real::epsilon().into();
    let rcond = rcond.unwrap_or(epsilon * m.max(n) as f64);
    let largest: f64 = values.first().map_or(0.0, |&value| value.into());
    let counts = |&&value: &&T::Real| value.into() > rcond * largest;
    values.iter().filter(counts).count()
}

/// The angles between what the columns of two matrices span, the largest first: as many as the
/// smaller rank, which is the second result; the others are NaN.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{SubspaceAngles, compute};
///
/// let a = Tensor::from(array![[1.0], [0.0]]);
/// let b = Tensor::from(array![[1.0], [1.0]]);
/// let results = compute(&SubspaceAngles, &[&a, &b])?;
/// assert!((results[0].view::<f64>()?[[0]] - std::f64::consts::FRAC_PI_4).abs() < 1e-15);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SubspaceAngles;

impl ScalarOperation for SubspaceAngles {
    const NAME: &'static str = "subspace_angles";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (first, m, p) = split_matrix_shape(1, shapes[0])?;
        let (second, rows, q) = split_matrix_shape(2, shapes[1])?;
        if m != rows {
            return Err(Error::Mismatch {
                first: shapes[0].to_vec(),
                second: shapes[1].to_vec(),
                must: "both matrices need as many rows",
            });
        }
        let batch = broadcast(&[first, second])?;
        let angles = [&batch[..], &[m.min(p).min(q)]].concat();
        Ok(Results::new(
            1,
            [(Kind::Real, angles), (Kind::Count, batch)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [angles, counts] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        let angles: ArrayViewMutD<'_, T::Real> = angles.into_view()?;
        let shape = angles.shape()[..angles.ndim() - 1].to_vec();
        let (_, m, p) = split_matrix_shape(1, a.shape())?;
        let (_, _, q) = split_matrix_shape(2, b.shape())?;
        let batch = Batch {
            shape: &shape,
            flops: 1.0 + 30.0 * m as f64 * (p * p + q * q) as f64,
            workers: work.workers,
        };
        let (first, second) = (MatrixBatch::new(&a, &shape), MatrixBatch::new(&b, &shape));
        batch.for_each(
            (
                MatrixBatchMut::vectors(angles),
                MatrixBatchMut::scalars(counts.into_view::<i64>()?),
            ),
            || Ok(()),
            |(), index, (mut angles, mut count)| {
                let found = angles_between(first.get(index), second.get(index));
                let found = found.map_err(reason_of)?;
                angles.fill(T::Real::nan());
                for (to, &angle) in angles.iter_mut().zip(&found) {
                    *to = rounded(angle);
                }
                count[[0, 0]] = i64::try_from(found.len()).expect("fits");
                Ok(())
            },
        )
    }
}

/// The reason of an error that concerns one matrix.
fn reason_of(error: Error) -> Reason {
    match error {
        Error::Matrix { reason, .. } => reason,
        Error::Memory { count, itemsize } => Reason::Memory { count, itemsize },
        // The shapes have been checked, and nothing interrupts one matrix.
        _ => Reason::NoConvergence { routine: "gesdd" },
    }
}

/// The angles of one pair. Their cosines are singular values of `Q_A^H Q_B`, their sines those of
/// what is left of `Q_B` without its part in the range of `Q_A`; each angle comes from the smaller
/// of the two, which is the accurate one (Å. Björck, G. H. Golub, Mathematics of Computation 27,
/// 1973).
fn angles_between<T: LinalgScalar>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
) -> Result<Vec<f64>, Error> {
    let (a, b) = (range_of(a)?, range_of(b)?);
    let (wide, narrow) = if a.ncols() >= b.ncols() {
        (a, b)
    } else {
        (b, a)
    };
    let (m, p, q) = (wide.nrows(), wide.ncols(), narrow.ncols());
    if q == 0 {
        return Ok(Vec::new());
    }
    let adjoint = {
        let mut conjugates = zero_matrix(m, p)?;
        conjugates.zip_mut_with(&wide, |to, x| *to = x.conj());
        conjugates
    };
    let mut inner = zero_matrix(p, q)?;
    blas::gemm(adjoint.t(), narrow.view(), false, inner.view_mut());
    let cosines = values_of(inner.view())?;
    let mut rest = zero_matrix(m, q)?;
    blas::gemm(wide.view(), inner.view(), false, rest.view_mut());
    rest.zip_mut_with(&narrow, |x, &whole| *x = whole - *x);
    let sines = values_of(rest.view())?;
    let angle = |(sine, cosine): (&T::Real, &T::Real)| {
        let (sine, cosine): (f64, f64) = ((*sine).into(), (*cosine).into());
        if cosine * cosine >= 0.5 {
            sine.clamp(0.0, 1.0).asin()
        } else {
            cosine.clamp(0.0, 1.0).acos()
        }
    };
    Ok(sines.iter().zip(cosines.iter().rev()).map(angle).collect())
}

/// A matrix of zeros.
fn zero_matrix<T: LinalgScalar>(m: usize, n: usize) -> Result<Array2<T>, Error> {
    let zeros = zeros_array(&[m, n])?;
    Ok(zeros.into_dimensionality().expect("two axes"))
}

/// The singular values of one matrix.
fn values_of<T: LinalgScalar>(a: ArrayView2<'_, T>) -> Result<Array1<T::Real>, Error> {
    let mut values = zeros_array(&[a.nrows().min(a.ncols())])?;
    let structure = Structure::General;
    svdvals_into(
        a.into_dyn(),
        structure,
        values.view_mut(),
        &Workers::serial(),
    )?;
    Ok(values.into_dimensionality().expect("one axis"))
}

/// An orthonormal basis of the range of one matrix.
fn range_of<T: LinalgScalar>(a: ArrayView2<'_, T>) -> Result<Array2<T>, Error> {
    let [u, values, vh] = svd_shape(a.shape(), SvdVectors::Thin, size_of::<T>())?;
    let (mut u, mut s, mut vh) = (zeros_array(&u)?, zeros_array(&values)?, zeros_array(&vh)?);
    let out = (u.view_mut(), s.view_mut(), vh.view_mut());
    let dim = a.dim();
    svd_into(a.into_dyn(), Structure::General, out, &Workers::serial())?;
    let s = s.into_dimensionality().expect("one axis");
    let rank = rank_of::<T>(None, dim, s.view());
    let basis = u.slice_move(s![.., ..rank]).into_dimensionality();
    Ok(basis.expect("two axes"))
}
