//! Eigenvalues and eigenvectors of general matrices.

use std::ffi::{c_char, c_int};

use num_traits::Zero as _;

use super::workspace::Workspace;
use super::{FieldRoutines, Lapack, blas_int, check_size, leading_dim, letter};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros;
use crate::base::scale::rounded;
use crate::base::scale::scale_to_unit;

/// General matrices of one order, in memory that is used again.
pub(crate) struct Geev<T: Lapack> {
    n: usize,
    matrix: Vec<T>,
    values: Vec<T>,
    /// The imaginary parts of a real matrix's values; else zeros.
    imaginary: Vec<T>,
    /// The vectors, column by column; a conjugate pair is stored as the real and the imaginary
    /// part of its first vector. Empty if no vectors are requested.
    vectors: Vec<T>,
    /// The left vectors, stored in the same way.
    left: Vec<T>,
    /// The power of two that the matrix was divided by.
    scale: f64,
    workspace: Workspace<T>,
}

impl<T: Lapack> Geev<T> {
    /// For matrices of order `n`.
    pub(crate) fn new(n: usize, vectors: bool) -> Result<Self, Error> {
        Geev::with_vectors(n, false, vectors)
    }

    /// For matrices of order `n`, with these vectors.
    pub(crate) fn with_vectors(n: usize, left: bool, right: bool) -> Result<Self, Error> {
        check_size(n.saturating_mul(66), n)?;
        let count = n.saturating_mul(n);
        let mut new = Geev {
            n,
            matrix: zeros(count)?,
            values: zeros(n)?,
            imaginary: zeros(n)?,
            vectors: zeros(if right { count } else { 0 })?,
            left: zeros(if left { count } else { 0 })?,
            scale: 1.0,
            workspace: Workspace::new(2 * n, 0)?,
        };
        new.call();
        new.workspace.allocate()?;
        Ok(new)
    }

    /// The memory for the matrix, column by column; solving overwrites it.
    pub(crate) fn matrix(&mut self) -> &mut [T] {
        &mut self.matrix
    }

    /// Computes what [`value`](Self::value) and [`vector`](Self::vector) return.
    ///
    /// The matrix is divided by a power of two first, so that its largest element is near
    /// one: `laqr0`, which is used for matrices of more than 75 rows, has errors as large as
    /// the elements for some sparse matrices of small numbers, and if the imaginary part of a
    /// value underflows, its two vectors can no longer be recognised as a conjugate pair.
    pub(crate) fn solve(&mut self) -> Result<(), Reason> {
        self.scale = scale_to_unit(&mut self.matrix);
        match self.call() {
            0 => Ok(()),
            _ => Err(Reason::NoConvergence { routine: "geev" }),
        }
    }

    /// An eigenvalue.
    pub(crate) fn value(&self, index: usize) -> [T::Real; 2] {
        let [re, im] = self.values[index].parts();
        let [imaginary, _] = self.imaginary[index].parts();
        let scaled = |x: T::Real| rounded(x.into() * self.scale);
        [scaled(re), scaled(im + imaginary)]
    }

    /// Whether an eigenvalue is real; the imaginary part of a complex one may still
    /// underflow.
    pub(crate) fn is_real(&self, index: usize) -> bool {
        self.values[index].parts()[1].is_zero() && self.imaginary[index].is_zero()
    }

    /// An element of the eigenvector of that value.
    pub(crate) fn vector(&self, row: usize, index: usize) -> [T::Real; 2] {
        self.element(&self.vectors, row, index)
    }

    /// An element of the left eigenvector of that value.
    pub(crate) fn left_vector(&self, row: usize, index: usize) -> [T::Real; 2] {
        self.element(&self.left, row, index)
    }

    fn element(&self, vectors: &[T], row: usize, index: usize) -> [T::Real; 2] {
        let [imaginary, _] = self.imaginary[index].parts();
        paired_element(self.n, vectors, imaginary, row, index)
    }

    /// Calls `geev`, to ask for the workspace or to solve;
    /// returns LAPACK's `info`.
    fn call(&mut self) -> c_int {
        let [jobvl, jobvr] = [&self.left, &self.vectors].map(|vectors| job(vectors));
        let (n, ld) = (blas_int(self.n), leading_dim(self.n));
        let (a, w) = (self.matrix.as_mut_ptr(), self.values.as_mut_ptr());
        let (vl, vr) = (self.left.as_mut_ptr(), self.vectors.as_mut_ptr());
        let lwork = self.workspace.lwork();
        let work = self.workspace.work.as_mut_ptr();
        let mut info = 0;
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                let wi = self.imaginary.as_mut_ptr();
                // SAFETY: `new` made `a` and, for vectors, `vl` and `vr` of `n * n` elements, and
                // `w` and `wi` of `n`; `work` has the `lwork` elements that the first call asked
                // for, or with an `lwork` of -1 the one for its result.
                unsafe {
                    (real.geev)(
                        &jobvl, &jobvr, &n, a, &ld, w, wi, vl, &ld, vr, &ld, work, &lwork,
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                let rwork = self.workspace.rwork.as_mut_ptr();
                // SAFETY: as above; `rwork` has `2 * n` elements, as the manual of `cgeev`
                // asks (LAPACK 3.12).
                unsafe {
                    (complex.geev)(
                        &jobvl, &jobvr, &n, a, &ld, w, vl, &ld, vr, &ld, work, &lwork, rwork,
                        &mut info,
                    );
                }
            }
        }
        info
    }
}

/// LAPACK's job: vectors where there is memory for them.
pub(super) const fn job<T>(vectors: &[T]) -> c_char {
    letter(if vectors.is_empty() { b'N' } else { b'V' })
}

/// An element of a vector, column by column, of a value with that imaginary part; of a conjugate
/// pair of a real matrix the first vector is stored as its real and its imaginary part.
pub(super) fn paired_element<T: Lapack>(
    n: usize,
    vectors: &[T],
    imaginary: T::Real,
    row: usize,
    index: usize,
) -> [T::Real; 2] {
    let at = |index: usize| vectors[index * n + row].parts();
    let zero = T::Real::zero();
    if imaginary > zero {
        [at(index)[0], at(index + 1)[0]]
    } else if imaginary < zero {
        [at(index - 1)[0], -at(index)[0]]
    } else {
        at(index)
    }
}
