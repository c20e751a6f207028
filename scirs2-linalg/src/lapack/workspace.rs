//! Scratch memory for LAPACK.

use std::ffi::c_int;

use num_traits::{ToPrimitive as _, Zero};
use scirs2_core::Scalar;

use super::Lapack;
use crate::Error;
use crate::base::memory::zeros;

/// Scratch memory of one routine for matrices of one shape.
///
/// A routine is called first to query the workspace that it needs, then to work
/// with it, any number of times.
pub(crate) struct Workspace<T: Scalar> {
    pub(super) work: Vec<T>,
    pub(super) rwork: Vec<T::Real>,
    pub(super) iwork: Vec<c_int>,
    is_query: bool,
}

impl<T: Lapack> Workspace<T> {
    /// A workspace for the query. `rwork` and `iwork` are lengths that the query does not
    /// return.
    pub(super) fn new(rwork: usize, iwork: usize) -> Result<Self, Error> {
        super::init_single_threaded();
        Ok(Workspace {
            work: zeros(1)?,
            rwork: zeros(rwork.max(1))?,
            iwork: zeros(iwork.max(1))?,
            is_query: true,
        })
    }

    /// Allocates the workspace for the work, after the query.
    pub(super) fn allocate(&mut self) -> Result<(), Error> {
        let max_len = c_int::MAX.unsigned_abs() as usize;
        let length = |answer: f64| {
            // An `f32` cannot hold every length; LAPACK may have rounded it down.
            let length = (answer * (1.0 + f64::from(f32::EPSILON))).ceil();
            length.to_usize().unwrap_or(0).min(max_len)
        };
        let (work, rwork) = (self.work[0].parts()[0].into(), self.rwork[0].into());
        let iwork = usize::try_from(self.iwork[0]).unwrap_or(0);
        grow(&mut self.work, length(work))?;
        grow(&mut self.rwork, length(rwork))?;
        grow(&mut self.iwork, iwork)?;
        self.is_query = false;
        Ok(())
    }

    /// Makes `work` no shorter than that.
    pub(super) fn ensure_work_len(&mut self, length: usize) -> Result<(), Error> {
        grow(&mut self.work, length)
    }
}

impl<T: Scalar> Workspace<T> {
    /// LAPACK's `lwork`: -1 for the query.
    pub(super) fn lwork(&self) -> c_int {
        self.length(self.work.len())
    }

    pub(super) fn lrwork(&self) -> c_int {
        self.length(self.rwork.len())
    }

    pub(super) fn liwork(&self) -> c_int {
        self.length(self.iwork.len())
    }

    fn length(&self, length: usize) -> c_int {
        if self.is_query {
            -1
        } else {
            c_int::try_from(length).unwrap_or(c_int::MAX)
        }
    }
}

/// Makes scratch memory at least that long; frees the old memory first.
fn grow<E: Clone + Zero>(memory: &mut Vec<E>, length: usize) -> Result<(), Error> {
    if memory.len() < length {
        *memory = Vec::new();
        *memory = zeros(length)?;
    }
    Ok(())
}

/// An error for a matrix for which a count would overflow LAPACK's integers;
/// `max_len` is the largest number of elements that the routine counts.
pub(super) fn check_count(rows: usize, columns: usize, max_len: u128) -> Result<(), Error> {
    super::check_size(rows, columns)?;
    if c_int::try_from(max_len).is_ok() {
        Ok(())
    } else {
        Err(Error::TooLarge { rows, columns })
    }
}
