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
use crate::base::layout::{is_finite, put, screen, to_f};
use crate::base::memory::zeros_array;
use crate::driver::batch::{Batch, Stack, StackMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, columns, matrices};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::many::REAL;
use crate::kernels::many::least_squares::{Found, solutions};
use crate::lapack::Gelsd;
use crate::least_squares::full_rank::FullRank;

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
    let residuals = if m > n { problem.sides } else { 0 };
    Ok(LeastSquares {
        x: if b.len() == 1 {
            shape(&[n])
        } else {
            shape(&[n, problem.sides])
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
    shape::output(&expected.x, &out.x)?;
    shape::output(&expected.residuals, &out.residuals)?;
    shape::output(&expected.rank, &out.rank)?;
    shape::output(&expected.singular_values, &out.singular_values)?;
    let problem = Shapes::new(a.shape(), b.shape())?;
    let (m, n, sides) = (problem.rows, problem.columns, problem.sides);
    let least = m.min(n) as f64;
    let batch = Batch {
        shape: &problem.batch,
        flops: m as f64 * n as f64 * (4.0 * least + 4.0 * sides as f64) + 8.0 * least.powi(3),
        workers,
    };
    let epsilon: f64 = T::Real::epsilon().into();
    let rcond = rcond.unwrap_or(epsilon * m.max(n) as f64);
    let rcond = <T::Real as NumCast>::from(rcond).unwrap_or_else(T::Real::nan);
    // LAPACK replaces a value outside (0, 1) by its epsilon, which is half of this one.
    let safe = if rcond > T::Real::zero() && rcond < T::Real::one() {
        rcond
    } else {
        T::Real::epsilon()
    };
    let sizes = Sizes {
        rhs: sides,
        ..Sizes::new(m, n, batch.count())
    };
    let plan = Plan::of::<T>(Problem::Lstsq, sizes);
    let vector = b.ndim() == 1;
    let b = columns(b, vector);
    let (matrices, right) = (Stack::new(&a, batch.shape), Stack::new(&b, batch.shape));
    let outputs = (
        StackMut::new(columns(out.x, vector)),
        StackMut::columns(out.residuals),
        StackMut::numbers(out.rank),
        StackMut::columns(out.singular_values),
    );
    let together = |gaps: &mut Gaps<T>, numbers: Range<usize>, out: &mut Stacks<'_, T>| {
        let (x, residuals, rank, s) = out;
        let ([gaps_a, gaps_b, gaps_x], [gaps_residuals, gaps_s], gaps_rank) = gaps;
        let (a, b) = (
            matrices.elements(numbers.clone(), gaps_a),
            right.elements(numbers, gaps_b),
        );
        let zero = T::Real::zero();
        rank.written(0, gaps_rank, |rank| rank.fill(full_rank(n)));
        let left = x.written(T::zero(), gaps_x, |x| {
            residuals.written(zero, gaps_residuals, |residuals| {
                s.written(zero, gaps_s, |s| {
                    let found = Found {
                        x: T::as_real_mut(x)?,
                        residuals,
                        values: s,
                    };
                    let (a, b) = (T::as_real(a)?, T::as_real(b)?);
                    Some(solutions([m, n, sides], safe, a, b, found))
                })
            })
        });
        left.expect(REAL)
    };
    batch.each_left(
        outputs,
        || {
            let solved = m > 0 && n > 0;
            solved
                .then(|| Solver::new([m, n, sides.max(1)], plan))
                .transpose()
        },
        plan.batched.then_some(together),
        |solver, number, (x, residuals, mut rank, s)| {
            let (a, b) = (matrices.get(number), right.get(number));
            rank[[0, 0]] = match solver {
                Some(solver) => one(solver, a, b, [rcond, safe], x, residuals, s)?,
                None => without_elements(b, x, residuals),
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

/// Memory for matrices, sides and solutions, residuals and singular values, and ranks
/// whose arrays have gaps.
type Gaps<T> = ([Vec<T>; 3], [Vec<<T as Scalar>::Real>; 2], Vec<i32>);

/// Solutions, residuals, ranks and singular values.
type Stacks<'a, T> = (
    StackMut<'a, T>,
    StackMut<'a, <T as Scalar>::Real>,
    StackMut<'a, i32>,
    StackMut<'a, <T as Scalar>::Real>,
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
    sides: usize,
}

impl Shapes {
    fn new(a: &[usize], b: &[usize]) -> Result<Self, Error> {
        let (a_batch, rows, columns) = matrices(1, a)?;
        let (b_batch, b_rows, sides) = match *b {
            [] => {
                return Err(Error::TooFewAxes {
                    argument: 2,
                    shape: Vec::new(),
                    least: 1,
                });
            }
            [rows] => (&[][..], rows, 1),
            _ => matrices(2, b)?,
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
            sides,
        })
    }
}

/// Memory for matrices of one shape.
struct Solver<T: LinalgScalar> {
    full_rank: Option<FullRank<T>>,
    gelsd: Gelsd<T>,
}

impl<T: LinalgScalar> Solver<T> {
    fn new([m, n, sides]: [usize; 3], plan: Plan) -> Result<Self, Error> {
        // First, because it checks that LAPACK can count the rows.
        let gelsd = Gelsd::new(m, n, sides)?;
        Ok(Solver {
            full_rank: plan
                .blocked
                .then(|| FullRank::new(m, n, sides))
                .transpose()?,
            gelsd,
        })
    }

    /// Loads a matrix and its sides; returns which sides were not finite. They are replaced
    /// by zeros.
    fn load(&mut self, a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Result<Vec<usize>, Reason> {
        if !screen(to_f(a, self.gelsd.matrix()))? {
            return Err(Reason::NotFinite);
        }
        let height = self.gelsd.height();
        let mut spoiled = Vec::new();
        let right = self.gelsd.right();
        right.fill(T::zero());
        for (column, to) in right.chunks_exact_mut(height).take(b.ncols()).enumerate() {
            let to = &mut to[..b.nrows()];
            for (to, &from) in to.iter_mut().zip(b.column(column)) {
                *to = from;
            }
            if !is_finite(to) {
                // LAPACK would propagate it to every column.
                to.fill(T::zero());
                spoiled.push(column);
            }
        }
        Ok(spoiled)
    }
}

/// Solves for one matrix; returns its rank. `rcond` is LAPACK's, and one that is never
/// less.
fn one<T: LinalgScalar>(
    solver: &mut Solver<T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    [rcond, safe]: [T::Real; 2],
    mut x: ArrayViewMut2<'_, T>,
    mut residuals: ArrayViewMut2<'_, T::Real>,
    s: ArrayViewMut2<'_, T::Real>,
) -> Result<i32, Reason> {
    let spoiled = solver.load(a, b)?;
    let Solver {
        full_rank: direct,
        gelsd,
    } = &mut *solver;
    let values = direct
        .as_mut()
        .and_then(|solver| solver.solve(gelsd.system(), safe));
    let rank = match values {
        Some(values) => {
            put(values, s);
            full_rank(a.ncols())
        }
        None => {
            if solver.full_rank.is_some() {
                solver.load(a, b)?;
            }
            let (rank, values) = solver.gelsd.solve(rcond)?;
            put(values, s);
            rank
        }
    };
    let gelsd = &mut solver.gelsd;
    let height = gelsd.height();
    let nan = T::Real::nan();
    let full = usize::try_from(rank) == Ok(a.ncols());
    let solutions = gelsd.right().chunks_exact(height).take(b.ncols());
    for (column, solution) in solutions.enumerate() {
        let (solution, left) = solution.split_at(a.ncols());
        let spoiled = spoiled.contains(&column);
        for (to, &element) in x.column_mut(column).iter_mut().zip(solution) {
            *to = if spoiled {
                T::from_parts([nan, nan])
            } else {
                element
            };
        }
        if let Some(residual) = residuals.get_mut([column, 0]) {
            *residual = if full && !spoiled { squares(left) } else { nan };
        }
    }
    Ok(rank)
}

/// A matrix without rows or columns: the solution is zero, and the residual is
/// all of `b`.
fn without_elements<T: LinalgScalar>(
    b: ArrayView2<'_, T>,
    mut x: ArrayViewMut2<'_, T>,
    mut residuals: ArrayViewMut2<'_, T::Real>,
) -> i32 {
    x.fill(T::zero());
    for (residual, column) in residuals.iter_mut().zip(b.columns()) {
        *residual = squares(column);
    }
    0
}

/// The sum of the squares of moduli.
fn squares<'a, T: LinalgScalar>(elements: impl IntoIterator<Item = &'a T>) -> T::Real {
    let square = |x: &T| {
        let [re, im] = x.parts();
        re * re + im * im
    };
    elements
        .into_iter()
        .fold(T::Real::zero(), |sum, x| sum + square(x))
}
