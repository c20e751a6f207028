//! Factors of symmetric and Hermitian matrices that need not be definite, in memory that is
//! reused.

use std::ffi::c_int;

use crate::base::layout::is_finite;
use crate::base::memory::{OutOfMemory, try_resize};
use crate::base::structure::Triangle;
use crate::elements::scalar::LinalgScalar;
use crate::lapack::pivots::pivot_to_index;
use crate::lapack::subnormal::smith_divide;
use crate::lapack::{blas_int, symmetric_work_len, sytrf};
use crate::solve::lu_factors::exchange_rows;
use crate::solve::triangular::{Op, TriangularRef, conjugate};

/// `P A P^T = L D L^T`, or `L D L^H`, with blocks of one or two rows on the diagonal of `D`, of
/// matrices of one order: the pivoting of Bunch and Kaufman, by LAPACK's `sytrf`. Measured, it takes
/// 0.5 to 0.9 of the time of LU from order 50 on, for complex matrices the least, and is level
/// below.
///
/// LAPACK keeps the exchanges of rows out of the columns of `L` before them; here they are in
/// these, too, so that `L` is one triangle for many right-hand sides at once, as in LAPACK's
/// `sytrs2`.
pub(crate) struct SymmetricFactors<T> {
    hermitian: bool,
    /// `L` without its diagonal, which is ones, and in place of that the diagonal of `D`.
    elements: Vec<T>,
    /// Below the diagonal of `D`: not zero in the first of two rows.
    beside: Vec<T>,
    /// As of LU.
    pivots: Vec<c_int>,
    work: Vec<T>,
}

impl<T: LinalgScalar> SymmetricFactors<T> {
    pub(crate) const fn new() -> Self {
        SymmetricFactors {
            hermitian: false,
            elements: Vec::new(),
            beside: Vec::new(),
            pivots: Vec::new(),
            work: Vec::new(),
        }
    }

    /// Factors a matrix of order `n`, given column by column, of which the lower triangle is read;
    /// its memory is exchanged for that of the matrix before. The error is the first pivot that is
    /// exactly zero; `None` if the factors overflow.
    pub(crate) fn factor(
        &mut self,
        n: usize,
        hermitian: bool,
        matrix: &mut Vec<T>,
    ) -> Result<Option<Result<(), usize>>, OutOfMemory> {
        self.hermitian = hermitian && T::IS_COMPLEX;
        std::mem::swap(&mut self.elements, matrix);
        try_resize(&mut self.beside, n, T::zero())?;
        try_resize(&mut self.pivots, n, 0)?;
        try_resize(&mut self.work, symmetric_work_len(n).max(1), T::zero())?;
        let (elements, pivots) = (&mut self.elements, &mut self.pivots);
        let done = sytrf(self.hermitian, elements, pivots, &mut self.work);
        self.take_blocks(n);
        let lower = (0..n).map(|column| &self.elements[column * n + column..(column + 1) * n]);
        let is_right = lower.into_iter().all(is_finite) && is_finite(&self.beside);
        Ok(is_right.then_some(done))
    }

    /// Takes the blocks of two rows out of LAPACK's form, and finishes the columns of `L`.
    fn take_blocks(&mut self, n: usize) {
        self.beside.fill(T::zero());
        let mut row = 0;
        while row < n {
            if self.pivots[row] > 0 {
                row += 1;
                continue;
            }
            // The second row was exchanged, with the one that both name.
            let element = &mut self.elements[row * n + row + 1];
            self.beside[row] = std::mem::replace(element, T::zero());
            self.pivots[row + 1] = -self.pivots[row + 1];
            self.pivots[row] = blas_int(row + 1);
            row += 2;
        }
        for (at, column) in self.elements.chunks_exact_mut(n.max(1)).enumerate() {
            let first = at + 1 + usize::from(!self.beside[at].is_zero());
            for row in first..n {
                column.swap(row, pivot_to_index(self.pivots[row]));
            }
        }
    }

    /// Solves `op(A) X = B`; `b` is `B`, row by row, and is overwritten by `X`.
    pub(crate) fn solve(&self, op: Op, b: &mut [T]) {
        let n = self.pivots.len();
        if b.is_empty() {
            return;
        }
        let row_len = b.len() / n;
        let lower = TriangularRef::in_f_order(n, &self.elements);
        let (other, conjugated) = if self.hermitian {
            (Op::Adjoint, op == Op::Transpose)
        } else {
            (Op::Transpose, op == Op::Adjoint && T::IS_COMPLEX)
        };
        if conjugated {
            conjugate(b);
        }
        exchange_rows(&self.pivots, Op::NoTranspose, row_len, b);
        lower.solve(Triangle::Lower, Op::NoTranspose, true, b);
        self.solve_blocks(row_len, b);
        lower.solve(Triangle::Lower, other, true, b);
        exchange_rows(&self.pivots, Op::Transpose, row_len, b);
        if conjugated {
            conjugate(b);
        }
    }

    /// Solves with `D`, by quotients of elements that are alike in size, as LAPACK's `sytrs`.
    fn solve_blocks(&self, row_len: usize, b: &mut [T]) {
        let n = self.pivots.len();
        let mut row = 0;
        while row < n {
            let (pivot, beside) = (self.elements[row * n + row], self.beside[row]);
            let rows = &mut b[row * row_len..];
            if beside.is_zero() {
                let rows = &mut rows[..row_len];
                rows.iter_mut().for_each(|x| *x = smith_divide(*x, pivot));
                row += 1;
                continue;
            }
            let above = if self.hermitian {
                beside.conj()
            } else {
                beside
            };
            let next = self.elements[(row + 1) * n + row + 1];
            let [first, second] = [smith_divide(pivot, above), smith_divide(next, beside)];
            let divisor = first * second - T::one();
            let (x, rest) = rows.split_at_mut(row_len);
            for (x, y) in x.iter_mut().zip(rest) {
                let [p, q] = [smith_divide(*x, above), smith_divide(*y, beside)];
                *x = smith_divide(second * p - q, divisor);
                *y = smith_divide(first * q - p, divisor);
            }
            row += 2;
        }
    }
}
