//! Eigenvalues and eigenvectors of Hermitian matrices.

use std::ffi::c_int;

use super::workspace::{Workspace, check_count};
use super::{FieldRoutines, Lapack, blas_int, leading_dim, letter};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::{try_resize, zeros};
use crate::base::structure::Triangle;

/// Eigenvalues and eigenvectors of Hermitian matrices of one order, in memory that is used
/// again.
pub(crate) struct Heevd<T: Lapack> {
    n: usize,
    triangle: Triangle,
    values: Vec<T::Real>,
    workspace: Workspace<T>,
}

impl<T: Lapack> Heevd<T> {
    /// For matrices of order `n`, of which that triangle is read.
    pub(crate) fn new(n: usize, triangle: Triangle) -> Result<Self, Error> {
        let wide = n as u128;
        check_count(n, n, 2 * wide * wide + 6 * wide + 1)?;
        let mut new = Heevd {
            n,
            triangle,
            values: zeros(n)?,
            workspace: Workspace::new(0, 0)?,
        };
        new.call(&mut []);
        new.workspace.allocate()?;
        // The least that `syev` works with; `heev` asks for less.
        new.workspace.ensure_work_len(3 * n)?;
        Ok(new)
    }

    /// The eigenvalues, the smallest first; the vectors replace the columns of `a`.
    pub(crate) fn solve(&mut self, a: &mut [T]) -> Result<&[T::Real], Reason> {
        assert!(a.len() / self.n.max(1) >= self.n);
        if self.call(a) != 0 {
            return Err(Reason::NoConvergence { routine: "heevd" });
        }
        Ok(&self.values)
    }

    /// [`solve`](Self::solve) by QR steps, which are slower and lose no orthogonality.
    pub(crate) fn solve_by_qr(&mut self, a: &mut [T]) -> Result<&[T::Real], Reason> {
        assert!(a.len() / self.n.max(1) >= self.n);
        if self.call_qr(a) != 0 {
            return Err(Reason::NoConvergence { routine: "heev" });
        }
        Ok(&self.values)
    }

    /// The values of the last matrix solved.
    pub(crate) fn values(&self) -> &[T::Real] {
        &self.values
    }

    /// Calls `syevd` or `heevd`, to ask for the workspace or to work on `a`, which has
    /// `n * n` elements; returns LAPACK's `info`.
    fn call(&mut self, a: &mut [T]) -> c_int {
        let (jobz, uplo) = (letter(b'V'), self.triangle.uplo());
        let (n, lda) = (blas_int(self.n), leading_dim(self.n));
        let (a, w) = (a.as_mut_ptr(), self.values.as_mut_ptr());
        let workspace = &mut self.workspace;
        let (lwork, lrwork, liwork) = (workspace.lwork(), workspace.lrwork(), workspace.liwork());
        let (work, iwork) = (workspace.work.as_mut_ptr(), workspace.iwork.as_mut_ptr());
        let mut info = 0;
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                // SAFETY: `solve` asserted the length of `a`, and `new` made `w` of `n`
                // elements; the workspaces are as long as the first call asked for, or with
                // lengths of -1 have the one element for its result, and it reads no `a`.
                unsafe {
                    (real.syevd)(
                        &jobz,
                        &uplo,
                        &n,
                        a,
                        &lda,
                        w.cast(),
                        work,
                        &lwork,
                        iwork,
                        &liwork,
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                let rwork = workspace.rwork.as_mut_ptr();
                // SAFETY: as above.
                unsafe {
                    (complex.heevd)(
                        &jobz, &uplo, &n, a, &lda, w, work, &lwork, rwork, &lrwork, iwork, &liwork,
                        &mut info,
                    );
                }
            }
        }
        info
    }

    /// Calls `syev` or `heev` for `a`, which has `n * n` elements; returns LAPACK's `info`.
    fn call_qr(&mut self, a: &mut [T]) -> c_int {
        let (jobz, uplo) = (letter(b'V'), self.triangle.uplo());
        let (n, lda) = (blas_int(self.n), leading_dim(self.n));
        let (a, w) = (a.as_mut_ptr(), self.values.as_mut_ptr());
        let workspace = &mut self.workspace;
        let lwork = workspace.lwork();
        let work = workspace.work.as_mut_ptr();
        let mut info = 0;
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                // SAFETY: `solve_by_qr` asserted the length of `a`, and `new` made `w` of `n`
                // elements, and `work` of at least `3 n`, of which `syev` needs `3 n - 1` (LAPACK
                // 3.12).
                unsafe {
                    (real.syev)(&jobz, &uplo, &n, a, &lda, w.cast(), work, &lwork, &mut info);
                }
            }
            FieldRoutines::Complex(complex) => {
                let rwork = workspace.rwork.as_mut_ptr();
                // SAFETY: as above; `heev` needs a `work` of `2 n - 1`, and an `rwork` of `3 n - 2`,
                // which is no more than `heevd` asked for: 1 for the order 1, else
                // `1 + 5 n + 2 n^2`.
                unsafe {
                    (complex.heev)(&jobz, &uplo, &n, a, &lda, w, work, &lwork, rwork, &mut info);
                }
            }
        }
        info
    }
}

/// The tridiagonal form of Hermitian matrices of one order, in memory that is used again.
pub(crate) struct Hetrd<T: Lapack> {
    n: usize,
    triangle: Triangle,
    diagonal: Vec<T::Real>,
    off_diagonal: Vec<T::Real>,
    tau: Vec<T>,
    workspace: Workspace<T>,
    /// For the products with the unitary factor.
    products: Vec<T>,
}

impl<T: Lapack> Hetrd<T> {
    /// For matrices of order `n`, of which that triangle is read.
    pub(crate) fn new(n: usize, triangle: Triangle) -> Result<Self, Error> {
        check_count(n, n, 64 * n as u128)?;
        let mut new = Hetrd {
            n,
            triangle,
            diagonal: zeros(n)?,
            off_diagonal: zeros(n)?,
            tau: zeros(n)?,
            workspace: Workspace::new(0, 0)?,
            products: Vec::new(),
        };
        new.call(&mut []);
        new.workspace.allocate()?;
        Ok(new)
    }

    /// The diagonal, and the off-diagonal followed by a zero; `a` is overwritten.
    pub(crate) fn reduce(&mut self, a: &mut [T]) -> (&[T::Real], &[T::Real]) {
        assert!(a.len() / self.n.max(1) >= self.n);
        let info = self.call(a);
        debug_assert_eq!(info, 0, "it fails for wrong arguments only");
        (&self.diagonal, &self.off_diagonal)
    }

    /// Turns eigenvectors of the tridiagonal form, one after the other, into those of the
    /// matrix that [`reduce`](Self::reduce) overwrote with `a`.
    pub(crate) fn rotate(&mut self, a: &[T], vectors: &mut [T]) -> Result<(), Reason> {
        let n = self.n;
        assert!(a.len() / n.max(1) >= n && vectors.len().is_multiple_of(n.max(1)));
        // What OpenBLAS's blocks of up to 64 reflectors need for that many columns.
        let count = vectors.len() / n.max(1);
        try_resize(&mut self.products, 64 * count + 65 * 64, T::zero())?;
        let (left, plain) = (letter(b'L'), letter(b'N'));
        let (uplo, rows, columns) = (self.triangle.uplo(), blas_int(n), blas_int(count));
        let (ld, lwork, tau) = (
            leading_dim(n),
            blas_int(self.products.len()),
            self.tau.as_ptr(),
        );
        let (a, c, work) = (a.as_ptr(), vectors.as_mut_ptr(), self.products.as_mut_ptr());
        let mut info = 0;
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                // SAFETY: `a` has `n` columns and `vectors` has `count` columns of `n` elements, as
                // was just asserted, `tau` has `n`, and `work` has `lwork`, which is at least the
                // `count` that the routine needs.
                unsafe {
                    (real.ormtr)(
                        &left, &uplo, &plain, &rows, &columns, a, &ld, tau, c, &ld, work, &lwork,
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                // SAFETY: as above.
                unsafe {
                    (complex.unmtr)(
                        &left, &uplo, &plain, &rows, &columns, a, &ld, tau, c, &ld, work, &lwork,
                        &mut info,
                    );
                }
            }
        }
        debug_assert_eq!(info, 0, "it fails for wrong arguments only");
        Ok(())
    }

    /// Calls `sytrd` or `hetrd`, to ask for the workspace or to work on `a`, which has
    /// `n * n` elements; returns LAPACK's `info`.
    fn call(&mut self, a: &mut [T]) -> c_int {
        let (uplo, n, lda) = (self.triangle.uplo(), blas_int(self.n), leading_dim(self.n));
        let (d, e) = (self.diagonal.as_mut_ptr(), self.off_diagonal.as_mut_ptr());
        let (a, tau) = (a.as_mut_ptr(), self.tau.as_mut_ptr());
        let lwork = self.workspace.lwork();
        let work = self.workspace.work.as_mut_ptr();
        let mut info = 0;
        match T::FIELD_ROUTINES {
            FieldRoutines::Real(real) => {
                // SAFETY: `reduce` asserted the length of `a`, and `new` made `d`, `e` and
                // `tau` of `n` elements; `work` is as long as the first call asked for, or
                // with an `lwork` of -1 has the one element for its result, and it reads
                // no `a`. The real type of a real type is itself, which makes the casts right.
                unsafe {
                    (real.sytrd)(
                        &uplo,
                        &n,
                        a,
                        &lda,
                        d.cast(),
                        e.cast(),
                        tau,
                        work,
                        &lwork,
                        &mut info,
                    );
                }
            }
            FieldRoutines::Complex(complex) => {
                // SAFETY: as above.
                unsafe {
                    (complex.hetrd)(&uplo, &n, a, &lda, d, e, tau, work, &lwork, &mut info);
                }
            }
        }
        info
    }
}

#[cfg(test)]
mod tests {
    use scirs2_core::Complex64;

    use super::*;
    use crate::base::noise;

    /// Checks `A V = V diag(w)` for either routine, with a matrix without a pattern.
    fn both_routines_decompose<T: Lapack<Real = f64>>(n: usize) {
        let mut a = vec![T::zero(); n * n];
        for column in 0..n {
            for row in 0..=column {
                let imaginary = if row == column {
                    0.0
                } else {
                    noise(row * n + column + 7)
                };
                let x = T::from_parts([noise(row * n + column), imaginary]);
                a[column * n + row] = x;
                a[row * n + column] = x.conj();
            }
        }
        for triangle in [Triangle::Upper, Triangle::Lower] {
            for by_qr in [false, true] {
                let mut lapack = Heevd::<T>::new(n, triangle).unwrap();
                let mut v = a.clone();
                let values = if by_qr {
                    lapack.solve_by_qr(&mut v)
                } else {
                    lapack.solve(&mut v)
                };
                let values = values.unwrap().to_vec();
                assert!(values.is_sorted());
                for (vector, &value) in v.chunks_exact(n).zip(&values) {
                    let length: f64 = vector.iter().flat_map(|x| x.parts()).map(|x| x * x).sum();
                    assert!((length - 1.0).abs() < 1e-13);
                    for row in 0..n {
                        let mut sum = T::zero();
                        for (column, &x) in vector.iter().enumerate() {
                            sum += a[column * n + row] * x;
                        }
                        let scaled = T::from_parts(vector[row].parts().map(|part| part * value));
                        let off = (sum - scaled).parts();
                        assert!(off.iter().all(|part| part.abs() < 1e-13), "{off:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn qr_steps_give_the_same() {
        for n in [1, 2, 3, 9, 26, 41] {
            both_routines_decompose::<f64>(n);
            both_routines_decompose::<Complex64>(n);
        }
    }
}
