//! Singular values.

use std::ffi::{c_char, c_int};
use std::ptr;

use num_traits::ToPrimitive;
use scirs2_core::{Complex32, Complex64, Scalar};

use super::{Lapack, zeros};
use crate::Error;
use crate::error::Reason;

/// The routines of this family, for one element type.
pub trait Svd: Scalar {
    /// `gesdd` for the singular values alone, with LAPACK's arguments.
    ///
    /// # Safety
    /// The pointers lead to as many elements as LAPACK's manual asks for with
    /// `jobz = 'N'`: `a` to `m * n`, `s` to the smaller of them, `work` to
    /// `lwork` (to one where that is -1), `rwork` to 7 and `iwork` to 8 times
    /// as many as `s`.
    #[doc(hidden)]
    #[expect(clippy::too_many_arguments, reason = "they are LAPACK's")]
    unsafe fn gesdd(
        m: c_int,
        n: c_int,
        a: *mut Self,
        s: *mut Self::Real,
        work: *mut Self,
        lwork: c_int,
        rwork: *mut Self::Real,
        iwork: *mut c_int,
    ) -> c_int;
}

/// `jobz`: no singular vectors.
const VALUES_ONLY: c_char = b'N'.cast_signed();

macro_rules! svd {
    ($($type:ty: $gesdd:ident $($rwork:ident)?;)+) => {$(
        impl Svd for $type {
            unsafe fn gesdd(
                m: c_int,
                n: c_int,
                a: *mut Self,
                s: *mut Self::Real,
                work: *mut Self,
                lwork: c_int,
                _rwork: *mut Self::Real,
                iwork: *mut c_int,
            ) -> c_int {
                $(let $rwork = _rwork;)?
                let (u, vt) = (ptr::null_mut(), ptr::null_mut());
                let mut info = 0;
                // SAFETY: the caller vouches for the sizes. U and VT are not
                // read for jobz = N; both languages lay out a complex number as
                // two reals.
                unsafe {
                    lapack_sys::$gesdd(
                        &VALUES_ONLY, &m, &n, a.cast(), &m, s, u, &1, vt, &1,
                        work.cast(), &lwork, $($rwork,)? iwork, &mut info,
                    );
                }
                info
            }
        }
    )+};
}

svd! {
    f32: sgesdd_;
    f64: dgesdd_;
    Complex32: cgesdd_ rwork;
    Complex64: zgesdd_ rwork;
}

/// Singular values of matrices of one shape, in memory that is used again.
pub(crate) struct SingularValues<T: Lapack> {
    rows: c_int,
    columns: c_int,
    matrix: Vec<T>,
    values: Vec<T::Real>,
    work: Vec<T>,
    rwork: Vec<T::Real>,
    iwork: Vec<c_int>,
}

impl<T: Lapack> SingularValues<T> {
    /// For matrices of that shape, which has no zero.
    pub(crate) fn new(rows: usize, columns: usize) -> Result<Self, Error> {
        super::single_threaded();
        let too_large = Error::TooLarge { rows, columns };
        let (Ok(m), Ok(n)) = (c_int::try_from(rows), c_int::try_from(columns)) else {
            return Err(too_large);
        };
        let count = rows.min(columns);
        let mut new = SingularValues::<T> {
            rows: m,
            columns: n,
            matrix: zeros(rows.saturating_mul(columns))?,
            values: zeros(count)?,
            work: zeros(1)?,
            rwork: zeros(7 * count)?,
            iwork: zeros(8 * count)?,
        };
        new.call(-1);
        let wished: f64 = new.work[0].parts()[0].into();
        // A single cannot hold every length; LAPACK may have rounded it down.
        let lwork = (wished * (1.0 + f64::from(f32::EPSILON))).ceil().to_i32();
        let lwork = lwork.and_then(|lwork| usize::try_from(lwork).ok());
        new.work = zeros(lwork.ok_or(too_large)?)?;
        Ok(new)
    }

    /// Where the matrix goes, column by column; solving overwrites it.
    pub(crate) fn matrix(&mut self) -> &mut [T] {
        &mut self.matrix
    }

    /// The singular values of the matrix, the largest first.
    pub(crate) fn solve(&mut self) -> Result<&[T::Real], Reason> {
        match self.call(super::int(self.work.len())) {
            0 => Ok(&self.values),
            _ => Err(Reason::NoConvergence { routine: "gesdd" }),
        }
    }

    fn call(&mut self, lwork: c_int) -> c_int {
        // SAFETY: `new` made every vector as long as LAPACK asks, and `lwork` is
        // -1 or the length of `work`.
        unsafe {
            T::gesdd(
                self.rows,
                self.columns,
                self.matrix.as_mut_ptr(),
                self.values.as_mut_ptr(),
                self.work.as_mut_ptr(),
                lwork,
                self.rwork.as_mut_ptr(),
                self.iwork.as_mut_ptr(),
            )
        }
    }
}
