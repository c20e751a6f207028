//! Orthogonal factors.

use std::ffi::c_int;

use scirs2_core::{Complex32, Complex64, Scalar};

use super::workspace::Workspace;
use super::{Lapack, int, leading};
use crate::Error;

/// The factor whose reflectors are computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Factor {
    /// `A = L Q`: those of `Q` right of the diagonal.
    Lq,
    /// `A = Q R`: those of `Q` below it.
    Qr,
}

/// The routines of this family, for one element type.
pub trait Qr: Scalar {
    /// `gelqf` or `geqrf`: the triangular factor in place of the matrix of that
    /// shape, the reflectors in the rest of it, and their factors in `tau`.
    #[doc(hidden)]
    fn factor(
        factor: Factor,
        rows: usize,
        columns: usize,
        a: &mut [Self],
        tau: &mut [Self],
        space: &mut Workspace<Self>,
    );

    /// `orglq`, `unglq`: the first `rows` rows of `Q` in place of the reflectors
    /// that [`factor`](Self::factor) left there.
    #[doc(hidden)]
    fn orthogonal(
        rows: usize,
        columns: usize,
        a: &mut [Self],
        tau: &[Self],
        space: &mut Workspace<Self>,
    );

    /// `geqrt3`: the triangle and the reflectors in place of a matrix of `rows`,
    /// which is at least as long as wide, and the triangle `T` of the reflectors
    /// on and above the diagonal of `t`.
    #[doc(hidden)]
    fn geqrt3(rows: usize, a: &mut [Self], t: &mut [Self]);

    /// `larfb`: multiplies from the right what is below a block of reflectors by
    /// them, or by their adjoint. They stand in the `(start, count)` rows from the
    /// diagonal on, as `gelqf` leaves them; `t` is their triangle.
    #[doc(hidden)]
    fn larfb(
        rows: usize,
        a: &mut [Self],
        block: (usize, usize),
        t: &[Self],
        adjoint: bool,
        work: &mut [Self],
    );
}

macro_rules! qr {
    ($($type:ty:
        $gelqf:ident $geqrf:ident $orglq:ident $geqrt3:ident $larfb:ident $adjoint:literal;
    )+) => {$(
        impl Qr for $type {
            fn factor(
                factor: Factor,
                rows: usize,
                columns: usize,
                a: &mut [Self],
                tau: &mut [Self],
                space: &mut Workspace<Self>,
            ) {
                let routine = match factor {
                    Factor::Lq => lapack_sys::$gelqf,
                    Factor::Qr => lapack_sys::$geqrf,
                };
                let lwork = space.lwork();
                if lwork >= 0 {
                    assert!(a.len() == rows * columns && tau.len() == rows.min(columns));
                    assert!(space.work.len() >= rows.max(columns));
                }
                let mut info: c_int = 0;
                // SAFETY: the lengths are those just asserted, and a question
                // reads nothing; both languages lay out a complex number as two
                // reals.
                unsafe {
                    routine(
                        &int(rows), &int(columns), a.as_mut_ptr().cast(), &leading(rows),
                        tau.as_mut_ptr().cast(), space.work.as_mut_ptr().cast(), &lwork, &mut info,
                    );
                }
            }

            fn orthogonal(
                rows: usize,
                columns: usize,
                a: &mut [Self],
                tau: &[Self],
                space: &mut Workspace<Self>,
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
                let mut info: c_int = 0;
                // SAFETY: as for `factor`.
                unsafe {
                    lapack_sys::$orglq(
                        &int(rows), &int(columns), &int(reflectors), a.as_mut_ptr().cast(),
                        &leading(rows), tau.as_ptr().cast(), space.work.as_mut_ptr().cast(),
                        &lwork, &mut info,
                    );
                }
            }

            fn geqrt3(rows: usize, a: &mut [Self], t: &mut [Self]) {
                let columns = a.len().checked_div(rows).unwrap_or(0);
                assert!(a.len() == rows * columns && t.len() == columns * columns);
                assert!(1 <= columns && columns <= rows);
                let mut info: c_int = 0;
                // SAFETY: the lengths are those just asserted, and both languages
                // lay out a complex number as two reals.
                unsafe {
                    lapack_sys::$geqrt3(
                        &int(rows), &int(columns), a.as_mut_ptr().cast(), &leading(rows),
                        t.as_mut_ptr().cast(), &leading(columns), &mut info,
                    );
                }
            }

            fn larfb(
                rows: usize,
                a: &mut [Self],
                (start, count): (usize, usize),
                t: &[Self],
                adjoint: bool,
                work: &mut [Self],
            ) {
                let columns = a.len().checked_div(rows).unwrap_or(0);
                assert!(1 <= count && start + count <= rows.min(columns));
                let below = rows - start - count;
                assert!(t.len() == count * count && work.len() >= below * count);
                if below == 0 {
                    return;
                }
                let trans = if adjoint { $adjoint } else { b'N' }.cast_signed();
                let (side, forward, by_row) = (
                    b'R'.cast_signed(), b'F'.cast_signed(), b'R'.cast_signed(),
                );
                let v = a.as_mut_ptr().wrapping_add(start * rows + start);
                let c = v.wrapping_add(count);
                // SAFETY: the lengths are those just asserted; what is read, the
                // block's rows, and what is written, those below, have no element
                // in common; a complex number is laid out as two reals.
                unsafe {
                    lapack_sys::$larfb(
                        &side, &trans, &forward, &by_row, &int(below), &int(columns - start),
                        &int(count), v.cast(), &leading(rows), t.as_ptr().cast(),
                        &leading(count), c.cast(), &leading(rows), work.as_mut_ptr().cast(),
                        &leading(below),
                    );
                }
            }
        }
    )+};
}

qr! {
    f32: sgelqf_ sgeqrf_ sorglq_ sgeqrt3_ slarfb_ b'T';
    f64: dgelqf_ dgeqrf_ dorglq_ dgeqrt3_ dlarfb_ b'T';
    Complex32: cgelqf_ cgeqrf_ cunglq_ cgeqrt3_ clarfb_ b'C';
    Complex64: zgelqf_ zgeqrf_ zunglq_ zgeqrt3_ zlarfb_ b'C';
}

/// Memory for [`Qr::factor`] with a matrix of that shape.
pub(crate) fn factor_workspace<T: Lapack>(
    factor: Factor,
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut space = Workspace::new(0, 0)?;
    T::factor(factor, rows, columns, &mut [], &mut [], &mut space);
    space.answered()?;
    // A matrix without elements asks for less than the assertions do.
    space.at_least(rows.max(columns))?;
    Ok(space)
}

/// Memory for [`Qr::orthogonal`] with a `Q` of that shape.
pub(crate) fn orthogonal_workspace<T: Lapack>(
    rows: usize,
    columns: usize,
) -> Result<Workspace<T>, Error> {
    let mut space = Workspace::new(0, 0)?;
    T::orthogonal(rows, columns, &mut [], &[], &mut space);
    space.answered()?;
    space.at_least(rows)?;
    Ok(space)
}
