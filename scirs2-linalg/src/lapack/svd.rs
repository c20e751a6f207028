//! Singular values and vectors.

use std::ffi::{c_char, c_int};

use super::workspace::{Workspace, check_count};
use super::{FieldRoutines, Lapack, blas_int, leading_dim, letter};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros;
use crate::base::scale::rounded;
use crate::base::scale::scale_to_unit;

/// How the bidiagonal form is diagonalised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Algorithm {
    /// `gesdd`.
    DivideAndConquer,
    /// `gesvd`.
    QrSteps,
}

impl Algorithm {
    const fn routine(self) -> &'static str {
        match self {
            Algorithm::DivideAndConquer => "gesdd",
            Algorithm::QrSteps => "gesvd",
        }
    }
}

/// Which singular vectors are computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vectors {
    /// None.
    None,
    /// One for each singular value.
    Thin,
    /// A complete basis on both sides.
    Full,
}

impl Vectors {
    /// LAPACK's `jobz`.
    const fn jobz(self) -> c_char {
        match self {
            Vectors::None => letter(b'N'),
            Vectors::Thin => letter(b'S'),
            Vectors::Full => letter(b'A'),
        }
    }
}

/// The decomposition of matrices of one shape, in memory that is used again.
pub(crate) struct Gesdd<T: Lapack> {
    rows: usize,
    columns: usize,
    vectors: Vectors,
    matrix: Vec<T>,
    values: Vec<T::Real>,
    workspace: Workspace<T>,
}

impl<T: Lapack> Gesdd<T> {
    /// For matrices of that shape, which has no zero.
    pub(crate) fn new(rows: usize, columns: usize, vectors: Vectors) -> Result<Self, Error> {
        let (least, most) = (rows.min(columns), rows.max(columns));
        let count = least as u128;
        // The largest count that it computes, with blocks of up to 64 columns; a long matrix
        // is first reduced to a triangle.
        let side = match vectors {
            Vectors::Full => most as u128,
            _ => (most as u128).min(2 * count),
        };
        let mut longest = 7 * count + 64 * (count + side);
        // The manual of `cgesdd`, LAPACK 3.12: 5 k without vectors, where k is the smaller side
        // (7 k up to LAPACK 3.6), else at most max(5 k^2 + 5 k, 2 l k + 2 k^2 + k).
        let mut rwork = least.saturating_mul(7);
        if vectors != Vectors::None {
            longest += 4 * count * count;
            let both = most.saturating_add(least).saturating_mul(2);
            let wide = both.max(least.saturating_mul(5)).saturating_add(5);
            rwork = wide.saturating_mul(least);
        }
        if T::IS_COMPLEX {
            longest = longest.max(rwork as u128);
        } else {
            rwork = 0;
        }
        check_count(rows, columns, longest)?;
        let mut new = Gesdd {
            rows,
            columns,
            vectors,
            matrix: zeros(rows.saturating_mul(columns))?,
            values: zeros(least)?,
            workspace: Workspace::new(rwork, 8 * least)?,
        };
        new.call(Algorithm::DivideAndConquer, &mut [], &mut []);
        new.workspace.allocate()?;
        // The minimum for gesvd; its rwork is shorter.
        new.workspace
            .ensure_work_len(3 * least + most.max(2 * least))?;
        Ok(new)
    }

    /// The memory for the matrix, column by column; solving overwrites it.
    pub(crate) fn matrix(&mut self) -> &mut [T] {
        &mut self.matrix
    }

    /// The singular values of the matrix, which is finite, the largest first, and the requested
    /// vectors, `U` and `V^H`, column by column. Overwrites the matrix.
    pub(crate) fn solve(&mut self, u: &mut [T], vt: &mut [T]) -> Result<&[T::Real], Reason> {
        self.run(Algorithm::DivideAndConquer, u, vt)
    }

    /// [`solve`](Self::solve) by QR steps, which are slower and converge where divide and
    /// conquer, as in `gesdd`, does not.
    pub(crate) fn solve_by_qr(&mut self, u: &mut [T], vt: &mut [T]) -> Result<&[T::Real], Reason> {
        self.run(Algorithm::QrSteps, u, vt)
    }

    /// The singular values of the last matrix solved.
    pub(crate) fn values(&self) -> &[T::Real] {
        &self.values
    }

    fn run(
        &mut self,
        algorithm: Algorithm,
        u: &mut [T],
        vt: &mut [T],
    ) -> Result<&[T::Real], Reason> {
        let (rows, columns) = (self.rows, self.columns);
        let expected = match self.vectors {
            Vectors::None => (0, 0),
            Vectors::Thin => (rows * self.values.len(), self.values.len() * columns),
            Vectors::Full => (rows * rows, columns * columns),
        };
        assert_eq!((u.len(), vt.len()), expected);
        // Far from the ends of the range, where LAPACK's thresholds are.
        let power = scale_to_unit(&mut self.matrix);
        if self.call(algorithm, u, vt) != 0 {
            let routine = algorithm.routine();
            return Err(Reason::NoConvergence { routine });
        }
        for value in &mut self.values {
            *value = rounded((*value).into() * power);
        }
        Ok(&self.values)
    }

    /// Calls `gesdd` or `gesvd`, to ask for the workspace or to work with `u` and `vt` as
    /// long as `run` wants them; returns LAPACK's `info`.
    fn call(&mut self, algorithm: Algorithm, u: &mut [T], vt: &mut [T]) -> c_int {
        let (job, m, n) = (
            self.vectors.jobz(),
            blas_int(self.rows),
            blas_int(self.columns),
        );
        let ldvt = leading_dim(match self.vectors {
            Vectors::Full => self.columns,
            _ => self.values.len(),
        });
        let (a, s) = (self.matrix.as_mut_ptr(), self.values.as_mut_ptr());
        let (u, vt) = (u.as_mut_ptr(), vt.as_mut_ptr());
        let workspace = &mut self.workspace;
        let lwork = workspace.lwork();
        let (work, iwork) = (workspace.work.as_mut_ptr(), workspace.iwork.as_mut_ptr());
        let rwork = workspace.rwork.as_mut_ptr();
        let mut info = 0;
        match (T::FIELD_ROUTINES, algorithm) {
            (FieldRoutines::Real(real), Algorithm::DivideAndConquer) => {
                // SAFETY: `new` made `a` of `m * n` elements, `s` of the smaller of `m` and
                // `n`, and `iwork` of eight times as many, as the manual of `dgesdd` asks
                // (LAPACK 3.12); `run` asserted the lengths of `u` and `vt`; `work` is as
                // long as the first call asked for, or with an `lwork` of -1 has the one
                // element for its result, and it reads neither `u` nor `vt`. The real
                // type of a real type is itself, which makes the cast right.
                unsafe {
                    (real.gesdd)(
                        &job,
                        &m,
                        &n,
                        a,
                        &m,
                        s.cast(),
                        u,
                        &m,
                        vt,
                        &ldvt,
                        work,
                        &lwork,
                        iwork,
                        &mut info,
                    );
                }
            }
            (FieldRoutines::Real(real), Algorithm::QrSteps) => {
                // SAFETY: as above; `new` made `work` at least as long as the manual of
                // `dgesvd` asks.
                unsafe {
                    (real.gesvd)(
                        &job,
                        &job,
                        &m,
                        &n,
                        a,
                        &m,
                        s.cast(),
                        u,
                        &m,
                        vt,
                        &ldvt,
                        work,
                        &lwork,
                        &mut info,
                    );
                }
            }
            (FieldRoutines::Complex(complex), Algorithm::DivideAndConquer) => {
                // SAFETY: as above; `new` made `rwork` as long as the manual of `cgesdd` asks.
                unsafe {
                    (complex.gesdd)(
                        &job, &m, &n, a, &m, s, u, &m, vt, &ldvt, work, &lwork, rwork, iwork,
                        &mut info,
                    );
                }
            }
            (FieldRoutines::Complex(complex), Algorithm::QrSteps) => {
                // SAFETY: as above; `cgesvd` asks for an `rwork` of five times the smaller of
                // `m` and `n`, of which `new` made at least seven times as many.
                unsafe {
                    (complex.gesvd)(
                        &job, &job, &m, &n, a, &m, s, u, &m, vt, &ldvt, work, &lwork, rwork,
                        &mut info,
                    );
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
    use crate::lapack::Gelsd;

    /// Compares `U S V^H` with the matrix, one without a pattern, for either routine.
    fn both_routines_decompose<T: Lapack<Real = f64>>(rows: usize, columns: usize) {
        let element = |at: usize| T::from_parts([noise(at), noise(at + 5)]);
        let a: Vec<T> = (0..rows * columns).map(element).collect();
        let least = rows.min(columns);
        for (vectors, left, right) in [
            (Vectors::Thin, least, least),
            (Vectors::Full, rows, columns),
        ] {
            for by_qr in [false, true] {
                let mut lapack = Gesdd::<T>::new(rows, columns, vectors).unwrap();
                lapack.matrix().copy_from_slice(&a);
                let (mut u, mut vt) = (
                    vec![T::zero(); rows * left],
                    vec![T::zero(); right * columns],
                );
                let values = if by_qr {
                    lapack.solve_by_qr(&mut u, &mut vt)
                } else {
                    lapack.solve(&mut u, &mut vt)
                };
                let values = values.unwrap().to_vec();
                assert!(values.iter().rev().is_sorted());
                for column in 0..columns {
                    for row in 0..rows {
                        let mut sum = T::zero();
                        for (k, &value) in values.iter().enumerate() {
                            let x = u[k * rows + row] * vt[column * right + k];
                            sum += T::from_parts(x.parts().map(|part| part * value));
                        }
                        let off = (sum - a[column * rows + row]).parts();
                        assert!(off.iter().all(|part| part.abs() < 1e-13), "{off:?}");
                    }
                }
                let mut alone = Gesdd::<T>::new(rows, columns, Vectors::None).unwrap();
                alone.matrix().copy_from_slice(&a);
                for (x, y) in alone
                    .solve_by_qr(&mut [], &mut [])
                    .unwrap()
                    .iter()
                    .zip(&values)
                {
                    assert!((x - y).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn the_routine_for_what_does_not_converge_gives_the_same() {
        for (rows, columns) in [(1, 1), (3, 3), (9, 4), (4, 9), (60, 2), (2, 60), (41, 41)] {
            both_routines_decompose::<f64>(rows, columns);
            both_routines_decompose::<Complex64>(rows, columns);
        }
    }

    #[test]
    fn a_column_may_be_as_long_as_an_integer_counts() {
        // The memory is never touched.
        const LONG: usize = 100_000_000;
        for (rows, columns) in [(LONG, 1), (1, LONG)] {
            assert!(Gesdd::<f64>::new(rows, columns, Vectors::None).is_ok());
            assert!(Gelsd::<f64>::new(rows, columns, 1).is_ok());
        }
        let beyond = Gesdd::<f64>::new(1 << 16, 1 << 16, Vectors::Thin);
        assert!(matches!(beyond.err(), Some(Error::TooLarge { .. })));
    }
}
