//! LU factors, and systems solved with them.

use std::ffi::c_int;
use std::ops::Range;

use ndarray::{ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMutD, Data, Dimension};
use num_traits::{One as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{InPlaceBuffer, from_f, is_finite};
use crate::base::memory::{try_reserve, zeros_array};
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, LinearSystem, SystemOperands, as_columns};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::elimination::batched_lu;
use crate::kernels::batched::triangular::batched_substitute;
use crate::lapack::blas_int;
use crate::lapack::pivots::pivot_to_index;
use crate::solve::lu_factors::{LapackLu, exchange_rows, flops, solve, steps};
use crate::solve::triangular::{Op, TriangularRef, has_batched_kernel};

/// The result of [`lu`]: `A = P L U`.
#[derive(Clone, PartialEq, Debug)]
pub struct Lu<T> {
    /// Row `i` of `A` is row `permutation[i]` of `L U`.
    pub permutation: ArrayD<i32>,
    /// Lower trapezoidal, with ones on the diagonal.
    pub l: ArrayD<T>,
    /// Upper trapezoidal.
    pub u: ArrayD<T>,
}

/// The form in which [`lu_into`] writes the permutation.
#[derive(Debug)]
pub enum Permutation<'a, T: LinalgScalar> {
    /// The row of `L U` for each row of `A`.
    Indices(ArrayViewMutD<'a, i32>),
    /// The matrix `P`.
    Matrix(ArrayViewMutD<'a, T::Real>),
    /// Nothing: `P L` is written in place of `L`.
    InL,
}

/// The result of [`lu_factor`].
#[derive(Clone, PartialEq, Debug)]
pub struct LuFactors<T> {
    /// `U`, and below its diagonal `L` without its unit diagonal.
    pub lu: ArrayD<T>,
    /// Row `i` was exchanged with row `pivots[i]`, in order of `i`.
    pub pivots: ArrayD<i32>,
}

/// LU factors with partial pivoting.
///
/// `A = P L U`, for each matrix of the last two axes, of `m` rows and `n` columns:
/// `P` is a permutation, `L` (`m` x `k`) lower trapezoidal with ones on its
/// diagonal, `U` (`k` x `n`) upper trapezoidal, and `k` the smaller of `m` and `n`.
/// Singular matrices have factors, too.
///
/// # Errors
/// [`Error::TooFewAxes`] and [`Reason::NotFinite`].
///
/// # Accuracy
/// Backward stable as a rule: `|A - P L U| <= c n eps |L| |U|` (LAPACK `getrf`).
///
/// ```
/// use ndarray::array;
///
/// let f = scirs2_linalg::lu(&array![[1.0, 2.0], [2.0, 8.0]])?;
/// assert_eq!(f.permutation, array![1, 0].into_dyn());
/// assert_eq!(f.l, array![[1.0, 0.0], [0.5, 1.0]].into_dyn());
/// assert_eq!(f.u, array![[2.0, 8.0], [0.0, -2.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn lu<S, D>(a: &ArrayBase<S, D>) -> Result<Lu<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [rows, l, u] = lu_shape(a.shape())?;
    let (mut l, mut u) = (zeros_array(&l)?, zeros_array(&u)?);
    let mut permutation = zeros_array(&rows)?;
    let indices = Permutation::Indices(permutation.view_mut());
    lu_into(a, indices, l.view_mut(), u.view_mut(), &Workers::current())?;
    Ok(Lu { permutation, l, u })
}

/// The shapes of the permutation's indices, of `L` and of `U`.
///
/// # Errors
/// The errors of [`lu`] that depend on the shape.
pub fn lu_shape(a: &[usize]) -> Result<[Vec<usize>; 3], Error> {
    let (batch, m, n) = shape::split_matrix_shape(1, a)?;
    let k = m.min(n);
    Ok([
        [batch, &[m]].concat(),
        [batch, &[m, k]].concat(),
        [batch, &[k, n]].concat(),
    ])
}

/// [`lu`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`lu`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn lu_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    permutation: Permutation<'_, T>,
    l: ArrayViewMutD<'_, T>,
    u: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [rows, l_shape, u_shape] = lu_shape(a.shape())?;
    shape::check_output(&l_shape, &l)?;
    shape::check_output(&u_shape, &u)?;
    let (batch, m, n) = shape::split_matrix_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: flops(m, n),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let plan = Plan::of::<T>(Problem::Lu, Sizes::new(m, n, batch.count()));
    let workspace = || LapackLu::new(m, n, plan);
    let factors = |workspace: &mut LapackLu<T>, index| workspace.factor_finite(matrices.get(index));
    let lu = (MatrixBatchMut::new(l), MatrixBatchMut::new(u));
    match permutation {
        Permutation::Indices(indices) => {
            shape::check_output(&rows, &indices)?;
            let outputs = (MatrixBatchMut::vectors(indices), lu.0, lu.1);
            let batched = |chunk: &mut SplitLu<T>, range, out: &mut Parts<'_, _, T>| {
                let unhandled = chunk.factor(n, &matrices, range);
                out.0.with_contiguous(0, &mut Vec::new(), |indices| {
                    for_each_row(n, &chunk.rows, |first, row, at| {
                        indices[first + row] = blas_int(at)
                    });
                });
                chunk.split(n, false, &mut out.1, &mut out.2);
                unhandled
            };
            batch.for_each_with_batched_kernel(
                outputs,
                workspace,
                plan.batched.then_some(batched),
                |workspace, index, (mut indices, l, u)| {
                    factors(workspace, index)?;
                    for (at, row) in workspace.permutation()?.into_iter().enumerate() {
                        indices[[row, 0]] = blas_int(at);
                    }
                    workspace.split_lu(None, l, u);
                    Ok(())
                },
            )
        }
        Permutation::Matrix(matrix) => {
            shape::check_output(&[&rows[..], &[m]].concat(), &matrix)?;
            let outputs = (MatrixBatchMut::new(matrix), lu.0, lu.1);
            let batched = |chunk: &mut SplitLu<T>, range, out: &mut Parts<'_, _, T>| {
                let unhandled = chunk.factor(n, &matrices, range);
                let (zero, one) = (T::Real::zero(), T::Real::one());
                out.0.with_contiguous(zero, &mut Vec::new(), |matrix| {
                    matrix.fill(zero);
                    for_each_row(n, &chunk.rows, |first, row, at| {
                        matrix[(first + row) * n + at] = one
                    });
                });
                chunk.split(n, false, &mut out.1, &mut out.2);
                unhandled
            };
            batch.for_each_with_batched_kernel(
                outputs,
                workspace,
                plan.batched.then_some(batched),
                |workspace, index, (mut matrix, l, u)| {
                    factors(workspace, index)?;
                    matrix.fill(T::Real::zero());
                    for (at, row) in workspace.permutation()?.into_iter().enumerate() {
                        matrix[[row, at]] = T::Real::one();
                    }
                    workspace.split_lu(None, l, u);
                    Ok(())
                },
            )
        }
        Permutation::InL => {
            let batched = |chunk: &mut SplitLu<T>, range, (l, u): &mut (_, _)| {
                let unhandled = chunk.factor(n, &matrices, range);
                chunk.split(n, true, l, u);
                unhandled
            };
            batch.for_each_with_batched_kernel(
                lu,
                workspace,
                plan.batched.then_some(batched),
                |workspace, index, (l, u)| {
                    factors(workspace, index)?;
                    workspace.split_lu(Some(&workspace.permutation()?), l, u);
                    Ok(())
                },
            )
        }
    }
}

/// Permutations, `L` and `U` of several matrices.
type Parts<'a, P, T> = (
    MatrixBatchMut<'a, P>,
    MatrixBatchMut<'a, T>,
    MatrixBatchMut<'a, T>,
);

/// The factors of small matrices by the batched kernel, which are then split.
struct SplitLu<T> {
    pack: Vec<T>,
    /// In C order.
    factors: Vec<T>,
    pivots: Vec<i32>,
    /// The row of the matrix for each row of `L U`.
    rows: Vec<usize>,
}

impl<T> Default for SplitLu<T> {
    fn default() -> Self {
        SplitLu {
            pack: Vec::new(),
            factors: Vec::new(),
            pivots: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl<T: LinalgScalar> SplitLu<T> {
    /// Factors these matrices of order `n`; returns the indices of those that the kernel does not
    /// handle.
    #[expect(
        clippy::disallowed_methods,
        reason = "a piece of small matrices is short"
    )]
    fn factor(
        &mut self,
        n: usize,
        matrices: &MatrixBatch<'_, T>,
        indices: Range<usize>,
    ) -> Vec<usize> {
        let a = matrices.contiguous(indices, &mut self.pack);
        self.factors.resize(a.len(), T::zero());
        self.pivots.resize(a.len() / n, 0);
        let (a, factors) = (T::as_real(a), T::as_real_mut(&mut self.factors));
        let (a, factors) = (a.expect(REAL_ONLY), factors.expect(REAL_ONLY));
        let unhandled = batched_lu(n, a, factors, &mut self.pivots);
        self.rows.clear();
        self.rows.extend((0..n).cycle().take(self.pivots.len()));
        let rows = self.rows.chunks_exact_mut(n);
        for (rows, pivots) in rows.zip(self.pivots.chunks_exact(n)) {
            for (row, &pivot) in pivots.iter().enumerate() {
                rows.swap(row, pivot_to_index(pivot + 1));
            }
        }
        unhandled
    }

    /// Stores `L`, or `P L`, and `U`.
    fn split(
        &mut self,
        n: usize,
        permuted: bool,
        l: &mut MatrixBatchMut<'_, T>,
        u: &mut MatrixBatchMut<'_, T>,
    ) {
        let zero = T::zero();
        let SplitLu {
            pack,
            factors,
            rows,
            ..
        } = self;
        u.with_contiguous(zero, pack, |u| {
            let rows = u.chunks_exact_mut(n).zip(factors.chunks_exact(n));
            for ((to, from), row) in rows.zip((0..n).cycle()) {
                to[..row].fill(zero);
                to[row..].copy_from_slice(&from[row..]);
            }
        });
        l.with_contiguous(zero, pack, |l| {
            for_each_row(n, rows, |first, row, at| {
                let row = if permuted { row } else { at };
                let from = &factors[(first + at) * n..][..at];
                let (below, rest) = l[(first + row) * n..][..n].split_at_mut(at);
                below.copy_from_slice(from);
                rest.fill(zero);
                rest[0] = T::one();
            });
        });
    }
}

/// Calls `mark` for each row of `L U` of several matrices, with the number of the first row of
/// its matrix among those of all, the row of that matrix, and the row of `L U`.
fn for_each_row(n: usize, rows: &[usize], mut mark: impl FnMut(usize, usize, usize)) {
    for (index, rows) in rows.chunks_exact(n).enumerate() {
        for (at, &row) in rows.iter().enumerate() {
            mark(index * n, row, at);
        }
    }
}

/// LU factors in the form that [`lu_solve`] takes.
///
/// Like [`lu`], with both factors in one matrix and the permutation as a
/// sequence of row exchanges.
///
/// # Errors
/// The same as [`lu`].
///
/// # Accuracy
/// As [`lu`].
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Op, lu_factor, lu_solve};
///
/// let factors = lu_factor(&array![[1.0, 2.0], [2.0, 8.0]])?;
/// assert_eq!(factors.lu, array![[2.0, 8.0], [0.5, -2.0]].into_dyn());
/// assert_eq!(factors.pivots, array![1, 1].into_dyn());
/// assert_eq!(lu_solve(&factors, &array![3.0, 10.0], Op::NoTranspose)?, array![1.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn lu_factor<S, D>(a: &ArrayBase<S, D>) -> Result<LuFactors<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [lu, pivots] = lu_factor_shape(a.shape())?;
    let (mut lu, mut pivots) = (zeros_array(&lu)?, zeros_array(&pivots)?);
    lu_factor_into(a, lu.view_mut(), pivots.view_mut(), &Workers::current())?;
    Ok(LuFactors { lu, pivots })
}

/// The shapes of the factors and of the pivots.
///
/// # Errors
/// The errors of [`lu_factor`] that depend on the shape.
pub fn lu_factor_shape(a: &[usize]) -> Result<[Vec<usize>; 2], Error> {
    let (batch, m, n) = shape::split_matrix_shape(1, a)?;
    Ok([a.to_vec(), [batch, &[m.min(n)]].concat()])
}

/// [`lu_factor`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`lu_factor`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn lu_factor_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    lu: ArrayViewMutD<'_, T>,
    pivots: ArrayViewMutD<'_, i32>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [lu_shape, pivots_shape] = lu_factor_shape(a.shape())?;
    shape::check_output(&lu_shape, &lu)?;
    shape::check_output(&pivots_shape, &pivots)?;
    let (batch, m, n) = shape::split_matrix_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: flops(m, n),
        workers,
    };
    let plan = Plan::of::<T>(Problem::Lu, Sizes::new(m, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    let batched =
        |([pack_a, pack_lu], pack_pivots): &mut ([Vec<T>; 2], Vec<_>),
         indices,
         (lu, pivots): &mut (MatrixBatchMut<'_, _>, MatrixBatchMut<'_, _>)| {
            let a = matrices.contiguous(indices, pack_a);
            let unhandled = lu.with_contiguous(T::zero(), pack_lu, |factors| {
                pivots.with_contiguous(0, pack_pivots, |pivots| {
                    let (a, factors) = (T::as_real(a)?, T::as_real_mut(factors)?);
                    Some(batched_lu(n, a, factors, pivots))
                })
            });
            unhandled.expect(REAL_ONLY)
        };
    batch.for_each_with_batched_kernel(
        (MatrixBatchMut::new(lu), MatrixBatchMut::vectors(pivots)),
        || LapackLu::new(m, n, plan),
        plan.batched.then_some(batched),
        |workspace, index, (lu, mut pivots)| {
            workspace.factor_finite(matrices.get(index))?;
            from_f(&workspace.elements, lu);
            for (to, pivot) in pivots.iter_mut().zip(&workspace.pivots) {
                *to = pivot - 1;
            }
            Ok(())
        },
    )
}

/// Solutions of `op(A) X = B` from the factors of `A` that [`lu_factor`] returns.
///
/// `b` is one vector if it has one axis, else its last two axes are matrices of
/// right-hand sides. The batches broadcast.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`],
/// [`Error::Broadcast`], [`Reason::Singular`], [`Reason::NoSuchRow`] for pivots
/// that are of no factors, [`Reason::NotFinite`] and
/// [`Reason::NotFiniteRightSide`].
///
/// # Accuracy
/// Backward stable as a rule: `|A x - b| <= c n eps |L| |U| |x|` (BLAS `trsm`,
/// `trsv`).
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Op, lu_factor, lu_solve};
///
/// let factors = lu_factor(&array![[1.0, 2.0], [2.0, 8.0]])?;
/// let x = lu_solve(&factors, &array![3.0, 10.0], Op::Transpose)?;
/// assert_eq!(x, array![1.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn lu_solve<T, R, E>(
    factors: &LuFactors<T>,
    b: &ArrayBase<R, E>,
    op: Op,
) -> Result<ArrayD<T>, Error>
where
    T: LinalgScalar,
    R: Data<Elem = T>,
    E: Dimension,
{
    let (lu, pivots, b) = (factors.lu.view(), factors.pivots.view(), b.view());
    let b = b.into_dyn();
    let mut out = zeros_array(&lu_solve_shape(lu.shape(), pivots.shape(), b.shape())?)?;
    lu_solve_into(lu, pivots, b, op, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`lu_solve_into`] writes: the batch, then the last axis or
/// axes of `b`.
///
/// # Errors
/// The errors of [`lu_solve`] that depend on the shapes.
pub fn lu_solve_shape(lu: &[usize], pivots: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    let system = LinearSystem::new(lu, b)?;
    if *pivots == lu[..lu.len() - 1] {
        return Ok(system.solution_shape());
    }
    Err(Error::Mismatch {
        first: lu.to_vec(),
        second: pivots.to_vec(),
        must: "lu_factor gives one pivot for each row of its factors",
    })
}

/// [`lu_solve`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`lu_solve`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn lu_solve_into<T: LinalgScalar, P: Copy + Into<i64> + Sync>(
    lu: ArrayViewD<'_, T>,
    pivots: ArrayViewD<'_, P>,
    b: ArrayViewD<'_, T>,
    op: Op,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    lu_solve_shape(lu.shape(), pivots.shape(), b.shape())?;
    let system = LinearSystem::new(lu.shape(), b.shape())?;
    let pivots = as_columns(pivots, true);
    let pivots = MatrixBatch::new(&pivots, &system.batch);
    check_pivots(&pivots, &system.batch)?;
    let (n, columns) = (system.n, system.nrhs.unwrap_or(1));
    let (is_plain, steps) = (
        op == Op::NoTranspose,
        steps(op).map(|step| step.as_substitution()),
    );
    let batched = |([pack_lu, pack_b, pack_x], exchanges, exchanged): &mut LuSolveScratch<T>,
                   indices: Range<usize>,
                   (lu, b): SystemOperands<'_, T>,
                   out: &mut MatrixBatchMut<'_, T>| {
        let mut unhandled = Vec::new();
        let mut exchange = |b: &mut [T]| {
            for (place, b) in b.chunks_exact_mut(n * columns).enumerate() {
                match read_pivots(pivots.get(indices.start + place), exchanges) {
                    Ok(()) => exchange_rows(exchanges, op, columns, b),
                    Err(_) => unhandled.push(place),
                }
            }
        };
        let lu = lu.contiguous(indices.clone(), pack_lu);
        let mut b = b.contiguous(indices.clone(), pack_b);
        if is_plain {
            exchanged.clear();
            exchanged.extend(b);
            exchange(exchanged);
            b = exchanged;
        }
        let others = out.with_contiguous(T::zero(), pack_x, |x| {
            let others = batched_substitute(
                n,
                columns,
                &steps,
                T::as_real(lu)?,
                T::as_real(b)?,
                T::as_real_mut(x)?,
            );
            if !is_plain {
                exchange(x);
            }
            Some(others)
        });
        unhandled.extend(others.expect(REAL_ONLY));
        unhandled.sort_unstable();
        unhandled.dedup();
        unhandled
    };
    system.for_each(
        (lu, b, out),
        2.0 * system.substitution_flops(),
        workers,
        || Ok((Vec::new(), Vec::new(), InPlaceBuffer::new())),
        has_batched_kernel::<T>(&system).then_some(batched),
        |(copy, exchanges, in_place), index, (lu, b, out)| {
            let factors = TriangularRef::new(lu, copy)?;
            factors.check_triangle(Triangle::Lower, true)?;
            factors.check_triangle(Triangle::Upper, false)?;
            factors.check_diagonal()?;
            read_pivots(pivots.get(index), exchanges)?;
            in_place.run(b, out, |b| {
                if !is_finite(b) {
                    return Err(Reason::NotFiniteRightSide);
                }
                solve(factors, exchanges, op, b);
                Ok(())
            })
        },
    )
}

/// Buffers to pack factors, right-hand sides and solutions that are not contiguous, the exchanges
/// of one matrix, and right-hand sides with their rows exchanged.
type LuSolveScratch<T> = ([Vec<T>; 3], Vec<c_int>, Vec<T>);

/// An error for a pivot that names no row, but for -1.
///
/// Such pivots are the caller's mistake, and no failure of one matrix that a call could pass
/// over ([`OnFailure`](crate::driver::operation::OnFailure)). Those of a matrix that
/// [`lu_factor`] passed over are -1.
fn check_pivots(
    pivots: &MatrixBatch<'_, impl Copy + Into<i64>>,
    batch: &[usize],
) -> Result<(), Error> {
    for index in 0..batch.iter().product() {
        let pivots = pivots.get(index);
        let n = pivots.len();
        for (pivot, &row) in pivots.iter().enumerate() {
            let row = row.into();
            if row == -1 || lapack_row(row, n).is_some() {
                continue;
            }
            let index = (!batch.is_empty()).then_some(index);
            return Err(Reason::NoSuchRow { pivot, row }.of(index));
        }
    }
    Ok(())
}

/// Converts pivots to LAPACK's counting, from 1.
fn read_pivots(
    pivots: ArrayView2<'_, impl Copy + Into<i64>>,
    to: &mut Vec<c_int>,
) -> Result<(), Reason> {
    let n = pivots.len();
    to.clear();
    try_reserve(to, n)?;
    for (pivot, &row) in pivots.iter().enumerate() {
        let row = row.into();
        to.push(lapack_row(row, n).ok_or(Reason::NoSuchRow { pivot, row })?);
    }
    Ok(())
}

/// The number that LAPACK, which counts from 1, gives a row; `None` if `n` rows have no such.
fn lapack_row(row: i64, n: usize) -> Option<c_int> {
    let row = c_int::try_from(row).ok()?;
    usize::try_from(row)
        .is_ok_and(|row| row < n)
        .then(|| row + 1)
}

/// How [`Plu`] returns the permutations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PermutationKind {
    /// Not at all: the rows of `L` are permuted.
    InL,
    /// As indices of rows.
    Indices,
    /// As matrices.
    Matrix,
}

/// [`lu`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Plu {
    /// How the permutations are returned; if they are, they precede `L` and `U`.
    pub permutation: PermutationKind,
}

impl ScalarOperation for Plu {
    const NAME: &'static str = "lu";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [rows, l, u] = lu_shape(shapes[0])?;
        let batch = rows[..rows.len() - 1].to_vec();
        let (l, u) = ((Kind::Same, l), (Kind::Same, u));
        let mut results = match self.permutation {
            PermutationKind::InL => Results::new(2, [l, u]),
            PermutationKind::Indices => Results::new(1, [(Kind::Index, rows), l, u]),
            PermutationKind::Matrix => {
                let square = [&rows[..], &rows[rows.len() - 1..]].concat();
                Results::new(2, [(Kind::Real, square), l, u])
            }
        };
        results.batch = batch;
        Ok(results)
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        if self.permutation == PermutationKind::InL {
            let [l, u] = work.outputs();
            return lu_into(
                a,
                Permutation::InL,
                l.into_view()?,
                u.into_view()?,
                work.workers,
            );
        }
        let [p, l, u] = work.outputs();
        let permutation = if self.permutation == PermutationKind::Indices {
            Permutation::Indices(p.into_view()?)
        } else {
            Permutation::Matrix(p.into_view()?)
        };
        lu_into(a, permutation, l.into_view()?, u.into_view()?, work.workers)
    }
}

/// [`lu_factor`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LuFactor;

impl ScalarOperation for LuFactor {
    const NAME: &'static str = "lu_factor";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [factors, pivots] = lu_factor_shape(shapes[0])?;
        Ok(Results::new(
            2,
            [(Kind::Same, factors), (Kind::Index, pivots)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [factors, pivots] = work.outputs();
        let (factors, pivots) = (factors.into_view()?, pivots.into_view()?);
        lu_factor_into(work.operand::<T>(0)?, factors, pivots, work.workers)
    }
}

/// [`lu_solve`] as an operation on tensors of any dtype.
#[derive(Clone, PartialEq, Debug)]
pub struct LuSolve {
    /// The pivots of the factors, counted from 0.
    pub pivots: ArrayD<i64>,
    /// The system that is solved.
    pub op: Op,
}

impl ScalarOperation for LuSolve {
    const NAME: &'static str = "lu_solve";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let b = shapes[1];
        let shape = lu_solve_shape(shapes[0], self.pivots.shape(), b)?;
        Ok(Results::new(b.len().min(2), [(Kind::Same, shape)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (lu, b) = (work.operand::<T>(0)?, work.operand(1)?);
        lu_solve_into(
            lu,
            self.pivots.view(),
            b,
            self.op,
            out.into_view()?,
            work.workers,
        )
    }
}
