//! Orthogonal factors.

use std::ffi::c_int;

use super::workspace::Workspace;
use super::{FieldRoutines, Lapack, blas_int, leading_dim, letter};
use crate::Error;

/// Which factorization is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Factorization {
    /// `A = L Q`: the reflectors are stored right of the diagonal.
    Lq,
    /// `A = Q R`: the reflectors are stored below it.
    Qr,
}

/// `gelqf` or `geqrf`: replaces the matrix by the triangular factor and the reflectors, and
/// stores the factors of the reflectors in `tau`.
pub(crate) fn factor<T: Lapack>(
    factorization: Factorization,
    rows: usize,
    columns: usize,
    a: &mut [T],
    tau: &mut [T],
    workspace: &mut Workspace<T>,
) {
    let routine = match factorization {
        Factorization::Lq => T::ROUTINES.gelqf,
        Factorization::Qr => T::ROUTINES.geqrf,
    };
    let lwork = workspace.lwork();
    if lwork >= 0 {
        assert!(a.len() == rows * columns && tau.len() == rows.min(columns));
        assert!(workspace.work.len() >= rows.max(columns));
    }
    let mut info = 0;
    // SAFETY: the lengths are those just asserted, and a call that asks for the workspace
    // reads nothing.
    unsafe {
        routine(
            &blas_int(rows),
            &blas_int(columns),
            a.as_mut_ptr(),
            &leading_dim(rows),
            tau.as_mut_ptr(),
            workspace.work.as_mut_ptr(),
            &lwork,
            &mut info,
        );
    }
}

/// `orglq` or `orgqr`, and `unglq` or `ungqr`: replaces the reflectors that [`factor`] left in
/// the first rows or columns by those rows or columns of `Q`.
pub(crate) fn orthogonal<T: Lapack>(
    factorization: Factorization,
    rows: usize,
    columns: usize,
    a: &mut [T],
    tau: &[T],
    workspace: &mut Workspace<T>,
) {
    let lwork = workspace.lwork();
    let vectors = match factorization {
        Factorization::Lq => rows,
        Factorization::Qr => columns,
    };
    assert!(vectors == rows.min(columns));
    let reflectors = if lwork >= 0 {
        assert!(a.len() == rows * columns && tau.len() <= vectors);
        assert!(workspace.work.len() >= vectors);
        tau.len()
    } else {
        vectors
    };
    let routine = match (factorization, T::FIELD_ROUTINES) {
        (Factorization::Lq, FieldRoutines::Real(real)) => real.orglq,
        (Factorization::Lq, FieldRoutines::Complex(complex)) => complex.unglq,
        (Factorization::Qr, FieldRoutines::Real(real)) => real.orgqr,
        (Factorization::Qr, FieldRoutines::Complex(complex)) => complex.ungqr,
    };
    let mut info = 0;
    // SAFETY: as in `factor`.
    unsafe {
        routine(
            &blas_int(rows),
            &blas_int(columns),
            &blas_int(reflectors),
            a.as_mut_ptr(),
            &leading_dim(rows),
            tau.as_ptr(),
            workspace.work.as_mut_ptr(),
            &lwork,
            &mut info,
        );
    }
}

/// `geqp3`: replaces a matrix of `rows` by the triangle and the reflectors, stores the factors of
/// the reflectors in `tau`, and for each column the one that it was, counted from 1. A column whose
/// number is not zero before is not exchanged with later ones.
pub(crate) fn factor_pivoted<T: Lapack>(
    rows: usize,
    columns: usize,
    a: &mut [T],
    pivots: &mut [c_int],
    tau: &mut [T],
    workspace: &mut Workspace<T>,
) {
    let lwork = workspace.lwork();
    if lwork >= 0 {
        assert!(a.len() == rows * columns && tau.len() == rows.min(columns));
        assert!(pivots.len() == columns && workspace.work.len() > 3 * columns);
        assert!(workspace.rwork.len() >= 2 * columns);
    }
    let (m, n, lda) = (blas_int(rows), blas_int(columns), leading_dim(rows));
    let (work, mut info) = (workspace.work.as_mut_ptr(), 0);
    let (a, pivots, tau) = (a.as_mut_ptr(), pivots.as_mut_ptr(), tau.as_mut_ptr());
    match T::FIELD_ROUTINES {
        // SAFETY: as in `factor`.
        FieldRoutines::Real(real) => unsafe {
            (real.geqp3)(&m, &n, a, &lda, pivots, tau, work, &lwork, &mut info);
        },
        FieldRoutines::Complex(complex) => {
            let rwork = workspace.rwork.as_mut_ptr();
            // SAFETY: as in `factor`; `rwork` has two elements for each column.
            unsafe {
                (complex.geqp3)(&m, &n, a, &lda, pivots, tau, work, &lwork, rwork, &mut info);
            }
        }
    }
}

/// Memory for [`factor_pivoted`] with a matrix of that shape.
pub(crate) fn pivoted_workspace<T: Lapack>(
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut workspace = Workspace::new(2 * columns, 0)?;
    factor_pivoted(rows, columns, &mut [], &mut [], &mut [], &mut workspace);
    workspace.allocate()?;
    workspace.ensure_work_len(3 * columns + 1)?;
    Ok(workspace)
}

/// `geqrt3`: replaces a matrix of `rows`, with at least as many rows as columns, by the
/// triangle and the reflectors, and stores the triangle `T` of the reflectors on and above
/// the diagonal of `t`.
pub(crate) fn geqrt3<T: Lapack>(rows: usize, a: &mut [T], t: &mut [T]) {
    let columns = a.len().checked_div(rows).unwrap_or(0);
    assert!(a.len() == rows * columns && t.len() == columns * columns);
    assert!(1 <= columns && columns <= rows);
    let mut info = 0;
    // SAFETY: the lengths are those just asserted.
    unsafe {
        (T::ROUTINES.geqrt3)(
            &blas_int(rows),
            &blas_int(columns),
            a.as_mut_ptr(),
            &leading_dim(rows),
            t.as_mut_ptr(),
            &leading_dim(columns),
            &mut info,
        );
    }
}

/// `larfb`: multiplies the rows below a block of reflectors from the right by them, or by
/// their adjoint. The reflectors are stored in the rows `(start, count)` from the diagonal
/// on, as `gelqf` leaves them; `t` is their triangle.
pub(crate) fn larfb<T: Lapack>(
    rows: usize,
    a: &mut [T],
    (start, count): (usize, usize),
    t: &[T],
    adjoint: bool,
    work: &mut [T],
) {
    let columns = a.len().checked_div(rows).unwrap_or(0);
    assert!(a.len() == rows * columns && 1 <= count && start + count <= rows.min(columns));
    let below = rows - start - count;
    assert!(t.len() == count * count && work.len() >= below * count);
    if below == 0 {
        return;
    }
    let trans = letter(match T::FIELD_ROUTINES {
        _ if !adjoint => b'N',
        FieldRoutines::Real(_) => b'T',
        FieldRoutines::Complex(_) => b'C',
    });
    let v = a.as_mut_ptr().wrapping_add(start * rows + start);
    let c = v.wrapping_add(count);
    // SAFETY: the lengths are those just asserted; the block's rows, which are read, and the
    // rows below, which are written, have no element in common.
    unsafe {
        (T::ROUTINES.larfb)(
            &letter(b'R'),
            &trans,
            &letter(b'F'),
            &letter(b'R'),
            &blas_int(below),
            &blas_int(columns - start),
            &blas_int(count),
            v,
            &leading_dim(rows),
            t.as_ptr(),
            &leading_dim(count),
            c,
            &leading_dim(rows),
            work.as_mut_ptr(),
            &leading_dim(below),
        );
    }
}

/// Memory for [`factor`] with a matrix of that shape.
pub(crate) fn factor_workspace<T: Lapack>(
    which: Factorization,
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut workspace = Workspace::new(0, 0)?;
    factor(which, rows, columns, &mut [], &mut [], &mut workspace);
    workspace.allocate()?;
    // For a matrix without elements LAPACK asks for less than the assertions do.
    workspace.ensure_work_len(rows.max(columns))?;
    Ok(workspace)
}

/// Memory for [`orthogonal`] with a `Q` of that shape.
pub(crate) fn orthogonal_workspace<T: Lapack>(
    which: Factorization,
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut workspace = Workspace::new(0, 0)?;
    orthogonal(which, rows, columns, &mut [], &[], &mut workspace);
    workspace.allocate()?;
    workspace.ensure_work_len(rows.min(columns))?;
    Ok(workspace)
}
