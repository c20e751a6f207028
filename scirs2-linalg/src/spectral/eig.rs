//! Eigenvalues and eigenvectors of general matrices.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use num_traits::Zero as _;
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Scalar as _};

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::is_finite;
use crate::base::memory::zeros_array;
use crate::base::scale::rounded;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::small::eigen::Eigen;
use crate::lapack::Geev;
use crate::spectral::double::to_double;

/// Eigenvalues and right eigenvectors of general matrices.
///
/// `A v_i = w_i v_i`, with each `v_i` of length one and its largest element real,
/// for each matrix of the last two axes: `w` has shape `(..., n)`, and column `i`
/// of the vectors, of shape `(..., n, n)`, is `v_i`. The order is LAPACK's; the two
/// of a conjugate pair are neighbours, the one with the positive imaginary part
/// first. Both are complex, whatever the matrix.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], and
/// [`Reason::NoConvergence`].
///
/// # Accuracy
/// Backward stable for the balanced matrix `B = D^-1 A D`, whose rows and columns a diagonal
/// `D` of powers of two makes about equally long: each `w_i` and `v_i` is exact for a matrix
/// `A + D E D^-1` with `|E| <= c n eps |B|`. Where `A` is balanced that is `c n eps |A|`;
/// where its rows differ by many orders of magnitude the residual can be larger. Values of a
/// matrix far from normal may move much more than the matrix; a defective one has vectors
/// that are nearly the same. LAPACK `geev`; for real matrices up to order 75 its algorithm
/// in a kernel. Single precision is decomposed in double.
///
/// ```
/// use ndarray::array;
/// use scirs2_core::Complex64;
///
/// let (values, _) = scirs2_linalg::eig(&array![[0.0, -1.0], [1.0, 0.0]])?;
/// let i = Complex64::new(0.0, 1.0);
/// assert_eq!(values, array![i, -i].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn eig<S, D>(
    a: &ArrayBase<S, D>,
) -> Result<
    (
        ArrayD<<S::Elem as LinalgScalar>::Complex>,
        ArrayD<<S::Elem as LinalgScalar>::Complex>,
    ),
    Error,
>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [values, vectors] = eig_shape(a.shape())?;
    let (mut values, mut vectors) = (zeros_array(&values)?, zeros_array(&vectors)?);
    eig_into(
        a,
        values.view_mut(),
        vectors.view_mut(),
        &Workers::current(),
    )?;
    Ok((values, vectors))
}

/// The shapes of what [`eig_into`] writes: values and vectors.
///
/// # Errors
/// The errors of [`eig`] that depend on the shape.
pub fn eig_shape(a: &[usize]) -> Result<[Vec<usize>; 2], Error> {
    Ok([eigvals_shape(a)?, a.to_vec()])
}

/// [`eig`] into the caller's memory, of any strides. Returns whether every
/// eigenvalue is real.
///
/// # Errors
/// The same as [`eig`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn eig_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    values: ArrayViewMutD<'_, T::Complex>,
    vectors: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    let [values_shape, vectors_shape] = eig_shape(a.shape())?;
    shape::check_output(&values_shape, &values)?;
    shape::check_output(&vectors_shape, &vectors)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 25.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let plan = Plan::of::<T>(Problem::Eig, Sizes::new(n, n, batch.count()));
    let real = AtomicBool::new(true);
    let batched = |scratch: &mut EigScratch<T>,
                   indices,
                   out: &mut (
        MatrixBatchMut<'_, T::Complex>,
        MatrixBatchMut<'_, T::Complex>,
    )| {
        let [pack_w, pack_v] = &mut scratch.values_and_vectors;
        let eigen = scratch.eigen.get_or_insert_with(|| Eigen::new(n, true));
        let a = T::as_real(matrices.contiguous(indices, &mut scratch.matrices)).expect(REAL_ONLY);
        out.0.with_contiguous(T::Complex::zero(), pack_w, |values| {
            out.1
                .with_contiguous(T::Complex::zero(), pack_v, |vectors| {
                    small_eig::<T>(eigen, n, a, values, vectors, &real)
                })
        })
    };
    batch.for_each_with_batched_kernel(
        (
            MatrixBatchMut::vectors(values),
            MatrixBatchMut::new(vectors),
        ),
        || make_solver::<T>(n, true),
        plan.small.then_some(batched),
        |solver, index, (values, mut vectors)| {
            let Some(solver) = solver else { return Ok(()) };
            solve_matrix(solver, matrices.get(index), values, &real)?;
            for ((row, column), element) in vectors.indexed_iter_mut() {
                *element = T::Complex::from_parts(solver.vector(row, column).map(rounded));
            }
            Ok(())
        },
    )?;
    Ok(real.into_inner())
}

/// Eigenvalues of general matrices.
///
/// As [`eig`] without the vectors, of shape `(..., n)`, in about a third of the
/// time.
///
/// # Errors
/// The same as [`eig`].
///
/// # Accuracy
/// As [`eig`], by the same means.
///
/// ```
/// use ndarray::array;
///
/// let values = scirs2_linalg::eigvals(&array![[1.0_f64, 5.0], [0.0, 2.0]])?;
/// assert_eq!((values[[0]].re, values[[1]].re), (1.0, 2.0));
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn eigvals<S, D>(
    a: &ArrayBase<S, D>,
) -> Result<ArrayD<<S::Elem as LinalgScalar>::Complex>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut values = zeros_array(&eigvals_shape(a.shape())?)?;
    eigvals_into(a, values.view_mut(), &Workers::current())?;
    Ok(values)
}

/// The shape of what [`eigvals_into`] writes.
///
/// # Errors
/// The errors of [`eigvals`] that depend on the shape.
pub fn eigvals_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, n) = split_square_shape(1, a)?;
    Ok([batch, &[n]].concat())
}

/// [`eigvals`] into the caller's memory, of any strides. Returns whether every
/// eigenvalue is real.
///
/// # Errors
/// The same as [`eigvals`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn eigvals_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    values: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    shape::check_output(&eigvals_shape(a.shape())?, &values)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 10.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let plan = Plan::of::<T>(Problem::Eig, Sizes::new(n, n, batch.count()));
    let real = AtomicBool::new(true);
    let batched = |scratch: &mut EigScratch<T>,
                   indices,
                   values: &mut MatrixBatchMut<'_, T::Complex>| {
        let [pack_w, _] = &mut scratch.values_and_vectors;
        let eigen = scratch.eigen.get_or_insert_with(|| Eigen::new(n, false));
        let a = T::as_real(matrices.contiguous(indices, &mut scratch.matrices)).expect(REAL_ONLY);
        values.with_contiguous(T::Complex::zero(), pack_w, |values| {
            small_eig::<T>(eigen, n, a, values, &mut [], &real)
        })
    };
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::vectors(values),
        || make_solver::<T>(n, false),
        plan.small.then_some(batched),
        |solver, index, values| {
            let Some(solver) = solver else { return Ok(()) };
            solve_matrix(solver, matrices.get(index), values, &real)
        },
    )?;
    Ok(real.into_inner())
}

/// The kernel, and buffers to pack matrices, values and vectors that are not contiguous.
struct EigScratch<T: LinalgScalar> {
    eigen: Option<Eigen>,
    matrices: Vec<T>,
    values_and_vectors: [Vec<T::Complex>; 2],
}

impl<T: LinalgScalar> Default for EigScratch<T> {
    fn default() -> Self {
        EigScratch {
            eigen: None,
            matrices: Vec::new(),
            values_and_vectors: [Vec::new(), Vec::new()],
        }
    }
}

/// Solves small real matrices by the kernel, with their vectors if there is memory for them.
/// Clears `real` if a value is not real; returns the indices of the matrices that were not
/// handled.
fn small_eig<T: LinalgScalar>(
    eigen: &mut Eigen,
    n: usize,
    a: &[T::Real],
    values: &mut [T::Complex],
    vectors: &mut [T::Complex],
    real: &AtomicBool,
) -> Vec<usize> {
    let complex = |parts: [f64; 2]| T::Complex::from_parts(parts.map(rounded));
    let mut unhandled = Vec::new();
    let mut all_real = true;
    for (at, (matrix, values)) in a
        .chunks_exact(n * n)
        .zip(values.chunks_exact_mut(n))
        .enumerate()
    {
        if !eigen.solve(matrix) {
            unhandled.push(at);
            continue;
        }
        for (value, parts) in values.iter_mut().zip(eigen.values()) {
            *value = complex(*parts);
            all_real &= parts[1] == 0.0;
        }
        if let Some(vectors) = vectors.get_mut(at * n * n..(at + 1) * n * n) {
            for (row, elements) in vectors.chunks_exact_mut(n).enumerate() {
                for (column, element) in elements.iter_mut().enumerate() {
                    *element = complex(eigen.vector(row, column));
                }
            }
        }
    }
    if !all_real {
        real.store(false, Ordering::Relaxed);
    }
    unhandled
}

/// `None` for matrices without elements.
///
/// Single precision is decomposed in double, as the kernel does: balancing may leave elements
/// so far apart that `cgeev` loses the vectors.
fn make_solver<T: LinalgScalar>(n: usize, vectors: bool) -> Result<Option<Geev<T::Double>>, Error> {
    (n > 0).then(|| Geev::new(n, vectors)).transpose()
}

/// Computes the values of one matrix. Clears `real` if one of them is not real.
fn solve_matrix<T: LinalgScalar>(
    solver: &mut Geev<T::Double>,
    a: ArrayView2<'_, T>,
    mut values: ArrayViewMut2<'_, T::Complex>,
    real: &AtomicBool,
) -> Result<(), Reason> {
    // The matrix itself, not its transpose, has its values in NumPy's order.
    to_double(a.t(), solver.matrix());
    if !is_finite(solver.matrix()) {
        return Err(Reason::NotFinite);
    }
    solver.solve()?;
    for (index, value) in values.iter_mut().enumerate() {
        *value = T::Complex::from_parts(solver.value(index).map(rounded));
        if !solver.is_real(index) {
            real.store(false, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// [`eig`] as an operation on tensors of any dtype. The last result is one if all eigenvalues
/// of real matrices are real, and zero otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Eig;

impl ScalarOperation for Eig {
    const NAME: &'static str = "eig";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [values, vectors] = eig_shape(shapes[0])?;
        Ok(Results::new(
            1,
            [
                (Kind::Complex, values),
                (Kind::Complex, vectors),
                (Kind::Index, Vec::new()),
            ],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [values, vectors, real] = work.outputs();
        let (values, vectors) = (values.into_view()?, vectors.into_view()?);
        let is_real = eig_into(work.operand::<T>(0)?, values, vectors, work.workers)?;
        real.into_view()?.fill(i32::from(is_real));
        Ok(())
    }
}

/// [`eigvals`] as an operation on tensors of any dtype. The last result is one if all eigenvalues
/// of real matrices are real, and zero otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Eigvals;

impl ScalarOperation for Eigvals {
    const NAME: &'static str = "eigvals";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let values = eigvals_shape(shapes[0])?;
        Ok(Results::new(
            1,
            [(Kind::Complex, values), (Kind::Index, Vec::new())],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [values, real] = work.outputs();
        let is_real = eigvals_into(work.operand::<T>(0)?, values.into_view()?, work.workers)?;
        real.into_view()?.fill(i32::from(is_real));
        Ok(())
    }
}
