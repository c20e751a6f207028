//! Polar factors, and the rotation between two sets of points.

use std::ops::Range;

use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis};
use num_traits::Zero;
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::extend_transposed;
use crate::base::memory::{zeros, zeros_array};
use crate::base::structure::Structure;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes, has_small_products};
use crate::driver::shape::split_matrix_shape;
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::jacobi::batched_svd;
use crate::kernels::gemm_small::small_gemm;
use crate::lapack::Vectors;
use crate::lapack::blas::gemm;
use crate::products::matmul::{matmul_into, matmul_shape};
use crate::spectral::svd::{SvdFactors, SvdSolver, SvdVectors, svd_into, svd_shape};

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
        let outputs = (unitary.into_view()?, hermitian.into_view()?);
        polar_into(work.operand::<T>(0)?, self.left, outputs, work.workers)
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

/// The polar factors of each matrix: `U V^H`, and `V S V^H`, or `U S U^H` with `left`, of its
/// singular value decomposition.
fn polar_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    left: bool,
    (unitary, hermitian): (ArrayViewMutD<'_, T>, ArrayViewMutD<'_, T>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 24.0 * m as f64 * n as f64 * m.min(n) as f64,
        workers,
    };
    let plan = Plan::of::<T>(Problem::Svd, Sizes::new(m, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    let batched = |scratch: &mut Scratch<T>, indices: Range<usize>, out: &mut (_, _)| {
        let (unitary, hermitian): &mut (MatrixBatchMut<'_, T>, MatrixBatchMut<'_, T>) = out;
        let [pack, pack_unitary, pack_hermitian] = &mut scratch.packs;
        let a = matrices.contiguous(indices, pack);
        unitary.with_contiguous(T::zero(), pack_unitary, |unitary| {
            hermitian.with_contiguous(T::zero(), pack_hermitian, |hermitian| {
                let (factors, values) = (&mut scratch.factors, &mut scratch.values);
                polar_of_small(n, left, a, factors, values, (unitary, hermitian))
            })
        })
    };
    batch.for_each_with_batched_kernel(
        (MatrixBatchMut::new(unitary), MatrixBatchMut::new(hermitian)),
        || PolarSolver::new(m, n, left),
        plan.batched.then_some(batched),
        |solver, index, (unitary, hermitian)| solver.run(matrices.get(index), unitary, hermitian),
    )
}

/// Buffers for the matrices of a chunk and their singular value decompositions.
struct Scratch<T: LinalgScalar> {
    packs: [Vec<T>; 3],
    factors: [Vec<T>; 3],
    values: Vec<T::Real>,
}

impl<T: LinalgScalar> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            packs: Default::default(),
            factors: Default::default(),
            values: Vec::new(),
        }
    }
}

/// The polar factors of small real square matrices. Returns the indices of those that the kernel
/// did not handle.
#[expect(
    clippy::disallowed_methods,
    reason = "a piece of small matrices is short"
)]
fn polar_of_small<T: LinalgScalar>(
    n: usize,
    left: bool,
    a: &[T],
    [u, vh, transposes]: &mut [Vec<T>; 3],
    values: &mut Vec<T::Real>,
    (unitary, hermitian): (&mut [T], &mut [T]),
) -> Vec<usize> {
    u.resize(a.len(), T::zero());
    vh.resize(a.len(), T::zero());
    values.resize(a.len() / n, T::Real::zero());
    let (to_u, to_vh) = (T::as_real_mut(u), T::as_real_mut(vh));
    let unhandled = batched_svd(
        n,
        T::as_real(a).expect(REAL_ONLY),
        values,
        to_u.expect(REAL_ONLY),
        to_vh.expect(REAL_ONLY),
    );
    multiply_each(n, u, vh, unitary);
    transposes.clear();
    let scaled = if left {
        extend_transposed(n, n, u, transposes);
        &mut *transposes
    } else {
        extend_transposed(n, n, vh, transposes);
        &mut *vh
    };
    for (row, &value) in scaled.chunks_exact_mut(n).zip(&*values) {
        row.iter_mut().for_each(|x| *x *= T::from_real(value));
    }
    let (first, second) = if left {
        (&*u, &*transposes)
    } else {
        (&*transposes, &*vh)
    };
    multiply_each(n, first, second, hermitian);
    for matrix in hermitian.chunks_exact_mut(n * n) {
        for row in 1..n {
            for column in 0..row {
                matrix[row * n + column] = matrix[column * n + row];
            }
        }
    }
    unhandled
}

/// The products of consecutive matrices in C order.
fn multiply_each<T: LinalgScalar>(n: usize, a: &[T], b: &[T], out: &mut [T]) {
    if has_small_products::<T>([n, n, n]) {
        return small_gemm([n, n, n], a, b, out);
    }
    let matrices = a.chunks_exact(n * n).zip(b.chunks_exact(n * n));
    for ((a, b), out) in matrices.zip(out.chunks_exact_mut(n * n)) {
        let [a, b] = [a, b].map(|x| ArrayView2::from_shape((n, n), x).expect("square"));
        let out = ArrayViewMut2::from_shape((n, n), out).expect("square");
        gemm(a, b, false, out);
    }
}

/// The polar factors of matrices of one shape, one at a time.
struct PolarSolver<T: LinalgScalar> {
    left: bool,
    svd: SvdSolver<T>,
    u: Array2<T>,
    s: Array2<T::Real>,
    vh: Array2<T>,
    /// The conjugates of one of them.
    conjugates: Array2<T>,
    unitary: Array2<T>,
    hermitian: Array2<T>,
}

impl<T: LinalgScalar> PolarSolver<T> {
    fn new(m: usize, n: usize, left: bool) -> Result<Self, Error> {
        let k = m.min(n);
        let order = if left { m } else { n };
        Ok(PolarSolver {
            left,
            svd: SvdSolver::new(m, n, Vectors::Thin, Structure::General)?,
            u: zero_matrix(m, k)?,
            s: zero_matrix(k, 1)?,
            vh: zero_matrix(k, n)?,
            conjugates: zero_matrix(k, order)?,
            unitary: zero_matrix(m, n)?,
            hermitian: zero_matrix(order, order)?,
        })
    }

    fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        mut unitary: ArrayViewMut2<'_, T>,
        mut hermitian: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        if a.is_empty() {
            hermitian.fill(T::zero());
            return Ok(());
        }
        let (u, s, vh) = (&mut self.u, &mut self.s, &mut self.vh);
        let conjugates = &mut self.conjugates;
        self.svd.run(a, u.view_mut(), s.view_mut(), vh.view_mut())?;
        gemm(u.view(), vh.view(), false, self.unitary.view_mut());
        unitary.assign(&self.unitary);
        let product = self.hermitian.view_mut();
        if self.left {
            conjugates.zip_mut_with(&u.t(), |to, x| *to = x.conj());
            let scales = s.t();
            let scales = scales.broadcast(u.dim()).expect("one for each column");
            u.zip_mut_with(&scales, |x, &s| *x *= T::from_real(s));
            gemm(u.view(), conjugates.view(), false, product);
        } else {
            conjugates.zip_mut_with(vh, |to, x| *to = x.conj());
            let scales = s.broadcast(vh.dim()).expect("one for each row");
            vh.zip_mut_with(&scales, |x, &s| *x *= T::from_real(s));
            gemm(conjugates.t(), vh.view(), false, product);
        }
        // A product rounds the two triangles differently.
        for row in 0..hermitian.nrows() {
            hermitian[[row, row]] = T::from_real(self.hermitian[[row, row]].real());
            for column in 0..row {
                let x = self.hermitian[[column, row]];
                (hermitian[[column, row]], hermitian[[row, column]]) = (x, x.conj());
            }
        }
        Ok(())
    }
}

/// A matrix of zeros, or an error if there is not enough memory.
fn zero_matrix<T: Zero + Clone>(rows: usize, columns: usize) -> Result<Array2<T>, Error> {
    let elements = zeros(rows * columns)?;
    Ok(Array2::from_shape_vec((rows, columns), elements).expect("as many elements"))
}
