//! Eigenvalues and eigenvectors of Hermitian matrices.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use num_traits::{Float as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::Scalar;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{is_finite, to_f, transpose_in_place, with_c_order};
use crate::base::memory::{zeros, zeros_array};
use crate::base::scale::rounded;
use crate::base::scale::scale_to_unit;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::jacobi::batched_eigh;
use crate::kernels::orthonormal::are_orthonormal_rows;
use crate::kernels::signs::normalize_signs;
use crate::kernels::small::symmetric::{Symmetric, tridiagonal_values};
use crate::lapack::{Heevd, Hetrd, SMLSIZ};

/// Eigenvalues and eigenvectors of Hermitian matrices.
///
/// `A = V diag(w) V^H`, with `V` unitary and `w` in ascending order, for each
/// matrix of the last two axes: `w` has shape `(..., n)`, and column `i` of `V`,
/// of shape `(..., n, n)`, belongs to `w[i]`. Only the given triangle of `a` is read; the
/// imaginary part of the diagonal is taken as zero. In each vector the first element whose
/// modulus is at least 0.999 of the largest is real and positive: signs do not depend on
/// the algorithm. If a matrix has a NaN or an infinity, all its results are NaN.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], and [`Reason::NoConvergence`].
///
/// # Accuracy
/// Backward stable: `|A - V w V^H| <= c n eps |A|`, and each value is right to
/// `c n eps |A|`. LAPACK `syevd`, `heevd`, and `syev`, `heev` where the vectors of
/// those are less orthogonal than that: `heevr` is
/// faster for some matrices, but its vectors are some thirty times less
/// orthogonal. Small real matrices by kernels: Jacobi's rotations up to order 4, and up
/// to 40 where there are many; else QL steps up to 96, as `steqr` and `sterf`.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Triangle, eigh};
///
/// let a = array![[2.0_f64, 1.0], [1.0, 2.0]];
/// let (values, vectors) = eigh(&a, Triangle::Lower)?;
/// assert!((values[[0]] - 1.0).abs() < 1e-15 && (values[[1]] - 3.0).abs() < 1e-15);
/// assert!((vectors[[0, 1]] - vectors[[1, 1]]).abs() < 1e-15);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn eigh<S, D>(
    a: &ArrayBase<S, D>,
    triangle: Triangle,
) -> Result<
    (
        ArrayD<<S::Elem as scirs2_core::Scalar>::Real>,
        ArrayD<S::Elem>,
    ),
    Error,
>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [values, vectors] = eigh_shape(a.shape())?;
    let (mut values, mut vectors) = (zeros_array(&values)?, zeros_array(&vectors)?);
    let (w, v) = (values.view_mut(), vectors.view_mut());
    eigh_into(a, triangle, w, v, &Workers::current())?;
    Ok((values, vectors))
}

/// The shapes of what [`eigh_into`] writes: values and vectors.
///
/// # Errors
/// The errors of [`eigh`] that depend on the shape.
pub fn eigh_shape(a: &[usize]) -> Result<[Vec<usize>; 2], Error> {
    Ok([eigvalsh_shape(a)?, a.to_vec()])
}

/// [`eigh`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`eigh`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn eigh_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    triangle: Triangle,
    values: ArrayViewMutD<'_, T::Real>,
    vectors: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [values_shape, vectors_shape] = eigh_shape(a.shape())?;
    shape::check_output(&values_shape, &values)?;
    shape::check_output(&vectors_shape, &vectors)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 9.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let plan = Plan::of::<T>(Problem::Eigh, Sizes::new(n, n, batch.count()));
    let batched = |([pack_a, pack_v], pack_w, kernel): &mut EighScratch<T>,
                   indices,
                   out: &mut (MatrixBatchMut<'_, _>, MatrixBatchMut<'_, _>)| {
        let a = matrices.contiguous(indices, pack_a);
        let unhandled = out.0.with_contiguous(T::Real::zero(), pack_w, |values| {
            out.1.with_contiguous(T::zero(), pack_v, |vectors| {
                let vectors = T::as_real_mut(vectors)?;
                Some(small_eigh::<T>(
                    (n, plan),
                    triangle,
                    T::as_real(a)?,
                    values,
                    vectors,
                    kernel,
                ))
            })
        });
        unhandled.expect(REAL_ONLY)
    };
    batch.for_each_with_batched_kernel(
        (
            MatrixBatchMut::vectors(values),
            MatrixBatchMut::new(vectors),
        ),
        || Ok((EighSolver::new(n, triangle, true)?, Vec::new())),
        (plan.batched || plan.small).then_some(batched),
        |(solver, workspace), index, (mut values, vectors)| {
            with_c_order(vectors, workspace, |vectors| {
                solver.run(matrices.get(index), vectors, values.view_mut())?;
                transpose_in_place(n, vectors);
                Ok(())
            })
        },
    )
}

/// Eigenvalues of Hermitian matrices, in ascending order.
///
/// As [`eigh`] without the vectors, of shape `(..., n)`, in about a fifth of the
/// time.
///
/// # Errors
/// The same as [`eigh`].
///
/// # Accuracy
/// As [`eigh`]: the same kernels, or the values of the tridiagonal form of LAPACK's `sytrd`,
/// `hetrd`. LAPACK's `sterf` is left out: where the square of an element underflows,
/// it loses all digits.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Triangle, eigvalsh};
///
/// let a = array![[2.0, 0.0], [0.0, 1.0]];
/// assert_eq!(eigvalsh(&a, Triangle::Lower)?, array![1.0, 2.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn eigvalsh<S, D>(
    a: &ArrayBase<S, D>,
    triangle: Triangle,
) -> Result<ArrayD<<S::Elem as scirs2_core::Scalar>::Real>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut values = zeros_array(&eigvalsh_shape(a.shape())?)?;
    eigvalsh_into(a, triangle, values.view_mut(), &Workers::current())?;
    Ok(values)
}

/// The shape of what [`eigvalsh_into`] writes.
///
/// # Errors
/// The errors of [`eigvalsh`] that depend on the shape.
pub fn eigvalsh_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, n) = split_square_shape(1, a)?;
    Ok([batch, &[n]].concat())
}

/// [`eigvalsh`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`eigvalsh`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn eigvalsh_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    triangle: Triangle,
    values: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&eigvalsh_shape(a.shape())?, &values)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 4.0 / 3.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let plan = Plan::of::<T>(Problem::Eigh, Sizes::new(n, n, batch.count()));
    let batched = |([pack_a, _], pack_w, kernel): &mut EighScratch<T>,
                   indices,
                   values: &mut MatrixBatchMut<'_, _>| {
        let a = matrices.contiguous(indices, pack_a);
        let unhandled = values.with_contiguous(T::Real::zero(), pack_w, |values| {
            Some(small_eigh::<T>(
                (n, plan),
                triangle,
                T::as_real(a)?,
                values,
                &mut [],
                kernel,
            ))
        });
        unhandled.expect(REAL_ONLY)
    };
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::vectors(values),
        || Ok((EighSolver::new(n, triangle, false)?, zeros(n * n)?)),
        (plan.batched || plan.small).then_some(batched),
        |(solver, matrix), index, values| solver.run(matrices.get(index), matrix, values),
    )
}

/// [`eigh`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Eigh {
    /// Whether the upper triangle is read.
    pub upper: bool,
}

impl ScalarOperation for Eigh {
    const NAME: &'static str = "eigh";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [values, vectors] = eigh_shape(shapes[0])?;
        Ok(Results::new(
            1,
            [(Kind::Real, values), (Kind::Same, vectors)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [values, vectors] = work.outputs();
        eigh_into(
            work.operand::<T>(0)?,
            Triangle::from_upper(self.upper),
            values.into_view()?,
            vectors.into_view()?,
            work.workers,
        )
    }
}

/// [`eigvalsh`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Eigvalsh {
    /// Whether the upper triangle is read.
    pub upper: bool,
}

impl ScalarOperation for Eigvalsh {
    const NAME: &'static str = "eigvalsh";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(1, [(Kind::Real, eigvalsh_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [values] = work.outputs();
        eigvalsh_into(
            work.operand::<T>(0)?,
            Triangle::from_upper(self.upper),
            values.into_view()?,
            work.workers,
        )
    }
}

/// Buffers to pack matrices, vectors and values that are not contiguous, and memory for one
/// matrix.
type EighScratch<T> = ([Vec<T>; 2], Vec<<T as Scalar>::Real>, Option<Symmetric>);

/// Solves `count` small symmetric matrices by the fastest kernel: the values, and the vectors
/// in columns if there is memory for them. Returns the indices of the matrices that were not
/// handled.
fn small_eigh<T: LinalgScalar>(
    (n, plan): (usize, Plan),
    triangle: Triangle,
    a: &[T::Real],
    values: &mut [T::Real],
    vectors: &mut [T::Real],
    kernel: &mut Option<Symmetric>,
) -> Vec<usize> {
    let upper = triangle == Triangle::Upper;
    if plan.batched {
        return batched_eigh(n, upper, a, values, vectors);
    }
    let kernel = kernel.get_or_insert_with(|| Symmetric::new(n, upper, !vectors.is_empty()));
    let mut unhandled = Vec::new();
    for (at, matrix) in a.chunks_exact(n * n).enumerate() {
        if !kernel.solve(matrix) {
            unhandled.push(at);
            continue;
        }
        for (to, &value) in values[at * n..].iter_mut().zip(kernel.values()) {
            *to = rounded(value);
        }
        if let Some(vectors) = vectors.get_mut(at * n * n..(at + 1) * n * n) {
            for (row, elements) in vectors.chunks_exact_mut(n).enumerate() {
                for (column, element) in elements.iter_mut().enumerate() {
                    *element = rounded(kernel.vector(row, column));
                }
            }
        }
    }
    unhandled
}

/// Hermitian matrices of one order, in LAPACK's memory.
pub(crate) struct EighSolver<T: LinalgScalar> {
    n: usize,
    triangle: Triangle,
    routine: Routine<T>,
}

/// LAPACK's routine for the requested results.
enum Routine<T: LinalgScalar> {
    /// None, for matrices without elements.
    Empty,
    /// With an element for each vector, to check whether they are orthogonal.
    Vectors(Heevd<T>, Vec<T>),
    Values(TridiagonalValues<T>),
}

impl<T: LinalgScalar> EighSolver<T> {
    pub(crate) fn new(n: usize, triangle: Triangle, vectors: bool) -> Result<Self, Error> {
        let routine = if n == 0 {
            Routine::Empty
        } else if vectors {
            Routine::Vectors(Heevd::new(n, triangle)?, zeros(n)?)
        } else {
            Routine::Values(TridiagonalValues::new(n, triangle)?)
        };
        Ok(EighSolver {
            n,
            triangle,
            routine,
        })
    }

    /// Puts the eigenvalues of `a` into `values`, and the vectors, if the solver
    /// computes them, into `matrix`, column by column. All of them are NaN if an
    /// element that is used is not finite.
    pub(crate) fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        matrix: &mut [T],
        mut values: ArrayViewMut2<'_, T::Real>,
    ) -> Result<(), Reason> {
        if self.n == 0 {
            return Ok(());
        }
        let matrix = to_f(a, matrix);
        let Some(power) = prepare(self.n, self.triangle, matrix) else {
            let nan = T::Real::nan();
            matrix.fill(T::from_parts([nan, nan]));
            values.fill(nan);
            return Ok(());
        };
        match &mut self.routine {
            Routine::Empty => {}
            Routine::Vectors(lapack, sums) => {
                let is_right = lapack.solve(matrix).is_ok()
                    && (self.n <= SMLSIZ || are_orthonormal_rows(self.n, matrix, sums));
                if !is_right {
                    to_f(a, matrix);
                    prepare(self.n, self.triangle, matrix);
                    lapack.solve_by_qr(matrix)?;
                }
                for (to, &value) in values.iter_mut().zip(lapack.values()) {
                    *to = rounded(value.into() * power);
                }
                normalize_signs(self.n, matrix);
            }
            Routine::Values(lapack) => {
                for (to, &value) in values.iter_mut().zip(lapack.solve(matrix)?) {
                    *to = rounded(value * power);
                }
            }
        }
        Ok(())
    }
}

/// Clears the triangle of a matrix that is not read, so that it cannot affect the result, and
/// divides the rest by the power of two that is returned; `None` if an element of the rest is
/// not finite.
///
/// LAPACK scales less, and squares of the scaled elements can overflow: it then writes
/// outside its memory (heevd, with large elements beside zeros).
pub(super) fn prepare<T: LinalgScalar>(
    n: usize,
    triangle: Triangle,
    matrix: &mut [T],
) -> Option<f64> {
    let mut finite = true;
    let read_before = usize::from(triangle == Triangle::Upper);
    for (index, column) in matrix.chunks_exact_mut(n).enumerate() {
        column[index] = T::from_parts([column[index].parts()[0], T::Real::zero()]);
        let (before, after) = column.split_at_mut(index + read_before);
        let (read, unread) = match triangle {
            Triangle::Upper => (before, after),
            Triangle::Lower => (after, before),
        };
        finite &= is_finite(read);
        unread.fill(T::zero());
    }
    finite.then(|| scale_to_unit(matrix))
}

/// Eigenvalues alone, from the tridiagonal form, in double precision. LAPACK's own routine
/// for them, `sterf`, is wrong if the square of an element underflows, in single precision
/// the square of a rounding error.
struct TridiagonalValues<T: LinalgScalar> {
    lapack: Hetrd<T>,
    values: Vec<f64>,
    off_diagonal: Vec<f64>,
    copy: [Vec<f64>; 2],
}

impl<T: LinalgScalar> TridiagonalValues<T> {
    fn new(n: usize, triangle: Triangle) -> Result<Self, Error> {
        Ok(TridiagonalValues {
            lapack: Hetrd::new(n, triangle)?,
            values: zeros(n)?,
            off_diagonal: zeros(n)?,
            copy: [zeros(n)?, zeros(n)?],
        })
    }

    /// The eigenvalues, the smallest first; `a` is overwritten.
    fn solve(&mut self, a: &mut [T]) -> Result<&[f64], Reason> {
        let (diagonal, off_diagonal) = self.lapack.reduce(a);
        for (to, &x) in self.values.iter_mut().zip(diagonal) {
            *to = x.into();
        }
        for (to, &x) in self.off_diagonal.iter_mut().zip(off_diagonal) {
            *to = x.into();
        }
        let copy = self.copy.each_mut().map(|copy| &mut copy[..]);
        if !tridiagonal_values(&mut self.values, &mut self.off_diagonal, copy) {
            return Err(Reason::NoConvergence { routine: "steqr" });
        }
        Ok(&self.values)
    }
}
