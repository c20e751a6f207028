//! Systems with positive definite matrices, factored once.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension, s,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{InPlaceBuffer, all_in_runs, is_finite};
use crate::base::memory::zeros_array;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, LinearSystem, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::solve::cholesky::factor_triangle;
use crate::solve::triangular::{Op, SystemWorkspace, Triangular, TriangularRef, for_each_system};

/// Cholesky factors in the form that [`cho_solve`] takes.
///
/// Like [`cholesky`](crate::cholesky()), but the other triangle of `a` is kept; beside a diagonal
/// factor it is zero.
/// `A = U^H U` with [`Triangle::Upper`], `A = L L^H` with [`Triangle::Lower`]; only the given
/// triangle of `a` is read.
///
/// # Errors
/// The same as [`cholesky`](crate::cholesky()). A NaN goes into the result, too.
///
/// # Accuracy
/// Backward stable: `|A - L L^H| <= c n eps |A|` (LAPACK `potrf`).
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Triangle, cho_factor};
///
/// let c = cho_factor(&array![[4.0, 2.0], [7.0, 5.0]], Triangle::Upper)?;
/// assert_eq!(c, array![[2.0, 1.0], [7.0, 2.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn cho_factor<S, D>(a: &ArrayBase<S, D>, triangle: Triangle) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&cho_factor_shape(a.shape())?)?;
    cho_factor_into(a, triangle, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`cho_factor_into`] writes: that of `a`.
///
/// # Errors
/// The errors of [`cho_factor`] that depend on the shape.
pub fn cho_factor_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    split_square_shape(1, a)?;
    Ok(a.to_vec())
}

/// [`cho_factor`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`cho_factor`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn cho_factor_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    triangle: Triangle,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&cho_factor_shape(a.shape())?, &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: (n as f64).powi(3) / 3.0,
        workers,
    };
    let plan = Plan::of::<T>(Problem::Cholesky, Sizes::new(n, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        MatrixBatchMut::new(out),
        || Ok(InPlaceBuffer::new()),
        |workspace, index, out| {
            let a = matrices.get(index);
            workspace.run(a, out, |matrix| {
                factor_triangle(plan, a, triangle, matrix)?;
                let factor = ArrayViewMut2::from_shape((n, n), matrix);
                clear_beside_diagonal(factor.expect("a square"), triangle);
                Ok(())
            })
        },
    )
}

/// Solutions of `A X = B` from the factors of `A` that [`cho_factor`] gives, or
/// those of [`cholesky`](crate::cholesky()). Only the given triangle of `c`, which holds the
/// factors, is read.
///
/// `b` is one vector if it has one axis, else its last two axes are matrices of
/// right-hand sides. The batches broadcast.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`],
/// [`Error::Broadcast`], [`Error::OtherTriangle`] for factors that lie in the other
/// triangle, [`Reason::Singular`], [`Reason::NotFinite`] and
/// [`Reason::NotFiniteRightSide`].
///
/// # Accuracy
/// Backward stable: `|A x - b| <= c n eps |A| |x|` (BLAS `trsm`, `trsv`).
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Triangle, cho_factor, cho_solve};
///
/// let c = cho_factor(&array![[4.0, 2.0], [2.0, 5.0]], Triangle::Upper)?;
/// let x = cho_solve(&c, Triangle::Upper, &array![6.0, 7.0])?;
/// assert_eq!(x, array![1.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn cho_solve<S, D, R, E>(
    c: &ArrayBase<S, D>,
    triangle: Triangle,
    b: &ArrayBase<R, E>,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
    R: Data<Elem = S::Elem>,
    E: Dimension,
{
    let (c, b) = (c.view().into_dyn(), b.view().into_dyn());
    let mut out = zeros_array(&cho_solve_shape(c.shape(), b.shape())?)?;
    cho_solve_into(c, triangle, b, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`cho_solve_into`] writes: the batch, then the last axis or
/// axes of `b`.
///
/// # Errors
/// The errors of [`cho_solve`] that depend on the shapes.
pub fn cho_solve_shape(c: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    Ok(LinearSystem::new(c, b)?.solution_shape())
}

/// [`cho_solve`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`cho_solve`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn cho_solve_into<T: LinalgScalar>(
    c: ArrayViewD<'_, T>,
    triangle: Triangle,
    b: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let system = LinearSystem::new(c.shape(), b.shape())?;
    check_triangle(&c, triangle, workers)?;
    let steps = steps(triangle).map(|op| Triangular {
        triangle,
        op,
        unit_diagonal: false,
    });
    for_each_system(
        &system,
        &steps,
        (c, b, out),
        workers,
        |workspace, c, b, out| solve_matrix(workspace, c, triangle, b, out),
    )
}

/// An error if the factors lie in the other triangle: all of theirs in `triangle` is on the
/// diagonal, and the other triangle holds more, as a result of
/// [`cholesky`](crate::cholesky()) with the other triangle does.
///
/// This looks at the whole batch, because one choice of the triangle holds for all of it, and
/// ends at the first element off the diagonal that is not zero: in most factors at once.
fn check_triangle<T: LinalgScalar>(
    c: &ArrayViewD<'_, T>,
    triangle: Triangle,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (batch, n) = split_square_shape(1, c.shape())?;
    if n < 2 {
        return Ok(());
    }
    let matrices = MatrixBatch::new(c, batch);
    let mut others_are_diagonal = true;
    for index in 0..batch.iter().product() {
        let matrix = matrices.get(index);
        if !is_diagonal(matrix, triangle) {
            return Ok(());
        }
        workers.check_interrupted()?;
        others_are_diagonal = others_are_diagonal && is_diagonal(matrix, triangle.transposed());
    }
    if others_are_diagonal {
        Ok(())
    } else {
        Err(Error::OtherTriangle { read: triangle })
    }
}

/// Clears the other triangle beside factors that are diagonal, so that
/// [`check_triangle`] takes them for what they are.
fn clear_beside_diagonal<T: LinalgScalar>(mut factor: ArrayViewMut2<'_, T>, triangle: Triangle) {
    if is_diagonal(factor.view(), triangle) {
        for ((row, column), x) in factor.indexed_iter_mut() {
            if row != column {
                *x = T::zero();
            }
        }
    }
}

/// Whether a triangle holds only zeros off the diagonal.
fn is_diagonal<T: LinalgScalar>(matrix: ArrayView2<'_, T>, triangle: Triangle) -> bool {
    let [down, right] = [matrix.strides()[0], matrix.strides()[1]].map(isize::unsigned_abs);
    // Along the memory.
    let (matrix, triangle) = if down < right {
        (matrix.reversed_axes(), triangle.transposed())
    } else {
        (matrix, triangle)
    };
    matrix.rows().into_iter().enumerate().all(|(at, row)| {
        let beside = match triangle {
            Triangle::Lower => row.slice_move(s![..at]),
            Triangle::Upper => row.slice_move(s![at + 1..]),
        };
        beside.to_slice().map_or_else(
            || beside.iter().all(T::is_zero),
            |beside| all_in_runs(beside, |x| x.is_zero()),
        )
    })
}

/// Processes one matrix.
fn solve_matrix<T: LinalgScalar>(
    (copy, in_place): &mut SystemWorkspace<T>,
    c: ArrayView2<'_, T>,
    triangle: Triangle,
    b: ArrayView2<'_, T>,
    out: ArrayViewMut2<'_, T>,
) -> Result<(), Reason> {
    let c = TriangularRef::new(c, copy)?;
    c.check_triangle(triangle, false)?;
    c.check_diagonal()?;
    in_place.run(b, out, |b| {
        if !is_finite(b) {
            return Err(Reason::NotFiniteRightSide);
        }
        for op in steps(triangle) {
            c.solve(triangle, op, false, b);
        }
        Ok(())
    })
}

/// The systems with a triangle of factors whose solutions solve that of the matrix.
fn steps(triangle: Triangle) -> [Op; 2] {
    match triangle {
        Triangle::Lower => [Op::NoTranspose, Op::Adjoint],
        Triangle::Upper => [Op::Adjoint, Op::NoTranspose],
    }
}

/// [`cho_factor`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ChoFactor {
    /// Whether the lower triangle is read and written.
    pub lower: bool,
}

impl ScalarOperation for ChoFactor {
    const NAME: &'static str = "cho_factor";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(
            2,
            [(Kind::Same, cho_factor_shape(shapes[0])?)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        cho_factor_into(
            work.operand::<T>(0)?,
            Triangle::from_upper(!self.lower),
            out.into_view()?,
            work.workers,
        )
    }
}

/// [`cho_solve`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ChoSolve {
    /// Whether the factors are lower triangles.
    pub lower: bool,
}

impl ScalarOperation for ChoSolve {
    const NAME: &'static str = "cho_solve";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let b = shapes[1];
        let shape = cho_solve_shape(shapes[0], b)?;
        Ok(Results::new(b.len().min(2), [(Kind::Same, shape)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (c, b) = (work.operand::<T>(0)?, work.operand(1)?);
        let triangle = Triangle::from_upper(!self.lower);
        cho_solve_into(c, triangle, b, out.into_view()?, work.workers)
    }
}
