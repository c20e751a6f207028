//! Systems of linear equations with matrices of a known structure, and how well conditioned
//! these are.

use std::ffi::c_int;
use std::ops::Range;

use ndarray::{
    ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, ShapeBuilder as _,
};
use num_traits::Zero as _;
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{fill_identity, to_f, with_c_order};
use crate::base::memory::{try_resize, try_to_vec, zeros_array};
use crate::base::scale::rounded;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{
    Kind, OperationScalar, Results, ScalarOperation, Work, collect_failures, fill_matrices,
};
use crate::driver::plan::{Plan, Problem, Sizes, UNSTRUCTURED, is_narrow};
use crate::driver::shape::{LinearSystem, as_columns, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack;
use crate::products::structured::BLOCK;
use crate::solve::banded::BandLu;
use crate::solve::cho::cho_solve_into;
use crate::solve::cholesky::cholesky_into;
use crate::solve::condition::{OneNorm, inverse_norm, largest_number, modulus};
use crate::solve::general::solve_into;
use crate::solve::inv::inv_into;
use crate::solve::lu_factors::{self, factor_copy, flops};
use crate::solve::structure::{bandwidths_along_memory, find_structure};
use crate::solve::symmetric::SymmetricFactors;
use crate::solve::triangular::{Op, Triangular, TriangularRef, conjugate, solve_triangular_into};

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
    /// Zero far from the diagonal; how far, is looked up.
    Banded,
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
/// let operation = SolveAssuming { assumption: Some(assumption), transposed: false };
/// let results = compute(&operation, &[&a, &b])?;
/// assert_eq!(results[0].view::<f64>()?, array![1.0, 1.0].into_dyn());
/// assert!(results[1].view::<f64>()?[[]] > 0.1);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SolveAssuming {
    /// What is assumed of `A`; `None` looks for the structure of each matrix.
    pub assumption: Option<Assumption>,
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
        let op = if self.transposed {
            Op::Transpose
        } else {
            Op::NoTranspose
        };
        solve_assuming(
            (a, Some(b)),
            (self.assumption, op),
            (out.into_view()?, conditions.into_view()?),
            work.workers,
        )
    }
}

/// The inverses of matrices of a known structure, and their reciprocal condition numbers, as
/// [`SolveAssuming`] gives them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct InvAssuming {
    /// What is assumed of the matrices; `None` looks for the structure of each.
    pub assumption: Option<Assumption>,
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
        solve_assuming(
            (a, None),
            (self.assumption, Op::NoTranspose),
            (out.into_view()?, conditions.into_view()?),
            work.workers,
        )
    }
}

/// Solves with each matrix of the batch; without right-hand sides for the identity.
fn solve_assuming<T: OperationScalar>(
    (a, b): (ArrayViewD<'_, T>, Option<ArrayViewD<'_, T>>),
    (assumption, op): (Option<Assumption>, Op),
    (out, conditions): (ArrayViewMutD<'_, T>, ArrayViewMutD<'_, T::Real>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (_, n) = split_square_shape(1, a.shape())?;
    if (1..=UNSTRUCTURED).contains(&n) {
        let assumption = assumption.unwrap_or(Assumption::General);
        return solve_small((a, b), (assumption, op), (out, conditions), workers);
    }
    let vector = out.ndim() == conditions.ndim() + 1;
    let (b, out) = (b.map(|b| as_columns(b, vector)), as_columns(out, vector));
    let columns = out.shape()[out.ndim() - 1];
    let shape = conditions.shape().to_vec();
    let batch = Batch {
        shape: &shape,
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
        || Ok(AssumedSolver::new(n, assumption, plan.blocked)),
        |solver, index, (out, mut condition)| {
            condition[[0, 0]] = rounded(solver.factor(matrices.get(index))?);
            let b = sides.as_ref().map(|sides| sides.get(index));
            solver.solve(op, b, out)
        },
    )
}

/// Solves with small matrices as if they had no structure, but for triangles and what must be
/// positive definite: the kernels for many matrices at once are faster than what structure saves.
fn solve_small<T: OperationScalar>(
    (a, b): (ArrayViewD<'_, T>, Option<ArrayViewD<'_, T>>),
    (assumption, op): (Assumption, Op),
    (out, mut conditions): (ArrayViewMutD<'_, T>, ArrayViewMutD<'_, T::Real>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    use Assumption as A;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let whole_batch = [conditions.shape(), &[n, n]].concat();
    // An error counts the matrices of the whole batch.
    let a = match a.broadcast(whole_batch) {
        Some(repeated) if !batch.is_empty() => repeated,
        _ => a.view(),
    };
    let mut imposed = None;
    if assumption != A::General {
        let mut copy = zeros_array(a.shape())?;
        copy.assign(&a);
        let batch = Batch {
            shape: &a.shape()[..a.ndim() - 2],
            flops: (n * n) as f64,
            workers,
        };
        let matrices = MatrixBatchMut::new(copy.view_mut());
        let each = |(): &mut (), _, matrix| {
            impose(assumption, matrix);
            Ok(())
        };
        batch.for_each(matrices, || Ok(()), each)?;
        imposed = Some(copy);
    }
    let whole = imposed
        .as_ref()
        .map_or_else(|| a.view(), |copy| copy.view());
    let mut turned = whole.view();
    if op == Op::Transpose {
        turned.swap_axes(whole.ndim() - 2, whole.ndim() - 1);
    }
    let mut identity = zeros_array(&[n, n])?;
    identity.diag_mut().fill(T::one());
    let sides = b.as_ref().map_or_else(|| identity.view(), |b| b.view());
    match assumption {
        A::PositiveDefinite(_) => {
            let (mut factors, lower) = (zeros_array(whole.shape())?, Triangle::Lower);
            cholesky_into(turned.view(), lower, factors.view_mut(), workers)?;
            cho_solve_into(factors.view(), lower, sides, out, workers)?;
        }
        A::Diagonal | A::Triangular(_) => {
            let spec = Triangular {
                triangle: match assumption {
                    A::Triangular(triangle) => triangle,
                    _ => Triangle::Upper,
                },
                op,
                unit_diagonal: false,
            };
            solve_triangular_into(whole.view(), sides, spec, out, workers)?;
        }
        _ if b.is_some() => solve_into(turned.view(), sides, out, workers)?,
        _ => inv_into(turned.view(), out, workers)?,
    }
    let found = reciprocal_conditions(turned, workers)?;
    conditions.zip_mut_with(&found, |to, &found| *to = found);
    Ok(())
}

/// The reciprocal condition numbers of small matrices, from their inverses: the kernel for many at
/// once takes less time than an estimate.
fn reciprocal_conditions<T: OperationScalar>(
    a: ArrayViewD<'_, T>,
    workers: &Workers<'_>,
) -> Result<ArrayD<T::Real>, Error> {
    let (shape, n) = split_square_shape(1, a.shape())?;
    let mut inverses = zeros_array(a.shape())?;
    // What was solved all the same has none but for rounding.
    let singular = collect_failures(workers, |workers| {
        inv_into(a.view(), inverses.view_mut(), workers)
    })?;
    let mut conditions = zeros_array(shape)?;
    let batch = Batch {
        shape,
        flops: 4.0 * (n * n) as f64,
        workers,
    };
    let inverses = inverses.view();
    let both = [&a, &inverses].map(|matrices| MatrixBatch::new(matrices, shape));
    batch.for_each(
        MatrixBatchMut::scalars(conditions.view_mut()),
        || Ok(()),
        |(), index, mut condition| {
            let [norm, of_inverse] = both.each_ref().map(|batch| one_norm(batch.get(index)));
            condition[[0, 0]] = rounded(1.0 / norm / of_inverse);
            Ok(())
        },
    )?;
    fill_matrices(
        conditions.view_mut(),
        (0, shape),
        &singular,
        T::Real::zero(),
    );
    Ok(conditions)
}

/// The 1-norm of a small matrix.
fn one_norm<T: LinalgScalar>(a: ArrayView2<'_, T>) -> f64 {
    let n = a.ncols();
    let mut sums = [0.0; UNSTRUCTURED];
    for row in a.rows() {
        for (sum, &x) in sums[..n].iter_mut().zip(row) {
            *sum += modulus(x);
        }
    }
    largest_number(sums[..n].iter().copied())
}

/// How the last matrix was factored.
#[derive(Clone, Copy)]
enum Form {
    Band,
    Cholesky,
    Lu,
    Symmetric,
    Triangle(Triangle),
}

/// Factors of matrices of one order, in memory that is used again.
struct AssumedSolver<T> {
    n: usize,
    assumption: Option<Assumption>,
    /// Whether LU by halving is faster than LAPACK.
    is_blocked: bool,
    /// The address of the factored matrix, and its reciprocal condition number; all matrices of
    /// a call have the same strides.
    factored: Option<(usize, f64)>,
    form: Form,
    /// The matrix with all of its elements, column by column, or a factor of it.
    matrix: Vec<T>,
    pivots: Vec<c_int>,
    band: BandLu<T>,
    symmetric: SymmetricFactors<T>,
    column: Vec<T>,
    in_place: Vec<T>,
}

impl<T: OperationScalar> AssumedSolver<T> {
    const fn new(n: usize, assumption: Option<Assumption>, is_blocked: bool) -> Self {
        AssumedSolver {
            n,
            assumption,
            is_blocked,
            factored: None,
            form: Form::Lu,
            matrix: Vec::new(),
            pivots: Vec::new(),
            band: BandLu::new(),
            symmetric: SymmetricFactors::new(),
            column: Vec::new(),
            in_place: Vec::new(),
        }
    }

    /// Factors a matrix; returns its reciprocal condition number.
    fn factor(&mut self, a: ArrayView2<'_, T>) -> Result<f64, Reason> {
        if self.n == 0 {
            return Ok(1.0);
        }
        let address = a.as_ptr().addr();
        if let Some((_, condition)) = self.factored.filter(|&(last, _)| last == address) {
            return Ok(condition);
        }
        self.factored = None;
        let norm = match self.assumption {
            Some(assumption) => self.factor_as(assumption, a, false)?,
            None => {
                let found = find_structure(a);
                match (found, self.factor_as(found, a, true)) {
                    (
                        Assumption::PositiveDefinite(triangle),
                        Err(Reason::NotPositiveDefinite { .. }),
                    ) => self.factor_as(Assumption::Hermitian(triangle), a, true)?,
                    (_, done) => done?,
                }
            }
        };
        let mut column = std::mem::take(&mut self.column);
        let inverse = inverse_norm(self.n, &mut column, |op, x| self.substitute(op, x));
        self.column = column;
        let condition = norm.reciprocal_condition(inverse?);
        self.factored = Some((address, condition));
        Ok(condition)
    }

    /// Factors a matrix that has that structure: exactly, or what is not read may be anything.
    fn factor_as(
        &mut self,
        assumption: Assumption,
        a: ArrayView2<'_, T>,
        exact: bool,
    ) -> Result<OneNorm, Reason> {
        use Assumption as A;
        let (n, singular) = (self.n, |pivot| Reason::Singular { pivot });
        let band = match assumption {
            A::Diagonal => Some([0, 0]),
            A::Tridiagonal => Some([1.min(n - 1); 2]),
            A::Banded => Some(bandwidths_along_memory(a)).filter(|&band| is_narrow(n, band)),
            _ => None,
        };
        if let Some(band) = band
            && let Some((norm, done)) = self.band.factor(a, band)?
        {
            self.form = Form::Band;
            return done.map_err(singular).map(|()| norm);
        }
        self.copy(assumption, a, exact)?;
        let norm = OneNorm::of(n, &self.matrix);
        match assumption {
            A::Triangular(triangle) => {
                self.form = Form::Triangle(triangle);
                TriangularRef::in_f_order(n, &self.matrix).check_diagonal()?;
                return Ok(norm);
            }
            A::PositiveDefinite(_) => {
                self.form = Form::Cholesky;
                lapack::potrf(Triangle::Lower, n, &mut self.matrix)?;
                return Ok(norm);
            }
            A::Symmetric(_) | A::Hermitian(_) => {
                let hermitian = matches!(assumption, A::Hermitian(_));
                let matrix = &mut self.matrix;
                if let Some(done) = self.symmetric.factor(n, hermitian, matrix)? {
                    self.form = Form::Symmetric;
                    return done.map_err(singular).map(|()| norm);
                }
                self.copy(assumption, a, exact)?;
            }
            A::General | A::Diagonal | A::Tridiagonal | A::Banded => {}
        }
        self.form = Form::Lu;
        try_resize(&mut self.pivots, n, 0)?;
        let (matrix, pivots) = (&mut self.matrix, &mut self.pivots);
        let done = if exact || assumption == A::General {
            factor_copy(a, self.is_blocked, matrix, pivots)
        } else {
            let whole = try_to_vec(matrix)?;
            let whole = ArrayView2::from_shape((n, n).f(), &whole);
            factor_copy(
                whole.expect("n columns of n elements"),
                self.is_blocked,
                matrix,
                pivots,
            )
        };
        done.map_err(singular).map(|()| norm)
    }

    /// Copies a matrix, with all of its elements.
    fn copy(
        &mut self,
        assumption: Assumption,
        a: ArrayView2<'_, T>,
        exact: bool,
    ) -> Result<(), Reason> {
        let n = self.n;
        try_resize(&mut self.matrix, n * n, T::zero())?;
        to_f(a, &mut self.matrix);
        if !exact {
            let matrix = ArrayViewMut2::from_shape((n, n).f(), &mut self.matrix);
            impose(assumption, matrix.expect("n columns of n elements"));
        }
        Ok(())
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
        match self.form {
            Form::Band => self.band.solve(op, b),
            Form::Symmetric => self.symmetric.solve(op, b),
            Form::Lu => {
                let factors = TriangularRef::in_f_order(self.n, &self.matrix);
                lu_factors::solve(factors, &self.pivots, op, b);
            }
            Form::Triangle(triangle) => {
                let factor = TriangularRef::in_f_order(self.n, &self.matrix);
                factor.solve(triangle, op, false, b);
            }
            Form::Cholesky => {
                let factor = TriangularRef::in_f_order(self.n, &self.matrix);
                // The transpose of a Hermitian matrix is its conjugate.
                let conjugated = op == Op::Transpose && T::IS_COMPLEX;
                if conjugated {
                    conjugate(b);
                }
                factor.solve(Triangle::Lower, Op::NoTranspose, false, b);
                factor.solve(Triangle::Lower, Op::Adjoint, false, b);
                if conjugated {
                    conjugate(b);
                }
            }
        }
    }
}

/// Gives a matrix the elements that the assumption says it has.
fn impose<T: LinalgScalar>(assumption: Assumption, a: ArrayViewMut2<'_, T>) {
    use Assumption as A;
    let n = a.nrows();
    let (triangle, conjugates) = match assumption {
        A::General | A::Banded => return,
        A::Diagonal => return keep_rows(a, |column| column..column + 1),
        A::Tridiagonal => return keep_rows(a, |column| column.saturating_sub(1)..column + 2),
        A::Triangular(Triangle::Upper) => return keep_rows(a, |column| 0..column + 1),
        A::Triangular(Triangle::Lower) => return keep_rows(a, |column| column..n),
        A::Symmetric(triangle) => (triangle, false),
        A::Hermitian(triangle) | A::PositiveDefinite(triangle) => (triangle, true),
    };
    let mut lower = match triangle {
        Triangle::Lower => a,
        Triangle::Upper => a.reversed_axes(),
    };
    for left in (0..n).step_by(BLOCK) {
        for top in (left..n).step_by(BLOCK) {
            for column in left..n.min(left + BLOCK) {
                for row in top.max(column)..n.min(top + BLOCK) {
                    let x = lower[[row, column]];
                    lower[[column, row]] = match (conjugates, row == column) {
                        (false, _) => x,
                        (true, true) => T::from_real(x.real()),
                        (true, false) => x.conj(),
                    };
                }
            }
        }
    }
}

/// Sets to zero what is not in these rows of each column.
fn keep_rows<T: LinalgScalar>(mut a: ArrayViewMut2<'_, T>, rows: impl Fn(usize) -> Range<usize>) {
    let n = a.nrows();
    for (column, elements) in a.columns_mut().into_iter().enumerate() {
        let kept = rows(column);
        let (mut before, rest) = elements.split_at(Axis(0), kept.start);
        let (_, mut after) = rest.split_at(Axis(0), kept.end.min(n) - kept.start);
        before.fill(T::zero());
        after.fill(T::zero());
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn solved(assumption: Assumption, a: &Array2<f64>, b: &Array2<f64>) -> (Array2<f64>, f64) {
        let mut solver = AssumedSolver::new(3, Some(assumption), false);
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
