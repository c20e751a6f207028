//! Orthogonal factors.

use super::workspace::Workspace;
use super::{Kind, Lapack, int, leading, letter};
use crate::Error;

/// The factor whose reflectors are computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Factor {
    /// `A = L Q`: those of `Q` right of the diagonal.
    Lq,
    /// `A = Q R`: those of `Q` below it.
    Qr,
}

/// `gelqf` or `geqrf`: replaces the matrix by the triangular factor and the reflectors, and
/// stores the factors of the reflectors in `tau`.
pub(crate) fn factor<T: Lapack>(
    factor: Factor,
    rows: usize,
    columns: usize,
    a: &mut [T],
    tau: &mut [T],
    space: &mut Workspace<T>,
) {
    let routine = match factor {
        Factor::Lq => T::ROUTINES.gelqf,
        Factor::Qr => T::ROUTINES.geqrf,
    };
    let lwork = space.lwork();
    if lwork >= 0 {
        assert!(a.len() == rows * columns && tau.len() == rows.min(columns));
        assert!(space.work.len() >= rows.max(columns));
    }
    let mut info = 0;
    // SAFETY: the lengths are those just asserted, and a call that asks for the workspace
    // reads nothing.
    unsafe {
        routine(
            &int(rows),
            &int(columns),
            a.as_mut_ptr(),
            &leading(rows),
            tau.as_mut_ptr(),
            space.work.as_mut_ptr(),
            &lwork,
            &mut info,
        );
    }
}

/// `orglq`, `unglq`: replaces the reflectors that [`factor`] left by the first `rows` rows
/// of `Q`.
pub(crate) fn orthogonal<T: Lapack>(
    rows: usize,
    columns: usize,
    a: &mut [T],
    tau: &[T],
    space: &mut Workspace<T>,
) {
    let lwork = space.lwork();
    assert!(rows <= columns);
    let reflectors = if lwork >= 0 {
        assert!(a.len() == rows * columns && tau.len() <= rows);
        assert!(space.work.len() >= rows);
        tau.len()
    } else {
        rows
    };
    let routine = match T::KIND {
        Kind::Real(real) => real.orglq,
        Kind::Complex(complex) => complex.unglq,
    };
    let mut info = 0;
    // SAFETY: as in `factor`.
    unsafe {
        routine(
            &int(rows),
            &int(columns),
            &int(reflectors),
            a.as_mut_ptr(),
            &leading(rows),
            tau.as_ptr(),
            space.work.as_mut_ptr(),
            &lwork,
            &mut info,
        );
    }
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
            &int(rows),
            &int(columns),
            a.as_mut_ptr(),
            &leading(rows),
            t.as_mut_ptr(),
            &leading(columns),
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
    let trans = letter(match T::KIND {
        _ if !adjoint => b'N',
        Kind::Real(_) => b'T',
        Kind::Complex(_) => b'C',
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
            &int(below),
            &int(columns - start),
            &int(count),
            v,
            &leading(rows),
            t.as_ptr(),
            &leading(count),
            c,
            &leading(rows),
            work.as_mut_ptr(),
            &leading(below),
        );
    }
}

/// Memory for [`factor`] with a matrix of that shape.
pub(crate) fn factor_workspace<T: Lapack>(
    which: Factor,
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut space = Workspace::new(0, 0)?;
    factor(which, rows, columns, &mut [], &mut [], &mut space);
    space.answered()?;
    // For a matrix without elements LAPACK asks for less than the assertions do.
    space.at_least(rows.max(columns))?;
    Ok(space)
}

/// Memory for [`orthogonal`] with a `Q` of that shape.
pub(crate) fn orthogonal_workspace<T: Lapack>(
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut space = Workspace::new(0, 0)?;
    orthogonal(rows, columns, &mut [], &[], &mut space);
    space.answered()?;
    space.at_least(rows)?;
    Ok(space)
}
