//! LU factors of band matrices, in memory that is reused.

use std::ffi::c_int;

use ndarray::ArrayView2;

use crate::base::memory::{OutOfMemory, try_resize};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::gbtrf;
use crate::lapack::pivots::swap_rows;
use crate::lapack::subnormal::{is_subnormal, smith_divide};
use crate::solve::condition::OneNorm;
use crate::solve::triangular::{Op, conjugate};

/// LU factors of band matrices of one order, column by column, as LAPACK's `gbtrf` stores them:
/// the diagonal of `U` at `diagonal` in each column, `U` before it and `L` after it.
pub(crate) struct BandLu<T> {
    below: usize,
    diagonal: usize,
    elements: Vec<T>,
    pivots: Vec<c_int>,
}

impl<T: LinalgScalar> BandLu<T> {
    pub(crate) const fn new() -> Self {
        BandLu {
            below: 0,
            diagonal: 0,
            elements: Vec::new(),
            pivots: Vec::new(),
        }
    }

    /// Factors the band of a matrix with that many diagonals below and above the main one; the
    /// rest is not read. Returns the norm of the band, and the first pivot that is exactly zero,
    /// if one is; `None` where LAPACK's reciprocal of a pivot overflows.
    #[expect(
        clippy::type_complexity,
        reason = "a norm, or why there are no factors"
    )]
    pub(crate) fn factor(
        &mut self,
        a: ArrayView2<'_, T>,
        [below, above]: [usize; 2],
    ) -> Result<Option<(OneNorm, Result<(), usize>)>, OutOfMemory> {
        let n = a.nrows();
        (self.below, self.diagonal) = (below, below + above);
        let column_len = self.column_len();
        self.elements.clear();
        try_resize(&mut self.elements, column_len * n, T::zero())?;
        try_resize(&mut self.pivots, n, 0)?;
        for (column, to) in self.elements.chunks_exact_mut(column_len).enumerate() {
            for row in column.saturating_sub(above)..n.min(column + below + 1) {
                to[below + above + row - column] = a[[row, column]];
            }
        }
        let norm = OneNorm::of(column_len, &self.elements);
        let done = gbtrf([below, above], &mut self.elements, &mut self.pivots);
        let is_right = !self
            .columns()
            .any(|column| is_subnormal(column[self.diagonal]));
        Ok(is_right.then_some((norm, done)))
    }

    const fn column_len(&self) -> usize {
        self.diagonal + self.below + 1
    }

    fn columns(&self) -> impl DoubleEndedIterator<Item = &[T]> + ExactSizeIterator {
        self.elements.chunks_exact(self.column_len())
    }

    /// Solves `op(A) X = B`; `b` is `B`, row by row, and is overwritten by `X`.
    pub(crate) fn solve(&self, op: Op, b: &mut [T]) {
        if b.is_empty() {
            return;
        }
        match op {
            Op::NoTranspose => self.substitute(b),
            Op::Transpose => self.substitute_transposed(b),
            // A^H X = B is A^T conj(X) = conj(B).
            Op::Adjoint => {
                conjugate(b);
                self.substitute_transposed(b);
                conjugate(b);
            }
        }
    }

    fn substitute(&self, b: &mut [T]) {
        let row_len = b.len() / self.pivots.len();
        for (row, column) in self.columns().enumerate() {
            swap_rows(&self.pivots, row, row_len, b);
            let (above, below) = b.split_at_mut((row + 1) * row_len);
            let x = &above[row * row_len..];
            for (&l, to) in column[self.diagonal + 1..]
                .iter()
                .zip(below.chunks_exact_mut(row_len))
            {
                subtract(to, l, x);
            }
        }
        for (row, column) in self.columns().enumerate().rev() {
            let (above, x) = b[..(row + 1) * row_len].split_at_mut(row * row_len);
            divide(x, column[self.diagonal]);
            let u = column[..self.diagonal].iter().rev();
            for (&u, to) in u.zip(above.chunks_exact_mut(row_len).rev()) {
                subtract(to, u, x);
            }
        }
    }

    fn substitute_transposed(&self, b: &mut [T]) {
        let row_len = b.len() / self.pivots.len();
        for (row, column) in self.columns().enumerate() {
            let (above, x) = b[..(row + 1) * row_len].split_at_mut(row * row_len);
            let u = column[..self.diagonal].iter().rev();
            for (&u, from) in u.zip(above.chunks_exact(row_len).rev()) {
                subtract(x, u, from);
            }
            divide(x, column[self.diagonal]);
        }
        for (row, column) in self.columns().enumerate().rev() {
            let (above, below) = b.split_at_mut((row + 1) * row_len);
            let x = &mut above[row * row_len..];
            for (&l, from) in column[self.diagonal + 1..]
                .iter()
                .zip(below.chunks_exact(row_len))
            {
                subtract(x, l, from);
            }
            swap_rows(&self.pivots, row, row_len, b);
        }
    }
}

fn subtract<T: LinalgScalar>(to: &mut [T], factor: T, from: &[T]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to -= factor * x;
    }
}

fn divide<T: LinalgScalar>(row: &mut [T], divisor: T) {
    for x in row {
        *x = smith_divide(*x, divisor);
    }
}
