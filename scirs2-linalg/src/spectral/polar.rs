//! Polar factors, and the rotation between two sets of points.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::memory::zeros_array;
use crate::base::structure::Structure;
use crate::driver::batch::{BatchOutputs as _, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::split_matrix_shape;
use crate::elements::numeric::Numeric;
use crate::elements::scalar::LinalgScalar;
use crate::products::matmul::{matmul_into, matmul_shape};
use crate::spectral::svd::{SvdFactors, SvdVectors, svd_into, svd_shape};

/// The polar factors `A = U P`, or `A = P U` with `left`: `U` has orthonormal columns, or rows,
/// and is the nearest such matrix to `A`; `P` is Hermitian and positive semidefinite.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Polar, compute};
///
/// let a = Tensor::from(array![[0.0, -2.0], [3.0, 0.0]]);
/// let results = compute(&Polar { left: false }, &[&a])?;
/// let p = results[1].view::<f64>()?;
/// assert!((p[[0, 0]] - 3.0).abs() < 1e-14 && (p[[1, 1]] - 2.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Polar {
    /// Whether `P` is on the left.
    pub left: bool,
}

impl ScalarOperation for Polar {
    const NAME: &'static str = "polar";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, m, n) = split_matrix_shape(1, shapes[0])?;
        let order = if self.left { m } else { n };
        let each = [
            (Kind::Same, shapes[0].to_vec()),
            (Kind::Same, [batch, &[order, order]].concat()),
        ];
        Ok(Results::new(2, each))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [unitary, hermitian] = work.outputs();
        let (unitary, hermitian) = (unitary.into_view()?, hermitian.into_view()?);
        let workers = work.workers;
        let SvdFactors { u, s, vh } = thin_svd(work.operand::<T>(0)?, workers)?;
        matmul_into(u.view(), vh.view(), unitary, workers)?;
        // A vector for each row.
        let vectors = if self.left { swapped(u) } else { vh };
        hermitian_of(vectors, s.view(), self.left, hermitian, workers)
    }
}

/// The orthogonal Procrustes problem: the unitary `R` for which `|A R - B|` is the smallest, in
/// the Frobenius norm, and the sum of the singular values of `A^H B`.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{OrthogonalProcrustes, compute};
///
/// let a = Tensor::from(array![[2.0, 0.0], [0.0, 1.0]]);
/// let b = Tensor::from(array![[0.0, 2.0], [-1.0, 0.0]]);
/// let results = compute(&OrthogonalProcrustes, &[&a, &b])?;
/// let r = results[0].view::<f64>()?;
/// assert!((r[[0, 1]] - 1.0).abs() < 1e-14 && (r[[1, 0]] + 1.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OrthogonalProcrustes;

impl ScalarOperation for OrthogonalProcrustes {
    const NAME: &'static str = "orthogonal_procrustes";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (_, m, n) = split_matrix_shape(1, shapes[0])?;
        let (_, rows, columns) = split_matrix_shape(2, shapes[1])?;
        if (rows, columns) != (m, n) {
            return Err(Error::Mismatch {
                first: shapes[0].to_vec(),
                second: shapes[1].to_vec(),
                must: "both matrices need the same rows and columns",
            });
        }
        let rotations = products_shape(shapes[0], shapes[1])?;
        let scales = rotations[..rotations.len() - 2].to_vec();
        Ok(Results::new(
            2,
            [(Kind::Same, rotations), (Kind::Real, scales)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [rotations, scales] = work.outputs();
        let workers = work.workers;
        let (a, b) = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        let adjoint = swapped(conjugated(a.view())?);
        let mut products = zeros_array(&products_shape(a.shape(), b.shape())?)?;
        matmul_into(adjoint.view(), b, products.view_mut(), workers)?;
        let SvdFactors { u, s, vh } = thin_svd(products.view(), workers)?;
        matmul_into(u.view(), vh.view(), rotations.into_view()?, workers)?;
        let mut scales = scales.into_view::<T::Real>()?;
        let sums = s.sum_axis(Axis(s.ndim() - 1));
        scales.assign(&sums);
        Ok(())
    }
}

/// The shape of `A^H B`.
fn products_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    let mut a = a.to_vec();
    let last = a.len() - 1;
    a.swap(last - 1, last);
    matmul_shape(&a, b)
}

/// The singular value decompositions of a batch, with as many vectors as there are values.
fn thin_svd<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    workers: &Workers<'_>,
) -> Result<SvdFactors<T>, Error> {
    let [u, s, vh] = svd_shape(a.shape(), SvdVectors::Thin, size_of::<T>())?;
    let (mut u, mut s, mut vh) = (zeros_array(&u)?, zeros_array(&s)?, zeros_array(&vh)?);
    let out = (u.view_mut(), s.view_mut(), vh.view_mut());
    svd_into(a, Structure::General, out, workers)?;
    Ok(SvdFactors { u, s, vh })
}

/// The last two axes exchanged.
pub(crate) fn swapped<T>(mut a: ArrayD<T>) -> ArrayD<T> {
    let last = a.ndim() - 1;
    a.swap_axes(last - 1, last);
    a
}

/// A copy of the conjugates.
pub(crate) fn conjugated<T: LinalgScalar>(a: ArrayViewD<'_, T>) -> Result<ArrayD<T>, Error> {
    let mut copy = zeros_array(a.shape())?;
    copy.zip_mut_with(&a, |to: &mut T, x| *to = x.conj());
    Ok(copy)
}

/// `V S V^H`, where `V^H`, or with `plain` `V^T`, has these rows.
fn hermitian_of<T: LinalgScalar + Numeric>(
    rows: ArrayD<T>,
    s: ArrayViewD<'_, T::Real>,
    plain: bool,
    mut out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let mut left = conjugated(rows.view())?;
    let mut right = rows;
    if plain {
        std::mem::swap(&mut left, &mut right);
    }
    let last = Axis(s.ndim());
    let s = s.insert_axis(last);
    let s = s.broadcast(right.shape()).expect("one for each row");
    right.zip_mut_with(&s, |x, &s| *x *= T::from_real(s));
    let left = swapped(left);
    matmul_into(left.view(), right.view(), out.view_mut(), workers)?;
    // A product rounds the two triangles differently.
    let count = out.shape()[..out.ndim() - 2].iter().product();
    let mut matrices = MatrixBatchMut::new(out);
    for _ in 0..count {
        let mut matrix = matrices.next();
        for row in 0..matrix.nrows() {
            matrix[[row, row]] = T::from_real(matrix[[row, row]].real());
            for column in 0..row {
                matrix[[row, column]] = matrix[[column, row]].conj();
            }
        }
    }
    Ok(())
}
