//! Systems of linear equations with matrices of a known structure, and how well conditioned
//! these are.

use ndarray::{ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, ShapeBuilder as _};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{fill_identity, to_f, with_c_order};
use crate::base::memory::zeros;
use crate::base::scale::rounded;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{LinearSystem, as_columns, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack;
use crate::solve::condition::{OneNorm, inverse_norm};
use crate::solve::lu_factors::{LapackLu, flops, solve};
use crate::solve::triangular::{Op, TriangularRef};

/// What the elements of a matrix may be assumed to be; those that follow from others, or that
/// are zero, are not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assumption {
    /// Anything.
    General,
    /// Zero outside the diagonal.
    Diagonal,
    /// Zero outside the diagonal and its two neighbours.
    Tridiagonal,
    /// Zero outside a triangle.
    Triangular(Triangle),
    /// `A = A^T`; that triangle is read.
    Symmetric(Triangle),
    /// `A = A^H`; that triangle is read.
    Hermitian(Triangle),
    /// Hermitian, with positive eigenvalues; that triangle is read.
    PositiveDefinite(Triangle),
}

/// Solutions of `A X = B`, or with `transposed` of `A^T X = B`, for matrices of a known
/// structure, and for each matrix its reciprocal condition number `1 / (|A| |A^-1|)` in the
/// 1-norm, estimated.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::Triangle;
/// use scirs2_linalg::operation::{Assumption, SolveAssuming, compute};
///
/// // The other triangle is not read.
/// let a = Tensor::from(array![[4.0, 9.0], [2.0, 5.0]]);
/// let b = Tensor::from(array![6.0, 7.0]);
/// let assumption = Assumption::PositiveDefinite(Triangle::Lower);
/// let operation = SolveAssuming { assumption, transposed: false };
/// let results = compute(&operation, &[&a, &b])?;
/// assert_eq!(results[0].view::<f64>()?, array![1.0, 1.0].into_dyn());
/// assert!(results[1].view::<f64>()?[[]] > 0.1);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SolveAssuming {
    /// What is assumed of `A`.
    pub assumption: Assumption,
    /// Solve with the transpose.
    pub transposed: bool,
}

impl ScalarOperation for SolveAssuming {
    const NAME: &'static str = "solve";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let system = LinearSystem::new(shapes[0], shapes[1])?;
        let axes = if system.nrhs.is_some() { 2 } else { 1 };
        let solutions = system.solution_shape();
        let each = [(Kind::Same, solutions), (Kind::Real, system.batch)];
        Ok(Results::new(axes, each))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out, conditions] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        let system = LinearSystem::new(a.shape(), b.shape())?;
        let vector = system.nrhs.is_none();
        let (b, out) = (as_columns(b, vector), as_columns(out.into_view()?, vector));
        let op = if self.transposed {
            Op::Transpose
        } else {
            Op::NoTranspose
        };
        solve_assuming(
            (a, Some(b)),
            (self.assumption, op),
            (out, conditions.into_view()?),
            &system.batch,
            work.workers,
        )
    }
}

/// The inverses of matrices of a known structure, and their reciprocal condition numbers, as
/// [`SolveAssuming`] gives them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct InvAssuming {
    /// What is assumed of the matrices.
    pub assumption: Assumption,
}

impl ScalarOperation for InvAssuming {
    const NAME: &'static str = "inv";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, _) = split_square_shape(1, shapes[0])?;
        let each = [
            (Kind::Same, shapes[0].to_vec()),
            (Kind::Real, batch.to_vec()),
        ];
        Ok(Results::new(2, each))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out, conditions] = work.outputs();
        let a = work.operand::<T>(0)?;
        let batch = split_square_shape(1, a.shape())?.0.to_vec();
        solve_assuming(
            (a, None),
            (self.assumption, Op::NoTranspose),
            (out.into_view()?, conditions.into_view()?),
            &batch,
            work.workers,
        )
    }
}

/// Solves with each matrix of the batch; without right-hand sides for the identity.
fn solve_assuming<T: LinalgScalar>(
    (a, b): (ArrayViewD<'_, T>, Option<ArrayViewD<'_, T>>),
    (assumption, op): (Assumption, Op),
    (out, conditions): (ArrayViewMutD<'_, T>, ArrayViewMutD<'_, T::Real>),
    batch: &[usize],
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (_, n) = split_square_shape(1, a.shape())?;
    let columns = out.shape()[out.ndim() - 1];
    let batch = Batch {
        shape: batch,
        flops: 1.0 + flops(n, n) + 2.0 * (n as f64).powi(2) * (columns as f64 + 5.0),
        workers,
    };
    let plan = Plan::of::<T>(Problem::Solve, Sizes::new(n, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    let sides = b.as_ref().map(|b| MatrixBatch::new(b, batch.shape));
    batch.for_each(
        (
            MatrixBatchMut::new(out),
            MatrixBatchMut::scalars(conditions),
        ),
        || AssumedSolver::new(n, assumption, plan),
        |solver, index, (out, mut condition)| {
            condition[[0, 0]] = rounded(solver.factor(matrices.get(index))?);
            let b = sides.as_ref().map(|sides| sides.get(index));
            solver.solve(op, b, out)
        },
    )
}

/// Factors of matrices of one order and structure, in memory that is used again.
struct AssumedSolver<T> {
    n: usize,
    assumption: Assumption,
    /// The matrix with all of its elements, column by column, or a factor of it.
    matrix: Vec<T>,
    /// Where the structure does not help.
    lu: Option<LapackLu<T>>,
    column: Vec<T>,
    in_place: Vec<T>,
}

impl<T: LinalgScalar> AssumedSolver<T> {
    fn new(n: usize, assumption: Assumption, plan: Plan) -> Result<Self, Error> {
        use Assumption as A;
        let needs_lu = match assumption {
            A::Diagonal | A::Triangular(_) | A::PositiveDefinite(_) => false,
            A::General | A::Tridiagonal | A::Symmetric(_) | A::Hermitian(_) => true,
        };
        Ok(AssumedSolver {
            n,
            assumption,
            matrix: zeros(n.saturating_mul(n))?,
            lu: needs_lu.then(|| LapackLu::new(n, n, plan)).transpose()?,
            column: Vec::new(),
            in_place: Vec::new(),
        })
    }

    /// Factors a matrix; returns its reciprocal condition number.
    fn factor(&mut self, a: ArrayView2<'_, T>) -> Result<f64, Reason> {
        let n = self.n;
        if n == 0 {
            return Ok(1.0);
        }
        to_f(a, &mut self.matrix);
        impose(self.assumption, n, &mut self.matrix);
        let norm = OneNorm::of(n, &self.matrix);
        if let Some(lu) = &mut self.lu {
            let matrix = ArrayView2::from_shape((n, n).f(), &self.matrix);
            lu.factor(matrix.expect("n columns of n elements"))?;
        } else if let Assumption::PositiveDefinite(triangle) = self.assumption {
            lapack::potrf(triangle, n, &mut self.matrix)?;
        } else {
            TriangularRef::in_f_order(n, &self.matrix).check_diagonal()?;
        }
        let mut column = std::mem::take(&mut self.column);
        let inverse = inverse_norm(n, &mut column, |op, x| self.substitute(op, x));
        self.column = column;
        Ok(norm.reciprocal_condition(inverse?))
    }

    fn solve(
        &mut self,
        op: Op,
        b: Option<ArrayView2<'_, T>>,
        out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        let shape = out.dim();
        let mut memory = std::mem::take(&mut self.in_place);
        let done = with_c_order(out, &mut memory, |x| {
            let mut view = ArrayViewMut2::from_shape(shape, &mut *x).expect("all elements");
            match b {
                Some(b) => view.assign(&b),
                None => fill_identity(view.view_mut()),
            }
            self.substitute(op, x);
            Ok(())
        });
        self.in_place = memory;
        done
    }

    /// Solves `op(A) X = B` in place of `B`, row by row.
    fn substitute(&self, op: Op, b: &mut [T]) {
        if self.n == 0 {
            return;
        }
        let factor = TriangularRef::in_f_order(self.n, &self.matrix);
        match (&self.lu, self.assumption) {
            (Some(lu), _) => {
                let factors = TriangularRef::in_f_order(self.n, &lu.elements);
                solve(factors, &lu.pivots, op, b);
            }
            (None, Assumption::PositiveDefinite(triangle)) => {
                // The transpose of a Hermitian matrix is its conjugate.
                let conjugated = op == Op::Transpose && T::IS_COMPLEX;
                if conjugated {
                    b.iter_mut().for_each(|x| *x = x.conj());
                }
                let (first, second) = match triangle {
                    Triangle::Lower => (Op::NoTranspose, Op::Adjoint),
                    Triangle::Upper => (Op::Adjoint, Op::NoTranspose),
                };
                factor.solve(triangle, first, false, b);
                factor.solve(triangle, second, false, b);
                if conjugated {
                    b.iter_mut().for_each(|x| *x = x.conj());
                }
            }
            (None, Assumption::Triangular(triangle)) => factor.solve(triangle, op, false, b),
            // Diagonal.
            (None, _) => factor.solve(Triangle::Upper, op, false, b),
        }
    }
}

/// Gives a matrix, column by column, the elements that the assumption says it has.
fn impose<T: LinalgScalar>(assumption: Assumption, n: usize, matrix: &mut [T]) {
    use Assumption as A;
    let in_triangle = |triangle, row, column| match triangle {
        Triangle::Upper => row <= column,
        Triangle::Lower => row >= column,
    };
    for column in 0..n {
        for row in 0..n {
            let at = column * n + row;
            let is_zero = match assumption {
                A::Diagonal => row != column,
                A::Tridiagonal => row.abs_diff(column) > 1,
                A::Triangular(triangle) => !in_triangle(triangle, row, column),
                _ => false,
            };
            if is_zero {
                matrix[at] = T::zero();
                continue;
            }
            let (triangle, conjugate) = match assumption {
                A::Symmetric(triangle) => (triangle, false),
                A::Hermitian(triangle) | A::PositiveDefinite(triangle) => (triangle, true),
                _ => continue,
            };
            let other = matrix[row * n + column];
            matrix[at] = match (in_triangle(triangle, row, column), conjugate) {
                (true, true) if row == column => T::from_real(matrix[at].real()),
                (true, _) => matrix[at],
                (false, true) => other.conj(),
                (false, false) => other,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn solved(assumption: Assumption, a: &Array2<f64>, b: &Array2<f64>) -> (Array2<f64>, f64) {
        let plan = Plan::of::<f64>(Problem::Solve, Sizes::new(3, 3, 1));
        let mut solver = AssumedSolver::new(3, assumption, plan).expect("memory");
        let condition = solver.factor(a.view()).expect("not singular");
        let mut out = Array2::zeros(b.dim());
        let done = solver.solve(Op::NoTranspose, Some(b.view()), out.view_mut());
        done.expect("finite");
        (out, condition)
    }

    #[test]
    fn only_what_the_assumption_leaves_is_read() {
        let nan = f64::NAN;
        let b = array![[1.0], [2.0], [3.0]];
        let lower = array![[4.0, nan, nan], [1.0, 5.0, nan], [2.0, 1.0, 6.0]];
        let full = array![[4.0, 1.0, 2.0], [1.0, 5.0, 1.0], [2.0, 1.0, 6.0]];
        for assumption in [
            Assumption::Symmetric(Triangle::Lower),
            Assumption::Hermitian(Triangle::Lower),
            Assumption::PositiveDefinite(Triangle::Lower),
        ] {
            let (x, condition) = solved(assumption, &lower, &b);
            assert!((full.dot(&x) - &b).iter().all(|error| error.abs() < 1e-14));
            assert!((0.1..1.0).contains(&condition), "{condition}");
        }
        let (x, _) = solved(Assumption::Triangular(Triangle::Lower), &lower, &b);
        assert!((x[[0, 0]] - 0.25).abs() < 1e-15);
        let (x, condition) = solved(Assumption::Diagonal, &lower, &b);
        assert_eq!(x, array![[0.25], [0.4], [0.5]]);
        assert!((condition - 4.0 / 6.0).abs() < 1e-15, "{condition}");
    }

    #[test]
    fn the_condition_of_large_and_small_numbers_is_that_of_one() {
        for scale in [1e-300, 1.0, 1e300] {
            let a = array![[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]] * scale;
            let (_, condition) = solved(Assumption::General, &a, &Array2::eye(3));
            assert!((0.05..0.5).contains(&condition), "{condition}");
        }
    }
}
