//! Least squares.

use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use num_traits::{Float as _, NumCast, One as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::Scalar;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{check_finite, copy_into, is_finite, to_f};
use crate::base::memory::zeros_array;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, as_columns, split_matrix_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::least_squares::{LstsqResults, batched_lstsq};
use crate::lapack::Gelsd;
use crate::least_squares::full_rank::FullRankSolver;

/// The results of [`lstsq`]: owned arrays, or memory for them.
#[derive(Clone, Debug)]
pub struct LeastSquares<X, R, K> {
    /// The solutions, of shape `(..., n, k)`, or `(..., n)` if `b` is a vector.
    pub x: X,
    /// The sums of squares of `b - A x`, of shape `(..., k)`, with a `k` of one for
    /// a vector. NaN where the rank is less than `n`; with `m <= n` there are none,
    /// and the shape is `(..., 0)`.
    pub residuals: R,
    /// The ranks, of the shape of the batch.
    pub rank: K,
    /// The singular values in descending order, of shape `(..., min(m, n))`.
    pub singular_values: R,
}

/// Least-squares solutions of the smallest norm.
///
/// The `x` of the smallest 2-norm among those that make the 2-norm of `b - A x`
/// smallest, for each `(m, n)` matrix of the last two axes of `a` and each column
/// of `b`, whose batches broadcast. A `b` of one axis is a vector. Singular values
/// of at most `rcond` times the largest count as zero; without an `rcond` it is
/// `max(m, n)` times the machine epsilon; one outside of (0, 1) is the epsilon.
///
/// # Errors
/// [`Error::TooFewAxes`], [`Error::RightSide`], [`Error::Broadcast`];
/// [`Reason::NotANumber`] and [`Reason::NotFinite`] for a matrix; a column of `b`
/// with a NaN or an infinity has a solution of NaN. [`Reason::NoConvergence`].
///
/// # Accuracy
/// Backward stable: `x` solves the problem for a matrix within `c max(m, n) eps
/// |A|` of `A`. LAPACK `geqrf`, and for the singular values of `R` what
/// [`svdvals`](crate::svdvals) has; where the rank
/// is not `n`, or there are more sides than columns, `gelsd`.
///
/// ```
/// use ndarray::array;
///
/// // The line through (0, 1), (1, 3) and (2, 5).
/// let a = array![[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]];
/// let found = scirs2_linalg::lstsq(&a, &array![1.0, 3.0, 5.0], None)?;
/// assert!((found.x[[0]] - 2.0_f64).abs() < 1e-14 && (found.x[[1]] - 1.0).abs() < 1e-14);
/// assert_eq!(found.rank[[]], 2);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "four arrays")]
pub fn lstsq<S, D, Z, E>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<Z, E>,
    rcond: Option<f64>,
) -> Result<LeastSquares<ArrayD<S::Elem>, ArrayD<<S::Elem as Scalar>::Real>, ArrayD<i32>>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
    Z: Data<Elem = S::Elem>,
    E: Dimension,
{
    let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
    let shape = lstsq_shape(a.shape(), b.shape())?;
    let mut found = LeastSquares {
        x: zeros_array(&shape.x)?,
        residuals: zeros_array(&shape.residuals)?,
        rank: zeros_array(&shape.rank)?,
        singular_values: zeros_array(&shape.singular_values)?,
    };
    let outputs = LeastSquares {
        x: found.x.view_mut(),
        residuals: found.residuals.view_mut(),
        rank: found.rank.view_mut(),
        singular_values: found.singular_values.view_mut(),
    };
    lstsq_into(a, b, rcond, outputs, &Workers::current())?;
    Ok(found)
}

/// The shapes of what [`lstsq_into`] writes.
///
/// # Errors
/// The errors of [`lstsq`] that depend on the shapes.
#[expect(clippy::type_complexity, reason = "four shapes")]
pub fn lstsq_shape(
    a: &[usize],
    b: &[usize],
) -> Result<LeastSquares<Vec<usize>, Vec<usize>, Vec<usize>>, Error> {
    let problem = Shapes::new(a, b)?;
    let (m, n) = (problem.rows, problem.columns);
    let shape = |core: &[usize]| [&problem.batch, core].concat();
    let residuals = if m > n { problem.nrhs } else { 0 };
    Ok(LeastSquares {
        x: if b.len() == 1 {
            shape(&[n])
        } else {
            shape(&[n, problem.nrhs])
        },
        residuals: shape(&[residuals]),
        rank: problem.batch.clone(),
        singular_values: shape(&[m.min(n)]),
    })
}

/// [`lstsq`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`lstsq`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn lstsq_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    rcond: Option<f64>,
    out: LeastSquares<ArrayViewMutD<'_, T>, ArrayViewMutD<'_, T::Real>, ArrayViewMutD<'_, i32>>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = lstsq_shape(a.shape(), b.shape())?;
    shape::check_output(&expected.x, &out.x)?;
    shape::check_output(&expected.residuals, &out.residuals)?;
    shape::check_output(&expected.rank, &out.rank)?;
    shape::check_output(&expected.singular_values, &out.singular_values)?;
    let problem = Shapes::new(a.shape(), b.shape())?;
    let (m, n, nrhs) = (problem.rows, problem.columns, problem.nrhs);
    let least = m.min(n) as f64;
    let batch = Batch {
        shape: &problem.batch,
        flops: m as f64 * n as f64 * (4.0 * least + 4.0 * nrhs as f64) + 8.0 * least.powi(3),
        workers,
    };
    let epsilon: f64 = T::Real::epsilon().into();
    let rcond = rcond.unwrap_or(epsilon * m.max(n) as f64);
    let rcond = <T::Real as NumCast>::from(rcond).unwrap_or_else(T::Real::nan);
    // LAPACK replaces a value outside (0, 1) by its epsilon, which is half of this one.
    let safe_rcond = if rcond > T::Real::zero() && rcond < T::Real::one() {
        rcond
    } else {
        T::Real::epsilon()
    };
    let sizes = Sizes {
        rhs: nrhs,
        ..Sizes::new(m, n, batch.count())
    };
    let plan = Plan::of::<T>(Problem::Lstsq, sizes);
    let vector = b.ndim() == 1;
    let b = as_columns(b, vector);
    let (matrices, rhs) = (
        MatrixBatch::new(&a, batch.shape),
        MatrixBatch::new(&b, batch.shape),
    );
    let outputs = (
        MatrixBatchMut::new(as_columns(out.x, vector)),
        MatrixBatchMut::vectors(out.residuals),
        MatrixBatchMut::scalars(out.rank),
        MatrixBatchMut::vectors(out.singular_values),
    );
    let batched =
        |scratch: &mut LstsqScratch<T>, indices: Range<usize>, out: &mut LstsqOutputs<'_, T>| {
            let (x, residuals, rank, s) = out;
            let ([pack_a, pack_b, pack_x], [pack_residuals, pack_s], pack_rank) = scratch;
            let (a, b) = (
                matrices.contiguous(indices.clone(), pack_a),
                rhs.contiguous(indices, pack_b),
            );
            let zero = T::Real::zero();
            rank.with_contiguous(0, pack_rank, |rank| rank.fill(full_rank(n)));
            let unhandled = x.with_contiguous(T::zero(), pack_x, |x| {
                residuals.with_contiguous(zero, pack_residuals, |residuals| {
                    s.with_contiguous(zero, pack_s, |s| {
                        let found = LstsqResults {
                            x: T::as_real_mut(x)?,
                            residuals,
                            values: s,
                        };
                        let (a, b) = (T::as_real(a)?, T::as_real(b)?);
                        Some(batched_lstsq([m, n, nrhs], safe_rcond, a, b, found))
                    })
                })
            });
            unhandled.expect(REAL_ONLY)
        };
    batch.for_each_with_batched_kernel(
        outputs,
        || {
            let solved = m > 0 && n > 0;
            solved
                .then(|| LstsqSolver::new([m, n, nrhs.max(1)], plan))
                .transpose()
        },
        plan.batched.then_some(batched),
        |solver, index, (x, residuals, mut rank, s)| {
            let (a, b) = (matrices.get(index), rhs.get(index));
            rank[[0, 0]] = match solver {
                Some(solver) => solve_matrix(solver, a, b, [rcond, safe_rcond], x, residuals, s)?,
                None => solve_empty(b, x, residuals),
            };
            Ok(())
        },
    )
}

/// [`lstsq`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lstsq {
    /// Singular values of at most this times the largest count as zero.
    pub rcond: Option<f64>,
}

impl ScalarOperation for Lstsq {
    const NAME: &'static str = "lstsq";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = lstsq_shape(shapes[0], shapes[1])?;
        let axes = shape.x.len() - shape.rank.len();
        Ok(Results::new(
            axes,
            [
                (Kind::Same, shape.x),
                (Kind::Real, shape.residuals),
                (Kind::Index, shape.rank),
                (Kind::Real, shape.singular_values),
            ],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [x, residuals, rank, singular_values] = work.outputs();
        let out = LeastSquares {
            x: x.into_view()?,
            residuals: residuals.into_view()?,
            rank: rank.into_view()?,
            singular_values: singular_values.into_view()?,
        };
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        lstsq_into(a, b, self.rcond, out, work.workers)
    }
}

/// Buffers to pack matrices, right-hand sides and solutions, residuals and singular values,
/// and ranks that are not contiguous.
type LstsqScratch<T> = ([Vec<T>; 3], [Vec<<T as Scalar>::Real>; 2], Vec<i32>);

/// Solutions, residuals, ranks and singular values.
type LstsqOutputs<'a, T> = (
    MatrixBatchMut<'a, T>,
    MatrixBatchMut<'a, <T as Scalar>::Real>,
    MatrixBatchMut<'a, i32>,
    MatrixBatchMut<'a, <T as Scalar>::Real>,
);

/// The number of columns, as a rank.
fn full_rank(n: usize) -> i32 {
    i32::try_from(n).expect("LAPACK and the kernels count in 32 bits")
}

/// Matrices, and right-hand sides for them.
struct Shapes {
    batch: Vec<usize>,
    rows: usize,
    columns: usize,
    nrhs: usize,
}

impl Shapes {
    fn new(a: &[usize], b: &[usize]) -> Result<Self, Error> {
        let (a_batch, rows, columns) = split_matrix_shape(1, a)?;
        let (b_batch, b_rows, nrhs) = match *b {
            [] => {
                return Err(Error::TooFewAxes {
                    argument: 2,
                    shape: Vec::new(),
                    least: 1,
                });
            }
            [rows] => (&[][..], rows, 1),
            _ => split_matrix_shape(2, b)?,
        };
        if rows != b_rows {
            return Err(Error::RightSide {
                matrix: a.to_vec(),
                right: b.to_vec(),
            });
        }
        Ok(Shapes {
            batch: broadcast(&[a_batch, b_batch])?,
            rows,
            columns,
            nrhs,
        })
    }
}

/// Memory for matrices of one shape.
struct LstsqSolver<T: LinalgScalar> {
    full_rank: Option<FullRankSolver<T>>,
    gelsd: Gelsd<T>,
}

impl<T: LinalgScalar> LstsqSolver<T> {
    fn new([m, n, nrhs]: [usize; 3], plan: Plan) -> Result<Self, Error> {
        // First, because it checks that LAPACK can count the rows.
        let gelsd = Gelsd::new(m, n, nrhs)?;
        Ok(LstsqSolver {
            full_rank: plan
                .blocked
                .then(|| FullRankSolver::new(m, n, nrhs))
                .transpose()?,
            gelsd,
        })
    }

    /// Loads a matrix and its right-hand sides; returns the indices of the right-hand sides
    /// that were not finite, which are replaced by zeros.
    fn load(&mut self, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Result<Vec<usize>, Reason> {
        if !check_finite(to_f(a, self.gelsd.matrix()))? {
            return Err(Reason::NotFinite);
        }
        let ldb = self.gelsd.ldb();
        let mut nonfinite_rhs = Vec::new();
        let rhs = self.gelsd.rhs();
        rhs.fill(T::zero());
        for (column, to) in rhs.chunks_exact_mut(ldb).take(b.ncols()).enumerate() {
            let to = &mut to[..b.nrows()];
            for (to, &from) in to.iter_mut().zip(b.column(column)) {
                *to = from;
            }
            if !is_finite(to) {
                // LAPACK would propagate it to every column.
                to.fill(T::zero());
                nonfinite_rhs.push(column);
            }
        }
        Ok(nonfinite_rhs)
    }
}

/// Solves for one matrix; returns its rank. `rcond` is LAPACK's, and one that is never
/// less.
fn solve_matrix<T: LinalgScalar>(
    solver: &mut LstsqSolver<T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    [rcond, safe_rcond]: [T::Real; 2],
    mut x: ArrayViewMut2<'_, T>,
    mut residuals: ArrayViewMut2<'_, T::Real>,
    s: ArrayViewMut2<'_, T::Real>,
) -> Result<i32, Reason> {
    let nonfinite_rhs = solver.load(a, b)?;
    let LstsqSolver {
        full_rank: full_rank_solver,
        gelsd,
    } = &mut *solver;
    let values = full_rank_solver
        .as_mut()
        .and_then(|solver| solver.solve(gelsd.system(), safe_rcond));
    let rank = match values {
        Some(values) => {
            copy_into(values, s);
            full_rank(a.ncols())
        }
        None => {
            if solver.full_rank.is_some() {
                solver.load(a, b)?;
            }
            let (rank, values) = solver.gelsd.solve(rcond)?;
            copy_into(values, s);
            rank
        }
    };
    let gelsd = &mut solver.gelsd;
    let ldb = gelsd.ldb();
    let nan = T::Real::nan();
    let full = usize::try_from(rank) == Ok(a.ncols());
    let solutions = gelsd.rhs().chunks_exact(ldb).take(b.ncols());
    for (column, solution) in solutions.enumerate() {
        let (solution, remainder) = solution.split_at(a.ncols());
        let nonfinite_rhs = nonfinite_rhs.contains(&column);
        for (to, &element) in x.column_mut(column).iter_mut().zip(solution) {
            *to = if nonfinite_rhs {
                T::from_parts([nan, nan])
            } else {
                element
            };
        }
        if let Some(residual) = residuals.get_mut([column, 0]) {
            *residual = if full && !nonfinite_rhs {
                sum_of_squares(remainder)
            } else {
                nan
            };
        }
    }
    Ok(rank)
}

/// A matrix without rows or columns: the solution is zero, and the residual is
/// all of `b`.
fn solve_empty<T: LinalgScalar>(
    b: ArrayView2<'_, T>,
    mut x: ArrayViewMut2<'_, T>,
    mut residuals: ArrayViewMut2<'_, T::Real>,
) -> i32 {
    x.fill(T::zero());
    for (residual, column) in residuals.iter_mut().zip(b.columns()) {
        *residual = sum_of_squares(column);
    }
    0
}

/// The sum of the squares of moduli.
fn sum_of_squares<'a, T: LinalgScalar>(elements: impl IntoIterator<Item = &'a T>) -> T::Real {
    let square = |x: &T| {
        let [re, im] = x.parts();
        re * re + im * im
    };
    elements
        .into_iter()
        .fold(T::Real::zero(), |sum, x| sum + square(x))
}
