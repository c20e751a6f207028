//! LU factors, by a kernel or by LAPACK, in memory that is reused.

use std::ffi::c_int;

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{is_finite, to_f};
use crate::base::memory::zeros;
use crate::base::memory::{OutOfMemory, reserved, try_resize};
use crate::base::structure::Triangle;
use crate::driver::plan::Plan;
use crate::elements::scalar::LinalgScalar;
use crate::kernels::{max_order, small::lu as kernel};
use crate::lapack::pivots::{pivot_to_index, swap_rows};
use crate::lapack::{self, getrf_recursive, subnormal};
use crate::solve::triangular::{Op, Triangular, TriangularRef};

/// The systems with the triangles of factors, in one matrix, whose solutions solve `op(A) X = B`
/// but for exchanges of rows: those of `B` if `A` is not transposed, else those of `X`.
pub(crate) fn steps(op: Op) -> [Triangular; 2] {
    let [lower, upper] = [Triangle::Lower, Triangle::Upper].map(|triangle| Triangular {
        triangle,
        op,
        unit_diagonal: triangle == Triangle::Lower,
    });
    if op == Op::NoTranspose {
        [lower, upper]
    } else {
        [upper, lower]
    }
}

/// Exchanges the rows of `B`, or those of `X`: `A = P L U`, where `P` applies the exchanges in
/// reverse order.
pub(crate) fn exchange_rows<T>(pivots: &[c_int], op: Op, row_len: usize, b: &mut [T]) {
    let n = pivots.len();
    if op == Op::NoTranspose {
        (0..n).for_each(|row| swap_rows(pivots, row, row_len, b));
    } else {
        (0..n)
            .rev()
            .for_each(|row| swap_rows(pivots, row, row_len, b));
    }
}

/// Solves `op(A) X = B` with factors of `A` that have no zero pivot; `b` is `B`, row by row,
/// and is overwritten by `X`.
pub(crate) fn solve<T: LinalgScalar>(
    factors: TriangularRef<'_, T>,
    pivots: &[c_int],
    op: Op,
    b: &mut [T],
) {
    if b.is_empty() {
        return;
    }
    let row_len = b.len() / pivots.len();
    if op == Op::NoTranspose {
        exchange_rows(pivots, op, row_len, b);
    }
    for step in steps(op) {
        factors.solve(step.triangle, op, step.unit_diagonal, b);
    }
    if op != Op::NoTranspose {
        exchange_rows(pivots, op, row_len, b);
    }
}

/// Copies a matrix of `rows` to `to`, column by column, and factors it there;
/// the error is the first pivot that is exactly zero.
pub(crate) fn factor<T: LinalgScalar>(
    a: ArrayView2<'_, T>,
    is_blocked: bool,
    to: &mut [T],
    pivots: &mut [c_int],
) -> Result<(), usize> {
    to_f(a, to);
    factor_copy(a, is_blocked, to, pivots)
}

/// [`factor`] in place, for a matrix that has been copied to `to`.
pub(crate) fn factor_copy<T: LinalgScalar>(
    a: ArrayView2<'_, T>,
    is_blocked: bool,
    to: &mut [T],
    pivots: &mut [c_int],
) -> Result<(), usize> {
    let rows = a.nrows();
    let done = if is_blocked {
        getrf_recursive::factor(rows, to, pivots)
    } else {
        lapack::getrf(rows, to, pivots)
    };
    if subnormal::has_skipped_pivot(rows, to) {
        to_f(a, to);
        return subnormal::factor(rows, to, pivots);
    }
    done
}

/// The approximate number of operations of one factorization.
pub(crate) fn flops(m: usize, n: usize) -> f64 {
    let (most, least) = (m.max(n) as f64, m.min(n) as f64);
    least * least * (most - least / 3.0)
}

/// LU factors of square matrices of one order, by the kernel if it handles the matrix,
/// otherwise by LAPACK.
pub(crate) struct SquareLu<T> {
    small: Option<SmallLu<T>>,
    factors: LapackLu<T>,
    /// Whether the factors of the last matrix are in `small`.
    is_small: bool,
}

impl<T: LinalgScalar> SquareLu<T> {
    pub(crate) fn new(n: usize, plan: Plan) -> Result<Self, Error> {
        let small = plan.small.then(|| SmallLu::new(n));
        let factors = match small {
            Some(_) => LapackLu::lazy(n, plan),
            None => LapackLu::new(n, n, plan)?,
        };
        Ok(SquareLu {
            small,
            factors,
            is_small: false,
        })
    }

    /// Factors a matrix; the error is the first pivot that is exactly zero.
    pub(crate) fn factor(&mut self, a: ArrayView2<'_, T>) -> Result<(), Reason> {
        let done = self.small.as_mut().and_then(|small| small.factor(a));
        self.is_small = done.is_some();
        done.unwrap_or_else(|| self.factors.factor(a))
    }

    fn small(&self) -> Option<&SmallLu<T>> {
        self.small.as_ref().filter(|_| self.is_small)
    }

    /// Solves `A X = B`; `b` is `B`, row by row, and is overwritten by `X`.
    pub(crate) fn solve(&self, b: &mut [T]) {
        match self.small() {
            Some(small) => small.solve(b),
            None => solve(
                self.factors.as_triangular(),
                &self.factors.pivots,
                Op::NoTranspose,
                b,
            ),
        }
    }

    /// The diagonal of `U`.
    pub(crate) fn diagonal(&self) -> impl Iterator<Item = T> {
        let (elements, step) = match self.small() {
            Some(small) => small.diagonal(),
            None => self.factors.diagonal(),
        };
        elements.iter().step_by(step).copied()
    }

    /// The number of row swaps.
    pub(crate) fn row_swaps(&self) -> usize {
        match self.small() {
            Some(small) => small.row_swaps(),
            None => self.factors.row_swaps(),
        }
    }
}

/// Beyond this order OpenBLAS rounds differently, so it may disagree about which of the
/// matrices whose pivots are zero but for rounding are singular.
const BITWISE_EQUAL_LU: usize = 2;

/// LU factors of small matrices of one order, in memory that is reused.
pub(crate) struct SmallLu<T> {
    n: usize,
    elements: Vec<T>,
    sums: Vec<T>,
    swaps: [usize; max_order::LU],
}

impl<T: LinalgScalar> SmallLu<T> {
    /// For matrices of order `n`, which the kernel takes.
    pub(crate) fn new(n: usize) -> Self {
        SmallLu {
            n,
            elements: vec![T::zero(); n * kernel::row_stride(n)],
            sums: vec![T::zero(); n * kernel::row_stride(n)],
            swaps: [0; max_order::LU],
        }
    }

    /// Factors a matrix; the error is the first pivot that is exactly zero. `None` if LAPACK
    /// must decide: for a matrix that is not finite, or that LAPACK might find singular.
    pub(crate) fn factor(&mut self, a: ArrayView2<'_, T>) -> Option<Result<(), Reason>> {
        let n = self.n;
        let rows = self.elements.chunks_exact_mut(kernel::row_stride(n).max(1));
        for (to, from) in rows.zip(a.rows()) {
            let (to, padding) = to.split_at_mut(n);
            match from.to_slice() {
                Some(from) => to.copy_from_slice(from),
                None => to.iter_mut().zip(from).for_each(|(to, &x)| *to = x),
            }
            padding.fill(T::zero());
        }
        if !is_finite(&self.elements) {
            return None;
        }
        let pivot = kernel::lu(n, &mut self.elements, &mut self.sums, &mut self.swaps);
        if n > BITWISE_EQUAL_LU && kernel::nearly_singular(n, &self.elements) {
            return None;
        }
        Some(if pivot == n {
            Ok(())
        } else {
            Err(Reason::Singular { pivot })
        })
    }

    /// Solves `A X = B`; `b` is `B`, row by row, and is overwritten by `X`.
    pub(crate) fn solve(&self, b: &mut [T]) {
        kernel::solve_lu(self.n, &self.elements, &self.swaps, b);
    }

    /// Writes the inverse in C order.
    pub(crate) fn inverse(&self, x: &mut [T]) {
        kernel::inverse_lu(self.n, &self.elements, &self.swaps, x);
    }

    /// The elements, and the stride along the diagonal of `U`.
    fn diagonal(&self) -> (&[T], usize) {
        (&self.elements, kernel::row_stride(self.n) + 1)
    }

    /// The number of row swaps.
    fn row_swaps(&self) -> usize {
        let swaps = self.swaps[..self.n].iter().enumerate();
        swaps.filter(|&(row, &other)| row != other).count()
    }
}

/// LU factors of matrices of one shape, in Fortran order, in memory that is reused.
///
/// The matrix itself is factored, as in NumPy, not its transpose, which could be copied
/// without transposing: rounding decides whether the last pivot of a singular matrix is
/// exactly zero, and differs between the two.
pub(crate) struct LapackLu<T> {
    /// Whether LU by halving is faster than LAPACK.
    is_blocked: bool,
    rows: usize,
    pub(crate) elements: Vec<T>,
    pub(crate) pivots: Vec<c_int>,
}

impl<T: LinalgScalar> LapackLu<T> {
    pub(crate) fn new(rows: usize, columns: usize, plan: Plan) -> Result<Self, Error> {
        Ok(LapackLu {
            is_blocked: plan.blocked,
            rows,
            elements: zeros(rows.saturating_mul(columns))?,
            pivots: zeros(rows.min(columns))?,
        })
    }

    /// For square matrices; memory is allocated when it is first needed.
    const fn lazy(n: usize, plan: Plan) -> Self {
        LapackLu {
            is_blocked: plan.blocked,
            rows: n,
            elements: Vec::new(),
            pivots: Vec::new(),
        }
    }

    /// Factors a matrix; the error is the first pivot that is exactly zero.
    pub(crate) fn factor(&mut self, a: ArrayView2<'_, T>) -> Result<(), Reason> {
        try_resize(&mut self.elements, a.len(), T::zero())?;
        try_resize(&mut self.pivots, a.nrows().min(a.ncols()), 0)?;
        let done = factor(a, self.is_blocked, &mut self.elements, &mut self.pivots);
        done.map_err(|pivot| Reason::Singular { pivot })
    }

    /// Factors a matrix that may be singular, but must be finite.
    pub(crate) fn factor_finite(&mut self, a: ArrayView2<'_, T>) -> Result<(), Reason> {
        if !is_finite(to_f(a, &mut self.elements)) {
            return Err(Reason::NotFinite);
        }
        // A zero pivot is not an error here.
        let _ = factor_copy(a, self.is_blocked, &mut self.elements, &mut self.pivots);
        Ok(())
    }

    /// The elements, and the stride along the diagonal of `U`.
    fn diagonal(&self) -> (&[T], usize) {
        (&self.elements, self.rows + 1)
    }

    /// The number of row swaps.
    fn row_swaps(&self) -> usize {
        let pivots = (1..).zip(&self.pivots);
        pivots
            .filter(|&(row, &pivot): &(c_int, _)| row != pivot)
            .count()
    }

    /// The factors of a square matrix.
    fn as_triangular(&self) -> TriangularRef<'_, T> {
        TriangularRef::in_f_order(self.rows, &self.elements)
    }

    /// The row of the matrix for each row of `L U`.
    pub(crate) fn permutation(&self) -> Result<Vec<usize>, OutOfMemory> {
        let mut rows = reserved(self.rows)?;
        rows.extend(0..self.rows);
        for (row, &pivot) in self.pivots.iter().enumerate() {
            rows.swap(row, pivot_to_index(pivot));
        }
        Ok(rows)
    }

    /// Splits the factors into `L` and `U`; with `rows`, the rows of `L` are written at these
    /// positions of `P L`.
    pub(crate) fn split_lu(
        &self,
        rows: Option<&[usize]>,
        mut l: ArrayViewMut2<'_, T>,
        mut u: ArrayViewMut2<'_, T>,
    ) {
        let at = |row: usize, column: usize| self.elements[column * self.rows + row];
        for (row, mut to) in u.rows_mut().into_iter().enumerate() {
            for (column, x) in to.iter_mut().enumerate() {
                *x = if column < row {
                    T::zero()
                } else {
                    at(row, column)
                };
            }
        }
        for row in 0..l.nrows() {
            let place = rows.map_or(row, |rows| rows[row]);
            for (column, x) in l.index_axis_mut(Axis(0), place).iter_mut().enumerate() {
                *x = match column.cmp(&row) {
                    std::cmp::Ordering::Less => at(row, column),
                    std::cmp::Ordering::Equal => T::one(),
                    std::cmp::Ordering::Greater => T::zero(),
                };
            }
        }
    }
}
